// Reading an object's bytes over its segments.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "blob/state.h"

namespace tarn {

struct Body::State {
  std::shared_ptr<Blobs::State> in;
  std::vector<Segment> segments;
  std::vector<uint64_t> starts = {};                           // where in the body each begins
  std::vector<std::shared_ptr<const std::string>> bytes = {};  // of those in the store, else null
  std::vector<BlobId> pinned = {};
  uint64_t size = 0;

  ~State() { in->unpin(pinned); }
  // REQUIRES: offset < size. The piece of the one segment that holds the offset, at most `limit` bytes.
  struct Place {
    size_t segment;
    uint64_t offset;  // in the blob
    uint64_t length;
  };
  Place place(uint64_t offset, uint64_t limit) const {
    const auto behind = std::ranges::upper_bound(starts, offset);
    const auto i = static_cast<size_t>(behind - starts.begin()) - 1;
    const uint64_t within = offset - starts[i];
    return {i, segments[i].offset + within, std::min(limit, segments[i].length - within)};
  }
  // The bytes of a place of a segment that is in the store.
  std::string_view in_memory(const Place& p) const {
    return std::string_view(*bytes[p.segment]).substr(p.offset, p.length);
  }
};

Body::Body(std::unique_ptr<State> state) : state_(std::move(state)) {}
Body::~Body() = default;
uint64_t Body::size() const {
  return state_->size;
}

Result<size_t> Body::read(uint64_t offset, std::span<char> to) const {
  const State& s = *state_;
  size_t have = 0;
  while (have < to.size() && offset + have < s.size) {
    const State::Place p = s.place(offset + have, to.size() - have);
    if (s.bytes[p.segment]) {
      std::memcpy(to.data() + have, s.in_memory(p).data(), p.length);
    } else {
      TRY(TRY(s.in->file(s.segments[p.segment].blob))->read(p.offset, to.subspan(have, p.length)));
    }
    have += p.length;
  }
  return have;
}

Result<Body::Run> Body::run(uint64_t offset, uint64_t limit) const {
  const State& s = *state_;
  const State::Place p = s.place(offset, limit);
  if (s.bytes[p.segment]) return Run{.length = p.length, .bytes = s.in_memory(p), .hold = s.bytes[p.segment]};
  const auto file = TRY(s.in->file(s.segments[p.segment].blob));
  TRY(file->check(p.offset, p.length));
  return Run{.fd = file->fd(), .file_offset = p.offset, .length = p.length, .hold = file};
}

Result<std::vector<Body::Run>> Body::runs(uint64_t offset, uint64_t length) const {
  const State& s = *state_;
  std::vector<Run> all;
  const uint64_t end = offset + std::min(length, s.size - std::min(offset, s.size));
  while (offset < end) {
    const State::Place p = s.place(offset, end - offset);
    if (s.bytes[p.segment]) {
      all.push_back({.length = p.length, .bytes = s.in_memory(p), .hold = s.bytes[p.segment]});
    } else {
      const auto file = TRY(s.in->file(s.segments[p.segment].blob));
      if (p.offset > file->size() || p.length > file->size() - p.offset)
        return internal_failure(
            fmt::format("The blob {:x} is shorter than its object: run `tarn check`.", s.segments[p.segment].blob));
      all.push_back({.fd = file->fd(),
                     .file_offset = p.offset,
                     .length = p.length,
                     .hold = file,
                     .checksums = file->checksums(p.offset, p.length),
                     .file_size = file->size()});
    }
    offset += p.length;
  }
  return all;
}

Status Body::check(uint64_t offset, uint64_t length) const {
  const State& s = *state_;
  const uint64_t end = offset + std::min(length, s.size - std::min(offset, s.size));
  while (offset < end) {
    const State::Place p = s.place(offset, end - offset);
    if (!s.bytes[p.segment]) TRY(TRY(s.in->file(s.segments[p.segment].blob))->check(p.offset, p.length));
    offset += p.length;
  }
  return {};
}

Result<std::shared_ptr<const Body>> Blobs::open_body(Transaction& tx, std::vector<Segment> segments) {
  auto body = std::make_unique<Body::State>(state_, std::move(segments));
  std::erase_if(body->segments, [](const Segment& segment) { return segment.length == 0; });
  for (const Segment& segment : body->segments) {
    const auto gone = [&] {
      return fail(503, std::string(kTransactionConflict),
                  fmt::format("The blob {:x} has just been deleted.", segment.blob));
    };
    body->starts.push_back(body->size);
    body->size += segment.length;
    std::shared_ptr<const std::string> bytes;
    if (rides_in_store(segment.blob)) {
      auto found = TRY(tx.get_bytes(Family::kBytes, bytes_key(segment.blob), Lock::kNone));
      if (!found) return gone();
      if (segment.offset > found->size() || segment.length > found->size() - segment.offset)
        return internal_failure(
            fmt::format("The blob {:x} is shorter than its object: run `tarn check`.", segment.blob));
      bytes = std::make_shared<const std::string>(std::move(*found));
    } else {
      state_->pin(segment.blob);
      body->pinned.push_back(segment.blob);
      // A read transaction keeps from removal what it sees; a writing one may have read what is gone by now.
      if (tx.writes() && !file_exists(state_->path(segment.blob))) return gone();
    }
    body->bytes.push_back(std::move(bytes));
  }
  return std::shared_ptr<const Body>(new Body(std::move(body)));
}

}  // namespace tarn

#include "services/logs/reading.h"

#include <fmt/format.h>

#include <map>

#include "base/text.h"

namespace tarn::logs {
namespace {

constexpr size_t kChunksAtOnce = 16;

// Gives chunks in the order of their first events.
class Chunks {
 public:
  Chunks(Transaction& tx, const Wanted& wanted) : tx_(tx), wanted_(wanted) {
    // Whatever a chunk holds lies within its span: so far from the bounds chunks may count.
    const int64_t first = std::max<int64_t>(wanted.from.time, kChunkSpan) - kChunkSpan - 1;
    const int64_t edge = wanted.reverse ? std::min(wanted.until, wanted.to.time) : first;
    if (wanted.stream_id) {
      range_.prefix = prefix_of(kChunks, *wanted.stream_id);
      range_.after = encoded_key(kChunks, {*wanted.stream_id, edge, UINT64_MAX});
    } else {
      range_.prefix = index_prefix(kChunksByTime, wanted.group_id);
      range_.after = index_prefix(kChunksByTime, wanted.group_id, edge, UINT64_MAX, UINT64_MAX);
    }
    range_.reverse = wanted.reverse;
    range_.limit = kChunksAtOnce;
  }

  // nullptr: at the end.
  Result<const Entry<ChunkKey, ChunkRecord>*> next() {
    if (at_ == page_.entries.size()) {
      if (!page_.more) return nullptr;
      page_ = wanted_.stream_id ? TRY(tx_.scan(kChunks, range_)) : TRY(tx_.scan_index(kChunks, kChunksByTime, range_));
      range_.after = page_.last;
      at_ = 0;
      if (page_.entries.empty()) return nullptr;
    }
    return &page_.entries[at_++];
  }

 private:
  Transaction& tx_;
  const Wanted& wanted_;
  Range range_;
  Page<ChunkKey, ChunkRecord> page_{.more = true};
  size_t at_ = 0;
};

using Waiting = std::map<Position, Line>;

void add(Waiting& waiting, const Wanted& wanted, const ChunkKey& key, const ChunkRecord& chunk) {
  for (size_t i = 0; i < chunk.events.size(); ++i) {
    const Position at{chunk.events[i].time, key.stream_id, key.number, i};
    if (at.time > wanted.until || at <= wanted.from || at >= wanted.to) continue;
    waiting.emplace(at, Line{chunk.events[i].message, chunk.stream, chunk.ingested});
  }
}

// Of those that wait, the ones that no later chunk can precede. False: enough.
bool drain(Waiting& waiting, bool reverse, std::optional<int64_t> bound,
           const std::function<bool(const Position&, const Line&)>& visit) {
  while (!waiting.empty()) {
    const auto next = reverse ? std::prev(waiting.end()) : waiting.begin();
    if (bound && (reverse ? next->first.time <= *bound : next->first.time >= *bound)) return true;
    if (!visit(next->first, next->second)) return false;
    waiting.erase(next);
  }
  return true;
}

}  // namespace

std::string Position::text() const {
  return fmt::format("{:014}{:019}{:015}{:08}", time, stream, chunk, index);
}

std::optional<Position> Position::parse(std::string_view text) {
  if (text.size() != 56) return std::nullopt;
  const auto part = [&](size_t from, size_t digits) { return parse_int(text.substr(from, digits)).value_or(-1); };
  const int64_t parts[] = {part(0, 14), part(14, 19), part(33, 15), part(48, 8)};
  for (const int64_t each : parts)
    if (each < 0) return std::nullopt;
  return Position{parts[0], static_cast<uint64_t>(parts[1]), static_cast<uint64_t>(parts[2]),
                  static_cast<uint64_t>(parts[3])};
}

Status read_events(Transaction& tx, const Wanted& wanted,
                   const std::function<bool(const Position&, const Line&)>& visit) {
  Waiting waiting;
  Chunks chunks(tx, wanted);
  while (const auto* chunk = TRY(chunks.next())) {
    const int64_t first = chunk->key.first;
    if (wanted.reverse ? first + kChunkSpan < wanted.from.time : first > wanted.until) break;
    if (!drain(waiting, wanted.reverse, wanted.reverse ? first + kChunkSpan : first, visit)) return {};
    if (wanted.stream_named && !wanted.stream_named(chunk->record.stream)) continue;
    add(waiting, wanted, chunk->key, chunk->record);
  }
  drain(waiting, wanted.reverse, std::nullopt, visit);
  return {};
}

}  // namespace tarn::logs

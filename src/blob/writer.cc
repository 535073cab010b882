// Receiving a body: in memory as long as it is small, then into a file.
#include "blob/state.h"
#include "os/file.h"

namespace tarn {
namespace {

constexpr size_t kBuffer = 256 << 10;       // small pieces are written together
constexpr uint64_t kWriteBehind = 8 << 20;  // how much is written before the disk is set to work on it

}  // namespace

struct BlobWriter::State {
  std::shared_ptr<Blobs::State> in;
  std::vector<Digest> digests;
  std::string buffer = {};  // the whole body while it is small, later what is yet to be written
  uint64_t size = 0;
  // Of a large one:
  BlobId blob = 0;
  std::shared_ptr<StagedFile> staged = {};
  std::string path = {};
  Fd fd = {};
  BlockChecksums checksums = {};
  uint64_t written = 0;
  uint64_t begun = 0;  // to be synced

  Status open_file_for_it();
  Status write(std::string_view bytes);
  Status finish_file();
};

Status BlobWriter::State::open_file_for_it() {
  TRY(in->store.room_for(kBuffer));
  blob = TRY(in->reserve());
  staged = std::make_shared<StagedFile>(in, blob);  // removes it again, whatever happens from here on
  path = in->path(blob);
  fd = TRY(open_file(path, OpenMode::kCreateNew));
  return {};
}

Status BlobWriter::State::write(std::string_view bytes) {
  TRY(write_all(fd.get(), bytes, path));
  checksums.update(bytes);
  written += bytes.size();
  if (written - begun >= kWriteBehind) {
    TRY(in->store.room_for(0));
    begin_sync(fd.get(), begun, written - begun);
    begun = written;
  }
  return {};
}

Status BlobWriter::State::finish_file() {
  TRY(write(buffer));
  TRY(write_all(fd.get(), blob_trailer(size, checksums.finish()), path));
  TRY(sync_file(fd.get(), path));
  fd.close();
  return sync_directory(path.substr(0, path.rfind('/')));
}

BlobWriter::BlobWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlobWriter::~BlobWriter() = default;
uint64_t BlobWriter::size() const {
  return state_->size;
}

Status BlobWriter::append(std::string_view bytes) {
  State& s = *state_;
  for (Digest& digest : s.digests) digest.update(bytes);
  s.size += bytes.size();
  if (!s.fd) {
    if (s.size <= kInlineLimit) {
      s.buffer += bytes;
      return {};
    }
    TRY(s.open_file_for_it());
  }
  if (s.buffer.size() + bytes.size() < kBuffer) {
    s.buffer += bytes;
    return {};
  }
  TRY(s.write(s.buffer));
  s.buffer.clear();
  if (bytes.size() >= kBuffer) return s.write(bytes);
  s.buffer = bytes;
  return {};
}

Result<StagedBody> BlobWriter::finish() {
  State& s = *state_;
  StagedBody body;
  body.size = s.size;
  if (s.fd) {
    TRY(s.finish_file());
    body.blob = s.blob;
    body.file = std::move(s.staged);
  } else if (s.size > 0) {
    body.blob = s.in->store.next_id() * 2 + 1;
    body.bytes = std::make_shared<const std::string>(std::move(s.buffer));
  }
  for (Digest& digest : s.digests) {
    const DigestKind kind = digest.kind();
    body.digests[kind] = digest.finish();
  }
  return body;
}

std::unique_ptr<BlobWriter> Blobs::writer(const std::vector<DigestKind>& digests) {
  auto state = std::make_unique<BlobWriter::State>();
  state->in = state_;
  std::set<DigestKind> kinds(digests.begin(), digests.end());
  kinds.insert({DigestKind::kMd5, DigestKind::kCrc64Nvme});
  for (const DigestKind kind : kinds) state->digests.emplace_back(kind);
  return std::unique_ptr<BlobWriter>(new BlobWriter(std::move(state)));
}

}  // namespace tarn

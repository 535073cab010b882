#include "sql/engine/object_fs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>

#include "base/digest.h"
#include "sql/engine/session_state.h"

namespace tarn::sql::engine {
namespace {

using duckdb::FileHandle;
using duckdb::FileOpener;
using duckdb::FileOpenFlags;
using duckdb::FileSystem;
using duckdb::idx_t;
using duckdb::optional_ptr;
using std::string;

duckdb::shared_ptr<SessionState> session_of(optional_ptr<FileOpener> opener) {
  auto context = FileOpener::TryGetClientContext(opener);
  auto state = context ? SessionState::of(*context) : nullptr;
  if (!state) throw duckdb::PermissionException("No object may be opened outside a statement.");
  return state;
}

// Which blocks of a file this process has read and found as they were written. Files of objects never change: once is
// enough while the process lives (it ends when nobody asks it anything for a while).
struct CheckedBlocks {
  std::vector<uint32_t> checksums;  // what was checked against: another file may have got the number of one that is gone
  std::unique_ptr<std::atomic<bool>[]> checked;
};

std::shared_ptr<CheckedBlocks> checked_blocks(const ObjectSegment& segment, int fd) {
  static std::mutex mutex;
  static std::map<std::tuple<dev_t, ino_t, uint64_t>, std::shared_ptr<CheckedBlocks>> known;
  constexpr size_t kMostKnown = 10'000;
  struct stat file {};
  if (::fstat(fd, &file) != 0) throw duckdb::IOException("An object's file is not there: %s", std::strerror(errno));
  const std::lock_guard lock(mutex);
  if (known.size() > kMostKnown) known.clear();
  auto& blocks = known[{file.st_dev, file.st_ino, segment.offset / kChecksumBlock}];
  if (!blocks || blocks->checksums != segment.checksums)
    blocks = std::make_shared<CheckedBlocks>(segment.checksums, std::make_unique<std::atomic<bool>[]>(segment.checksums.size()));
  return blocks;
}

class ReadHandle : public FileHandle {
 public:
  ReadHandle(FileSystem& fs, const string& path, FileOpenFlags flags, duckdb::shared_ptr<SessionState> session,
             std::shared_ptr<const OpenedObject> object)
      : FileHandle(fs, path, flags), session_(std::move(session)), object_(std::move(object)) {
    uint64_t start = 0;
    for (const ObjectSegment& segment : object_->segments) {
      starts_.push_back(start);
      start += segment.length;
      const bool checks = segment.file >= 0 && !segment.checksums.empty();
      checked_.push_back(checks ? checked_blocks(segment, object_->files[static_cast<size_t>(segment.file)].get()) : nullptr);
    }
  }
  void Close() override {}

  const ObjectRef& object() const { return object_->object; }

  // Fewer bytes only at the end of the object.
  size_t read(char* to, size_t size, uint64_t at) {
    size_t done = 0;
    auto next = std::upper_bound(starts_.begin(), starts_.end(), at) - starts_.begin() - 1;
    for (; size > 0 && next >= 0 && next < static_cast<ptrdiff_t>(starts_.size()); ++next) {
      const ObjectSegment& segment = object_->segments[static_cast<size_t>(next)];
      const uint64_t skip = at - starts_[static_cast<size_t>(next)];
      if (skip >= segment.length) continue;
      const size_t piece = std::min<uint64_t>(size, segment.length - skip);
      read_segment(static_cast<size_t>(next), to, piece, skip);
      to += piece;
      at += piece;
      size -= piece;
      done += piece;
    }
    const uint64_t scanned = session_->scanned_bytes += done;
    if (const uint64_t most = session_->context.max_scanned_bytes; most > 0 && scanned > most)
      session_->raise(Error{400, "SqlError", "Bytes scanned limit was exceeded", {{"sqlstate", "57014"}}});
    return done;
  }

  uint64_t position = 0;

 private:
  void read_segment(size_t index, char* to, size_t size, uint64_t skip) {
    const ObjectSegment& segment = object_->segments[index];
    if (segment.file < 0) {
      std::memcpy(to, segment.bytes.data() + skip, size);
      return;
    }
    const uint64_t at = segment.offset + skip;
    if (segment.checksums.empty()) return read_file(segment, to, size, at);
    for (size_t done = 0; done < size;) {
      const uint64_t block = (at + done) / kChecksumBlock;
      const size_t piece = std::min<uint64_t>(size - done, (block + 1) * kChecksumBlock - (at + done));
      read_block(index, block, to + done, piece, at + done);
      done += piece;
    }
  }

  // `size` bytes at `at`, within one block of the file; the whole block is checked when it is first read.
  void read_block(size_t index, uint64_t block, char* to, size_t size, uint64_t at) {
    const ObjectSegment& segment = object_->segments[index];
    const uint64_t begin = block * kChecksumBlock, end = std::min(begin + kChecksumBlock, segment.file_size);
    const uint64_t number = block - segment.offset / kChecksumBlock;
    std::atomic<bool>& checked = checked_[index]->checked[number];
    if (checked.load(std::memory_order_relaxed)) return read_file(segment, to, size, at);
    const bool all = at == begin && size == end - begin;
    const auto whole = std::make_unique_for_overwrite<char[]>(all ? 0 : end - begin);
    char* const bytes = all ? to : whole.get();
    read_file(segment, bytes, end - begin, begin);
    if (crc32c(0, {bytes, end - begin}) != segment.checksums[number]) {
      session_->raise(Error{500,
                            "InternalFailure",
                            "The object " + object_->object.uri + " is damaged: the checksum of the MiB at " +
                                std::to_string(begin) + " of one of its files does not match. Restore it from a backup, "
                                "or delete it; `tarn check` finds all that are damaged.",
                            {}});
    }
    checked.store(true, std::memory_order_relaxed);
    if (!all) std::memcpy(to, bytes + (at - begin), size);
  }

  void read_file(const ObjectSegment& segment, char* to, size_t size, uint64_t at) {
    const int fd = object_->files[static_cast<size_t>(segment.file)].get();
    while (size > 0) {
      const ssize_t n = ::pread(fd, to, size, static_cast<off_t>(at));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) throw duckdb::IOException("The bytes of %s could not be read.", path);
      to += n;
      at += static_cast<uint64_t>(n);
      size -= static_cast<size_t>(n);
    }
  }

  duckdb::shared_ptr<SessionState> session_;
  std::shared_ptr<const OpenedObject> object_;
  std::vector<uint64_t> starts_;
  std::vector<std::shared_ptr<CheckedBlocks>> checked_;  // of each segment; nullptr: nothing to check
};

class WriteHandle : public FileHandle {
 public:
  WriteHandle(FileSystem& fs, const string& path, FileOpenFlags flags, duckdb::shared_ptr<SessionState> session,
              string uri, StagedObject staged)
      : FileHandle(fs, path, flags), session_(std::move(session)), uri_(std::move(uri)), staged_(std::move(staged)) {}
  ~WriteHandle() override {
    if (!closed_) session_->link.abort_object(staged_.handle);
  }
  void Close() override {
    if (closed_) return;
    const auto finished = session_->link.finish_object(staged_.handle, size);
    if (!finished) session_->raise(finished.error());
    closed_ = true;
    const std::lock_guard lock(session_->mutex);
    session_->written.push_back({staged_.handle, uri_, 0, size});
  }
  void write(const char* from, size_t count) {
    size += count;
    while (count > 0) {
      const ssize_t n = ::write(staged_.file.get(), from, count);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) throw duckdb::IOException("%s could not be written: %s", uri_, std::strerror(errno));
      from += n;
      count -= static_cast<size_t>(n);
    }
  }

  uint64_t size = 0;

 private:
  duckdb::shared_ptr<SessionState> session_;
  const string uri_;
  StagedObject staged_;
  bool closed_ = false;
};

class ObjectFileSystem : public FileSystem {
 public:
  bool CanHandleFile(const string& path) override { return path.starts_with("s3://"); }
  std::string GetName() const override { return "ObjectFileSystem"; }

  duckdb::unique_ptr<FileHandle> OpenFile(const string& path, FileOpenFlags flags,
                                          optional_ptr<FileOpener> opener) override {
    auto session = session_of(opener);
    if (flags.OpenForWriting()) return create(path, flags, std::move(session));
    auto object = open(path, *session);
    if (!object) {
      if (flags.ReturnNullIfNotExists()) return nullptr;
      session->raise(Error{404, "NoSuchKey", "The object " + path + " does not exist.", {}});
    }
    return duckdb::make_uniq<ReadHandle>(*this, path, flags, std::move(session), std::move(object));
  }

  void Read(FileHandle& handle, void* buffer, int64_t size, idx_t at) override {
    if (handle.Cast<ReadHandle>().read(static_cast<char*>(buffer), static_cast<size_t>(size), at) !=
        static_cast<size_t>(size)) {
      throw duckdb::IOException("%s ends before byte %llu.", handle.path, at + static_cast<idx_t>(size));
    }
  }
  int64_t Read(FileHandle& handle, void* buffer, int64_t size) override {
    auto& reader = handle.Cast<ReadHandle>();
    const size_t n = reader.read(static_cast<char*>(buffer), static_cast<size_t>(size), reader.position);
    reader.position += n;
    return static_cast<int64_t>(n);
  }
  void Write(FileHandle& handle, void* buffer, int64_t size, idx_t at) override {
    if (at != handle.Cast<WriteHandle>().size)
      throw duckdb::IOException("%s is written from start to end.", handle.path);
    handle.Cast<WriteHandle>().write(static_cast<const char*>(buffer), static_cast<size_t>(size));
  }
  int64_t Write(FileHandle& handle, void* buffer, int64_t size) override {
    handle.Cast<WriteHandle>().write(static_cast<const char*>(buffer), static_cast<size_t>(size));
    return size;
  }

  int64_t GetFileSize(FileHandle& handle) override {
    if (handle.flags.OpenForWriting()) return static_cast<int64_t>(handle.Cast<WriteHandle>().size);
    return static_cast<int64_t>(handle.Cast<ReadHandle>().object().size);
  }
  duckdb::timestamp_t GetLastModifiedTime(FileHandle& handle) override {
    return duckdb::timestamp_t(handle.Cast<ReadHandle>().object().last_modified.micros);
  }
  string GetVersionTag(FileHandle& handle) override { return handle.Cast<ReadHandle>().object().etag; }
  duckdb::FileType GetFileType(FileHandle&) override { return duckdb::FileType::FILE_TYPE_REGULAR; }
  void Seek(FileHandle& handle, idx_t at) override { handle.Cast<ReadHandle>().position = at; }
  void Reset(FileHandle& handle) override { handle.Cast<ReadHandle>().position = 0; }
  idx_t SeekPosition(FileHandle& handle) override {
    return handle.flags.OpenForWriting() ? handle.Cast<WriteHandle>().size : handle.Cast<ReadHandle>().position;
  }
  bool CanSeek() override { return true; }
  bool OnDiskFile(FileHandle&) override { return true; }  // pread on a local file: prefetching would only copy
  void FileSync(FileHandle&) override {}                  // the server syncs what it publishes

  bool FileExists(const string& path, optional_ptr<FileOpener> opener) override {
    const auto session = session_of(opener);
    // Of what is written, the names are not known by DuckDB; whether they are taken was asked before.
    return !session->object_name && open(path, *session) != nullptr;
  }
  bool IsPipe(const string&, optional_ptr<FileOpener>) override { return false; }
  bool DirectoryExists(const string&, optional_ptr<FileOpener>) override { return false; }
  void CreateDirectory(const string&, optional_ptr<FileOpener>) override {}
  bool ListFiles(const string&, const std::function<void(const string&, bool)>&, FileOpener*) override { return false; }
  duckdb::vector<duckdb::OpenFileInfo> Glob(const string& path, FileOpener*) override {
    return {
        duckdb::OpenFileInfo(path)};  // listing is the catalog's and the statement's business; a key may hold any '*'
  }

 private:
  std::shared_ptr<const OpenedObject> open(const string& path, SessionState& session) {
    {
      const std::lock_guard lock(session.mutex);
      const auto found = session.opened.find(path);
      if (found != session.opened.end()) {
        if (auto object = found->second.lock()) return object;
      }
    }
    auto opened = session.link.open_object(session.context.principal, path);
    if (!opened) session.raise(opened.error());
    if (!*opened) return nullptr;
    return session.keep_open(*std::move(*opened));
  }

  duckdb::unique_ptr<FileHandle> create(const string& path, FileOpenFlags flags,
                                        duckdb::shared_ptr<SessionState> session) {
    const string uri = session->object_name ? session->object_name(path) : path;
    auto staged = session->link.create_object(session->context.principal, session->context.statement_id, uri);
    if (!staged) session->raise(staged.error());
    return duckdb::make_uniq<WriteHandle>(*this, path, flags, std::move(session), uri, std::move(*staged));
  }
};

}  // namespace

duckdb::unique_ptr<duckdb::FileSystem> make_object_fs() {
  return duckdb::make_uniq<ObjectFileSystem>();
}

}  // namespace tarn::sql::engine

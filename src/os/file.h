// Files and directories, with what durability needs. Errors name the file and what the system said.
//
// ERRORS, all functions: InsufficientStorage (507) when the disk or the quota is full, else InternalFailure (500).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tarn {

// An owned file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { close(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void close();

 private:
  int fd_ = -1;
};

// The error for the last failed system call: "write to /x/y: No space left on device".
Failure system_failure(std::string_view what, std::string_view path, int error_number);

enum class OpenMode : uint8_t { kRead, kReadWrite, kCreate, kCreateNew };  // kCreate truncates what is there
Result<Fd> open_file(const std::string& path, OpenMode mode, unsigned permissions = 0644);
Result<std::string> read_file(const std::string& path);
// Writes all of it, or says why not.
Status write_all(int fd, std::string_view bytes, std::string_view path);
Status write_all_at(int fd, uint64_t offset, std::string_view bytes, std::string_view path);
// Reads until `to` is full or the file ends; how many bytes it got.
Result<size_t> read_at(int fd, uint64_t offset, std::span<char> to, std::string_view path);
Result<uint64_t> file_size(int fd, std::string_view path);
// The bytes and the length are on the disk afterwards (fdatasync).
Status sync_file(int fd, std::string_view path);
// Begins to bring the bytes to the disk, so that a later sync_file has less to wait for.
void begin_sync(int fd, uint64_t offset, uint64_t length);
// Names made, moved or removed in the directory are on the disk afterwards.
Status sync_directory(const std::string& path);
// DURABLE: afterwards either the old content is there or the new, whole, whatever happens meanwhile.
Status write_file_atomically(const std::string& path, std::string_view bytes, unsigned permissions = 0644);

bool file_exists(const std::string& path);
bool is_directory(const std::string& path);
Status make_directories(const std::string& path);
// Names without "." and "..", sorted.
Result<std::vector<std::string>> list_directory(const std::string& path);
Status remove_file(const std::string& path);  // one that is not there is no error
Status remove_tree(const std::string& path);  // one that is not there is no error
Status rename_file(const std::string& from, const std::string& to);
// A second name for the same immutable bytes; a copy where the two lie on different file systems.
Status link_or_copy(const std::string& from, const std::string& to);
// With its permissions.
Status copy_file(const std::string& from, const std::string& to);
// Bytes that may still be written to the file system of that path.
Result<uint64_t> free_space(const std::string& path);

// Held for as long as a server uses a directory.
class DirectoryLock {
 public:
  // ERRORS: DirectoryInUse (409): "... is used by another server (pid 123)", and what to do.
  static Result<DirectoryLock> take(const std::string& directory);

 private:
  explicit DirectoryLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace tarn

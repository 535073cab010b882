#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/text.h"

namespace tarn {
namespace {

std::string parent_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

void Fd::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Failure system_failure(std::string_view what, std::string_view path, int error_number) {
  std::string message = fmt::format("{} {}: {}", what, path, std::strerror(error_number));
  if (error_number == ENOSPC || error_number == EDQUOT) return fail(507, "InsufficientStorage", std::move(message));
  return internal_failure(std::move(message));
}

Result<Fd> open_file(const std::string& path, OpenMode mode, unsigned permissions) {
  int flags = O_CLOEXEC;
  switch (mode) {
    case OpenMode::kRead: flags |= O_RDONLY; break;
    case OpenMode::kReadWrite: flags |= O_RDWR; break;
    case OpenMode::kCreate: flags |= O_RDWR | O_CREAT | O_TRUNC; break;
    case OpenMode::kCreateNew: flags |= O_RDWR | O_CREAT | O_EXCL; break;
  }
  Fd fd(::open(path.c_str(), flags, static_cast<mode_t>(permissions)));
  if (!fd) return system_failure("open", path, errno);
  return fd;
}

Result<std::string> read_file(const std::string& path) {
  const Fd fd = TRY(open_file(path, OpenMode::kRead));
  std::string content;
  char buffer[16 << 10];
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("read", path, errno);
    if (got == 0) return content;
    content.append(buffer, static_cast<size_t>(got));
  }
}

Status write_all(int fd, std::string_view bytes, std::string_view path) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return system_failure("write to", path, errno);
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return {};
}

Status write_all_at(int fd, uint64_t offset, std::string_view bytes, std::string_view path) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return system_failure("write to", path, errno);
    bytes.remove_prefix(static_cast<size_t>(wrote));
    offset += static_cast<uint64_t>(wrote);
  }
  return {};
}

Result<size_t> read_at(int fd, uint64_t offset, std::span<char> to, std::string_view path) {
  size_t have = 0;
  while (have < to.size()) {
    const ssize_t got = ::pread(fd, to.data() + have, to.size() - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("read", path, errno);
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  return have;
}

Result<uint64_t> file_size(int fd, std::string_view path) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return system_failure("stat", path, errno);
  return static_cast<uint64_t>(info.st_size);
}

Status sync_file(int fd, std::string_view path) {
  if (::fdatasync(fd) != 0) return system_failure("sync", path, errno);
  return {};
}

void begin_sync(int fd, uint64_t offset, uint64_t length) {
  (void)::sync_file_range(fd, static_cast<off_t>(offset), static_cast<off_t>(length), SYNC_FILE_RANGE_WRITE);
}

Status sync_directory(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return system_failure("open", path, errno);
  if (::fsync(fd.get()) != 0) return system_failure("sync", path, errno);
  return {};
}

Status write_file_atomically(const std::string& path, std::string_view bytes, unsigned permissions) {
  const std::string temporary = path + ".new";
  const Status written = [&]() -> Status {
    const Fd fd = TRY(open_file(temporary, OpenMode::kCreate, permissions));
    TRY(write_all(fd.get(), bytes, temporary));
    TRY(sync_file(fd.get(), temporary));
    return rename_file(temporary, path);
  }();
  if (!written) {
    (void)remove_file(temporary);
    return written;
  }
  return sync_directory(parent_of(path));
}

bool file_exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

bool is_directory(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Status make_directories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return system_failure("make directory", path, error.value());
  return {};
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  if (!directory) return system_failure("list", path, errno);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_failure("remove", path, errno);
  return {};
}

Status remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return system_failure("remove", path, error.value());
  return {};
}

Status rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return system_failure("rename " + from + " to", to, errno);
  return {};
}

Status link_or_copy(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  if (errno == EXDEV || errno == EPERM || errno == EMLINK || errno == EOPNOTSUPP) return copy_file(from, to);
  return system_failure("link " + from + " to", to, errno);
}

Status copy_file(const std::string& from, const std::string& to) {
  const Fd source = TRY(open_file(from, OpenMode::kRead));
  struct stat info{};
  if (::fstat(source.get(), &info) != 0) return system_failure("stat", from, errno);
  const Fd target = TRY(open_file(to, OpenMode::kCreateNew, info.st_mode & 0777));
  std::vector<char> buffer(256 << 10);
  for (uint64_t at = 0;;) {
    const size_t got = TRY(read_at(source.get(), at, buffer, from));
    if (got == 0) break;
    TRY(write_all(target.get(), {buffer.data(), got}, to));
    at += got;
  }
  return sync_file(target.get(), to);
}

Result<uint64_t> free_space(const std::string& path) {
  struct statvfs info{};
  if (::statvfs(path.c_str(), &info) != 0) return system_failure("look at the file system of", path, errno);
  return uint64_t{info.f_bavail} * info.f_frsize;
}

Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
  const std::string path = directory + "/lock";
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return system_failure("open", path, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_failure("lock", path, errno);
    const std::string owner(trim(read_file(path).value_or("")));
    return fail(
        409, "DirectoryInUse",
        fmt::format("The directory {} is used by another server (pid {}). Stop that one, or name another directory.",
                    directory, owner.empty() ? "unknown" : owner));
  }
  if (::ftruncate(fd.get(), 0) != 0) return system_failure("write to", path, errno);
  TRY(write_all_at(fd.get(), 0, fmt::format("{}\n", ::getpid()), path));
  return DirectoryLock(std::move(fd));
}

}  // namespace tarn

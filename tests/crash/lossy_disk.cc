// A disk that forgets: preloaded into a program, it takes back, at a crash, everything below one directory that was
// not synced. kill -9 alone leaves the page cache as it was, so that a program that never syncs would pass.
//
//   LD_PRELOAD=liblossy_disk.so LOSSY_DIR=/data LOSSY_TRIGGER=/path/of/a/fifo program ...
//
// A byte written to the fifo is the crash: 'a' takes back all unsynced writes, 'r' each with an even chance, as a disk
// that wrote some of its cache would; names made or moved go back unless their directory was synced. Then the process
// kills itself with SIGKILL. Removals are taken to be on the disk at once, and so are new directories. Writes through
// mmap or stdio are not seen.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

template <class F>
F real(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}
#define REAL(name) static const auto real_##name = real<decltype(&::name)>(#name)

using Inode = std::pair<dev_t, ino_t>;

// One unsynced change of a file's bytes.
struct Change {
  off_t offset;
  off_t length;     // of what was written; -1: the file was cut
  std::string old;  // what stood there, as far as the file went
  off_t old_size;
};

struct File {
  int fd = -1;  // one of our own, to put the old bytes back with
  std::vector<Change> changes;
};

// One unsynced change of a directory.
struct Naming {
  std::string directory;
  std::string name;    // a path that was made, or moved to
  std::string from;    // where it was moved from; empty: it was made
  std::string before;  // a second name of what it replaced; empty: nothing
};

struct Disk {
  std::mutex mutex;
  std::string root;
  std::map<Inode, File> files;
  std::map<int, Inode> open;               // tracked descriptors
  std::map<int, std::string> directories;  // open directories
  std::vector<Naming> namings;
  unsigned kept = 0;
};

Disk* disk = nullptr;  // set once, before the program's main

bool inside(const std::string& path) {
  return disk && path.starts_with(disk->root) && (path.size() == disk->root.size() || path[disk->root.size()] == '/');
}

std::string parent(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

// Without links and "..", so that the same place always has the same name; the last part may not be there yet.
std::string absolute(const char* name) {
  char resolved[4096];
  if (realpath(name, resolved)) return resolved;
  std::string path = name;
  if (path[0] != '/') path = "./" + path;
  if (!realpath(parent(path).c_str(), resolved)) return path;
  return resolved + path.substr(path.rfind('/'));
}

// REQUIRES, all below: the disk's mutex is held.

std::string bytes_at(int fd, off_t offset, off_t length) {
  std::string bytes(static_cast<size_t>(std::max<off_t>(length, 0)), '\0');
  const ssize_t got = pread(fd, bytes.data(), bytes.size(), offset);
  bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return bytes;
}

File* file_of(int fd) {
  const auto found = disk->open.find(fd);
  if (found == disk->open.end()) return nullptr;
  File& file = disk->files[found->second];
  if (file.fd < 0) {
    REAL(open);
    file.fd = real_open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDWR | O_CLOEXEC);
  }
  return &file;
}

void before_write(int fd, off_t offset, size_t length) {
  File* file = file_of(fd);
  struct stat info{};
  if (!file || fstat(fd, &info) != 0) return;
  if (offset < 0) {  // write(2): where the descriptor stands
    const int flags = fcntl(fd, F_GETFL);
    offset = flags & O_APPEND ? info.st_size : lseek(fd, 0, SEEK_CUR);
  }
  const auto size = static_cast<off_t>(length);
  file->changes.push_back(
      {offset, size, bytes_at(file->fd, offset, std::min(size, info.st_size - offset)), info.st_size});
}

void before_cut(int fd, off_t to) {
  File* file = file_of(fd);
  struct stat info{};
  if (!file || fstat(fd, &info) != 0 || info.st_size == to) return;
  file->changes.push_back({to, -1, bytes_at(file->fd, to, info.st_size - to), info.st_size});
}

// --- the crash ------------------------------------------------------------------------------------------------------

void take_back(File& file, bool all, std::mt19937& chance) {
  if (file.changes.empty() || file.fd < 0) return;
  REAL(pwrite);
  REAL(ftruncate);
  off_t size = file.changes.front().old_size;  // as it was when last synced
  std::vector<bool> stays(file.changes.size());
  for (size_t i = 0; i < stays.size(); ++i) {
    const Change& change = file.changes[i];
    stays[i] = !all && chance() % 2 == 0;
    if (stays[i]) size = change.length < 0 ? change.offset : std::max(size, change.offset + change.length);
  }
  for (size_t i = stays.size(); i-- > 0;) {
    const Change& change = file.changes[i];
    if (stays[i]) continue;
    std::string bytes = change.old;
    if (change.length > 0) bytes.resize(static_cast<size_t>(change.length), '\0');  // never written: zeros
    (void)!real_pwrite(file.fd, bytes.data(), bytes.size(), change.offset);
  }
  (void)!real_ftruncate(file.fd, size);
}

void crash(bool all) {
  disk->mutex.lock();  // for ever: nobody writes any more
  std::mt19937 chance(static_cast<unsigned>(getpid()));
  size_t changes = 0;
  for (auto& [inode, file] : disk->files) {
    changes += file.changes.size();
    take_back(file, all, chance);
  }
  REAL(rename);
  REAL(unlink);
  for (size_t i = disk->namings.size(); i-- > 0;) {
    const Naming& naming = disk->namings[i];
    if (naming.from.empty())
      real_unlink(naming.name.c_str());
    else
      real_rename(naming.name.c_str(), naming.from.c_str());
    if (!naming.before.empty()) real_rename(naming.before.c_str(), naming.name.c_str());
  }
  fprintf(stderr, "lossy disk: took back %s%zu unsynced writes and %zu unsynced names\n", all ? "" : "some of ",
          changes, disk->namings.size());
  kill(getpid(), SIGKILL);
}

void wait_for_trigger(std::string fifo) {
  REAL(open);
  const int fd = real_open(fifo.c_str(), O_RDONLY | O_CLOEXEC);
  char byte = 0;
  if (fd >= 0 && read(fd, &byte, 1) == 1) crash(byte == 'a');
}

__attribute__((constructor)) void start() {
  const char* root = getenv("LOSSY_DIR");
  const char* fifo = getenv("LOSSY_TRIGGER");
  if (!root || !fifo) return;
  disk = new Disk;
  disk->root = absolute(root);
  // One process for one disk: programs that it starts do without.
  unsetenv("LD_PRELOAD");
  // A thread of ours may hold the mutex while another forks: the child would wait for it for ever before it becomes the program.
  const auto lock = [] { if (disk) disk->mutex.lock(); };
  const auto unlock = [] { if (disk) disk->mutex.unlock(); };
  const auto forget = [] {
    if (disk) disk->mutex.unlock();
    disk = nullptr;  // it is the parent's
  };
  pthread_atfork(lock, unlock, forget);
  const std::string trigger = fifo;
  unsetenv("LOSSY_TRIGGER");
  std::thread(wait_for_trigger, trigger).detach();
}

// --- opening --------------------------------------------------------------------------------------------------------

template <class Open>
int tracked_open(const char* name, int flags, Open open_it) {
  const std::string path = disk ? absolute(name) : std::string();
  if (!inside(path)) return open_it();
  const std::lock_guard lock(disk->mutex);
  struct stat before{};
  const bool was_there = stat(path.c_str(), &before) == 0;
  if (was_there && S_ISDIR(before.st_mode)) {
    const int fd = open_it();
    if (fd >= 0) disk->directories[fd] = path;
    return fd;
  }
  Change cut{0, -1, {}, before.st_size};
  if (was_there && (flags & O_TRUNC)) {
    REAL(open);
    const int fd = real_open(path.c_str(), O_RDONLY | O_CLOEXEC);
    REAL(close);
    cut.old = bytes_at(fd, 0, before.st_size);
    real_close(fd);
  }
  const int fd = open_it();
  struct stat info{};
  if (fd < 0 || (flags & O_ACCMODE) == O_RDONLY || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return fd;
  disk->open[fd] = {info.st_dev, info.st_ino};
  if (!was_there) disk->namings.push_back({parent(path), path, {}, {}});
  if (!cut.old.empty()) file_of(fd)->changes.push_back(cut);
  return fd;
}

template <class Sync>
int tracked_sync(int fd, Sync sync) {
  if (!disk) return sync();
  std::unique_lock lock(disk->mutex);
  Inode inode;
  size_t count = 0;
  const auto found = disk->open.find(fd);
  if (found != disk->open.end()) {
    inode = found->second;
    count = disk->files[inode].changes.size();
  }
  const auto directory = disk->directories.find(fd);
  std::vector<std::string> names;
  if (directory != disk->directories.end())
    for (const Naming& naming : disk->namings)
      if (naming.directory == directory->second) names.push_back(naming.name);
  lock.unlock();
  const int result = sync();  // what is written meanwhile is not covered
  lock.lock();
  if (result != 0) return result;
  if (count > 0) {
    auto& changes = disk->files[inode].changes;
    changes.erase(changes.begin(), changes.begin() + static_cast<long>(std::min(count, changes.size())));
  }
  std::erase_if(disk->namings, [&](const Naming& naming) {
    const auto name = std::find(names.begin(), names.end(), naming.name);
    if (name == names.end()) return false;
    names.erase(name);
    REAL(unlink);
    if (!naming.before.empty()) real_unlink(naming.before.c_str());
    return true;
  });
  return result;
}

template <class Write>
ssize_t tracked_write(int fd, off_t offset, size_t length, Write write_it) {
  if (!disk) return write_it();
  const std::lock_guard lock(disk->mutex);
  before_write(fd, offset, length);
  return write_it();
}

size_t total(const iovec* parts, int count) {
  size_t size = 0;
  for (int i = 0; i < count; ++i) size += parts[i].iov_len;
  return size;
}

mode_t mode_of(int flags, va_list arguments) {
  return flags & (O_CREAT | O_TMPFILE) ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
}

}  // namespace

extern "C" {

#define MODE                                     \
  va_list arguments;                             \
  va_start(arguments, flags);                    \
  const mode_t mode = mode_of(flags, arguments); \
  va_end(arguments)

int open(const char* name, int flags, ...) {
  MODE;
  REAL(open);
  return tracked_open(name, flags, [&] { return real_open(name, flags, mode); });
}
int open64(const char* name, int flags, ...) {
  MODE;
  REAL(open64);
  return tracked_open(name, flags, [&] { return real_open64(name, flags, mode); });
}
int openat(int at, const char* name, int flags, ...) {
  MODE;
  REAL(openat);
  if (at != AT_FDCWD && name[0] != '/') return real_openat(at, name, flags, mode);
  return tracked_open(name, flags, [&] { return real_openat(at, name, flags, mode); });
}

int close(int fd) {
  REAL(close);
  if (!disk) return real_close(fd);
  const std::lock_guard lock(disk->mutex);
  disk->directories.erase(fd);
  if (const auto found = disk->open.find(fd); found != disk->open.end()) {
    const Inode inode = found->second;
    disk->open.erase(found);
    // A file with nothing left to take back is forgotten, so that we do not keep descriptors for ever.
    const bool elsewhere =
        std::any_of(disk->open.begin(), disk->open.end(), [&](const auto& o) { return o.second == inode; });
    const auto file = disk->files.find(inode);
    if (!elsewhere && file != disk->files.end() && file->second.changes.empty()) {
      if (file->second.fd >= 0) real_close(file->second.fd);
      disk->files.erase(file);
    }
  }
  return real_close(fd);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  REAL(write);
  return tracked_write(fd, -1, size, [&] { return real_write(fd, bytes, size); });
}
ssize_t writev(int fd, const iovec* parts, int count) {
  REAL(writev);
  return tracked_write(fd, -1, total(parts, count), [&] { return real_writev(fd, parts, count); });
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  REAL(pwrite);
  return tracked_write(fd, offset, size, [&] { return real_pwrite(fd, bytes, size, offset); });
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  REAL(pwrite64);
  return tracked_write(fd, offset, size, [&] { return real_pwrite64(fd, bytes, size, offset); });
}
ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  REAL(pwritev);
  return tracked_write(fd, offset, total(parts, count), [&] { return real_pwritev(fd, parts, count, offset); });
}

int ftruncate(int fd, off_t size) {
  REAL(ftruncate);
  if (!disk) return real_ftruncate(fd, size);
  const std::lock_guard lock(disk->mutex);
  before_cut(fd, size);
  return real_ftruncate(fd, size);
}
int ftruncate64(int fd, off64_t size) {
  return ftruncate(fd, size);
}

int fsync(int fd) {
  REAL(fsync);
  return tracked_sync(fd, [&] { return real_fsync(fd); });
}
int fdatasync(int fd) {
  REAL(fdatasync);
  return tracked_sync(fd, [&] { return real_fdatasync(fd); });
}

int rename(const char* from, const char* to) {
  REAL(rename);
  const std::string target = disk ? absolute(to) : std::string();
  if (!inside(target)) return real_rename(from, to);
  const std::lock_guard lock(disk->mutex);
  Naming naming{parent(target), target, absolute(from), {}};
  struct stat info{};
  if (stat(to, &info) == 0 && S_ISREG(info.st_mode)) {
    naming.before = disk->root + ".replaced-" + std::to_string(getpid()) + "-" + std::to_string(disk->kept++);
    if (link(to, naming.before.c_str()) != 0) naming.before.clear();
  }
  const int result = real_rename(from, to);
  if (result == 0) disk->namings.push_back(naming);
  return result;
}

int unlink(const char* name) {
  REAL(unlink);
  const std::string path = disk ? absolute(name) : std::string();
  if (!inside(path)) return real_unlink(name);
  const std::lock_guard lock(disk->mutex);
  std::erase_if(disk->namings, [&](const Naming& naming) { return naming.name == path && naming.from.empty(); });
  return real_unlink(name);
}

}  // extern "C"

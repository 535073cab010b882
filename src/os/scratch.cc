#include "os/scratch.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace tarn {

Result<Fd> memory_file() {
  Fd file(memfd_create("tarn", MFD_CLOEXEC));
  if (!file) return system_failure("make a file in", "memory", errno);
  return file;
}

Result<Fd> nameless_file(const std::string& folder) {
  Fd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file) return system_failure("make a file without a name in", folder, errno);
  return file;
}

Result<Fd> duplicate(int fd) {
  Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) return system_failure("duplicate", "a file descriptor", errno);
  return copy;
}

Status empty_file(int fd) {
  if (::ftruncate(fd, 0) != 0 || ::lseek(fd, 0, SEEK_SET) != 0) return system_failure("empty", "a scratch file", errno);
  return {};
}

}  // namespace tarn

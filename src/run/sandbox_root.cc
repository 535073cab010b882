// The file system of a sandbox: the system's folders read-only, a /proc, /dev and /tmp of its own, and its mounts.
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "run/sandbox.h"

namespace tarn::run {
namespace {

constexpr const char* kRoot = "/tmp";  // where the new root is put together: any folder will do, the mounts are our own
constexpr unsigned long kHarmless = MS_NOSUID | MS_NODEV;

Status attach(const char* source, const std::string& to, const char* type, unsigned long flags,
              const std::string& data = {}) {
  if (::mount(source, to.c_str(), type, flags, data.empty() ? nullptr : data.c_str()) != 0)
    return system_failure("mount", fmt::format("{} in the sandbox", to), errno);
  return {};
}

std::string in_root(const std::string& path) {
  return kRoot + path;
}

Status make_folders(const std::string& path) {
  for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1))
    ::mkdir(in_root(path.substr(0, at)).c_str(), 0755);
  if (::mkdir(in_root(path).c_str(), 0755) != 0 && errno != EEXIST) return system_failure("make", path, errno);
  return {};
}

Status make_place(const std::string& path, bool folder) {
  if (folder) return make_folders(path);
  TRY(make_folders(path.substr(0, path.rfind('/'))));
  const Fd file(::open(in_root(path).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  if (!file) return system_failure("make", path, errno);
  return {};
}

// What the source's file system is mounted with: without the rights of root it cannot be taken away.
unsigned long kept_flags(const std::string& path) {
  struct statvfs found{};
  if (::statvfs(path.c_str(), &found) != 0) return 0;
  unsigned long flags = 0;
  for (const auto& [has, means] : {std::pair{ST_RDONLY, MS_RDONLY},
                                   {ST_NOEXEC, MS_NOEXEC},
                                   {ST_NOATIME, MS_NOATIME},
                                   {ST_NODIRATIME, MS_NODIRATIME},
                                   {ST_RELATIME, MS_RELATIME}})
    if (found.f_flag & static_cast<unsigned long>(has)) flags |= static_cast<unsigned long>(means);
  return flags;
}

// A bind mount takes its flags only when it is mounted anew.
Status bind(const Mount& mount, unsigned long flags) {
  std::error_code ignored;
  TRY(make_place(mount.inside, std::filesystem::is_directory(mount.host, ignored)));
  const std::string to = in_root(mount.inside);
  TRY(attach(mount.host.c_str(), to, nullptr, MS_BIND | MS_REC));
  return attach(nullptr, to, nullptr, MS_BIND | MS_REMOUNT | flags | kept_flags(to) | (mount.writable ? 0 : MS_RDONLY));
}

Status write_text(const std::string& path, std::string_view text) {
  TRY(make_place(path, false));
  const Fd file(::open(in_root(path).c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return system_failure("write", path, errno);
  return write_all(file.get(), text, path);
}

// Programs and libraries. On merged systems /bin, /lib and so on are links into /usr.
Status add_system() {
  std::error_code ignored;
  for (const char* path :
       {"/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/alternatives", "/etc/ssl", "/etc/ca-certificates",
        "/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/etc/java-17-openjdk", "/etc/fonts"}) {
    struct stat found{};
    if (::lstat(path, &found) != 0) continue;
    if (S_ISLNK(found.st_mode) && std::strncmp(path, "/etc", 4) != 0) {
      const auto target = std::filesystem::read_symlink(path, ignored);
      if (ignored || ::symlink(target.c_str(), in_root(path).c_str()) != 0) return system_failure("link", path, errno);
      continue;
    }
    TRY(bind({path, path}, kHarmless));
  }
  TRY(write_text("/etc/passwd", "root:x:0:0:root:/:/usr/sbin/nologin\nsandbox:x:993:990::/tmp:/usr/sbin/nologin\n"));
  TRY(write_text("/etc/group", "root:x:0:\nsandbox:x:990:\n"));
  TRY(write_text("/etc/hosts", "127.0.0.1 localhost sandbox.localdomain sandbox\n"));
  return write_text("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
}

Status add_devices() {
  TRY(make_folders("/dev"));
  for (const char* name : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}) {
    TRY(make_place(name, false));
    TRY(attach(name, in_root(name), nullptr, MS_BIND));
  }
  for (const auto& [name, target] :
       {std::pair("/dev/fd", "/proc/self/fd"), std::pair("/dev/stdin", "/proc/self/fd/0"),
        std::pair("/dev/stdout", "/proc/self/fd/1"), std::pair("/dev/stderr", "/proc/self/fd/2")})
    if (::symlink(target, in_root(name).c_str()) != 0) return system_failure("link", name, errno);
  TRY(make_folders("/dev/shm"));
  return attach("tmpfs", in_root("/dev/shm"), "tmpfs", kHarmless | MS_NOEXEC, "mode=1777,size=64m");
}

Status add_scratch(uint64_t bytes) {
  TRY(make_folders("/tmp"));
  return attach("tmpfs", in_root("/tmp"), "tmpfs", kHarmless, fmt::format("mode=1777,size={}", bytes));
}

Status change_root() {
  if (::chdir(kRoot) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 || ::umount2(".", MNT_DETACH) != 0 ||
      ::chdir("/") != 0)
    return system_failure("enter", "the sandbox's root", errno);
  return {};
}

}  // namespace

Status build_root(const TaskSpec& task) {
  std::error_code ignored;
  TRY(attach(nullptr, "/", nullptr, MS_REC | MS_PRIVATE));  // what is mounted here is seen here only
  // The mounts' sources must stay in sight while the new root covers kRoot: they are opened before.
  std::vector<std::pair<Mount, Fd>> mounts;
  for (const Mount& mount : task.mounts) {
    Fd source(::open(mount.host.c_str(), O_PATH | O_CLOEXEC));
    if (!source) return system_failure("find", mount.host, errno);
    mounts.emplace_back(mount, std::move(source));
  }
  TRY(attach("tmpfs", kRoot, "tmpfs", kHarmless, "mode=0755,size=16m"));
  TRY(add_system());
  if (task.network && std::filesystem::exists("/etc/resolv.conf", ignored))
    TRY(bind({"/etc/resolv.conf", "/etc/resolv.conf"}, kHarmless));
  TRY(add_devices());
  TRY(add_scratch(task.limits.tmp_bytes));
  for (const auto& [mount, source] : mounts)
    TRY(bind({fmt::format("/proc/self/fd/{}", source.get()), mount.inside, mount.writable}, kHarmless));
  TRY(make_folders("/proc"));
  TRY(attach("proc", in_root("/proc"), "proc", kHarmless | MS_NOEXEC));
  TRY(change_root());
  return attach(nullptr, "/", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY | kHarmless);
}

}  // namespace tarn::run

#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "base/text.h"
#include "os/clock.h"

namespace tarn {
namespace {

// What the child needs, made before the fork: after it, until exec, only async-signal-safe calls are allowed.
struct Prepared {
  std::vector<const char*> args;
  std::vector<const char*> environment;
  std::vector<std::pair<int, int>> fds;  // {ours, its}
  int report;                            // where the child writes errno when it cannot start
  pid_t parent;
};

[[noreturn]] void give_up(int report) {
  const int error_number = errno;
  (void)!::write(report, &error_number, sizeof error_number);
  ::_exit(127);
}

// Puts the descriptors where the child wants them, and closes the rest. First all go above every wanted number, so that
// placing one never overwrites another that has yet to be placed.
void place_descriptors(Prepared& p) {
  int above = 3;
  for (const auto& [ours, its] : p.fds) above = its >= above ? its + 1 : above;
  p.report = ::fcntl(p.report, F_DUPFD_CLOEXEC, above);
  if (p.report < 0) ::_exit(127);
  for (auto& [ours, its] : p.fds) {
    ours = ::fcntl(ours, F_DUPFD_CLOEXEC, above);
    if (ours < 0) give_up(p.report);
  }
  for (const auto& [ours, its] : p.fds)
    if (::dup2(ours, its) < 0) give_up(p.report);
  const auto wanted = [&](int fd) {
    for (const auto& [ours, its] : p.fds)
      if (its == fd) return true;
    return fd == 1 || fd == 2;
  };
  for (int fd = 3; fd < above; ++fd)
    if (!wanted(fd)) ::close(fd);
  if (!wanted(0)) {
    const int null = ::open("/dev/null", O_RDONLY);
    if (null < 0 || (null != 0 && ::dup2(null, 0) < 0)) give_up(p.report);
    if (null > 2) ::close(null);
  }
  // What lies above and is no copy of ours; our copies close at exec.
  for (int fd = above; fd < above + 1024; ++fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags >= 0) ::fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
  }
  constexpr unsigned kCloseRangeCloexec = 1U << 2;
  ::syscall(SYS_close_range, static_cast<unsigned>(above), ~0U, kCloseRangeCloexec);
}

[[noreturn]] void become(Prepared& p, const SpawnOptions& options) {
  if (options.new_group) ::setpgid(0, 0);
  place_descriptors(p);
  if (options.die_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != p.parent) ::_exit(127);  // it died before we asked
  }
  if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) give_up(p.report);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::execve(options.program.c_str(), const_cast<char* const*>(p.args.data()),
           options.environment ? const_cast<char* const*>(p.environment.data()) : environ);
  give_up(p.report);
}

ExitStatus exit_status(int status) {
  if (WIFSIGNALED(status)) return {true, WTERMSIG(status)};
  return {false, WEXITSTATUS(status)};
}

}  // namespace

std::string ExitStatus::text() const {
  if (by_signal) return fmt::format("killed by signal {} ({})", code, strsignal(code));
  return fmt::format("exit status {}", code);
}

Result<Child> Child::spawn(const SpawnOptions& options) {
  Prepared p;
  p.args.push_back(options.program.c_str());
  for (const std::string& arg : options.args) p.args.push_back(arg.c_str());
  p.args.push_back(nullptr);
  if (options.environment)
    for (const std::string& variable : *options.environment) p.environment.push_back(variable.c_str());
  p.environment.push_back(nullptr);
  p.fds = options.fds;
  p.parent = ::getpid();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_failure("make a pipe for", options.program, errno);
  Fd report(ends[0]);
  Fd to_report(ends[1]);
  p.report = to_report.get();

  const pid_t pid = ::fork();
  if (pid < 0) return system_failure("start a process for", options.program, errno);
  if (pid == 0) become(p, options);
  to_report.close();
  Child child(pid, options.new_group);
  if (options.new_group) ::setpgid(pid, pid);  // whichever of the two comes first
  int error_number = 0;
  ssize_t got;
  do got = ::read(report.get(), &error_number, sizeof error_number);
  while (got < 0 && errno == EINTR);
  if (got == sizeof error_number) return system_failure("start", options.program, error_number);
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), group_(other.group_), ended_(other.ended_) {}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(group_, other.group_);
  std::swap(ended_, other.ended_);
  return *this;
}

Child::~Child() {
  if (pid_ < 0 || ended_) return;
  kill(SIGKILL);
  wait();
}

void Child::kill(int signal) {
  if (pid_ > 0 && !ended_) ::kill(group_ ? -pid_ : pid_, signal);
}

ExitStatus Child::wait() {
  if (ended_) return *ended_;
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ended_ = exit_status(status);
  return *ended_;
}

std::optional<ExitStatus> Child::wait_for(Micros timeout) {
  if (ended_) return ended_;
  const Micros until = steady_now() + timeout;
  while (true) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) return ended_ = exit_status(status);
    if (steady_now() >= until) return std::nullopt;
    ::usleep(1'000);
  }
}

Result<std::string> own_program() {
  char path[4096];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  if (size < 0) return system_failure("read", "/proc/self/exe", errno);
  return std::string(path, static_cast<size_t>(size));
}

uint64_t resident_bytes(pid_t pid) {
  const auto status = read_file(fmt::format("/proc/{}/status", pid));
  if (!status) return 0;
  for (const std::string_view line : split(*status, '\n'))
    if (line.starts_with("VmRSS:")) {
      const std::string_view kilobytes = trim(line.substr(6));
      return static_cast<uint64_t>(parse_int(kilobytes.substr(0, kilobytes.find(' '))).value_or(0)) << 10;
    }
  return 0;
}

}  // namespace tarn

#include "run/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "os/socket.h"

namespace tarn::run {
namespace {

constexpr uid_t kUserInside = 993;
constexpr int kSideOutput = 3;  // the program's file

void send_report(int report, SandboxReport::Kind kind, int code, std::string_view reason = {},
                 std::span<const int> fds = {}) {
  SandboxReport message{kind, code, {}};
  reason.copy(message.reason, sizeof message.reason - 1);
  (void)send_with_fds(report, {reinterpret_cast<const char*>(&message), sizeof message}, fds);
}

// Whether the spawner has ended: its end of the socket, of which a sandbox that is just being made may hold a copy, or itself.
bool is_alone(int report, int spawner) {
  pollfd ends[] = {{report, 0, 0}, {spawner, POLLIN, 0}};
  return ::poll(ends, 2, 0) > 0;
}

// Without this a new network namespace has not even a loopback.
Status raise_loopback() {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (!socket || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0)
    return system_failure("raise", "the sandbox's loopback", errno);
  return {};
}

// A listening socket of the task's own loopback. Whoever holds it serves the task from any namespace.
Result<Fd> listen_on(uint16_t port) {
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  const bool listens = socket && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                       ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                       ::listen(socket.get(), 1024) == 0;
  if (!listens) return system_failure("listen on", fmt::format("port {} of the sandbox", port), errno);
  return socket;
}

Result<uint16_t> port_of(const Fd& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return system_failure("look at", "a listening socket", errno);
  return ntohs(address.sin_port);
}

Status limit(int what, rlim_t most, const char* name) {
  const rlimit value{most, most};
  if (::setrlimit(static_cast<__rlimit_resource>(what), &value) != 0) return system_failure("limit", name, errno);
  return {};
}

Status set_limits(const SandboxSpec& spec) {
  const Limits& limits = spec.task.limits;
  TRY(limit(RLIMIT_CORE, 0, "core files"));
  TRY(limit(RLIMIT_NOFILE, static_cast<rlim_t>(limits.open_files), "open files"));
  // Counted for its user, and from Linux 5.14 on for its user namespace: in neither are processes of ours.
  if (spec.confined) TRY(limit(RLIMIT_NPROC, static_cast<rlim_t>(limits.processes), "processes"));
  return {};
}

Status become_user(uid_t user) {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(user, user, user) != 0 || ::setresuid(user, user, user) != 0)
    return system_failure("become", fmt::format("user {}", user), errno);
  return {};
}

std::vector<std::string> environment_of(const TaskSpec& task, const std::vector<uint16_t>& ports) {
  std::vector<std::string> out;
  for (const auto& [name, value] : task.environment) out.push_back(name + "=" + value);
  for (size_t i = 0; i < ports.size(); ++i)
    out.push_back(fmt::format("{}={}127.0.0.1:{}", task.ports[i].variable, task.ports[i].prefix, ports[i]));
  return out;
}

[[noreturn]] void run_program(const TaskSpec& task, bool confined, const std::vector<std::string>& environment,
                              int output, int side, int report) {
  if (side >= 0) {
    report = ::fcntl(report, F_DUPFD_CLOEXEC, kSideOutput + 1);  // they may be in its place
    output = ::fcntl(output, F_DUPFD_CLOEXEC, kSideOutput + 1);
    if (report < 0 || output < 0 || ::dup2(side, kSideOutput) < 0 || ::fcntl(kSideOutput, F_SETFD, 0) != 0)
      ::_exit(127);
  }
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) ::_exit(127);
  if (::chdir(task.directory.c_str()) != 0) {
    send_report(report, SandboxReport::Kind::kFailed, 0,
                fmt::format("cannot enter {}: {}", task.directory, std::strerror(errno)));
    ::_exit(127);
  }
  if (!confined) ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // else the namespace ends with its first process
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  std::vector<const char*> args, variables;
  for (const std::string& arg : task.command) args.push_back(arg.c_str());
  for (const std::string& variable : environment) variables.push_back(variable.c_str());
  args.push_back(nullptr);
  variables.push_back(nullptr);
  ::execve(args[0], const_cast<char* const*>(args.data()), const_cast<char* const*>(variables.data()));
  send_report(report, SandboxReport::Kind::kFailed, 0,
              fmt::format("cannot start {}: {}", task.command[0], std::strerror(errno)));
  ::_exit(127);
}

// What the sandbox hands out when it is ready, and the writing end of the program's side output.
struct Sockets {
  std::vector<Fd> listeners, others;
  Fd side;
};

Status add_others(const TaskSpec& task, Sockets& sockets) {
  for (int i = 0; i < task.callers; ++i) {
    sockets.others.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!sockets.others.back()) return system_failure("make", "a socket of the sandbox", errno);
  }
  if (!task.side_output) return {};
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return system_failure("make", "a pipe of the sandbox", errno);
  sockets.others.emplace_back(pipe[0]);
  sockets.side = Fd(pipe[1]);
  return {};
}

// Everything between the go and the program: the error is the report.
Status prepare(const SandboxSpec& spec, Sockets& sockets) {
  const bool own_network = spec.confined && !spec.task.network;
  if (own_network) TRY(raise_loopback());
  for (const ServedPort& port : spec.task.ports)
    sockets.listeners.push_back(TRY(listen_on(own_network ? port.port : 0)));
  TRY(add_others(spec.task, sockets));
  if (spec.confined) TRY(build_root(spec.task));
  TRY(set_limits(spec));
  if (spec.confined && spec.user != 0) TRY(become_user(spec.user));
  // A change of user clears it; the spawner has one thread, so its end is the server's.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_failure("give up", "new privileges", errno);
  if (spec.confined) TRY(refuse_system_calls());
  return {};
}

// The sandbox's first process: makes ready, starts the program, buries whatever dies, and ends with the program. Its end is
// the end of all other processes inside.
[[noreturn]] void first_process(const SandboxSpec& spec, int go, int output, int report, int spawner) {
  ::setsid();  // without a namespace, its group is what ends together
  char byte;
  if (::read(go, &byte, 1) != 1) ::_exit(127);
  ::close(go);
  Sockets sockets;
  if (const Status ready = prepare(spec, sockets); !ready) {
    send_report(report, SandboxReport::Kind::kFailed, 0, ready.error().message);
    ::_exit(127);
  }
  if (is_alone(report, spawner)) ::_exit(127);  // it ended before we asked to be told of it
  std::vector<int> fds;
  std::vector<uint16_t> ports;
  for (const Fd& listener : sockets.listeners) {
    fds.push_back(listener.get());
    ports.push_back(port_of(listener).value_or(0));
  }
  for (const Fd& other : sockets.others) fds.push_back(other.get());
  const std::vector<std::string> environment = environment_of(spec.task, ports);
  ::prctl(PR_SET_DUMPABLE, 0);  // what we hold is not the program's to look at
  const pid_t program = ::fork();
  if (program == 0) run_program(spec.task, spec.confined, environment, output, sockets.side.get(), report);
  if (program < 0) {
    send_report(report, SandboxReport::Kind::kFailed, 0,
                fmt::format("cannot start a process: {}", std::strerror(errno)));
    ::_exit(127);
  }
  ::close(output);
  send_report(report, SandboxReport::Kind::kReady, 0, {}, fds);
  sockets = Sockets();
  while (true) {
    int status = 0;
    const pid_t gone = ::waitpid(-1, &status, 0);
    if (gone < 0 && errno != EINTR) ::_exit(127);
    if (gone != program) continue;
    if (WIFSIGNALED(status))
      send_report(report, SandboxReport::Kind::kSignalled, WTERMSIG(status));
    else
      send_report(report, SandboxReport::Kind::kExited, WEXITSTATUS(status));
    if (!spec.confined) ::kill(0, SIGKILL);
    ::_exit(0);
  }
}

// Without the right to choose users: ourselves, under a number that means nothing inside.
Status map_user(pid_t pid) {
  const auto write = [&](const char* file, const std::string& text) -> Status {
    const std::string path = fmt::format("/proc/{}/{}", pid, file);
    const Fd out(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!out) return system_failure("open", path, errno);
    return write_all(out.get(), text, path);
  };
  TRY(write("setgroups", "deny"));
  TRY(write("uid_map", fmt::format("{} {} 1", kUserInside, ::geteuid())));
  return write("gid_map", fmt::format("{} {} 1", kUserInside, ::getegid()));
}

// What the spawner holds for other tasks: kept open here, their ends would never be seen.
void close_all_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned first = 3;
  for (const int fd : kept) {
    if (fd < 0) continue;  // there is none
    if (static_cast<unsigned>(fd) > first) ::syscall(SYS_close_range, first, static_cast<unsigned>(fd) - 1, 0);
    first = static_cast<unsigned>(fd) + 1;
  }
  ::syscall(SYS_close_range, first, ~0U, 0);
}

}  // namespace

Result<Sandbox> make_sandbox(const SandboxSpec& spec, int output) {
  auto [ours, its] = TRY(socket_pair());
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return system_failure("make", "a pipe", errno);
  Fd its_go(pipe[0]), our_go(pipe[1]);

  const Fd spawner(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));  // none: an old kernel
  unsigned long flags = SIGCHLD;
  if (spec.confined) {
    flags |= CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWUTS;
    if (!spec.task.network) flags |= CLONE_NEWNET;
    if (::geteuid() != 0) flags |= CLONE_NEWUSER;
  }
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr));
  if (pid == 0) {
    close_all_but({its_go.get(), output, its.get(), spawner.get()});
    first_process(spec, its_go.get(), output, its.get(), spawner.get());
  }
  if (pid < 0)
    return fail(500, "SandboxForbidden",
                fmt::format("This machine lets tarn make no namespaces ({}). Allow unprivileged user namespaces "
                            "(sysctl kernel.unprivileged_userns_clone=1), run tarn as root, or start it with "
                            "--sandbox=none: then programs run as this user, and see what it sees.",
                            std::strerror(errno)));
  Sandbox sandbox{pid, std::move(ours), std::move(our_go)};
  if (flags & CLONE_NEWUSER)
    if (Status mapped = map_user(pid); !mapped) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      return Failure(mapped.error());
    }
  return sandbox;
}

}  // namespace tarn::run

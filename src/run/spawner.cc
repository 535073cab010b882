#include "run/spawner.h"

#include <errno.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/text.h"
#include "os/process.h"
#include "os/socket.h"
#include "run/cgroup.h"
#include "run/sandbox.h"

namespace tarn::run {
namespace {

constexpr uid_t kFirstUser = 710'000;  // of the range that no login, and no container's mapping by default, has
constexpr uid_t kUsers = 50'000;
constexpr int kWatchMillis = 100;
constexpr uint64_t kWorthTelling = 1 << 20;

// A task as the spawner knows it.
struct Running {
  uint64_t id = 0;
  Limits limits;
  Sandbox sandbox;
  uid_t user = 0;
  std::unique_ptr<ControlGroup> group;
  std::optional<SandboxReport> report;  // the last one that says how it ended
  bool killed = false, out_of_memory = false, confined = true;
  uint64_t peak = 0, told_peak = 0;
};

class SpawnerLoop {
 public:
  explicit SpawnerLoop(Fd socket) : socket_(std::move(socket)), groups_(ControlGroups::find()) {}

  // Until the server closes its end.
  void run() {
    while (true) {
      std::vector<pollfd> fds{{socket_.get(), POLLIN, 0}};
      for (const auto& [id, task] : tasks_) fds.push_back({task.sandbox.report.get(), POLLIN, 0});
      if (::poll(fds.data(), fds.size(), tasks_.empty() ? -1 : kWatchMillis) < 0 && errno != EINTR) return;
      size_t at = 1;
      std::vector<uint64_t> told;
      for (const auto& [id, task] : tasks_)
        if (fds[at++].revents != 0) told.push_back(id);
      for (const uint64_t id : told) hear(tasks_.at(id));
      if (fds[0].revents != 0 && !obey()) return;
      watch();
    }
  }

 private:
  bool obey() {
    auto message = receive_message(socket_.get());
    if (!message || !*message) return false;
    const Json& body = (*message)->body;
    if (const Json* kill = body.find("kill")) {
      if (const auto found = tasks_.find(static_cast<uint64_t>(kill->as_int())); found != tasks_.end()) {
        found->second.killed = true;
        end(found->second);
      }
      return true;
    }
    start(static_cast<uint64_t>(body["start"].as_int()), body, std::move((*message)->fds));
    return true;
  }

  void tell(const Json& body, std::span<const int> fds = {}) { (void)send_message(socket_.get(), body, fds); }

  void start(uint64_t id, const Json& body, std::vector<Fd> fds) {
    SandboxSpec spec{.task = spec_of(body), .confined = body["confined"].as_bool()};
    if (spec.confined && ::geteuid() == 0) spec.user = free_user();
    auto sandbox = make_sandbox(spec, fds.empty() ? -1 : fds[0].get());
    if (!sandbox) {
      users_.erase(spec.user);
      return tell(ended_message(id, {.kind = Outcome::Kind::kNotStarted, .reason = sandbox.error().message}));
    }
    Running task{.id = id,
                 .limits = spec.task.limits,
                 .sandbox = std::move(*sandbox),
                 .user = spec.user,
                 .confined = spec.confined};
    if (spec.confined) task.group = groups_.make(fmt::format("{}-{}", ::getpid(), id), task.limits);
    if (task.group && !task.group->add(task.sandbox.pid)) task.group.reset();
    (void)!::write(task.sandbox.go.get(), "", 1);
    task.sandbox.go.close();
    tasks_.emplace(id, std::move(task));
  }

  uid_t free_user() {
    do next_user_ = next_user_ + 1 == kFirstUser + kUsers ? kFirstUser : next_user_ + 1;
    while (users_.contains(next_user_));
    users_.insert(next_user_);
    return next_user_;
  }

  // A report of the sandbox's first process, or its end.
  void hear(Running& task) {
    auto received = receive_exactly(task.sandbox.report.get(), sizeof(SandboxReport));
    if (!received || !*received) return bury(task);
    SandboxReport report;
    std::memcpy(&report, (*received)->bytes.data(), sizeof report);
    if (report.kind != SandboxReport::Kind::kReady) {
      if (!task.report) task.report = report;  // a program that could not be started also exits
      return;
    }
    std::vector<int> listeners;
    for (const Fd& fd : (*received)->fds) listeners.push_back(fd.get());
    tell(Json::object({{"ready", task.id}}), listeners);
  }

  void end(Running& task) { ::kill(task.confined ? task.sandbox.pid : -task.sandbox.pid, SIGKILL); }

  void bury(Running& task) {
    end(task);
    while (::waitpid(task.sandbox.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    tell(ended_message(task.id, outcome(task)));
    users_.erase(task.user);
    const uint64_t id = task.id;
    tasks_.erase(id);
  }

  Outcome outcome(const Running& task) const {
    Outcome out{.peak_memory = task.peak};
    if (task.out_of_memory || (task.group && task.group->ran_out_of_memory())) {
      out.kind = Outcome::Kind::kOutOfMemory;
      out.peak_memory = task.limits.memory_bytes;
    } else if (task.killed) {
      out.kind = Outcome::Kind::kKilled;
    } else if (!task.report) {
      out.kind = Outcome::Kind::kLost;
      out.reason = "the sandbox ended without saying how";
    } else if (task.report->kind == SandboxReport::Kind::kFailed) {
      out.kind = Outcome::Kind::kNotStarted;
      out.reason = task.report->reason;
    } else {
      out.kind = task.report->kind == SandboxReport::Kind::kExited ? Outcome::Kind::kExited : Outcome::Kind::kSignalled;
      out.code = task.report->code;
    }
    return out;
  }

  // What the control groups cannot bound, or all where there are none: the processes' own memory.
  void watch() {
    std::map<pid_t, uint64_t> held;
    for (auto& [id, task] : tasks_) {
      if (!task.group && held.empty()) held = memory_below_children();
      const uint64_t now = task.group ? task.group->memory() : held[task.sandbox.pid];
      task.peak = std::max(task.peak, now);
      if (now > task.limits.memory_bytes && !task.out_of_memory && task.confined) {
        task.out_of_memory = true;
        end(task);
      }
      if (task.peak >= task.told_peak + kWorthTelling) {
        task.told_peak = task.peak;
        tell(Json::object({{"peak", task.peak}, {"task", task.id}}));
      }
    }
  }

  // Resident bytes of each of our children's families.
  std::map<pid_t, uint64_t> memory_below_children() const {
    std::map<pid_t, pid_t> parents;
    const auto names = list_directory("/proc");
    for (const std::string& name : names.value_or(std::vector<std::string>{}))
      if (const auto pid = parse_int(name))
        if (const auto stat = read_file(fmt::format("/proc/{}/stat", *pid))) {
          const size_t close = stat->rfind(')');  // the name before it may hold anything
          if (close == std::string::npos || close + 4 > stat->size()) continue;
          const std::string_view rest = std::string_view(*stat).substr(close + 4);
          parents[static_cast<pid_t>(*pid)] = static_cast<pid_t>(parse_int(rest.substr(0, rest.find(' '))).value_or(0));
        }
    std::map<pid_t, uint64_t> held;
    for (const auto& [pid, parent] : parents) {
      pid_t family = pid;
      while (family != 0 && parents.contains(family) && parents.at(family) != ::getpid()) family = parents.at(family);
      if (family != 0 && parents.contains(family)) held[family] += resident_bytes(pid);
    }
    return held;
  }

  const Fd socket_;
  const ControlGroups groups_;
  std::map<uint64_t, Running> tasks_;
  std::set<uid_t> users_;
  uid_t next_user_ = kFirstUser;
};

}  // namespace

Result<Spawner> fork_spawner() {
  auto [ours, its] = TRY(socket_pair());
  const pid_t pid = ::fork();
  if (pid < 0) return system_failure("start", "the spawner", errno);
  if (pid > 0) return Spawner{pid, std::move(ours)};

  ours.close();
  ::setsid();  // the terminal's signals are the server's
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NAME, "tarn-spawner");
  ::signal(SIGPIPE, SIG_IGN);
  {
    SpawnerLoop(std::move(its)).run();
  }
  // The tasks' first processes are told by our end.
  ::_exit(0);
}

}  // namespace tarn::run

#include "run/sandbox_runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "os/socket.h"

namespace tarn::run {
namespace {

constexpr size_t kOutputPiece = 64 << 10;

// A task as the runner knows it. `output`, `events` and `outcome` are the runner's thread's own.
struct Known {
  Fd output;
  TaskEvents events;
  std::optional<Outcome> outcome;
  std::atomic<bool> reading = true;  // its output is taken
  std::atomic<uint64_t> peak = 0;
  std::mutex mutex;
  std::vector<std::move_only_function<void()>> after;  // once its output until now was told
};

}  // namespace

struct SandboxRunner::State {
  Spawner spawner;
  bool confined;
  Fd wake;
  std::thread thread;
  std::mutex send_mutex;  // of sending to the spawner; never held with the other
  std::mutex mutex;       // of what follows
  std::map<uint64_t, std::shared_ptr<Known>> tasks;
  uint64_t next_id = 1;
  bool stopping = false;

  void tell(const Json& body, std::span<const int> fds = {}) {
    const std::lock_guard lock(send_mutex);
    (void)send_message(spawner.socket.get(), body, fds);  // where the spawner is gone, the runner's thread sees it
  }
  void nudge() const {
    const uint64_t one = 1;
    (void)!::write(wake.get(), &one, sizeof one);
  }

  void run();
  bool hear();
  void read_output(Known& task);
  void call_waiting(Known& task);
  void settle(uint64_t id, Known& task);
  void lose_all();
};

// --- the runner's thread ------------------------------------------------------------------------------------------------

void SandboxRunner::State::run() {
  while (true) {
    std::vector<std::pair<uint64_t, std::shared_ptr<Known>>> all;
    {
      const std::lock_guard lock(mutex);
      if (stopping && tasks.empty()) return;
      all.assign(tasks.begin(), tasks.end());
    }
    std::vector<pollfd> fds{{spawner.socket.get(), POLLIN, 0}, {wake.get(), POLLIN, 0}};
    for (const auto& [id, task] : all)
      fds.push_back({task->output && task->reading ? task->output.get() : -1, POLLIN, 0});
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
    if (fds[1].revents != 0) {
      uint64_t count;
      (void)!::read(wake.get(), &count, sizeof count);
    }
    for (size_t i = 0; i < all.size(); ++i) {
      Known& task = *all[i].second;
      bool asked;
      {
        const std::lock_guard lock(task.mutex);
        asked = !task.after.empty();
      }
      if (fds[i + 2].revents != 0 || (asked && task.output)) read_output(task);
      if (asked) call_waiting(task);
    }
    if (fds[0].revents != 0 && !hear()) return lose_all();
    for (const auto& [id, task] : all) settle(id, *task);
  }
}

bool SandboxRunner::State::hear() {
  auto message = receive_message(spawner.socket.get());
  if (!message || !*message) return false;
  const Json& body = (*message)->body;
  const auto known = [&](const char* name) -> std::shared_ptr<Known> {
    const std::lock_guard lock(mutex);
    const auto found = tasks.find(static_cast<uint64_t>(body[name].as_int()));
    return found == tasks.end() ? nullptr : found->second;
  };
  if (body.find("ready")) {
    if (const auto task = known("ready"); task && task->events.ready) task->events.ready(std::move((*message)->fds));
  } else if (body.find("peak") && body.find("task")) {
    if (const auto task = known("task")) task->peak = static_cast<uint64_t>(body["peak"].as_int());
  } else if (const auto task = known("ended")) {
    task->outcome = outcome_of(body);
    task->reading = true;  // what is left of its output comes before its end, whoever waits
  }
  return true;
}

void SandboxRunner::State::read_output(Known& task) {
  std::string piece(kOutputPiece, '\0');
  while (task.reading) {
    const ssize_t got = ::read(task.output.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return task.output.close();
    if (task.events.output && !task.events.output(std::string_view(piece).substr(0, static_cast<size_t>(got))))
      task.reading = task.outcome.has_value();
    if (static_cast<size_t>(got) < piece.size()) return;
  }
}

// Its output has just been read as far as it goes.
void SandboxRunner::State::call_waiting(Known& task) {
  std::vector<std::move_only_function<void()>> calls;
  {
    const std::lock_guard lock(task.mutex);
    calls.swap(task.after);
  }
  for (auto& call : calls) call();
}

void SandboxRunner::State::settle(uint64_t id, Known& task) {
  if (!task.outcome || task.output) return;
  call_waiting(task);
  if (task.events.ended) task.events.ended(std::move(*task.outcome));
  {
    const std::lock_guard lock(mutex);
    tasks.erase(id);
  }
  call_waiting(task);  // who asked in between
}

void SandboxRunner::State::lose_all() {
  std::map<uint64_t, std::shared_ptr<Known>> lost;
  {
    const std::lock_guard lock(mutex);
    lost.swap(tasks);
    stopping = true;
  }
  for (auto& [id, task] : lost)
    if (task->events.ended) task->events.ended({.kind = Outcome::Kind::kLost, .reason = "the spawner ended"});
}

// --- tasks --------------------------------------------------------------------------------------------------------------

class SandboxRunner::SandboxTask final : public Task {
 public:
  SandboxTask(std::shared_ptr<State> state, uint64_t id, std::shared_ptr<Known> known)
      : state_(std::move(state)), id_(id), known_(std::move(known)) {}
  ~SandboxTask() override { kill(); }

  void kill() override {
    {
      const std::lock_guard lock(state_->mutex);
      if (!state_->tasks.contains(id_)) return;
    }
    state_->tell(Json::object({{"kill", id_}}));
  }
  void resume_output() override {
    known_->reading = true;
    state_->nudge();
  }
  void after_output(std::move_only_function<void()> then) override {
    bool over = false;
    {
      const std::lock_guard lock(state_->mutex);
      over = !state_->tasks.contains(id_);
      const std::lock_guard waiting(known_->mutex);
      if (!over) known_->after.push_back(std::move(then));
    }
    if (over) return then();
    state_->nudge();
  }
  uint64_t peak_memory() const override { return known_->peak; }

 private:
  const std::shared_ptr<State> state_;
  const uint64_t id_;
  const std::shared_ptr<Known> known_;
};

SandboxRunner::SandboxRunner(Spawner spawner, bool confined) : state_(std::make_shared<State>()) {
  state_->spawner = std::move(spawner);
  state_->confined = confined;
  state_->wake = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

SandboxRunner::~SandboxRunner() {
  std::vector<uint64_t> left;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    for (const auto& [id, task] : state_->tasks) left.push_back(id);
  }
  for (const uint64_t id : left) state_->tell(Json::object({{"kill", id}}));
  state_->nudge();
  state_->thread.join();
  state_->spawner.socket.close();  // which ends it
  ::waitpid(state_->spawner.pid, nullptr, 0);
}

std::unique_ptr<Task> SandboxRunner::start(TaskSpec spec, TaskEvents events) {
  auto known = std::make_shared<Known>();
  known->events = std::move(events);
  const auto refused = [&](const std::string& why) {
    known->outcome = Outcome{.kind = Outcome::Kind::kNotStarted, .reason = why};
  };
  int pipe[2] = {-1, -1};
  if (::pipe2(pipe, O_CLOEXEC) != 0) refused("no more file descriptors");
  Fd its_end(pipe[1]);
  known->output = Fd(pipe[0]);
  if (known->output) ::fcntl(known->output.get(), F_SETFL, O_NONBLOCK);

  uint64_t id;
  {
    const std::lock_guard lock(state_->mutex);
    id = state_->next_id++;
    if (state_->stopping) refused("the server stops");
    state_->tasks[id] = known;
  }
  const int fd = its_end.get();
  if (!known->outcome) state_->tell(start_message(id, state_->confined, spec), std::span(&fd, 1));
  state_->nudge();
  return std::make_unique<SandboxTask>(state_, id, known);
}

std::string SandboxRunner::check() {
  std::promise<Outcome> ended;
  const auto task =
      start({.name = "check", .command = {"/bin/true"}, .environment = {}},
            {.ready = {}, .output = {}, .ended = [&](Outcome outcome) { ended.set_value(std::move(outcome)); }});
  const Outcome outcome = ended.get_future().get();
  return outcome.kind == Outcome::Kind::kExited && outcome.code == 0 ? std::string() : outcome.text();
}

}  // namespace tarn::run

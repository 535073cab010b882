#include "sql/engine/engine_main.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <thread>
#include <utility>

#include "os/process.h"
#include "sql/channel.h"
#include "sql/engine/confine.h"
#include "sql/engine/session.h"
#include "sql/engine_exit.h"
#include "sql/protocol.h"
#include "sql/threads.h"

namespace tarn::sql::engine {
namespace {

// One session, whose statements run one after the other.
class Worker : public std::enable_shared_from_this<Worker> {
 public:
  using Work = std::move_only_function<void(Session&)>;

  explicit Worker(std::unique_ptr<Session> session) : session_(std::move(session)) {}

  // What is to be run for it; nothing where it waits for what runs already.
  Threads::Work add(Work work) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    if (std::exchange(busy_, true)) return {};
    return [self = shared_from_this()] { self->serve(); };
  }
  void cancel() {
    const std::lock_guard lock(mutex_);
    if (busy_) session_->cancel();
  }
  // Cancels what runs and forgets what waits. The session ends with the last who holds this.
  void end() {
    const std::lock_guard lock(mutex_);
    queue_.clear();
    session_->cancel();
  }
  Session& session() { return *session_; }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    while (!queue_.empty()) {
      Work work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work(*session_);
      lock.lock();
      session_->statement_ended();
    }
    busy_ = false;
  }

  std::unique_ptr<Session> session_;
  std::mutex mutex_;
  std::deque<Work> queue_;
  bool busy_ = false;  // a thread runs what waits, or is about to
};

// What the process may hold: DuckDB's share, and as much again for what it does not count, beside what the program itself is.
uint64_t most_resident(const EngineOptions& options) {
  return 2 * options.memory_bytes + (uint64_t{1} << 30);
}

class Server {
 public:
  explicit Server(Fd socket) : channel_(std::move(socket)), link_(channel_), clock_([this] { watch(); }) {}
  ~Server() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    ended_.notify_all();
    clock_.join();
  }

  // Until the other half has ended.
  void run() {
    threads_.run([this] { read(); });
    std::unique_lock lock(mutex_);
    closed_.wait(lock, [&] { return is_closed_; });
  }

 private:
  using Workers = std::map<uint64_t, std::shared_ptr<Worker>>;
  using Work = Threads::Work;

  // The thread that has read a request works on it itself, and lets another read on: reading never waits for work, and work
  // does not wait until another thread has woken.
  void read() {
    while (auto message = channel_.next()) {
      if (Work work = handle(std::move(*message))) {
        threads_.run([this] { read(); });
        return work();
      }
    }
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    closed_.notify_all();
  }

  std::shared_ptr<Worker> worker(uint64_t session) {
    const std::lock_guard lock(mutex_);
    const auto found = workers_.find(session);
    return found == workers_.end() ? nullptr : found->second;
  }

  // Runs it behind the session's others, and sends what it returns.
  template <class Run>
  Work in_session(uint64_t session, uint64_t id, Run run) {
    const auto to = worker(session);
    if (!to) return refused(id, Error{400, "SqlError", "The session has ended.", {{"sqlstate", "08003"}}});
    return to->add([this, id, run = std::move(run)](Session& at) mutable { channel_.reply_result(id, run(at)); });
  }

  // Runs what belongs to no session, and sends what it returns.
  template <class Run>
  Work aside(uint64_t id, Run run) {
    return [this, id, run = std::move(run)]() mutable { channel_.reply_result(id, run()); };
  }
  Work refused(uint64_t id, Error error) {
    channel_.reply_error(id, error);
    return {};
  }

  // What is to be done for a request; nothing where that is done already.
  Work handle(Message message) {
    const uint64_t id = message.id;
    const int spool = message.files.empty() ? -1 : message.files.back().get();
    const auto file = std::make_shared<std::vector<Fd>>(std::move(message.files));
    switch (static_cast<Ask>(message.kind)) {
      case Ask::kConfigure:
        return aside(id, [this, options = decoded<EngineOptions>(message.body)] { return configure(options); });
      case Ask::kOpenSession:
        return aside(id, [this, wanted = decoded<OpenSession>(message.body)] { return open_session(wanted); });
      case Ask::kCloseSession: return close_session(decoded<uint64_t>(message.body));
      case Ask::kCancel:
        if (const auto to = worker(decoded<uint64_t>(message.body))) to->cancel();
        return {};
      case Ask::kExecute: {
        auto request = decoded<InSession<ExecuteRequest>>(message.body);
        return in_session(request.session, id, [request = std::move(request.value), spool, file](Session& at) {
          return at.execute(request, spool);
        });
      }
      case Ask::kUnload: {
        auto request = decoded<InSession<UnloadRequest>>(message.body);
        return in_session(request.session, id,
                          [request = std::move(request.value)](Session& at) { return at.unload(request); });
      }
      case Ask::kLoad: {
        auto request = decoded<InSession<LoadRequest>>(message.body);
        return in_session(request.session, id,
                          [request = std::move(request.value)](Session& at) { return at.load(request); });
      }
      case Ask::kSelect: return select(id, decoded<SelectRequest>(message.body), std::move(*file));
      case Ask::kCreateDatabase:
        return aside(id,
                     [this, name = decoded<std::string>(message.body)] { return instance_->create_database(name); });
      case Ask::kDropDatabase:
        return aside(id, [this, name = decoded<std::string>(message.body)] { return instance_->drop_database(name); });
      case Ask::kListDatabases:
        return aside(id, [this]() -> Result<std::vector<std::string>> { return instance_->list_databases(); });
      case Ask::kCommitted:
        return aside(id, [this, asked = decoded<Committed>(message.body)] {
          return instance_->committed(asked.database, asked.statement_id);
        });
      default: return refused(id, Error{500, "InternalFailure", "Unknown request to the SQL engine.", {}});
    }
  }

  Status configure(const EngineOptions& options) {
    instance_ = TRY(Instance::open(options));
    most_resident_ = most_resident(options);
    confine();  // beside DuckDB's own bounds: where the kernel refuses, those still hold
    return {};
  }

  Result<uint64_t> open_session(const OpenSession& wanted) {
    auto session = TRY(Session::open(*instance_, link_, wanted.database));
    const std::lock_guard lock(mutex_);
    const uint64_t id = ++last_session_;
    workers_[id] = std::make_shared<Worker>(std::move(session));
    return id;
  }

  // Its statement is cancelled; it ends when that has.
  Work close_session(uint64_t session) {
    const std::lock_guard lock(mutex_);
    const auto found = workers_.find(session);
    if (found == workers_.end()) return {};
    found->second->end();
    closed_sessions_.push_back(found->second);
    Work end = [gone = std::move(found->second)] {};
    workers_.erase(found);
    return end;
  }

  Work select(uint64_t id, SelectRequest request, std::vector<Fd> files) {
    return aside(id, [this, id, request = std::move(request), files = std::move(files)]() mutable -> Result<SelectOutcome> {
      auto session = TRY(Session::open(*instance_, link_, ""));
      Fd spool = std::move(files.back());
      files.pop_back();
      request.object.files = std::move(files);
      const std::shared_ptr<Session> shared = std::move(session);
      {
        const std::lock_guard lock(mutex_);
        selects_[id] = shared;
      }
      auto result = shared->select(std::move(request), spool.get());
      const std::lock_guard lock(mutex_);
      selects_.erase(id);
      return result;
    });
  }

  // Also over its memory: DuckDB's own limit does not know what functions and extensions allocate, and a machine without
  // memory stands still.
  void watch() {
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, std::chrono::milliseconds(100), [&] { return ending_; })) {
      if (most_resident_ > 0 && resident_bytes(::getpid()) > most_resident_) ::_exit(kExitMemory);
      const auto now = std::chrono::steady_clock::now();
      for (const auto& [id, to] : workers_) to->session().check_deadline(now);
      std::erase_if(closed_sessions_, [&](const auto& closed) { return closed.expired(); });
      for (const auto& closed : closed_sessions_)
        if (const auto to = closed.lock()) to->session().check_deadline(now);
      for (const auto& [id, session] : selects_) session->check_deadline(now);
    }
  }

  Channel channel_;
  Link link_;
  std::unique_ptr<Instance> instance_;
  std::atomic<uint64_t> most_resident_{0};  // 0: not configured yet
  std::mutex mutex_;
  Workers workers_;
  std::vector<std::weak_ptr<Worker>> closed_sessions_;  // whose statements may still run
  std::map<uint64_t, std::shared_ptr<Session>> selects_;
  uint64_t last_session_ = 0;
  bool ending_ = false, is_closed_ = false;
  std::condition_variable ended_, closed_;
  std::thread clock_;
  // The engine's allocator gives a thread's memory back to the system when it ends, and a statement on a new thread would have
  // to fault all of it in again; a thread that rests need not keep it.
  Threads threads_{[] { duckdb::Allocator::ThreadFlush(false, 0, 1); }};
};

// Statements that compute take what processor time is left over: objects, small calls and functions go before them.
constexpr int kNice = 10;

}  // namespace

int engine_main(int argc, char** argv) {
  const int socket = argc > 1 ? std::atoi(argv[1]) : -1;
  if (socket < 0) return 64;
  ::signal(SIGPIPE, SIG_IGN);
  ::setpriority(PRIO_PROCESS, 0, kNice);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  Server server{Fd(socket)};
  server.run();
  // The server is gone: uncommitted work is to be dropped, and the database files are whole at any moment.
  ::_exit(0);
}

}  // namespace tarn::sql::engine

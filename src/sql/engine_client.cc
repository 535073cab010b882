#include "sql/engine_client.h"

#include <fmt/format.h>

#include <mutex>
#include <set>

#include "os/process.h"
#include "os/socket.h"
#include "sql/channel.h"
#include "sql/engine_exit.h"
#include "sql/protocol.h"
#include "sql/sql_error.h"
#include "sql/threads.h"

namespace tarn::sql {
namespace {

using Clock = std::chrono::steady_clock;

// The engine inherits one descriptor, as number 3, and no environment: nothing of the server's can leak to it.
// It ends by itself when its socket closes: it shall not die with the thread that happened to start it.
Result<std::pair<Child, Fd>> spawn() {
  const std::string own = TRY(own_program());
  auto [ours, theirs] = TRY(socket_pair());
  Child child = TRY(Child::spawn({.program = own.substr(0, own.rfind('/')) + "/tarn-engine",
                                  .args = {"3"},
                                  .environment = std::vector<std::string>{"LC_ALL=C.UTF-8"},
                                  .directory = {},
                                  .fds = {{theirs.get(), 3}},
                                  .die_with_parent = false}));
  return std::pair(std::move(child), std::move(ours));
}

// Answers what one engine process asks.
class Answers {
 public:
  Answers(Channel& channel, ServerCallbacks& callbacks) : channel_(channel), callbacks_(callbacks) {}

  void answer(const Message& message) {
    const auto name = [&] { return decoded<TableName>(message.body); };
    switch (static_cast<Ask>(message.kind)) {
      case Ask::kResolveTable: {
        const TableName table = name();
        return channel_.reply_result(
            message.id, callbacks_.resolve_table(table.principal, table.catalog, table.database, table.table));
      }
      case Ask::kListPartitions: {
        const TableName table = name();
        return channel_.reply_result(
            message.id, callbacks_.list_partitions(table.principal, table.catalog, table.database, table.table));
      }
      case Ask::kListTables: {
        const TableName table = name();
        return channel_.reply_result(message.id,
                                     callbacks_.list_tables(table.principal, table.catalog, table.database));
      }
      case Ask::kListObjects: return list_objects(message);
      case Ask::kOpenObject: return open_object(message);
      case Ask::kCreateObject: {
        const auto asked = decoded<NewObject>(message.body);
        auto staged = callbacks_.create_object(asked.principal, asked.statement, asked.uri);
        if (!staged) return channel_.reply_error(message.id, staged.error());
        return channel_.reply(message.id, encoded(*staged), {staged->file.get()});
      }
      case Ask::kFinishObject: {
        const auto object = decoded<FinishedObject>(message.body);
        return channel_.reply_result(message.id, callbacks_.finish_object(object.handle, object.size));
      }
      case Ask::kAbortObject: return callbacks_.abort_object(decoded<uint64_t>(message.body));
      case Ask::kAuthorise: {
        const auto asked = decoded<UsesAsked>(message.body);
        return channel_.reply_result(message.id, callbacks_.authorise(asked.principal, asked.uses));
      }
      case Ask::kSystemRows: {
        const auto asked = decoded<RowsAsked>(message.body);
        return channel_.reply_result(message.id, callbacks_.system_rows(asked.principal, asked.view));
      }
      default:
        channel_.reply_error(message.id, Error{500, "InternalFailure", "The SQL engine asked an unknown question."});
    }
  }

 private:
  void list_objects(const Message& message) {
    const auto asked = decoded<ObjectsAsked>(message.body);
    auto objects = callbacks_.list_objects(asked.principal, asked.uris);
    if (!objects) return channel_.reply_error(message.id, objects.error());
    ObjectsListed listed{std::move(*objects), std::nullopt};
    const bool one = listed.objects.size() == 1 && listed.objects[0].size() == 1;
    // Where it may not be opened, that is said when it is asked for.
    if (one)
      if (auto opened = callbacks_.open_object(asked.principal, listed.objects[0][0].uri); opened)
        listed.only = std::move(*opened);
    channel_.reply(message.id, encoded(listed), files_of(listed.only));
  }

  void open_object(const Message& message) {
    const auto asked = decoded<ObjectsAsked>(message.body);
    auto opened = callbacks_.open_object(asked.principal, asked.uris.empty() ? "" : asked.uris[0]);
    if (!opened) return channel_.reply_error(message.id, opened.error());
    channel_.reply(message.id, encoded(*opened), files_of(*opened));
  }

  static std::vector<int> files_of(const std::optional<OpenedObject>& object) {
    std::vector<int> files;
    if (!object) return files;
    for (const Fd& file : object->files) files.push_back(file.get());
    return files;
  }

  Channel& channel_;
  ServerCallbacks& callbacks_;
};

// One run of the engine process, from start to end.
class Process {
 public:
  Process(Child child, Fd socket, ServerCallbacks& callbacks)
      : child_(std::move(child)), channel_(std::move(socket)), answers_(channel_, callbacks) {
    threads_.run([this] { read(); });
  }
  ~Process() { channel_.close(); }
  Channel& channel() { return channel_; }
  bool alive() { return !channel_.closed(); }
  int pid() const { return child_.pid(); }
  // Of one that has just ended by itself; empty: unknown. THREADS: one at a time.
  std::string_view why_it_ended() {
    const auto status = child_.wait_for(kSecond / 10);
    if (!status || status->by_signal) return "";
    if (status->code == kExitMemory) return ", since it took more memory than it may";
    if (status->code == kExitDeaf) return ", since one that was cancelled went on";
    return "";
  }

 private:
  // The thread that has read a question answers it, while another reads on.
  void read() {
    const auto question = channel_.next();
    if (!question) return;
    threads_.run([this] { read(); });
    answers_.answer(*question);
  }

  Child child_;  // killed last, when nobody waits for it any more
  Channel channel_;
  Answers answers_;
  Threads threads_;  // they end when the channel is closed
};

}  // namespace

struct Engine::State {
  EngineOptions options;
  ServerCallbacks& callbacks;
  mutable std::mutex mutex = {};
  std::shared_ptr<Process> process = {};
  uint64_t generation = 0;  // of the process; the upper half of its session ids
  std::set<uint64_t> sessions = {};
  int running = 0;
  Clock::time_point last_used = Clock::now();

  // The process that runs, or a new one.
  Result<std::shared_ptr<Process>> started();
  // The process of that session, unless it has ended.
  Result<std::shared_ptr<Process>> of_session(SessionId session);
  Result<Message> call(const std::shared_ptr<Process>& to, Ask kind, std::string body,
                       const std::vector<int>& files = {});
};

Result<std::shared_ptr<Process>> Engine::State::started() {
  const std::lock_guard lock(mutex);
  if (process && process->alive()) return process;
  process.reset();
  sessions.clear();
  auto [child, socket] = TRY(spawn());
  process = std::make_shared<Process>(std::move(child), std::move(socket), callbacks);
  ++generation;
  const auto configured = process->channel().call(static_cast<uint16_t>(Ask::kConfigure), encoded(options));
  if (!configured) {
    process.reset();
    return Failure(configured.error());
  }
  return process;
}

Result<std::shared_ptr<Process>> Engine::State::of_session(SessionId session) {
  const std::lock_guard lock(mutex);
  if (!process || !process->alive() || session.value >> 32 != generation || !sessions.contains(session.value)) {
    return sql_error("08003", "The session has ended: its temporary tables and open transaction are gone.");
  }
  return process;
}

Result<Message> Engine::State::call(const std::shared_ptr<Process>& to, Ask kind, std::string body,
                                    const std::vector<int>& files) {
  {
    const std::lock_guard lock(mutex);
    ++running;
  }
  auto reply = to->channel().call(static_cast<uint16_t>(kind), std::move(body), files);
  const std::lock_guard lock(mutex);
  --running;
  last_used = Clock::now();
  if (!reply && reply.error().code == "EngineEnded") {
    return sql_error("57P02", fmt::format("The SQL engine of this database ended while the statement ran{}. What was not "
                                          "committed is undone; the next statement starts it again.",
                                          to->why_it_ended()));
  }
  return reply;
}

Engine::Engine(EngineOptions options, ServerCallbacks& callbacks)
    : state_(new State{.options = std::move(options), .callbacks = callbacks}) {}

Engine::~Engine() = default;

Status Engine::create_database(const std::string& name) {
  const auto process = TRY(state_->started());
  TRY(state_->call(process, Ask::kCreateDatabase, encoded(name)));
  return {};
}

Status Engine::drop_database(const std::string& name) {
  const auto process = TRY(state_->started());
  TRY(state_->call(process, Ask::kDropDatabase, encoded(name)));
  return {};
}

Result<std::vector<std::string>> Engine::list_databases() {
  const auto process = TRY(state_->started());
  return decoded<std::vector<std::string>>(TRY(state_->call(process, Ask::kListDatabases, {})).body);
}

Result<bool> Engine::committed(const std::string& database, const std::string& statement_id) {
  const auto process = TRY(state_->started());
  return decoded<bool>(TRY(state_->call(process, Ask::kCommitted, encoded(Committed{database, statement_id}))).body);
}

Result<SessionId> Engine::open_session(const std::string& database, Dialect dialect) {
  const auto process = TRY(state_->started());
  const Message reply = TRY(state_->call(process, Ask::kOpenSession, encoded(OpenSession{database, dialect})));
  const std::lock_guard lock(state_->mutex);
  const SessionId session{state_->generation << 32 | decoded<uint64_t>(reply.body)};
  if (state_->process == process) state_->sessions.insert(session.value);
  return session;
}

void Engine::close_session(SessionId session) {
  const auto process = state_->of_session(session);
  if (!process) return;
  (*process)->channel().post(static_cast<uint16_t>(Ask::kCloseSession), encoded(session.value & 0xFFFFFFFF));
  const std::lock_guard lock(state_->mutex);
  state_->sessions.erase(session.value);
  state_->last_used = Clock::now();
}

Result<Outcome> Engine::execute(SessionId session, const ExecuteRequest& request) {
  const auto process = TRY(state_->of_session(session));
  std::vector<int> files;
  if (request.spool >= 0) files.push_back(request.spool);
  const Message reply = TRY(state_->call(
      process, Ask::kExecute, encoded(InSession<ExecuteRequest>{session.value & 0xFFFFFFFF, request}), files));
  return decoded<Outcome>(reply.body);
}

Result<Outcome> Engine::unload(SessionId session, const UnloadRequest& request) {
  const auto process = TRY(state_->of_session(session));
  const Message reply =
      TRY(state_->call(process, Ask::kUnload, encoded(InSession<UnloadRequest>{session.value & 0xFFFFFFFF, request})));
  return decoded<Outcome>(reply.body);
}

Result<LoadOutcome> Engine::load(SessionId session, const LoadRequest& request) {
  const auto process = TRY(state_->of_session(session));
  const Message reply =
      TRY(state_->call(process, Ask::kLoad, encoded(InSession<LoadRequest>{session.value & 0xFFFFFFFF, request})));
  return decoded<LoadOutcome>(reply.body);
}

Result<SelectOutcome> Engine::select(SelectRequest request) {
  const auto process = TRY(state_->started());
  std::vector<int> files;
  for (const Fd& file : request.object.files) files.push_back(file.get());
  if (request.spool >= 0) files.push_back(request.spool);  // the last one
  return decoded<SelectOutcome>(TRY(state_->call(process, Ask::kSelect, encoded(request), files)).body);
}

void Engine::cancel(SessionId session) {
  const auto process = state_->of_session(session);
  if (process) (*process)->channel().post(static_cast<uint16_t>(Ask::kCancel), encoded(session.value & 0xFFFFFFFF));
}

bool Engine::running() const {
  const std::lock_guard lock(state_->mutex);
  return state_->process && state_->process->alive();
}

bool Engine::end_if_idle(std::chrono::milliseconds idle) {
  std::shared_ptr<Process> ended;
  const std::lock_guard lock(state_->mutex);
  if (!state_->process || state_->running > 0 || !state_->sessions.empty() || Clock::now() - state_->last_used < idle) {
    return false;
  }
  ended = std::move(state_->process);
  return true;
}

int Engine::pid() const {
  const std::lock_guard lock(state_->mutex);
  return state_->process && state_->process->alive() ? state_->process->pid() : 0;
}

}  // namespace tarn::sql

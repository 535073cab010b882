// Sessions, the queue of statements, and the threads that run them.
#include "services/redshift_data/redshift_data.h"

#include <fmt/format.h>

#include "base/text.h"
#include "door/door.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"
#include "services/redshift_data/definitions.h"
#include "services/redshift_data/host.h"
#include "sql/sql_error.h"

namespace tarn::redshift_data {
namespace {

constexpr size_t kMaxSessions = 500;                // AWS: Data API quotas: active sessions of a workgroup
constexpr int kMaxWaiting = 8;                      // handlers that wait hold a worker each
constexpr uint64_t kMaxResultBytes = 500ull << 20;  // AWS: Data API, query result size
constexpr int kWorkersForOthers = 2;               // one caller's statements never take them all
constexpr auto kHouseKeeping = std::chrono::seconds(20);

}  // namespace

RedshiftData::RedshiftData(Door& door, Options options) : door_(door), options_(std::move(options)) {
  door_.timers().on("redshift.namespace_deleted",
                    [this](Transaction& tx, const Timer& timer) { return forget_namespace(tx, timer.id); });
}

RedshiftData::~RedshiftData() {
  stop();
}

Status RedshiftData::start() {
  TRY(make_directories(options_.directory + "/redshift/results"));
  threads_.emplace_back([this] { keep_house(); });
  for (int i = 0; i < options_.workers; ++i) threads_.emplace_back([this] { work(); });
  return {};
}

void RedshiftData::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [id, job] : jobs_) {
      job->cancelled = true;
      if (job->started && job->session) job->session->sql->cancel();
    }
  }
  arrived_.notify_all();
  finished_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  const std::lock_guard lock(mutex_);
  sessions_.clear();
  queue_.clear();
  jobs_.clear();
  warehouses_.clear();
}

// --- engines and sessions -------------------------------------------------------------------------------------------

std::shared_ptr<Warehouse> RedshiftData::warehouse(const std::string& namespace_id) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Warehouse>& made = warehouses_[namespace_id];
  if (made) return made;
  const std::string folder = options_.directory + "/redshift/" + namespace_id;
  (void)make_directories(folder + "/databases");  // the engine says so when it cannot open them
  sql::EngineOptions engine;
  engine.databases = folder + "/databases";
  engine.scratch = folder + "/scratch";
  engine.memory_bytes = options_.engine_memory;
  engine.threads = options_.engine_threads;
  engine.spatial_extension = options_.spatial_extension;
  engine.avro_extension = options_.avro_extension;
  made = std::make_shared<Warehouse>(door_, std::move(engine));
  return made;
}

Result<std::shared_ptr<LiveSession>> RedshiftData::new_session(const Principal& principal, const Workgroup& workgroup,
                                                               const std::string& database,
                                                               std::optional<int64_t> keep_alive_seconds) {
  auto session = std::make_shared<LiveSession>();
  session->principal = identity_of(principal);
  session->workgroup = workgroup;
  session->database = database.empty() ? workgroup.database : lower(database);
  session->warehouse = warehouse(workgroup.namespace_id);
  session->sql = std::make_unique<sql::SqlSession>(
      session->warehouse->engine(), TRY(session_options(door_.store(), workgroup, session->database)));
  session->keep_alive = keep_alive_seconds.value_or(0) * kSecond;
  session->busy = true;
  if (!keep_alive_seconds || *keep_alive_seconds == 0) return session;
  session->id = uuid4();
  const std::lock_guard lock(mutex_);
  if (sessions_.size() >= kMaxSessions)
    return fail(400, "ActiveSessionsExceededException",
                fmt::format("There are {} active sessions, which is the most.", kMaxSessions));
  sessions_[session->id] = session;
  return session;
}

Result<std::shared_ptr<LiveSession>> RedshiftData::take_session(const Principal& principal, const std::string& id,
                                                                std::optional<int64_t> keep_alive_seconds) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second->principal != identity_of(principal))
    return not_found("Session is not available: " + id, id);
  LiveSession& session = *found->second;
  // ASSUMED: the wording. AWS: a session runs one statement at a time.
  if (session.busy) return invalid("Session " + id + " is busy: it is running another statement");
  session.busy = true;
  if (keep_alive_seconds) session.keep_alive = *keep_alive_seconds * kSecond;
  return found->second;
}

std::map<std::string, OpenSession> RedshiftData::open_sessions() {
  const std::lock_guard lock(mutex_);
  std::map<std::string, OpenSession> open;
  for (const auto& [id, session] : sessions_)
    open[id] = {.statement = {}, .keep_alive = session->keep_alive, .left = session->ends - steady_now()};
  for (const auto& [id, job] : jobs_)
    if (const auto at = job->session ? open.find(job->session->id) : open.end(); at != open.end()) at->second.statement = job->key.id;
  return open;
}

Target RedshiftData::target_of_session(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? Target{} : Target::again(found->second->workgroup);
}

void RedshiftData::release_session(LiveSession& session) {
  const std::lock_guard lock(mutex_);
  session.busy = false;
  session.sql->revive();
  session.ends = steady_now() + session.keep_alive;
  if (!session.id.empty() && session.keep_alive == 0) sessions_.erase(session.id);
}

void RedshiftData::end_namespace(const std::string& namespace_id) {
  std::shared_ptr<Warehouse> gone;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = warehouses_.find(namespace_id); found != warehouses_.end()) {
      gone = std::move(found->second);
      warehouses_.erase(found);
    }
    for (const auto& [id, job] : jobs_)
      if (job->session && job->session->workgroup.namespace_id == namespace_id) job->session->sql->cancel();
    std::erase_if(sessions_, [&](const auto& each) {
      return each.second->workgroup.namespace_id == namespace_id && !each.second->busy;
    });
  }
  gone.reset();  // ends the engine, unless a statement is still being cancelled: then that ends with it
}

// The namespace has been deleted: its databases and what was defined in them go. May be run anew.
Status RedshiftData::forget_namespace(Transaction& tx, const std::string& namespace_id) {
  end_namespace(namespace_id);
  TRY(remove_tree(options_.directory + "/redshift/" + namespace_id));
  return erase_definitions(tx, namespace_id);
}

// --- the queue ------------------------------------------------------------------------------------------------------

void RedshiftData::submit(std::shared_ptr<Job> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_[job->key.id] = job;
    queue_.push_back(std::move(job));
  }
  arrived_.notify_one();
}

bool RedshiftData::cancel(const StatementKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(key.id);
  if (found == jobs_.end()) return false;
  found->second->cancelled = true;
  if (found->second->started && found->second->session) found->second->session->sql->cancel();
  return true;
}

bool RedshiftData::is_cancelled(const Job& job) {
  const std::lock_guard lock(mutex_);
  return job.cancelled;
}

Status RedshiftData::wait(const StatementKey& key, std::chrono::seconds limit) {
  std::unique_lock lock(mutex_);
  if (waiting_ >= kMaxWaiting)
    return fail(400, "ActiveWaitingRequestsExceededException",
                fmt::format("There are {} waiting requests, which is the most.", kMaxWaiting));
  ++waiting_;
  finished_.wait_for(lock, limit, [&] { return stopping_ || !jobs_.contains(key.id); });
  --waiting_;
  return {};
}

// Gives the job's session back; one that was for this statement only ends here.
void RedshiftData::let_go(Job& job) {
  std::shared_ptr<LiveSession> session;
  {
    const std::lock_guard lock(mutex_);
    session = std::exchange(job.session, nullptr);
  }
  if (session) release_session(*session);
}

// The first that waits of whoever has the fewest statements running, so that many of one caller's delay nobody else's; and
// some workers are left for others. REQUIRES: mutex_ held. nullptr: nothing may start now.
std::shared_ptr<Job> RedshiftData::take_next() {
  auto best = queue_.end();
  int fewest = std::max(1, options_.workers - kWorkersForOthers);
  for (auto at = queue_.begin(); at != queue_.end(); ++at) {
    const auto running = running_.find((*at)->caller.principal.arn);
    const int count = (*at)->cancelled || running == running_.end() ? 0 : running->second;
    if (count >= fewest) continue;
    best = at;
    fewest = count;
  }
  if (best == queue_.end()) return nullptr;
  const std::shared_ptr<Job> job = *best;
  queue_.erase(best);
  ++running_[job->caller.principal.arn];
  return job;
}

void RedshiftData::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    std::shared_ptr<Job> job;
    arrived_.wait(lock, [&] { return stopping_ || (job = take_next()) != nullptr; });
    if (stopping_) return;
    lock.unlock();
    run(*job);
    let_go(*job);
    lock.lock();
    jobs_.erase(job->key.id);
    if (--running_[job->caller.principal.arn] == 0) running_.erase(job->caller.principal.arn);
    if (waiting_ > 0) finished_.notify_all();  // a job that may start now is taken by this thread
  }
}

void RedshiftData::keep_house() {
  (void)settle();
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    std::vector<std::shared_ptr<LiveSession>> ended;
    std::vector<std::shared_ptr<Warehouse>> warehouses;
    for (auto each = sessions_.begin(); each != sessions_.end();) {
      const bool over = !each->second->busy && each->second->ends <= steady_now();
      if (over) ended.push_back(each->second);
      each = over ? sessions_.erase(each) : std::next(each);
    }
    for (const auto& [id, warehouse] : warehouses_) warehouses.push_back(warehouse);
    lock.unlock();
    ended.clear();
    for (const auto& warehouse : warehouses) warehouse->engine().end_if_idle(options_.engine_idle);
    forget_old();
    lock.lock();
    finished_.wait_for(lock, kHouseKeeping, [this] { return stopping_; });
  }
}

// --- one statement --------------------------------------------------------------------------------------------------

Status RedshiftData::write(const StatementKey& key, const StatementRecord& record) {
  const Sequence written = TRY(door_.store().run([&](Transaction& tx) -> Status {
    TRY(tx.put(kStatements, key, record));
    if (!record.with_event || !is_over(record.state)) return {};
    // AWS: Monitoring events for the Data API with EventBridge.
    const Json detail = Json::object({{"principal", record.principal},
                                      {"statementName", record.name},
                                      {"statementId", key.id},
                                      {"workgroupArn", record.workgroup_arn},
                                      {"redshiftQueryId", record.parts.back().query_id},
                                      {"state", std::string(state_text(record.state))},
                                      {"rows", record.parts.back().rows},
                                      {"expireAt", (record.created + kRetention).seconds()}});
    const Json event = Json::object({{"source", "aws.redshift-data"},
                                     {"detail-type", "Redshift Data Statement Status Change"},
                                     {"resources", Json::array({Json(record.workgroup_arn)})},
                                     {"detail", detail}});
    return door_.outbox().emit(tx, {.kind = "aws.redshift-data:Redshift Data Statement Status Change",
                                    .account = key.owner,
                                    .region = key.region,
                                    .payload = event.text()});
  }));
  // Nobody is told that it runs before that is on the disk: whoever asks waits for what it has seen.
  return is_over(record.state) ? door_.store().wait_synced(written) : Status();
}

void RedshiftData::run(Job& job) {
  const auto tx = door_.store().read();
  auto read = tx->get(kStatements, job.key);
  if (!read || !*read) return;
  StatementRecord record = std::move(**read);
  const Micros began = steady_now();
  bool cancelled = false;
  {
    const std::lock_guard lock(mutex_);
    job.started = true;
    cancelled = job.cancelled;
  }
  if (!cancelled) {
    record.state = StatementState::kStarted;
    record.updated = door_.clock().now();
    record.pid = job.session->warehouse->engine().pid();
    if (const Status written = write(job.key, record); !written) return;
  }
  const Status done =
      cancelled ? Status(sql::sql_error("57014", "Query cancelled on user's request")) : run_parts(job, record);
  record.duration_nanos = (steady_now() - began) * 1000;
  record.updated = door_.clock().now();
  record.pid = job.session->warehouse->engine().pid();
  if (done) {
    record.state = StatementState::kFinished;
  } else {
    record.state = is_cancelled(job) ? StatementState::kAborted : StatementState::kFailed;
    record.error = error_text(done.error());
  }
  // Whoever sees that the statement is over may use its session at once.
  let_go(job);
  // A server that stops leaves the record open: the next one settles it.
  bool stopping = false;
  {
    const std::lock_guard lock(mutex_);
    stopping = stopping_;
  }
  if (stopping && !done) return;
  (void)write(job.key, record);
}

Status RedshiftData::run_parts(Job& job, StatementRecord& record) {
  LiveSession& session = *job.session;
  const auto actor = std::make_shared<Actor>(door_, job.caller, session.workgroup);
  StatementHost host(*session.warehouse, actor, session.database, job.key.id);
  if (session.database == session.workgroup.database) TRY(session.warehouse->ensure_database(session.database));
  const bool together = record.batch && !record.auto_commit && !session.sql->in_transaction();
  const auto control = [&](std::string_view text) -> Status {
    const auto statement = TRY(sql::split_statements(text));
    TRY(session.sql->run(host, statement[0], {job.key.id}));
    return {};
  };
  if (together) TRY(control("BEGIN"));
  Status all;
  for (size_t i = 0; i < record.parts.size(); ++i) {
    PartRecord& part = record.parts[i];
    if (!all && (together || is_cancelled(job))) {
      part.state = StatementState::kAborted;
      continue;
    }
    const Micros began = steady_now();
    part.created = door_.clock().now();
    const auto outcome = run_one(job, host, record, i);
    part.duration_nanos = (steady_now() - began) * 1000;
    part.updated = door_.clock().now();
    part.state = outcome ? StatementState::kFinished : StatementState::kFailed;
    if (outcome) continue;
    part.error = error_text(outcome.error());
    Error error = outcome.error();
    if (record.batch && all) {
      // AWS: a batch's error names the statement.
      error.message = fmt::format("Query #{} failed with {}", i + 1, part.error);
      error.code = "BatchError";
    }
    if (all) all = Failure(std::move(error));
  }
  if (together) {
    session.sql->revive();
    const Status ended = control(all ? "COMMIT" : "ROLLBACK");
    if (all && !ended) all = ended;
  }
  // A transaction does not outlive a session that ends with its statement.
  if (session.id.empty() && session.sql->in_transaction()) (void)control("ROLLBACK");
  return all;
}

Result<sql::Outcome> RedshiftData::run_one(Job& job, sql::SessionHost& host, StatementRecord& record, size_t index) {
  PartRecord& part = record.parts[index];
  const auto statements = TRY(sql::split_statements(part.sql));
  if (statements.empty()) return sql::sql_error(sql::kSyntaxError, "the statement is empty");
  if (statements.size() > 1)
    return sql::sql_error(sql::kSyntaxError, "cannot insert multiple commands into a prepared statement");
  const std::string path = result_file(job.key.id, index);
  const Fd file = TRY(open_file(path, OpenMode::kCreate, 0600));
  sql::RunRequest request;
  request.statement_id = job.key.id;
  request.query_id = part.query_id;
  request.params = job.params;
  request.spool = file.get();
  request.max_bytes = kMaxResultBytes;
  auto outcome = job.session->sql->run(host, statements[0], request);
  const bool rows = outcome && !outcome->columns.empty();
  if (!rows) (void)remove_file(path);
  if (!outcome) {
    Error error = std::move(outcome).error();
    for (auto& [name, value] : error.members)
      if (name == "position")
        value = std::to_string(parse_int(value).value_or(0) + static_cast<int64_t>(statements[0].offset));
    return Failure(std::move(error));
  }
  if (rows) TRY(sync_file(file.get(), path));
  part.has_result = rows;
  part.rows = static_cast<int64_t>(outcome->rows);
  part.bytes = rows ? static_cast<int64_t>(outcome->spool_bytes) : 0;
  return outcome;
}

// --- after a crash --------------------------------------------------------------------------------------------------

// Asks again for a while: an engine that outlives its server by a moment still holds its files.
static bool engine_committed(sql::Engine& engine, const std::string& database, const std::string& statement) {
  constexpr int kTries = 50;
  for (int i = 0; i < kTries; ++i) {
    if (const auto answer = engine.committed(database, statement)) return *answer;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

// A statement that was not over: it is finished if its transaction is in the database's file, else it has failed.
Status RedshiftData::settle() {
  const auto tx = door_.store().read();
  for (const auto& [key, intent] : TRY(tx->scan(kIntents)).entries)
    TRY(settle_intent(door_.store(), key.id,
                      engine_committed(warehouse(intent.namespace_id)->engine(), intent.database, key.id)));
  const auto open = TRY(tx->scan_index(kStatements, kOpen));
  for (const auto& [key, record] : open.entries) {
    bool ours = false;
    {
      const std::lock_guard lock(mutex_);
      ours = jobs_.contains(key.id);
    }
    if (!ours) (void)settle_one(key, record);
  }
  return {};
}

Status RedshiftData::settle_one(const StatementKey& key, StatementRecord record) {
  bool committed = false;
  // Whatever state the record is in: that a statement was started is not waited for on the disk, its commit is.
  if (!record.namespace_id.empty()) {
    committed = engine_committed(warehouse(record.namespace_id)->engine(), record.database, key.id);
    // A batch is one transaction: that a part of it has published is not that all of it was done.
    if (!committed && !record.batch)
      committed = TRY(door_.store().read()->get(kPublished, PublishedKey{key.id})).has_value();
  }
  record.updated = door_.clock().now();
  record.state = committed ? StatementState::kFinished : StatementState::kFailed;
  if (!committed)
    record.error = "ERROR: The server stopped before the statement was finished; nothing of it was kept. Run it again.";
  for (PartRecord& part : record.parts) {
    if (is_over(part.state)) continue;
    part.state = record.state;
    part.error = record.error;
  }
  return write(key, record);
}

// Statements and results beyond their time go, a few at a time.
void RedshiftData::forget_old() {
  constexpr size_t kAtOnce = 100;
  const Time before{door_.clock().now().micros - kRetention};
  const auto tx = door_.store().read();
  const auto oldest = tx->scan_index(kStatements, kByAge, {.limit = kAtOnce});
  if (!oldest) return;
  for (const auto& [key, record] : oldest->entries) {
    if (record.created >= before) return;
    if (!is_over(record.state)) continue;
    for (size_t i = 0; i < record.parts.size(); ++i) (void)remove_file(result_file(key.id, i));
    (void)door_.store().run([&](Transaction& erasing) -> Status {
      TRY(erasing.erase(kPublished, PublishedKey{key.id}));
      return erasing.erase(kStatements, key);
    });
  }
}

std::string RedshiftData::result_file(const std::string& statement, size_t part) const {
  return fmt::format("{}/redshift/results/{}_{}", options_.directory, statement, part);
}

// --- words ----------------------------------------------------------------------------------------------------------

std::string_view state_text(StatementState state) {
  constexpr std::string_view kTexts[] = {"SUBMITTED", "PICKED", "STARTED", "FINISHED", "FAILED", "ABORTED"};
  return kTexts[static_cast<size_t>(state)];
}

std::string error_text(const Error& error) {
  if (error.code == "BatchError") return error.message;
  std::string text = (sql::sqlstate_of(error) == "3D000" ? "FATAL: " : "ERROR: ") + error.message;
  if (const std::string position = sql::error_member(error, "position"); !position.empty())
    text += "\n  Position: " + position;
  return text;
}

Failure not_found(std::string message, std::string_view id) {
  Error error{400, "ResourceNotFoundException", std::move(message)};
  error.members.emplace_back("ResourceId", id);
  return Failure(std::move(error));
}

Result<FoundStatement> find_statement(Transaction& tx, const Caller& caller, Time now, const std::string& id) {
  FoundStatement found;
  const size_t colon = std::min(id.find(':'), id.size());
  found.key = {caller.principal.account, caller.region, id.substr(0, colon)};
  auto record = TRY(tx.get(kStatements, found.key, Lock::kNone));
  const bool part = colon < id.size();
  if (part) found.part = static_cast<size_t>(std::max<int64_t>(parse_int(id.substr(colon + 1)).value_or(0), 0));
  if (!record || record->principal != identity_of(caller.principal) || record->created + kRetention <= now ||
      (part && (!record->batch || found.part == 0 || found.part > record->parts.size())))
    return not_found("Query does not exist.", id);
  found.record = std::move(*record);
  return found;
}

Result<std::vector<Need>> needs_on_statement(Call& call, const std::string& id, std::string_view action) {
  const StatementKey key{call.account(), call.region(), id.substr(0, id.find(':'))};
  const auto record = TRY(call.get(kStatements, key, Lock::kNone));
  Need need{.action = std::string(action), .resource = record ? record->workgroup_arn : "*"};
  need.context["redshift-data:statement-owner-iam-userid"] = {record ? record->user_id : call.principal().user_id};
  return std::vector{std::move(need)};
}

}  // namespace tarn::redshift_data

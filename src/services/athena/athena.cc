// The queue of statements, the threads that run them, and what is made of a statement that has ended.
#include "services/athena/athena.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "door/door.h"
#include "os/clock.h"
#include "os/file.h"
#include "services/athena/errors.h"
#include "services/athena/output.h"
#include "services/athena/statement.h"
#include "sql/sql_error.h"

namespace tarn::athena {
namespace {

constexpr auto kHouseKeeping = std::chrono::seconds(20);
constexpr std::string_view kVia = "athena.amazonaws.com";
constexpr std::string_view kStopped =
    "INTERNAL_ERROR_QUERY_ENGINE: the server stopped before the query was finished; nothing of it was kept. Run it again.";
constexpr std::string_view kScanLimit = "Bytes scanned limit was exceeded";

// "s3://b/p/<id>.csv" -> "s3://b/p/"
std::string folder_of(const std::string& location) {
  return location.substr(0, location.rfind('/') + 1);
}

}  // namespace

Athena::Athena(Door& door, Options options) : door_(door), options_(std::move(options)) {}

Athena::~Athena() {
  stop();
}

Status Athena::start() {
  TRY(make_directories(options_.directory + "/athena"));
  TRY(settle());
  threads_.emplace_back([this] { keep_house(); });
  for (int i = 0; i < options_.workers; ++i) threads_.emplace_back([this] { work(); });
  return {};
}

void Athena::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [id, job] : jobs_) {
      job->cancelled = true;
      if (job->engine) job->engine->engine().cancel(job->session);
    }
  }
  arrived_.notify_all();
  ended_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  const std::lock_guard lock(mutex_);
  queue_.clear();
  jobs_.clear();
  engines_.clear();
}

std::shared_ptr<QueryEngine> Athena::engine(const WorkgroupKey& workgroup) {
  const std::lock_guard lock(mutex_);
  auto& made = engines_[fmt::format("{} {} {}", workgroup.owner, workgroup.region, workgroup.name)];
  if (made) return made;
  sql::EngineOptions engine;
  engine.scratch = fmt::format("{}/athena/{}/{}/{}", options_.directory, workgroup.owner, workgroup.region,
                               uri_encode(workgroup.name));
  (void)make_directories(engine.scratch);  // the engine says so when it cannot write there
  engine.memory_bytes = options_.engine_memory;
  engine.threads = options_.engine_threads;
  engine.spatial_extension = options_.spatial_extension;
  engine.avro_extension = options_.avro_extension;
  made = std::make_shared<QueryEngine>(door_, std::move(engine));
  return made;
}

// --- the queue ------------------------------------------------------------------------------------------------------

void Athena::submit(std::shared_ptr<Job> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_[job->key.id] = job;
    queue_.push_back(std::move(job));
  }
  arrived_.notify_one();
}

bool Athena::cancel(const ExecutionKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(key.id);
  if (found == jobs_.end()) return false;
  found->second->cancelled = true;
  if (found->second->engine) found->second->engine->engine().cancel(found->second->session);
  return true;
}

Status Athena::runs_in(Job& job, std::shared_ptr<QueryEngine> engine, sql::SessionId session) {
  const std::lock_guard lock(mutex_);
  if (job.cancelled) return sql::sql_error("57014", "Query cancelled by user");
  job.engine = std::move(engine);
  job.session = session;
  return {};
}

bool Athena::is_cancelled(const Job& job) {
  const std::lock_guard lock(mutex_);
  return job.cancelled;
}

void Athena::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const std::shared_ptr<Job> job = queue_.front();
    queue_.pop_front();
    lock.unlock();
    run(*job);
    lock.lock();
    jobs_.erase(job->key.id);
  }
}

void Athena::keep_house() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    std::vector<std::shared_ptr<QueryEngine>> engines;
    for (const auto& [name, engine] : engines_) engines.push_back(engine);
    lock.unlock();
    for (const auto& engine : engines) engine->engine().end_if_idle(options_.engine_idle);
    engines.clear();
    forget_old();
    lock.lock();
    ended_.wait_for(lock, kHouseKeeping, [this] { return stopping_; });
  }
}

// --- one statement --------------------------------------------------------------------------------------------------

Status Athena::write(Transaction& tx, const ExecutionKey& key, const ExecutionRecord& record, State before) {
  TRY(tx.put(kExecutions, key, record));
  // AWS: Monitoring Athena queries with EventBridge. The first state has no event of its own: "previousState" is absent.
  Json detail = Json::object({{"versionId", "0"}, {"currentState", std::string(state_text(record.state))}});
  if (before != record.state) detail.set("previousState", std::string(state_text(before)));
  detail.set("statementType", record.type);
  detail.set("queryExecutionId", key.id);
  detail.set("workgroupName", record.workgroup);
  detail.set("sequenceNumber", is_over(record.state) ? "3" : record.state == State::kRunning ? "2" : "1");
  if (record.error_category != 0) {
    detail.set("athenaError", Json::object({{"errorCategory", record.error_category},
                                            {"errorType", record.error_type},
                                            {"errorMessage", record.reason},
                                            {"retryable", record.retryable}}));
  }
  const Json event = Json::object({{"source", "aws.athena"},
                                   {"detail-type", "Athena Query State Change"},
                                   {"resources", Json::array()},
                                   {"detail", detail}});
  return door_.outbox().emit(tx, {.kind = "aws.athena:Athena Query State Change",
                                  .account = key.owner,
                                  .region = key.region,
                                  .payload = event.text()});
}

namespace {

// What the statement left, as objects beside the result's place.
Status add_results(Door& door, const ExecutionKey& key, Ran& ran, ExecutionRecord& record, lake::Publication& all) {
  const std::string folder = folder_of(record.result.output_location);
  std::string& location = record.result.output_location;
  switch (ran.kind) {
    case ResultKind::kCsv: {
      location = folder + key.id + ".csv";
      const auto rows = TRY(sql::SpoolReader::open(ran.spool.get()));
      StagedBody body = TRY(csv_of(door.blobs(), rows));
      record.output_bytes = static_cast<int64_t>(body.size);
      all.objects.push_back({location, std::move(body)});
      break;
    }
    case ResultKind::kText:
      location = folder + key.id + ".txt";
      record.output_bytes = static_cast<int64_t>(ran.text.size());
      all.objects.push_back({location, TRY(door.blobs().stage(ran.text))});
      break;
    case ResultKind::kNone: location = ran.table_location.empty() ? folder + key.id : ran.table_location; break;
  }
  const std::string metadata = metadata_of(key.id, ran.columns, ran.update_count);
  all.objects.push_back({location + ".metadata", TRY(door.blobs().stage(metadata))});
  if (ran.manifest) {
    std::string text;
    for (const std::string& uri : *ran.manifest) text += uri + "\n";
    record.manifest = location + "-manifest.csv";
    all.objects.push_back({record.manifest, TRY(door.blobs().stage(text))});
  }
  return {};
}

}  // namespace

Status Athena::publish(const Job& job, Ran& ran, lake::Publication& all) {
  constexpr int kAttempts = 5;
  if (!ran.commit) {
    all.catalog = ran.changes.steps();
    return lake::publish(door_, job.caller, all);
  }
  const std::lock_guard lock(commits_);
  const size_t objects = all.objects.size(), removed = all.remove.size();
  Status done;
  for (int i = 0; i < kAttempts; ++i) {
    Changes changes = ran.changes;
    TRY(ran.commit(all, changes));
    all.catalog = changes.steps();
    done = lake::publish(door_, job.caller, all);
    all.catalog.clear();
    if (done || done.error().code != "ConcurrentModificationException") return done;
    all.objects.erase(all.objects.begin() + static_cast<ptrdiff_t>(objects), all.objects.end());
    all.remove.resize(removed);
  }
  return sql::iceberg::failure("ICEBERG_COMMIT_ERROR", "Failed to commit Iceberg update: " + done.error().message);
}

namespace {

// How often a statement that changes rows is run while others are quicker. Each round one of them is.
constexpr int kRuns = 20;

// The table got another snapshot while the statement ran. Over that one it may well do.
bool lost_race(const Error& error) {
  return sql::error_member(error, "trino") == "ICEBERG_COMMIT_ERROR";
}

}  // namespace

Status Athena::attempt(Job& job, ExecutionRecord& record, const WorkgroupRecord& workgroup, State before,
                       Micros began) {
  auto ran = StatementRun(*this, job, record, workgroup).run();
  if (ran && is_cancelled(job)) ran = sql::sql_error("57014", "Query cancelled by user");
  record.engine_millis = (steady_now() - began) / 1000;
  if (!ran) return Failure(ran.error());
  lake::Publication all;
  all.remove = std::move(ran->remove);
  all.objects = std::move(ran->objects);
  record.state = State::kSucceeded;
  record.type = ran->type;
  record.substatement = ran->substatement;
  record.kind = ran->kind;
  record.columns = ran->columns;
  record.update_count = ran->update_count;
  record.output_rows = ran->output_rows;
  record.scanned_bytes = ran->scanned_bytes;
  const Micros ran_until = steady_now();
  Status done = add_results(door_, job.key, *ran, record, all);
  if (record.kind == ResultKind::kCsv) record.reuse_key = reuse_key(record);
  all.also = [&](Transaction& writing) {
    record.completed = door_.clock().now();
    record.service_millis = (steady_now() - ran_until) / 1000;
    record.total_millis = record.queue_millis + (steady_now() - began) / 1000;
    return write(writing, job.key, record, before);
  };
  if (done) done = publish(job, *ran, all);
  if (done) return done;
  Error failed = done.error();
  // Which of the steps it was is not said: with changes of the catalog the result's path would mislead.
  if ((!all.catalog.empty() || ran->commit) && failed.status != 403)
    std::erase_if(failed.members, [](const auto& member) { return member.first == "path"; });
  return Failure(ddl_error(failed));
}

void Athena::run(Job& job) {
  auto tx = door_.store().read();
  auto read = tx->get(kExecutions, job.key);
  if (!read || !*read) return;
  ExecutionRecord record = std::move(**read);
  const auto workgroup = find_workgroup(*tx, {job.key.owner, job.key.region, record.workgroup});
  tx.reset();
  const Micros began = steady_now();
  record.queue_millis = (began - job.submitted) / 1000;
  if (!is_cancelled(job)) {
    record.state = State::kRunning;
    (void)door_.store().run([&](Transaction& writing) { return write(writing, job.key, record, State::kQueued); });
  }
  const State before = record.state;
  Status done = workgroup ? Status() : Status(Failure(workgroup.error()));
  const ExecutionRecord fresh = record;
  for (int i = 0; workgroup && i < kRuns; ++i) {
    record = fresh;
    done = attempt(job, record, *workgroup, before, began);
    if (done) return;
    if (!lost_race(done.error()) || is_cancelled(job)) break;
  }
  const bool stop_by_user = is_cancelled(job);
  {
    // A server that stops leaves the record open: the next one settles it.
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
  const Error& error = done.error();
  const bool scanned_too_much = error.message.find(kScanLimit) != std::string::npos;
  record.state = stop_by_user || scanned_too_much ? State::kCancelled : State::kFailed;
  record.reason = stop_by_user       ? "Query cancelled by user"
                  : scanned_too_much ? fmt::format("Query cancelled! : {}", kScanLimit)
                                     : reason_of(error, record.query);
  const ErrorClass is = class_of(error);
  record.error_category = static_cast<int>(is.category);
  record.error_type = scanned_too_much ? 1011 : is.type;
  record.retryable = is.retryable;
  record.kind = ResultKind::kNone;
  record.columns.clear();
  record.manifest.clear();
  record.reuse_key.clear();
  record.update_count = -1;
  record.output_rows = record.output_bytes = 0;
  record.completed = door_.clock().now();
  record.total_millis = record.queue_millis + (steady_now() - began) / 1000;
  if (const auto written =
          door_.store().run([&](Transaction& writing) { return write(writing, job.key, record, before); }))
    (void)door_.store().wait_synced(*written);
}

// --- after a crash --------------------------------------------------------------------------------------------------

// What succeeded says so in the commit of its results, so whatever is open has left nothing.
Status Athena::settle() {
  const auto tx = door_.store().read();
  const auto open = TRY(tx->scan_index(kExecutions, kOpen, {.limit = SIZE_MAX}));
  for (const auto& [key, record] : open.entries) {
    ExecutionRecord failed = record;
    failed.state = State::kFailed;
    failed.reason = kStopped;
    failed.error_category = static_cast<int>(ErrorCategory::kSystem);
    failed.error_type = 200;
    failed.retryable = true;
    failed.completed = door_.clock().now();
    TRY(door_.store().run([&](Transaction& writing) { return write(writing, key, failed, record.state); }));
  }
  return {};
}

void Athena::forget_old() {
  constexpr size_t kAtOnce = 100;
  const Time before{door_.clock().now().micros - kRetention};
  const auto tx = door_.store().read();
  const auto oldest = tx->scan_index(kExecutions, kByAge, {.limit = kAtOnce});
  if (!oldest) return;
  for (const auto& [key, record] : oldest->entries) {
    if (record.submitted >= before) return;
    if (!is_over(record.state)) continue;
    (void)door_.store().run([&](Transaction& erasing) { return erasing.erase(kExecutions, key); });
  }
}

// --- words ----------------------------------------------------------------------------------------------------------

std::string_view state_text(State state) {
  constexpr std::string_view kTexts[] = {"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"};
  return kTexts[static_cast<size_t>(state)];
}

std::string reuse_key(const ExecutionRecord& record) {
  std::string all = record.workgroup + "\n" + record.catalog + "\n" + record.database + "\n" + record.query;
  for (const std::string& parameter : record.parameters) all += "\n" + parameter;
  return hex(sha256(all));
}

Failure not_found(std::string message, std::string_view name) {
  Error error{400, "ResourceNotFoundException", std::move(message)};
  error.members.emplace_back("ResourceName", name);
  return Failure(std::move(error));
}

std::string identity_of(const Principal& principal) {
  return principal.kind == Principal::Kind::kAssumedRole ? principal.role_arn : principal.arn;
}

Caller as_athena(const Caller& caller, const std::string& id) {
  Caller as = caller;
  as.request_id = id;
  as.called_via.emplace_back(kVia);
  return as;
}

}  // namespace tarn::athena

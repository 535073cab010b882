// Amazon Athena: queries that run in the background over the Glue catalog, as whoever asked for them.
//
//   start -> record QUEUED -> a worker: RUNNING -> the statement (statement.h) -> one commit: result objects, changes of
//   the catalog, the record SUCCEEDED, the event. A crash before that commit leaves nothing but an open record, which
//   the next start calls FAILED.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "door/call.h"
#include "gen/athena/handlers.h"
#include "lake/lake.h"
#include "services/athena/query_engine.h"
#include "services/athena/records.h"

namespace tarn::athena {

constexpr std::string_view kPrimary = "primary";
constexpr std::string_view kEngineVersion = "Athena engine version 3";
constexpr std::string_view kOwnCatalog = "AwsDataCatalog";
constexpr Micros kRetention = 45 * kDay;  // AWS: query history is kept for 45 days

struct Options {
  std::string directory;               // the data directory; this service's files are below DIR/athena
  std::string spatial_extension = {};  // path; empty: no geometry
  std::string avro_extension = {};     // path; empty: no Avro
  uint64_t engine_memory = 1ull << 30;
  int engine_threads = 2;
  int workers = 8;                       // statements that run side by side
  std::chrono::minutes engine_idle{10};  // an engine that did nothing for so long ends
};

struct Ran;  // statement.h

// A statement that is waiting or running.
struct Job {
  ExecutionKey key;
  Caller caller;
  Micros submitted = 0;  // of steady_now()
  // Guarded by the service's mutex.
  bool cancelled = false;
  std::shared_ptr<QueryEngine> engine = {};  // where it runs
  sql::SessionId session;
};

// THREADS: any. LIFETIME: borrows the door.
class Athena {
 public:
  Athena(Door& door, Options options);
  ~Athena();
  Athena(const Athena&) = delete;

  // Settles what a crash left open, and starts to work.
  Status start();
  void stop();

  Door& door() { return door_; }
  const Options& options() const { return options_; }

  // One in-memory engine for each workgroup.
  std::shared_ptr<QueryEngine> engine(const WorkgroupKey& workgroup);

  void submit(std::shared_ptr<Job> job);
  // False: it is not waiting or running.
  bool cancel(const ExecutionKey& key);
  // From now on cancel() reaches the session. ERRORS: the job was cancelled before.
  Status runs_in(Job& job, std::shared_ptr<QueryEngine> engine, sql::SessionId session);
  bool is_cancelled(const Job& job);

  // Writes the record and, if the state is another, its event.
  Status write(Transaction& tx, const ExecutionKey& key, const ExecutionRecord& record, State before);

 private:
  void work();
  void keep_house();
  void run(Job& job);
  // Runs the statement and publishes what it leaves, with the record. `began`: of the steady clock.
  Status attempt(Job& job, ExecutionRecord& record, const WorkgroupRecord& workgroup, State before, Micros began);
  Status publish(const Job& job, Ran& ran, lake::Publication& all);
  Status settle();
  void forget_old();

  Door& door_;
  const Options options_;
  std::mutex mutex_;
  std::condition_variable arrived_;  // a job; a worker waits
  std::condition_variable ended_;    // the service; the housekeeper waits
  std::mutex commits_;  // of Iceberg tables: one after the other, so that none of ours is in the way of another
  bool stopping_ = false;
  std::deque<std::shared_ptr<Job>> queue_;
  std::map<std::string, std::shared_ptr<Job>> jobs_;  // by execution id
  std::map<std::string, std::shared_ptr<QueryEngine>> engines_;
  uint64_t sequence_ = 0;
  std::vector<std::thread> threads_;
};

std::string_view state_text(State state);

// What another query must equal to be answered with this one's result.
std::string reuse_key(const ExecutionRecord& record);

inline Failure invalid(std::string message, std::string_view athena_code = "INVALID_INPUT") {
  Error error{400, "InvalidRequestException", std::move(message)};
  error.members.emplace_back("AthenaErrorCode", athena_code);
  return Failure(std::move(error));
}
Failure not_found(std::string message, std::string_view name);

// The workgroup of that name; "primary" is always there. ERRORS: InvalidRequestException.
Result<WorkgroupRecord> find_workgroup(Transaction& tx, const WorkgroupKey& key, Lock lock = Lock::kNone);
std::string workgroup_arn(Call& call, std::string_view name);
inline WorkgroupKey workgroup_key(Call& call, const std::optional<std::string>& name) {
  return {call.account(), call.region(), name.value_or(std::string(kPrimary))};
}

// The account whose catalog "AwsDataCatalog" or a registered GLUE catalog is; empty: the caller's own.
// ERRORS: InvalidRequestException: there is no catalog of that name.
Result<std::string> catalog_account(Transaction& tx, const std::string& owner, const std::string& region,
                                    const std::string& name);

// The caller as whom Athena asks other services for a statement. `id` names the statement in audit records.
Caller as_athena(const Caller& caller, const std::string& id);

std::string identity_of(const Principal& principal);

}  // namespace tarn::athena

// The Redshift Data API: statements that run in the background, their results, and the sessions they share.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "door/call.h"
#include "gen/redshift_data/handlers.h"
#include "services/redshift_data/records.h"
#include "services/redshift_data/target.h"
#include "services/redshift_data/warehouse.h"
#include "services/redshift_data/workgroup.h"
#include "sql/session.h"

namespace tarn::redshift_data {

constexpr Micros kRetention = 24 * kHour;  // of statements and results, on tarn's clock

struct Options {
  std::string directory;               // the data directory; all of this service's files are below DIR/redshift
  std::string spatial_extension = {};  // path; empty: no geometry
  std::string avro_extension = {};     // path; empty: no Avro
  uint64_t engine_memory = 1ull << 30;
  int engine_threads = 2;
  int workers = 8;                       // statements that run side by side
  std::chrono::minutes engine_idle{10};  // an engine that did nothing for so long ends
};

// A SQL session that outlives its statement.
struct LiveSession {
  std::string id;  // empty: for one statement only
  std::string principal;
  Workgroup workgroup;
  std::string database;
  std::shared_ptr<Warehouse> warehouse;
  std::unique_ptr<sql::SqlSession> sql;
  Micros keep_alive = 0;
  // Guarded by the service's mutex.
  bool busy = false;
  Micros ends = 0;  // of steady_now(), when it is not busy
};

// What is told of one that is open.
struct OpenSession {
  std::string statement;  // that it runs; empty: none
  Micros keep_alive = 0;
  Micros left = 0;  // until it ends, where it runs none
};

// A statement that is waiting or running.
struct Job {
  StatementKey key;
  Caller caller;
  std::shared_ptr<LiveSession> session;
  std::vector<sql::Param> params;
  // Guarded by the service's mutex, as is the session's being there: it is given back before the statement is over.
  bool cancelled = false;
  bool started = false;
};

// THREADS: any. LIFETIME: borrows the door.
class RedshiftData {
 public:
  RedshiftData(Door& door, Options options);
  ~RedshiftData();
  RedshiftData(const RedshiftData&) = delete;

  // Settles what a crash left open, and starts to work. Returns at once: the settling goes on in the background.
  Status start();
  // Ends running statements and all engines. What ran is settled at the next start.
  void stop();

  Door& door() { return door_; }
  const Options& options() const { return options_; }

  std::shared_ptr<Warehouse> warehouse(const std::string& namespace_id);
  // Its engine and its sessions end; statements that run are cancelled. The next one finds what lies on the disk then.
  void end_namespace(const std::string& namespace_id);
  // A session for one statement, or one that is kept. ERRORS: ActiveSessionsExceededException.
  Result<std::shared_ptr<LiveSession>> new_session(const Principal& principal, const Workgroup& workgroup,
                                                   const std::string& database,
                                                   std::optional<int64_t> keep_alive_seconds);
  // A kept one, taken for a statement. ERRORS: ResourceNotFoundException, ValidationException (it is busy).
  Result<std::shared_ptr<LiveSession>> take_session(const Principal& principal, const std::string& id,
                                                    std::optional<int64_t> keep_alive_seconds);
  // By id.
  std::map<std::string, OpenSession> open_sessions();
  // Where it runs; empty: there is no such session.
  Target target_of_session(const std::string& id);
  // Gives a taken session back.
  void release_session(LiveSession& session);

  void submit(std::shared_ptr<Job> job);
  // False: it is not waiting or running.
  bool cancel(const StatementKey& key);
  // Waits until the statement is over, as far as the time goes. ERRORS: ActiveWaitingRequestsExceededException.
  Status wait(const StatementKey& key, std::chrono::seconds limit);

  std::string result_file(const std::string& statement, size_t part) const;

 private:
  void work();
  std::shared_ptr<Job> take_next();
  void keep_house();
  void run(Job& job);
  void let_go(Job& job);
  Status run_parts(Job& job, StatementRecord& record);
  Result<sql::Outcome> run_one(Job& job, sql::SessionHost& host, StatementRecord& record, size_t part);
  Status settle();
  Status settle_one(const StatementKey& key, StatementRecord record);
  void forget_old();
  Status forget_namespace(Transaction& tx, const std::string& namespace_id);
  Status write(const StatementKey& key, const StatementRecord& record);
  bool is_cancelled(const Job& job);

  Door& door_;
  const Options options_;
  std::mutex mutex_;
  std::condition_variable arrived_;   // a job; a worker waits
  std::condition_variable finished_;  // a job; callers wait, and the housekeeper for the end
  bool stopping_ = false;
  int waiting_ = 0;
  std::deque<std::shared_ptr<Job>> queue_;
  std::map<std::string, int> running_;  // statements, by their callers' ARN
  std::map<std::string, std::shared_ptr<Job>> jobs_;  // by statement id: waiting and running
  std::map<std::string, std::shared_ptr<LiveSession>> sessions_;
  std::map<std::string, std::shared_ptr<Warehouse>> warehouses_;
  std::vector<std::thread> threads_;
};

// What the wire says of an error that ended a statement.
std::string error_text(const Error& error);
// "SUBMITTED", "PICKED" ..
std::string_view state_text(StatementState state);

inline Failure invalid(std::string message) {
  return fail(400, "ValidationException", std::move(message));
}
Failure not_found(std::string message, std::string_view id);

// The caller's statement, in a transaction; and which of its parts the id names ("uuid:2"), 0 for the whole.
// ERRORS: ResourceNotFoundException, also for those of others and those that are too old.
struct FoundStatement {
  StatementKey key;
  StatementRecord record;
  size_t part = 0;
};
Result<FoundStatement> find_statement(Transaction& tx, const Caller& caller, Time now, const std::string& id);
// The right to do the action to a statement: on its workgroup or cluster, with its owner's aws:userid as context.
// AWS: Service Authorization Reference, Redshift Data API, redshift-data:statement-owner-iam-userid.
Result<std::vector<Need>> needs_on_statement(Call& call, const std::string& id, std::string_view action);

}  // namespace tarn::redshift_data

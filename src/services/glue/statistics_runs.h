// Runs that compute statistics of columns: each is a delivery of the outbox, so that one that a crash has cut off runs again, and
// reads and writes as the role that it was started with.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "door/door.h"
#include "gen/glue/shapes.h"
#include "services/glue/statistics_records.h"
#include "sql/engine_client.h"

namespace tarn::lake {
class Readers;
}

namespace tarn::glue {

// In the transaction: the run is under way from its commit on. Gives its id.
// ERRORS: ColumnStatisticsTaskRunningException. REQUIRES: `task` was got with an exclusive lock.
Result<std::string> begin_statistics_run(Door& door, Transaction& tx, const StatisticsTaskKey& key,
                                         StatisticsTaskRecord& task, StatisticsRunRecord run);

// Sets the timer for the next moment of the settings' schedule; takes it away where there is none.
Status set_statistics_schedule(Door& door, Transaction& tx, const StatisticsTaskKey& key,
                               const StatisticsTaskRecord& task, Time after);

// Of a column's type as the catalog has it: "LONG", "STRING" ..; empty: there are no statistics of such.
std::string statistics_kind(std::string_view column_type);

// LIFETIME: borrows the door. REQUIRES: made before outbox and timers start; stop() before the outbox stops.
class StatisticsRuns {
 public:
  // `scratch`: a folder for the engine's files.
  StatisticsRuns(Door& door, std::string scratch);
  ~StatisticsRuns();
  // Those that run leave off; the next start takes them up again.
  void stop() { stopping_ = true; }

 private:
  Status run(const Delivery& delivery);
  Status fire(Transaction& tx, const Timer& timer);
  Status going_on(const StatisticsRunKey& key);
  Status compute(const Caller& as, const StatisticsRunKey& key, const StatisticsRunRecord& run);
  Result<std::vector<ColumnStatistics>> numbers(const Caller& as, const StatisticsRunKey& key,
                                                const StatisticsRunRecord& run, const std::vector<Column>& columns);

  Door& door_;
  std::unique_ptr<lake::Readers> readers_;
  std::unique_ptr<sql::Engine> engine_;  // in memory: it holds nothing
  std::atomic<bool> stopping_ = false;
};

}  // namespace tarn::glue

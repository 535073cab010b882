// What is kept of the tasks that compute statistics of columns.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "store/table.h"

namespace tarn::glue {

// A run, by its id.
struct StatisticsRunKey {
  std::string owner, region, id;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.id); }
};
struct StatisticsRunRecord {
  uint64_t table_id = 0;
  std::string database, table, role, status = "STARTING", computation = "FULL";
  std::vector<std::string> columns;  // empty: all that have statistics
  std::optional<double> sample;      // percent of the rows
  std::optional<std::string> security_configuration;
  Time created, updated;
  std::optional<Time> started, ended;
  std::string error;
  bool stopping = false;

  bool over() const { return status != "STARTING" && status != "RUNNING"; }
  static void fields(auto& self, auto&& visit) {
    visit(self.table_id, self.database, self.table, self.role, self.status, self.computation, self.columns, self.sample,
          self.security_configuration, self.created, self.updated, self.started, self.ended, self.error, self.stopping);
  }
};

// Of a table: the run that is under way, and its settings.
struct StatisticsTaskKey {
  uint64_t table_id = 0;
  static void fields(auto& self, auto&& visit) { visit(self.table_id); }
};
struct StatisticsSettingsRecord {
  std::string role, schedule;  // no schedule: it is started by hand
  bool scheduled = false;
  std::vector<std::string> columns;
  std::optional<double> sample;
  std::optional<std::string> security_configuration;
  std::optional<Time> last_attempt;
  std::string last_run, last_error;
  static void fields(auto& self, auto&& visit) {
    visit(self.role, self.schedule, self.scheduled, self.columns, self.sample, self.security_configuration,
          self.last_attempt, self.last_run, self.last_error);
  }
};
struct StatisticsTaskRecord {
  std::string owner, region, database, table;
  std::string run;  // empty: none
  std::optional<StatisticsSettingsRecord> settings;
  static void fields(auto& self, auto&& visit) {
    visit(self.owner, self.region, self.database, self.table, self.run, self.settings);
  }
};

inline constexpr ::tarn::Table<StatisticsRunKey, StatisticsRunRecord> kStatisticsRuns{"glue.statistics_runs"};
inline constexpr ::tarn::Table<StatisticsTaskKey, StatisticsTaskRecord> kStatisticsTasks{"glue.statistics_tasks"};

}  // namespace tarn::glue

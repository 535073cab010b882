// What DataBrew keeps: datasets, profile jobs, and their runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "store/table.h"

namespace tarn::databrew {

struct NameKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};

struct DatasetRecord {
  Time created, modified;
  std::string created_by, modified_by;
  std::string format;                       // "CSV" ..; empty: found out
  std::string bucket, key;                  // of S3
  std::string database, table, catalog_id;  // of the catalog
  std::optional<std::string> delimiter;
  std::optional<bool> header_row, multi_line;

  bool in_s3() const { return !bucket.empty(); }
  static void fields(auto& self, auto&& visit) {
    visit(self.created, self.modified, self.created_by, self.modified_by, self.format, self.bucket, self.key,
          self.database, self.table, self.catalog_id, self.delimiter, self.header_row, self.multi_line);
  }
};

struct JobRecord {
  uint64_t id = 0;
  Time created, modified;
  std::string created_by, modified_by;
  std::string dataset, role, output_bucket, output_key;
  std::string sample_mode = "CUSTOM_ROWS";
  int64_t sample_size = 20'000;
  std::vector<std::string> columns;  // profiled; empty: all
  int32_t max_capacity = 5, max_retries = 0, timeout = 2880;
  std::string log_subscription = "ENABLE";
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.created, self.modified, self.created_by, self.modified_by, self.dataset, self.role,
          self.output_bucket, self.output_key, self.sample_mode, self.sample_size, self.columns, self.max_capacity,
          self.max_retries, self.timeout, self.log_subscription);
  }
};

struct RunKey {
  uint64_t job_id = 0;
  Time started;
  std::string id;
  static void fields(auto& self, auto&& visit) { visit(self.job_id, self.started, self.id); }
};
struct RunRecord {
  std::string state = "STARTING";  // "RUNNING", "STOPPING", "STOPPED", "SUCCEEDED", "FAILED"
  std::string started_by, error, output_key;
  std::optional<Time> ended;
  bool over() const { return ended.has_value(); }
  static void fields(auto& self, auto&& visit) {
    visit(self.state, self.started_by, self.error, self.output_key, self.ended);
  }
};

inline constexpr Table<NameKey, DatasetRecord> kDatasets{"databrew.datasets"};
inline constexpr Table<NameKey, JobRecord> kJobs{"databrew.jobs"};
inline constexpr Table<RunKey, RunRecord> kRuns{"databrew.runs"};

}  // namespace tarn::databrew

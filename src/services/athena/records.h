// What Athena keeps: query executions, workgroups, saved queries, prepared statements, data catalogs.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "store/table.h"

namespace tarn::athena {

// Where results go and how; of a request, a workgroup, an execution.
struct ResultRecord {
  std::string output_location, encryption_option, kms_key, expected_bucket_owner, acl_option;
  static void fields(auto& self, auto&& visit) {
    visit(self.output_location, self.encryption_option, self.kms_key, self.expected_bucket_owner, self.acl_option);
  }
};

// --- query executions -----------------------------------------------------------------------------------------------

enum class State : uint8_t { kQueued, kRunning, kSucceeded, kFailed, kCancelled };
constexpr bool is_over(State state) {
  return state >= State::kSucceeded;
}
enum class ResultKind : uint8_t {
  kNone,  // the statement has no result object
  kCsv,   // <id>.csv, with a header
  kText,  // <id>.txt, a value a line
};

struct ExecutionKey {
  std::string owner, region, id;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.id); }
};

struct ColumnRecord {
  std::string name, type;
  int precision = 0, scale = 0;
  bool case_sensitive = false;
  static void fields(auto& self, auto&& visit) {
    visit(self.name, self.type, self.precision, self.scale, self.case_sensitive);
  }
};

struct ExecutionRecord {
  std::string principal;  // whose it is
  std::string workgroup, query, catalog, database;
  std::vector<std::string> parameters;
  std::string type, substatement;  // "DML", "SELECT"
  ResultRecord result;             // output_location: the object, once it is known
  int64_t reuse_minutes = -1;      // -1: results are not reused
  bool reused = false;
  State state = State::kQueued;
  std::string reason;  // StateChangeReason
  int error_category = 0, error_type = 0;
  bool retryable = false;
  Time submitted, completed;
  int64_t scanned_bytes = 0, engine_millis = 0, queue_millis = 0, planning_millis = 0, total_millis = 0;
  int64_t preprocessing_millis = 0, service_millis = 0;
  int64_t output_rows = 0, output_bytes = 0;
  std::string manifest;  // DataManifestLocation
  int64_t update_count = -1;
  ResultKind kind = ResultKind::kNone;
  std::vector<ColumnRecord> columns;
  std::string reuse_key;  // of a SELECT that succeeded: what another must equal to have its result
  static void fields(auto& self, auto&& visit) {
    visit(self.principal, self.workgroup, self.query, self.catalog, self.database, self.parameters, self.type,
          self.substatement, self.result, self.reuse_minutes, self.reused, self.state, self.reason, self.error_category,
          self.error_type, self.retryable, self.submitted, self.completed, self.scanned_bytes, self.engine_millis,
          self.queue_millis, self.planning_millis, self.total_millis, self.preprocessing_millis, self.service_millis,
          self.output_rows, self.output_bytes, self.manifest, self.update_count, self.kind, self.columns,
          self.reuse_key);
  }
};

inline constexpr Index<ExecutionKey, ExecutionRecord> kByWorkgroup{
    "athena.executions.by_workgroup", [](const ExecutionKey& key, const ExecutionRecord& record, IndexKeys& keys) {
      keys.add(key.owner, key.region, record.workgroup, record.submitted, key.id);
    }};
inline constexpr Index<ExecutionKey, ExecutionRecord> kByAge{
    "athena.executions.by_age", [](const ExecutionKey& key, const ExecutionRecord& record, IndexKeys& keys) {
      keys.add(record.submitted, key.id);
    }};
// Those that are not over: what recovery looks at.
inline constexpr Index<ExecutionKey, ExecutionRecord> kOpen{
    "athena.executions.open", [](const ExecutionKey& key, const ExecutionRecord& record, IndexKeys& keys) {
      if (!is_over(record.state)) keys.add(key.id);
    }};
inline constexpr Index<ExecutionKey, ExecutionRecord> kByReuse{
    "athena.executions.by_reuse", [](const ExecutionKey& key, const ExecutionRecord& record, IndexKeys& keys) {
      if (!record.reuse_key.empty()) keys.add(key.owner, key.region, record.reuse_key, record.completed, key.id);
    }};
inline constexpr Index<ExecutionKey, ExecutionRecord> kExecutionIndexes[] = {kByWorkgroup, kByAge, kOpen, kByReuse};
inline constexpr Table<ExecutionKey, ExecutionRecord> kExecutions{"athena.executions", kExecutionIndexes};

// --- workgroups -----------------------------------------------------------------------------------------------------

struct WorkgroupKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct WorkgroupRecord {
  Time created;
  std::string description;
  bool enabled = true, enforce = true, publish_metrics = true, requester_pays = false, minimum_encryption = false;
  int64_t scan_cutoff = 0;  // BytesScannedCutoffPerQuery; 0: none
  ResultRecord result;
  std::string engine_version = "AUTO", execution_role, additional_configuration;
  static void fields(auto& self, auto&& visit) {
    visit(self.created, self.description, self.enabled, self.enforce, self.publish_metrics, self.requester_pays,
          self.minimum_encryption, self.scan_cutoff, self.result, self.engine_version, self.execution_role,
          self.additional_configuration);
  }
};
inline constexpr Table<WorkgroupKey, WorkgroupRecord> kWorkgroups{"athena.workgroups"};

// --- what is saved --------------------------------------------------------------------------------------------------

struct NamedQueryKey {
  std::string owner, region, id;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.id); }
};
struct NamedQueryRecord {
  std::string name, description, database, query, workgroup;
  static void fields(auto& self, auto&& visit) {
    visit(self.name, self.description, self.database, self.query, self.workgroup);
  }
};
inline constexpr Index<NamedQueryKey, NamedQueryRecord> kQueriesByWorkgroup{
    "athena.named_queries.by_workgroup", [](const NamedQueryKey& key, const NamedQueryRecord& record, IndexKeys& keys) {
      keys.add(key.owner, key.region, record.workgroup, key.id);
    }};
inline constexpr Index<NamedQueryKey, NamedQueryRecord> kNamedQueryIndexes[] = {kQueriesByWorkgroup};
inline constexpr Table<NamedQueryKey, NamedQueryRecord> kNamedQueries{"athena.named_queries", kNamedQueryIndexes};

struct PreparedKey {
  std::string owner, region, workgroup, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.workgroup, self.name); }
};
struct PreparedRecord {
  std::string statement, description;
  Time modified;
  static void fields(auto& self, auto&& visit) { visit(self.statement, self.description, self.modified); }
};
inline constexpr Table<PreparedKey, PreparedRecord> kPrepared{"athena.prepared_statements"};

struct CatalogKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct CatalogRecord {
  std::string name, description;
  std::vector<std::pair<std::string, std::string>> parameters;
  static void fields(auto& self, auto&& visit) { visit(self.name, self.description, self.parameters); }
};
inline constexpr Table<CatalogKey, CatalogRecord> kCatalogs{"athena.catalogs"};

}  // namespace tarn::athena

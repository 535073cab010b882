// What the Data Catalog keeps. Children hang on their parent's id, so that what a dropped and made again database or
// table had is out of reach at once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "store/table.h"

namespace tarn::glue {

using Parameters = std::map<std::string, std::string>;

// --- databases -------------------------------------------------------------------------------------------------------

struct DatabaseKey {
  std::string owner, region, name;  // the name is lower case
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};

struct GrantRecord {  // who may do what with new tables
  std::optional<std::string> principal;
  std::vector<std::string> permissions;
  static void fields(auto& self, auto&& visit) { visit(self.principal, self.permissions); }
};

// Another database or table, of any account or region: what a resource link points to.
struct TargetRecord {
  std::optional<std::string> catalog_id, database, table, region;
  static void fields(auto& self, auto&& visit) { visit(self.catalog_id, self.database, self.table, self.region); }
};

struct DatabaseRecord {
  uint64_t id = 0;
  Time created;
  std::optional<std::string> description, location;
  std::optional<Parameters> parameters;
  std::optional<std::vector<GrantRecord>> table_grants;
  std::optional<TargetRecord> target;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.created, self.description, self.location, self.parameters, self.table_grants, self.target);
  }
};

// --- storage ---------------------------------------------------------------------------------------------------------

struct ColumnRecord {
  std::string name;
  std::optional<std::string> type, comment;
  std::optional<Parameters> parameters;
  static void fields(auto& self, auto&& visit) { visit(self.name, self.type, self.comment, self.parameters); }
};

struct SerDeRecord {
  std::optional<std::string> name, library;
  std::optional<Parameters> parameters;
  static void fields(auto& self, auto&& visit) { visit(self.name, self.library, self.parameters); }
};

struct SortColumnRecord {
  std::string column;
  int32_t order = 0;  // 1 ascending, 0 descending
  static void fields(auto& self, auto&& visit) { visit(self.column, self.order); }
};

struct SkewRecord {
  std::optional<std::vector<std::string>> columns, values;
  std::optional<Parameters> locations;
  static void fields(auto& self, auto&& visit) { visit(self.columns, self.values, self.locations); }
};

struct SchemaReferenceRecord {
  std::optional<std::string> schema_arn, schema_name, registry_name, version_id;
  std::optional<int64_t> version_number;
  static void fields(auto& self, auto&& visit) {
    visit(self.schema_arn, self.schema_name, self.registry_name, self.version_id, self.version_number);
  }
};

struct StorageRecord {
  std::optional<std::vector<ColumnRecord>> columns;
  std::optional<std::string> location;
  std::optional<std::vector<std::string>> additional_locations;
  std::optional<std::string> input_format, output_format;
  std::optional<bool> compressed;
  std::optional<int32_t> buckets;
  std::optional<SerDeRecord> serde;
  std::optional<std::vector<std::string>> bucket_columns;
  std::optional<std::vector<SortColumnRecord>> sort_columns;
  std::optional<Parameters> parameters;
  std::optional<SkewRecord> skew;
  std::optional<bool> stored_as_sub_directories;
  std::optional<SchemaReferenceRecord> schema;
  static void fields(auto& self, auto&& visit) {
    visit(self.columns, self.location, self.additional_locations, self.input_format, self.output_format,
          self.compressed, self.buckets, self.serde, self.bucket_columns, self.sort_columns, self.parameters, self.skew,
          self.stored_as_sub_directories, self.schema);
  }
};

// --- tables ----------------------------------------------------------------------------------------------------------

struct TableKey {
  uint64_t database_id = 0;
  std::string name;  // lower case
  static void fields(auto& self, auto&& visit) { visit(self.database_id, self.name); }
};

struct TableRecord {
  uint64_t id = 0;
  uint64_t version = 0;
  Time created, updated;
  std::string created_by;
  std::optional<std::string> description, owner;
  std::optional<Time> last_access, last_analyzed;
  std::optional<int32_t> retention;
  std::optional<StorageRecord> storage;
  std::optional<std::vector<ColumnRecord>> partition_keys;
  std::optional<std::string> view_original_text, view_expanded_text, type;
  std::optional<Parameters> parameters;
  std::optional<TargetRecord> target;

  std::vector<ColumnRecord> keys() const { return partition_keys.value_or(std::vector<ColumnRecord>{}); }
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.version, self.created, self.updated, self.created_by, self.description, self.owner,
          self.last_access, self.last_analyzed, self.retention, self.storage, self.partition_keys,
          self.view_original_text, self.view_expanded_text, self.type, self.parameters, self.target);
  }
};

// A table as it was before an update.
struct VersionKey {
  uint64_t table_id = 0;
  uint64_t version = 0;
  static void fields(auto& self, auto&& visit) { visit(self.table_id, self.version); }
};

// --- partitions ------------------------------------------------------------------------------------------------------

struct PartitionRowKey {
  uint64_t table_id = 0;
  std::string values;  // joined_values(), so that partitions are in the order of their values
  static void fields(auto& self, auto&& visit) { visit(self.table_id, self.values); }
};

struct PartitionRecord {
  std::vector<std::string> values;
  Time created;
  std::optional<Time> last_access, last_analyzed;
  std::optional<StorageRecord> storage;
  std::optional<Parameters> parameters;
  static void fields(auto& self, auto&& visit) {
    visit(self.values, self.created, self.last_access, self.last_analyzed, self.storage, self.parameters);
  }
};

struct PartitionIndexKey {
  uint64_t table_id = 0;
  std::string name;
  static void fields(auto& self, auto&& visit) { visit(self.table_id, self.name); }
};

struct PartitionIndexRecord {
  std::vector<std::string> keys;
  static void fields(auto& self, auto&& visit) { visit(self.keys); }
};

// --- functions -------------------------------------------------------------------------------------------------------

struct FunctionKey {
  uint64_t database_id = 0;
  std::string name;  // lower case
  static void fields(auto& self, auto&& visit) { visit(self.database_id, self.name); }
};

struct FunctionRecord {
  Time created;
  std::optional<std::string> class_name, owner, owner_type, type;
  std::vector<std::pair<std::string, std::string>> resources;  // kind, URI
  static void fields(auto& self, auto&& visit) {
    visit(self.created, self.class_name, self.owner, self.owner_type, self.type, self.resources);
  }
};

// --- the catalog's resource policy -----------------------------------------------------------------------------------

struct PolicyKey {
  std::string owner, region;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region); }
};

struct PolicyRecord {
  std::string document;  // JSON
  std::string hash;
  Time created, updated;
  // The policy as it is judged, and whom it is bound to (door/policy_binding.h).
  std::string bound;
  std::map<std::string, std::string> principals;
  static void fields(auto& self, auto&& visit) {
    visit(self.document, self.hash, self.created, self.updated, self.bound, self.principals);
  }
};

// --- tables of the store ---------------------------------------------------------------------------------------------

inline constexpr ::tarn::Table<DatabaseKey, DatabaseRecord> kDatabases{"glue.databases"};
inline constexpr ::tarn::Table<TableKey, TableRecord> kTables{"glue.tables"};
inline constexpr ::tarn::Table<VersionKey, TableRecord> kVersions{"glue.versions"};
inline constexpr ::tarn::Table<PartitionRowKey, PartitionRecord> kPartitions{"glue.partitions"};
inline constexpr ::tarn::Table<PartitionIndexKey, PartitionIndexRecord> kPartitionIndexes{"glue.partition_indexes"};
inline constexpr ::tarn::Table<FunctionKey, FunctionRecord> kFunctions{"glue.functions"};
inline constexpr ::tarn::Table<PolicyKey, PolicyRecord> kPolicies{"glue.policies"};

// The values as one text that orders as they do.
std::string joined_values(const std::vector<std::string>& values);

}  // namespace tarn::glue

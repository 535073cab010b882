// What is kept beside databases and tables: statistics of columns, connections, settings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "services/glue/records.h"
#include "store/table.h"

namespace tarn::glue {

// Of a table's column (no partition) or a partition's.
struct StatisticsKey {
  uint64_t table_id = 0;
  std::string partition;  // joined_values(); empty: the table's own
  std::string column;     // lower case
  static void fields(auto& self, auto&& visit) { visit(self.table_id, self.partition, self.column); }
};
// The numbers of all types of columns; a type has some of them.
struct StatisticsRecord {
  std::string column_type, type;  // "bigint", "LONG"
  Time analyzed;
  int64_t nulls = 0, distinct = 0, trues = 0, falses = 0, longest = 0;
  double average_length = 0;
  std::optional<int64_t> min_long, max_long;
  std::optional<double> min_double, max_double;
  std::optional<Time> min_time, max_time;
  std::optional<std::string> min_unscaled, max_unscaled;  // a decimal's digits as bytes
  int32_t min_scale = 0, max_scale = 0;
  static void fields(auto& self, auto&& visit) {
    visit(self.column_type, self.type, self.analyzed, self.nulls, self.distinct, self.trues, self.falses, self.longest,
          self.average_length, self.min_long, self.max_long, self.min_double, self.max_double, self.min_time,
          self.max_time, self.min_unscaled, self.max_unscaled, self.min_scale, self.max_scale);
  }
};

struct ConnectionKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct ConnectionRecord {
  Time created, updated;
  std::string updated_by, type;
  std::optional<std::string> description;
  std::vector<std::string> match_criteria;
  Parameters properties, spark_properties, athena_properties, python_properties;
  std::optional<std::string> subnet, zone;
  std::vector<std::string> security_groups;
  bool has_network = false;
  static void fields(auto& self, auto&& visit) {
    visit(self.created, self.updated, self.updated_by, self.type, self.description, self.match_criteria,
          self.properties, self.spark_properties, self.athena_properties, self.python_properties, self.subnet,
          self.zone, self.security_groups, self.has_network);
  }
};

struct SettingsRecord {  // by PolicyKey: one of each catalog
  std::string mode = "DISABLED";
  std::optional<std::string> key_id, role, password_key_id;
  bool encrypt_passwords = false;
  static void fields(auto& self, auto&& visit) {
    visit(self.mode, self.key_id, self.role, self.password_key_id, self.encrypt_passwords);
  }
};

inline constexpr ::tarn::Table<StatisticsKey, StatisticsRecord> kStatistics{"glue.column_statistics"};
inline constexpr ::tarn::Table<ConnectionKey, ConnectionRecord> kConnections{"glue.connections"};
inline constexpr ::tarn::Table<PolicyKey, SettingsRecord> kSettings{"glue.settings"};

}  // namespace tarn::glue

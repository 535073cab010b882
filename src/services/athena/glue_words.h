// Glue's structures, as statements build and read them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gen/glue/shapes.h"
#include "sql/stmt_athena.h"

namespace tarn::athena {

glue::Column to_glue(const sql::ExternalColumn& column);

// What an update must repeat of a table or partition.
glue::TableInput input_of(const glue::Table& table);
glue::PartitionInput input_of(const glue::Partition& partition);

// The table's location with one '/' at its end; empty: it has none.
std::string folder_of(const glue::Table& table);
bool is_view(const glue::Table& table);
std::string serde_of(const glue::Table& table);

// "year=2024/month=01" of the values in the order of the table's keys, escaped as Hive does.
std::string partition_path(const glue::Table& table, const std::vector<std::string>& values);
// The values of "year=2024/month=01/.."; nullopt: the path is not of the table's keys.
std::optional<std::vector<std::string>> partition_values(const glue::Table& table, std::string_view path);
// In the order of the table's keys. ERRORS: Hive's: a key without a value, a value without a key.
Result<std::vector<std::string>> ordered_values(const glue::Table& table, const sql::athena::Partition& partition);

// "/* Presto View: base64 */", and back; nullopt: the text is none.
std::string presto_view(const std::string& sql, const std::string& database,
                        const std::vector<sql::ExternalColumn>& columns);
std::optional<std::string> presto_view_sql(std::string_view text);

// SHOW's patterns: '*' and '.*' are anything, '|' is or.
bool matches(const std::optional<std::string>& pattern, const std::string& name);

}  // namespace tarn::athena

#include "services/athena/glue_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "services/athena/errors.h"

namespace tarn::athena {
namespace {

constexpr std::string_view kViewOpen = "/* Presto View: ";
constexpr std::string_view kViewClose = " */";

}  // namespace

glue::Column to_glue(const sql::ExternalColumn& column) {
  glue::Column out;
  out.name = column.name;
  out.type = column.type;
  if (!column.comment.empty()) out.comment = column.comment;
  return out;
}

glue::TableInput input_of(const glue::Table& table) {
  glue::TableInput input;
  input.name = table.name;
  input.description = table.description;
  input.owner = table.owner;
  input.retention = table.retention;
  input.table_type = table.table_type;
  input.view_original_text = table.view_original_text;
  input.view_expanded_text = table.view_expanded_text;
  if (table.storage_descriptor) input.storage_descriptor = *table.storage_descriptor;
  input.partition_keys.set_present();
  for (const glue::Column& key : table.partition_keys) input.partition_keys.push_back(key);
  input.parameters.set_present();
  for (const auto& [name, value] : table.parameters) input.parameters[name] = value;
  return input;
}

glue::PartitionInput input_of(const glue::Partition& partition) {
  glue::PartitionInput input;
  input.values.set_present();
  for (const std::string& value : partition.values) input.values.push_back(value);
  if (partition.storage_descriptor) input.storage_descriptor = *partition.storage_descriptor;
  input.parameters.set_present();
  for (const auto& [name, value] : partition.parameters) input.parameters[name] = value;
  return input;
}

std::string folder_of(const glue::Table& table) {
  if (!table.storage_descriptor) return "";
  std::string location = table.storage_descriptor->location.value_or("");
  if (!location.empty() && !location.ends_with('/')) location += '/';
  return location;
}

bool is_view(const glue::Table& table) {
  return table.table_type.value_or("") == "VIRTUAL_VIEW";
}

std::string serde_of(const glue::Table& table) {
  if (!table.storage_descriptor || !table.storage_descriptor->serde_info) return "";
  return table.storage_descriptor->serde_info->serialization_library.value_or("");
}

std::string partition_path(const glue::Table& table, const std::vector<std::string>& values) {
  std::string path;
  for (size_t i = 0; i < table.partition_keys.size() && i < values.size(); ++i)
    path += (i > 0 ? "/" : "") + *table.partition_keys[i].name + "=" + uri_encode(values[i]);
  return path;
}

std::optional<std::vector<std::string>> partition_values(const glue::Table& table, std::string_view path) {
  std::vector<std::string> values;
  for (const std::string_view part : split(path, '/')) {
    if (values.size() == table.partition_keys.size()) break;
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    if (!equals_ignore_case(part.substr(0, equals), *table.partition_keys[values.size()].name)) return std::nullopt;
    values.push_back(uri_decode(part.substr(equals + 1)));
  }
  if (values.size() != table.partition_keys.size()) return std::nullopt;
  return values;
}

Result<std::vector<std::string>> ordered_values(const glue::Table& table, const sql::athena::Partition& partition) {
  std::vector<std::string> values;
  for (const glue::Column& key : table.partition_keys) {
    const auto given = std::ranges::find_if(partition.values,
                                            [&](const auto& each) { return each.first == lower(*key.name); });
    if (given == partition.values.end())
      return hive_failure(fmt::format(
          "FAILED: SemanticException [Error 10006]: partition spec does not contain the partition column {}", *key.name));
    values.push_back(given->second);
  }
  if (values.size() != partition.values.size())
    return hive_failure(fmt::format(
        "FAILED: SemanticException [Error 10098]: table {} has {} partition columns, {} were given", *table.name,
        values.size(), partition.values.size()));
  return values;
}

std::string presto_view(const std::string& sql, const std::string& database,
                        const std::vector<sql::ExternalColumn>& columns) {
  Json listed = Json::array();
  for (const sql::ExternalColumn& column : columns)
    listed.push(Json::object({{"name", column.name}, {"type", sql::athena::trino_type(column.type)}}));
  const Json view = Json::object({{"originalSql", sql},
                                  {"catalog", "awsdatacatalog"},
                                  {"schema", database},
                                  {"columns", listed}});
  return std::string(kViewOpen) + base64(view.text()) + std::string(kViewClose);
}

std::optional<std::string> presto_view_sql(std::string_view text) {
  if (!text.starts_with(kViewOpen) || !text.ends_with(kViewClose)) return std::nullopt;
  const auto decoded =
      unbase64(text.substr(kViewOpen.size(), text.size() - kViewOpen.size() - kViewClose.size()));
  if (!decoded) return std::nullopt;
  const auto view = Json::parse(*decoded);
  if (!view) return std::nullopt;
  return (*view)["originalSql"].as_string();
}

bool matches(const std::optional<std::string>& pattern, const std::string& name) {
  if (!pattern) return true;
  for (const std::string_view choice : split(*pattern, '|'))
    if (wildcard_match(replace_all(lower(choice), ".*", "*"), lower(name))) return true;
  return false;
}

}  // namespace tarn::athena

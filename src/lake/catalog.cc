#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "gen/glue/shapes.h"
#include "lake/lake.h"
#include "sql/sql_error.h"

namespace tarn::lake {
namespace {

constexpr std::string_view kNullPartition = "__HIVE_DEFAULT_PARTITION__";
constexpr int32_t kPage = 1000;
constexpr size_t kBatch = 100;  // AWS: BatchCreatePartition

bool is_missing(const Error& error) {
  return error.code == "EntityNotFoundException";
}

std::optional<std::string> account(const std::string& catalog_id) {
  return catalog_id.empty() ? std::nullopt : std::optional(catalog_id);
}

// The engine's word for what the serde reads.
std::string format_of(const std::string& serde, const std::string& input_format) {
  if (serde.ends_with("ParquetHiveSerDe")) return "parquet";
  if (serde.ends_with("JsonSerDe")) return "json";
  if (serde.ends_with("LazySimpleSerDe") || serde.ends_with("OpenCSVSerde")) return "csv";
  return serde.empty() ? input_format : serde;
}

sql::ExternalColumn column(const glue::Column& from) {
  return {lower(from.name.value_or("")), from.type.value_or("string"), from.comment.value_or("")};
}

glue::Column column(const sql::ExternalColumn& from) {
  return {.name = from.name, .type = from.type};
}

// The hive default of serialization.format says nothing of the delimiter.
void add_properties(const wire::Map<std::string>& from, sql::ExternalTable& table) {
  for (const auto& [key, value] : from)
    if (!(key == "serialization.format" && value == "1")) table.properties.emplace_back(lower(key), value);
}

std::optional<uint64_t> row_count(const glue::Table& table) {
  for (const std::string_view key : {"recordCount", "numRows"})
    if (const std::string* text = table.parameters.find(key))
      if (const auto rows = parse_int(*text); rows && *rows >= 0) return static_cast<uint64_t>(*rows);
  return std::nullopt;
}

// The partition's values in the order of the table's keys.
Result<std::vector<std::string>> ordered_values(const glue::Table& table, const sql::PartitionChange& partition) {
  std::vector<std::string> values;
  for (const glue::Column& key : table.partition_keys) {
    const auto given =
        std::ranges::find_if(partition.values, [&](const auto& each) { return each.first == lower(*key.name); });
    if (given == partition.values.end())
      return sql::sql_error(sql::kInvalidParameter, fmt::format("the partition column \"{}\" has no value", *key.name));
    values.push_back(given->second);
  }
  if (values.size() != partition.values.size())
    return sql::sql_error(sql::kInvalidParameter, fmt::format("table \"{}\" has {} partition columns, {} were given",
                                                              *table.name, values.size(), partition.values.size()));
  return values;
}

Result<glue::GetTableResponse> get_table(Door& door, const Caller& as, const std::string& database,
                                         const std::string& name) {
  glue::GetTableRequest get;
  get.database_name = database;
  get.name = name;
  auto got = door.call(as, get);
  if (!got && is_missing(got.error()))
    return sql::sql_error(sql::kUndefinedTable, fmt::format("Table \"{}\" does not exist", name));
  return got;
}

}  // namespace

Result<std::optional<sql::ExternalTable>> glue_table(Door& door, const Caller& as, const std::string& database,
                                                     const std::string& name, const std::string& catalog_id) {
  glue::GetTableRequest get;
  get.catalog_id = account(catalog_id);
  get.database_name = database;
  get.name = name;
  const auto got = door.call(as, get);
  if (!got && is_missing(got.error())) return std::nullopt;
  if (!got) return Failure(got.error());
  const glue::Table& from = *got->table;
  sql::ExternalTable table;
  table.catalog = "awsdatacatalog";
  table.database = database;
  table.name = name;
  for (const glue::Column& key : from.partition_keys) table.partition_columns.push_back(column(key));
  add_properties(from.parameters, table);
  table.row_count = row_count(from);
  table.view_sql = from.view_original_text.value_or("");
  if (!from.storage_descriptor) return table;
  const glue::StorageDescriptor& storage = *from.storage_descriptor;
  for (const glue::Column& each : storage.columns) table.columns.push_back(column(each));
  if (storage.number_of_buckets.value_or(0) > 0 && !storage.bucket_columns.empty())
    table.properties.emplace_back("bucket_count", std::to_string(*storage.number_of_buckets));
  table.location = storage.location.value_or("");
  add_properties(storage.parameters, table);
  std::string serde;
  if (storage.serde_info) {
    serde = storage.serde_info->serialization_library.value_or("");
    add_properties(storage.serde_info->parameters, table);
  }
  table.properties.emplace_back("serialization.lib", serde);
  table.format = format_of(serde, storage.input_format.value_or(""));
  if (const std::string* type = from.parameters.find("table_type"); type && equals_ignore_case(*type, "iceberg"))
    table.format = "iceberg";  // whatever its descriptor says
  return table;
}

Result<std::vector<sql::ExternalPartition>> glue_partitions(Door& door, const Caller& as, const std::string& database,
                                                            const std::string& table, const std::string& catalog_id) {
  std::vector<sql::ExternalPartition> all;
  glue::GetPartitionsRequest get;
  get.catalog_id = account(catalog_id);
  get.database_name = database;
  get.table_name = table;
  get.max_results = kPage;
  get.exclude_column_schema = true;
  do {
    const auto page = TRY(door.call(as, get));
    for (const glue::Partition& from : page.partitions) {
      sql::ExternalPartition& partition = all.emplace_back();
      for (const std::string& value : from.values)
        partition.values.push_back(value == kNullPartition ? std::nullopt : std::optional(value));
      if (from.storage_descriptor) partition.location = from.storage_descriptor->location.value_or("");
    }
    get.next_token = page.next_token;
  } while (get.next_token && !get.next_token->empty());
  return all;
}

Result<std::vector<std::string>> glue_tables(Door& door, const Caller& as, const std::string& database,
                                             const std::string& catalog_id) {
  std::vector<std::string> all;
  glue::GetTablesRequest get;
  get.catalog_id = account(catalog_id);
  get.database_name = database;
  do {
    const auto page = door.call(as, get);
    if (!page && is_missing(page.error())) return all;
    if (!page) return Failure(page.error());
    for (const glue::Table& table : page->table_list) all.push_back(*table.name);
    get.next_token = page->next_token;
  } while (get.next_token && !get.next_token->empty());
  return all;
}

Result<bool> has_glue_database(Door& door, const Caller& as, const std::string& name, const std::string& catalog_id) {
  glue::GetDatabaseRequest get;
  get.catalog_id = account(catalog_id);
  get.name = name;
  const auto got = door.call(as, get);
  if (!got && is_missing(got.error())) return false;
  if (!got) return Failure(got.error());
  return true;
}

Status create_glue_database(Door& door, const Caller& as, const std::string& name) {
  glue::CreateDatabaseRequest create;
  create.database_input = glue::DatabaseInput{.name = name};
  const auto created = door.call(as, create);
  if (!created && created.error().code != "AlreadyExistsException") return Failure(created.error());
  return {};
}

Status drop_glue_database(Door& door, const Caller& as, const std::string& name) {
  glue::DeleteDatabaseRequest drop;
  drop.name = name;
  const auto dropped = door.call(as, drop);
  if (!dropped && !is_missing(dropped.error())) return Failure(dropped.error());
  return {};
}

glue::CreateTableRequest create_table_request(const std::string& database, const sql::CreateExternalTable& table) {
  glue::StorageDescriptor storage;
  for (const sql::ExternalColumn& each : table.columns) storage.columns.push_back(column(each));
  storage.location = table.location;
  storage.input_format = table.input_format;
  storage.output_format = table.output_format;
  glue::SerDeInfo serde;
  serde.serialization_library = table.serde;
  serde.parameters["serialization.format"] = "1";
  for (const auto& [key, value] : table.serde_properties) serde.parameters[key] = value;
  storage.serde_info = std::move(serde);
  glue::TableInput input;
  input.name = table.table.name;
  input.table_type = "EXTERNAL_TABLE";
  input.parameters["EXTERNAL"] = "TRUE";
  for (const auto& [key, value] : table.table_properties) input.parameters[key] = value;
  input.partition_keys.set_present();
  for (const sql::ExternalColumn& key : table.partition_columns) input.partition_keys.push_back(column(key));
  input.storage_descriptor = std::move(storage);
  glue::CreateTableRequest create;
  create.database_name = database;
  create.table_input = std::move(input);
  return create;
}

Status create_glue_table(Door& door, const Caller& as, const std::string& database,
                         const sql::CreateExternalTable& table) {
  TRY(door.call(as, create_table_request(database, table)));
  return {};
}

Status drop_glue_table(Door& door, const Caller& as, const std::string& database, const std::string& name) {
  glue::DeleteTableRequest drop;
  drop.database_name = database;
  drop.name = name;
  TRY(door.call(as, drop));
  return {};
}

Status add_glue_partitions(Door& door, const Caller& as, const std::string& database, const std::string& table,
                           const std::vector<sql::PartitionChange>& partitions, bool if_not_exists) {
  const auto got = TRY(get_table(door, as, database, table));
  const glue::Table& parent = *got.table;
  for (size_t first = 0; first < partitions.size(); first += kBatch) {
    glue::BatchCreatePartitionRequest create;
    create.database_name = database;
    create.table_name = table;
    for (size_t i = first; i < std::min(first + kBatch, partitions.size()); ++i) {
      glue::PartitionInput input;
      input.values = wire::List<std::string>(TRY(ordered_values(parent, partitions[i])));
      glue::StorageDescriptor storage;
      if (parent.storage_descriptor) storage = *parent.storage_descriptor;
      storage.location = partitions[i].location;
      input.storage_descriptor = std::move(storage);
      create.partition_input_list.push_back(std::move(input));
    }
    const auto created = TRY(door.call(as, create));
    for (const glue::PartitionError& error : created.errors) {
      const std::string code = error.error_detail ? error.error_detail->error_code.value_or("") : "";
      if (code == "AlreadyExistsException" && if_not_exists) continue;
      return sql::sql_error(
          sql::kInternalError,
          fmt::format("Partition ({}) of \"{}\": {}", fmt::join(error.partition_values.items(), ", "), table,
                      error.error_detail ? error.error_detail->error_message.value_or(code) : code));
    }
  }
  return {};
}

Status drop_glue_partition(Door& door, const Caller& as, const std::string& database, const std::string& table,
                           const sql::PartitionChange& partition) {
  const auto got = TRY(get_table(door, as, database, table));
  glue::DeletePartitionRequest drop;
  drop.database_name = database;
  drop.table_name = table;
  drop.partition_values = wire::List<std::string>(TRY(ordered_values(*got.table, partition)));
  TRY(door.call(as, drop));
  return {};
}

}  // namespace tarn::lake

// SHOW and DESCRIBE, in the text that Hive makes of them.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "services/athena/errors.h"
#include "services/athena/glue_words.h"
#include "services/athena/iceberg.h"
#include "services/athena/statement.h"
#include "sql/sql_error.h"

namespace tarn::athena {
namespace {

constexpr size_t kWidth = 20;  // Hive pads its columns

std::string padded(std::string text) {
  if (text.size() < kWidth) text.resize(kWidth, ' ');
  return text;
}

std::string column_line(const glue::Column& column) {
  return padded(lower(*column.name)) + "\t" + padded(column.type.value_or("")) + "\t" +
         padded(column.comment.value_or(""));
}

std::string quoted(const std::string& text) {
  std::string escaped = replace_all(replace_all(text, "\\", "\\\\"), "'", "\\'");
  for (const auto& [control, letter] : {std::pair("\n", "\\n"), {"\r", "\\r"}, {"\t", "\\t"}})
    escaped = replace_all(escaped, control, letter);
  return "'" + escaped + "'";
}

void append_columns(const wire::List<glue::Column>& columns, std::vector<std::string>& lines) {
  for (size_t i = 0; i < columns.size(); ++i) {
    std::string line = "  `" + lower(*columns[i].name) + "` " + columns[i].type.value_or("string");
    if (columns[i].comment && !columns[i].comment->empty()) line += " COMMENT " + quoted(*columns[i].comment);
    lines.push_back(line + (i + 1 < columns.size() ? ", " : ")"));
  }
}

void append_properties(const std::vector<std::pair<std::string, std::string>>& properties,
                       std::vector<std::string>& lines) {
  for (size_t i = 0; i < properties.size(); ++i)
    lines.push_back("  " + quoted(properties[i].first) + "=" + quoted(properties[i].second) +
                    (i + 1 < properties.size() ? ", " : ")"));
}

std::vector<std::string> create_statement(const std::string& database, const glue::Table& table) {
  std::vector<std::string> lines = {fmt::format("CREATE EXTERNAL TABLE `{}.{}`(", database, lower(*table.name))};
  if (!table.storage_descriptor) return lines;
  const glue::StorageDescriptor& storage = *table.storage_descriptor;
  append_columns(storage.columns, lines);
  if (table.description && !table.description->empty()) lines.push_back("COMMENT " + quoted(*table.description));
  if (!table.partition_keys.empty()) {
    lines.push_back("PARTITIONED BY ( ");
    append_columns(table.partition_keys, lines);
  }
  if (!storage.bucket_columns.empty()) {
    lines.push_back("CLUSTERED BY ( ");
    for (size_t i = 0; i < storage.bucket_columns.size(); ++i)
      lines.push_back("  " + storage.bucket_columns[i] + (i + 1 < storage.bucket_columns.size() ? ", " : ") "));
    lines.push_back(fmt::format("INTO {} BUCKETS", storage.number_of_buckets.value_or(0)));
  }
  lines.push_back("ROW FORMAT SERDE ");
  lines.push_back("  " + quoted(serde_of(table)) + " ");
  std::vector<std::pair<std::string, std::string>> serde;
  if (storage.serde_info)
    for (const auto& [name, value] : storage.serde_info->parameters)
      if (!(name == "serialization.format" && value == "1")) serde.emplace_back(name, value);
  if (!serde.empty()) {
    lines.push_back("WITH SERDEPROPERTIES ( ");
    append_properties(serde, lines);
    lines.back() += " ";
  }
  lines.push_back("STORED AS INPUTFORMAT ");
  lines.push_back("  " + quoted(storage.input_format.value_or("")) + " ");
  lines.push_back("OUTPUTFORMAT ");
  lines.push_back("  " + quoted(storage.output_format.value_or("")));
  lines.push_back("LOCATION");
  lines.push_back("  " + quoted(storage.location.value_or("")));
  std::vector<std::pair<std::string, std::string>> properties;
  for (const auto& [name, value] : table.parameters)
    if (name != "EXTERNAL") properties.emplace_back(name, value);
  lines.push_back("TBLPROPERTIES (");
  if (properties.empty())
    lines.back() += ")";
  else
    append_properties(properties, lines);
  return lines;
}

std::string fact(std::string_view name, const std::string& value) {
  return padded(std::string(name)) + "\t" + padded(value) + "\t" + padded("");
}

void append_storage(const glue::StorageDescriptor& storage, std::vector<std::string>& lines) {
  lines.push_back("\t \t ");
  lines.push_back("# Storage Information\t \t ");
  lines.push_back(fact("SerDe Library:", storage.serde_info ? storage.serde_info->serialization_library.value_or("") : ""));
  lines.push_back(fact("InputFormat:", storage.input_format.value_or("")));
  lines.push_back(fact("OutputFormat:", storage.output_format.value_or("")));
  lines.push_back(fact("Compressed:", storage.compressed.value_or(false) ? "Yes" : "No"));
  lines.push_back(fact("Num Buckets:", std::to_string(storage.number_of_buckets.value_or(-1))));
  lines.push_back("Storage Desc Params:\t \t ");
  if (storage.serde_info)
    for (const auto& [name, value] : storage.serde_info->parameters)
      lines.push_back("\t" + padded(name) + "\t" + padded(value));
}

// As Hive describes one.
std::vector<std::string> partition_details(const std::string& database, const glue::Table& table,
                                           const glue::Partition& partition) {
  std::vector<std::string> lines = {
      "\t \t ",
      "# Detailed Partition Information\t \t ",
      fact("Partition Value:", fmt::format("[{}]", fmt::join(partition.values.items(), ", "))),
      fact("Database:", database),
      fact("Table:", lower(*table.name)),
      fact("CreateTime:", partition.creation_time ? iso8601(*partition.creation_time) : "")};
  const glue::StorageDescriptor* storage = partition.storage_descriptor ? &*partition.storage_descriptor : nullptr;
  if (storage) lines.push_back(fact("Location:", storage->location.value_or("")));
  lines.push_back("Partition Parameters:\t \t ");
  for (const auto& [name, value] : partition.parameters) lines.push_back("\t" + padded(name) + "\t" + padded(value));
  if (storage) append_storage(*storage, lines);
  return lines;
}

std::vector<std::string> details(const std::string& database, const glue::Table& table) {
  std::vector<std::string> lines = {"\t \t ", "# Detailed Table Information\t \t ", fact("Database:", database),
                                    fact("Owner:", table.owner.value_or("")),
                                    fact("CreateTime:", table.create_time ? iso8601(*table.create_time) : "")};
  const glue::StorageDescriptor* storage = table.storage_descriptor ? &*table.storage_descriptor : nullptr;
  if (storage) lines.push_back(fact("Location:", storage->location.value_or("")));
  lines.push_back(fact("Table Type:", table.table_type.value_or("")));
  lines.push_back("Table Parameters:\t \t ");
  for (const auto& [name, value] : table.parameters) lines.push_back("\t" + padded(name) + "\t" + padded(value));
  if (storage) append_storage(*storage, lines);
  return lines;
}

}  // namespace

Result<Ran> StatementRun::show_databases(const sql::athena::Show& show) {
  const Place place = TRY(place_of({show.of.catalog, "", ""}));
  std::vector<std::string> names;
  glue::GetDatabasesRequest get;
  get.catalog_id = place.account;
  do {
    const auto page = door().call(job_.caller, get);
    if (!page) return Failure(ddl_error(page.error()));
    for (const glue::Database& database : page->database_list)
      if (matches(show.pattern, *database.name)) names.push_back(*database.name);
    get.next_token = page->next_token;
  } while (get.next_token && !get.next_token->empty());
  std::ranges::sort(names);
  return text_result({"database_name"}, names);
}

Result<Ran> StatementRun::show_tables(const sql::athena::Show& show) {
  const bool views = show.kind == sql::athena::Show::Kind::kViews;
  const Place place = TRY(place_of({show.of.catalog, show.of.database, ""}));
  TRY(need_database(place));
  std::vector<std::string> names;
  glue::GetTablesRequest get;
  get.catalog_id = place.account;
  get.database_name = place.database;
  do {
    const auto page = door().call(job_.caller, get);
    if (!page) return Failure(ddl_error(page.error()));
    for (const glue::Table& table : page->table_list)
      if (matches(show.pattern, *table.name) && (!views || is_view(table))) names.push_back(*table.name);
    get.next_token = page->next_token;
  } while (get.next_token && !get.next_token->empty());
  std::ranges::sort(names);
  return text_result({views ? "views" : "tab_name"}, names);
}

Result<Ran> StatementRun::show(const sql::athena::Show& show) {
  using Kind = sql::athena::Show::Kind;
  if (show.kind == Kind::kDatabases) return show_databases(show);
  if (show.kind == Kind::kTables || show.kind == Kind::kViews) return show_tables(show);
  const Place place = TRY(place_of(show.of));
  const glue::Table table = TRY(table_of(place));
  std::vector<std::string> lines;
  switch (show.kind) {
    case Kind::kPartitions: {
      if (table.partition_keys.empty())
        return hive_failure(fmt::format("FAILED: Execution Error, return code 1 from "
                                        "org.apache.hadoop.hive.ql.exec.DDLTask. Table {} is not a partitioned table",
                                        place.name));
      for (const glue::Partition& partition : TRY(partitions_of(place)))
        lines.push_back(partition_path(table, partition.values.items()));
      std::ranges::sort(lines);
      return text_result({"partition"}, lines);
    }
    case Kind::kColumns:
      if (table.storage_descriptor)
        for (const glue::Column& column : table.storage_descriptor->columns) lines.push_back(padded(lower(*column.name)));
      for (const glue::Column& column : table.partition_keys) lines.push_back(padded(lower(*column.name)));
      return text_result({"field"}, lines);
    case Kind::kProperties:
      for (const auto& [name, value] : table.parameters) {
        if (!show.pattern)
          lines.push_back(name + "\t" + value);
        else if (*show.pattern == name)
          lines.push_back(value);
      }
      if (show.pattern && lines.empty())
        lines.push_back(fmt::format("Table {}.{} does not have property: {}", place.database, place.name, *show.pattern));
      return text_result({"prpt_name", "prpt_value"}, lines);
    case Kind::kCreateView: {
      const auto sql = presto_view_sql(table.view_original_text.value_or(""));
      if (!sql)
        return sql::sql_error(sql::kUndefinedTable,
                              fmt::format("Relation '{}.{}' is a table, not a view", place.database, place.name));
      lines.push_back(fmt::format("CREATE VIEW {}.{} AS", place.database, place.name));
      for (const std::string_view line : split(*sql, '\n')) lines.emplace_back(line);
      return text_result({"Create View"}, lines);
    }
    default:
      if (is_iceberg(table)) return show_create_iceberg(place, table);
      if (is_view(table))
        return hive_failure(
            fmt::format("FAILED: SemanticException {}.{} is a view: use SHOW CREATE VIEW", place.database, place.name));
      return text_result({"createtab_stmt"}, create_statement(place.database, table));
  }
}

Result<glue::Partition> StatementRun::partition_of(const Place& place, const glue::Table& table,
                                                   const sql::athena::Partition& wanted) {
  const auto values = TRY(ordered_values(table, wanted));
  glue::GetPartitionRequest get;
  get.catalog_id = place.account;
  get.database_name = place.database;
  get.table_name = place.name;
  for (const std::string& value : values) get.partition_values.push_back(value);
  auto got = door().call(job_.caller, get);
  if (got) return std::move(*got->partition);
  if (got.error().code != "EntityNotFoundException") return Failure(ddl_error(got.error()));
  return hive_failure(fmt::format("FAILED: SemanticException [Error 10006]: Partition not found {}",
                                  partition_path(table, values)));
}

Result<Ran> StatementRun::describe(const sql::athena::Describe& describe) {
  const Place place = TRY(place_of(describe.table));
  glue::Table table = TRY(table_of(place));
  if (is_iceberg(table)) return describe_iceberg(describe, place, table);
  std::optional<glue::Partition> partition;
  if (describe.partition) {
    partition = TRY(partition_of(place, table, *describe.partition));
    // It may have columns of its own.
    if (partition->storage_descriptor && !partition->storage_descriptor->columns.empty())
      table.storage_descriptor = *partition->storage_descriptor;
  }
  std::vector<std::string> lines;
  const auto wanted = [&](const glue::Column& column) {
    return !describe.column || lower(*column.name) == *describe.column;
  };
  if (describe.formatted) {
    lines.push_back("# " + padded("col_name") + "\t" + padded("data_type") + "\t" + padded("comment"));
    lines.push_back("\t \t ");
  }
  if (table.storage_descriptor)
    for (const glue::Column& column : table.storage_descriptor->columns)
      if (wanted(column)) lines.push_back(column_line(column));
  for (const glue::Column& column : table.partition_keys)
    if (wanted(column)) lines.push_back(column_line(column));
  if (describe.column) {
    if (lines.empty())
      return hive_failure(fmt::format("FAILED: SemanticException [Error 10002]: Invalid column reference {}",
                                      *describe.column));
    return text_result({"col_name", "data_type", "comment"}, lines);
  }
  if (!table.partition_keys.empty()) {
    lines.push_back("\t \t ");
    lines.push_back("# Partition Information\t \t ");
    lines.push_back("# " + padded("col_name") + "\t" + padded("data_type") + "\t" + padded("comment"));
    lines.push_back("\t \t ");
    for (const glue::Column& column : table.partition_keys) lines.push_back(column_line(column));
  }
  if (describe.formatted || describe.extended) {
    const auto more = partition ? partition_details(place.database, table, *partition) : details(place.database, table);
    lines.insert(lines.end(), more.begin(), more.end());
  }
  return text_result({"col_name", "data_type", "comment"}, lines);
}

}  // namespace tarn::athena

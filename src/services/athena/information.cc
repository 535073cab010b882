#include "services/athena/information.h"

#include "base/text.h"
#include "door/door.h"
#include "services/athena/glue_words.h"

namespace tarn::athena {
namespace {

using Row = std::vector<std::optional<std::string>>;

constexpr const char* kCatalog = "awsdatacatalog";

void add_columns(const std::string& database, const glue::Table& table, std::vector<Row>& rows) {
  int position = 0;
  const auto add = [&](const glue::Column& column, const char* extra) {
    rows.push_back({kCatalog, database, lower(*table.name), lower(*column.name), std::to_string(++position), std::nullopt,
                    "YES", sql::athena::trino_type(column.type.value_or("string")), column.comment,
                    extra ? std::optional<std::string>(extra) : std::nullopt});
  };
  if (table.storage_descriptor)
    for (const glue::Column& column : table.storage_descriptor->columns) add(column, nullptr);
  for (const glue::Column& column : table.partition_keys) add(column, "partition key");
}

void add_table(const std::string& view, const std::string& database, const glue::Table& table, std::vector<Row>& rows) {
  if (view == "columns") return add_columns(database, table, rows);
  if (view == "tables")
    rows.push_back({kCatalog, database, lower(*table.name), is_view(table) ? "VIEW" : "BASE TABLE"});
  else if (is_view(table))
    rows.push_back({kCatalog, database, lower(*table.name), presto_view_sql(table.view_original_text.value_or(""))});
}

}  // namespace

Result<sql::Rows> information_rows(Door& door, const Caller& as, const std::string& view) {
  sql::Rows all;
  if (view != "schemata" && view != "tables" && view != "views" && view != "columns") return all;
  glue::GetDatabasesRequest databases;
  do {
    const auto page = TRY(door.call(as, databases));
    for (const glue::Database& database : page.database_list) {
      if (view == "schemata") {
        all.rows.push_back({kCatalog, *database.name});
        continue;
      }
      glue::GetTablesRequest tables;
      tables.database_name = *database.name;
      do {
        const auto found = TRY(door.call(as, tables));
        for (const glue::Table& table : found.table_list) add_table(view, *database.name, table, all.rows);
        tables.next_token = found.next_token;
      } while (tables.next_token && !tables.next_token->empty());
    }
    databases.next_token = page.next_token;
  } while (databases.next_token && !databases.next_token->empty());
  return all;
}

}  // namespace tarn::athena

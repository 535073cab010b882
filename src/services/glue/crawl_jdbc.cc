// A crawl's JDBC targets: tables of a PostgreSQL server, through a connection of the catalog.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "lake/postgres.h"
#include "services/glue/crawl_job.h"
#include "services/glue/glue.h"

namespace tarn::glue {
namespace {

// The include path's parts; those that are not said are any.
struct IncludePath {
  std::string database, schema = "%", table = "%";
};

IncludePath include_path(const std::string& text) {
  const auto parts = split(text, '/');
  IncludePath path{.database = std::string(parts[0])};
  if (parts.size() > 1) path.schema = parts[1];
  if (parts.size() > 2) path.table = parts[2];
  return path;
}

// AWS: exclude patterns are relative to the include path: the table's name behind database/schema/%.
bool is_excluded(const JdbcTargetRecord& target, const IncludePath& path, const lake::PostgresTable& table) {
  const bool any_schema = path.schema.find('%') != std::string::npos;
  return std::ranges::any_of(target.exclusions, [&](const std::string& glob) {
    return glob_matches(glob, table.schema + "/" + table.name) || (!any_schema && glob_matches(glob, table.name));
  });
}

std::string location_of(const std::string& database, const lake::PostgresTable& table) {
  return fmt::format("{}.{}.{}", database, table.schema, table.name);
}

wire::Map<std::string> parameters_of(const JdbcTargetRecord& target, const lake::PostgresTable& table,
                                     const std::string& crawler) {
  wire::Map<std::string> out;
  out["CrawlerSchemaDeserializerVersion"] = "1.0";
  out["CrawlerSchemaSerializerVersion"] = "1.0";
  out["UPDATED_BY_CRAWLER"] = crawler;
  out["classification"] = "postgresql";
  out["compressionType"] = "none";
  out["connectionName"] = target.connection;
  out["typeOfData"] = table.view ? "view" : "table";
  return out;
}

TableInput input_of(const JdbcTargetRecord& target, const std::string& database, const lake::PostgresTable& table,
                    const std::string& name, const std::string& crawler) {
  StorageDescriptor storage;
  storage.columns.set_present();
  for (const lake::PostgresColumn& each : table.columns) {
    Column column{.name = lower(each.name), .type = lake::glue_type_of(each.type)};
    if (target.comments && !each.comment.empty()) column.comment = each.comment;
    storage.columns.push_back(std::move(column));
  }
  storage.location = location_of(database, table);
  storage.compressed = false;
  storage.number_of_buckets = -1;
  storage.serde_info = SerDeInfo{};
  storage.serde_info->parameters.set_present();
  storage.bucket_columns.set_present();
  storage.sort_columns.set_present();
  storage.parameters = parameters_of(target, table, crawler);
  storage.stored_as_sub_directories = false;
  TableInput out;
  out.name = name;
  if (target.comments && !table.comment.empty()) out.description = table.comment;
  out.owner = "owner";
  out.retention = 0;
  out.table_type = "EXTERNAL_TABLE";
  out.parameters = parameters_of(target, table, crawler);
  out.storage_descriptor = std::move(storage);
  out.partition_keys.set_present();
  return out;
}

}  // namespace

Status CrawlJob::crawl_jdbc(const JdbcTargetRecord& target) {
  const IncludePath path = include_path(target.path);
  const auto source = lake::glue_connection(door_, as_, target.connection);
  if (!source)
    return invalid_input(fmt::format("Connection {}: {} (Error Code: {})", target.connection, source.error().message,
                                     source.error().code));
  // A session of PostgreSQL sees one database.
  if (path.database != source->database)
    return invalid_input(fmt::format("The include path {} is of database {}, and connection {} is to database {}.",
                                     target.path, path.database, target.connection, source->database));
  std::vector<lake::PostgresTable> tables;
  {
    auto postgres = lake::Postgres::connect(*source);
    auto found = postgres
                     ? postgres->tables(lake::like_pattern(path.schema, true), lake::like_pattern(path.table, true))
                     : Result<std::vector<lake::PostgresTable>>(Failure(postgres.error()));
    if (!found) return invalid_input(fmt::format("Connection {}: {}", target.connection, found.error().message));
    tables = std::move(*found);
  }
  std::erase_if(tables, [&](const lake::PostgresTable& table) { return is_excluded(target, path, table); });
  log_.add("BENCHMARK", fmt::format("Classification complete, writing results to database {}", crawler_.database));
  return write_jdbc_tables(target, path.database, tables);
}

Status CrawlJob::write_jdbc_tables(const JdbcTargetRecord& target, const std::string& database,
                                   const std::vector<lake::PostgresTable>& tables) {
  const std::map<std::string, Table> there = TRY(tables_there());
  std::set<std::string> kept;
  for (const lake::PostgresTable& table : tables) {
    TRY(going_on_());
    const std::string name =
        table_name_of(crawler_.table_prefix.value_or("") + fmt::format("{}_{}_{}", database, table.schema, table.name));
    kept.insert(name);
    TableInput input = input_of(target, database, table, name, key_.name);
    if (const auto existing = there.find(name); existing != there.end()) {
      TRY(update_table(crawler_.database, name, existing->second, std::move(input)));
      continue;
    }
    CreateTableRequest create;
    create.database_name = crawler_.database;
    create.table_input = std::move(input);
    TRY(create_table(std::move(create)));
  }
  // Tables of this connection, below the include path, that are not there any more.
  std::string below = replace_all(target.path, "/", ".");
  below = below.substr(0, below.find('%'));
  for (const auto& [name, table] : there) {
    const std::string* connection = table.parameters.find("connectionName");
    if (kept.contains(name) || connection == nullptr || *connection != target.connection) continue;
    const std::string location = table.storage_descriptor ? table.storage_descriptor->location.value_or("") : "";
    if (location.starts_with(below)) TRY(remove_table(name, table));
  }
  return {};
}

}  // namespace tarn::glue

// Hive's statements on databases, tables and views, as changes of the Glue catalog.
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

// A statement that answers nothing.
Ran nothing() {
  Ran ran;
  ran.kind = ResultKind::kText;
  return ran;
}

std::optional<std::string> property(const sql::athena::Properties& properties, std::string_view name) {
  for (const auto& [key, value] : properties)
    if (equals_ignore_case(key, name)) return value;
  return std::nullopt;
}

// Formats whose files the engine does not read.
Status refuse_format(const std::string& serde, const std::string& input_format) {
  for (const std::string_view format : {"Orc", "Ion", "RCFile", "SequenceFile", "Columnar"})
    if (serde.find(format) != std::string::npos || input_format.find(format) != std::string::npos)
      return sql::sql_error(sql::kNotSupported, fmt::format("Tables stored as {} are not supported (SerDe {})",
                                                            upper(format), serde));
  return {};
}

glue::TableInput table_input(const sql::athena::CreateTable& create, Time now) {
  glue::StorageDescriptor storage;
  storage.columns.set_present();
  for (const sql::ExternalColumn& column : create.columns) storage.columns.push_back(to_glue(column));
  storage.location = create.location;
  storage.input_format = create.input_format;
  storage.output_format = create.output_format;
  storage.compressed = false;
  storage.number_of_buckets = create.buckets > 0 ? create.buckets : -1;
  storage.stored_as_sub_directories = false;
  for (const std::string& column : create.bucket_columns) storage.bucket_columns.push_back(column);
  glue::SerDeInfo serde;
  serde.serialization_library = create.serde;
  serde.parameters["serialization.format"] = "1";
  for (const auto& [key, value] : create.serde_properties) serde.parameters[key] = value;
  storage.serde_info = std::move(serde);
  glue::TableInput input;
  input.name = create.table.name;
  if (!create.comment.empty()) input.description = create.comment;
  input.owner = "hadoop";
  input.table_type = "EXTERNAL_TABLE";
  input.parameters["EXTERNAL"] = "TRUE";
  input.parameters["transient_lastDdlTime"] = std::to_string(now.seconds());
  if (!create.comment.empty()) input.parameters["comment"] = create.comment;
  for (const auto& [key, value] : create.table_properties) input.parameters[key] = value;
  input.partition_keys.set_present();
  for (const sql::ExternalColumn& key : create.partition_columns) input.partition_keys.push_back(to_glue(key));
  input.storage_descriptor = std::move(storage);
  return input;
}

glue::UpdateTableRequest update_request(const std::optional<std::string>& account, const std::string& database,
                                        glue::TableInput input) {
  glue::UpdateTableRequest update;
  update.catalog_id = account;
  update.database_name = database;
  update.table_input = std::move(input);
  return update;
}

}  // namespace

// --- databases ------------------------------------------------------------------------------------------------------

Result<std::optional<glue::Database>> StatementRun::find_database(const Place& place) {
  glue::GetDatabaseRequest get;
  get.catalog_id = place.account;
  get.name = place.database;
  auto got = door().call(job_.caller, get);
  if (got) return std::move(*got->database);
  if (got.error().code == "EntityNotFoundException") return std::nullopt;
  return Failure(ddl_error(got.error()));
}

Status StatementRun::need_database(const Place& place) {
  if (TRY(find_database(place))) return {};
  return hive_failure(
      fmt::format("FAILED: SemanticException [Error 10072]: Database does not exist: {}", place.database));
}

Result<Ran> StatementRun::create_database(const sql::athena::CreateDatabase& create) {
  const Place place = TRY(place_of({create.catalog, create.name, ""}));
  Ran ran = nothing();
  if (TRY(find_database(place))) {
    if (create.if_not_exists) return ran;
    return hive_failure(fmt::format("FAILED: Execution Error, return code 1 from "
                                    "org.apache.hadoop.hive.ql.exec.DDLTask. Database {} already exists",
                                    place.database));
  }
  glue::DatabaseInput input;
  input.name = place.database;
  if (!create.comment.empty()) input.description = create.comment;
  if (!create.location.empty()) input.location_uri = create.location;
  for (const auto& [key, value] : create.properties) input.parameters[key] = value;
  glue::CreateDatabaseRequest request;
  request.catalog_id = place.account;
  request.database_input = std::move(input);
  ran.changes.add(std::move(request));
  return ran;
}

Result<Ran> StatementRun::drop_database(const sql::athena::DropDatabase& drop) {
  const Place place = TRY(place_of({drop.catalog, drop.name, ""}));
  Ran ran = nothing();
  if (!TRY(find_database(place))) {
    if (drop.if_exists) return ran;
    return hive_failure(
        fmt::format("FAILED: SemanticException [Error 10072]: Database does not exist: {}", place.database));
  }
  if (!drop.cascade) {
    const auto tables = lake::glue_tables(door(), job_.caller, place.database, place.account.value_or(""));
    if (!tables) return Failure(ddl_error(tables.error()));
    if (!tables->empty())
      return hive_failure(fmt::format(
          "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "
          "InvalidOperationException(message:Database {} is not empty. One or more tables exist.)",
          place.database));
  }
  glue::DeleteDatabaseRequest request;
  request.catalog_id = place.account;
  request.name = place.database;
  ran.changes.add(std::move(request));
  return ran;
}

Result<Ran> StatementRun::alter_database(const sql::athena::AlterDatabase& alter) {
  const Place place = TRY(place_of({alter.catalog, alter.name, ""}));
  const auto found = TRY(find_database(place));
  if (!found)
    return hive_failure(
        fmt::format("FAILED: SemanticException [Error 10072]: Database does not exist: {}", place.database));
  glue::DatabaseInput input;
  input.name = found->name;
  input.description = found->description;
  input.location_uri = found->location_uri;
  for (const auto& [key, value] : found->parameters) input.parameters[key] = value;
  for (const auto& [key, value] : alter.properties) input.parameters[key] = value;
  glue::UpdateDatabaseRequest request;
  request.catalog_id = place.account;
  request.name = place.database;
  request.database_input = std::move(input);
  Ran ran = nothing();
  ran.changes.add(std::move(request));
  return ran;
}

// --- tables ---------------------------------------------------------------------------------------------------------

Result<Ran> StatementRun::create_table(const sql::athena::CreateTable& create) {
  if (equals_ignore_case(property(create.table_properties, "table_type").value_or(""), "iceberg"))
    return create_iceberg(create);
  if (!create.external || !create.partition_transforms.empty())
    return sql::sql_error(sql::kNotSupported, "CREATE TABLE without EXTERNAL or AS is for Iceberg tables: write CREATE "
                                              "EXTERNAL TABLE, or TBLPROPERTIES ('table_type' = 'ICEBERG')");
  TRY(refuse_format(create.serde, create.input_format));
  if (create.location.empty())
    return hive_failure(fmt::format("FAILED: SemanticException [Error 10001]: table {} needs a LOCATION",
                                    create.table.name));
  if (!create.location.starts_with("s3://") && !create.location.starts_with("s3a://"))
    return hive_failure(fmt::format("FAILED: SemanticException LOCATION {} is no S3 path: write 's3://bucket/prefix/'",
                                    create.location));
  const Place place = TRY(place_of(create.table));
  TRY(need_database(place));
  Ran ran = nothing();
  if (TRY(find_table(place))) {
    if (create.if_not_exists) return ran;
    return hive_failure(fmt::format("FAILED: Execution Error, return code 1 from "
                                    "org.apache.hadoop.hive.ql.exec.DDLTask. AlreadyExistsException(message:Table {} "
                                    "already exists)",
                                    place.name));
  }
  glue::CreateTableRequest request;
  request.catalog_id = place.account;
  request.database_name = place.database;
  request.table_input = table_input(create, door().clock().now());
  ran.changes.add(std::move(request));
  return ran;
}

Result<Ran> StatementRun::drop_table(const sql::athena::DropTable& drop) {
  const Place place = TRY(place_of(drop.table));
  const auto found = TRY(find_table(place));
  Ran ran = nothing();
  if (!found) {
    if (drop.if_exists) return ran;
    return hive_failure(
        fmt::format("FAILED: SemanticException [Error 10001]: {} not found {}.{}", drop.view ? "View" : "Table",
                    place.database, place.name));
  }
  if (drop.view != is_view(*found))
    return hive_failure(fmt::format("FAILED: SemanticException [Error 10131]: {}.{} is a {}: use DROP {}",
                                    place.database, place.name, drop.view ? "table" : "view",
                                    drop.view ? "TABLE" : "VIEW"));
  if (is_iceberg(*found)) TRY(drop_iceberg(ran, *found));
  glue::DeleteTableRequest request;
  request.catalog_id = place.account;
  request.database_name = place.database;
  request.name = place.name;
  ran.changes.add(std::move(request));
  return ran;
}

Result<Ran> StatementRun::alter_table(const sql::athena::AlterTable& alter) {
  using Kind = sql::athena::AlterTable::Kind;
  const Place place = TRY(place_of(alter.table));
  glue::Table table = TRY(table_of(place));
  if (is_view(table))
    return hive_failure(fmt::format("FAILED: SemanticException [Error 10132]: {} is a view", place.name));
  if (is_iceberg(table)) return alter_iceberg(alter, place, table);
  switch (alter.kind) {
    case Kind::kDropColumn:
    case Kind::kUnsetProperties:
    case Kind::kRename:
      return sql::sql_error(sql::kNotSupported, "This ALTER TABLE is for Iceberg tables: " + place.name + " is none");
    case Kind::kAddPartitions: return add_partitions(alter, place, table);
    case Kind::kDropPartitions: return drop_partitions(alter, place, table);
    case Kind::kRenamePartition: return change_partition(alter, place, table);
    case Kind::kSetLocation:
      if (!alter.partitions.empty()) return change_partition(alter, place, table);
      break;
    default: break;
  }
  glue::TableInput input = input_of(table);
  glue::StorageDescriptor storage;
  if (table.storage_descriptor) storage = *table.storage_descriptor;
  if (alter.kind == Kind::kSetLocation)
    storage.location = alter.location;
  else if (alter.kind == Kind::kSetProperties)
    for (const auto& [key, value] : alter.properties) input.parameters[key] = value;
  else
    TRY(change_columns(alter, table, storage));
  input.storage_descriptor = std::move(storage);
  Ran ran = nothing();
  ran.changes.add(update_request(place.account, place.database, std::move(input)));
  return ran;
}

Status StatementRun::change_columns(const sql::athena::AlterTable& alter, const glue::Table& table,
                                    glue::StorageDescriptor& storage) {
  using Kind = sql::athena::AlterTable::Kind;
  std::vector<glue::Column> columns = storage.columns.items();
  const auto find = [&](const std::string& name) {
    return std::ranges::find_if(columns, [&](const glue::Column& each) { return lower(*each.name) == name; });
  };
  for (const sql::ExternalColumn& column : alter.columns)
    for (const glue::Column& key : table.partition_keys)
      if (lower(*key.name) == column.name)
        return hive_failure(
            fmt::format("FAILED: SemanticException [Error 10035]: {} is a partition column", column.name));
  if (alter.kind == Kind::kReplaceColumns) {
    columns.clear();
    for (const sql::ExternalColumn& column : alter.columns) columns.push_back(to_glue(column));
  } else if (alter.kind == Kind::kAddColumns) {
    for (const sql::ExternalColumn& column : alter.columns) {
      if (find(column.name) != columns.end())
        return hive_failure(
            fmt::format("FAILED: SemanticException [Error 10036]: Duplicate column name: {}", column.name));
      columns.push_back(to_glue(column));
    }
  } else {
    const auto at = find(alter.column);
    if (at == columns.end())
      return hive_failure(
          fmt::format("FAILED: SemanticException [Error 10002]: Invalid column reference {}", alter.column));
    glue::Column changed = to_glue(alter.columns[0]);
    if (!changed.comment) changed.comment = at->comment;
    if (!alter.after) {
      *at = std::move(changed);
    } else {
      columns.erase(at);
      auto place = columns.begin();
      if (!alter.after->empty()) {
        place = find(*alter.after);
        if (place == columns.end())
          return hive_failure(
              fmt::format("FAILED: SemanticException [Error 10002]: Invalid column reference {}", *alter.after));
        ++place;
      }
      columns.insert(place, std::move(changed));
    }
  }
  storage.columns = wire::List<glue::Column>(std::move(columns));
  return {};
}

// --- views ----------------------------------------------------------------------------------------------------------

Result<Ran> StatementRun::create_view(const sql::athena::CreateView& create) {
  const Place place = TRY(place_of(create.view));
  TRY(need_database(place));
  const auto existing = TRY(find_table(place));
  if (existing && (!create.or_replace || !is_view(*existing)))
    return sql::sql_error(sql::kDuplicateTable,
                          fmt::format("{} already exists: {}.{}", is_view(*existing) ? "View" : "Table", place.database,
                                      place.name));
  std::string query = create.query;
  if (!create.columns.empty()) {
    query = "SELECT * FROM (" + create.query + ") AS v (";
    for (size_t i = 0; i < create.columns.size(); ++i)
      query += (i > 0 ? ", " : "") + sql::quoted_name(create.columns[i]);
    query += ")";
  }
  const auto columns = TRY(columns_of(query));
  glue::StorageDescriptor storage;
  storage.columns.set_present();
  for (const sql::ExternalColumn& column : columns) storage.columns.push_back(to_glue(column));
  storage.location = "";
  storage.serde_info = glue::SerDeInfo{};
  glue::TableInput input;
  input.name = place.name;
  input.table_type = "VIRTUAL_VIEW";
  input.parameters["presto_view"] = "true";
  input.parameters["comment"] = "Presto View";
  input.view_original_text = presto_view(query, record_.database, columns);
  input.view_expanded_text = "/* Presto View */";
  input.partition_keys.set_present();
  input.storage_descriptor = std::move(storage);
  Ran ran = nothing();
  if (existing) {
    ran.changes.add(update_request(place.account, place.database, std::move(input)));
    return ran;
  }
  glue::CreateTableRequest request;
  request.catalog_id = place.account;
  request.database_name = place.database;
  request.table_input = std::move(input);
  ran.changes.add(std::move(request));
  return ran;
}

}  // namespace tarn::athena

// CREATE TABLE, CREATE TABLE AS, ALTER TABLE and DROP TABLE of Iceberg tables.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "os/random.h"
#include "services/athena/errors.h"
#include "services/athena/glue_words.h"
#include "services/athena/iceberg.h"
#include "sql/lex.h"
#include "sql/sql_error.h"

namespace tarn::athena {
namespace {

namespace ice = sql::iceberg;
using Properties = std::vector<std::pair<std::string, std::string>>;

std::string without_slash(std::string location) {
  while (location.ends_with('/')) location.pop_back();
  return location;
}

// Iceberg's name of a property that Athena has a name of its own for.
std::string kept_name(const std::string& given) {
  const std::string name = lower(given);
  return name == "format"              ? "write.format.default"
         : name == "write_compression" ? "write.parquet.compression-codec"
                                       : name;
}

// AWS: Create Iceberg tables, table properties.
Result<Properties> table_properties(const sql::athena::Properties& given) {
  Properties kept;
  for (const auto& [key, value] : given) {
    const std::string name = lower(key);
    if (name == "table_type") continue;
    if (name == "format") {
      if (!equals_ignore_case(value, "parquet"))
        return ice::failure("NOT_SUPPORTED",
                            fmt::format("Iceberg tables of the format {} are not supported: parquet is", value));
      kept.emplace_back(kept_name(name), "parquet");
    } else if (name == "write_compression") {
      const std::string codec = lower(value);
      if (codec != "zstd" && codec != "gzip" && codec != "snappy")
        return ice::failure(
            "NOT_SUPPORTED",
            fmt::format("Writing with the compression {} is not supported: zstd, gzip and snappy are", value));
      kept.emplace_back(kept_name(name), codec);
    } else if (name.starts_with("vacuum_") || name.starts_with("optimize_") || name.starts_with("write_") ||
               name == "compression_level") {
      kept.emplace_back(name, value);
    } else {
      return ice::failure("INVALID_TABLE_PROPERTY", fmt::format("Unsupported table property key: {}", key));
    }
  }
  return kept;
}

// AWS: Create Iceberg tables: Athena's default for Parquet.
void add_defaults(Properties& properties) {
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(properties, [&](const auto& each) { return each.first == name; });
  };
  if (!has("write.format.default")) properties.emplace_back("write.format.default", "parquet");
  if (!has("write.parquet.compression-codec")) properties.emplace_back("write.parquet.compression-codec", "zstd");
}

Status add_columns(const std::vector<sql::ExternalColumn>& columns, std::vector<ice::Field>& fields, int& last_id) {
  for (const sql::ExternalColumn& column : columns) {
    if (std::ranges::any_of(fields, [&](const ice::Field& field) { return field.name == column.name; }))
      return ice::failure("COLUMN_ALREADY_EXISTS", fmt::format("Column '{}' already exists", column.name));
    const int id = ++last_id;
    fields.push_back({id, column.name, TRY(ice::type_of(column.type, last_id)), false, column.comment});
  }
  return {};
}

Status add_partitioning(const std::vector<std::string>& transforms, ice::NewTable& table) {
  for (const std::string& transform : transforms) {
    ice::PartitionField field = TRY(ice::parse_partition(transform, table.fields));
    if (std::ranges::any_of(table.partition, [&](const auto& other) { return other.name == field.name; }))
      return ice::failure("INVALID_TABLE_PROPERTY", fmt::format("The partition field {} is there twice", transform));
    table.partition.push_back(std::move(field));
  }
  return {};
}

// The types of Hive's that Iceberg has not, as those that hold their values.
std::string iceberg_hive_type(const std::string& type) {
  if (type == "tinyint" || type == "smallint") return "int";
  if (type.starts_with("varchar") || type.starts_with("char(")) return "string";
  return type;
}

Failure no_column(const std::string& name) {
  return ice::failure("COLUMN_NOT_FOUND", fmt::format("Column '{}' does not exist", name));
}

Status drop_column(const std::string& name, const Json& metadata, std::vector<ice::Field>& fields) {
  const auto found = std::ranges::find_if(fields, [&](const ice::Field& field) { return field.name == name; });
  if (found == fields.end()) return no_column(name);
  for (const ice::PartitionField& field : ice::partition_fields(ice::current_spec(metadata)))
    if (field.source_id == found->id)
      return ice::failure("NOT_SUPPORTED", fmt::format("Cannot drop partition field: {}", name));
  if (fields.size() == 1)
    return ice::failure("NOT_SUPPORTED", fmt::format("Cannot drop the only column of a table: {}", name));
  fields.erase(found);
  return {};
}

// The type `from` as `to` says it, whose ids are new: a struct's members stay what they are by their names, others come and go,
// and types may widen (AWS: Evolve Iceberg table schema). nullopt: values of the one cannot be read as the other.
std::optional<Json> evolved(const Json& from, const Json& to) {
  if (ice::hive_type(from) == ice::hive_type(to)) return from;
  if (from["type"].as_string() != "struct" || to["type"].as_string() != "struct")
    return ice::promotes(from, to) ? std::optional(to) : std::nullopt;
  const auto before = ice::fields_of(from);
  Json members = Json::array();
  for (Json member : to["fields"].items()) {
    const auto same =
        std::ranges::find_if(before, [&](const ice::Field& each) { return each.name == member["name"].as_string(); });
    if (same != before.end()) {
      auto type = evolved(same->type, member["type"]);
      if (!type) return std::nullopt;
      member.set("id", same->id);
      member.set("type", std::move(*type));
    }
    members.push(std::move(member));
  }
  return Json::object({{"type", "struct"}, {"fields", std::move(members)}});
}

Status change_column(const sql::athena::AlterTable& alter, std::vector<ice::Field>& fields, int& last_id) {
  const auto find = [&](const std::string& name) {
    return std::ranges::find_if(fields, [&](const ice::Field& field) { return field.name == name; });
  };
  const auto at = find(alter.column);
  if (at == fields.end()) return no_column(alter.column);
  const sql::ExternalColumn& to = alter.columns[0];
  if (to.name != alter.column && find(to.name) != fields.end())
    return ice::failure("COLUMN_ALREADY_EXISTS", fmt::format("Column '{}' already exists", to.name));
  ice::Field changed = *at;
  changed.name = to.name;
  if (!to.comment.empty()) changed.comment = to.comment;
  if (to.type != ice::hive_type(at->type)) {
    const auto type = evolved(at->type, TRY(ice::type_of(to.type, last_id)));
    if (!type)
      return ice::failure("NOT_SUPPORTED", fmt::format("Cannot change the type of column {} from {} to {}",
                                                       alter.column, ice::hive_type(at->type), to.type));
    changed.type = *type;
  }
  if (!alter.after) {
    *at = std::move(changed);
    return {};
  }
  fields.erase(at);
  auto place = fields.begin();
  if (!alter.after->empty()) {
    place = find(*alter.after);
    if (place == fields.end()) return no_column(*alter.after);
    ++place;
  }
  fields.insert(place, std::move(changed));
  return {};
}

Status apply(const sql::athena::AlterTable& alter, IcebergTable& table) {
  using Kind = sql::athena::AlterTable::Kind;
  if (alter.kind == Kind::kSetProperties || alter.kind == Kind::kUnsetProperties) {
    Json properties = table.metadata["properties"].is_object() ? table.metadata["properties"] : Json::object();
    for (const auto& [name, value] : TRY(table_properties(alter.properties))) properties.set(name, value);
    for (const std::string& name : alter.unset)
      std::erase_if(properties.members(), [&](const auto& member) { return member.first == kept_name(name); });
    table.metadata.set("properties", std::move(properties));
    return {};
  }
  std::vector<ice::Field> fields = table.fields;
  int last_id = static_cast<int>(table.metadata["last-column-id"].as_int());
  if (alter.kind == Kind::kAddColumns)
    TRY(add_columns(alter.columns, fields, last_id));
  else if (alter.kind == Kind::kDropColumn)
    TRY(drop_column(alter.column, table.metadata, fields));
  else
    TRY(change_column(alter, fields, last_id));
  ice::set_schema(table.metadata, fields, last_id);
  return {};
}

}  // namespace

Status StatementRun::add_iceberg_table(Ran& ran, const Place& place, const ice::NewTable& table, bool if_not_exists,
                                       std::vector<lake::NewObject> objects, std::optional<Json> metadata) {
  if (TRY(find_table(place))) {
    if (if_not_exists) return {};
    return ice::failure("TABLE_ALREADY_EXISTS", fmt::format("line 1:1: Table 'awsdatacatalog.{}.{}' already exists",
                                                            place.database, place.name));
  }
  const Json document = metadata ? std::move(*metadata) : ice::new_metadata(table, door().clock().now());
  const std::string location = fmt::format("{}/metadata/00000-{}.metadata.json", table.location, uuid4());
  ran.objects = std::move(objects);
  ran.objects.push_back({location, TRY(door().blobs().stage(document.text()))});
  glue::CreateTableRequest request;
  request.catalog_id = place.account;
  request.database_name = place.database;
  request.table_input = iceberg_input(place.name, document, location);
  ran.changes.add(std::move(request));
  return {};
}

Result<Ran> StatementRun::create_iceberg(const sql::athena::CreateTable& create) {
  // AWS: Create Iceberg tables.
  if (create.external) return ice::failure("NOT_SUPPORTED", "External keyword not supported for table type ICEBERG");
  if (!create.partition_columns.empty())
    return ice::failure("NOT_SUPPORTED",
                        "The columns that an Iceberg table is PARTITIONED BY are named without a type");
  if (create.location.empty())
    return ice::failure("INVALID_TABLE_PROPERTY",
                        "Table location can not be null or empty: write LOCATION 's3://bucket/folder/'");
  TRY(lake::s3_place(create.location));
  if (create.columns.empty()) return ice::failure("SYNTAX_ERROR", "An Iceberg table needs columns");
  const Place place = TRY(place_of(create.table));
  TRY(need_database(place));
  ice::NewTable table;
  table.location = without_slash(create.location);
  table.uuid = uuid4();
  TRY(add_columns(create.columns, table.fields, table.last_column_id));
  TRY(add_partitioning(create.partition_transforms, table));
  table.properties = TRY(table_properties(create.table_properties));
  add_defaults(table.properties);
  if (!create.comment.empty()) table.properties.emplace_back("comment", create.comment);
  Ran ran;
  ran.kind = ResultKind::kText;
  TRY(add_iceberg_table(ran, place, table, create.if_not_exists));
  return ran;
}

Result<Ran> StatementRun::create_iceberg_as(const sql::athena::CreateTableAs& create, const Place& place) {
  sql::athena::Properties given;
  std::vector<std::string> partitioning;
  ice::NewTable table;
  bool external = true;
  for (const auto& [name, values] : create.properties) {
    const std::string value = values.empty() ? "" : values[0];
    if (name == "location")
      table.location = without_slash(value);
    else if (name == "partitioning")
      partitioning = values;
    else if (name == "is_external")
      external = equals_ignore_case(value, "true");
    else if (name == "external_location" || name == "partitioned_by" || name == "bucketed_by" || name == "bucket_count")
      return ice::failure("INVALID_TABLE_PROPERTY",
                          fmt::format("The table property {} is not one of Iceberg tables: location, partitioning and "
                                      "is_external are",
                                      name));
    else
      given.emplace_back(name, value);
  }
  if (external)
    return ice::failure("INVALID_TABLE_PROPERTY", "Iceberg tables are managed tables: write is_external = false");
  if (table.location.empty()) table.location = without_slash(record_.result.output_location);
  TRY(lake::s3_place(table.location));
  TRY(need_empty(table.location + "/", "ICEBERG_FILESYSTEM_ERROR"));
  table.uuid = uuid4();
  auto columns = TRY(columns_of(create.query));
  std::string selected;
  for (sql::ExternalColumn& column : columns) {
    const std::string type = iceberg_hive_type(column.type), name = sql::quoted_name(column.name);
    selected += selected.empty() ? "" : ", ";
    selected +=
        type == column.type ? name : fmt::format("CAST({0} AS {1}) AS {0}", name, sql::athena::trino_type(type));
    column.type = type;
  }
  TRY(add_columns(columns, table.fields, table.last_column_id));
  TRY(add_partitioning(partitioning, table));
  table.properties = TRY(table_properties(given));
  add_defaults(table.properties);
  Json metadata = ice::new_metadata(table, door().clock().now());
  Ran ran;
  ran.columns = {{"rows", "bigint", 19}};
  WrittenFiles written;
  if (create.with_data)
    written = TRY(write_rows(fmt::format("SELECT {} FROM ({}) AS made", selected, create.query), metadata));
  const auto made = TRY(ice::add_snapshot(metadata, {"append", written.files, {}}, making(door(), job_.caller)));
  for (const ice::NewObject& object : made)
    written.objects.push_back({object.uri, TRY(door().blobs().stage(object.bytes))});
  ran.scanned_bytes = written.scanned_bytes;
  ran.update_count = ran.output_rows = written.rows;
  ran.manifest.emplace();
  for (const ice::NewFile& file : written.files) ran.manifest->push_back(file.path);
  TRY(add_iceberg_table(ran, place, table, false, std::move(written.objects), std::move(metadata)));
  return ran;
}

Result<Ran> StatementRun::alter_iceberg(const sql::athena::AlterTable& alter, const Place& place,
                                        const glue::Table& table) {
  using Kind = sql::athena::AlterTable::Kind;
  Ran ran;
  ran.kind = ResultKind::kText;
  if (alter.kind == Kind::kRename) {
    Place to = TRY(place_of(alter.renamed));
    if (alter.renamed.database.empty()) to.database = place.database;
    TRY(need_database(to));
    if (TRY(find_table(to)))
      return ice::failure("TABLE_ALREADY_EXISTS", fmt::format("Table '{}.{}' already exists", to.database, to.name));
    glue::CreateTableRequest create;
    create.catalog_id = to.account;
    create.database_name = to.database;
    create.table_input = input_of(table);
    create.table_input->name = to.name;
    ran.changes.add(std::move(create));
    glue::DeleteTableRequest erase;
    erase.catalog_id = place.account;
    erase.database_name = place.database;
    erase.name = place.name;
    ran.changes.add(std::move(erase));
    return ran;
  }
  static constexpr Kind kKinds[] = {Kind::kAddColumns, Kind::kChangeColumn, Kind::kDropColumn, Kind::kSetProperties,
                                    Kind::kUnsetProperties};
  if (std::ranges::find(kKinds, alter.kind) == std::end(kKinds))
    return ice::failure("NOT_SUPPORTED", fmt::format("This ALTER TABLE is not supported for Iceberg tables: {}.{}",
                                                     place.database, place.name));
  IcebergTable checked = TRY(open_iceberg(door(), job_.caller, place.account, place.database, table));
  TRY(apply(alter, checked));
  ran.commit = iceberg_commit(door(), job_.caller, place.account, place.database, place.name,
                              [alter](IcebergTable& current) -> Result<std::vector<ice::NewObject>> {
                                TRY(apply(alter, current));
                                return std::vector<ice::NewObject>();
                              });
  return ran;
}

// AWS: DROP TABLE: Iceberg tables are managed tables, so their data goes with them.
Status StatementRun::drop_iceberg(Ran& ran, const glue::Table& table) {
  const std::string folder = folder_of(table);
  if (folder.empty()) return {};
  const auto objects = lake::list_objects(door(), job_.caller, folder);
  if (!objects) return Failure(lake_error(objects.error()));
  for (const sql::ObjectRef& object : *objects) ran.remove.push_back(object.uri);
  return {};
}

}  // namespace tarn::athena

#include "services/athena/iceberg.h"

#include <fmt/format.h>

#include "base/text.h"
#include "door/door.h"
#include "os/random.h"
#include "services/athena/errors.h"
#include "services/athena/glue_words.h"
#include "sql/sql_error.h"

namespace tarn::athena {
namespace {

namespace ice = sql::iceberg;

constexpr uint64_t kMostMetadata = 256ull << 20;
constexpr std::string_view kDocument = "metadata_location", kDocumentBefore = "previous_metadata_location";

wire::List<glue::Column> glue_columns(const Json& metadata) {
  wire::List<glue::Column> columns;
  columns.set_present();
  for (const ice::Field& field : ice::fields_of(ice::current_schema(metadata))) {
    glue::Column column = to_glue({lower(field.name), ice::hive_type(field.type), field.comment});
    column.parameters["iceberg.field.current"] = "true";
    column.parameters["iceberg.field.id"] = std::to_string(field.id);
    column.parameters["iceberg.field.optional"] = field.required ? "false" : "true";
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace

bool is_iceberg(const glue::Table& table) {
  const std::string* type = table.parameters.find("table_type");
  return type && equals_ignore_case(*type, "iceberg");
}

ice::ReadObject object_reader(Door& door, const Caller& as) {
  return [&door, as](const std::string& uri) -> Result<std::string> {
    auto bytes = lake::read_object(door, as, uri, kMostMetadata);
    if (bytes) return bytes;
    if (bytes.error().code == "NoSuchKey")
      return ice::failure("ICEBERG_MISSING_METADATA", fmt::format("Metadata not found: {}", uri));
    return Failure(lake_error(bytes.error()));
  };
}

ice::Making making(Door& door, const Caller& as) {
  return {door.clock().now(), uuid4, object_reader(door, as)};
}

Result<IcebergTable> open_iceberg(Door& door, const Caller& as, const std::optional<std::string>& account,
                                  const std::string& database, glue::Table table) {
  IcebergTable opened{account, database, std::move(table), "", {}, {}};
  const std::string* document = opened.glue.parameters.find(kDocument);
  if (!document)
    return ice::failure("ICEBERG_INVALID_METADATA", fmt::format("Table is missing [metadata_location] property: {}.{}",
                                                                database, *opened.glue.name));
  opened.document = *document;
  opened.metadata = TRY(ice::parse_metadata(TRY(object_reader(door, as)(opened.document))));
  opened.fields = ice::fields_of(ice::current_schema(opened.metadata));
  for (ice::Field& field : opened.fields) field.name = lower(field.name);
  return opened;
}

std::vector<sql::ExternalColumn> columns_of(const std::vector<ice::Field>& fields) {
  std::vector<sql::ExternalColumn> columns;
  for (const ice::Field& field : fields) columns.push_back({field.name, ice::hive_type(field.type), field.comment});
  return columns;
}

glue::TableInput iceberg_input(const std::string& name, const Json& metadata, const std::string& document) {
  glue::TableInput input;
  input.name = name;
  input.table_type = "EXTERNAL_TABLE";
  input.parameters["table_type"] = "ICEBERG";
  input.parameters[std::string(kDocument)] = document;
  input.partition_keys.set_present();
  glue::StorageDescriptor storage;
  storage.columns = glue_columns(metadata);
  storage.location = metadata["location"].as_string();
  input.storage_descriptor = std::move(storage);
  return input;
}

std::function<Status(lake::Publication&, Changes&)> iceberg_commit(Door& door, const Caller& as,
                                                                   const std::optional<std::string>& account,
                                                                   const std::string& database, const std::string& name,
                                                                   IcebergChange change) {
  return [&door, as, account, database, name, change](lake::Publication& all, Changes& changes) -> Status {
    glue::GetTableRequest get;
    get.catalog_id = account;
    get.database_name = database;
    get.name = name;
    const auto got = door.call(as, get);
    if (!got) return Failure(lake_error(got.error()));
    IcebergTable table = TRY(open_iceberg(door, as, account, database, *got->table));
    if (table.metadata["format-version"].as_int() != 2)
      return ice::failure("NOT_SUPPORTED", "Changing Iceberg tables of another format version than 2 is not supported");
    std::vector<ice::NewObject> objects = TRY(change(table));
    ice::note_change(table.metadata, table.document, door.clock().now());
    const std::string document = ice::next_location(table.metadata, table.document, uuid4());
    objects.push_back({document, table.metadata.text()});
    for (const ice::NewObject& object : objects)
      all.objects.push_back({object.uri, TRY(door.blobs().stage(object.bytes))});
    glue::TableInput input = input_of(table.glue);
    input.parameters[std::string(kDocument)] = document;
    input.parameters[std::string(kDocumentBefore)] = table.document;
    glue::StorageDescriptor storage;
    if (input.storage_descriptor) storage = *input.storage_descriptor;
    storage.columns = glue_columns(table.metadata);
    input.storage_descriptor = std::move(storage);
    glue::UpdateTableRequest update;
    update.catalog_id = account;
    update.database_name = database;
    update.table_input = std::move(input);
    update.skip_archive = true;  // the documents are the history
    update.version_id = table.glue.version_id;
    changes.add(std::move(update));
    return {};
  };
}

IcebergChange snapshot_change(Door& door, const Caller& as, ice::Change change, std::optional<int64_t> base) {
  return [&door, as, change, base](IcebergTable& table) -> Result<std::vector<ice::NewObject>> {
    const auto now = ice::current_snapshot(table.metadata);
    if (base && now && now->id != *base)
      return ice::failure(
          "ICEBERG_COMMIT_ERROR",
          fmt::format("Failed to commit Iceberg update to table: {}.{}: it was changed by another statement. "
                      "Run it again.",
                      table.database, *table.glue.name));
    return ice::add_snapshot(table.metadata, change, making(door, as));
  };
}

}  // namespace tarn::athena

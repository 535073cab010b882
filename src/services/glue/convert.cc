#include "services/glue/convert.h"

#include "base/text.h"

namespace tarn::glue {
namespace {

// Beside the overloads of this file's own.
using glue::to_record;
using glue::to_wire;

template <class T>
std::optional<std::vector<T>> items_of(const wire::List<T>& list) {
  if (!list.has_value()) return std::nullopt;
  return list.items();
}

template <class T>
wire::List<T> list_of(const std::optional<std::vector<T>>& items) {
  return items ? wire::List<T>(*items) : wire::List<T>();
}

// --- to records ------------------------------------------------------------------------------------------------------

SerDeRecord to_record(const SerDeInfo& in) {
  return {in.name, in.serialization_library, to_record(in.parameters)};
}

SkewRecord to_record(const SkewedInfo& in) {
  return {items_of(in.skewed_column_names), items_of(in.skewed_column_values),
          to_record(in.skewed_column_value_location_maps)};
}

SchemaReferenceRecord to_record(const SchemaReference& in) {
  SchemaReferenceRecord out{.version_id = in.schema_version_id, .version_number = in.schema_version_number};
  if (in.schema_id) {
    out.schema_arn = in.schema_id->schema_arn;
    out.schema_name = in.schema_id->schema_name;
    out.registry_name = in.schema_id->registry_name;
  }
  return out;
}

std::optional<std::vector<SortColumnRecord>> to_record(const wire::List<Order>& in) {
  if (!in.has_value()) return std::nullopt;
  std::vector<SortColumnRecord> out;
  for (const Order& order : in) out.push_back({order.column.value_or(""), order.sort_order.value_or(0)});
  return out;
}

TargetRecord to_record(const DatabaseIdentifier& in) {
  return {in.catalog_id, in.database_name, {}, in.region};
}
TargetRecord to_record(const TableIdentifier& in) {
  return {in.catalog_id, in.database_name, in.name, in.region};
}

// --- to the wire -----------------------------------------------------------------------------------------------------

SerDeInfo to_wire(const SerDeRecord& in) {
  return {.name = in.name, .serialization_library = in.library, .parameters = to_wire(in.parameters)};
}

SkewedInfo to_wire(const SkewRecord& in) {
  return {.skewed_column_names = list_of(in.columns),
          .skewed_column_values = list_of(in.values),
          .skewed_column_value_location_maps = to_wire(in.locations)};
}

SchemaReference to_wire(const SchemaReferenceRecord& in) {
  SchemaReference out{.schema_version_id = in.version_id, .schema_version_number = in.version_number};
  if (in.schema_arn || in.schema_name || in.registry_name)
    out.schema_id =
        SchemaId{.schema_arn = in.schema_arn, .schema_name = in.schema_name, .registry_name = in.registry_name};
  return out;
}

wire::List<Order> to_wire(const std::optional<std::vector<SortColumnRecord>>& in) {
  wire::List<Order> out;
  out.set_present();  // AWS answers an empty list where none was given
  if (in)
    for (const auto& [column, order] : *in) out.push_back({.column = column, .sort_order = order});
  return out;
}

StorageDescriptor to_wire(const StorageRecord& in) {
  StorageDescriptor out{.columns = to_wire(in.columns),
                        .location = in.location,
                        .additional_locations = list_of(in.additional_locations),
                        .input_format = in.input_format,
                        .output_format = in.output_format,
                        .compressed = in.compressed.value_or(false),
                        .number_of_buckets = in.buckets.value_or(0),
                        .bucket_columns = list_of(in.bucket_columns),
                        .sort_columns = to_wire(in.sort_columns),
                        .parameters = to_wire(in.parameters),
                        .stored_as_sub_directories = in.stored_as_sub_directories.value_or(false)};
  if (in.serde) out.serde_info = to_wire(*in.serde);
  if (in.skew) out.skewed_info = to_wire(*in.skew);
  if (in.schema) out.schema_reference = to_wire(*in.schema);
  return out;
}

}  // namespace

std::optional<Parameters> to_record(const wire::Map<std::string>& map) {
  if (!map.has_value()) return std::nullopt;
  return Parameters(map.begin(), map.end());
}

std::optional<std::vector<ColumnRecord>> to_record(const wire::List<Column>& columns) {
  if (!columns.has_value()) return std::nullopt;
  std::vector<ColumnRecord> out;
  for (const Column& column : columns)
    out.push_back({column.name.value_or(""), column.type, column.comment, to_record(column.parameters)});
  return out;
}

std::optional<StorageRecord> to_record(const wire::Box<StorageDescriptor>& storage) {
  if (!storage) return std::nullopt;
  const StorageDescriptor& in = *storage;
  StorageRecord out{.columns = to_record(in.columns),
                    .location = in.location,
                    .additional_locations = items_of(in.additional_locations),
                    .input_format = in.input_format,
                    .output_format = in.output_format,
                    .compressed = in.compressed,
                    .buckets = in.number_of_buckets,
                    .bucket_columns = items_of(in.bucket_columns),
                    .sort_columns = to_record(in.sort_columns),
                    .parameters = to_record(in.parameters),
                    .stored_as_sub_directories = in.stored_as_sub_directories};
  if (in.serde_info) out.serde = to_record(*in.serde_info);
  if (in.skewed_info) out.skew = to_record(*in.skewed_info);
  if (in.schema_reference) out.schema = to_record(*in.schema_reference);
  return out;
}

wire::Map<std::string> to_wire(const std::optional<Parameters>& parameters) {
  if (!parameters) return {};
  return std::vector<wire::Map<std::string>::Entry>(parameters->begin(), parameters->end());
}

wire::List<Column> to_wire(const std::optional<std::vector<ColumnRecord>>& columns) {
  if (!columns) return {};
  wire::List<Column> out;
  out.set_present();
  for (const ColumnRecord& column : *columns)
    out.push_back({.name = column.name,
                   .type = column.type,
                   .comment = column.comment,
                   .parameters = to_wire(column.parameters)});
  return out;
}

wire::Box<StorageDescriptor> to_wire(const std::optional<StorageRecord>& storage) {
  if (!storage) return {};
  return to_wire(*storage);
}

// --- databases -------------------------------------------------------------------------------------------------------

DatabaseRecord to_record(const DatabaseInput& input) {
  DatabaseRecord out{
      .description = input.description, .location = input.location_uri, .parameters = to_record(input.parameters)};
  if (input.create_table_default_permissions.has_value()) {
    auto& grants = out.table_grants.emplace();
    for (const PrincipalPermissions& grant : input.create_table_default_permissions)
      grants.push_back({grant.principal ? grant.principal->data_lake_principal_identifier : std::nullopt,
                        grant.permissions.items()});
  }
  if (input.target_database) out.target = to_record(*input.target_database);
  return out;
}

Database to_wire(const DatabaseKey& key, const DatabaseRecord& record) {
  Database out{.name = key.name,
               .description = record.description,
               .location_uri = record.location,
               .parameters = to_wire(record.parameters),
               .create_time = record.created,
               .catalog_id = key.owner};
  out.create_table_default_permissions.set_present();
  // AWS: without Lake Formation's settings everyone whom IAM allows has all rights on new tables.
  const std::vector<GrantRecord> everyone = {{"IAM_ALLOWED_PRINCIPALS", {"ALL"}}};
  for (const GrantRecord& grant : record.table_grants.value_or(everyone)) {
    PrincipalPermissions permissions{.permissions = grant.permissions};
    if (grant.principal) permissions.principal = DataLakePrincipal{.data_lake_principal_identifier = grant.principal};
    out.create_table_default_permissions.push_back(std::move(permissions));
  }
  if (record.target)
    out.target_database = DatabaseIdentifier{.catalog_id = record.target->catalog_id,
                                             .database_name = record.target->database,
                                             .region = record.target->region};
  return out;
}

// --- tables ----------------------------------------------------------------------------------------------------------

TableRecord to_record(const TableInput& input) {
  TableRecord out{.description = input.description,
                  .owner = input.owner,
                  .last_access = input.last_access_time,
                  .last_analyzed = input.last_analyzed_time,
                  .retention = input.retention,
                  .storage = to_record(input.storage_descriptor),
                  .partition_keys = to_record(input.partition_keys),
                  .view_original_text = input.view_original_text,
                  .view_expanded_text = input.view_expanded_text,
                  .type = input.table_type,
                  .parameters = to_record(input.parameters)};
  if (input.target_table) out.target = to_record(*input.target_table);
  return out;
}

Table to_wire(const DatabaseKey& database, const std::string& name, const TableRecord& record) {
  Table out{.name = name,
            .database_name = database.name,
            .description = record.description,
            .owner = record.owner,
            .create_time = record.created,
            .update_time = record.updated,
            .last_access_time = record.last_access,
            .last_analyzed_time = record.last_analyzed,
            .retention = record.retention.value_or(0),
            .storage_descriptor = to_wire(record.storage),
            .partition_keys = to_wire(record.partition_keys),
            .view_original_text = record.view_original_text,
            .view_expanded_text = record.view_expanded_text,
            .table_type = record.type,
            .parameters = to_wire(record.parameters),
            .created_by = record.created_by,
            .is_registered_with_lake_formation = false,
            .catalog_id = database.owner,
            .version_id = std::to_string(record.version)};
  out.partition_keys.set_present();
  if (record.target)
    out.target_table = TableIdentifier{.catalog_id = record.target->catalog_id,
                                       .database_name = record.target->database,
                                       .name = record.target->table,
                                       .region = record.target->region};
  return out;
}

// --- partitions ------------------------------------------------------------------------------------------------------

PartitionRecord to_record(const PartitionInput& input) {
  return {.values = input.values.items(),
          .last_access = input.last_access_time,
          .last_analyzed = input.last_analyzed_time,
          .storage = to_record(input.storage_descriptor),
          .parameters = to_record(input.parameters)};
}

Partition to_wire(const DatabaseKey& database, const std::string& table, const PartitionRecord& record) {
  return {.values = record.values,
          .database_name = database.name,
          .table_name = table,
          .creation_time = record.created,
          .last_access_time = record.last_access,
          .storage_descriptor = to_wire(record.storage),
          .parameters = to_wire(record.parameters),
          .last_analyzed_time = record.last_analyzed,
          .catalog_id = database.owner};
}

}  // namespace tarn::glue

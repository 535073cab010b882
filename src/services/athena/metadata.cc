// Databases and tables of a data catalog, as the caller sees them in Glue.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "gen/glue/shapes.h"
#include "services/athena/athena.h"

namespace tarn::athena {
namespace {

constexpr int32_t kPage = 50;

// AWS: what the catalog itself refuses is a MetadataException.
Failure metadata_failure(const Error& error) {
  if (error.status == 403) return Failure(error);
  return fail(400, "MetadataException", error.message);
}

// As whom Glue is asked, and whose catalog it is.
struct Asked {
  Caller caller;
  std::optional<std::string> account;
};
Result<Asked> asked(Athena& service, Call& call, const std::string& catalog) {
  const auto tx = service.door().store().read();
  const std::string account = TRY(catalog_account(*tx, call.account(), call.region(), catalog));
  return Asked{as_athena(call.caller(), call.request_id() + "-glue"),
               account.empty() ? std::nullopt : std::optional(account)};
}

Database to_wire(const glue::Database& from) {
  Database out;
  out.name = from.name;
  if (from.description && !from.description->empty()) out.description = from.description;
  if (!from.parameters.empty())
    for (const auto& [name, value] : from.parameters) out.parameters[name] = value;
  return out;
}

Column to_wire(const glue::Column& from) {
  Column out;
  out.name = from.name;
  out.type = from.type;
  if (from.comment && !from.comment->empty()) out.comment = from.comment;
  return out;
}

TableMetadata to_wire(const glue::Table& from) {
  TableMetadata out;
  out.name = from.name;
  out.create_time = from.create_time;
  out.last_access_time = from.last_access_time;
  out.table_type = from.table_type;
  out.columns.set_present();
  out.partition_keys.set_present();
  if (from.storage_descriptor)
    for (const glue::Column& column : from.storage_descriptor->columns) out.columns.push_back(to_wire(column));
  for (const glue::Column& column : from.partition_keys) out.partition_keys.push_back(to_wire(column));
  out.parameters.set_present();
  for (const auto& [name, value] : from.parameters) out.parameters[name] = value;
  if (!from.storage_descriptor) return out;
  const glue::StorageDescriptor& storage = *from.storage_descriptor;
  // AWS: the storage's facts come as parameters.
  if (storage.location) out.parameters["location"] = *storage.location;
  if (storage.input_format) out.parameters["inputformat"] = *storage.input_format;
  if (storage.output_format) out.parameters["outputformat"] = *storage.output_format;
  if (!storage.serde_info) return out;
  if (storage.serde_info->serialization_library)
    out.parameters["serde.serialization.lib"] = *storage.serde_info->serialization_library;
  for (const auto& [name, value] : storage.serde_info->parameters) out.parameters["serde.param." + name] = value;
  return out;
}

}  // namespace

Result<GetDatabaseOutput> get_database(Athena& service, Call& call, const GetDatabaseInput& in) {
  const Asked as = TRY(asked(service, call, *in.catalog_name));
  glue::GetDatabaseRequest get;
  get.catalog_id = as.account;
  get.name = *in.database_name;
  const auto got = service.door().call(as.caller, get);
  if (!got) return metadata_failure(got.error());
  GetDatabaseOutput out;
  out.database = to_wire(*got->database);
  return out;
}

Result<ListDatabasesOutput> list_databases(Athena& service, Call& call, const ListDatabasesInput& in) {
  const Asked as = TRY(asked(service, call, *in.catalog_name));
  glue::GetDatabasesRequest get;
  get.catalog_id = as.account;
  get.max_results = in.max_results.value_or(kPage);
  get.next_token = in.next_token;
  const auto got = service.door().call(as.caller, get);
  if (!got) return metadata_failure(got.error());
  ListDatabasesOutput out;
  out.database_list.set_present();
  for (const glue::Database& database : got->database_list) out.database_list.push_back(to_wire(database));
  if (got->next_token && !got->next_token->empty()) out.next_token = got->next_token;
  return out;
}

Result<GetTableMetadataOutput> get_table_metadata(Athena& service, Call& call, const GetTableMetadataInput& in) {
  const Asked as = TRY(asked(service, call, *in.catalog_name));
  glue::GetTableRequest get;
  get.catalog_id = as.account;
  get.database_name = *in.database_name;
  get.name = *in.table_name;
  const auto got = service.door().call(as.caller, get);
  if (!got) return metadata_failure(got.error());
  GetTableMetadataOutput out;
  out.table_metadata = to_wire(*got->table);
  return out;
}

Result<ListTableMetadataOutput> list_table_metadata(Athena& service, Call& call, const ListTableMetadataInput& in) {
  const Asked as = TRY(asked(service, call, *in.catalog_name));
  glue::GetTablesRequest get;
  get.catalog_id = as.account;
  get.database_name = *in.database_name;
  get.max_results = in.max_results.value_or(kPage);
  get.next_token = in.next_token;
  if (in.expression && !in.expression->empty()) get.expression = *in.expression;
  const auto got = service.door().call(as.caller, get);
  if (!got) return metadata_failure(got.error());
  ListTableMetadataOutput out;
  out.table_metadata_list.set_present();
  for (const glue::Table& table : got->table_list) out.table_metadata_list.push_back(to_wire(table));
  if (got->next_token && !got->next_token->empty()) out.next_token = got->next_token;
  return out;
}

}  // namespace tarn::athena

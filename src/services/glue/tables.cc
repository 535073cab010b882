// Tables.
#include <fmt/format.h>

#include <set>

#include "base/text.h"
#include "door/door.h"
#include "services/glue/convert.h"
#include "services/glue/glue.h"
#include "services/glue/name_pattern.h"

namespace tarn::glue {
namespace {

constexpr int32_t kPage = 100;

Status check(const OptionalText& transaction_id, const std::optional<Time>& as_of = {}) {
  TRY(refuse(transaction_id.has_value(), "TransactionId", "governed tables have ended"));
  return refuse(as_of.has_value(), "QueryAsOfTime", "governed tables have ended");
}

// What the input asks for and the catalog does not keep.
Result<const TableInput*> checked(const wire::Box<TableInput>& box) {
  if (!box) return invalid_input("TableInput is required.");
  const TableInput& input = *box;
  TRY(refuse(input.federated_table.has_value(), "TableInput.FederatedTable", "the catalog has no connections"));
  TRY(refuse(input.view_definition.has_value(), "TableInput.ViewDefinition",
             "use ViewOriginalText and ViewExpandedText"));
  return &input;
}

Status check_names(const TableInput& input) {
  std::set<std::string> names;
  for (const Column& key : input.partition_keys)
    if (!names.insert(lower(key.name.value_or(""))).second)
      return invalid_input(fmt::format("Partition key {} is given twice.", *key.name));
  return {};
}

// Only the members that were asked for. AWS: GetTables, AttributesToGet.
Table chosen(Table all, const wire::List<std::string>& attributes) {
  if (attributes.empty()) return all;
  Table some{.name = all.name};
  for (const std::string& attribute : attributes)
    if (attribute == "TABLE_TYPE") some.table_type = all.table_type;
  return some;
}

Status erase_table(Call& call, const TableKey& key, const TableRecord& record) {
  TRY(erase_children_of_table(call.tx(), record.id));
  return call.erase(kTables, key);
}

}  // namespace

Result<CreateTableOutput> create_table(Glue& glue, Call& call, const CreateTableInput& in) {
  TRY(check(in.transaction_id));
  TRY(refuse(in.open_table_format_input.has_value(), "OpenTableFormatInput",
             "write the table's metadata file and give metadata_location in TableInput.Parameters"));
  const TableInput& input = *TRY(checked(in.table_input));
  TRY(check_names(input));
  const FoundDatabase database = TRY(find_database(call, in.catalog_id, in.database_name, Lock::kShared));
  const TableKey key{database.record.id, lower(*input.name)};
  if (TRY(call.get(kTables, key))) return already_exists("Table already exists.");

  TableRecord record = to_record(input);
  record.id = call.door().store().next_id();
  record.created = record.updated = call.now();
  record.created_by = call.principal().arn;
  for (const PartitionIndex& index : in.partition_indexes) TRY(add_partition_index(call, key.name, record, index));
  TRY(call.put(kTables, key, record));
  TRY(glue.database_changed(call, database.key, "CreateTable", {key.name}));
  return CreateTableOutput{};
}

Result<GetTableOutput> get_table(Glue&, Call& call, const GetTableInput& in) {
  TRY(check(in.transaction_id, in.query_as_of_time));
  const FoundTable found = TRY(find_table(call, in.catalog_id, in.database_name, in.name, Lock::kNone));
  Table table = to_wire(found.database.key, found.key.name, found.record);
  return GetTableOutput{.table = chosen(std::move(table), in.attributes_to_get)};
}

Result<GetTablesOutput> get_tables(Glue&, Call& call, const GetTablesInput& in) {
  TRY(check(in.transaction_id, in.query_as_of_time));
  const FoundDatabase database = TRY(find_database(call, in.catalog_id, in.database_name, Lock::kNone));
  GetTablesOutput out;
  out.table_list.set_present();
  if (in.resource_share_type && *in.resource_share_type != "ALL") return out;  // nothing is federated

  std::optional<NamePattern> pattern;
  if (in.expression && !in.expression->empty()) pattern = TRY(NamePattern::compile(*in.expression));
  const std::string request = fmt::format("GetTables {} {}", database.record.id, in.expression.value_or(""));
  const auto limit = static_cast<size_t>(in.max_results.value_or(kPage));
  auto at = call.tx().cursor(kTables, {.prefix = prefix_of(kTables, database.record.id),
                                       .after = TRY(page_start(call, request, in.next_token))});
  for (std::string last; at.valid(); at.next()) {
    const TableKey key = TRY(at.key());
    if (pattern && !TRY(pattern->matches(key.name))) continue;
    if (out.table_list.size() == limit) {
      out.next_token = next_page(call, request, last);
      break;
    }
    const TableRecord record = TRY(at.record());
    out.table_list.push_back(chosen(to_wire(database.key, key.name, record), in.attributes_to_get));
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

Result<UpdateTableOutput> update_table(Glue& glue, Call& call, const UpdateTableInput& in) {
  TRY(check(in.transaction_id));
  TRY(refuse(in.update_open_table_format_input.has_value(), "UpdateOpenTableFormatInput",
             "write the table's metadata file and give metadata_location in TableInput.Parameters"));
  TRY(refuse(in.view_update_action.has_value(), "ViewUpdateAction", "views have no dialects"));
  const TableInput& input = *TRY(checked(in.table_input));
  TRY(check_names(input));
  FoundTable found = TRY(find_table(call, in.catalog_id, in.database_name, input.name, Lock::kExclusive));
  const TableRecord& old = found.record;
  // Optimistic locking, as Iceberg's catalogs use it.
  if (in.version_id && *in.version_id != std::to_string(old.version))
    return fail(400, "ConcurrentModificationException",
                fmt::format("Table {} is at version {}, not {}: it was changed since it was read.", found.key.name,
                            old.version, *in.version_id));

  TableRecord record = to_record(input);
  record.id = old.id;
  record.version = old.version + 1;
  record.created = old.created;
  record.created_by = old.created_by;
  record.updated = call.now();
  if (!in.skip_archive.value_or(false)) TRY(call.put(kVersions, VersionKey{old.id, old.version}, old));
  TRY(call.put(kTables, found.key, record));
  TRY(glue.table_changed(call, found.database.key, found.key.name, "UpdateTable"));
  return UpdateTableOutput{};
}

Result<DeleteTableOutput> delete_table(Glue& glue, Call& call, const DeleteTableInput& in) {
  TRY(check(in.transaction_id));
  const FoundTable found = TRY(find_table(call, in.catalog_id, in.database_name, in.name, Lock::kExclusive));
  TRY(erase_table(call, found.key, found.record));
  TRY(glue.database_changed(call, found.database.key, "DeleteTable", {found.key.name}));
  return DeleteTableOutput{};
}

Result<BatchDeleteTableOutput> batch_delete_table(Glue& glue, Call& call, const BatchDeleteTableInput& in) {
  TRY(check(in.transaction_id));
  const FoundDatabase database = TRY(find_database(call, in.catalog_id, in.database_name, Lock::kShared));
  BatchDeleteTableOutput out;
  out.errors.set_present();
  std::vector<std::string> deleted;
  for (const std::string& name : in.tables_to_delete) {
    const TableKey key{database.record.id, lower(name)};
    const auto record = TRY(call.get(kTables, key));
    if (!record) {
      const Error missing = not_found(fmt::format("Table {} not found.", key.name)).error();
      out.errors.push_back({.table_name = name, .error_detail = detail_of(missing)});
      continue;
    }
    TRY(erase_table(call, key, *record));
    deleted.push_back(key.name);
  }
  if (!deleted.empty()) TRY(glue.database_changed(call, database.key, "BatchDeleteTable", deleted));
  return out;
}

}  // namespace tarn::glue

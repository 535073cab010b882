// Partitions and the indexes on their keys.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "services/glue/convert.h"
#include "services/glue/expressions.h"
#include "services/glue/glue.h"

namespace tarn::glue {
namespace {

constexpr int32_t kPage = 1000;
constexpr size_t kMaxIndexes = 3;  // AWS: Glue quotas

std::vector<PartitionKey> keys_of(const FoundTable& table) {
  std::vector<PartitionKey> keys;
  for (const ColumnRecord& column : table.partition_keys())
    keys.push_back({column.name, column.type.value_or("string")});
  return keys;
}

Status check_values(const FoundTable& table, const wire::List<std::string>& values) {
  if (values.size() != table.partition_keys().size())
    return invalid_input(
        fmt::format("The number of partition keys do not match the number of partition values: table {} "
                    "has {} keys, {} values were given.",
                    table.key.name, table.partition_keys().size(), values.size()));
  return {};
}

PartitionRowKey row_key(const FoundTable& table, const wire::List<std::string>& values) {
  return {table.record.id, joined_values(values.items())};
}

Failure no_partition() {
  return not_found("Cannot find partition.");
}

// A batch's answer holds what was wrong with one entry; what was wrong with the store ends the call.
template <class Errors>
Status note(Errors& errors, const wire::List<std::string>& values, Status outcome) {
  if (outcome) return {};
  if (outcome.error().status >= 500 || is_conflict(outcome.error())) return outcome;
  auto& entry = errors.emplace_back();
  if constexpr (requires { entry.partition_values; })
    entry.partition_values = values;
  else
    entry.partition_value_list = values;
  entry.error_detail = detail_of(outcome.error());
  return {};
}

Status create(Call& call, const FoundTable& table, const PartitionInput& input) {
  const PartitionRowKey key = row_key(table, input.values);
  if (TRY(call.get(kPartitions, key))) return already_exists("Partition already exists.");
  PartitionRecord record = to_record(input);
  record.created = call.now();
  return call.put(kPartitions, key, record);
}

Status update(Call& call, const FoundTable& table, const wire::List<std::string>& values, const PartitionInput& input) {
  // AWS: UpdatePartition: the values cannot be changed.
  if (input.values.has_value() && input.values.items() != values.items())
    return invalid_input(
        "PartitionInput.Values differs from the partition's values: delete the partition and create it "
        "anew with the others.");
  const PartitionRowKey key = row_key(table, values);
  const auto old = TRY(call.get(kPartitions, key));
  if (!old) return no_partition();
  PartitionRecord record = to_record(input);
  record.values = old->values;
  record.created = old->created;
  return call.put(kPartitions, key, record);
}

Status erase(Call& call, const FoundTable& table, const wire::List<std::string>& values) {
  const PartitionRowKey key = row_key(table, values);
  if (!TRY(call.get(kPartitions, key))) return no_partition();
  return call.erase(kPartitions, key);
}

// Which segment of so many a partition is in: the same at every call.
uint32_t segment_of(const PartitionRowKey& key, uint32_t segments) {
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const char c : key.values) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return static_cast<uint32_t>((hash >> 32) % segments);
}

Status check_segment(const Segment& segment) {
  if (*segment.segment_number >= *segment.total_segments)
    return invalid_input(fmt::format("SegmentNumber {} is not below TotalSegments {}.", *segment.segment_number,
                                     *segment.total_segments));
  return {};
}

}  // namespace

// --- one -------------------------------------------------------------------------------------------------------------

Result<CreatePartitionOutput> create_partition(Glue& glue, Call& call, const CreatePartitionInput& in) {
  const FoundTable table = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kShared));
  TRY(check_values(table, in.partition_input->values));
  TRY(create(call, table, *in.partition_input));
  TRY(glue.table_changed(call, table.database.key, table.key.name, "CreatePartition",
                         {in.partition_input->values.items()}));
  return CreatePartitionOutput{};
}

Result<GetPartitionOutput> get_partition(Glue&, Call& call, const GetPartitionInput& in) {
  const FoundTable table = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kNone));
  TRY(check_values(table, in.partition_values));
  const auto record = TRY(call.get(kPartitions, row_key(table, in.partition_values)));
  if (!record) return no_partition();
  return GetPartitionOutput{.partition = to_wire(table.database.key, table.key.name, *record)};
}

Result<UpdatePartitionOutput> update_partition(Glue& glue, Call& call, const UpdatePartitionInput& in) {
  const FoundTable table = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kShared));
  TRY(check_values(table, in.partition_value_list));
  TRY(update(call, table, in.partition_value_list, *in.partition_input));
  TRY(glue.table_changed(call, table.database.key, table.key.name, "UpdatePartition",
                         {in.partition_value_list.items()}));
  return UpdatePartitionOutput{};
}

Result<DeletePartitionOutput> delete_partition(Glue& glue, Call& call, const DeletePartitionInput& in) {
  const FoundTable table = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kShared));
  TRY(check_values(table, in.partition_values));
  TRY(erase(call, table, in.partition_values));
  TRY(glue.table_changed(call, table.database.key, table.key.name, "DeletePartition", {in.partition_values.items()}));
  return DeletePartitionOutput{};
}

// --- many ------------------------------------------------------------------------------------------------------------

Result<GetPartitionsOutput> get_partitions(Glue&, Call& call, const GetPartitionsInput& in) {
  TRY(refuse(in.transaction_id.has_value(), "TransactionId", "governed tables have ended"));
  TRY(refuse(in.query_as_of_time.has_value(), "QueryAsOfTime", "governed tables have ended"));
  const FoundTable table = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kNone));
  if (in.segment) TRY(check_segment(*in.segment));
  const auto segments = in.segment ? static_cast<uint32_t>(*in.segment->total_segments) : 1;
  const auto segment = in.segment ? static_cast<uint32_t>(*in.segment->segment_number) : 0;
  std::optional<Expression> expression;
  if (in.expression && !trim(*in.expression).empty())
    expression = TRY(Expression::parse(*in.expression, keys_of(table)));

  const std::string request =
      fmt::format("GetPartitions {} {}/{} {}", table.record.id, segment, segments, in.expression.value_or(""));
  const auto limit = static_cast<size_t>(in.max_results.value_or(kPage));
  GetPartitionsOutput out;
  out.partitions.set_present();
  auto at = call.tx().cursor(kPartitions, {.prefix = prefix_of(kPartitions, table.record.id),
                                           .after = TRY(page_start(call, request, in.next_token))});
  for (std::string last; at.valid(); at.next()) {
    if (segments > 1 && segment_of(TRY(at.key()), segments) != segment) continue;
    const PartitionRecord record = TRY(at.record());
    if (expression && !TRY(expression->matches(record.values))) continue;
    if (out.partitions.size() == limit) {
      out.next_token = next_page(call, request, last);
      break;
    }
    Partition& partition = out.partitions.emplace_back();
    partition = to_wire(table.database.key, table.key.name, record);
    if (in.exclude_column_schema.value_or(false) && partition.storage_descriptor)
      partition.storage_descriptor->columns.set_present(false);
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

Result<BatchCreatePartitionOutput> batch_create_partition(Glue& glue, Call& call, const BatchCreatePartitionInput& in) {
  const FoundTable table = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kShared));
  for (const PartitionInput& input : in.partition_input_list) TRY(check_values(table, input.values));
  BatchCreatePartitionOutput out;
  out.errors.set_present();
  std::vector<std::vector<std::string>> changed;
  for (const PartitionInput& input : in.partition_input_list) {
    Status outcome = create(call, table, input);
    if (outcome) changed.push_back(input.values.items());
    TRY(note(out.errors, input.values, std::move(outcome)));
  }
  if (!changed.empty())
    TRY(glue.table_changed(call, table.database.key, table.key.name, "BatchCreatePartition", changed));
  return out;
}

// Those that are not there are not in the answer. AWS: BatchGetPartition; UnprocessedKeys is for a busy catalog.
Result<BatchGetPartitionOutput> batch_get_partition(Glue&, Call& call, const BatchGetPartitionInput& in) {
  const FoundTable table = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kNone));
  BatchGetPartitionOutput out;
  out.partitions.set_present();
  out.unprocessed_keys.set_present();
  for (const PartitionValueList& wanted : in.partitions_to_get) {
    TRY(check_values(table, wanted.values));
    const auto record = TRY(call.get(kPartitions, row_key(table, wanted.values)));
    if (record) out.partitions.push_back(to_wire(table.database.key, table.key.name, *record));
  }
  return out;
}

Result<BatchUpdatePartitionOutput> batch_update_partition(Glue& glue, Call& call, const BatchUpdatePartitionInput& in) {
  const FoundTable table = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kShared));
  BatchUpdatePartitionOutput out;
  out.errors.set_present();
  std::vector<std::vector<std::string>> changed;
  for (const BatchUpdatePartitionRequestEntry& entry : in.entries) {
    TRY(check_values(table, entry.partition_value_list));
    Status outcome = update(call, table, entry.partition_value_list, *entry.partition_input);
    if (outcome) changed.push_back(entry.partition_value_list.items());
    TRY(note(out.errors, entry.partition_value_list, std::move(outcome)));
  }
  if (!changed.empty())
    TRY(glue.table_changed(call, table.database.key, table.key.name, "BatchUpdatePartition", changed));
  return out;
}

Result<BatchDeletePartitionOutput> batch_delete_partition(Glue& glue, Call& call, const BatchDeletePartitionInput& in) {
  const FoundTable table = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kShared));
  BatchDeletePartitionOutput out;
  out.errors.set_present();
  std::vector<std::vector<std::string>> changed;
  for (const PartitionValueList& unwanted : in.partitions_to_delete) {
    TRY(check_values(table, unwanted.values));
    Status outcome = erase(call, table, unwanted.values);
    if (outcome) changed.push_back(unwanted.values.items());
    TRY(note(out.errors, unwanted.values, std::move(outcome)));
  }
  if (!changed.empty())
    TRY(glue.table_changed(call, table.database.key, table.key.name, "BatchDeletePartition", changed));
  return out;
}

// --- indexes ---------------------------------------------------------------------------------------------------------

// Kept and listed: every read of partitions goes over all of a table's anyway.
Status add_partition_index(Call& call, const std::string& table_name, const TableRecord& table,
                           const PartitionIndex& index) {
  const auto columns = table.keys();
  for (const std::string& name : index.keys)
    if (!std::ranges::any_of(columns, [&](const auto& column) { return equals_ignore_case(column.name, name); }))
      return invalid_input(fmt::format("{} is no partition key of table {}.", name, table_name));
  const auto all = TRY(call.tx().scan(kPartitionIndexes, {.prefix = prefix_of(kPartitionIndexes, table.id)}));
  for (const auto& [key, record] : all.entries)
    if (key.name == *index.index_name) return already_exists(fmt::format("Index {} already exists.", key.name));
  if (all.entries.size() >= kMaxIndexes)
    return fail(400, "ResourceNumberLimitExceededException",
                fmt::format("Table {} has {} partition indexes, which is the most.", table_name, kMaxIndexes));
  return call.put(kPartitionIndexes, {table.id, *index.index_name}, {index.keys.items()});
}

Result<CreatePartitionIndexOutput> create_partition_index(Glue&, Call& call, const CreatePartitionIndexInput& in) {
  const FoundTable table = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kExclusive));
  TRY(add_partition_index(call, table.key.name, table.record, *in.partition_index));
  return CreatePartitionIndexOutput{};
}

Result<GetPartitionIndexesOutput> get_partition_indexes(Glue&, Call& call, const GetPartitionIndexesInput& in) {
  const FoundTable table = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kNone));
  const auto all = TRY(call.tx().scan(kPartitionIndexes, {.prefix = prefix_of(kPartitionIndexes, table.record.id)}));
  GetPartitionIndexesOutput out;
  out.partition_index_descriptor_list.set_present();
  for (const auto& [key, record] : all.entries) {
    PartitionIndexDescriptor& index = out.partition_index_descriptor_list.emplace_back();
    index.index_name = key.name;
    index.index_status = "ACTIVE";
    for (const std::string& name : record.keys) {
      KeySchemaElement& element = index.keys.emplace_back();
      element.name = name;
      for (const auto& column : table.partition_keys())
        if (equals_ignore_case(column.name, name)) element.type = column.type;
    }
  }
  return out;
}

Result<DeletePartitionIndexOutput> delete_partition_index(Glue&, Call& call, const DeletePartitionIndexInput& in) {
  const FoundTable table = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kExclusive));
  const PartitionIndexKey key{table.record.id, *in.index_name};
  if (!TRY(call.get(kPartitionIndexes, key)))
    return not_found(fmt::format("Index {} of table {} not found.", key.name, table.key.name));
  TRY(call.erase(kPartitionIndexes, key));
  return DeletePartitionIndexOutput{};
}

}  // namespace tarn::glue

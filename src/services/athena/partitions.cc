// Partitions of tables: ALTER TABLE's and MSCK REPAIR TABLE's.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "door/door.h"
#include "services/athena/errors.h"
#include "services/athena/glue_words.h"
#include "services/athena/statement.h"
#include "sql/sql_error.h"

namespace tarn::athena {
namespace {

constexpr size_t kBatch = 100;  // AWS: BatchCreatePartition

Ran nothing() {
  Ran ran;
  ran.kind = ResultKind::kText;
  return ran;
}

Status need_partitioned(const glue::Table& table) {
  if (!table.partition_keys.empty()) return {};
  return hive_failure(fmt::format("FAILED: Execution Error, return code 1 from "
                                  "org.apache.hadoop.hive.ql.exec.DDLTask. Table {} is not a partitioned table",
                                  *table.name));
}

glue::PartitionInput new_partition(const glue::Table& table, const std::vector<std::string>& values,
                                   const std::string& location) {
  glue::PartitionInput input;
  input.values = wire::List<std::string>(values);
  glue::StorageDescriptor storage;
  if (table.storage_descriptor) storage = *table.storage_descriptor;
  storage.location = location;
  input.storage_descriptor = std::move(storage);
  return input;
}

bool is_number(std::string_view type) {
  return type.find("int") != std::string_view::npos || type.starts_with("decimal") || type == "double" ||
         type == "float";
}

// Whether the partition passes the test, by the type of its column.
bool passes(const glue::Table& table, const glue::Partition& partition, const sql::athena::PartitionTest& test) {
  for (size_t i = 0; i < table.partition_keys.size() && i < partition.values.size(); ++i) {
    if (lower(*table.partition_keys[i].name) != test.column) continue;
    const std::string& value = partition.values[i];
    int order = value.compare(test.value);
    const auto a = parse_double(value), b = parse_double(test.value);
    if (is_number(table.partition_keys[i].type.value_or("")) && a && b) order = *a < *b ? -1 : *a > *b ? 1 : 0;
    if (test.op == "=") return order == 0;
    if (test.op == "<>" || test.op == "!=") return order != 0;
    if (test.op == "<") return order < 0;
    if (test.op == ">") return order > 0;
    if (test.op == "<=") return order <= 0;
    return order >= 0;
  }
  return false;
}

bool has_value(const std::vector<glue::Partition>& partitions, const std::vector<std::string>& values) {
  return std::ranges::any_of(partitions, [&](const glue::Partition& each) { return each.values.items() == values; });
}

}  // namespace

Result<Ran> StatementRun::add_partitions(const sql::athena::AlterTable& alter, const Place& place,
                                         const glue::Table& table) {
  TRY(need_partitioned(table));
  const auto known = TRY(partitions_of(place));
  Ran ran = nothing();
  for (const sql::athena::Partition& partition : alter.partitions) {
    const auto values = TRY(ordered_values(table, partition));
    if (has_value(known, values)) {
      if (alter.if_not_exists) continue;
      return hive_failure(fmt::format("FAILED: Execution Error, return code 1 from "
                                      "org.apache.hadoop.hive.ql.exec.DDLTask. AlreadyExistsException(message:Partition "
                                      "already exists: {}.{} [{}])",
                                      place.database, place.name, fmt::join(values, ", ")));
    }
    glue::CreatePartitionRequest create;
    create.catalog_id = place.account;
    create.database_name = place.database;
    create.table_name = place.name;
    create.partition_input =
        new_partition(table, values, partition.location.empty() ? folder_of(table) + partition_path(table, values) + "/"
                                                                : partition.location);
    ran.changes.add(std::move(create));
  }
  return ran;
}

Result<Ran> StatementRun::drop_partitions(const sql::athena::AlterTable& alter, const Place& place,
                                          const glue::Table& table) {
  TRY(need_partitioned(table));
  const auto known = TRY(partitions_of(place));
  std::set<std::vector<std::string>> gone;
  for (const auto& tests : alter.dropped) {
    for (const auto& test : tests)
      if (std::ranges::none_of(table.partition_keys.items(),
                               [&](const glue::Column& key) { return lower(*key.name) == test.column; }))
        return hive_failure(fmt::format("FAILED: SemanticException [Error 10002]: {} is no partition column of {}",
                                        test.column, *table.name));
    const size_t before = gone.size();
    for (const glue::Partition& partition : known)
      if (std::ranges::all_of(tests, [&](const auto& test) { return passes(table, partition, test); }))
        gone.insert(partition.values.items());
    if (gone.size() == before && !alter.if_exists)
      return hive_failure("FAILED: SemanticException [Error 10006]: Partition not found");
  }
  Ran ran = nothing();
  for (const auto& values : gone) {
    glue::DeletePartitionRequest erase;
    erase.catalog_id = place.account;
    erase.database_name = place.database;
    erase.table_name = place.name;
    erase.partition_values = wire::List<std::string>(values);
    ran.changes.add(std::move(erase));
  }
  return ran;
}

// RENAME TO and SET LOCATION.
Result<Ran> StatementRun::change_partition(const sql::athena::AlterTable& alter, const Place& place,
                                           const glue::Table& table) {
  TRY(need_partitioned(table));
  const auto values = TRY(ordered_values(table, alter.partitions[0]));
  glue::GetPartitionRequest get;
  get.catalog_id = place.account;
  get.database_name = place.database;
  get.table_name = place.name;
  get.partition_values = wire::List<std::string>(values);
  const auto got = door().call(job_.caller, get);
  if (!got) return Failure(ddl_error(got.error()));
  glue::PartitionInput input = input_of(*got->partition);
  Ran ran = nothing();
  if (alter.kind == sql::athena::AlterTable::Kind::kRenamePartition) {
    input.values = wire::List<std::string>(TRY(ordered_values(table, alter.to)));
    glue::DeletePartitionRequest erase;
    erase.catalog_id = place.account;
    erase.database_name = place.database;
    erase.table_name = place.name;
    erase.partition_values = wire::List<std::string>(values);
    ran.changes.add(std::move(erase));
    glue::CreatePartitionRequest create;
    create.catalog_id = place.account;
    create.database_name = place.database;
    create.table_name = place.name;
    create.partition_input = std::move(input);
    ran.changes.add(std::move(create));
    return ran;
  }
  if (input.storage_descriptor) input.storage_descriptor->location = alter.location;
  glue::UpdatePartitionRequest update;
  update.catalog_id = place.account;
  update.database_name = place.database;
  update.table_name = place.name;
  update.partition_value_list = wire::List<std::string>(values);
  update.partition_input = std::move(input);
  ran.changes.add(std::move(update));
  return ran;
}

void StatementRun::register_partitions(Ran& ran, const Place& place, const glue::Table& table,
                                       const std::vector<std::pair<std::vector<std::string>, std::string>>& partitions) {
  for (size_t first = 0; first < partitions.size(); first += kBatch) {
    glue::BatchCreatePartitionRequest create;
    create.catalog_id = place.account;
    create.database_name = place.database;
    create.table_name = place.name;
    for (size_t i = first; i < std::min(first + kBatch, partitions.size()); ++i)
      create.partition_input_list.push_back(new_partition(table, partitions[i].first, partitions[i].second));
    ran.changes.add(std::move(create));
  }
}

// AWS: MSCK REPAIR TABLE adds the partitions whose folders are there; it removes none.
Result<Ran> StatementRun::repair(const sql::athena::RepairTable& repair) {
  const Place place = TRY(place_of(repair.table));
  const glue::Table table = TRY(table_of(place));
  TRY(need_partitioned(table));
  const std::string folder = folder_of(table);
  const auto objects = lake::list_objects(door(), job_.caller, folder);
  if (!objects) return Failure(lake_error(objects.error()));
  const auto known = TRY(partitions_of(place));
  std::set<std::vector<std::string>> there, missing;
  for (const glue::Partition& partition : known) missing.insert(partition.values.items());
  for (const sql::ObjectRef& object : *objects)
    if (auto values = partition_values(table, std::string_view(object.uri).substr(folder.size())))
      there.insert(std::move(*values));
  for (const auto& values : there) missing.erase(values);
  std::vector<std::pair<std::vector<std::string>, std::string>> added;
  std::vector<std::string> lines, repairs;
  std::string not_in_metastore;
  for (const auto& values : there) {
    if (has_value(known, values)) continue;
    const std::string path = partition_path(table, values);
    added.emplace_back(values, folder + path + "/");
    not_in_metastore += "\t" + place.name + ":" + path;
    repairs.push_back(fmt::format("Repair: Added partition to metastore {}:{}", place.name, path));
  }
  if (!added.empty()) lines.push_back("Partitions not in metastore:" + not_in_metastore);
  if (!missing.empty()) {
    std::string line = "Partitions missing from filesystem:";
    for (const auto& values : missing) line += "\t" + place.name + ":" + partition_path(table, values);
    lines.push_back(line);
  }
  lines.insert(lines.end(), repairs.begin(), repairs.end());
  Ran ran = text_result({"result"}, lines);
  register_partitions(ran, place, table, added);
  return ran;
}

}  // namespace tarn::athena

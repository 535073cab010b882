// A crawl's writing: what it planned, into the catalog, as its policies say.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/text.h"
#include "services/glue/crawl_job.h"
#include "services/glue/crawl_tables.h"
#include "services/glue/glue.h"

namespace tarn::glue {
namespace {

constexpr size_t kPartitionsAtOnce = 100;  // AWS: BatchCreatePartition, BatchUpdatePartition
constexpr size_t kDeletedAtOnce = 25;      // AWS: BatchDeletePartition
constexpr const char* kUpdatedBy = "UPDATED_BY_CRAWLER";
constexpr const char* kDeprecatedBy = "DEPRECATED_BY_CRAWLER";
constexpr const char* kRunId = "CRAWL_RUN_ID";  // of the crawl that wrote the table last

Error worded(const Error& error, std::string_view doing) {
  Error out = error;
  out.message = fmt::format("{}: {} (Status Code: {}; Error Code: {})", doing, error.message, error.status, error.code);
  return out;
}

std::string location_of(const Table& table) {
  return table.storage_descriptor ? table.storage_descriptor->location.value_or("") : "";
}

bool same_place(std::string_view a, std::string_view b) {
  if (a.ends_with('/')) a.remove_suffix(1);
  if (b.ends_with('/')) b.remove_suffix(1);
  return a == b;
}

// A table as an input that leaves it as it is.
TableInput input_of(const Table& table) {
  TableInput out;
  out.name = table.name;
  out.description = table.description;
  out.owner = table.owner;
  out.retention = table.retention;
  out.storage_descriptor = table.storage_descriptor;
  out.partition_keys = table.partition_keys;
  out.view_original_text = table.view_original_text;
  out.view_expanded_text = table.view_expanded_text;
  out.table_type = table.table_type;
  out.parameters = table.parameters;
  return out;
}

std::string first_error(const wire::List<PartitionError>& errors) {
  const PartitionError& error = errors.front();
  return error.error_detail ? error.error_detail->error_message.value_or("") : "";
}

}  // namespace

Status CrawlJob::ensure_database() {
  GetDatabaseRequest get;
  get.name = crawler_.database;
  const auto got = door_.call(as_, get);
  if (got) return {};
  if (got.error().code != "EntityNotFoundException")
    return Failure(worded(got.error(), fmt::format("Database {}", crawler_.database)));
  CreateDatabaseRequest create;
  create.database_input = DatabaseInput{.name = crawler_.database};
  const auto created = door_.call(as_, create);
  if (!created && created.error().code != "AlreadyExistsException")
    return Failure(worded(created.error(), fmt::format("Creating database {}", crawler_.database)));
  return {};
}

Result<std::map<std::string, Table>> CrawlJob::tables_there() {
  std::map<std::string, Table> all;
  GetTablesRequest get;
  get.database_name = crawler_.database;
  do {
    auto page = door_.call(as_, get);
    if (!page) return Failure(worded(page.error(), fmt::format("Tables of database {}", crawler_.database)));
    for (const Table& table : page->table_list) all.emplace(*table.name, table);
    get.next_token = page->next_token;
  } while (get.next_token);
  return all;
}

Status CrawlJob::write_tables(std::vector<PlannedTable> tables, const std::string& root) {
  const std::map<std::string, Table> there = TRY(tables_there());
  std::set<std::string> kept;
  for (const PlannedTable& planned : tables) {
    TRY(going_on_());
    std::string name = table_name_of(crawler_.table_prefix.value_or("")) + planned.name;
    auto existing = there.find(name);
    // A name that another place has already gets a hash behind it, as Glue does.
    if (kept.contains(name) ||
        (existing != there.end() && !same_place(location_of(existing->second), planned.location))) {
      name += "_" + hex(md5(planned.location));
      existing = there.find(name);
    }
    kept.insert(name);
    TRY(write_table(planned, crawler_.database, name, existing == there.end() ? nullptr : &existing->second));
  }
  for (const auto& [name, table] : there)
    if (!kept.contains(name) && location_of(table).starts_with(root)) TRY(remove_table(name, table));
  return {};
}

Status CrawlJob::write_table(const PlannedTable& planned, const std::string& database, const std::string& name,
                             const Table* existing) {
  TableInput input = table_input(planned, name, key_.name);
  if (existing == nullptr) {
    CreateTableRequest create;
    create.database_name = database;
    create.table_input = input;
    if (configuration_["CreatePartitionIndex"].as_bool() && !planned.keys.empty())
      create.partition_indexes = {PartitionIndex{.keys = planned.keys, .index_name = "crawler_partition_index"}};
    TRY(create_table(std::move(create)));
    return write_partitions(planned, database, name, nullptr);
  }
  TRY(update_table(database, name, *existing, std::move(input)));
  return write_partitions(planned, database, name, existing);
}

Status CrawlJob::create_table(CreateTableRequest create) {
  const std::string where = fmt::format("table {} in database {}", *create.table_input->name, *create.database_name);
  create.table_input->parameters[kRunId] = crawler_.crawl_id;
  const auto created = door_.call(as_, create);
  if (!created) return Failure(worded(created.error(), "Creating " + where));
  ++counts_.tables_created;
  log_.add("INFO", "Created " + where);
  return {};
}

Status CrawlJob::update_table(const std::string& database, const std::string& name, const Table& existing,
                              TableInput input) {
  if (configuration_["CrawlerOutput"]["Tables"]["AddOrUpdateBehavior"].as_string() == "MergeNewColumns")
    input.storage_descriptor->columns =
        with_new_columns(existing.storage_descriptor->columns, input.storage_descriptor->columns);
  const bool changed = !same_schema(existing, input);
  if (crawler_.update_behavior == "LOG") {
    if (changed)
      log_.add("INFO", fmt::format("Table {} in database {} has another schema now; it is left as it is, since the "
                                   "UpdateBehavior is LOG.",
                                   name, database));
    return {};
  }
  // What people have said of the table stays.
  input.description = existing.description;
  for (const auto& [key, value] : existing.parameters)
    if (key != kDeprecatedBy && !input.parameters.contains(key)) input.parameters[key] = value;
  const bool same_numbers = std::ranges::all_of(input.parameters, [&](const auto& parameter) {
    const std::string* there = existing.parameters.find(parameter.first);
    return there != nullptr && *there == parameter.second;
  });
  if (!changed && same_numbers && !existing.parameters.contains(kDeprecatedBy)) return {};
  input.parameters[kRunId] = crawler_.crawl_id;
  UpdateTableRequest update;
  update.database_name = database;
  update.table_input = std::move(input);
  update.skip_archive = !changed;  // numbers alone make no version
  const auto updated = door_.call(as_, update);
  if (!updated)
    return Failure(worded(updated.error(), fmt::format("Updating table {} in database {}", name, database)));
  if (!changed) return {};
  ++counts_.tables_updated;
  log_.add("INFO", fmt::format("Updated table {} in database {}", name, database));
  return {};
}

Status CrawlJob::update_catalog_table(const PlannedTable& planned, const std::string& database, const Table& table) {
  PlannedTable as_it_is = planned;
  as_it_is.keys.clear();
  for (const Column& key : table.partition_keys) as_it_is.keys.push_back(*key.name);
  if (as_it_is.keys.size() != planned.keys.size()) {
    as_it_is.partitions.clear();
    if (!table.partition_keys.empty())
      log_.add("WARN", fmt::format("The folders of table {} do not fit its {} partition keys: its partitions are left.",
                                   *table.name, table.partition_keys.size()));
  }
  TableInput input = table_input(as_it_is, *table.name, key_.name);
  input.partition_keys = table.partition_keys;
  TRY(update_table(database, *table.name, table, std::move(input)));
  return write_partitions(as_it_is, database, *table.name, &table);
}

// --- partitions ------------------------------------------------------------------------------------------------------

Result<std::map<std::vector<std::string>, Partition>> CrawlJob::partitions_there(const std::string& database,
                                                                                 const std::string& name) {
  std::map<std::vector<std::string>, Partition> all;
  GetPartitionsRequest get;
  get.database_name = database;
  get.table_name = name;
  do {
    auto page = door_.call(as_, get);
    if (!page) return Failure(worded(page.error(), fmt::format("Partitions of table {}", name)));
    for (const Partition& partition : page->partitions) all.emplace(partition.values.items(), partition);
    get.next_token = page->next_token;
  } while (get.next_token);
  return all;
}

Status CrawlJob::write_partitions(const PlannedTable& planned, const std::string& database, const std::string& name,
                                  const Table* existing) {
  if (planned.partitions.empty() && (existing == nullptr || existing->partition_keys.empty())) return {};
  const bool inherit =
      configuration_["CrawlerOutput"]["Partitions"]["AddOrUpdateBehavior"].as_string() == "InheritFromTable";
  std::map<std::vector<std::string>, Partition> there;
  if (existing != nullptr) there = TRY(partitions_there(database, name));
  std::vector<PartitionInput> fresh, changed;
  for (const PlannedPartition& partition : planned.partitions) {
    PartitionInput input = partition_input(planned, partition, key_.name, inherit);
    const auto known = there.find(partition.values);
    if (known == there.end()) {
      fresh.push_back(std::move(input));
      continue;
    }
    const bool same = known->second.storage_descriptor &&
                      same_columns(known->second.storage_descriptor->columns, input.storage_descriptor->columns) &&
                      !known->second.parameters.contains(kDeprecatedBy);
    there.erase(known);
    if (!same && crawler_.update_behavior != "LOG") changed.push_back(std::move(input));
  }
  TRY(create_partitions(database, name, fresh));
  TRY(change_partitions(database, name, changed));
  counts_.partitions_updated += changed.size();
  return remove_partitions(database, name, there);
}

Status CrawlJob::create_partitions(const std::string& database, const std::string& name,
                                   const std::vector<PartitionInput>& inputs) {
  for (size_t first = 0; first < inputs.size(); first += kPartitionsAtOnce) {
    TRY(going_on_());
    BatchCreatePartitionRequest create;
    create.database_name = database;
    create.table_name = name;
    std::string values;
    for (size_t i = first; i < std::min(inputs.size(), first + kPartitionsAtOnce); ++i) {
      create.partition_input_list.push_back(inputs[i]);
      values += fmt::format("{}[{}]", values.empty() ? "" : ", ", fmt::join(inputs[i].values.items(), ", "));
    }
    const auto created = door_.call(as_, create);
    if (!created) return Failure(worded(created.error(), fmt::format("Creating partitions of table {}", name)));
    if (!created->errors.empty())
      log_.add("WARN", fmt::format("{} partitions of table {} were not made: {}", created->errors.size(), name,
                                   first_error(created->errors)));
    counts_.partitions_created += create.partition_input_list.size() - created->errors.size();
    log_.add("INFO",
             fmt::format("Created partitions with values [{}] for table {} in database {}", values, name, database));
  }
  return {};
}

Status CrawlJob::change_partitions(const std::string& database, const std::string& name,
                                   const std::vector<PartitionInput>& inputs) {
  for (size_t first = 0; first < inputs.size(); first += kPartitionsAtOnce) {
    TRY(going_on_());
    BatchUpdatePartitionRequest update;
    update.database_name = database;
    update.table_name = name;
    for (size_t i = first; i < std::min(inputs.size(), first + kPartitionsAtOnce); ++i)
      update.entries.push_back({.partition_value_list = inputs[i].values, .partition_input = inputs[i]});
    const auto updated = door_.call(as_, update);
    if (!updated) return Failure(worded(updated.error(), fmt::format("Updating partitions of table {}", name)));
  }
  return {};
}

// Partitions whose folders are gone.
Status CrawlJob::remove_partitions(const std::string& database, const std::string& name,
                                   const std::map<std::vector<std::string>, Partition>& gone) {
  if (gone.empty()) return {};
  if (crawler_.delete_behavior == "LOG") {
    log_.add("INFO", fmt::format("{} partitions of table {} have no files any more; they are left, since the "
                                 "DeleteBehavior is LOG.",
                                 gone.size(), name));
    return {};
  }
  if (crawler_.delete_behavior == "DEPRECATE_IN_DATABASE") {
    std::vector<PartitionInput> inputs;
    for (const auto& [values, partition] : gone) {
      if (partition.parameters.contains(kDeprecatedBy)) continue;
      PartitionInput input;
      input.values = values;
      input.storage_descriptor = partition.storage_descriptor;
      input.parameters = partition.parameters;
      input.parameters[kDeprecatedBy] = std::to_string(door_.clock().now().millis());
      inputs.push_back(std::move(input));
    }
    TRY(change_partitions(database, name, inputs));
    counts_.partitions_deleted += inputs.size();
    return {};
  }
  BatchDeletePartitionRequest remove;
  remove.database_name = database;
  remove.table_name = name;
  for (auto at = gone.begin(); at != gone.end();) {
    remove.partitions_to_delete = {};
    for (; at != gone.end() && remove.partitions_to_delete.size() < kDeletedAtOnce; ++at)
      remove.partitions_to_delete.push_back({.values = at->first});
    const auto removed = door_.call(as_, remove);
    if (!removed) return Failure(worded(removed.error(), fmt::format("Deleting partitions of table {}", name)));
  }
  counts_.partitions_deleted += gone.size();
  return {};
}

// A table of this crawler's whose files, or whose table in another database, are gone.
Status CrawlJob::remove_table(const std::string& name, const Table& table) {
  const std::string* by = table.parameters.find(kUpdatedBy);
  if (by == nullptr || *by != key_.name || table.parameters.contains(kDeprecatedBy)) return {};
  if (crawler_.delete_behavior == "LOG") {
    log_.add("INFO", fmt::format("Table {} is not found any more; it is left, since the DeleteBehavior is LOG.", name));
    return {};
  }
  if (crawler_.delete_behavior == "DELETE_FROM_DATABASE") {
    DeleteTableRequest remove;
    remove.database_name = crawler_.database;
    remove.name = name;
    const auto removed = door_.call(as_, remove);
    if (!removed) return Failure(worded(removed.error(), fmt::format("Deleting table {}", name)));
  } else {
    UpdateTableRequest update;
    update.database_name = crawler_.database;
    update.table_input = input_of(table);
    update.table_input->parameters[kDeprecatedBy] = std::to_string(door_.clock().now().millis());
    const auto updated = door_.call(as_, update);
    if (!updated) return Failure(worded(updated.error(), fmt::format("Deprecating table {}", name)));
  }
  ++counts_.tables_deleted;
  log_.add("INFO", fmt::format("Deleted table {} in database {}", name, crawler_.database));
  return {};
}

}  // namespace tarn::glue

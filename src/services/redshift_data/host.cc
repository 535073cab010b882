#include "services/redshift_data/host.h"

#include <fmt/format.h>

#include <algorithm>

#include "gen/glue/shapes.h"
#include "lake/lake.h"
#include "services/redshift_data/definitions.h"
#include "services/redshift_data/records.h"
#include "services/redshift_data/s3_words.h"
#include "sql/sql_error.h"

namespace tarn::redshift_data {
namespace {

constexpr uint64_t kMaxDocument = 16 << 20;  // a manifest or a jsonpaths document
constexpr size_t kMaxPartitions = 100;       // AWS: BatchCreatePartition; INSERT (external table)
constexpr size_t kMaxLoadErrors = 1000;      // kept of one COPY
constexpr size_t kMaxFiles = 10000;          // kept of one COPY or UNLOAD
constexpr size_t kMaxForgotten = 1000;       // at once
constexpr int64_t kDaysKept = 7;             // AWS: STL views for logging

// The older ones, which no view shows any more.
Status forget_files(Transaction& tx, const std::string& namespace_id, const std::string& database, Time now) {
  std::vector<MovedFileKey> old;
  auto at = tx.cursor(kMovedFiles, {.prefix = prefix_of(kMovedFiles, namespace_id, database)});
  for (; at.valid() && old.size() < kMaxForgotten; at.next()) {
    const MovedFileKey key = TRY(at.key());
    if (key.time.micros >= now.micros - kDaysKept * 24 * 3600 * 1'000'000) break;
    old.push_back(key);
  }
  TRY(at.status());
  for (const MovedFileKey& key : old) TRY(tx.erase(kMovedFiles, key));
  return {};
}

}  // namespace

StatementHost::StatementHost(Warehouse& warehouse, std::shared_ptr<Actor> actor, const std::string& database,
                             std::string statement_id)
    : warehouse_(warehouse),
      actor_(std::move(actor)),
      database_(database),
      statement_id_(std::move(statement_id)),
      principal_(warehouse.enter(actor_, database)) {}

StatementHost::~StatementHost() {
  warehouse_.leave(principal_);
}

Time StatementHost::now() {
  return door().clock().now();
}

// AWS: the role must be associated with the namespace; a chain's first role is, and it assumes the next.
Result<std::string> StatementHost::role(const sql::RoleChoice& choice) {
  const Workgroup& workgroup = actor_->workgroup();
  if (choice.is_default) {
    if (workgroup.default_role.empty())
      return sql::sql_error(sql::kInvalidParameter,
                            fmt::format("Default IAM role is not set for namespace {}", workgroup.namespace_name));
    return workgroup.default_role;
  }
  const std::string& arn = choice.arns.at(0);
  if (std::ranges::find(workgroup.roles, arn) == workgroup.roles.end())
    return sql::sql_error(
        sql::kInsufficientPrivilege,
        fmt::format("The requested role {} is not associated to cluster: add it to the IAM roles of namespace {}", arn,
                    workgroup.namespace_name));
  return fmt::format("{}", fmt::join(choice.arns, ","));
}

std::string StatementHost::principal(const sql::StatementRoles& roles) {
  actor_->set_roles(roles);
  return principal_;
}

Result<sql::UserCatalog> StatementHost::catalog(const std::string& database) {
  return read_definitions(*door().store().read(), namespace_id(), database);
}

Status StatementHost::apply(const std::string& database, const std::vector<sql::CatalogChange>& changes) {
  const Sequence done = TRY(door().store().run(
      [&](Transaction& tx) { return change_definitions(tx, namespace_id(), database, changes); }));
  return door().store().wait_synced(done);
}

Status StatementHost::intend(const std::string& database, const std::string& id,
                             const std::vector<sql::CatalogChange>& changes) {
  const Sequence done = TRY(door().store().run([&](Transaction& tx) {
    return tx.put(kIntents, {id}, IntentRecord{namespace_id(), database, encoded_changes(changes)});
  }));
  return door().store().wait_synced(done);
}

Status StatementHost::settle(const std::string& id, bool committed) {
  return settle_intent(door().store(), id, committed);
}

// --- the lake, as a role --------------------------------------------------------------------------------------------

Result<bool> StatementHost::has_glue_database(const std::string& role, const std::string& name) {
  return lake::has_glue_database(door(), TRY(actor_->as(role)), name);
}
Status StatementHost::create_glue_database(const std::string& role, const std::string& name) {
  return lake::create_glue_database(door(), TRY(actor_->as(role)), name);
}
Status StatementHost::drop_glue_database(const std::string& role, const std::string& name) {
  return lake::drop_glue_database(door(), TRY(actor_->as(role)), name);
}
Result<std::optional<sql::ExternalTable>> StatementHost::glue_table(const std::string& role,
                                                                    const std::string& database,
                                                                    const std::string& name) {
  return lake::glue_table(door(), TRY(actor_->as(role)), database, name);
}
Result<bool> StatementHost::has_glue_table(const std::string& role, const std::string& database,
                                           const std::string& name) {
  return TRY(lake::glue_table(door(), TRY(actor_->as(role)), database, name)).has_value();
}
Status StatementHost::create_glue_table(const std::string& role, const std::string& database,
                                        const sql::CreateExternalTable& table) {
  return lake::create_glue_table(door(), TRY(actor_->as(role)), database, table);
}
Status StatementHost::alter_glue_table(const std::string& role, const std::string& database,
                                       const sql::AlterExternalTable& change) {
  const Caller as = TRY(actor_->as(role));
  glue::GetTableRequest get;
  get.database_name = database;
  get.name = change.table.name;
  const auto got = door().call(as, get);
  if (!got && got.error().code == "EntityNotFoundException")
    return sql::sql_error(sql::kUndefinedTable, fmt::format("Table \"{}\" does not exist", change.table.name));
  if (!got) return Failure(got.error());
  const glue::Table& table = *got->table;
  if (change.partition) return alter_partition(as, database, table, change);
  glue::UpdateTableRequest update;
  update.database_name = database;
  glue::TableInput input;
  input.name = table.name;
  input.description = table.description;
  input.owner = table.owner;
  input.table_type = table.table_type;
  input.parameters = table.parameters;
  input.partition_keys = table.partition_keys;
  input.storage_descriptor = table.storage_descriptor;
  for (const auto& [key, value] : change.properties) input.parameters[key] = value;
  if (!change.location.empty()) input.storage_descriptor->location = change.location;
  if (!change.file_format.empty()) {
    if (change.file_format != "parquet")
      return sql::sql_error(sql::kNotSupported, "SET FILE FORMAT " + change.file_format + " is not supported; PARQUET is");
    input.storage_descriptor->input_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";
    input.storage_descriptor->output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat";
    input.storage_descriptor->serde_info->serialization_library =
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
  }
  update.table_input = std::move(input);
  TRY(door().call(as, update));
  return {};
}

Status StatementHost::alter_partition(const Caller& as, const std::string& database, const glue::Table& table,
                                      const sql::AlterExternalTable& change) {
  glue::UpdatePartitionRequest update;
  update.database_name = database;
  update.table_name = table.name;
  for (const glue::Column& key : table.partition_keys)
    for (const auto& [name, value] : change.partition->values)
      if (name == *key.name) update.partition_value_list.push_back(value);
  glue::PartitionInput input;
  input.values = update.partition_value_list;
  input.storage_descriptor = table.storage_descriptor;
  input.storage_descriptor->location = change.location;
  update.partition_input = std::move(input);
  TRY(door().call(as, update));
  return {};
}

Status StatementHost::drop_glue_table(const std::string& role, const std::string& database, const std::string& name) {
  return lake::drop_glue_table(door(), TRY(actor_->as(role)), database, name);
}
Status StatementHost::add_glue_partitions(const std::string& role, const std::string& database,
                                          const std::string& table, const std::vector<sql::PartitionChange>& partitions,
                                          bool if_not_exists) {
  return lake::add_glue_partitions(door(), TRY(actor_->as(role)), database, table, partitions, if_not_exists);
}
Status StatementHost::drop_glue_partition(const std::string& role, const std::string& database,
                                          const std::string& table, const sql::PartitionChange& partition) {
  return lake::drop_glue_partition(door(), TRY(actor_->as(role)), database, table, partition);
}
Result<std::vector<sql::ObjectRef>> StatementHost::list_objects(const std::string& role, const std::string& uri) {
  return in_s3_words(lake::list_objects(door(), TRY(actor_->as(role)), uri));
}
Result<std::string> StatementHost::read_object(const std::string& role, const std::string& uri) {
  return in_s3_words(lake::read_object(door(), TRY(actor_->as(role)), uri, kMaxDocument));
}

namespace {

glue::BatchCreatePartitionRequest partitions_request(const sql::Publishing& publishing,
                                                     const glue::StorageDescriptor& storage) {
  glue::BatchCreatePartitionRequest create;
  create.database_name = publishing.glue_database;
  create.table_name = publishing.glue_table;
  for (const sql::PartitionChange& partition : publishing.partitions) {
    glue::PartitionInput& input = create.partition_input_list.emplace_back();
    for (const auto& [column, value] : partition.values) input.values.push_back(value);
    input.storage_descriptor = storage;
    input.storage_descriptor->location = partition.location;
  }
  return create;
}

}  // namespace

Status StatementHost::publish(const sql::Publishing& publishing) {
  const Caller as = TRY(actor_->as(publishing.role));
  lake::Publication all;
  all.remove = publishing.remove;
  glue::CreateTableRequest table;
  glue::BatchCreatePartitionRequest partitions;
  glue::StorageDescriptor storage;
  if (publishing.new_table) {
    table = lake::create_table_request(publishing.glue_database, *publishing.new_table);
    storage = *table.table_input->storage_descriptor;
    all.catalog.push_back({&wire::OperationOf<glue::CreateTableRequest>::operation(), &table});
  } else if (!publishing.partitions.empty()) {
    glue::GetTableRequest get;
    get.database_name = publishing.glue_database;
    get.name = publishing.glue_table;
    const auto got = TRY(door().call(as, get));
    if (got.table->storage_descriptor) storage = *got.table->storage_descriptor;
  }
  if (publishing.partitions.size() > kMaxPartitions)
    return sql::sql_error(sql::kNotSupported,
                          fmt::format("one statement writes to at most {} partitions; this one to {}", kMaxPartitions,
                                      publishing.partitions.size()));
  if (!publishing.partitions.empty()) {
    partitions = partitions_request(publishing, storage);
    all.catalog.push_back({&wire::OperationOf<glue::BatchCreatePartitionRequest>::operation(), &partitions});
  }
  all.objects = TRY(warehouse_.staging().take(publishing.objects));
  for (const auto& [uri, bytes] : publishing.documents) all.objects.push_back({uri, TRY(door().blobs().stage(bytes))});
  all.also = [&](Transaction& tx) {
    return tx.put(kPublished, PublishedKey{statement_id_}, {door().clock().now()});
  };
  const Status done = lake::publish(door(), as, all);
  if (done) return {};
  return Failure(s3_worded(done.error()));
}

void StatementHost::record_files(const sql::MovedFiles& moved) {
  const Time at = now();
  const auto written = door().store().run([&](Transaction& tx) -> Status {
    TRY(forget_files(tx, namespace_id(), database_, at));
    for (size_t i = 0; i < std::min(moved.files.size(), kMaxFiles); ++i) {
      const sql::MovedFile& file = moved.files[i];
      TRY(tx.put(kMovedFiles, {namespace_id(), database_, at, door().store().next_id()},
                 {moved.query_id, actor_->workgroup().user, moved.pid, moved.unload, static_cast<uint8_t>(moved.format), moved.table,
                  file.object.uri, file.object.etag, file.bytes, file.rows, file.errors, moved.began, file.object.last_modified}));
    }
    return {};
  });
  (void)written;  // the statement did what it was asked for
}

void StatementHost::record_load_errors(uint64_t query_id, const std::string& table, const std::vector<sql::LoadError>& errors) {
  const Time at = now();
  const auto written = door().store().run([&](Transaction& tx) -> Status {
    for (size_t i = 0; i < std::min(errors.size(), kMaxLoadErrors); ++i) {
      const sql::LoadError& e = errors[i];
      TRY(tx.put(kLoadErrors, {namespace_id(), database_, at, door().store().next_id()},
                 {statement_id_, actor_->workgroup().user, table, e.uri, e.line, e.column, e.type, e.column_length,
                  e.position, e.raw_line, e.raw_value, e.code, e.reason, query_id}));
    }
    return {};
  });
  (void)written;  // the COPY's own outcome says that there were errors
}

}  // namespace tarn::redshift_data

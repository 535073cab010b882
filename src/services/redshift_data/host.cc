#include "services/redshift_data/host.h"

#include <fmt/format.h>

#include <algorithm>

#include "lake/lake.h"
#include "services/redshift_data/records.h"
#include "services/redshift_data/s3_words.h"
#include "sql/sql_error.h"

namespace tarn::redshift_data {
namespace {

constexpr uint64_t kMaxDocument = 16 << 20;  // a manifest or a jsonpaths document
constexpr size_t kMaxLoadErrors = 1000;      // kept of one COPY

template <class K, class R, class Each>
Status each_of(Transaction& tx, const Table<K, R>& table, const std::string& namespace_id, const std::string& database,
               Each each) {
  auto at = tx.cursor(table, {.prefix = prefix_of(table, namespace_id, database)});
  for (; at.valid(); at.next()) each(TRY(at.key()), TRY(at.record()));
  return at.status();
}

template <class K, class R>
Status change_one(Transaction& tx, const Table<K, R>& table, const K& key, const R& record,
                  sql::CatalogChange::Kind kind) {
  return kind == sql::CatalogChange::Kind::kPut ? tx.put(table, key, record) : tx.erase(table, key);
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
  if (choice.arns.size() != 1)
    return sql::sql_error(sql::kNotSupported, "chained IAM roles are not supported yet: name one role");
  const std::string& arn = choice.arns[0];
  if (std::ranges::find(workgroup.roles, arn) == workgroup.roles.end())
    return sql::sql_error(
        sql::kInsufficientPrivilege,
        fmt::format("The requested role {} is not associated to cluster: add it to the IAM roles of namespace {}", arn,
                    workgroup.namespace_name));
  return arn;
}

std::string StatementHost::principal(const sql::StatementRoles& roles) {
  actor_->set_roles(roles);
  return principal_;
}

Result<sql::UserCatalog> StatementHost::catalog(const std::string& database) {
  const auto tx = door().store().read();
  sql::UserCatalog all;
  TRY(each_of(*tx, kSchemas, namespace_id(), database, [&](const SchemaKey& key, const SchemaRecord& record) {
    all.schemas.push_back({key.name, record.glue_database, record.region, record.role, record.owner});
  }));
  TRY(each_of(*tx, kRoutines, namespace_id(), database, [&](const RoutineKey& key, const RoutineRecord& record) {
    all.routines.push_back({key.procedure, key.schema, key.name, key.signature, record.definition, record.owner});
  }));
  TRY(each_of(*tx, kGrants, namespace_id(), database, [&](const GrantKey& key, const GrantRecord& record) {
    all.grants.push_back(
        {key.object_kind, key.schema, key.name, key.grantee_kind, key.grantee, key.privilege, record.grant_option});
  }));
  return all;
}

Status StatementHost::apply(const std::string& database, const std::vector<sql::CatalogChange>& changes) {
  const Sequence done = TRY(door().store().run([&](Transaction& tx) -> Status {
    for (const sql::CatalogChange& change : changes) {
      if (change.schema) {
        const sql::StoredSchema& s = *change.schema;
        TRY(change_one(tx, kSchemas, SchemaKey{namespace_id(), database, s.name},
                       SchemaRecord{s.database, s.region, s.role, s.owner}, change.kind));
      } else if (change.routine) {
        const sql::StoredRoutine& r = *change.routine;
        TRY(change_one(tx, kRoutines, RoutineKey{namespace_id(), database, r.procedure, r.schema, r.name, r.signature},
                       RoutineRecord{r.definition, r.owner}, change.kind));
      } else if (change.grant) {
        const sql::StoredGrant& g = *change.grant;
        TRY(change_one(
            tx, kGrants,
            GrantKey{namespace_id(), database, g.object_kind, g.schema, g.name, g.grantee_kind, g.grantee, g.privilege},
            GrantRecord{g.grant_option}, change.kind));
      }
    }
    return {};
  }));
  return door().store().wait_synced(done);
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
Result<bool> StatementHost::has_glue_table(const std::string& role, const std::string& database,
                                           const std::string& name) {
  return TRY(lake::glue_table(door(), TRY(actor_->as(role)), database, name)).has_value();
}
Status StatementHost::create_glue_table(const std::string& role, const std::string& database,
                                        const sql::CreateExternalTable& table) {
  return lake::create_glue_table(door(), TRY(actor_->as(role)), database, table);
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

Status StatementHost::publish(const sql::Publishing& publishing) {
  lake::Publication all;
  all.remove = publishing.remove;
  all.objects = TRY(warehouse_.staging().take(publishing.objects));
  for (const auto& [uri, bytes] : publishing.documents) all.objects.push_back({uri, TRY(door().blobs().stage(bytes))});
  all.also = [&](Transaction& tx) {
    return tx.put(kPublished, PublishedKey{statement_id_}, {door().clock().now()});
  };
  const Status done = lake::publish(door(), TRY(actor_->as(publishing.role)), all);
  if (done) return {};
  return Failure(s3_worded(done.error()));
}

void StatementHost::record_load_errors(const std::string& table, const std::vector<sql::LoadError>& errors) {
  const Time at = now();
  const auto written = door().store().run([&](Transaction& tx) -> Status {
    for (size_t i = 0; i < std::min(errors.size(), kMaxLoadErrors); ++i) {
      const sql::LoadError& e = errors[i];
      TRY(tx.put(kLoadErrors, {namespace_id(), database_, at, door().store().next_id()},
                 {statement_id_, actor_->workgroup().user, table, e.uri, e.line, e.column, e.type, e.column_length,
                  e.position, e.raw_line, e.raw_value, e.code, e.reason}));
    }
    return {};
  });
  (void)written;  // the COPY's own outcome says that there were errors
}

}  // namespace tarn::redshift_data

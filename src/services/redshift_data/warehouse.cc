#include "services/redshift_data/warehouse.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "lake/postgres.h"
#include "services/redshift_data/definitions.h"
#include "services/redshift_data/s3_words.h"
#include "services/redshift_data/system_rows.h"
#include "sql/rights.h"
#include "sql/sql_error.h"
#include "sql/system_views.h"

namespace tarn::redshift_data {
namespace {

// What the server answers with keeps its meaning for the engine and its wording for the user.
Error as_sql(Error error) {
  if (error.code == "SqlError") return error;
  Error made{400, "SqlError", fmt::format("{}: {}", error.code, error.message)};
  made.members.emplace_back("sqlstate", error.status == 403 || error.code.starts_with("AccessDenied")
                                            ? sql::kInsufficientPrivilege
                                            : sql::kInternalError);
  return made;
}

template <class T>
Result<T> in_sql(Result<T> result) {
  if (result) return result;
  return Failure(as_sql(std::move(result).error()));
}

}  // namespace

Warehouse::Warehouse(Door& door, sql::EngineOptions options)
    : door_(door), folder_(options.databases), staging_(door.blobs(), options.databases) {
  engine_ = std::make_unique<sql::Engine>(std::move(options), *this);
}

Warehouse::~Warehouse() = default;

Status Warehouse::ensure_database(const std::string& name) {
  const std::lock_guard lock(databases_mutex_);
  if (databases_.contains(name)) return {};
  const auto names = TRY(engine_->list_databases());
  if (std::ranges::find(names, name) == names.end()) TRY(engine_->create_database(name));
  databases_.insert(name);
  return {};
}

std::string Warehouse::enter(std::shared_ptr<Actor> actor, const std::string& database) {
  const std::lock_guard lock(mutex_);
  const std::string principal = std::to_string(next_++);
  present_[principal] = {std::move(actor), database};
  return principal;
}

void Warehouse::leave(const std::string& principal) {
  const std::lock_guard lock(mutex_);
  present_.erase(principal);
}

Result<Warehouse::Present> Warehouse::present(const std::string& principal) {
  const std::lock_guard lock(mutex_);
  const auto found = present_.find(principal);
  if (found == present_.end()) return sql::sql_error(sql::kInternalError, "the statement is over");
  return found->second;
}

Result<std::pair<std::shared_ptr<Actor>, sql::StoredSchema>> Warehouse::reader(const std::string& principal,
                                                                               const std::string& glue_database) {
  const Present asking = TRY(present(principal));
  auto schema = asking.actor->schema_of(glue_database);
  if (!schema) return sql::sql_error(sql::kInvalidSchemaName, "no external schema maps the database " + glue_database);
  return std::pair{asking.actor, std::move(*schema)};
}

// --- the catalog ----------------------------------------------------------------------------------------------------

Result<std::optional<sql::ExternalTable>> Warehouse::resolve_table(const std::string& principal, const std::string&,
                                                                   const std::string& database,
                                                                   const std::string& table) {
  const auto [actor, schema] = TRY(reader(principal, database));
  const Caller as = TRY(in_sql(actor->as(schema.role)));
  if (const auto source = sql::federated_source_of(schema.source)) {
    auto found = TRY(in_sql(lake::federated_table(door_, as, *source, table)));
    if (found) found->database = database;
    return found;
  }
  auto found = TRY(in_sql(lake::glue_table(door_, as, database, table)));
  if (found && !found->location.empty()) actor->reads_below(found->location, schema.role);
  return found;
}

Result<std::vector<sql::ExternalPartition>> Warehouse::list_partitions(const std::string& principal, const std::string&,
                                                                       const std::string& database,
                                                                       const std::string& table) {
  const auto [actor, schema] = TRY(reader(principal, database));
  const Caller as = TRY(in_sql(actor->as(schema.role)));
  auto partitions = TRY(in_sql(lake::glue_partitions(door_, as, database, table)));
  for (const sql::ExternalPartition& partition : partitions)
    if (!partition.location.empty()) actor->reads_below(partition.location, schema.role);
  return partitions;
}

Result<std::vector<std::string>> Warehouse::list_tables(const std::string& principal, const std::string&,
                                                        const std::string& database) {
  const auto [actor, schema] = TRY(reader(principal, database));
  const Caller as = TRY(in_sql(actor->as(schema.role)));
  if (const auto source = sql::federated_source_of(schema.source))
    return in_sql(lake::federated_tables(door_, as, *source));
  return in_sql(lake::glue_tables(door_, as, database));
}

// --- objects --------------------------------------------------------------------------------------------------------

Result<std::vector<std::vector<sql::ObjectRef>>> Warehouse::list_objects(const std::string& principal,
                                                                         const std::vector<std::string>& prefixes) {
  const Present asking = TRY(present(principal));
  std::vector<std::vector<sql::ObjectRef>> all;
  for (const std::string& prefix : prefixes) {
    const Caller as = TRY(in_sql(asking.actor->as(asking.actor->reader_of(prefix))));
    all.push_back(TRY(in_s3_words(lake::list_objects(door_, as, prefix))));
  }
  return all;
}

Result<std::optional<sql::OpenedObject>> Warehouse::open_object(const std::string& principal, const std::string& uri) {
  if (uri.starts_with(sql::kFederatedScheme)) return open_federated(principal, uri);
  const Present asking = TRY(present(principal));
  return in_s3_words(lake::open_object(door_, TRY(in_sql(asking.actor->as(asking.actor->reader_of(uri)))), uri));
}

Result<std::optional<sql::OpenedObject>> Warehouse::open_federated(const std::string& principal,
                                                                   const std::string& uri) {
  const sql::FederatedQuery query = TRY(sql::federated_query_of(uri));
  const auto [actor, schema] = TRY(reader(principal, sql::federated_database(query.schema)));
  const auto source = sql::federated_source_of(schema.source);
  if (!source) return sql::sql_error(sql::kInvalidSchemaName, "\"" + query.schema + "\" is no federated schema");
  const Caller as = TRY(in_sql(actor->as(schema.role)));
  // A statement that is over, or cancelled, has left.
  const auto going_on = [&]() -> Status {
    TRY(present(principal));
    return {};
  };
  return TRY(in_sql(lake::federated_rows(door_, as, *source, query, folder_, going_on)));
}

Result<sql::StagedObject> Warehouse::create_object(const std::string&, const std::string&, const std::string& uri) {
  return in_sql(staging_.create(uri));
}
Status Warehouse::finish_object(uint64_t handle, uint64_t size) {
  const Status finished = staging_.finish(handle, size);
  if (finished) return {};
  return Failure(as_sql(finished.error()));
}
void Warehouse::abort_object(uint64_t handle) {
  staging_.abort(handle);
}

// --- rights and views -----------------------------------------------------------------------------------------------

// GRANTs are kept and shown; every user of a namespace may use its native tables. External ones are their role's.
Status Warehouse::authorise(const std::string&, const std::vector<sql::TableUse>&) {
  return {};
}

namespace {

// AWS: PG_CANCEL_BACKEND, PG_TERMINATE_BACKEND: a superuser ends anybody's, others their own.
Result<sql::Rows> stop_backend(Actor& actor, Activity& activity, const std::string& pid, std::string_view verb) {
  const Workgroup& workgroup = actor.workgroup();
  const auto catalog = TRY(read_definitions(*actor.door().store().read(), workgroup.namespace_id, workgroup.database));
  const bool superuser = sql::identity_of(catalog, workgroup.user, workgroup.session_roles).superuser;
  const bool stopped = activity.stop(static_cast<int32_t>(parse_int(pid).value_or(0)), verb == sql::kTerminateBackend,
                                     superuser ? nullptr : &workgroup.user);
  return sql::Rows{{{stopped ? "1" : "0"}}};
}

}  // namespace

Result<sql::Rows> Warehouse::system_rows(const std::string& principal, const std::string& view) {
  const Present asking = TRY(present(principal));
  for (const std::string_view verb : {sql::kCancelBackend, sql::kTerminateBackend})
    if (view.starts_with(verb)) return in_sql(stop_backend(*asking.actor, activity_, view.substr(verb.size()), verb));
  return in_sql(redshift_data::system_rows(door_, *asking.actor, activity_, asking.database, view));
}

}  // namespace tarn::redshift_data

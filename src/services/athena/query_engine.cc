#include "services/athena/query_engine.h"

#include "base/text.h"
#include "lake/lake.h"
#include "services/athena/errors.h"
#include "services/athena/information.h"
#include "sql/sql_error.h"

namespace tarn::athena {
namespace {

template <class T>
Result<T> worded(Result<T> result) {
  if (result) return result;
  return Failure(lake_error(result.error()));
}

}  // namespace

QueryEngine::QueryEngine(Door& door, sql::EngineOptions options) : door_(door), staging_(door.blobs(), options.scratch) {
  engine_ = std::make_unique<sql::Engine>(std::move(options), *this);
}

QueryEngine::~QueryEngine() = default;

std::string QueryEngine::enter(Asking asking) {
  const std::lock_guard lock(mutex_);
  const std::string principal = std::to_string(next_++);
  asking_[principal] = std::move(asking);
  return principal;
}

void QueryEngine::leave(const std::string& principal) {
  const std::lock_guard lock(mutex_);
  asking_.erase(principal);
}

Result<Asking> QueryEngine::asking(const std::string& principal) {
  const std::lock_guard lock(mutex_);
  const auto found = asking_.find(principal);
  if (found == asking_.end()) return sql::sql_error(sql::kInternalError, "the statement is over");
  return found->second;
}

Result<QueryEngine::Place> QueryEngine::place(const std::string& principal, const std::string& catalog) {
  Asking who = TRY(asking(principal));
  const auto found = who.catalogs.find(lower(catalog));
  if (found == who.catalogs.end())
    return sql::sql_error("3D000", "CATALOG_NOT_FOUND: Catalog '" + catalog + "' does not exist");
  return Place{std::move(who.caller), found->second};
}

Result<std::optional<sql::ExternalTable>> QueryEngine::resolve_table(const std::string& principal,
                                                                     const std::string& catalog,
                                                                     const std::string& database,
                                                                     const std::string& table) {
  const Place at = TRY(place(principal, catalog));
  auto found = TRY(worded(lake::glue_table(door_, at.caller, database, table, at.account)));
  if (found) found->catalog = lower(catalog);
  return found;
}

Result<std::vector<sql::ExternalPartition>> QueryEngine::list_partitions(const std::string& principal,
                                                                         const std::string& catalog,
                                                                         const std::string& database,
                                                                         const std::string& table) {
  const Place at = TRY(place(principal, catalog));
  return worded(lake::glue_partitions(door_, at.caller, database, table, at.account));
}

Result<std::vector<std::string>> QueryEngine::list_tables(const std::string& principal, const std::string& catalog,
                                                          const std::string& database) {
  const Place at = TRY(place(principal, catalog));
  return worded(lake::glue_tables(door_, at.caller, database, at.account));
}

Result<std::vector<std::vector<sql::ObjectRef>>> QueryEngine::list_objects(const std::string& principal,
                                                                           const std::vector<std::string>& prefixes) {
  const Asking who = TRY(asking(principal));
  std::vector<std::vector<sql::ObjectRef>> all;
  for (const std::string& prefix : prefixes) {
    // Hive's locations are folders: "s3://b/t" does not take in "s3://b/t2/x".
    auto objects = TRY(worded(lake::list_objects(door_, who.caller, prefix)));
    if (!prefix.ends_with('/'))
      std::erase_if(objects, [&](const sql::ObjectRef& object) {
        return object.uri.size() > prefix.size() && object.uri[prefix.size()] != '/';
      });
    all.push_back(std::move(objects));
  }
  return all;
}

Result<std::optional<sql::OpenedObject>> QueryEngine::open_object(const std::string& principal,
                                                                  const std::string& uri) {
  const Asking who = TRY(asking(principal));
  return worded(lake::open_object(door_, who.caller, uri));
}

Result<sql::StagedObject> QueryEngine::create_object(const std::string&, const std::string&, const std::string& uri) {
  return worded(staging_.create(uri));
}

Status QueryEngine::finish_object(uint64_t handle, uint64_t size) {
  const Status finished = staging_.finish(handle, size);
  if (finished) return {};
  return Failure(lake_error(finished.error()));
}

Result<sql::Rows> QueryEngine::system_rows(const std::string& principal, const std::string& view) {
  constexpr std::string_view kSchema = "information_schema.";
  if (!view.starts_with(kSchema)) return sql::Rows{};
  return worded(information_rows(door_, TRY(asking(principal)).caller, view.substr(kSchema.size())));
}

}  // namespace tarn::athena

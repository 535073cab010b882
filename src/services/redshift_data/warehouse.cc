#include "services/redshift_data/warehouse.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "os/scratch.h"
#include "services/redshift_data/system_rows.h"
#include "sql/sql_error.h"

namespace tarn::redshift_data {
namespace {

constexpr size_t kCopyBytes = 1 << 20;

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

Warehouse::Warehouse(Door& door, sql::EngineOptions options) : door_(door), staging_(options.databases) {
  engine_ = std::make_unique<sql::Engine>(std::move(options), *this);
}

Warehouse::~Warehouse() = default;

Status Warehouse::ensure_database(const std::string& name) {
  const std::lock_guard lock(mutex_);
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
  auto found = TRY(in_sql(glue_table(door_, as, database, table)));
  if (found && !found->location.empty()) actor->reads_below(found->location, schema.role);
  return found;
}

Result<std::vector<sql::ExternalPartition>> Warehouse::list_partitions(const std::string& principal, const std::string&,
                                                                       const std::string& database,
                                                                       const std::string& table) {
  const auto [actor, schema] = TRY(reader(principal, database));
  const Caller as = TRY(in_sql(actor->as(schema.role)));
  auto partitions = TRY(in_sql(glue_partitions(door_, as, database, table)));
  for (const sql::ExternalPartition& partition : partitions)
    if (!partition.location.empty()) actor->reads_below(partition.location, schema.role);
  return partitions;
}

Result<std::vector<std::string>> Warehouse::list_tables(const std::string& principal, const std::string&,
                                                        const std::string& database) {
  const auto [actor, schema] = TRY(reader(principal, database));
  return in_sql(glue_tables(door_, TRY(in_sql(actor->as(schema.role))), database));
}

// --- objects --------------------------------------------------------------------------------------------------------

Result<std::vector<std::vector<sql::ObjectRef>>> Warehouse::list_objects(const std::string& principal,
                                                                         const std::vector<std::string>& prefixes) {
  const Present asking = TRY(present(principal));
  std::vector<std::vector<sql::ObjectRef>> all;
  for (const std::string& prefix : prefixes) {
    const Caller as = TRY(in_sql(asking.actor->as(asking.actor->reader_of(prefix))));
    all.push_back(TRY(in_sql(redshift_data::list_objects(door_, as, prefix))));
  }
  return all;
}

Result<std::optional<sql::OpenedObject>> Warehouse::open_object(const std::string& principal, const std::string& uri) {
  const Present asking = TRY(present(principal));
  return in_sql(redshift_data::open_object(door_, TRY(in_sql(asking.actor->as(asking.actor->reader_of(uri)))), uri));
}

// The engine writes into a file without a name; what is in it becomes a blob when it is finished.
Result<sql::StagedObject> Warehouse::create_object(const std::string&, const std::string&, const std::string& uri) {
  Fd owned = TRY(in_sql(nameless_file(staging_)));
  sql::StagedObject made;
  made.file = sql::Fd(TRY(in_sql(duplicate(owned.get()))).release());
  const std::lock_guard lock(mutex_);
  made.handle = next_++;
  staged_[made.handle] = {uri, std::move(owned), {}};
  return made;
}

Status Warehouse::finish_object(uint64_t handle, uint64_t size) {
  int file = -1;
  {
    const std::lock_guard lock(mutex_);
    const auto found = staged_.find(handle);
    if (found == staged_.end()) return sql::sql_error(sql::kInternalError, "the object is not being written");
    file = found->second.file.get();
  }
  const auto writer = door_.blobs().writer();
  std::string buffer(kCopyBytes, '\0');
  for (uint64_t at = 0; at < size;) {
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(size - at, buffer.size()));
    const size_t got = TRY(in_sql(read_at(file, at, std::span(buffer.data(), wanted), staging_)));
    if (got == 0) return sql::sql_error(sql::kInternalError, "the object is shorter than the engine said");
    if (Status appended = writer->append(std::string_view(buffer).substr(0, got)); !appended)
      return Failure(as_sql(appended.error()));
    at += got;
  }
  StagedBody body = TRY(in_sql(writer->finish()));
  const std::lock_guard lock(mutex_);
  const auto found = staged_.find(handle);
  if (found == staged_.end()) return {};
  found->second.body = std::move(body);
  found->second.file.close();
  return {};
}

void Warehouse::abort_object(uint64_t handle) {
  const std::lock_guard lock(mutex_);
  staged_.erase(handle);
}

Result<std::vector<NewObject>> Warehouse::take_staged(const std::vector<sql::WrittenObject>& objects) {
  const std::lock_guard lock(mutex_);
  std::vector<NewObject> all;
  for (const sql::WrittenObject& object : objects) {
    const auto found = staged_.find(object.handle);
    if (found == staged_.end()) return internal_failure("an object of the statement was not staged: " + object.uri);
    all.push_back({found->second.uri, std::move(found->second.body)});
    staged_.erase(found);
  }
  return all;
}

void Warehouse::discard(const std::vector<sql::WrittenObject>& objects) {
  for (const sql::WrittenObject& object : objects) abort_object(object.handle);
}

// --- rights and views -----------------------------------------------------------------------------------------------

// GRANTs are kept and shown; every user of a namespace may use its native tables. External ones are their role's.
Status Warehouse::authorise(const std::string&, const std::vector<sql::TableUse>&) {
  return {};
}

Result<sql::Rows> Warehouse::system_rows(const std::string& principal, const std::string& view) {
  const Present asking = TRY(present(principal));
  return in_sql(redshift_data::system_rows(door_, *asking.actor, asking.database, view));
}

}  // namespace tarn::redshift_data

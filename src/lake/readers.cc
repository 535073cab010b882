#include "lake/readers.h"

#include "lake/lake.h"

namespace tarn::lake {
namespace {

Failure refused() {
  return fail(400, "ValidationException", "What is read here is not written to.");
}

}  // namespace

void Readers::add(const std::string& principal, Caller as, std::optional<sql::ExternalTable> files) {
  const std::lock_guard lock(mutex_);
  readers_.insert_or_assign(principal, Reader{std::move(as), std::move(files)});
}

void Readers::remove(const std::string& principal) {
  const std::lock_guard lock(mutex_);
  readers_.erase(principal);
}

Result<Readers::Reader> Readers::reader(const std::string& principal) {
  const std::lock_guard lock(mutex_);
  const auto found = readers_.find(principal);
  if (found == readers_.end()) return internal_failure("The run that reads has ended.");
  return found->second;
}

Result<std::optional<sql::ExternalTable>> Readers::resolve_table(const std::string& principal, const std::string&,
                                                                 const std::string& database,
                                                                 const std::string& table) {
  const Reader who = TRY(reader(principal));
  if (who.files) return who.files;
  return glue_table(door_, who.as, database, table);
}

Result<std::vector<sql::ExternalPartition>> Readers::list_partitions(const std::string& principal, const std::string&,
                                                                     const std::string& database,
                                                                     const std::string& table) {
  return glue_partitions(door_, TRY(reader(principal)).as, database, table);
}

Result<std::vector<std::string>> Readers::list_tables(const std::string&, const std::string&, const std::string&) {
  return std::vector<std::string>{};
}

Result<std::vector<std::vector<sql::ObjectRef>>> Readers::list_objects(const std::string& principal,
                                                                       const std::vector<std::string>& prefixes) {
  const Reader who = TRY(reader(principal));
  std::vector<std::vector<sql::ObjectRef>> all;
  for (const std::string& prefix : prefixes) all.push_back(TRY(lake::list_objects(door_, who.as, prefix)));
  return all;
}

Result<std::optional<sql::OpenedObject>> Readers::open_object(const std::string& principal, const std::string& uri) {
  return lake::open_object(door_, TRY(reader(principal)).as, uri);
}

Result<sql::StagedObject> Readers::create_object(const std::string&, const std::string&, const std::string&) {
  return refused();
}
Status Readers::finish_object(uint64_t, uint64_t) {
  return refused();
}
void Readers::abort_object(uint64_t) {}
Status Readers::authorise(const std::string&, const std::vector<sql::TableUse>&) {
  return {};
}
Result<sql::Rows> Readers::system_rows(const std::string&, const std::string&) {
  return sql::Rows{};
}

}  // namespace tarn::lake

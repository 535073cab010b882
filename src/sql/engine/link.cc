#include "sql/engine/link.h"

namespace tarn::sql::engine {
namespace {

constexpr uint16_t kind(Ask ask) {
  return static_cast<uint16_t>(ask);
}

}  // namespace

Result<std::optional<ExternalTable>> Link::resolve_table(const std::string& principal, const std::string& catalog,
                                                         const std::string& database, const std::string& table) {
  const auto body = encoded(TableName{principal, catalog, database, table});
  return decoded<std::optional<ExternalTable>>(TRY(channel_.call(kind(Ask::kResolveTable), body)).body);
}

Result<std::vector<ExternalPartition>> Link::list_partitions(const std::string& principal, const ExternalTable& table) {
  const auto body = encoded(TableName{principal, table.catalog, table.database, table.name});
  return decoded<std::vector<ExternalPartition>>(TRY(channel_.call(kind(Ask::kListPartitions), body)).body);
}

Result<std::vector<std::string>> Link::list_tables(const std::string& principal, const std::string& catalog,
                                                   const std::string& database) {
  const auto body = encoded(TableName{principal, catalog, database, {}});
  return decoded<std::vector<std::string>>(TRY(channel_.call(kind(Ask::kListTables), body)).body);
}

Result<ObjectsListed> Link::list_objects(const std::string& principal, const std::vector<std::string>& prefixes) {
  Message reply = TRY(channel_.call(kind(Ask::kListObjects), encoded(ObjectsAsked{principal, prefixes})));
  auto listed = decoded<ObjectsListed>(reply.body);
  if (listed.only) listed.only->files = std::move(reply.files);
  return listed;
}

Result<std::optional<OpenedObject>> Link::open_object(const std::string& principal, const std::string& uri) {
  Message reply = TRY(channel_.call(kind(Ask::kOpenObject), encoded(ObjectsAsked{principal, {uri}})));
  auto opened = decoded<std::optional<OpenedObject>>(reply.body);
  if (opened) opened->files = std::move(reply.files);
  return opened;
}

Result<StagedObject> Link::create_object(const std::string& principal, const std::string& statement,
                                         const std::string& uri) {
  Message reply = TRY(channel_.call(kind(Ask::kCreateObject), encoded(NewObject{principal, statement, uri})));
  auto staged = decoded<StagedObject>(reply.body);
  if (reply.files.empty()) return internal_failure("The server gave no file for " + uri + ".");
  staged.file = std::move(reply.files[0]);
  return staged;
}

Status Link::finish_object(uint64_t handle, uint64_t size) {
  TRY(channel_.call(kind(Ask::kFinishObject), encoded(FinishedObject{handle, size})));
  return {};
}

void Link::abort_object(uint64_t handle) {
  channel_.post(kind(Ask::kAbortObject), encoded(handle));
}

Status Link::authorise(const std::string& principal, const std::vector<TableUse>& uses) {
  TRY(channel_.call(kind(Ask::kAuthorise), encoded(UsesAsked{principal, uses})));
  return {};
}

Result<Rows> Link::system_rows(const std::string& principal, const std::string& view) {
  return decoded<Rows>(TRY(channel_.call(kind(Ask::kSystemRows), encoded(RowsAsked{principal, view}))).body);
}

}  // namespace tarn::sql::engine

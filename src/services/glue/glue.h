// AWS Glue's Data Catalog: databases, tables, their versions and partitions, functions, and the policy on it all.
//
// Handlers lock the parents of what they make shared and what they change exclusively, from the database down, so that
// nothing is made in what is being deleted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "door/call.h"
#include "gen/glue/handlers.h"
#include "services/glue/records.h"
#include "store/outbox.h"

namespace tarn::glue {

class Glue {
 public:
  // LIFETIME: borrows the outbox.
  explicit Glue(Outbox& outbox) : outbox_(outbox) {}

  // Tells "Glue Data Catalog Database State Change": what changed, and which of the database's tables.
  Status database_changed(Call& call, const DatabaseKey& database, std::string_view change,
                          const std::vector<std::string>& tables = {});
  // Tells "Glue Data Catalog Table State Change": what changed, and which of the table's partitions (none: the table).
  Status table_changed(Call& call, const DatabaseKey& database, std::string_view table, std::string_view change,
                       const std::vector<std::vector<std::string>>& partitions = {});

 private:
  Status emit(Call& call, std::string_view owner, std::string_view type, std::vector<std::string> resources,
              Json detail);

  Outbox& outbox_;
};

using OptionalText = std::optional<std::string>;

// --- where things are ------------------------------------------------------------------------------------------------

// One account's catalog in one region.
struct CatalogPlace {
  std::string owner, region;
};
// ERRORS: InvalidInputException: the id is no account's.
Result<CatalogPlace> catalog_of(Call& call, const OptionalText& catalog_id);

struct FoundDatabase {
  DatabaseKey key;
  DatabaseRecord record;
};
// The database, locked as said. ERRORS: EntityNotFoundException.
Result<FoundDatabase> find_database(Call& call, const OptionalText& catalog_id, const OptionalText& name, Lock lock);

struct FoundTable {
  FoundDatabase database;
  TableKey key;
  TableRecord record;

  std::vector<ColumnRecord> partition_keys() const { return record.keys(); }
};
// The table, locked as said, and its database, locked shared. ERRORS: EntityNotFoundException.
Result<FoundTable> find_table(Call& call, const OptionalText& catalog_id, const OptionalText& database,
                              const OptionalText& name, Lock lock);

std::string database_arn(Call& call, const DatabaseKey& key);
std::string table_arn(Call& call, const DatabaseKey& database, std::string_view table);

// --- errors ----------------------------------------------------------------------------------------------------------

inline Failure not_found(std::string message) {
  return fail(400, "EntityNotFoundException", std::move(message));
}
inline Failure already_exists(std::string message) {
  return fail(400, "AlreadyExistsException", std::move(message));
}
inline Failure invalid_input(std::string message) {
  return fail(400, "InvalidInputException", std::move(message));
}
// As a member of a batch's answer.
ErrorDetail detail_of(const Error& error);

// Members that ask for what is not there. ERRORS: InvalidInputException naming the member.
Status refuse(bool present, std::string_view member, std::string_view why);

// --- paging ----------------------------------------------------------------------------------------------------------

// Where the page after `token` begins: empty for the first one. ERRORS: InvalidInputException.
Result<std::string> page_start(Call& call, std::string_view request, const OptionalText& token);
std::string next_page(Call& call, std::string_view request, std::string_view position);

// Erases all records of the table whose keys begin so.
template <class K, class R, class... Part>
Status erase_all(Transaction& tx, const ::tarn::Table<K, R>& table, const Part&... part) {
  std::vector<K> keys;
  auto at = tx.cursor(table, {.prefix = prefix_of(table, part...)});
  for (; at.valid(); at.next()) keys.push_back(TRY(at.key()));
  TRY(at.status());
  for (const K& key : keys) TRY(tx.erase(table, key));
  return {};
}

// ERRORS: InvalidInputException: a key that the table has not; AlreadyExistsException;
// ResourceNumberLimitExceededException.
Status add_partition_index(Call& call, const std::string& table_name, const TableRecord& table,
                           const PartitionIndex& index);

// All that hangs on a table's id.
Status erase_children_of_table(Transaction& tx, uint64_t table_id);

}  // namespace tarn::glue

// Iceberg tables of the Glue catalog: read and changed as the caller, through S3's and Glue's own operations. A commit puts a
// new metadata document and names it in the table's parameters, on the condition that nobody did so since it was read.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "services/athena/statement.h"
#include "sql/iceberg.h"

namespace tarn::athena {

bool is_iceberg(const glue::Table& table);

struct IcebergTable {
  std::optional<std::string> account;
  std::string database;
  glue::Table glue;
  std::string document;  // where its metadata is
  Json metadata;
  std::vector<sql::iceberg::Field> fields;  // of the current schema
};

// ERRORS: SqlError, in Trino's words.
Result<IcebergTable> open_iceberg(Door& door, const Caller& as, const std::optional<std::string>& account,
                                  const std::string& database, glue::Table table);
// Metadata, manifests: as the caller reads them.
sql::iceberg::ReadObject object_reader(Door& door, const Caller& as);
sql::iceberg::Making making(Door& door, const Caller& as);

// Columns as DDL and INSERT see them.
std::vector<sql::ExternalColumn> columns_of(const std::vector<sql::iceberg::Field>& fields);
// Glue's entry for a table with that metadata.
glue::TableInput iceberg_input(const std::string& name, const Json& metadata, const std::string& document);

// Changes the table's metadata; gives the objects that belong to it. May run anew, over newer metadata.
using IcebergChange = std::function<Result<std::vector<sql::iceberg::NewObject>>(IcebergTable&)>;
// What Ran::commit is for a change of an existing table. LIFETIME: borrows the door.
std::function<Status(lake::Publication&, Changes&)> iceberg_commit(Door& door, const Caller& as,
                                                                   const std::optional<std::string>& account,
                                                                   const std::string& database, const std::string& name,
                                                                   IcebergChange change);
// Adds a snapshot. `base`: the snapshot that the change was made over, where it must still be the current one.
IcebergChange snapshot_change(Door& door, const Caller& as, sql::iceberg::Change change,
                              std::optional<int64_t> base = std::nullopt);

}  // namespace tarn::athena

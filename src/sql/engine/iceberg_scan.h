// Reading Iceberg tables: the version of the table that a statement sees, and DuckDB's scan of its files. Columns are found by
// their ids, rows that position deletes name are left out, files that the filters exclude are not opened.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sql/engine/catalog.h"
#include "sql/iceberg.h"

namespace tarn::sql::engine {

bool is_iceberg(const ExternalTable& table);

// A version of a table.
struct IcebergVersion {
  Json metadata;
  std::vector<iceberg::Field> fields;
  std::optional<iceberg::Snapshot> snapshot;  // nullopt: nothing was ever written
};

// FOR VERSION AS OF (a number or the name of a branch or tag), FOR TIMESTAMP AS OF (seconds of the epoch).
struct AsOf {
  std::optional<duckdb::Value> version;
  std::optional<double> seconds;
};

// Throws: the document is not there, is none that is supported, or has no such version.
std::shared_ptr<const IcebergVersion> load_iceberg(duckdb::ClientContext& context, const ExternalTable& table,
                                                   const AsOf& as_of = {});
// Objects as the statement's caller reads them.
iceberg::ReadObject object_reader(duckdb::ClientContext& context);

duckdb::LogicalType iceberg_type(const Json& type);
// "$path", "$pos", "$partition".
duckdb::virtual_column_map_t iceberg_columns();
duckdb::TableFunction iceberg_scan(duckdb::ClientContext& context, std::shared_ptr<const TableSnapshot> table,
                                   duckdb::unique_ptr<duckdb::FunctionData>& bind_data);

}  // namespace tarn::sql::engine

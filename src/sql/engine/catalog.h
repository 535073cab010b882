// The external catalog: `awsdatacatalog.<database>.<table>`, tables of the Glue catalog read where their files are.
// A DuckDB storage extension (ATTACH '' AS awsdatacatalog (TYPE tarn)). Reading only: it is the server that writes Glue.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sql/engine/duckdb.pch.h"
#include "sql/engine_client.h"

namespace tarn::sql::engine {

constexpr const char* kExternalCatalog = "awsdatacatalog";
// Between a catalog that is another one and its database, in the name of a schema here: one attached catalog stands for all.
constexpr char kCatalogSeparator = '\x1f';

// Columns that every file has: its URI, its bytes (under two names), when it was written.
constexpr duckdb::column_t kPathColumn = duckdb::MultiFileReader::COLUMN_IDENTIFIER_FILENAME;
constexpr duckdb::column_t kFileSizeColumn = kPathColumn + 100;
constexpr duckdb::column_t kSizeColumn = kPathColumn + 101;
constexpr duckdb::column_t kModifiedColumn = kPathColumn + 102;
constexpr duckdb::column_t kPartitionColumn = kPathColumn + 103;
constexpr duckdb::column_t kBucketColumn = kPathColumn + 104;

// Those columns, by Athena's and Spectrum's names.
duckdb::virtual_column_map_t file_columns(bool partitioned, bool bucketed = false);

// Makes ATTACH (TYPE tarn) known.
void add_external_catalog(duckdb::DatabaseInstance& database);

struct IcebergVersion;

// A table as one statement sees it.
struct TableSnapshot {
  ExternalTable table;
  duckdb::vector<std::string> names;  // columns, then partition columns
  duckdb::vector<duckdb::LogicalType> types;
  size_t file_columns = 0;  // the first so many come from the files
  duckdb::TableCatalogEntry* entry = nullptr;  // the engine's object for it, which has this snapshot
  std::shared_ptr<const IcebergVersion> iceberg = {};  // nullptr: another table
};

// A table function of the engine's own that takes a list of files.
duckdb::TableFunction engine_function(duckdb::ClientContext& context, const char* name);
struct BoundScan {
  duckdb::unique_ptr<duckdb::FunctionData> data;
  duckdb::vector<std::string> names;
  duckdb::vector<duckdb::LogicalType> types;
};
// The function bound to the paths. `options`: its named parameters.
BoundScan bound_scan(duckdb::ClientContext& context, duckdb::TableFunction& function, const duckdb::vector<duckdb::Value>& paths,
                     duckdb::named_parameter_map_t options = {});

// How DuckDB reads the table (scan.cc).
duckdb::TableFunction external_scan(duckdb::ClientContext& context, std::shared_ptr<const TableSnapshot> table,
                                    duckdb::unique_ptr<duckdb::FunctionData>& bind_data);

}  // namespace tarn::sql::engine

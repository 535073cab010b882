// What columns get that a loaded file has no field for, and which must have a value.
#pragma once

#include <optional>
#include <vector>

#include "sql/engine/duckdb.pch.h"

namespace tarn::sql::engine {

class LoadDefaults {
 public:
  // REQUIRES: a transaction of the context is open, in which the table is written. LIFETIME: within the context's.
  LoadDefaults(duckdb::ClientContext& context, duckdb::TableCatalogEntry& table);

  // A new one for each row: the next of a sequence, the time.
  duckdb::Value next(size_t column);
  bool not_null(size_t column) const { return not_null_[column]; }

 private:
  duckdb::ClientContext& context_;
  duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> values_;
  std::vector<std::optional<duckdb::Value>> fixed_;  // of those that are the same for all rows
  std::vector<bool> not_null_;
};

}  // namespace tarn::sql::engine

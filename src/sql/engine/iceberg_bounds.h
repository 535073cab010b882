// What manifests and partitions say of a data file's values: enough to leave files out that hold no row of a query.
#pragma once

#include <map>
#include <vector>

#include "sql/engine/duckdb.pch.h"
#include "sql/iceberg.h"

namespace tarn::sql::engine {

// Of the columns of a file, by their place in the table; those about which nothing is known are not there.
class ColumnBounds {
 public:
  struct Bound {
    duckdb::Value least, most;  // NULL: not known
    bool constant = false;      // all rows have this value
    bool no_nulls = false, only_nulls = false;
  };

  void add(size_t column, Bound bound) { columns_[column] = std::move(bound); }
  // nullptr: not known.
  const Bound* find(size_t column) const {
    const auto found = columns_.find(column);
    return found == columns_.end() ? nullptr : &found->second;
  }
  // The one value of the column, nullptr where it is not known.
  const duckdb::Value* constant(size_t column) const {
    const Bound* bound = find(column);
    return bound && bound->constant ? &bound->least : nullptr;
  }

 private:
  std::map<size_t, Bound> columns_;
};

// Iceberg's binary form of a single value; NULL: it is none of the type.
duckdb::Value value_of_bound(const std::string& bytes, const duckdb::LogicalType& type);
ColumnBounds bounds_of(const iceberg::Entry& entry, const Json& spec, const std::vector<iceberg::Field>& fields);
// No row of the file passes the filter on the column.
bool excludes(const ColumnBounds& bounds, size_t column, const duckdb::LogicalType& type,
              const duckdb::TableFilter& filter);

}  // namespace tarn::sql::engine

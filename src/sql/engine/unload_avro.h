// Rows as an Avro file, in the types that Hive's SerDe gives its columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/engine/duckdb.pch.h"

namespace tarn::sql::engine {

class AvroRows {
 public:
  // ERRORS: throws by raise_sql: a type that Avro has not.
  AvroRows(const std::vector<std::string>& names, const std::vector<duckdb::LogicalType>& types, std::string codec);

  const std::string& header() const { return header_; }
  void append(std::string& records, const duckdb::Value& value) const;  // each column's in turn
  std::string block(uint64_t rows, std::string_view records) const;

 private:
  std::string codec_, header_, marker_;
};

}  // namespace tarn::sql::engine

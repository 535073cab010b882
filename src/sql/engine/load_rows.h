// COPY's records and documents as rows of a table: Redshift's options, and a row of error for what is refused.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "sql/engine/load_defaults.h"
#include "sql/engine/load_values.h"
#include "sql/engine/records.h"

namespace tarn::sql::engine {

// ERRORS: throws XX000 when more is refused than the request allows. REQUIRES: a transaction is open, in which the table is
// written. LIFETIME: within the connection's, the request's and the outcome's.
class LoadRows {
 public:
  // `columns`: in the order of the file's fields.
  LoadRows(duckdb::Connection& connection, duckdb::TableCatalogEntry& table, const LoadRequest& request,
           std::vector<LoadColumn> columns, LoadOutcome& outcome);

  void record(const std::string& uri, const Record& given);
  // One JSON document: an object by its members, or by paths.
  void document(const std::string& uri, int64_t line, const std::string& text);
  void finish() { appender_.Close(); }

 private:
  const Json* member(const Json& document, size_t field) const;
  void refuse(const std::string& uri, const Record& record, size_t field, const std::string& value,
              const Refusal& refusal);

  const LoadRequest& request_;
  const std::vector<LoadColumn> columns_;
  LoadOutcome& outcome_;
  const LoadValues read_;
  LoadDefaults defaults_;
  duckdb::Appender appender_;
  const std::vector<std::string> paths_;              // of the request's jsonpaths document
  std::vector<std::optional<duckdb::Value>> values_;  // of a row; none: the column's default
};

}  // namespace tarn::sql::engine

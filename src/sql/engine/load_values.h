// What the text of a loaded field is in its column, or why it is refused.
#pragma once

#include <expected>
#include <string>

#include "sql/engine/duckdb.pch.h"
#include "sql/engine_client.h"

namespace tarn::sql::engine {

// A column that is loaded.
struct LoadColumn {
  std::string name;
  size_t number = 0;  // in the table
  duckdb::LogicalType type;
  std::string declared = {};  // "character varying(10)"
  int bytes = 0;              // of what is declared with a length; 0: no limit
};

// AWS: STL_LOAD_ERRORS, load error reference.
struct Refusal {
  int code = 0;
  std::string reason;
};

// LIFETIME: within the context's and the request's.
class LoadValues {
 public:
  LoadValues(duckdb::ClientContext& context, const LoadRequest& request)
      : context_(context), request_(request), null_(request.null_as.value_or("\\N")) {}

  // REQUIRES: a transaction of the context is open.
  std::expected<duckdb::Value, Refusal> read(const LoadColumn& column, std::string text, bool quoted) const;
  // What stands for NULL in a field that is not quoted.
  const std::string& null() const { return null_; }

 private:
  using Read = std::expected<duckdb::Value, Refusal>;

  Read characters(const LoadColumn& column, std::string text) const;
  Read bytes(const LoadColumn& column, const std::string& text) const;
  Read time(const duckdb::LogicalType& type, const std::string& text, const std::string& format) const;
  Read typed(const duckdb::LogicalType& type, const std::string& text) const;
  Read unreadable(const duckdb::LogicalType& type, const std::string& text) const;

  duckdb::ClientContext& context_;
  const LoadRequest& request_;
  const std::string null_;
};

}  // namespace tarn::sql::engine

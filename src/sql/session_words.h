// What the statements of a session that change definitions say alike.
#pragma once

#include <string>
#include <string_view>

#include "sql/session.h"

namespace tarn::sql {

// A statement that only did what its name says.
inline Outcome done(std::string kind) {
  Outcome outcome;
  outcome.kind = std::move(kind);
  return outcome;
}

// A table of those in which a database keeps its rights, comments and views (engine/rights.h). `database`: empty for the
// session's.
inline std::string kept(std::string_view table, const std::string& database = {}) {
  return (database.empty() ? "" : quoted_name(database) + ".") + std::string(kRightsSchema) + "." + std::string(table);
}
// .. its rows of that name.
inline std::string where_named(const Object& object) {
  return " WHERE schema_name = " + quoted_string(object.schema) + " AND name = " + quoted_string(object.name);
}

// The rows about that table in duckdb_tables() and duckdb_columns().
inline std::string where_table(const Object& table) {
  return " WHERE database_name = current_database() AND schema_name = " + quoted_string(table.schema) +
         " AND table_name = " + quoted_string(table.name);
}

inline std::string quoted(const Object& table) {
  return quoted_name(table.schema) + "." + quoted_name(table.name);
}

}  // namespace tarn::sql

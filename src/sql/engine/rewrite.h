// The rewriter: from a dialect's syntax tree to one that DuckDB binds with the dialect's meaning. Names are folded and
// resolved, operators and functions become the dialect's, every table is named in full and noted for the rights.
#pragma once

#include <string>
#include <vector>

#include "sql/engine/duckdb.pch.h"
#include "sql/engine_client.h"

namespace tarn::sql::engine {

struct Rewritten {
  std::string kind;     // "SELECT", "CREATE TABLE" ..
  bool writes = false;  // must leave its id in the database
  bool returns_rows = false;
  std::vector<TableUse> uses;
  std::vector<std::string> before, after;  // SQL of our own, run around it in its transaction
  std::vector<std::string> notices;
};

// Rewrites the statement in place. REQUIRES: a transaction of the context is open. Throws DuckDB's exceptions.
Rewritten rewrite(duckdb::ClientContext& context, const ExecuteRequest& request,
                  duckdb::unique_ptr<duckdb::SQLStatement>& statement);

// Parses exactly one statement.
duckdb::unique_ptr<duckdb::SQLStatement> parse_one(const std::string& sql);

}  // namespace tarn::sql::engine

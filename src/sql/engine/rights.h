// GRANTs in the engine: read in the statement's own transaction, asked before it runs, kept in step with what it makes,
// renames and drops.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sql/engine/duckdb.pch.h"
#include "sql/engine/functions.h"
#include "sql/engine_client.h"
#include "sql/rights.h"

namespace tarn::sql::engine {

struct SessionState;

// REQUIRES, all: a transaction of the context is open.

Rights read_rights(duckdb::ClientContext& context, const std::string& database);
// Throws 42501 unless the context's user may do all that the rewritten statement uses.
void check_rights(duckdb::ClientContext& context, const StatementContext& who, const duckdb::SQLStatement& statement,
                  const std::vector<TableUse>& uses);
// The same for what a view of the context's database uses, which is its owner's to be allowed.
void check_owner(duckdb::ClientContext& context, const StatementContext& who, const Object& view,
                 const std::vector<TableUse>& uses);
// SQL that makes owners and grants follow what the rewritten statement does: to be run behind it.
std::vector<std::string> rights_after(duckdb::ClientContext& context, const StatementContext& who,
                                      const duckdb::SQLStatement& statement);

// Everybody with his memberships, by name.
std::map<std::string, Identity> everybody(SessionState& session);

struct LateView {
  std::string schema, name, definition, columns;  // columns: "a,b"; empty: the query's
};
// The first of that name in the schemas.
std::vector<LateView> late_views(duckdb::ClientContext& context, const std::string& database);
std::optional<LateView> find_late_view(duckdb::ClientContext& context, const std::string& database,
                                       const std::vector<std::string>& schemas, const std::string& name);

// Materialized views with AUTO REFRESH: (schema, name).
std::vector<std::pair<std::string, std::string>> auto_refreshed(duckdb::ClientContext& context,
                                                                const std::string& database);

// has_table_privilege and its like.
void add_rights(Registry& registry);

}  // namespace tarn::sql::engine

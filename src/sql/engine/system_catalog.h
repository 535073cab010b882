// Redshift's system views over the engine's own catalog and what the server knows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sql/engine/duckdb.pch.h"
#include "sql/engine/functions.h"
#include "sql/engine_client.h"

namespace tarn::sql::engine {

// The query behind a system view, in the engine's words; nullopt: no such view. `schema` may be empty.
std::optional<std::string> system_view_sql(const std::string& schema, const std::string& name,
                                           const StatementContext& context);

struct SystemView {
  const char *schema, *name, *sql;  // {view x}: another view; {tables}, {columns} ..: catalog_sql()
};
std::span<const SystemView> pg_views();  // PostgreSQL's own (system_catalog_pg.cc)
const char* routines_sql();               // {routines}

// Those of them that are made of others.
std::optional<std::string> derived_view_sql(const std::string& schema, const std::string& name,
                                            const StatementContext& context);

void add_view_reads(Registry& registry);  // view_reads(): what views read

// The tables that a query names, in subqueries too, without its common table expressions. LIFETIME: the query's.
std::vector<duckdb::BaseTableRef*> tables_named(duckdb::QueryNode& query);
// Materialized views with AUTO REFRESH that read one of the tables, through other views too.
std::vector<TableUse> stale_views(duckdb::ClientContext& context, const std::string& database,
                                  const std::vector<TableUse>& changed);

// The text with what the views are made of in the places of {tables}, {columns}, {constraints} .., {path}: the schemas that
// are searched.
std::string catalog_sql(std::string sql, const StatementContext& context);

}  // namespace tarn::sql::engine

// Redshift's system views over the engine's own catalog and what the server knows.
#pragma once

#include <optional>
#include <string>

#include "sql/engine/duckdb.pch.h"
#include "sql/engine/functions.h"
#include "sql/engine_client.h"

namespace tarn::sql::engine {

// The query behind a system view, in the engine's words; nullopt: no such view. `schema` may be empty.
std::optional<std::string> system_view_sql(const std::string& schema, const std::string& name,
                                           const StatementContext& context);

// Those of them that are made of others.
std::optional<std::string> derived_view_sql(const std::string& schema, const std::string& name,
                                            const StatementContext& context);

void add_view_reads(Registry& registry);  // view_reads(): what views read

// The text with what the views are made of in the places of {tables}, {columns}, {constraints} .., {path}: the schemas that
// are searched.
std::string catalog_sql(std::string sql, const StatementContext& context);

}  // namespace tarn::sql::engine

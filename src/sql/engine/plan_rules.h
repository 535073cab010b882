// What is done to a bound plan before DuckDB optimizes it: plan_blanks.h, unnest_rule.h; and what is known of the result's
// columns (planned_columns.h) is read off it.
#pragma once

#include "sql/engine/duckdb.pch.h"
#include "sql/engine/planned_columns.h"

namespace tarn::sql::engine {

void add_plan_rules(duckdb::DatabaseInstance& database);

// Before a column's name in the tags of a CREATE TABLE AS: how it is to be kept, "encoding|distkey|1" (rewrite_create.cc).
constexpr const char* kDesignTag = "tarn design ";

}  // namespace tarn::sql::engine

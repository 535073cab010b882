// Outer joins that stand in WHERE: a.x = b.y(+).
#pragma once

#include "sql/engine/duckdb.pch.h"

namespace tarn::sql::engine {

// What stands for x(+): tarn_outer(x) (tokens_redshift.cc).
constexpr const char* kOuterFunction = "tarn_outer";

// Makes LEFT JOINs of them. ERRORS: 42601 where (+) is used as AWS refuses it.
void join_outside(duckdb::SelectNode& node);

}  // namespace tarn::sql::engine

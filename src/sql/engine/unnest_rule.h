// FROM t, t.arr AS e is bound as a join of t with the elements of its distinct arrays. It becomes one walk over t, which shows the
// elements in their order and costs no join.
#pragma once

#include "sql/engine/duckdb.pch.h"

namespace tarn::sql::engine {

// REQUIRES: the plan is bound and not yet optimized.
void unnest_in_place(duckdb::ClientContext& context, duckdb::unique_ptr<duckdb::LogicalOperator>& plan);

}  // namespace tarn::sql::engine

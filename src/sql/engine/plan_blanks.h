// Trailing blanks of text count in no grouping, DISTINCT, order, join or set operation of a bound plan.
#pragma once

#include "sql/engine/duckdb.pch.h"

namespace tarn::sql::engine {

// `op`: the plan `root`, or a part of it.
void ignore_trailing_blanks(duckdb::OptimizerExtensionInput& input, duckdb::LogicalOperator& root,
                            duckdb::unique_ptr<duckdb::LogicalOperator>& op);

}  // namespace tarn::sql::engine

// UNION, EXCEPT and INTERSECT take columns of the same kind only.
#pragma once

#include "sql/engine/duckdb.pch.h"

namespace tarn::sql::engine {

// ERRORS: throws 42804 where the engine's binder made a text of a number, or the like, in a plan that it bound.
void refuse_mixed_sets(const duckdb::LogicalOperator& plan);

}  // namespace tarn::sql::engine

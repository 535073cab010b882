// Parameters without a type while a statement is described: each is a NULL text whose alias names it, and what it is brought to
// first is what it is taken for.
#pragma once

#include <string>

#include "sql/engine/rewriter.h"

namespace tarn::sql::engine {

ParsedPtr unknown_parameter(const std::string& name);

// The expression is brought to the type. Changes nothing unless it is such a parameter.
void note_parameter(duckdb::ClientContext& context, const duckdb::Expression& expression,
                    const duckdb::LogicalType& type);

}  // namespace tarn::sql::engine

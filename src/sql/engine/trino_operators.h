// What the bound operators share. An operator is bound by the types of its arguments: BindInput (trino_functions.h).
#pragma once

#include "sql/engine/functions.h"
#include "sql/engine/trino_functions.h"

namespace tarn::sql::engine::trino {

// Throws TYPE_MISMATCH: the operator is not there for these types.
[[noreturn]] void no_operator(const BindInput& input);
// DuckDB's own operator of that name.
BoundPtr native(BindInput& input, const std::string& name, BoundPtr a, BoundPtr b);
// A function of ours.
BoundPtr own(BindInput& input, const char* name, duckdb::vector<BoundPtr> arguments);
// The text with $1, $2 .. for the arguments.
BoundPtr body(BindInput& input, const char* text);
// The type that those arguments have in common. Throws TYPE_MISMATCH that names `what` they are.
duckdb::LogicalType common_of(BindInput& input, const std::vector<size_t>& which, const char* what);

// One comparison, as Trino understands it. Throws TYPE_MISMATCH.
BoundPtr compared(BindInput& input, duckdb::ExpressionType type, BoundPtr a, BoundPtr b);

// CASE and its like (trino_conditional.cc).
std::vector<Special> conditionals();

bool is_integer(const duckdb::LogicalType& type);
bool is_decimal(const duckdb::LogicalType& type);
bool is_null(const duckdb::LogicalType& type);
bool is_number(const duckdb::LogicalType& type);
bool is_constant(const duckdb::Expression& e);

}  // namespace tarn::sql::engine::trino

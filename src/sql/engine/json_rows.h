// Functions over SUPER values, written over whole JSON documents: one call of `run` for each row.
#pragma once

#include <optional>
#include <vector>

#include "base/json.h"
#include "sql/engine/functions.h"

namespace tarn::sql::engine {

// An argument of a row: nothing for NULL.
using JsonArguments = std::vector<std::optional<Json>>;
// The function's value; nullopt: NULL.
using JsonRun = std::optional<Json> (*)(const JsonArguments& arguments);

// name(a, b, ..): every argument becomes SUPER; so is the result, unless `returns` is another type, into which it is cast.
duckdb::ScalarFunction json_function(const char* name, JsonRun run,
                                     const duckdb::LogicalType& returns = duckdb::LogicalType::JSON());

// A text that is the same for equal SUPER values, and only for them: members sorted, numbers in one form, no trailing blanks.
std::string key_of(const Json& value);
// <0, 0, >0 where both are numbers, or both texts, or both truth values.
std::optional<int> compare(const Json& a, const Json& b);
// A text whose order of bytes is Redshift's order of SUPER values: truth values, numbers, strings, arrays, objects.
std::string sort_key_of(const Json& value);

// super_add(a, b), super_div ..: SUPER arithmetic (fn_super_numbers.cc).
void add_super_numbers(Registry& registry);

}  // namespace tarn::sql::engine

// The functions of a dialect: what each name means in the engine. A name that is not here does not exist for a client, which
// is also what keeps the engine's own functions (files, settings, extensions) out of reach.
#pragma once

#include <span>
#include <string>

#include "sql/engine/rewriter.h"

namespace tarn::sql::engine {

struct FunctionRule {
  enum class Kind : uint8_t {
    kNative,    // DuckDB's function `target`
    kOwn,       // system.redshift.`target`
    kTemplate,  // `make` builds the expression
    kRefused,   // Redshift has it, this engine does not: an error that names it
  };
  const char* name;
  Kind kind;
  const char* target;
  int min_arguments, max_arguments;  // -1: any number
  ParsedPtr (*make)(duckdb::FunctionExpression& call, const StatementContext& context) = nullptr;
  bool geometry = false;  // needs the spatial extension
};

// Redshift's scalar functions beyond the operators and the few that manifest.cc builds.
std::span<const FunctionRule> redshift_rules();
std::span<const FunctionRule> catalog_rules();  // pg_catalog's (manifest_catalog.cc)

// Puts the arguments in the places of the parameters $1, $2 .. of an expression of our own.
void fill_parameters(ParsedPtr& expression, const duckdb::vector<ParsedPtr>& arguments);

// nullptr: no such function. The name is lower case.
const FunctionRule* find_function(Dialect dialect, const std::string& name);
// Aggregates and window functions by their DuckDB name; empty: no such function.
std::string window_function(const std::string& name);

}  // namespace tarn::sql::engine

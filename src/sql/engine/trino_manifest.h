// What each of Trino's functions means: the scalar ones by their parameters' types, aggregates and windows by a text. A name
// that is not here does not exist for a client.
#pragma once

#include <string>
#include <vector>

#include "sql/engine/trino.h"

namespace tarn::sql::engine::trino {

// What a call is bound with: arguments bound, in their own types.
struct BindInput {
  duckdb::ClientContext& context;
  const std::string& name;
  duckdb::optional_idx place;
  duckdb::vector<BoundPtr> arguments;
};

// One signature of a scalar function. `parameters`: types separated by commas, capital letters are any type (the same one
// in all places), a last "..." repeats the last one. `body`: an expression in the engine's words; see from_template.
struct Signature {
  const char* name;
  const char* parameters;
  const char* returns;
  const char* body;
};

// A function whose arguments are looked at by code.
struct Special {
  const char* name;
  int min_arguments, max_arguments;  // -1: any number
  BoundPtr (*bind)(BindInput& input);
  const char* returns = "";     // for SHOW FUNCTIONS; empty: an operator, or the parser's own
  const char* parameters = "";
};

// `body` has agg_f(..) where the aggregate stands. `arguments`: how many.
struct Aggregate {
  const char* name;
  int min_arguments, max_arguments;
  const char* returns;
  const char* parameters;
  const char* body;  // several, separated by '|', by number of arguments from min_arguments on
};

// Functions that are functions of a window only. The engine's have the same names.
struct WindowFunction {
  const char* name;
  int min_arguments, max_arguments;
  const char* returns;
  const char* parameters;
};

// With a lambda: which of its parameters are fields of the one that the engine's lambda has.
struct LambdaFunction {
  const char* name;
  int arguments;
  int lambda;               // which argument
  const char* fields;       // "k,v"; empty: the parameters are themselves
  const char* body;         // $1 .. the arguments; the lambda in its place
  const char* returns = "";
  const char* parameters = "";
};

std::vector<const Signature*> signatures(const std::string& name);
const Special* special(const std::string& name);
const Aggregate* aggregate(const std::string& name);
const WindowFunction* window_function(const std::string& name);
const LambdaFunction* lambda_function(const std::string& name, size_t argument);
// Athena documents it, tarn refuses it.
bool is_refused(const std::string& name);
bool is_known(const std::string& name);

struct Documented {
  std::string name, returns, arguments, kind;
  bool deterministic = true;
};
std::vector<Documented> documented_functions();

// The tables of the manifest's files.
struct Table {
  const Signature* signatures;
  size_t size;
};
Table text_signatures();    // trino_manifest_texts.cc
Table number_signatures();  // trino_manifest_numbers.cc
Table date_signatures();    // trino_manifest_dates.cc
Table nested_signatures();  // trino_manifest_nested.cc
Table geometry_signatures();  // trino_manifest_geometry.cc
Table sketch_signatures();  // trino_manifest_sketches.cc
std::vector<LambdaFunction> lambda_functions();  // trino_manifest_nested.cc
std::vector<Special> specials();            // trino_operators.cc
std::vector<Special> nested_specials();     // trino_operators_nested.cc
std::vector<Special> aggregate_specials();  // trino_fn_aggregates.cc
std::vector<Special> json_specials();       // trino_fn_json.cc
std::vector<Special> cast_specials();       // trino_casts.cc

// --- binding (trino_bind.cc)

// What an argument may consist of: much more than fits into a query's text, much less than what copies of copies come to.
constexpr size_t kMostParts = 300'000;
constexpr const char* kTooManyParts = "The expression is too large.";

// The type both can be read as, by Trino's rules; nullopt: there is none.
std::optional<duckdb::LogicalType> common_type(const duckdb::LogicalType& a, const duckdb::LogicalType& b);
// An implicit conversion. REQUIRES: common_type(type of value, type) == type.
BoundPtr coerced(duckdb::ClientContext& context, BoundPtr value, const duckdb::LogicalType& type);
BoundPtr cast_bound(duckdb::ClientContext& context, BoundPtr value, const duckdb::LogicalType& type,
                    duckdb::optional_idx place);
BoundPtr bind_call(duckdb::ClientContext& context, const std::string& name, duckdb::optional_idx place,
                   duckdb::vector<BoundPtr> arguments);
// Binds a body over bound arguments.
BoundPtr bind_template(duckdb::ClientContext& context, const std::string& body, duckdb::vector<BoundPtr> arguments,
                       duckdb::optional_idx place);
duckdb::vector<BoundPtr> bound_items(BoundPtr a);
duckdb::vector<BoundPtr> bound_items(BoundPtr a, BoundPtr b);
BoundPtr bound_constant(duckdb::Value value);
// "Unexpected parameters (..) for function f. Expected: .."
[[noreturn]] void unexpected_parameters(const BindInput& input);

}  // namespace tarn::sql::engine::trino

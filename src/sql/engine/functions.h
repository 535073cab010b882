// Functions of the dialects, registered beside DuckDB's own in the system catalog's schema `redshift`. The rewriter calls them
// by qualified name; what the manifest (manifest.h) does not name does not exist for a client.
#pragma once

#include "sql/engine/duckdb.pch.h"

namespace tarn::sql::engine {

constexpr const char* kFunctionSchema = "redshift";

// Adds functions to the schema.
class Registry {
 public:
  explicit Registry(duckdb::DatabaseInstance& database);
  void add(duckdb::ScalarFunction function);
  void add(duckdb::ScalarFunctionSet functions);
  void add(duckdb::AggregateFunctionSet functions);
  void add(duckdb::TableFunction function);
  // DuckDB's own overloads of an aggregate.
  duckdb::AggregateFunctionSet native_aggregates(const std::string& name);

 private:
  duckdb::Catalog& catalog_;
  duckdb::CatalogTransaction transaction_;
};

void register_functions(duckdb::DatabaseInstance& database);
void register_geometry(duckdb::DatabaseInstance& database);  // when the spatial extension is loaded

void add_operators(Registry& registry);     // fn_operators.cc: eq, lt ..
void add_arithmetic(Registry& registry);    // fn_arithmetic.cc: add, mul, div ..
void add_numbers(Registry& registry);       // fn_numbers.cc: round, trunc, to_char ..
void add_hashes(Registry& registry);        // fn_hashes.cc
void add_bytes(Registry& registry);         // fn_bytes.cc: VARBYTE
void add_arrays(Registry& registry);        // fn_arrays.cc: arrays and objects in SUPER
void add_intervals(Registry& registry);     // fn_intervals.cc
void add_casts(Registry& registry);         // fn_casts.cc: cast to a type, fit a value to a column
void add_dates(Registry& registry);         // fn_dates.cc
void add_session(Registry& registry);       // fn_session.cc: now, the user ..
void add_texts(Registry& registry);         // fn_texts.cc
void add_patterns(Registry& registry);      // fn_patterns.cc: LIKE, regular expressions
void add_supers(Registry& registry);        // fn_supers.cc: JSON
void add_select_input(Registry& registry);  // select.cc
void add_system_rows(Registry& registry);   // system_catalog.cc
void add_geometry(Registry& registry);      // fn_geometry.cc, over the spatial extension

// A function that is run as it stands, and may throw for what it is given.
duckdb::ScalarFunction scalar(const char* name, duckdb::vector<duckdb::LogicalType> types, duckdb::LogicalType returns,
                              duckdb::scalar_function_t run);
// A function that is replaced when bound, where types are known, by the expression that `bind` makes.
duckdb::ScalarFunction typed(const char* name, size_t arguments, duckdb::function_bind_expression_t bind);
// The same with any number of arguments.
duckdb::ScalarFunction typed_variadic(const char* name, duckdb::function_bind_expression_t bind);

// Calls one of DuckDB's own scalar functions, bound. Throws where no overload fits.
duckdb::unique_ptr<duckdb::Expression> call(duckdb::ClientContext& context, const char* schema, const std::string& name,
                                            duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> arguments,
                                            bool is_operator = false);
duckdb::unique_ptr<duckdb::Expression> cast_to(duckdb::ClientContext& context,
                                               duckdb::unique_ptr<duckdb::Expression> expression,
                                               const duckdb::LogicalType& type, bool try_cast = false);
duckdb::unique_ptr<duckdb::Expression> constant(duckdb::Value value);

inline std::string_view view(const duckdb::string_t& text) { return {text.GetData(), text.GetSize()}; }

}  // namespace tarn::sql::engine

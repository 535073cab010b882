#include "sql/engine/functions.h"

#include "duckdb/parser/parsed_data/create_aggregate_function_info.hpp"
#include "duckdb/parser/parsed_data/create_scalar_function_info.hpp"
#include "duckdb/parser/parsed_data/create_schema_info.hpp"
#include "duckdb/parser/parsed_data/create_table_function_info.hpp"
#include "sql/engine/decimals.h"
#include "sql/engine/load_csv.h"
#include "sql/engine/parameters.h"
#include "sql/engine/plan_rules.h"
#include "sql/engine/spatial_join.h"
#include "sql/engine/text_filters.h"
#include "sql/engine/trino.h"

namespace tarn::sql::engine {
namespace {

using duckdb::Expression;
using duckdb::LogicalType;
using duckdb::unique_ptr;

void not_replaced(duckdb::DataChunk&, duckdb::ExpressionState&, duckdb::Vector&) {
  throw duckdb::InvalidInputException("A function that is replaced when bound was run.");
}

}  // namespace

Registry::Registry(duckdb::DatabaseInstance& database)
    : catalog_(duckdb::Catalog::GetSystemCatalog(database)),
      transaction_(duckdb::CatalogTransaction::GetSystemTransaction(database)) {
  duckdb::CreateSchemaInfo info;
  info.schema = kFunctionSchema;
  info.internal = true;
  info.on_conflict = duckdb::OnCreateConflict::IGNORE_ON_CONFLICT;
  catalog_.CreateSchema(transaction_, info);
}

void Registry::add(duckdb::ScalarFunction function) {
  duckdb::CreateScalarFunctionInfo info(std::move(function));
  info.schema = kFunctionSchema;
  catalog_.CreateFunction(transaction_, info);
}

void Registry::add(duckdb::ScalarFunctionSet functions) {
  duckdb::CreateScalarFunctionInfo info(std::move(functions));
  info.schema = kFunctionSchema;
  catalog_.CreateFunction(transaction_, info);
}

void Registry::add(duckdb::AggregateFunctionSet functions) {
  duckdb::CreateAggregateFunctionInfo info(std::move(functions));
  info.schema = kFunctionSchema;
  catalog_.CreateFunction(transaction_, info);
}

duckdb::AggregateFunctionSet Registry::native_aggregates(const std::string& name) {
  auto entry = catalog_.GetSchema(transaction_, "main").GetEntry(transaction_, duckdb::CatalogType::AGGREGATE_FUNCTION_ENTRY, name);
  return entry->Cast<duckdb::AggregateFunctionCatalogEntry>().functions;
}

void Registry::add(duckdb::TableFunction function) {
  duckdb::CreateTableFunctionInfo info(std::move(function));
  info.schema = kFunctionSchema;
  catalog_.CreateTableFunction(transaction_, info);
}

void register_functions(duckdb::DatabaseInstance& database) {
  Registry registry(database);
  add_operators(registry);
  add_same_text(registry);
  add_arithmetic(registry);
  add_numbers(registry);
  add_hashes(registry);
  add_bytes(registry);
  add_arrays(registry);
  add_intervals(registry);
  add_casts(registry);
  add_dates(registry);
  add_session(registry);
  add_texts(registry);
  add_patterns(registry);
  add_supers(registry);
  add_system_rows(registry);
  add_select_input(registry);
  add_load(registry);
  trino::register_functions(database);
  add_spatial_join(database);
  add_plan_rules(database);
  add_text_filters(database);
  add_decimal_sums(database);
}

void register_geometry(duckdb::DatabaseInstance& database) {
  Registry registry(database);
  add_geometry(registry);
  add_spatial_predicates(registry);
}

duckdb::ScalarFunction scalar(const char* name, duckdb::vector<LogicalType> types, LogicalType returns,
                              duckdb::scalar_function_t run) {
  duckdb::ScalarFunction function(name, std::move(types), std::move(returns), std::move(run));
  function.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
  return function;
}

duckdb::ScalarFunction typed(const char* name, size_t arguments, duckdb::function_bind_expression_t bind) {
  duckdb::ScalarFunction function(name, duckdb::vector<LogicalType>(arguments, LogicalType::ANY), LogicalType::ANY,
                                  not_replaced);
  function.bind_expression = bind;
  function.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;  // else a NULL literal is folded before us
  return function;
}

duckdb::ScalarFunction typed_variadic(const char* name, duckdb::function_bind_expression_t bind) {
  auto function = typed(name, 0, bind);
  function.varargs = LogicalType::ANY;
  return function;
}

unique_ptr<Expression> call(duckdb::ClientContext& context, const char* schema, const std::string& name,
                            duckdb::vector<unique_ptr<Expression>> arguments, bool is_operator) {
  duckdb::ErrorData error;
  auto bound =
      duckdb::FunctionBinder(context).BindScalarFunction(schema, name, std::move(arguments), error, is_operator);
  if (!bound) error.Throw();
  return bound;
}

unique_ptr<Expression> cast_to(duckdb::ClientContext& context, unique_ptr<Expression> expression,
                               const LogicalType& type, bool try_cast) {
  note_parameter(context, *expression, type);
  return duckdb::BoundCastExpression::AddCastToType(context, std::move(expression), type, try_cast);
}

unique_ptr<Expression> constant(duckdb::Value value) {
  return duckdb::make_uniq<duckdb::BoundConstantExpression>(std::move(value));
}

}  // namespace tarn::sql::engine

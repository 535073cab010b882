// CASE and its like: what chooses among values of a common type.
#include "sql/engine/trino_manifest.h"
#include "sql/engine/trino_operators.h"

namespace tarn::sql::engine::trino {

using duckdb::ExpressionType;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::make_uniq;
using duckdb::Value;
using std::string;

namespace {

// Conditions and values in turn, then what is left.
BoundPtr bind_case(BindInput& input) {
  std::vector<size_t> values;
  for (size_t i = 1; i < input.arguments.size(); i += 2) values.push_back(i);
  const bool otherwise = input.arguments.size() % 2 == 1;
  if (otherwise) values.push_back(input.arguments.size() - 1);
  const LogicalType type = common_of(input, values, "All CASE results");
  auto result = make_uniq<duckdb::BoundCaseExpression>(type);
  for (size_t i = 0; i + 1 < input.arguments.size(); i += 2) {
    duckdb::BoundCaseCheck check;
    check.when_expr = cast_to(input.context, std::move(input.arguments[i]), LogicalType::BOOLEAN);
    check.then_expr = coerced(input.context, std::move(input.arguments[i + 1]), type);
    result->case_checks.push_back(std::move(check));
  }
  result->else_expr =
      otherwise ? coerced(input.context, std::move(input.arguments.back()), type) : bound_constant(Value(type));
  return result;
}

BoundPtr bind_if(BindInput& input) {
  if (input.arguments.size() == 3 && !common_type(input.arguments[1]->return_type, input.arguments[2]->return_type)) {
    raise("TYPE_MISMATCH", "Result types for IF must be the same: " + type_name(*input.arguments[1]) + " vs " +
          type_name(*input.arguments[2]), input.place);
  }
  return bind_case(input);
}

BoundPtr bind_coalesce(BindInput& input) {
  std::vector<size_t> all;
  for (size_t i = 0; i < input.arguments.size(); ++i) all.push_back(i);
  const LogicalType type = common_of(input, all, "All COALESCE operands");
  auto result = make_uniq<duckdb::BoundOperatorExpression>(ExpressionType::OPERATOR_COALESCE, type);
  for (auto& argument : input.arguments) {
    result->children.push_back(coerced(input.context, std::move(argument), type));
  }
  return result;
}

BoundPtr bind_nullif(BindInput& input) {
  const auto common = common_type(input.arguments[0]->return_type, input.arguments[1]->return_type);
  if (!common) {
    raise("TYPE_MISMATCH", "Types are not comparable with NULLIF: " + type_name(*input.arguments[0]) + " vs " +
          type_name(*input.arguments[1]), input.place);
  }
  auto value = input.arguments[0]->Copy();
  auto same = compared(input, ExpressionType::COMPARE_EQUAL, std::move(input.arguments[0]), std::move(input.arguments[1]));
  auto nothing = bound_constant(Value(value->return_type));
  return make_uniq<duckdb::BoundCaseExpression>(std::move(same), std::move(nothing), std::move(value));
}

// NULL where any argument is: Trino's.
BoundPtr bind_extreme(BindInput& input) {
  std::vector<size_t> all;
  for (size_t i = 0; i < input.arguments.size(); ++i) all.push_back(i);
  LogicalType type = input.arguments[0]->return_type;
  for (const auto& argument : input.arguments) {
    const auto next = common_type(type, argument->return_type);
    if (!next) unexpected_parameters(input);
    type = *next;
  }
  auto any_null = make_uniq<duckdb::BoundConjunctionExpression>(ExpressionType::CONJUNCTION_OR);
  for (auto& argument : input.arguments) {
    argument = coerced(input.context, std::move(argument), type);
    auto null = make_uniq<duckdb::BoundOperatorExpression>(ExpressionType::OPERATOR_IS_NULL, LogicalType::BOOLEAN);
    null->children.push_back(argument->Copy());
    any_null->children.push_back(std::move(null));
  }
  if (input.arguments.size() == 1) return std::move(input.arguments[0]);
  auto extreme = cast_to(input.context, call(input.context, "main", input.name, std::move(input.arguments)), type);
  return make_uniq<duckdb::BoundCaseExpression>(std::move(any_null), bound_constant(Value(type)), std::move(extreme));
}

BoundPtr bind_condition(BindInput& input) {
  const auto& type = input.arguments[0]->return_type;
  if (type.id() != LogicalTypeId::BOOLEAN && !is_null(type)) {
    const string clause = input.arguments[1]->Cast<duckdb::BoundConstantExpression>().value.ToString();
    const bool term = clause.find("expression") != string::npos;
    raise("TYPE_MISMATCH", clause + " must evaluate to a boolean" +
          (term ? " (actual: " + type_name(type) + ")" : ": actual type " + type_name(type)), input.place);
  }
  return cast_to(input.context, std::move(input.arguments[0]), LogicalType::BOOLEAN);
}

// coerce(value, NULL of the type): the type is a common one.
BoundPtr bind_coerce(BindInput& input) {
  const LogicalType type = input.arguments[1]->return_type;
  return coerced(input.context, std::move(input.arguments[0]), type);
}

// (value, NULL of the query's type, its name): the value as it is compared with a query's column.
BoundPtr bind_beside_query(BindInput& input) {
  const auto type = common_type(input.arguments[0]->return_type, input.arguments[1]->return_type);
  if (!type) {
    raise("TYPE_MISMATCH", "Value expression and result of subquery must be of the same type: row(" +
          type_name(*input.arguments[0]) + ") vs row(" +
          input.arguments[2]->Cast<duckdb::BoundConstantExpression>().value.ToString() + ")", input.place);
  }
  auto value = coerced(input.context, std::move(input.arguments[0]), *type);
  return is_zoned(*type) ? own(input, "t_instant", bound_items(std::move(value))) : std::move(value);
}

}  // namespace

std::vector<Special> conditionals() {
  return {
      {"case", 2, -1, bind_case},
      {"if result", 2, 3, bind_if},
      {"coalesce", 2, -1, bind_coalesce, "T", "T..."},
      {"nullif", 2, 2, bind_nullif, "T", "T, T"},
      {"greatest", 1, -1, bind_extreme, "T", "T..."},
      {"least", 1, -1, bind_extreme, "T", "T..."},
      {"condition", 2, 2, bind_condition},
      {"coerce", 2, 2, bind_coerce},
      {"beside query", 3, 3, bind_beside_query},
  };
}

}  // namespace tarn::sql::engine::trino

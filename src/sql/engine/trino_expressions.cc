// Expressions, by Trino's precedence.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "duckdb/common/extension_type_info.hpp"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::ExpressionType;
using duckdb::make_uniq;
using duckdb::Value;
using std::string;

namespace {

struct Comparison {
  const char* op;
  const char* name;
  ExpressionType type;
};
constexpr Comparison kComparisons[] = {{"=", "=", ExpressionType::COMPARE_EQUAL},
                                       {"<>", "<>", ExpressionType::COMPARE_NOTEQUAL},
                                       {"!=", "<>", ExpressionType::COMPARE_NOTEQUAL},
                                       {"<", "<", ExpressionType::COMPARE_LESSTHAN},
                                       {"<=", "<=", ExpressionType::COMPARE_LESSTHANOREQUALTO},
                                       {">", ">", ExpressionType::COMPARE_GREATERTHAN},
                                       {">=", ">=", ExpressionType::COMPARE_GREATERTHANOREQUALTO}};

// Does the expression surely give a boolean? Then it need not be checked.
bool surely_boolean(const duckdb::ParsedExpression& e) {
  switch (e.GetExpressionClass()) {
    case duckdb::ExpressionClass::CONJUNCTION: return true;
    case duckdb::ExpressionClass::SUBQUERY:
      return e.Cast<duckdb::SubqueryExpression>().subquery_type != duckdb::SubqueryType::SCALAR;
    case duckdb::ExpressionClass::OPERATOR:
      return e.GetExpressionType() == ExpressionType::OPERATOR_NOT ||
             e.GetExpressionType() == ExpressionType::OPERATOR_IS_NULL ||
             e.GetExpressionType() == ExpressionType::OPERATOR_IS_NOT_NULL;
    case duckdb::ExpressionClass::FUNCTION: {
      const auto& call = e.Cast<duckdb::FunctionExpression>();
      if (call.function_name != "call" || call.children.empty()) return false;
      const string name = call.children[0]->Cast<duckdb::ConstantExpression>().value.ToString();
      static const std::set<string> kBoolean = {"=", "= joins", "<>", "<", "<=", ">", ">=", "between", "in", "like"};
      return kBoolean.contains(name);
    }
    default: return false;
  }
}

ParsedPtr negated(ParsedPtr e) {
  return make_uniq<duckdb::OperatorExpression>(ExpressionType::OPERATOR_NOT, std::move(e));
}

}  // namespace

duckdb::vector<ParsedPtr> items(ParsedPtr a) {
  duckdb::vector<ParsedPtr> list;
  list.push_back(std::move(a));
  return list;
}
duckdb::vector<ParsedPtr> items(ParsedPtr a, ParsedPtr b) {
  auto list = items(std::move(a));
  list.push_back(std::move(b));
  return list;
}
duckdb::vector<ParsedPtr> items(ParsedPtr a, ParsedPtr b, ParsedPtr c) {
  auto list = items(std::move(a), std::move(b));
  list.push_back(std::move(c));
  return list;
}

ParsedPtr constant_of(Value value) {
  return make_uniq<duckdb::ConstantExpression>(std::move(value));
}

ParsedPtr native_call(const string& name, duckdb::vector<ParsedPtr> arguments) {
  return make_uniq<duckdb::FunctionExpression>(name, std::move(arguments));
}

ParsedPtr typed_call(const string& name, duckdb::optional_idx place, duckdb::vector<ParsedPtr> arguments) {
  duckdb::vector<ParsedPtr> children;
  children.push_back(constant_of(Value(name)));
  // The place rides in the type of a NULL, by a property that no other has: so two calls that differ in their places only
  // are the same expression to GROUP BY, and yet what binds the call can say where it stands.
  duckdb::LogicalType type(duckdb::LogicalTypeId::BIGINT);
  if (place.IsValid()) {
    auto info = make_uniq<duckdb::ExtensionTypeInfo>();
    info->properties["place" + std::to_string(place.GetIndex())] = Value::BIGINT(0);
    type.SetAlias("place");
    type.SetExtensionInfo(std::move(info));
  } else {
    type.SetAlias("place");
  }
  children.push_back(constant_of(Value(type)));
  for (auto& argument : arguments) children.push_back(std::move(argument));
  auto call = make_uniq<duckdb::FunctionExpression>("system", kSchema, "call", std::move(children));
  if (place.IsValid()) call->SetQueryLocation(place);
  return call;
}

ParsedPtr Parser::typed(const char* name, size_t at, duckdb::vector<ParsedPtr> arguments) const {
  return typed_call(name, place(at), std::move(arguments));
}

// A boolean, or an error that names the clause.
ParsedPtr Parser::condition(ParsedPtr e, const char* clause, size_t at) {
  if (surely_boolean(*e)) return e;
  return typed("condition", at, items(std::move(e), constant_of(Value(clause))));
}

ParsedPtr Parser::expression() {
  const Nested nested(*this);
  size_t at = here();
  auto left = conjunction();
  if (!is("or")) return left;
  duckdb::vector<ParsedPtr> terms = items(condition(std::move(left), "Logical expression term", at));
  while (take("or")) {
    at = here();
    terms.push_back(condition(conjunction(), "Logical expression term", at));
  }
  return make_uniq<duckdb::ConjunctionExpression>(ExpressionType::CONJUNCTION_OR, std::move(terms));
}

ParsedPtr Parser::conjunction() {
  size_t at = here();
  auto left = negation();
  if (!is("and")) return left;
  duckdb::vector<ParsedPtr> terms = items(condition(std::move(left), "Logical expression term", at));
  while (take("and")) {
    at = here();
    terms.push_back(condition(negation(), "Logical expression term", at));
  }
  return make_uniq<duckdb::ConjunctionExpression>(ExpressionType::CONJUNCTION_AND, std::move(terms));
}

ParsedPtr Parser::negation() {
  if (!take("not")) return predicate();
  const Nested nested(*this);
  const size_t at = here();
  return negated(condition(negation(), "Value of logical NOT expression", at));
}

ParsedPtr Parser::quantified(ParsedPtr left, ExpressionType type, size_t at) {
  const bool all = is("all");
  ++at_;
  expect_op("(");
  auto result = make_uniq<duckdb::SubqueryExpression>();
  result->subquery_type = duckdb::SubqueryType::ANY;
  result->subquery = inner_query();
  expect_op(")");
  compare_with_query(*result, std::move(left), at);
  result->comparison_type = all ? duckdb::NegateComparisonExpression(type) : type;
  if (all) return negated(std::move(result));
  return result;
}

ParsedPtr Parser::in_list(ParsedPtr left, size_t at) {
  expect_op("(");
  if (is("select") || is("with") || is("values") || is("table")) {
    auto result = make_uniq<duckdb::SubqueryExpression>();
    result->subquery_type = duckdb::SubqueryType::ANY;
    result->subquery = inner_query();
    expect_op(")");
    compare_with_query(*result, std::move(left), at);
    result->comparison_type = ExpressionType::COMPARE_EQUAL;
    return result;
  }
  auto all = items(std::move(left));
  do all.push_back(expression());
  while (take_op(","));
  expect_op(")");
  return typed("in", at, std::move(all));
}

ParsedPtr Parser::predicate() {
  auto left = value();
  while (true) {
    const size_t at = here();
    const Comparison* comparison = nullptr;
    for (const Comparison& candidate : kComparisons) {
      if (is_op(candidate.op)) comparison = &candidate;
    }
    if (comparison) {
      ++at_;
      if ((is("all") || is("any") || is("some")) && is_op("(", 1)) {
        left = quantified(std::move(left), comparison->type, at);
      } else {
        const bool joins = in_join_condition_ && comparison->type == ExpressionType::COMPARE_EQUAL;
        left = typed(joins ? "= joins" : comparison->name, at, items(std::move(left), value()));
      }
      continue;
    }
    if (is("is")) {
      ++at_;
      const bool negative = take("not");
      if (take("null")) {
        left = make_uniq<duckdb::OperatorExpression>(
            negative ? ExpressionType::OPERATOR_IS_NOT_NULL : ExpressionType::OPERATOR_IS_NULL, std::move(left));
      } else {
        if (!take("distinct")) mismatched("'DISTINCT', 'NOT', 'NULL'");
        expect("from");
        left = typed("is distinct from", at, items(std::move(left), value()));
        if (negative) left = negated(std::move(left));
      }
      continue;
    }
    const bool negative = is("not") && (is("between", 1) || is("in", 1) || is("like", 1));
    if (negative) ++at_;
    if (take("between")) {
      auto low = value();
      expect("and");
      left = typed("between", at, items(std::move(left), std::move(low), value()));
    } else if (take("in")) {
      left = in_list(std::move(left), at);
    } else if (take("like")) {
      auto arguments = items(std::move(left), value());
      if (take("escape")) arguments.push_back(value());
      left = typed("like", at, std::move(arguments));
    } else {
      return left;
    }
    if (negative) left = negated(std::move(left));
  }
}

// Levels: 0 ||, 1 + -, 2 * / %, then signs and AT TIME ZONE.
ParsedPtr Parser::value(int level) {
  if (level == 3) return unary();
  auto left = value(level + 1);
  while (true) {
    const size_t at = here();
    const char* op = nullptr;
    if (level == 0 && is_op("||")) op = "||";
    if (level == 1 && is_op("+")) op = "+";
    if (level == 1 && is_op("-")) op = "-";
    if (level == 2 && is_op("*")) op = "*";
    if (level == 2 && is_op("/")) op = "/";
    if (level == 2 && is_op("%")) op = "%";
    if (!op) return left;
    ++at_;
    left = typed(op, at, items(std::move(left), value(level + 1)));
  }
}

ParsedPtr Parser::unary() {
  const size_t at = here();
  if (take_op("-")) {
    if (peek().kind == TokenKind::kNumber) {  // -9223372036854775808 is a number
      auto literal = number();
      auto& constant = literal->Cast<duckdb::ConstantExpression>();
      const auto& type = constant.value.type();
      const bool plain = !is_op("[") && !is_op(".") && !is("at");
      if (plain && type.id() == duckdb::LogicalTypeId::INTEGER) {
        return constant_of(Value::INTEGER(-constant.value.GetValue<int32_t>()));
      }
      if (plain && type.id() == duckdb::LogicalTypeId::BIGINT) {
        return constant_of(Value::BIGINT(-constant.value.GetValue<int64_t>()));
      }
      return typed("negate", at, items(std::move(literal)));
    }
    const Nested nested(*this);
    return typed("negate", at, items(unary()));
  }
  if (take_op("+")) {
    const Nested nested(*this);
    return typed("plus", at, items(unary()));
  }
  return postfix();
}

ParsedPtr Parser::postfix() {
  auto e = primary();
  while (true) {
    const size_t at = here();
    if (take_op("[")) {
      auto index = value();
      expect_op("]");
      e = typed("subscript", at, items(std::move(e), std::move(index)));
    } else if (is_op(".") && is_identifier(1)) {
      ++at_;
      e = typed("field", at, items(std::move(e), constant_of(Value(identifier()))));
    } else if (is("at") && is("time", 1) && is("zone", 2)) {
      at_ += 3;
      auto zone = is("interval") ? interval() : primary();
      e = typed("at_timezone", at, items(std::move(e), std::move(zone)));
    } else {
      return e;
    }
  }
}

}  // namespace tarn::sql::engine::trino

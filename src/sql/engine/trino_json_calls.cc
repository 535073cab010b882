// Calls of the standard's JSON functions: JSON_EXISTS, JSON_VALUE, JSON_QUERY, JSON_OBJECT, JSON_ARRAY.
#include "base/text.h"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::FunctionExpression;
using duckdb::make_uniq;
using duckdb::Value;
using std::string;

// text [FORMAT JSON [ENCODING UTF8]]
ParsedPtr Parser::json_input() {
  auto input = expression();
  if (take("format")) {
    expect("json");
    if (take("encoding")) ++at_;
  }
  return input;
}

ParsedPtr Parser::json_call(const string& name, size_t at) {
  at_ += 2;
  // The function, and what it does with errors and empty results, as texts.
  if (name == "json_object" || name == "json_array") {
    duckdb::vector<ParsedPtr> values;
    bool absent = name == "json_array";
    while (!is_op(")") && !(is("null") && is("on", 1)) && !is("absent") && !is("with") && !is("without") && !is("returning")) {
      if (name == "json_object") {
        take("key");
        values.push_back(value());
        if (!take("value")) expect_op(":");
      }
      values.push_back(expression());
      const bool json = take("format");
      if (json) expect("json");
      values.push_back(constant_of(Value::BOOLEAN(json)));
      if (!take_op(",")) break;
    }
    if (is("null") || is("absent")) {
      absent = is("absent");
      ++at_;
      expect("on");
      expect("null");
    }
    if (is("with") || is("without")) {
      if (is("with")) raise("NOT_SUPPORTED", "WITH UNIQUE KEYS is not supported.", place(here()));
      ++at_;
      expect("unique");
      take("keys");
    }
    if (take("returning")) type();
    expect_op(")");
    values.insert(values.begin(), constant_of(Value::BOOLEAN(absent)));
    return typed(name == "json_array" ? "json_array of" : "json_object of", at, std::move(values));
  }
  auto input = json_input();
  expect_op(",");
  auto path = primary();
  auto variables = json_variables(at);
  Type returning;
  returning.type = name == "json_exists" ? duckdb::LogicalType::BOOLEAN : duckdb::LogicalType::VARCHAR;
  if (take("returning")) returning = type();
  auto result = json_result(name, at, items(std::move(input), std::move(path), std::move(variables)), returning,
                            name == "json_exists" ? "false" : "null");
  expect_op(")");
  return result;
}

// PASSING value AS name, ..: an object of them.
ParsedPtr Parser::json_variables(size_t at) {
  if (!take("passing")) return constant_of(Value("{}"));
  duckdb::vector<ParsedPtr> passed = items(constant_of(Value::BOOLEAN(false)));
  do {
    auto given = expression();
    const bool json = take("format");
    if (json) expect("json");
    expect("as");
    passed.push_back(constant_of(Value(identifier())));
    passed.push_back(std::move(given));
    passed.push_back(constant_of(Value::BOOLEAN(json)));
  } while (take_op(","));
  return typed("json_object of", at, std::move(passed));
}

// What stands behind RETURNING, or behind a column's path. `given`: input, path, variables.
ParsedPtr Parser::json_result(const string& name, size_t at, duckdb::vector<ParsedPtr> given, const Type& returning,
                              string on_error) {
  const auto constant = [](const string& text) { return constant_of(Value(text)); };
  string wrapper = "without", quotes = "keep", on_empty = "null";
  ParsedPtr empty_default, error_default;
  while (!is_op(")") && !is_op(",") && peek().kind != TokenKind::kEnd) {
    if (is("without") || is("with")) {
      wrapper = is("with") ? "with" : "without";
      ++at_;
      if (take("conditional")) wrapper = "conditional";
      take("unconditional");
      take("array");
      expect("wrapper");
    } else if (is("keep") || is("omit")) {
      quotes = is("omit") ? "omit" : "keep";
      ++at_;
      expect("quotes");
      if (take("on")) {
        expect("scalar");
        expect("string");
      }
    } else {
      string what = tokens_[at_++].text;
      ParsedPtr otherwise;
      if (what == "default") otherwise = expression();
      if (what == "empty") {  // EMPTY ARRAY, EMPTY OBJECT
        what = is("object") ? "{}" : "[]";
        if (!take("object")) take("array");
      }
      expect("on");
      if (take("empty")) {
        on_empty = what;
        empty_default = std::move(otherwise);
      } else {
        expect("error");
        on_error = what;
        error_default = std::move(otherwise);
      }
    }
  }
  auto variables = std::move(given[2]);
  auto arguments = items(std::move(given[0]), std::move(given[1]), constant(on_error));
  if (name == "json_exists") {
    arguments.push_back(std::move(variables));
    return typed("json_exists of", at, std::move(arguments));
  }
  arguments.push_back(constant(on_empty));
  if (name == "json_query") {
    arguments.push_back(constant(wrapper));
    arguments.push_back(constant(quotes));
    arguments.push_back(std::move(variables));
    return typed("json_query of", at, std::move(arguments));
  }
  arguments.push_back(std::move(variables));
  auto found = typed("json_value of", at, std::move(arguments));
  auto null = [&] { return constant_of(Value(returning.type)); };
  if (empty_default || error_default) {
    // The text says which default: "\1" is neither of JSON's.
    duckdb::vector<ParsedPtr> cases;
    cases.push_back(typed("=", at, items(found->Copy(), constant(string("\1") + "empty"))));
    cases.push_back(empty_default ? std::move(empty_default) : null());
    cases.push_back(typed("=", at, items(found->Copy(), constant(string("\1") + "error"))));
    cases.push_back(error_default ? error_default->Copy() : null());
    auto to = items(found->Copy(), constant_of(Value(returning.type)));
    if (returning.length >= 0) to.push_back(constant_of(Value::INTEGER(returning.length)));
    ParsedPtr result = typed("cast", at, std::move(to));
    if (on_error != "error") {  // what is there and cannot be converted is an error as well
      result = make_uniq<duckdb::OperatorExpression>(duckdb::ExpressionType::OPERATOR_TRY, std::move(result));
      const auto is = [](duckdb::ExpressionType null_or_not, const ParsedPtr& e) {
        return make_uniq<duckdb::OperatorExpression>(null_or_not, e->Copy());
      };
      cases.push_back(make_uniq<duckdb::ConjunctionExpression>(
          duckdb::ExpressionType::CONJUNCTION_AND, is(duckdb::ExpressionType::OPERATOR_IS_NOT_NULL, found),
          is(duckdb::ExpressionType::OPERATOR_IS_NULL, result)));
      cases.push_back(error_default ? std::move(error_default) : null());
    }
    cases.push_back(std::move(result));
    return typed("case", at, std::move(cases));
  }
  auto converted = items(std::move(found), constant_of(Value(returning.type)));
  if (returning.length >= 0) converted.push_back(constant_of(Value::INTEGER(returning.length)));
  auto result = typed("cast", at, std::move(converted));
  if (on_error == "error") return result;
  return make_uniq<duckdb::OperatorExpression>(duckdb::ExpressionType::OPERATOR_TRY, std::move(result));
}

}  // namespace tarn::sql::engine::trino

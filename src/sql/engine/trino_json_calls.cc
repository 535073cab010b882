// Calls of the standard's JSON functions: JSON_EXISTS, JSON_VALUE, JSON_QUERY, JSON_OBJECT, JSON_ARRAY.
#include "base/text.h"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::FunctionExpression;
using duckdb::make_uniq;
using duckdb::Value;
using std::string;

// What JSON_QUERY and JSON_VALUE do with what they find.
struct JsonOptions {
  string wrapper = "without", quotes = "keep", on_empty = "null", on_error;
  ParsedPtr empty_default, error_default;  // of DEFAULT .. ON
};

// text [FORMAT JSON [ENCODING UTF8]]
ParsedPtr Parser::json_input() {
  auto input = expression();
  if (take("format")) {
    expect("json");
    if (take("encoding")) ++at_;
  }
  return input;
}

// Whether what comes is one call of those that make JSON, to its end: its text is JSON without a word.
bool Parser::is_json_call() const {
  if (!(is("json_object") || is("json_array") || is("json_query")) || !is_op("(", 1)) return false;
  int depth = 0;
  size_t ahead = 1;
  do {
    if (peek(ahead).kind == TokenKind::kEnd) return false;
    depth += is_op("(", ahead) ? 1 : is_op(")", ahead) ? -1 : 0;
    ++ahead;
  } while (depth > 0);
  return is_op(",", ahead) || is_op(")", ahead) || is("null", ahead) || is("absent", ahead) || is("returning", ahead) ||
         is("with", ahead) || is("without", ahead);
}

ParsedPtr Parser::json_call(const string& name, size_t at) {
  at_ += 2;
  // The function, and what it does with errors and empty results, as texts.
  if (name == "json_object" || name == "json_array") {
    duckdb::vector<ParsedPtr> values;
    bool absent = name == "json_array", formatted = false;
    while (!is_op(")") && !(is("null") && is("on", 1)) && !is("absent") && !is("with") && !is("without") && !is("returning")) {
      if (name == "json_object") {
        take("key");
        values.push_back(value());
        if (!take("value")) expect_op(":");
      }
      const bool built = is_json_call();
      values.push_back(expression());
      const bool json = take("format");
      if (json) expect("json");
      formatted = formatted || json;
      values.push_back(constant_of(Value::BOOLEAN(json || built)));
      if (!take_op(",")) break;
    }
    if (is("null") || is("absent")) {
      absent = is("absent");
      ++at_;
      expect("on");
      expect("null");
    }
    const bool unique = is("with");
    if (unique && formatted) {
      raise("NOT_SUPPORTED", "WITH UNIQUE KEYS behavior is not supported for JSON_OBJECT function when input expression has FORMAT",
            place(at));
    }
    if (is("with") || is("without")) {
      ++at_;
      expect("unique");
      take("keys");
    }
    if (take("returning")) {
      type();
      if (take("format")) expect("json");
    }
    expect_op(")");
    if (name == "json_object") values.insert(values.begin(), constant_of(Value::BOOLEAN(unique)));
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
  duckdb::vector<ParsedPtr> passed = items(constant_of(Value::BOOLEAN(false)), constant_of(Value::BOOLEAN(false)));
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

// [WITH .. WRAPPER] [KEEP | OMIT QUOTES ..] [.. ON EMPTY] [.. ON ERROR]
void Parser::json_options(JsonOptions& options) {
  while (!is_op(")") && !is_op(",") && peek().kind != TokenKind::kEnd) {
    if (is("without") || is("with")) {
      options.wrapper = is("with") ? "with" : "without";
      ++at_;
      if (take("conditional")) options.wrapper = "conditional";
      take("unconditional");
      take("array");
      expect("wrapper");
    } else if (is("keep") || is("omit")) {
      options.quotes = is("omit") ? "omit" : "keep";
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
        options.on_empty = what;
        options.empty_default = std::move(otherwise);
      } else {
        expect("error");
        options.on_error = what;
        options.error_default = std::move(otherwise);
      }
    }
  }
}

// What JSON_VALUE has found, as the type; or one of the defaults.
ParsedPtr Parser::json_or_default(ParsedPtr found, size_t at, JsonOptions options, const Type& returning) {
  refuse_huge(*found, place(at));
  const auto null = [&] { return constant_of(Value(returning.type)); };
  const auto says = [&](const char* which) {  // "\1" is in no text of JSON's
    return typed("=", at, items(found->Copy(), constant_of(Value(string("\1") + which))));
  };
  duckdb::vector<ParsedPtr> cases;
  cases.push_back(says("empty"));
  cases.push_back(options.empty_default ? std::move(options.empty_default) : null());
  cases.push_back(says("error"));
  cases.push_back(options.error_default ? options.error_default->Copy() : null());
  ParsedPtr result = cast_as(found->Copy(), at, returning);
  if (options.on_error != "error") {  // what is there and cannot be converted is an error as well
    result = make_uniq<duckdb::OperatorExpression>(duckdb::ExpressionType::OPERATOR_TRY, std::move(result));
    const auto is = [](duckdb::ExpressionType null_or_not, const ParsedPtr& e) {
      return make_uniq<duckdb::OperatorExpression>(null_or_not, e->Copy());
    };
    cases.push_back(make_uniq<duckdb::ConjunctionExpression>(
        duckdb::ExpressionType::CONJUNCTION_AND, is(duckdb::ExpressionType::OPERATOR_IS_NOT_NULL, found),
        is(duckdb::ExpressionType::OPERATOR_IS_NULL, result)));
    cases.push_back(options.error_default ? std::move(options.error_default) : null());
  }
  cases.push_back(std::move(result));
  return typed("case", at, std::move(cases));
}

// CAST(value AS type)
ParsedPtr Parser::cast_as(ParsedPtr value, size_t at, const Type& to) {
  auto arguments = items(std::move(value), constant_of(Value(to.type)));
  if (to.length >= 0) arguments.push_back(constant_of(Value::INTEGER(to.length)));
  return typed("cast", at, std::move(arguments));
}

// What stands behind RETURNING, or behind a column's path. `given`: input, path, variables.
ParsedPtr Parser::json_result(const string& name, size_t at, duckdb::vector<ParsedPtr> given, const Type& returning,
                              string on_error) {
  JsonOptions options;
  options.on_error = std::move(on_error);
  json_options(options);
  const auto constant = [](const string& text) { return constant_of(Value(text)); };
  auto arguments = items(std::move(given[0]), std::move(given[1]), constant(options.on_error));
  if (name != "json_exists") arguments.push_back(constant(options.on_empty));
  if (name == "json_query") {
    arguments.push_back(constant(options.wrapper));
    arguments.push_back(constant(options.quotes));
  }
  arguments.push_back(std::move(given[2]));
  auto found = typed((name + " of").c_str(), at, std::move(arguments));
  if (name != "json_value") return found;
  if (options.empty_default || options.error_default)
    return json_or_default(std::move(found), at, std::move(options), returning);
  auto result = cast_as(std::move(found), at, returning);
  if (options.on_error == "error") return result;
  return make_uniq<duckdb::OperatorExpression>(duckdb::ExpressionType::OPERATOR_TRY, std::move(result));
}

}  // namespace tarn::sql::engine::trino

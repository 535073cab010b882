// Literals and what else an expression begins with, by Trino's grammar.
#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"
#include "duckdb/common/extension_type_info.hpp"
#include "sql/engine/trino_functions.h"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::ExpressionType;
using duckdb::make_uniq;
using duckdb::Value;
using std::string;

// --- literals --------------------------------------------------------------------------------------------------------

ParsedPtr Parser::number() {
  const Token& token = tokens_[at_++];
  const string& text = token.text;
  const bool exponent = text.find_first_of("eE") != string::npos;
  if (exponent) return constant_of(Value::DOUBLE(std::strtod(text.c_str(), nullptr)));
  if (text.find('.') != string::npos) {
    string digits = text;
    const size_t point = digits.find('.');
    const size_t scale = digits.size() - point - 1;
    digits.erase(point, 1);
    const size_t first = digits.find_first_not_of('0');
    size_t precision = first == string::npos ? 1 : digits.size() - first;
    precision = std::max({precision, scale, size_t{1}});
    if (precision > 38) raise("NUMERIC_VALUE_OUT_OF_RANGE", "Value too large: " + text, place(token.begin));
    const string plain = text[0] == '.' ? "0" + text : text.back() == '.' ? text + "0" : text;
    return constant_of(Value(plain).DefaultCastAs(
        duckdb::LogicalType::DECIMAL(static_cast<uint8_t>(precision), static_cast<uint8_t>(scale))));
  }
  const auto n = parse_int(text);
  if (!n) {
    if (text == "9223372036854775808" && at_ > 1 && tokens_[at_ - 2].is_op("-")) {
      return constant_of(Value::BIGINT(std::numeric_limits<int64_t>::min()));
    }
    raise("INVALID_LITERAL", "Invalid numeric literal: " + text, place(token.begin));
  }
  if (*n <= std::numeric_limits<int32_t>::max()) return constant_of(Value::INTEGER(static_cast<int32_t>(*n)));
  return constant_of(Value::BIGINT(*n));
}

ParsedPtr Parser::string_literal() {
  return constant_of(Value(tokens_[at_++].text));
}

// DATE '..', TIMESTAMP '.. Europe/Paris', DECIMAL '1.5', JSON '{}' ..
ParsedPtr Parser::typed_literal(const string& type_text, size_t at) {
  const string text = tokens_[at_++].text;
  return typed("literal", at, items(constant_of(Value(type_text)), constant_of(Value(text))));
}

// INTERVAL [+|-] '3' DAY, INTERVAL '1-2' YEAR TO MONTH
ParsedPtr Parser::interval() {
  const size_t at = here();
  expect("interval");
  bool negative = false;
  if (take_op("-")) {
    negative = true;
  } else {
    take_op("+");
  }
  if (peek().kind != TokenKind::kString) mismatched("<string>");
  const string text = tokens_[at_++].text;
  static const std::set<string> kUnits = {"second", "minute", "hour", "day", "week", "month", "year"};
  if (peek().kind != TokenKind::kWord || !kUnits.contains(peek().text)) {
    mismatched("'DAY', 'HOUR', 'MINUTE', 'MONTH', 'SECOND', 'YEAR'");
  }
  const string from = tokens_[at_++].text;
  string to = from;
  if (take("to")) {
    if (peek().kind != TokenKind::kWord || !kUnits.contains(peek().text)) mismatched("'SECOND', 'MONTH'");
    to = tokens_[at_++].text;
  }
  // 1-2, or 1 02:03:04.5: numbers between separators fill the units from the first one on.
  static constexpr std::array<std::string_view, 6> kOrder = {"year", "month", "day", "hour", "minute", "second"};
  int64_t months = 0, days = 0, micros = 0;
  const auto unit_index = [&](const string& unit) {
    return static_cast<size_t>(std::find(kOrder.begin(), kOrder.end(), unit == "week" ? "day" : unit) - kOrder.begin());
  };
  size_t unit = unit_index(from);
  const size_t last = unit_index(to);
  bool good = !text.empty();
  size_t i = 0;
  string body(trim(text));
  if (!body.empty() && (body[0] == '-' || body[0] == '+')) {
    negative = negative != (body[0] == '-');
    body.erase(0, 1);
  }
  while (good && i < body.size()) {
    size_t end = i;
    while (end < body.size() && (std::isdigit(static_cast<unsigned char>(body[end])) || body[end] == '.')) ++end;
    if (end == i || unit > last) {
      good = false;
      break;
    }
    const string digits = body.substr(i, end - i);
    const auto whole = parse_int(digits.substr(0, digits.find('.')));
    if (!whole || (digits.find('.') != string::npos && unit != 5)) good = false;
    const int64_t n = whole.value_or(0);
    switch (unit) {
      case 0: months += n * 12; break;
      case 1: months += n; break;
      case 2: days += from == "week" ? n * 7 : n; break;
      case 3: micros += n * 3600'000'000LL; break;
      case 4: micros += n * 60'000'000LL; break;
      default: {
        micros += n * 1'000'000LL;
        if (const size_t point = digits.find('.'); point != string::npos) {
          string fraction = (digits.substr(point + 1) + "000000").substr(0, 6);
          micros += parse_int(fraction).value_or(0);
        }
      }
    }
    const char* separators = unit == 0 ? "-" : unit == 2 ? " " : ":.";
    ++unit;
    if (end < body.size() && (!std::strchr(separators, body[end]) || end + 1 == body.size())) good = false;
    i = end < body.size() ? end + 1 : end;
  }
  if (!good) raise("INVALID_LITERAL", "'" + text + "' is not a valid INTERVAL literal", place(at));
  if (negative) {
    months = -months;
    days = -days;
    micros = -micros;
  }
  return constant_of(Value::INTERVAL(static_cast<int32_t>(months), static_cast<int32_t>(days), micros));
}

// --- primaries -------------------------------------------------------------------------------------------------------

ParsedPtr Parser::parameter(size_t index, size_t at) {
  for (const Param& given : request_.params) {
    if (given.name != std::to_string(index)) continue;
    if (!given.value) return constant_of(Value(duckdb::LogicalType::SQLNULL));
    Rewritten unused;
    auto e = Parser(context_, request_, unused, *given.value, false).lone_expression();
    if (given.type.empty()) return e;
    const string text = "CAST(NULL AS " + given.type + ")";
    auto cast = Parser(context_, request_, unused, text, false).lone_expression();
    cast->Cast<duckdb::FunctionExpression>().children[2] = std::move(e);
    return cast;
  }
  raise("INVALID_PARAMETER_USAGE", "Incorrect number of parameters: expected " + std::to_string(index) +
        " but found " + std::to_string(request_.params.size()), place(at));
}

ParsedPtr Parser::subquery(duckdb::SubqueryType type) {
  auto result = make_uniq<duckdb::SubqueryExpression>();
  result->subquery_type = type;
  result->subquery = inner_query();
  return result;
}

ParsedPtr Parser::primary() {
  const Nested nested(*this);
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::kNumber: return number();
    case TokenKind::kString: return string_literal();
    case TokenKind::kQuestion: {
      ++at_;
      return parameter(++questions_, token.begin);
    }
    case TokenKind::kQuotedName: {
      if (is_op("(", 1)) {
        const size_t at = here();
        const string name = lower(identifier());
        return function_call(name, at);
      }
      return column(here());
    }
    case TokenKind::kWord: return word_primary();
    case TokenKind::kOperator:
      if (token.text == "(") return parenthesised();
      break;
    default: break;
  }
  mismatched("<expression>");
}

// A scalar subquery, a row, or an expression.
ParsedPtr Parser::parenthesised() {
  const size_t at = here();
  expect_op("(");
  size_t ahead = 0;
  while (is_op("(", ahead)) ++ahead;
  if (is("select", ahead) || is("with", ahead) || (ahead == 0 && (is("values") || is("table")))) {
    bool whole = ahead == 0;
    if (ahead > 0) {  // ((SELECT 1) + 1) is an expression; ((SELECT 1) UNION ..) a query
      int depth = 0;
      for (size_t i = at_; i < tokens_.size(); ++i) {
        if (tokens_[i].is_op("(")) ++depth;
        if (tokens_[i].is_op(")") && --depth == 0) {
          const Token& next = tokens_[std::min(i + 1, tokens_.size() - 1)];
          whole = next.is("union") || next.is("except") || next.is("intersect") || next.is("limit");
          break;
        }
      }
    }
    if (whole) {
      auto result = subquery(duckdb::SubqueryType::SCALAR);
      expect_op(")");
      return result;
    }
  }
  auto first = expression();
  if (take_op(")")) return first;
  auto fields = items(std::move(first));
  while (take_op(",")) fields.push_back(expression());
  expect_op(")");
  return typed("row", at, std::move(fields));
}

ParsedPtr Parser::case_of() {
  const size_t at = here();
  expect("case");
  ParsedPtr operand;
  if (!is("when")) operand = expression();
  duckdb::vector<ParsedPtr> parts;
  if (!is("when")) mismatched("'WHEN'");
  while (is("when")) {
    ++at_;
    const size_t when_at = here();
    auto when = expression();
    if (operand) {
      when = typed("=", when_at, items(operand->Copy(), std::move(when)));
    } else {
      when = condition(std::move(when), "CASE WHEN clause", when_at);
    }
    expect("then");
    parts.push_back(std::move(when));
    parts.push_back(expression());
  }
  if (take("else")) parts.push_back(expression());
  expect("end");
  return typed("case", at, std::move(parts));
}

ParsedPtr Parser::cast(bool try_cast) {
  const size_t at = here();
  ++at_;
  expect_op("(");
  auto value = expression();
  expect("as");
  const Type to = type();
  expect_op(")");
  auto arguments = items(std::move(value), constant_of(Value(to.type)));
  if (to.length >= 0) arguments.push_back(constant_of(Value::INTEGER(to.length)));
  auto result = typed("cast", at, std::move(arguments));
  if (!try_cast) return result;
  return make_uniq<duckdb::OperatorExpression>(ExpressionType::OPERATOR_TRY, std::move(result));
}

ParsedPtr Parser::extract() {
  const size_t at = here();
  ++at_;
  expect_op("(");
  const size_t field_at = here();
  const string field = lower(identifier());
  expect("from");
  auto value = expression();
  expect_op(")");
  static const std::map<string, const char*> kFields = {
      {"year", "year"}, {"quarter", "quarter"}, {"month", "month"}, {"week", "week"}, {"day", "day"},
      {"day_of_month", "day"}, {"day_of_week", "day_of_week"}, {"dow", "day_of_week"},
      {"day_of_year", "day_of_year"}, {"doy", "day_of_year"}, {"year_of_week", "year_of_week"},
      {"yow", "year_of_week"}, {"hour", "hour"}, {"minute", "minute"}, {"second", "second"},
      {"timezone_hour", "timezone_hour"}, {"timezone_minute", "timezone_minute"}};
  const auto found = kFields.find(field);
  if (found == kFields.end()) raise("SYNTAX_ERROR", "Invalid EXTRACT field: " + field, place(field_at));
  return typed(found->second, at, items(std::move(value)));
}

// TRIM([[LEADING|TRAILING|BOTH] [characters] FROM] text), trim(text, characters)
ParsedPtr Parser::trim_call() {
  const size_t at = here();
  ++at_;
  expect_op("(");
  const char* name = "trim";
  bool sided = false;
  if (is("leading") || is("trailing") || is("both")) {
    name = is("leading") ? "ltrim" : is("trailing") ? "rtrim" : "trim";
    sided = true;
    ++at_;
  }
  ParsedPtr characters, text;
  if (sided && take("from")) {
    text = expression();
  } else {
    text = expression();
    if (take("from")) {
      characters = std::move(text);
      text = expression();
    } else if (take_op(",")) {
      characters = expression();
    }
  }
  expect_op(")");
  auto arguments = items(std::move(text));
  if (characters) arguments.push_back(std::move(characters));
  return typed(name, at, std::move(arguments));
}

ParsedPtr Parser::column(size_t at) {
  const string label = canonical_name();
  duckdb::vector<string> names = {identifier()};
  if (!lambdas_.empty()) {
    for (auto scope = lambdas_.rbegin(); scope != lambdas_.rend(); ++scope) {
      const auto found = scope->find(lower(names[0]));
      if (found == scope->end()) continue;
      ParsedPtr e = make_uniq<duckdb::ColumnRefExpression>(found->second.name);
      if (found->second.field.empty()) return e;
      return typed("field", at, items(std::move(e), constant_of(Value(found->second.field))));
    }
  }
  while (is_op(".") && is_identifier(1)) {
    ++at_;
    names.push_back(identifier());
  }
  if (recognition_) return match_column(label, std::move(names), at);
  const auto known = [&](size_t from) {
    return std::find(from_tables_.begin(), from_tables_.end(),
                     std::pair(lower(names[from]), lower(names[from + 1]))) != from_tables_.end();
  };
  if (names.size() >= 4 && known(1)) {
    names.erase(names.begin(), names.begin() + 2);
  } else if (names.size() >= 3 && known(0)) {
    names.erase(names.begin());
  }
  auto result = make_uniq<duckdb::ColumnRefExpression>(names);
  result->SetQueryLocation(place(at));
  return result;
}

namespace {

// From U&'\0041': four digits, or six behind a plus.
string unescaped(const string& text, char escape, duckdb::optional_idx at) {
  string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != escape) {
      out += text[i];
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == escape) {
      out += text[++i];
      continue;
    }
    const bool six = i + 1 < text.size() && text[i + 1] == '+';
    const string digits = text.substr(i + (six ? 2 : 1), six ? 6 : 4);
    char* end = nullptr;
    const auto code = std::strtoul(digits.c_str(), &end, 16);
    if (digits.size() != (six ? 6u : 4u) || *end || code > 0x10FFFF) {
      raise("INVALID_LITERAL", "Incomplete escape sequence: " + digits, at);
    }
    out += utf8({static_cast<char32_t>(code)});
    i += six ? 7 : 4;
  }
  return out;
}

string bytes_of_hex(const string& text, duckdb::optional_idx at) {
  string digits, out;
  for (const char c : text) {
    if (c == ' ') continue;
    if (!std::isxdigit(static_cast<unsigned char>(c))) {
      raise("INVALID_LITERAL", "Binary literal can only contain hexadecimal digits", at);
    }
    digits += c;
  }
  if (digits.size() % 2) raise("INVALID_LITERAL", "Binary literal must contain an even number of digits", at);
  for (size_t i = 0; i < digits.size(); i += 2) {
    out += static_cast<char>(std::strtoul(digits.substr(i, 2).c_str(), nullptr, 16));
  }
  return out;
}

}  // namespace

ParsedPtr Parser::word_primary() {
  const Token& token = peek();
  const size_t at = token.begin;
  const string& word = token.text;
  const auto typed_null = [&] { return constant_of(Value(duckdb::LogicalType::SQLNULL)); };
  if (word == "null") return ++at_, typed_null();
  if (word == "true") return ++at_, constant_of(Value::BOOLEAN(true));
  if (word == "false") return ++at_, constant_of(Value::BOOLEAN(false));
  if (word == "case") return case_of();
  if (word == "cast" || word == "try_cast") {
    if (is_op("(", 1)) return cast(word == "try_cast");
  }
  if (word == "exists" && is_op("(", 1)) {
    at_ += 2;
    auto result = subquery(duckdb::SubqueryType::EXISTS);
    expect_op(")");
    return result;
  }
  if (word == "interval" && (peek(1).kind == TokenKind::kString || is_op("-", 1) || is_op("+", 1))) return interval();
  if (word == "array" && is_op("[", 1)) {
    at_ += 2;
    duckdb::vector<ParsedPtr> elements;
    if (!is_op("]")) {
      do elements.push_back(expression());
      while (take_op(","));
    }
    expect_op("]");
    return typed("array", at, std::move(elements));
  }
  if (word == "row" && is_op("(", 1)) {
    at_ += 2;
    duckdb::vector<ParsedPtr> fields;
    do fields.push_back(expression());
    while (take_op(","));
    expect_op(")");
    return typed("row", at, std::move(fields));
  }
  if (word == "extract" && is_op("(", 1)) return extract();
  if (word == "trim" && is_op("(", 1)) return trim_call();
  if (word == "position" && is_op("(", 1)) {
    at_ += 2;
    auto part = value();
    if (!take("in")) mismatched("'IN'");
    auto text = value();
    expect_op(")");
    return typed("strpos", at, items(std::move(text), std::move(part)));
  }
  if (word == "substring" && is_op("(", 1)) {
    at_ += 2;
    auto arguments = items(expression());
    if (take("from")) {
      arguments.push_back(expression());
      if (take("for")) arguments.push_back(expression());
    } else {
      while (take_op(",")) arguments.push_back(expression());
    }
    expect_op(")");
    return typed("substr", at, std::move(arguments));
  }
  if (word == "normalize" && is_op("(", 1)) {
    at_ += 2;
    auto text = expression();
    string form = "NFC";
    if (take_op(",")) form = upper(identifier());
    expect_op(")");
    return typed("normalize", at, items(std::move(text), constant_of(Value(form))));
  }
  if (word == "grouping" && is_op("(", 1)) {
    at_ += 2;
    duckdb::vector<ParsedPtr> groups;
    do groups.push_back(expression());
    while (take_op(","));
    expect_op(")");
    return make_uniq<duckdb::OperatorExpression>(ExpressionType::GROUPING_FUNCTION, std::move(groups));
  }
  static const std::set<string> kJsonCalls = {"json_exists", "json_value", "json_query", "json_object", "json_array"};
  if (kJsonCalls.contains(word) && is_op("(", 1)) return json_call(word, at);
  static const std::set<string> kMoments = {"current_date", "current_time", "current_timestamp", "localtime",
                                            "localtimestamp", "current_user", "current_catalog", "current_schema"};
  if (kMoments.contains(word)) {
    ++at_;
    if (is_op("(") && peek(1).kind == TokenKind::kNumber && is_op(")", 2)) at_ += 3;  // a precision
    return typed(word.c_str(), at, {});
  }
  // X'65', U&'\0041'
  if (word == "x" && peek(1).kind == TokenKind::kString && peek(1).begin == token.end) {
    ++at_;
    return constant_of(Value::BLOB_RAW(bytes_of_hex(tokens_[at_++].text, place(at))));
  }
  if (word == "u" && is_op("&", 1) && peek(2).kind == TokenKind::kString && peek(1).begin == token.end) {
    at_ += 2;
    const string text = tokens_[at_++].text;
    char escape = '\\';
    if (take("uescape")) {
      if (peek().kind != TokenKind::kString || peek().text.size() != 1) mismatched("<string>");
      escape = tokens_[at_++].text[0];
    }
    return constant_of(Value(unescaped(text, escape, place(at))));
  }
  if (is_identifier()) {
    if (peek(1).kind == TokenKind::kString) {
      ++at_;
      return typed_literal(word, at);
    }
    if (word == "double" && is("precision", 1) && peek(2).kind == TokenKind::kString) {
      at_ += 2;
      return typed_literal("double", at);
    }
    const bool processing = recognition_ && (word == "running" || word == "final");
    if (is_op("(", 1) || (processing && is_identifier(1) && is_op("(", 2))) {
      ++at_;
      return function_call(word, at);
    }
    return column(at);
  }
  if (word == "listagg" && is_op("(", 1)) {
    ++at_;
    return function_call(word, at);
  }
  mismatched("<expression>");
}

}  // namespace tarn::sql::engine::trino

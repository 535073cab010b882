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
      static const std::set<string> kBoolean = {"=", "<>", "<", "<=", ">", ">=", "between", "in", "like"};
      return kBoolean.contains(name);
    }
    default: return false;
  }
}

void append_utf8(string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
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

ParsedPtr Parser::quantified(ParsedPtr left, ExpressionType type, size_t) {
  const bool all = is("all");
  ++at_;
  expect_op("(");
  auto result = make_uniq<duckdb::SubqueryExpression>();
  result->subquery_type = duckdb::SubqueryType::ANY;
  result->subquery = query();
  expect_op(")");
  result->child = std::move(left);
  result->comparison_type = all ? duckdb::NegateComparisonExpression(type) : type;
  if (all) return negated(std::move(result));
  return result;
}

ParsedPtr Parser::in_list(ParsedPtr left, size_t at) {
  expect_op("(");
  if (is("select") || is("with") || is("values") || is("table")) {
    auto result = make_uniq<duckdb::SubqueryExpression>();
    result->subquery_type = duckdb::SubqueryType::ANY;
    result->subquery = query();
    expect_op(")");
    result->child = std::move(left);
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
        left = typed(comparison->name, at, items(std::move(left), value()));
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
    ++unit;
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
  result->subquery = query();
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
    append_utf8(out, static_cast<uint32_t>(code));
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
    if (is_op("(", 1)) {
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

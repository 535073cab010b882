// Operators: comparison, arithmetic.
#include <algorithm>

#include "base/text.h"
#include "sql/engine/encode.h"
#include "sql/engine/functions.h"
#include "sql/engine/session_state.h"
#include "sql/engine/trino_functions.h"
#include "sql/engine/trino_manifest.h"
#include "sql/engine/trino_operators.h"

namespace tarn::sql::engine::trino {

using duckdb::ExpressionType;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::make_uniq;
using duckdb::Value;
using std::string;

[[noreturn]] void no_operator(const BindInput& input) {
  string text;
  for (const auto& argument : input.arguments) {
    if (!text.empty()) text += " " + (input.name == "= joins" ? "=" : input.name) + " ";
    text += type_name(*argument);
  }
  raise("TYPE_MISMATCH", "Cannot apply operator: " + text, input.place);
}

BoundPtr native(BindInput& input, const string& name, BoundPtr a, BoundPtr b) {
  return call(input.context, "main", name, bound_items(std::move(a), std::move(b)), true);
}

BoundPtr own(BindInput& input, const char* name, duckdb::vector<BoundPtr> arguments) {
  return call(input.context, kSchema, name, std::move(arguments));
}

BoundPtr body(BindInput& input, const char* text) {
  return bind_template(input.context, text, std::move(input.arguments), input.place);
}

bool is_integer(const LogicalType& type) {
  return type.IsIntegral() && !type.HasAlias();
}
bool is_decimal(const LogicalType& type) {
  return type.id() == LogicalTypeId::DECIMAL;
}
bool is_null(const LogicalType& type) {
  return type.id() == LogicalTypeId::SQLNULL || is_unknown(type);
}
bool is_number(const LogicalType& type) {
  return (type.IsNumeric() && !type.HasAlias());
}
bool is_constant(const duckdb::Expression& e) {
  return e.GetExpressionType() == ExpressionType::VALUE_CONSTANT;
}

LogicalType common_of(BindInput& input, const std::vector<size_t>& which, const char* what) {
  LogicalType common = input.arguments[which[0]]->return_type;
  string shown = type_name(*input.arguments[which[0]]);
  for (const size_t i : which) {
    const duckdb::Expression& argument = *input.arguments[i];
    const auto next = common_type(common, argument.return_type);
    if (!next) {
      string all;  // each once
      std::vector<string> names;
      for (const size_t each : which) {
        const string name = type_name(*input.arguments[each]);
        if (std::find(names.begin(), names.end(), name) != names.end()) continue;
        names.push_back(name);
        all += (all.empty() ? "" : ", ") + name;
      }
      raise("TYPE_MISMATCH", string(what) + " must be the same type or coercible to a common type. Cannot find common "
            "type between " + shown + " and " + type_name(argument) + ", all types (without duplicates): [" + all + "]",
            input.place);
    }
    if (*next != common) shown = *next == argument.return_type ? type_name(argument) : type_name(*next);
    common = *next;
  }
  return common;
}

namespace {

// --- comparison ------------------------------------------------------------------------------------------------------

// Brings both sides to one type and says whether they can be compared.
bool align(BindInput& input, BoundPtr& a, BoundPtr& b) {
  // A moment of a table against another: compared as instants, so that files can still be skipped.
  const auto native_moment = [](const LogicalType& type) { return type.id() == LogicalTypeId::TIMESTAMP_TZ; };
  if ((native_moment(a->return_type) && is_zoned(b->return_type)) ||
      (is_zoned(a->return_type) && native_moment(b->return_type))) {
    auto& zoned = is_zoned(a->return_type) ? a : b;
    zoned = own(input, "t_instant", bound_items(std::move(zoned)));
    return true;
  }
  const auto common = common_type(a->return_type, b->return_type);
  if (!common) return false;
  a = coerced(input.context, std::move(a), *common);
  b = coerced(input.context, std::move(b), *common);
  if (is_zoned(*common)) {  // the same moment in two zones is equal
    a = own(input, "t_instant", bound_items(std::move(a)));
    b = own(input, "t_instant", bound_items(std::move(b)));
  }
  return true;
}

// A column of a narrower type against a literal: the literal is converted where that loses nothing, so that the column
// stays as it is in filters of files. Other conversions are the common type's.
bool align_to_column(BindInput& input, BoundPtr& a, BoundPtr& b) {
  auto* column = &a;
  auto* literal = &b;
  if (is_constant(*a)) std::swap(column, literal);
  if (!is_constant(**literal) || is_constant(**column)) return false;
  const LogicalType type = (*column)->return_type;
  auto value = (*literal)->Cast<duckdb::BoundConstantExpression>().value;
  if (value.IsNull() || type == value.type() || !common_type(type, value.type())) return false;
  const bool numbers = is_number(type) && is_number(value.type()) && !type.IsFloating() && !value.type().IsFloating();
  if (!numbers) return false;
  Value converted = value;
  if (!converted.DefaultTryCastAs(type)) return false;
  Value back = converted;
  if (!back.DefaultTryCastAs(value.type()) || back != value) return false;
  *literal = bound_constant(converted);
  (void)input;
  return true;
}

BoundPtr negated(BoundPtr value) {
  auto result = make_uniq<duckdb::BoundOperatorExpression>(ExpressionType::OPERATOR_NOT, LogicalType::BOOLEAN);
  result->children.push_back(std::move(value));
  return result;
}

// The engine takes NULLs inside of nested values as equal; in Trino they make the comparison NULL.
BoundPtr nested_equal(BindInput& input, BoundPtr a, BoundPtr b) {
  if (a->return_type.id() != LogicalTypeId::STRUCT)
    return own(input, "t_nested_equal", bound_items(std::move(a), std::move(b)));
  // Field by field: a join on rows stays one that hashes.
  auto all = make_uniq<duckdb::BoundConjunctionExpression>(ExpressionType::CONJUNCTION_AND);
  for (size_t i = 1; i <= duckdb::StructType::GetChildCount(a->return_type); ++i) {
    const string field = "struct_extract_at($1, " + std::to_string(i) + ")";
    all->children.push_back(compared(input, ExpressionType::COMPARE_EQUAL,
                                     bind_template(input.context, field, bound_items(a->Copy()), input.place),
                                     bind_template(input.context, field, bound_items(b->Copy()), input.place)));
  }
  if (all->children.size() == 1) return std::move(all->children[0]);
  return all;
}

// To the engine NaN is equal to itself and greater than all; in Trino no comparison with it is true but <>.
BoundPtr compared_floats(BindInput& input, ExpressionType type, BoundPtr a, BoundPtr b) {
  const bool different = type == ExpressionType::COMPARE_NOTEQUAL;
  const bool less = type == ExpressionType::COMPARE_LESSTHAN || type == ExpressionType::COMPARE_LESSTHANOREQUALTO;
  const bool either = different || type == ExpressionType::COMPARE_EQUAL;
  const auto is_column = [](const BoundPtr& e) { return e->GetExpressionType() == ExpressionType::BOUND_COLUMN_REF; };
  // The condition of a join: a comparison alone, so that hashes join.
  if (input.name == "= joins" && is_column(a) && is_column(b)) {
    a = bind_template(input.context, "CASE WHEN isnan($1) THEN NULL ELSE $1 END", bound_items(std::move(a)), input.place);
    return make_uniq<duckdb::BoundComparisonExpression>(type, std::move(a), std::move(b));
  }
  // The side that makes it true where it is NaN.
  auto& greater = less || (either && is_constant(*a)) ? b : a;
  const bool can_be_nan = !is_constant(*greater) || greater->Cast<duckdb::BoundConstantExpression>().value.ToString() == "nan";
  if (!can_be_nan) return make_uniq<duckdb::BoundComparisonExpression>(type, std::move(a), std::move(b));
  auto number = negated(bind_template(input.context, "isnan($1)", bound_items(greater->Copy()), input.place));
  auto all = make_uniq<duckdb::BoundConjunctionExpression>(ExpressionType::CONJUNCTION_AND);
  all->children.push_back(make_uniq<duckdb::BoundComparisonExpression>(different ? ExpressionType::COMPARE_EQUAL : type,
                                                                       std::move(a), std::move(b)));
  all->children.push_back(std::move(number));
  return different ? negated(std::move(all)) : BoundPtr(std::move(all));
}

// Trino reads the text as a CHAR as well: blanks at the end do not count.
bool char_meets_text(const LogicalType& a, const LogicalType& b) {
  return (is_char(a) && is_varchar(b)) || (is_varchar(a) && is_char(b));
}

}  // namespace

BoundPtr compared(BindInput& input, ExpressionType type, BoundPtr a, BoundPtr b) {
  if (char_meets_text(a->return_type, b->return_type)) {
    for (BoundPtr* side : {&a, &b})
      *side = bind_template(input.context, "rtrim(CAST($1 AS VARCHAR), ' ')", bound_items(std::move(*side)), input.place);
  }
  if (!align_to_column(input, a, b) && !align(input, a, b)) {
    input.arguments = bound_items(std::move(a), std::move(b));
    no_operator(input);
  }
  const LogicalType& both = a->return_type;
  const bool equality = type == ExpressionType::COMPARE_EQUAL || type == ExpressionType::COMPARE_NOTEQUAL ||
                        type == ExpressionType::COMPARE_DISTINCT_FROM;
  if (!equality && (both.id() == LogicalTypeId::MAP || is_json(both))) {
    input.arguments = bound_items(std::move(a), std::move(b));
    no_operator(input);
  }
  const bool nested = both.id() == LogicalTypeId::LIST || both.id() == LogicalTypeId::STRUCT || both.id() == LogicalTypeId::MAP;
  if (nested && type == ExpressionType::COMPARE_EQUAL) return nested_equal(input, std::move(a), std::move(b));
  if (nested && type == ExpressionType::COMPARE_NOTEQUAL)
    return negated(nested_equal(input, std::move(a), std::move(b)));
  if (both.IsFloating() && type != ExpressionType::COMPARE_DISTINCT_FROM)
    return compared_floats(input, type, std::move(a), std::move(b));
  return make_uniq<duckdb::BoundComparisonExpression>(type, std::move(a), std::move(b));
}

namespace {

template <ExpressionType type>
BoundPtr bind_comparison(BindInput& input) {
  return compared(input, type, std::move(input.arguments[0]), std::move(input.arguments[1]));
}

BoundPtr bind_between(BindInput& input) {
  auto both = make_uniq<duckdb::BoundConjunctionExpression>(ExpressionType::CONJUNCTION_AND);
  auto copy = input.arguments[0]->Copy();
  BindInput low{input.context, input.name, input.place, {}};
  auto arguments = std::move(input.arguments);
  const auto check = [&](const duckdb::Expression& bound) {
    if (!common_type(copy->return_type, bound.return_type)) {
      raise("TYPE_MISMATCH", "Cannot check if " + type_name(*copy) + " is BETWEEN " + type_name(*arguments[1]) + " and " +
            type_name(*arguments[2]), input.place);
    }
  };
  check(*arguments[1]);
  check(*arguments[2]);
  both->children.push_back(compared(low, ExpressionType::COMPARE_GREATERTHANOREQUALTO, std::move(arguments[0]),
                                    std::move(arguments[1])));
  both->children.push_back(
      compared(low, ExpressionType::COMPARE_LESSTHANOREQUALTO, std::move(copy), std::move(arguments[2])));
  return both;
}

// x = a OR x = b: for NaN, and for NULLs inside of nested values, IN is what = is.
BoundPtr in_by_comparison(BindInput& input) {
  auto any = make_uniq<duckdb::BoundConjunctionExpression>(ExpressionType::CONJUNCTION_OR);
  for (size_t i = 1; i < input.arguments.size(); ++i) {
    any->children.push_back(compared(input, ExpressionType::COMPARE_EQUAL, input.arguments[0]->Copy(),
                                     std::move(input.arguments[i])));
  }
  if (any->children.size() == 1) return std::move(any->children[0]);
  return any;
}

BoundPtr bind_in(BindInput& input) {
  std::vector<size_t> all;
  for (size_t i = 0; i < input.arguments.size(); ++i) all.push_back(i);
  LogicalType common = common_of(input, all, "IN value and list items");
  const bool literals = std::all_of(input.arguments.begin() + 1, input.arguments.end(), [](const BoundPtr& e) {
    return is_constant(*e) && e->Cast<duckdb::BoundConstantExpression>().value.ToString() != "nan";
  });
  const bool blanks = std::any_of(input.arguments.begin() + 1, input.arguments.end(), [&](const BoundPtr& e) {
    return char_meets_text(input.arguments[0]->return_type, e->return_type);
  });
  if (blanks || common.IsNested() || (common.IsFloating() && !literals)) return in_by_comparison(input);
  auto in = make_uniq<duckdb::BoundOperatorExpression>(ExpressionType::COMPARE_IN, LogicalType::BOOLEAN);
  // Literals that fit the column's type keep the column as it is.
  const LogicalType column = input.arguments[0]->return_type;
  bool narrow = column != common && is_number(column) && !common.IsFloating();
  for (size_t i = 1; narrow && i < input.arguments.size(); ++i) {
    if (!is_constant(*input.arguments[i])) {
      narrow = false;
      break;
    }
    Value value = input.arguments[i]->Cast<duckdb::BoundConstantExpression>().value;
    Value converted = value;
    narrow = value.IsNull() || (converted.DefaultTryCastAs(column) && converted.DefaultTryCastAs(value.type()) &&
                                converted == value);
  }
  if (narrow) common = column;
  for (auto& argument : input.arguments) {
    auto item = narrow ? cast_to(input.context, std::move(argument), common)
                       : coerced(input.context, std::move(argument), common);
    if (is_zoned(common)) item = own(input, "t_instant", bound_items(std::move(item)));
    in->children.push_back(std::move(item));
  }
  return in;
}

BoundPtr bind_like(BindInput& input) {
  for (auto& argument : input.arguments) {
    const LogicalType& type = argument->return_type;
    if (!is_varchar(type) && !is_char(type) && !is_null(type)) {
      raise("TYPE_MISMATCH", "Left side of LIKE expression must evaluate to a varchar (actual: " + type_name(type) + ")",
            input.place);
    }
    argument = coerced(input.context, std::move(argument), LogicalType::VARCHAR);
  }
  if (input.arguments.size() == 2) {
    return native(input, "~~", std::move(input.arguments[0]), std::move(input.arguments[1]));
  }
  return body(input, "like_escape($1, $2, t_like_escape($2, $3))");
}

// --- arithmetic ------------------------------------------------------------------------------------------------------

struct Decimals {
  int p1, s1, p2, s2;
};

Decimals digits(const LogicalType& a, const LogicalType& b) {
  return {duckdb::DecimalType::GetWidth(a), duckdb::DecimalType::GetScale(a), duckdb::DecimalType::GetWidth(b),
          duckdb::DecimalType::GetScale(b)};
}

LogicalType decimal(int precision, int scale) {
  return LogicalType::DECIMAL(static_cast<uint8_t>(std::min(38, precision)),
                              static_cast<uint8_t>(std::min(38, scale)));
}

// Decimals, and integers beside them. https://trino.io/docs/current/functions/decimal.html
BoundPtr decimal_arithmetic(BindInput& input, BoundPtr a, BoundPtr b) {
  auto& context = input.context;
  const auto as_decimal = [&](BoundPtr value) {
    if (is_decimal(value->return_type)) return value;
    const auto type = common_type(value->return_type, LogicalType::DECIMAL(1, 0));
    return cast_to(context, std::move(value), *type);
  };
  a = as_decimal(std::move(a));
  b = as_decimal(std::move(b));
  const auto [p1, s1, p2, s2] = digits(a->return_type, b->return_type);
  const string& op = input.name;
  if (op == "+" || op == "-") {
    const int scale = std::max(s1, s2);
    const auto type = decimal(std::max(p1 - s1, p2 - s2) + scale + 1, scale);
    a = cast_to(context, std::move(a), type);
    b = cast_to(context, std::move(b), type);
    return cast_to(context, native(input, op, std::move(a), std::move(b)), type);
  }
  if (op == "*") {
    if (s1 + s2 > 38) raise("TYPE_MISMATCH", "DECIMAL result exceeds maximum scale", input.place);
    const auto type = decimal(p1 + p2, s1 + s2);
    return cast_to(context, own(input, "t_decimal_multiply", bound_items(cast_to(context, std::move(a), decimal(38, s1)),
                                                                         cast_to(context, std::move(b), decimal(38, s2)))),
                   type);
  }
  if (op == "/") {
    const int scale = std::max(s1, s2);
    const auto type = decimal(p1 + s2 + std::max(0, s2 - s1), scale);
    auto arguments = bound_items(cast_to(context, std::move(a), decimal(38, s1)),
                                 cast_to(context, std::move(b), decimal(38, s2)));
    arguments.push_back(bound_constant(Value(decimal(38, scale))));
    return cast_to(context, own(input, "t_decimal_divide", std::move(arguments)), type);
  }
  const int scale = std::max(s1, s2);
  const auto type = decimal(std::min(p1 - s1, p2 - s2) + scale, scale);
  return cast_to(context, own(input, "t_decimal_modulus",
                              bound_items(cast_to(context, std::move(a), decimal(38, scale)),
                                          cast_to(context, std::move(b), decimal(38, scale)))), type);
}

BoundPtr number_arithmetic(BindInput& input, BoundPtr a, BoundPtr b) {
  const auto common = common_type(a->return_type, b->return_type);
  if (!common) {
    input.arguments = bound_items(std::move(a), std::move(b));
    no_operator(input);
  }
  if (is_decimal(*common)) return decimal_arithmetic(input, std::move(a), std::move(b));
  a = coerced(input.context, std::move(a), *common);
  b = coerced(input.context, std::move(b), *common);
  if (is_null(*common)) {
    a = cast_to(input.context, std::move(a), LogicalType::INTEGER);
    b = cast_to(input.context, std::move(b), LogicalType::INTEGER);
  }
  if (input.name == "/" && !common->IsFloating()) return own(input, "t_divide", bound_items(std::move(a), std::move(b)));
  if (input.name == "%") return own(input, "t_modulus", bound_items(std::move(a), std::move(b)));
  return native(input, input.name, std::move(a), std::move(b));
}

// Dates, times and intervals with + and -.
const char* temporal_body(const string& op, const LogicalType& a, const LogicalType& b) {
  const bool minus = op == "-";
  const auto is = [](const LogicalType& type, LogicalTypeId id) { return type.id() == id; };
  const bool interval_a = is(a, LogicalTypeId::INTERVAL), interval_b = is(b, LogicalTypeId::INTERVAL);
  if (interval_a && interval_b) return minus ? "$1 - $2" : "$1 + $2";
  if (interval_a && !minus) {
    if (is_zoned(b)) return "c__zoned_plus($2, $1)";
    if (is(b, LogicalTypeId::DATE)) return "CAST($2 + t_whole_days($1) AS DATE)";
    if (is(b, LogicalTypeId::TIMESTAMP) || is(b, LogicalTypeId::TIME)) return "$2 + $1";
  }
  if (interval_b) {
    if (is_zoned(a)) return minus ? "c__zoned_plus($1, -$2)" : "c__zoned_plus($1, $2)";
    if (is(a, LogicalTypeId::DATE)) {
      return minus ? "CAST($1 - t_whole_days($2) AS DATE)" : "CAST($1 + t_whole_days($2) AS DATE)";
    }
    if (is(a, LogicalTypeId::TIMESTAMP_TZ)) return minus ? "$1 - $2" : "$1 + $2";
    if (is(a, LogicalTypeId::TIMESTAMP) || is(a, LogicalTypeId::TIME)) return minus ? "$1 - $2" : "$1 + $2";
  }
  if (!minus) return nullptr;
  if (is(a, LogicalTypeId::DATE) && is(b, LogicalTypeId::DATE)) return "to_days(CAST($1 - $2 AS INTEGER))";
  const auto moment = [&](const LogicalType& type) {
    return is(type, LogicalTypeId::TIMESTAMP) || is(type, LogicalTypeId::DATE);
  };
  if (moment(a) && moment(b)) return "t_interval_between(CAST($2 AS TIMESTAMP), CAST($1 AS TIMESTAMP))";
  if (is_zoned(a) && is_zoned(b)) {
    return "t_interval_between(CAST(t_instant($2) AS TIMESTAMP), CAST(t_instant($1) AS TIMESTAMP))";
  }
  if (is(a, LogicalTypeId::TIME) && is(b, LogicalTypeId::TIME)) {
    return "t_interval_between(DATE '1970-01-01' + $2, DATE '1970-01-01' + $1)";
  }
  return nullptr;
}

BoundPtr bind_arithmetic(BindInput& input) {
  const LogicalType a = input.arguments[0]->return_type, b = input.arguments[1]->return_type;
  if ((is_number(a) || is_null(a)) && (is_number(b) || is_null(b))) {
    return number_arithmetic(input, std::move(input.arguments[0]), std::move(input.arguments[1]));
  }
  if (input.name == "+" || input.name == "-") {
    if (const char* text = temporal_body(input.name, a, b)) return body(input, text);
  }
  if (input.name == "*" || input.name == "/") {
    const bool interval_first = a.id() == LogicalTypeId::INTERVAL && is_number(b);
    if (interval_first) return body(input, input.name == "*" ? "t_interval_times($1, CAST($2 AS DOUBLE))"
                                                             : "t_interval_divided($1, CAST($2 AS DOUBLE))");
    if (input.name == "*" && is_number(a) && b.id() == LogicalTypeId::INTERVAL) {
      return body(input, "t_interval_times($2, CAST($1 AS DOUBLE))");
    }
  }
  if (is_null(a) || is_null(b)) return bound_constant(Value(is_null(a) ? b : a));
  no_operator(input);
}

BoundPtr bind_negate(BindInput& input) {
  const LogicalType& type = input.arguments[0]->return_type;
  if (is_null(type)) return std::move(input.arguments[0]);
  if (!is_number(type) && type.id() != LogicalTypeId::INTERVAL) {
    raise("TYPE_MISMATCH", "Cannot negate " + type_name(type), input.place);
  }
  return call(input.context, "main", "-", std::move(input.arguments), true);
}

BoundPtr bind_plus(BindInput& input) {
  const LogicalType& type = input.arguments[0]->return_type;
  if (!is_number(type) && !is_null(type)) {
    raise("TYPE_MISMATCH", "Unary '+' operator cannot by applied to " + type_name(type) + " type", input.place);
  }
  return std::move(input.arguments[0]);
}

// Text, bytes, arrays, an array and an element.
BoundPtr bind_concat(BindInput& input) {
  const auto a = input.arguments[0]->return_type, b = input.arguments[1]->return_type;
  const auto text = [](const LogicalType& type) { return is_varchar(type) || is_char(type) || is_null(type); };
  if (text(a) && text(b)) {
    for (auto& argument : input.arguments) argument = coerced(input.context, std::move(argument), LogicalType::VARCHAR);
    return native(input, "||", std::move(input.arguments[0]), std::move(input.arguments[1]));
  }
  if (a.id() == LogicalTypeId::BLOB && b.id() == LogicalTypeId::BLOB) {
    return native(input, "||", std::move(input.arguments[0]), std::move(input.arguments[1]));
  }
  const bool list_a = a.id() == LogicalTypeId::LIST, list_b = b.id() == LogicalTypeId::LIST;
  if (list_a || list_b) {
    const auto both = list_a && list_b ? common_type(a, b) : std::nullopt;
    if (both) {
      for (auto& argument : input.arguments) argument = coerced(input.context, std::move(argument), *both);
      return body(input, "CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL ELSE list_concat($1, $2) END");
    }
    const auto element_type = common_type(duckdb::ListType::GetChildType(list_a ? a : b), list_a ? b : a);
    if (element_type) {
      auto& list = input.arguments[list_a ? 0 : 1];
      auto& element = input.arguments[list_a ? 1 : 0];
      list = coerced(input.context, std::move(list), LogicalType::LIST(*element_type));
      element = coerced(input.context, std::move(element), *element_type);
      return body(input, list_a ? "CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL ELSE list_concat($1, [$2]) END"
                                : "CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL ELSE list_concat([$1], $2) END");
    }
  }
  no_operator(input);
}

}  // namespace

std::vector<Special> specials() {
  std::vector<Special> all = {
      {"=", 2, 2, bind_comparison<ExpressionType::COMPARE_EQUAL>},
      {"= joins", 2, 2, bind_comparison<ExpressionType::COMPARE_EQUAL>},
      {"<>", 2, 2, bind_comparison<ExpressionType::COMPARE_NOTEQUAL>},
      {"<", 2, 2, bind_comparison<ExpressionType::COMPARE_LESSTHAN>},
      {"<=", 2, 2, bind_comparison<ExpressionType::COMPARE_LESSTHANOREQUALTO>},
      {">", 2, 2, bind_comparison<ExpressionType::COMPARE_GREATERTHAN>},
      {">=", 2, 2, bind_comparison<ExpressionType::COMPARE_GREATERTHANOREQUALTO>},
      {"is distinct from", 2, 2, bind_comparison<ExpressionType::COMPARE_DISTINCT_FROM>},
      {"between", 3, 3, bind_between},
      {"in", 2, -1, bind_in},
      {"like", 2, 3, bind_like},
      {"+", 2, 2, bind_arithmetic},
      {"-", 2, 2, bind_arithmetic},
      {"*", 2, 2, bind_arithmetic},
      {"/", 2, 2, bind_arithmetic},
      {"%", 2, 2, bind_arithmetic},
      {"||", 2, 2, bind_concat},
      {"negate", 1, 1, bind_negate},
      {"plus", 1, 1, bind_plus},
  };
  for (Special& special : conditionals()) all.push_back(std::move(special));
  return all;
}

}  // namespace tarn::sql::engine::trino

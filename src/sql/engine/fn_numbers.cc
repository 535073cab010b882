// Functions of numbers. Arguments of any type that has a number in it are converted: text, SUPER, truth values.
#include <cmath>

#include "base/text.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/number_format.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::DecimalType;
using duckdb::Expression;
using duckdb::FunctionBindExpressionInput;
using duckdb::hugeint_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::string_t;
using duckdb::unique_ptr;
using duckdb::Value;

// A function of doubles of DuckDB's.
struct Real {
  const char *name, *native;
};
constexpr Real kReals[] = {{"sqrt", "sqrt"},       {"cbrt", "cbrt"},       {"exp", "exp"},   {"ln", "ln"},
                           {"log", "log10"},       {"sin", "sin"},         {"cos", "cos"},   {"tan", "tan"},
                           {"cot", "cot"},         {"asin", "asin"},       {"acos", "acos"}, {"atan", "atan"},
                           {"degrees", "degrees"}, {"radians", "radians"}, {"atan2", "atan2"}, {"pow", "pow"},
                           {"sinh", "sinh"},       {"cosh", "cosh"},       {"tanh", "tanh"}};

template <size_t which>
unique_ptr<Expression> bind_real(FunctionBindExpressionInput& input) {
  duckdb::vector<unique_ptr<Expression>> list;
  for (auto& child : input.children) {
    list.push_back(converted(input.context, std::move(child), LogicalType::DOUBLE));
  }
  if (list.size() == 2 && std::string_view(kReals[which].name) == "log") {  // LOG(base, x)
    auto of_value = call(input.context, "main", "ln", arguments(std::move(list[1])));
    auto of_base = call(input.context, "main", "ln", arguments(std::move(list[0])));
    return call(input.context, "main", "/", arguments(std::move(of_value), std::move(of_base)), true);
  }
  const bool own = std::string_view(kReals[which].name) == "cbrt";  // the engine's is a power, and not exact
  return call(input.context, own ? kFunctionSchema : "main", own ? "cbrt_run" : kReals[which].native, std::move(list));
}

void cbrt_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<double, double>(input.data[0], result, input.size(), [](double value) {
    return static_cast<double>(std::cbrt(static_cast<long double>(value)));
  });
}

template <size_t... which>
void add_reals(Registry& registry, std::index_sequence<which...>) {
  (registry.add(typed_variadic(kReals[which].name, bind_real<which>)), ...);
}

unique_ptr<Expression> number(duckdb::ClientContext& context, unique_ptr<Expression> value) {
  const LogicalType& type = value->return_type;
  if (is_text(type) || is_super(type)) return converted(context, std::move(value), LogicalType::DOUBLE);
  if (type.id() == LogicalTypeId::BOOLEAN) return cast_to(context, std::move(value), LogicalType::INTEGER);
  return value;
}

template <const char* const* native>
unique_ptr<Expression> bind_kept(FunctionBindExpressionInput& input) {
  auto value = number(input.context, std::move(input.children[0]));
  const LogicalType type = value->return_type;
  auto result = call(input.context, "main", *native, arguments(std::move(value)));
  return type.IsIntegral() ? cast_to(input.context, std::move(result), type) : std::move(result);
}
constexpr const char* kAbs = "abs";
constexpr const char* kCeil = "ceil";
constexpr const char* kFloor = "floor";

// AWS: SIGN. Of the argument's kind.
unique_ptr<Expression> bind_sign(FunctionBindExpressionInput& input) {
  auto value = number(input.context, std::move(input.children[0]));
  const LogicalType type = value->return_type.id() == LogicalTypeId::DECIMAL ? LogicalType::DECIMAL(1, 0)
                           : value->return_type.IsFloating()                 ? LogicalType::DOUBLE
                                                                             : LogicalType::INTEGER;
  return cast_to(input.context, call(input.context, "main", "sign", arguments(std::move(value))), type);
}

unique_ptr<Expression> bind_round(FunctionBindExpressionInput& input) {
  auto value = number(input.context, std::move(input.children[0]));
  if (input.children.size() == 1) return call(input.context, "main", "round", arguments(std::move(value)));
  auto digits = cast_to(input.context, std::move(input.children[1]), LogicalType::INTEGER);
  return call(input.context, "main", "round", arguments(std::move(value), std::move(digits)));
}

// Cuts a decimal, as an integer of that scale, to `digits` behind the point.
void cut_decimal(duckdb::DataChunk& input, duckdb::ExpressionState& state, duckdb::Vector& result) {
  const auto& function = state.expr.Cast<duckdb::BoundFunctionExpression>();
  const int scale = DecimalType::GetScale(function.children[0]->return_type);
  duckdb::BinaryExecutor::Execute<hugeint_t, int32_t, hugeint_t>(
      input.data[0], input.data[1], result, input.size(), [&](hugeint_t value, int32_t digits) {
        const int away = scale - digits;
        if (away <= 0) return value;
        if (away > 38) return hugeint_t(0);
        const hugeint_t unit = duckdb::Hugeint::POWERS_OF_TEN[away];
        return value / unit * unit;
      });
}

unique_ptr<duckdb::FunctionData> bind_cut_decimal(duckdb::ClientContext&, duckdb::ScalarFunction& function,
                                                  duckdb::vector<unique_ptr<Expression>>& children) {
  function.arguments = {children[0]->return_type, LogicalType::INTEGER};
  function.return_type = children[0]->return_type;
  return nullptr;
}

void cut_double(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<double, int32_t, double>(
      input.data[0], input.data[1], result, input.size(), [](double value, int32_t digits) {
        const double unit = std::pow(10.0, digits);
        const double cut = std::trunc(value * unit) / unit;
        return std::isfinite(cut) ? cut : value;
      });
}

// TRUNC of a number; of a timestamp it is its date.
unique_ptr<Expression> bind_trunc(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  if (input.children[0]->return_type.IsTemporal())
    return cast_to(context, std::move(input.children[0]), LogicalType::DATE);
  auto value = number(context, std::move(input.children[0]));
  auto digits = input.children.size() == 1
                    ? constant(Value::INTEGER(0))
                    : cast_to(context, std::move(input.children[1]), LogicalType::INTEGER);
  const LogicalType type = value->return_type;
  if (type.id() != LogicalTypeId::DECIMAL) {
    auto cut = call(context, kFunctionSchema, "cut_double",
                    arguments(cast_to(context, std::move(value), LogicalType::DOUBLE), std::move(digits)));
    return type.IsIntegral() ? cast_to(context, std::move(cut), type) : std::move(cut);
  }
  const int width = DecimalType::GetWidth(type), scale = DecimalType::GetScale(type);
  int shown = scale;  // digits that are left
  if (digits->IsFoldable()) {
    const auto n = duckdb::ExpressionExecutor::EvaluateScalar(context, *digits);
    if (!n.IsNull()) shown = std::clamp(n.GetValue<int32_t>(), 0, scale);
  }
  auto cut = call(context, kFunctionSchema, "cut_decimal",
                  arguments(cast_to(context, std::move(value), LogicalType::DECIMAL(38, static_cast<uint8_t>(scale))),
                            std::move(digits)));
  return cast_to(context, std::move(cut),
                 LogicalType::DECIMAL(static_cast<uint8_t>(width), static_cast<uint8_t>(shown)));
}

// --- formats ---------------------------------------------------------------------------------------------------------------

void to_char_number(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, string_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t digits, string_t format) {
        const auto text = format_number(digits.GetString(), format.GetString());
        if (!text) raise_sql("0A000", "The number format \"" + format.GetString() + "\" is not supported.");
        return duckdb::StringVector::AddString(result, *text);
      });
}

// A double in plain digits.
void double_digits(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<double, string_t>(input.data[0], result, input.size(), [&](double value) {
    char digits[400];
    const int wanted = std::clamp(15 - static_cast<int>(std::floor(std::log10(std::fabs(value) + 1))), 0, 15);
    const int size = std::snprintf(digits, sizeof digits, "%.*f", wanted, value);
    return duckdb::StringVector::AddString(result, digits, static_cast<size_t>(size));
  });
}

unique_ptr<Expression> bind_to_char_number(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto value = number(context, std::move(input.children[0]));
  auto digits = value->return_type.IsFloating()
                    ? call(context, kFunctionSchema, "double_digits",
                           arguments(cast_to(context, std::move(value), LogicalType::DOUBLE)))
                    : cast_to(context, std::move(value), LogicalType::VARCHAR);
  return call(context, kFunctionSchema, "to_char_number",
              arguments(std::move(digits), as_text(context, std::move(input.children[1]))));
}

void parse_number_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, string_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t text, string_t format) {
        const auto digits = parse_number(text.GetString(), format.GetString());
        if (!digits) raise_sql("22P02", "invalid input syntax for type numeric: \"" + text.GetString() + "\"");
        return duckdb::StringVector::AddString(result, *digits);
      });
}

unique_ptr<Expression> bind_to_number(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto text = as_text(context, std::move(input.children[0])), format = as_text(context, std::move(input.children[1]));
  int scale = 8;
  if (format->IsFoldable()) {
    const auto value = duckdb::ExpressionExecutor::EvaluateScalar(context, *format);
    if (!value.IsNull()) scale = std::min(decimals_of(value.ToString()), 37);
  }
  auto digits = call(context, kFunctionSchema, "parse_number", arguments(std::move(text), std::move(format)));
  return cast_to(context, std::move(digits), LogicalType::DECIMAL(38, static_cast<uint8_t>(scale)));
}

// The level of a hierarchy, which ends somewhere unless its rows are their own ancestors.
void level_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  constexpr int32_t kMost = 2000;
  duckdb::UnaryExecutor::Execute<int32_t, int32_t>(input.data[0], result, input.size(), [](int32_t level) {
    if (level > kMost) raise_sql("54001", "CONNECT BY loop: the hierarchy has more than " + std::to_string(kMost) + " levels");
    return level;
  });
}

unique_ptr<Expression> bind_xor(FunctionBindExpressionInput& input) {
  for (auto& child : input.children) {
    if (!child->return_type.IsIntegral()) child = converted(input.context, std::move(child), LogicalType::BIGINT);
  }
  return call(input.context, "main", "xor", std::move(input.children));
}

}  // namespace

void add_numbers(Registry& registry) {
  const LogicalType text = LogicalType::VARCHAR;
  add_reals(registry, std::make_index_sequence<std::size(kReals)>());
  registry.add(typed("abs", 1, bind_kept<&kAbs>));
  registry.add(typed("ceil", 1, bind_kept<&kCeil>));
  registry.add(typed("floor", 1, bind_kept<&kFloor>));
  registry.add(typed("sign", 1, bind_sign));
  registry.add(typed_variadic("round", bind_round));
  registry.add(typed_variadic("trunc", bind_trunc));
  registry.add(typed("xor", 2, bind_xor));
  registry.add(scalar("tarn_level", {LogicalType::INTEGER}, LogicalType::INTEGER, level_run));
  registry.add(typed("to_number", 2, bind_to_number));
  registry.add(typed("to_char_of_number", 2, bind_to_char_number));
  duckdb::ScalarFunction cut("cut_decimal", {LogicalTypeId::DECIMAL, LogicalType::INTEGER}, LogicalTypeId::DECIMAL,
                             cut_decimal, bind_cut_decimal);
  registry.add(cut);
  registry.add(scalar("cut_double", {LogicalType::DOUBLE, LogicalType::INTEGER}, LogicalType::DOUBLE, cut_double));
  registry.add(scalar("cbrt_run", {LogicalType::DOUBLE}, LogicalType::DOUBLE, cbrt_run));
  registry.add(scalar("double_digits", {LogicalType::DOUBLE}, text, double_digits));
  registry.add(scalar("to_char_number", {text, text}, text, to_char_number));
  registry.add(scalar("parse_number", {text, text}, text, parse_number_run));
}

}  // namespace tarn::sql::engine

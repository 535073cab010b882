// Comparison, arithmetic and their implicit conversions, decided when bound, where types are known.
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ClientContext;
using duckdb::Expression;
using duckdb::ExpressionType;
using duckdb::FunctionBindExpressionInput;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::unique_ptr;
using duckdb::Value;
using Children = duckdb::vector<unique_ptr<Expression>>;

Children both(unique_ptr<Expression> a, unique_ptr<Expression> b) {
  Children children;
  children.push_back(std::move(a));
  children.push_back(std::move(b));
  return children;
}

Children only(unique_ptr<Expression> a) {
  Children children;
  children.push_back(std::move(a));
  return children;
}

bool integral(const LogicalType& type) {
  return type.IsIntegral();
}
bool is_constant(const Expression& e) {
  return e.GetExpressionType() == ExpressionType::VALUE_CONSTANT;
}
bool is_null(const Expression& e) {
  return e.return_type.id() == LogicalTypeId::SQLNULL;
}

// The type in which text is compared with, or added to, a number.
LogicalType number_for_text(const LogicalType& other) {
  if (other.id() == LogicalTypeId::FLOAT || other.id() == LogicalTypeId::DOUBLE) return LogicalType::DOUBLE;
  if (other.id() == LogicalTypeId::DECIMAL) {
    return LogicalType::DECIMAL(38, std::max<uint8_t>(duckdb::DecimalType::GetScale(other), 8));
  }
  return LogicalType::DECIMAL(38, 8);
}

// One side is text: it takes the other's kind. A literal must be readable; a column's value that is not compares as NULL.
void convert_text(ClientContext& context, unique_ptr<Expression>& text, const LogicalType& other) {
  const bool literal = is_constant(*text);
  if (other.IsNumeric()) {
    text = cast_to(context, std::move(text), number_for_text(other), !literal);
  } else {
    text = converted(context, std::move(text), other);
  }
}

// SUPER against anything else: the scalar inside it, NULL where it is of another kind.
void convert_super(ClientContext& context, unique_ptr<Expression>& super, const LogicalType& other) {
  if (other.IsNumeric()) {
    super =
        cast_to(context, call(context, kFunctionSchema, "super_number", only(std::move(super))), LogicalType::DOUBLE);
  } else if (other.id() == LogicalTypeId::BOOLEAN) {
    super = call(context, kFunctionSchema, "super_boolean", only(std::move(super)));
  } else {
    super = call(context, kFunctionSchema, "super_text", only(std::move(super)));
    if (other.id() != LogicalTypeId::VARCHAR) super = cast_to(context, std::move(super), other, true);
  }
}

// Brings both sides to comparable types.
void align(ClientContext& context, unique_ptr<Expression>& a, unique_ptr<Expression>& b) {
  if (is_null(*a) || is_null(*b)) return;
  if (is_super(a->return_type) && is_super(b->return_type)) {
    convert_super(context, a, LogicalType::VARCHAR);
    convert_super(context, b, LogicalType::VARCHAR);
  } else if (is_super(a->return_type)) {
    convert_super(context, a, b->return_type);
  } else if (is_super(b->return_type)) {
    convert_super(context, b, a->return_type);
  }
  const bool text_a = is_text(a->return_type), text_b = is_text(b->return_type);
  if (text_a && !text_b) convert_text(context, a, b->return_type);
  if (text_b && !text_a) convert_text(context, b, a->return_type);
}

unique_ptr<Expression> compare(ClientContext& context, ExpressionType type, unique_ptr<Expression> a,
                               unique_ptr<Expression> b) {
  const auto common = duckdb::BoundComparisonExpression::BindComparison(context, a->return_type, b->return_type, type);
  a = cast_to(context, std::move(a), common);
  b = cast_to(context, std::move(b), common);
  return duckdb::make_uniq<duckdb::BoundComparisonExpression>(type, std::move(a), std::move(b));
}

unique_ptr<Expression> trimmed(ClientContext& context, unique_ptr<Expression> text) {
  if (is_constant(*text)) {
    auto& value = text->Cast<duckdb::BoundConstantExpression>().value;
    if (value.IsNull()) return text;
    std::string cut = duckdb::StringValue::Get(value);
    cut.resize(cut.find_last_not_of(' ') + 1);
    return constant(Value(std::move(cut)));
  }
  return call(context, kFunctionSchema, "without_blanks", only(std::move(text)));
}

// Text compares without its trailing blanks. Against a literal the plain range goes along, so that files and row groups that
// cannot hold it are still skipped: 'abc', 'abc ' .. all lie in ['abc', 'abc!').
unique_ptr<Expression> compare_texts(ClientContext& context, ExpressionType type, unique_ptr<Expression> a,
                                     unique_ptr<Expression> b) {
  if (is_constant(*a) && !is_constant(*b) && type == ExpressionType::COMPARE_EQUAL) std::swap(a, b);
  if (type == ExpressionType::COMPARE_EQUAL && is_constant(*b) && !is_constant(*a)) {
    auto wanted = trimmed(context, std::move(b));
    const auto& value = wanted->Cast<duckdb::BoundConstantExpression>().value;
    if (!value.IsNull() && a->GetExpressionClass() == duckdb::ExpressionClass::BOUND_COLUMN_REF) {
      const std::string text = duckdb::StringValue::Get(value);
      auto result = duckdb::make_uniq<duckdb::BoundConjunctionExpression>(ExpressionType::CONJUNCTION_AND);
      result->children.push_back(
          compare(context, ExpressionType::COMPARE_GREATERTHANOREQUALTO, a->Copy(), constant(Value(text))));
      result->children.push_back(
          compare(context, ExpressionType::COMPARE_LESSTHAN, a->Copy(), constant(Value(text + "!"))));
      result->children.push_back(compare(context, type, trimmed(context, std::move(a)), std::move(wanted)));
      return result;
    }
    return compare(context, type, trimmed(context, std::move(a)), std::move(wanted));
  }
  return compare(context, type, trimmed(context, std::move(a)), trimmed(context, std::move(b)));
}

template <ExpressionType type>
unique_ptr<Expression> bind_comparison(FunctionBindExpressionInput& input) {
  auto a = std::move(input.children[0]), b = std::move(input.children[1]);
  align(input.context, a, b);
  if (is_text(a->return_type) && is_text(b->return_type))
    return compare_texts(input.context, type, std::move(a), std::move(b));
  return compare(input.context, type, std::move(a), std::move(b));
}

unique_ptr<Expression> bind_in(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto subject = std::move(input.children[0]);
  bool plain = true;
  for (size_t i = 1; i < input.children.size(); ++i) {
    const LogicalType& type = input.children[i]->return_type;
    plain = plain && (is_text(type) == is_text(subject->return_type)) && !is_super(type);
  }
  if (is_super(subject->return_type)) plain = false;
  if (!plain) {  // each by itself, as `=` would
    auto any = duckdb::make_uniq<duckdb::BoundConjunctionExpression>(ExpressionType::CONJUNCTION_OR);
    for (size_t i = 1; i < input.children.size(); ++i) {
      auto a = subject->Copy();
      auto b = std::move(input.children[i]);
      align(context, a, b);
      const bool texts = is_text(a->return_type) && is_text(b->return_type);
      any->children.push_back(texts ? compare_texts(context, ExpressionType::COMPARE_EQUAL, std::move(a), std::move(b))
                                    : compare(context, ExpressionType::COMPARE_EQUAL, std::move(a), std::move(b)));
    }
    if (any->children.size() == 1) return std::move(any->children[0]);
    return any;
  }
  LogicalType common = subject->return_type;
  const bool texts = is_text(common);
  for (size_t i = 1; i < input.children.size(); ++i) {
    common = duckdb::BoundComparisonExpression::BindComparison(context, common, input.children[i]->return_type,
                                                               ExpressionType::COMPARE_IN);
  }
  auto in = duckdb::make_uniq<duckdb::BoundOperatorExpression>(ExpressionType::COMPARE_IN, LogicalType::BOOLEAN);
  const auto add = [&](unique_ptr<Expression> item) {
    if (texts) item = trimmed(context, std::move(item));
    in->children.push_back(cast_to(context, std::move(item), common));
  };
  add(std::move(subject));
  for (size_t i = 1; i < input.children.size(); ++i) add(std::move(input.children[i]));
  return in;
}

// --- arithmetic ------------------------------------------------------------------------------------------------------

// '1' + 1, v + 1: text takes the other's type; with a column of text that is a wide number.
void align_numbers(ClientContext& context, unique_ptr<Expression>& a, unique_ptr<Expression>& b) {
  const auto convert = [&](unique_ptr<Expression>& side, const LogicalType& other) {
    if (is_super(side->return_type)) {
      side = call(context, kFunctionSchema, "super_number", only(std::move(side)));
    } else if (is_text(side->return_type)) {
      if (!other.IsNumeric() && !is_text(other)) return;  // a date's other side: see below
      const LogicalType type = is_text(other)       ? LogicalType::DECIMAL(38, 8)
                               : is_constant(*side) ? other
                                                    : number_for_text(other);
      side = converted(context, std::move(side), type);
    }
  };
  const LogicalType type_a = a->return_type, type_b = b->return_type;
  convert(a, type_b);
  convert(b, type_a);
}

bool temporal(const LogicalType& type) {
  return type.IsTemporal() || type.id() == LogicalTypeId::INTERVAL;
}

// Days as Redshift adds them to a timestamp; a literal text beside a time is an interval or a time.
void align_times(ClientContext& context, unique_ptr<Expression>& time, unique_ptr<Expression>& other, bool subtract) {
  const auto id = time->return_type.id();
  if (is_text(other->return_type)) {
    other = converted(context, std::move(other), subtract ? time->return_type : LogicalType::INTERVAL);
  } else if (integral(other->return_type) && id != LogicalTypeId::DATE) {
    other = call(context, "main", "to_days", only(cast_to(context, std::move(other), LogicalType::INTEGER)));
  } else if (integral(other->return_type)) {
    other = cast_to(context, std::move(other), LogicalType::INTEGER);
  }
}

unique_ptr<Expression> bind_add(FunctionBindExpressionInput& input) {
  auto a = std::move(input.children[0]), b = std::move(input.children[1]);
  if (temporal(a->return_type)) align_times(input.context, a, b, false);
  if (temporal(b->return_type)) align_times(input.context, b, a, false);
  align_numbers(input.context, a, b);
  return call(input.context, "main", "+", both(std::move(a), std::move(b)), true);
}

unique_ptr<Expression> bind_subtract(FunctionBindExpressionInput& input) {
  auto a = std::move(input.children[0]), b = std::move(input.children[1]);
  if (temporal(a->return_type)) align_times(input.context, a, b, true);
  align_numbers(input.context, a, b);
  return call(input.context, "main", "-", both(std::move(a), std::move(b)), true);
}

bool decimal(const LogicalType& type) {
  return type.id() == LogicalTypeId::DECIMAL;
}

unique_ptr<Expression> bind_multiply(FunctionBindExpressionInput& input) {
  auto a = std::move(input.children[0]), b = std::move(input.children[1]);
  align_numbers(input.context, a, b);
  if (decimal(a->return_type) &&
      decimal(b->return_type)) {  // 128 bits from the start: the narrow product overflows early
    const auto wide = [&](unique_ptr<Expression>& side) {
      const uint8_t width = std::max<uint8_t>(duckdb::DecimalType::GetWidth(side->return_type), 19);
      side = cast_to(input.context, std::move(side),
                     LogicalType::DECIMAL(width, duckdb::DecimalType::GetScale(side->return_type)));
    };
    wide(a);
    wide(b);
  }
  return call(input.context, "main", "*", both(std::move(a), std::move(b)), true);
}

LogicalType as_decimal(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::DECIMAL: return type;
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT: return LogicalType::DECIMAL(5, 0);
    case LogicalTypeId::INTEGER: return LogicalType::DECIMAL(10, 0);
    case LogicalTypeId::BIGINT: return LogicalType::DECIMAL(19, 0);
    default: return LogicalType::DECIMAL(38, 0);
  }
}

// AWS: numeric computations with decimals. Scale max(4, s1 + p2 - s2 + 1), precision p1 - s1 + s2 + scale, at most 38.
unique_ptr<Expression> divide_decimals(ClientContext& context, unique_ptr<Expression> a, unique_ptr<Expression> b) {
  const LogicalType ta = as_decimal(a->return_type), tb = as_decimal(b->return_type);
  const int p1 = duckdb::DecimalType::GetWidth(ta), s1 = duckdb::DecimalType::GetScale(ta);
  const int p2 = duckdb::DecimalType::GetWidth(tb), s2 = duckdb::DecimalType::GetScale(tb);
  int scale = std::max(4, s1 + p2 - s2 + 1);
  int precision = p1 - s1 + s2 + scale;
  if (precision > 38) {
    scale = std::max(38 + scale - precision, 4);
    precision = 38;
  }
  auto divided = call(context, kFunctionSchema, "divide_decimals", [&] {
    Children arguments = both(cast_to(context, std::move(a), LogicalType::DECIMAL(38, static_cast<uint8_t>(s1))),
                              cast_to(context, std::move(b), LogicalType::DECIMAL(38, static_cast<uint8_t>(s2))));
    arguments.push_back(constant(Value::INTEGER(scale)));
    return arguments;
  }());
  return cast_to(context, std::move(divided),
                 LogicalType::DECIMAL(static_cast<uint8_t>(precision), static_cast<uint8_t>(scale)));
}

unique_ptr<Expression> bind_divide(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto a = std::move(input.children[0]), b = std::move(input.children[1]);
  align_numbers(context, a, b);
  if (is_null(*a) || is_null(*b)) return constant(Value(LogicalType::INTEGER));
  if (a->return_type.id() == LogicalTypeId::INTERVAL)
    return call(context, "main", "/", both(std::move(a), std::move(b)), true);
  b = call(context, kFunctionSchema, "nonzero", only(std::move(b)));
  if (integral(a->return_type) && integral(b->return_type)) {
    return call(context, "main", "//", both(std::move(a), std::move(b)), true);
  }
  const bool real = a->return_type.IsFloating() || b->return_type.IsFloating();
  if (real) return call(context, "main", "/", both(std::move(a), std::move(b)), true);
  return divide_decimals(context, std::move(a), std::move(b));
}

unique_ptr<Expression> bind_modulo(FunctionBindExpressionInput& input) {
  auto a = std::move(input.children[0]), b = std::move(input.children[1]);
  align_numbers(input.context, a, b);
  b = call(input.context, kFunctionSchema, "nonzero", only(std::move(b)));
  return call(input.context, "main", "%", both(std::move(a), std::move(b)), true);
}

unique_ptr<Expression> bind_concat(FunctionBindExpressionInput& input) {
  auto& a = input.children[0];
  auto& b = input.children[1];
  return call(input.context, "main", "||",
              both(as_text(input.context, std::move(a)), as_text(input.context, std::move(b))), true);
}

// What was summed as HUGEINT (any integers) is BIGINT.
unique_ptr<Expression> bind_narrow_sum(FunctionBindExpressionInput& input) {
  auto sum = std::move(input.children[0]);
  if (sum->return_type.id() != LogicalTypeId::HUGEINT) return sum;
  return cast_to(input.context, std::move(sum), LogicalType::BIGINT);
}

// AWS: AVG. Integers give BIGINT, decimals their own scale, floats DOUBLE PRECISION.
unique_ptr<Expression> bind_average(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto sum = std::move(input.children[0]), count = std::move(input.children[1]);
  if (sum->return_type.id() == LogicalTypeId::HUGEINT) {
    return cast_to(context, call(context, "main", "//", both(std::move(sum), std::move(count)), true),
                   LogicalType::BIGINT);
  }
  if (!decimal(sum->return_type)) return call(context, "main", "/", both(std::move(sum), std::move(count)), true);
  const auto scale = duckdb::DecimalType::GetScale(sum->return_type);
  Children arguments = both(cast_to(context, std::move(sum), LogicalType::DECIMAL(38, scale)),
                            cast_to(context, std::move(count), LogicalType::DECIMAL(38, 0)));
  arguments.push_back(constant(Value::INTEGER(scale)));
  return cast_to(context, call(context, kFunctionSchema, "divide_decimals", std::move(arguments)),
                 LogicalType::DECIMAL(38, scale));
}

// What sum and avg are taken of: the number inside a SUPER.
unique_ptr<Expression> bind_number(FunctionBindExpressionInput& input) {
  auto value = std::move(input.children[0]);
  if (!is_super(value->return_type)) return value;
  return call(input.context, kFunctionSchema, "super_number", only(std::move(value)));
}

unique_ptr<Expression> bind_ratio(FunctionBindExpressionInput& input) {
  auto value = cast_to(input.context, std::move(input.children[0]), LogicalType::DOUBLE);
  auto total = cast_to(input.context, std::move(input.children[1]), LogicalType::DOUBLE);
  return call(input.context, "main", "/", both(std::move(value), std::move(total)), true);
}

// --- the functions that those use --------------------------------------------------------------------------------------

template <class T>
void nonzero(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<T, T>(input.data[0], result, input.size(), [](T value) {
    if (value == T(0)) raise_sql("22012", "Divide by zero");
    return value;
  });
}

template <class T>
duckdb::ScalarFunction nonzero_of(const LogicalType& type) {
  duckdb::ScalarFunction function({type}, type, nonzero<T>);
  function.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
  return function;
}

unique_ptr<duckdb::FunctionData> bind_nonzero_decimal(ClientContext&, duckdb::ScalarFunction& function,
                                                      Children& arguments) {
  const LogicalType& type = arguments[0]->return_type;
  function.arguments[0] = type;
  function.return_type = type;
  switch (type.InternalType()) {
    case duckdb::PhysicalType::INT16: function.function = nonzero<int16_t>; break;
    case duckdb::PhysicalType::INT32: function.function = nonzero<int32_t>; break;
    case duckdb::PhysicalType::INT64: function.function = nonzero<int64_t>; break;
    default: function.function = nonzero<duckdb::hugeint_t>;
  }
  return nullptr;
}

duckdb::ScalarFunctionSet nonzeros() {
  duckdb::ScalarFunctionSet set("nonzero");
  set.AddFunction(nonzero_of<int8_t>(LogicalType::TINYINT));
  set.AddFunction(nonzero_of<int16_t>(LogicalType::SMALLINT));
  set.AddFunction(nonzero_of<int32_t>(LogicalType::INTEGER));
  set.AddFunction(nonzero_of<int64_t>(LogicalType::BIGINT));
  set.AddFunction(nonzero_of<duckdb::hugeint_t>(LogicalType::HUGEINT));
  set.AddFunction(nonzero_of<float>(LogicalType::FLOAT));
  set.AddFunction(nonzero_of<double>(LogicalType::DOUBLE));
  duckdb::ScalarFunction decimals({LogicalTypeId::DECIMAL}, LogicalTypeId::DECIMAL, nullptr, bind_nonzero_decimal);
  decimals.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
  set.AddFunction(decimals);
  return set;
}

// (a * 10^k) / b in 128 bits, cut; as DECIMAL(38, scale).
void divide_decimals_run(duckdb::DataChunk& input, duckdb::ExpressionState& state, duckdb::Vector& result) {
  const auto& function = state.expr.Cast<duckdb::BoundFunctionExpression>();
  const int s1 = duckdb::DecimalType::GetScale(function.children[0]->return_type);
  const int s2 = duckdb::DecimalType::GetScale(function.children[1]->return_type);
  const int scale = duckdb::DecimalType::GetScale(function.return_type);
  const int shift = scale - s1 + s2;
  duckdb::BinaryExecutor::Execute<duckdb::hugeint_t, duckdb::hugeint_t, duckdb::hugeint_t>(
      input.data[0], input.data[1], result, input.size(), [&](duckdb::hugeint_t a, duckdb::hugeint_t b) {
        if (b == duckdb::hugeint_t(0)) raise_sql("22012", "Divide by zero");
        duckdb::hugeint_t scaled = a;
        if (shift > 0) {
          if (shift > 38 || !duckdb::Hugeint::TryMultiply(a, duckdb::Hugeint::POWERS_OF_TEN[shift], scaled)) {
            raise_sql("22003", "Numeric data overflow (result precision)");
          }
        } else if (shift < 0) {
          scaled = a / duckdb::Hugeint::POWERS_OF_TEN[-shift];
        }
        return scaled / b;
      });
}

unique_ptr<duckdb::FunctionData> bind_divide_decimals(ClientContext& context, duckdb::ScalarFunction& function,
                                                      Children& arguments) {
  const auto scale = duckdb::ExpressionExecutor::EvaluateScalar(context, *arguments[2]).GetValue<int32_t>();
  function.arguments = {arguments[0]->return_type, arguments[1]->return_type, LogicalType::INTEGER};
  function.return_type = LogicalType::DECIMAL(38, static_cast<uint8_t>(scale));
  return nullptr;
}

void without_blanks(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  // The result points into the argument's bytes.
  duckdb::UnaryExecutor::Execute<duckdb::string_t, duckdb::string_t>(
      input.data[0], result, input.size(), [](duckdb::string_t text) {
        const char* data = text.GetData();
        auto size = text.GetSize();
        if (size == 0 || data[size - 1] != ' ') return text;
        while (size > 0 && data[size - 1] == ' ') --size;
        return duckdb::string_t(data, static_cast<uint32_t>(size));
      });
  duckdb::StringVector::AddHeapReference(result, input.data[0]);
}

}  // namespace

void add_operators(Registry& registry) {
  registry.add(typed("eq", 2, bind_comparison<ExpressionType::COMPARE_EQUAL>));
  registry.add(typed("ne", 2, bind_comparison<ExpressionType::COMPARE_NOTEQUAL>));
  registry.add(typed("lt", 2, bind_comparison<ExpressionType::COMPARE_LESSTHAN>));
  registry.add(typed("le", 2, bind_comparison<ExpressionType::COMPARE_LESSTHANOREQUALTO>));
  registry.add(typed("gt", 2, bind_comparison<ExpressionType::COMPARE_GREATERTHAN>));
  registry.add(typed("ge", 2, bind_comparison<ExpressionType::COMPARE_GREATERTHANOREQUALTO>));
  registry.add(typed_variadic("in_list", bind_in));
  registry.add(typed("add", 2, bind_add));
  registry.add(typed("sub", 2, bind_subtract));
  registry.add(typed("mul", 2, bind_multiply));
  registry.add(typed("div", 2, bind_divide));
  registry.add(typed("mod", 2, bind_modulo));
  registry.add(typed("concat", 2, bind_concat));
  registry.add(typed("narrow_sum", 1, bind_narrow_sum));
  registry.add(typed("average", 2, bind_average));
  registry.add(typed("ratio", 2, bind_ratio));
  registry.add(typed("number_of", 1, bind_number));
  registry.add(nonzeros());
  duckdb::ScalarFunction divide("divide_decimals",
                                {LogicalTypeId::DECIMAL, LogicalTypeId::DECIMAL, LogicalType::INTEGER},
                                LogicalTypeId::DECIMAL, divide_decimals_run, bind_divide_decimals);
  divide.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
  registry.add(divide);
  registry.add(duckdb::ScalarFunction("without_blanks", {LogicalType::VARCHAR}, LogicalType::VARCHAR, without_blanks));
}

}  // namespace tarn::sql::engine

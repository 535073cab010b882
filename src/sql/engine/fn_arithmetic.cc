// Arithmetic as Redshift does it, decided when bound: whole numbers stay whole, decimals by Redshift's precisions and scales,
// days and intervals added to dates and times.
#include "base/text.h"
#include "sql/engine/decimals.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ClientContext;
using duckdb::DecimalType;
using duckdb::Expression;
using duckdb::ExpressionType;
using duckdb::FunctionBindExpressionInput;
using duckdb::hugeint_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::unique_ptr;
using duckdb::Value;
using Children = duckdb::vector<unique_ptr<Expression>>;

bool integral(const LogicalType& type) {
  return type.IsIntegral();
}
bool decimal(const LogicalType& type) {
  return type.id() == LogicalTypeId::DECIMAL;
}
bool temporal(const LogicalType& type) {
  return type.IsTemporal() || type.id() == LogicalTypeId::INTERVAL;
}
bool is_constant(const Expression& e) {
  return e.GetExpressionType() == ExpressionType::VALUE_CONSTANT;
}
bool is_null(const Expression& e) {
  return e.return_type.id() == LogicalTypeId::SQLNULL;
}

// --- both sides -----------------------------------------------------------------------------------------------------------

// SUPER with a number, SUPER or a literal: decided row by row. nullptr: no side is SUPER. Beside a time it is a whole number.
unique_ptr<Expression> of_supers(ClientContext& context, const char* name, unique_ptr<Expression>& a, unique_ptr<Expression>& b) {
  if (!is_super(a->return_type) && !is_super(b->return_type)) return nullptr;
  for (auto* side : {&a, &b}) {
    auto& other = side == &a ? b : a;
    if (is_super((*side)->return_type) && temporal(other->return_type)) {
      *side = converted(context, std::move(*side), LogicalType::INTEGER);
      return nullptr;
    }
    if (is_text((*side)->return_type) && is_constant(**side)) {
      *side = converted(context, std::move(*side), number_for_text(LogicalType::DOUBLE));
    }
  }
  return call(context, kFunctionSchema, name, arguments(std::move(a), std::move(b)));
}

// '1' + 1, v + 1: text takes the other's type; with a column of text that is a wide number.
void align_numbers(ClientContext& context, unique_ptr<Expression>& a, unique_ptr<Expression>& b) {
  const auto convert = [&](unique_ptr<Expression>& side, const LogicalType& other) {
    if (is_text(side->return_type)) {
      if (!other.IsNumeric() && !is_text(other)) return;  // a date's other side: see below
      const LogicalType type = is_text(other)       ? LogicalType::DECIMAL(38, 8)
                               : is_constant(*side) ? other
                                                    : number_for_text(other);
      side = converted(context, std::move(side), type);
    } else if (side->return_type.id() == LogicalTypeId::BOOLEAN) {
      side = cast_to(context, std::move(side), LogicalType::INTEGER);
    }
  };
  const LogicalType type_a = a->return_type, type_b = b->return_type;
  convert(a, type_b);
  convert(b, type_a);
  if (!integral(a->return_type) || !integral(b->return_type)) return;
  // A literal is an INTEGER, and not as small as it could be.
  const LogicalType wide = LogicalType::ForceMaxLogicalType(a->return_type, b->return_type);
  a = cast_to(context, std::move(a), wide);
  b = cast_to(context, std::move(b), wide);
}

// Days as Redshift adds them to a timestamp; a literal text beside a time is an interval or a time.
void align_times(ClientContext& context, unique_ptr<Expression>& time, unique_ptr<Expression>& other, bool subtract) {
  const auto id = time->return_type.id();
  if (is_text(other->return_type)) {
    other = converted(context, std::move(other), subtract ? time->return_type : LogicalType::INTERVAL);
  } else if (integral(other->return_type) && id != LogicalTypeId::DATE) {
    other = call(context, "main", "to_days", arguments(cast_to(context, std::move(other), LogicalType::INTEGER)));
  } else if (integral(other->return_type)) {
    other = cast_to(context, std::move(other), LogicalType::INTEGER);
  }
}

struct Digits {
  int precision, scale;
};

// AWS: numeric calculations with INTEGER and DECIMAL types.
Digits digits_of(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::DECIMAL: return {DecimalType::GetWidth(type), DecimalType::GetScale(type)};
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT: return {5, 0};
    case LogicalTypeId::INTEGER: return {10, 0};
    case LogicalTypeId::BIGINT: return {19, 0};
    default: return {kMaxPrecision, 0};
  }
}

LogicalType decimal_type(int precision, int scale) {
  return LogicalType::DECIMAL(static_cast<uint8_t>(precision), static_cast<uint8_t>(scale));
}

bool decimals(const Expression& a, const Expression& b) {
  const LogicalType &ta = a.return_type, &tb = b.return_type;
  return (decimal(ta) && (decimal(tb) || integral(tb))) || (integral(ta) && decimal(tb));
}

bool lies_in(const LogicalType& type, duckdb::PhysicalType physical) {
  return type.InternalType() == physical;
}

// At least 64 bits; what has them stays as it is.
unique_ptr<Expression> in_64_bits_or_more(ClientContext& context, unique_ptr<Expression> value, const Digits& digits) {
  const LogicalType& type = value->return_type;
  const bool wide_enough = lies_in(type, duckdb::PhysicalType::INT64) || lies_in(type, duckdb::PhysicalType::INT128);
  if (decimal(type) && wide_enough) return value;
  return cast_to(context, std::move(value),
                 decimal_type(digits.precision <= kMaxNarrow ? kMaxNarrow : kMaxPrecision, digits.scale));
}

// --- sums and differences -------------------------------------------------------------------------------------------------

// Of decimals of one scale as they lie in memory, in 64 or 128 bits each; kSign: 1 or -1 of the second.
template <int kSign>
struct Add {
  template <class A, class B>
  static void run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
    duckdb::BinaryExecutor::Execute<A, B, hugeint_t>(
        input.data[0], input.data[1], result, input.size(),
        [](A a, B b) { return checked_decimal(wide(a) + kSign * wide(b)); });  // two of 38 digits fit into 128 bits
  }
};

// add_decimals(a, b, precision) and its like: the function for how both lie in memory.
template <class Operation>
void choose(duckdb::ScalarFunction& function, const Children& children) {
  const bool huge_a = lies_in(children[0]->return_type, duckdb::PhysicalType::INT128);
  const bool huge_b = lies_in(children[1]->return_type, duckdb::PhysicalType::INT128);
  function.function =
      huge_a ? (huge_b ? Operation::template run<hugeint_t, hugeint_t> : Operation::template run<hugeint_t, int64_t>)
             : (huge_b ? Operation::template run<int64_t, hugeint_t> : Operation::template run<int64_t, int64_t>);
  function.arguments = {children[0]->return_type, children[1]->return_type, LogicalType::INTEGER};
}

int precision_of(ClientContext& context, const Children& children) {
  return duckdb::ExpressionExecutor::EvaluateScalar(context, *children[2]).GetValue<int32_t>();
}

template <int kSign>
unique_ptr<duckdb::FunctionData> bind_wide_add(ClientContext& context, duckdb::ScalarFunction& function, Children& children) {
  choose<Add<kSign>>(function, children);
  const int scale = std::max(digits_of(children[0]->return_type).scale, digits_of(children[1]->return_type).scale);
  function.return_type = decimal_type(precision_of(context, children), scale);
  return nullptr;
}

// AWS: precision max(p1 - s1, p2 - s2) + 1 + scale, scale max(s1, s2).
unique_ptr<Expression> add_decimals(ClientContext& context, const char* name, unique_ptr<Expression> a,
                                    unique_ptr<Expression> b) {
  const Digits da = digits_of(a->return_type), db = digits_of(b->return_type);
  const int scale = std::max(da.scale, db.scale);
  const int precision =
      std::min(std::max(da.precision - da.scale, db.precision - db.scale) + 1 + scale, kMaxPrecision);
  if (precision <= kMaxNarrow) {
    auto sum = call(context, "main", name, arguments(std::move(a), std::move(b)), true);
    return cast_to(context, std::move(sum), decimal_type(precision, scale));
  }
  // The engine would stay in 64 bits.
  const auto of_scale = [&](unique_ptr<Expression> side, const Digits& digits) {
    if (digits.scale == scale) return in_64_bits_or_more(context, std::move(side), digits);
    return cast_to(context, std::move(side), decimal_type(precision, scale));
  };
  auto list = arguments(of_scale(std::move(a), da), of_scale(std::move(b), db));
  list.push_back(constant(Value::INTEGER(precision)));
  return call(context, kFunctionSchema, name[0] == '+' ? "add_decimals" : "subtract_decimals", std::move(list));
}

unique_ptr<Expression> bind_add(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto a = std::move(input.children[0]), b = std::move(input.children[1]);
  if (auto result = of_supers(input.context, "super_add", a, b)) return result;
  if (temporal(a->return_type)) align_times(context, a, b, false);
  if (temporal(b->return_type)) align_times(context, b, a, false);
  if (is_text(a->return_type) && is_text(b->return_type)) {  // AWS: '+' joins texts
    return call(context, "main", "||", arguments(std::move(a), std::move(b)), true);
  }
  align_numbers(context, a, b);
  if (decimals(*a, *b)) return add_decimals(context, "+", std::move(a), std::move(b));
  // AWS: date + time and date + timetz.
  if (a->return_type.id() == LogicalTypeId::TIME && b->return_type.id() == LogicalTypeId::DATE) std::swap(a, b);
  return call(context, "main", "+", arguments(std::move(a), std::move(b)), true);
}

unique_ptr<Expression> bind_subtract(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto a = std::move(input.children[0]), b = std::move(input.children[1]);
  if (auto result = of_supers(input.context, "super_sub", a, b)) return result;
  if (temporal(a->return_type)) align_times(context, a, b, true);
  align_numbers(context, a, b);
  if (decimals(*a, *b)) return add_decimals(context, "-", std::move(a), std::move(b));
  if (a->return_type.id() == LogicalTypeId::TIME && b->return_type.id() == LogicalTypeId::TIME) {
    for (auto* side : {&a, &b})
      *side = call(context, "main", "+", arguments(constant(Value::DATE(duckdb::date_t(0))), std::move(*side)), true);
  }
  // timestamp - date
  const auto ia = a->return_type.id(), ib = b->return_type.id();
  if (ia == LogicalTypeId::TIMESTAMP && ib == LogicalTypeId::DATE) b = cast_to(context, std::move(b), LogicalType::TIMESTAMP);
  if (ia == LogicalTypeId::DATE && ib == LogicalTypeId::TIMESTAMP) a = cast_to(context, std::move(a), LogicalType::TIMESTAMP);
  return call(context, "main", "-", arguments(std::move(a), std::move(b)), true);
}

unique_ptr<Expression> bind_negate(FunctionBindExpressionInput& input) {
  auto value = std::move(input.children[0]);
  if (is_super(value->return_type)) {
    return call(input.context, kFunctionSchema, "super_sub", arguments(constant(Value::INTEGER(0)), std::move(value)));
  }
  if (is_text(value->return_type)) value = converted(input.context, std::move(value), number_for_text(LogicalType::DOUBLE));
  return call(input.context, "main", "-", arguments(std::move(value)), true);
}

// --- products -------------------------------------------------------------------------------------------------------------

struct Multiply {
  template <class A, class B>
  static void run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
    duckdb::BinaryExecutor::Execute<A, B, hugeint_t>(input.data[0], input.data[1], result, input.size(), [](A a, B b) {
      const __int128 x = wide(a), y = wide(b);
      const auto narrow_x = static_cast<int64_t>(x), narrow_y = static_cast<int64_t>(y);
      if (narrow_x == x && narrow_y == y) return huge(static_cast<__int128>(narrow_x) * narrow_y);  // at most 38 digits
      __int128 product = 0;
      if (__builtin_mul_overflow(x, y, &product)) decimal_overflow();
      return checked_decimal(product);
    });
  }
};

unique_ptr<duckdb::FunctionData> bind_product(ClientContext& context, duckdb::ScalarFunction& function,
                                              Children& children) {
  choose<Multiply>(function, children);
  const int scale = digits_of(children[0]->return_type).scale + digits_of(children[1]->return_type).scale;
  function.return_type = decimal_type(precision_of(context, children), scale);
  return nullptr;
}

// AWS: precision p1 + p2 + 1, scale s1 + s2.
unique_ptr<Expression> multiply_decimals(ClientContext& context, unique_ptr<Expression> a, unique_ptr<Expression> b) {
  const Digits da = digits_of(a->return_type), db = digits_of(b->return_type);
  const int scale = da.scale + db.scale;
  const int precision = std::min(da.precision + db.precision + 1, kMaxPrecision);
  if (scale > kMaxPrecision) decimal_overflow();
  if (precision <= kMaxNarrow) {
    a = cast_to(context, std::move(a), decimal_type(da.precision, da.scale));
    b = cast_to(context, std::move(b), decimal_type(db.precision, db.scale));
    return cast_to(context, call(context, "main", "*", arguments(std::move(a), std::move(b)), true),
                   decimal_type(precision, scale));
  }
  auto list = arguments(in_64_bits_or_more(context, std::move(a), da), in_64_bits_or_more(context, std::move(b), db));
  list.push_back(constant(Value::INTEGER(precision)));
  return call(context, kFunctionSchema, "multiply_decimals", std::move(list));
}

unique_ptr<Expression> bind_multiply(FunctionBindExpressionInput& input) {
  auto a = std::move(input.children[0]), b = std::move(input.children[1]);
  if (auto result = of_supers(input.context, "super_mul", a, b)) return result;
  align_numbers(input.context, a, b);
  if (decimals(*a, *b)) return multiply_decimals(input.context, std::move(a), std::move(b));
  return call(input.context, "main", "*", arguments(std::move(a), std::move(b)), true);
}

// --- quotients ------------------------------------------------------------------------------------------------------------

// AWS: scale max(4, s1 + p2 - s2 + 1), precision p1 - s1 + s2 + scale, at most 38.
unique_ptr<Expression> divide_decimals(ClientContext& context, unique_ptr<Expression> a, unique_ptr<Expression> b) {
  const Digits da = digits_of(a->return_type), db = digits_of(b->return_type);
  int scale = std::max(4, da.scale + db.precision - db.scale + 1);
  int precision = da.precision - da.scale + db.scale + scale;
  if (precision > kMaxPrecision) {
    scale = std::max(kMaxPrecision + scale - precision, 4);
    precision = kMaxPrecision;
  }
  auto list = arguments(cast_to(context, std::move(a), decimal_type(kMaxPrecision, da.scale)),
                        cast_to(context, std::move(b), decimal_type(kMaxPrecision, db.scale)));
  list.push_back(constant(Value::INTEGER(scale)));
  return cast_to(context, call(context, kFunctionSchema, "divide_decimals", std::move(list)),
                 decimal_type(precision, scale));
}

unique_ptr<Expression> bind_divide(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto a = std::move(input.children[0]), b = std::move(input.children[1]);
  if (auto result = of_supers(input.context, "super_div", a, b)) return result;
  align_numbers(context, a, b);
  if (is_null(*a) || is_null(*b)) return constant(Value(LogicalType::INTEGER));
  if (a->return_type.id() == LogicalTypeId::INTERVAL)
    return call(context, "main", "/", arguments(std::move(a), std::move(b)), true);
  if (decimals(*a, *b) || (!integral(a->return_type) && !a->return_type.IsFloating() && !b->return_type.IsFloating())) {
    return divide_decimals(context, std::move(a), std::move(b));
  }
  b = call(context, kFunctionSchema, "nonzero", arguments(std::move(b)));
  const bool whole = integral(a->return_type) && integral(b->return_type);
  return call(context, "main", whole ? "//" : "/", arguments(std::move(a), std::move(b)), true);
}

unique_ptr<Expression> bind_modulo(FunctionBindExpressionInput& input) {
  auto a = std::move(input.children[0]), b = std::move(input.children[1]);
  if (auto result = of_supers(input.context, "super_mod", a, b)) return result;
  align_numbers(input.context, a, b);
  b = call(input.context, kFunctionSchema, "nonzero", arguments(std::move(b)));
  return call(input.context, "main", "%", arguments(std::move(a), std::move(b)), true);
}

// --- aggregates -----------------------------------------------------------------------------------------------------------

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
    return cast_to(context, call(context, "main", "//", arguments(std::move(sum), std::move(count)), true),
                   LogicalType::BIGINT);
  }
  if (!decimal(sum->return_type)) return call(context, "main", "/", arguments(std::move(sum), std::move(count)), true);
  const auto scale = DecimalType::GetScale(sum->return_type);
  auto list = arguments(cast_to(context, std::move(sum), LogicalType::DECIMAL(38, scale)),
                        cast_to(context, std::move(count), LogicalType::DECIMAL(38, 0)));
  list.push_back(constant(Value::INTEGER(scale)));
  return cast_to(context, call(context, kFunctionSchema, "divide_decimals", std::move(list)),
                 LogicalType::DECIMAL(38, scale));
}

// What sum and avg are taken of: the number inside a SUPER, a wide number of text.
unique_ptr<Expression> bind_number(FunctionBindExpressionInput& input) {
  auto value = std::move(input.children[0]);
  if (is_super(value->return_type)) {
    return call(input.context, kFunctionSchema, "super_number", arguments(std::move(value)));
  }
  if (value->return_type.id() == LogicalTypeId::FLOAT) {
    return cast_to(input.context, std::move(value), LogicalType::DOUBLE);
  }
  return value;
}

// What MEDIAN and PERCENTILE_CONT are taken of: whole numbers are decimals with one digit behind the point.
// AWS: MEDIAN's and PERCENTILE_CONT's return types; ASSUMED: their precision and scale.
constexpr int kMoreDigits = 4;

unique_ptr<Expression> bind_continuous(FunctionBindExpressionInput& input) {
  auto value = std::move(input.children[0]);
  const LogicalType type = value->return_type;
  if (is_super(type)) return call(input.context, kFunctionSchema, "super_number", arguments(std::move(value)));
  if (type.id() == LogicalTypeId::FLOAT) return cast_to(input.context, std::move(value), LogicalType::DOUBLE);
  if (!integral(type) && type.id() != LogicalTypeId::DECIMAL) return value;
  Digits digits = digits_of(type);
  if (integral(type)) digits = {digits.precision + 1, 1};
  // What the engine puts between two values it cuts: it is given more digits, and what comes out is rounded (settled).
  if (digits.precision + kMoreDigits < kMaxPrecision)
    return cast_to(input.context, std::move(value), decimal_type(digits.precision + kMoreDigits, digits.scale + kMoreDigits));
  return cast_to(input.context, std::move(value), decimal_type(kMaxPrecision, digits.scale));
}

// Of what an aggregate made of continuous_of's values: without the digits that it added.
unique_ptr<Expression> bind_settled(FunctionBindExpressionInput& input) {
  auto value = std::move(input.children[0]);
  if (value->return_type.id() != LogicalTypeId::DECIMAL) return value;
  const Digits digits = digits_of(value->return_type);
  if (digits.precision == kMaxPrecision) return value;
  return cast_to(input.context, std::move(value), decimal_type(digits.precision - kMoreDigits, digits.scale - kMoreDigits));
}

unique_ptr<Expression> bind_ratio(FunctionBindExpressionInput& input) {
  auto value = cast_to(input.context, std::move(input.children[0]), LogicalType::DOUBLE);
  auto total = cast_to(input.context, std::move(input.children[1]), LogicalType::DOUBLE);
  return call(input.context, "main", "/", arguments(std::move(value), std::move(total)), true);
}

// --- the functions that those use -----------------------------------------------------------------------------------------

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
    default: function.function = nonzero<hugeint_t>;
  }
  return nullptr;
}

duckdb::ScalarFunctionSet nonzeros() {
  duckdb::ScalarFunctionSet set("nonzero");
  set.AddFunction(nonzero_of<int8_t>(LogicalType::TINYINT));
  set.AddFunction(nonzero_of<int16_t>(LogicalType::SMALLINT));
  set.AddFunction(nonzero_of<int32_t>(LogicalType::INTEGER));
  set.AddFunction(nonzero_of<int64_t>(LogicalType::BIGINT));
  set.AddFunction(nonzero_of<hugeint_t>(LogicalType::HUGEINT));
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
  const int s1 = DecimalType::GetScale(function.children[0]->return_type);
  const int s2 = DecimalType::GetScale(function.children[1]->return_type);
  const int scale = DecimalType::GetScale(function.return_type);
  const int shift = scale - s1 + s2;
  duckdb::BinaryExecutor::Execute<hugeint_t, hugeint_t, hugeint_t>(
      input.data[0], input.data[1], result, input.size(), [&](hugeint_t a, hugeint_t b) {
        if (b == hugeint_t(0)) raise_sql("22012", "Divide by zero");
        hugeint_t scaled = a;
        if (shift > 0) {
          if (shift > kMaxPrecision || !duckdb::Hugeint::TryMultiply(a, duckdb::Hugeint::POWERS_OF_TEN[shift], scaled)) {
            decimal_overflow();
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

}  // namespace

// The type in which text is compared with, or added to, a number.
LogicalType number_for_text(const LogicalType& other) {
  if (other.id() == LogicalTypeId::FLOAT || other.id() == LogicalTypeId::DOUBLE) return LogicalType::DOUBLE;
  if (other.id() == LogicalTypeId::DECIMAL) {
    return LogicalType::DECIMAL(38, std::max<uint8_t>(DecimalType::GetScale(other), 8));
  }
  return LogicalType::DECIMAL(38, 8);
}

void add_arithmetic(Registry& registry) {
  registry.add(typed("add", 2, bind_add));
  registry.add(typed("sub", 2, bind_subtract));
  registry.add(typed("mul", 2, bind_multiply));
  registry.add(typed("div", 2, bind_divide));
  registry.add(typed("mod", 2, bind_modulo));
  registry.add(typed("narrow_sum", 1, bind_narrow_sum));
  registry.add(typed("average", 2, bind_average));
  registry.add(typed("ratio", 2, bind_ratio));
  registry.add(typed("number_of", 1, bind_number));
  registry.add(typed("continuous_of", 1, bind_continuous));
  registry.add(typed("settled", 1, bind_settled));
  registry.add(typed("negate", 1, bind_negate));
  registry.add(nonzeros());
  const auto of_decimals = [&](const char* name, duckdb::scalar_function_t run, duckdb::bind_scalar_function_t bind) {
    duckdb::ScalarFunction function(name, {LogicalTypeId::DECIMAL, LogicalTypeId::DECIMAL, LogicalType::INTEGER},
                                    LogicalTypeId::DECIMAL, std::move(run), bind);
    function.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
    registry.add(function);
  };
  of_decimals("add_decimals", Add<1>::run<hugeint_t, hugeint_t>, bind_wide_add<1>);
  of_decimals("subtract_decimals", Add<-1>::run<hugeint_t, hugeint_t>, bind_wide_add<-1>);
  of_decimals("multiply_decimals", Multiply::run<hugeint_t, hugeint_t>, bind_product);
  of_decimals("divide_decimals", divide_decimals_run, bind_divide_decimals);
}

}  // namespace tarn::sql::engine

// What operators and casts call: checked division, decimals, casts of texts.
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "duckdb/catalog/catalog_entry/scalar_function_catalog_entry.hpp"
#include "duckdb/parser/parsed_data/create_aggregate_function_info.hpp"
#include "duckdb/parser/parsed_data/create_scalar_function_info.hpp"
#include "sql/engine/decimals.h"
#include "sql/engine/functions.h"
#include "sql/engine/trino_functions.h"

namespace tarn::sql::engine::trino {

using duckdb::BinaryExecutor;
using duckdb::DataChunk;
using duckdb::ExpressionState;
using duckdb::hugeint_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::ScalarFunction;
using duckdb::string_t;
using duckdb::StringVector;
using duckdb::UnaryExecutor;
using duckdb::Value;
using duckdb::Vector;
using std::string;

Adder::Adder(duckdb::DatabaseInstance& database)
    : catalog_(duckdb::Catalog::GetSystemCatalog(database)),
      transaction_(duckdb::CatalogTransaction::GetSystemTransaction(database)) {
  duckdb::CreateSchemaInfo info;
  info.schema = kSchema;
  info.internal = true;
  info.on_conflict = duckdb::OnCreateConflict::IGNORE_ON_CONFLICT;
  catalog_.CreateSchema(transaction_, info);
}

void Adder::add(ScalarFunction function) {
  if (!function.bind_expression) function.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
  duckdb::CreateScalarFunctionInfo info(std::move(function));
  info.schema = kSchema;
  catalog_.CreateFunction(transaction_, info);
}

void Adder::add(duckdb::ScalarFunctionSet functions) {
  for (auto& function : functions.functions) function.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
  duckdb::CreateScalarFunctionInfo info(std::move(functions));
  info.schema = kSchema;
  catalog_.CreateFunction(transaction_, info);
}

void Adder::add(duckdb::AggregateFunctionSet functions) {
  duckdb::CreateAggregateFunctionInfo info(std::move(functions));
  info.schema = kSchema;
  catalog_.CreateFunction(transaction_, info);
}

ScalarFunction by_row(const char* name, duckdb::vector<LogicalType> arguments, LogicalType returns, RowFunction run) {
  const auto loop = [run](DataChunk& input, ExpressionState&, Vector& result) {
    duckdb::vector<Value> values(input.ColumnCount());
    const bool constant = input.AllConstant();
    const duckdb::idx_t rows = constant ? 1 : input.size();
    for (duckdb::idx_t row = 0; row < rows; ++row) {
      bool null = false;
      for (duckdb::idx_t i = 0; i < input.ColumnCount(); ++i) {
        values[i] = input.data[i].GetValue(row);
        null = null || values[i].IsNull();
      }
      result.SetValue(row, null ? Value(result.GetType()) : run(values));
    }
    if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  };
  return ScalarFunction(name, std::move(arguments), std::move(returns), loop);
}

namespace {

[[noreturn]] void division_by_zero() {
  raise("DIVISION_BY_ZERO", "Division by zero");
}

template <class T>
void divide(DataChunk& input, ExpressionState&, Vector& result) {
  BinaryExecutor::Execute<T, T, T>(input.data[0], input.data[1], result, input.size(), [](T a, T b) -> T {
    if (b == 0) division_by_zero();
    if (a == std::numeric_limits<T>::min() && b == -1) {
      raise("NUMERIC_VALUE_OUT_OF_RANGE", "division overflow: " + std::to_string(a) + " / -1");
    }
    return static_cast<T>(a / b);
  });
}

template <class T>
void modulus(DataChunk& input, ExpressionState&, Vector& result) {
  BinaryExecutor::Execute<T, T, T>(input.data[0], input.data[1], result, input.size(), [](T a, T b) -> T {
    if constexpr (std::is_floating_point_v<T>) {
      return std::fmod(a, b);
    } else {
      if (b == 0) division_by_zero();
      return b == -1 ? T{0} : static_cast<T>(a % b);
    }
  });
}

[[noreturn]] void decimal_overflow() {
  raise("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow");
}

constexpr auto kTooLarge = magnitude(kTooWide);

// The quotient of a * 10^shift and b, half away from zero.
__int128 divided(__int128 a, __int128 b, int shift) {
  if (b == 0) division_by_zero();
  const bool negative = (a < 0) != (b < 0);
  const unsigned __int128 divisor = magnitude(b);
  unsigned __int128 rest = magnitude(a);
  unsigned __int128 quotient = rest / divisor;
  rest %= divisor;
  for (int i = 0; i < shift; ++i) {
    // rest * 10 / divisor without more than 128 bits: by adding.
    unsigned digit = 0;
    unsigned __int128 sum = 0;
    for (int k = 0; k < 10; ++k) {
      if (sum >= divisor - rest) {
        sum -= divisor - rest;
        ++digit;
      } else {
        sum += rest;
      }
    }
    rest = sum;
    if (quotient > kTooLarge / 10) decimal_overflow();
    quotient = quotient * 10 + digit;
  }
  if (rest >= divisor - rest) ++quotient;
  if (quotient >= kTooLarge) decimal_overflow();
  const auto result = static_cast<__int128>(quotient);
  return negative ? -result : result;
}

// Decimals come as DECIMAL(38, s): HUGEINTs inside.
void decimal_divide(DataChunk& input, ExpressionState& state, Vector& result) {
  const auto scale = [&](size_t i) { return static_cast<int>(duckdb::DecimalType::GetScale(input.data[i].GetType())); };
  const int shift = duckdb::DecimalType::GetScale(result.GetType()) - scale(0) + scale(1);
  (void)state;
  BinaryExecutor::Execute<hugeint_t, hugeint_t, hugeint_t>(
      input.data[0], input.data[1], result, input.size(),
      [&](hugeint_t a, hugeint_t b) { return huge(divided(wide(a), wide(b), shift)); });
}

void decimal_multiply(DataChunk& input, ExpressionState&, Vector& result) {
  BinaryExecutor::Execute<hugeint_t, hugeint_t, hugeint_t>(
      input.data[0], input.data[1], result, input.size(), [&](hugeint_t a, hugeint_t b) {
        __int128 product = 0;
        if (__builtin_mul_overflow(wide(a), wide(b), &product)) decimal_overflow();
        if (magnitude(product) >= kTooLarge) decimal_overflow();
        return huge(product);
      });
}

void decimal_modulus(DataChunk& input, ExpressionState&, Vector& result) {
  BinaryExecutor::Execute<hugeint_t, hugeint_t, hugeint_t>(input.data[0], input.data[1], result, input.size(),
                                                           [&](hugeint_t a, hugeint_t b) {
                                                             if (wide(b) == 0) division_by_zero();
                                                             return huge(wide(a) % wide(b));
                                                           });
}

// What is declared as DECIMAL(38, any): the scales are those of the arguments when bound.
duckdb::unique_ptr<duckdb::FunctionData> bind_decimals(duckdb::ClientContext&, ScalarFunction& function,
                                                       duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  int scales = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    function.arguments[i] = arguments[i]->return_type;
    if (i < 2) scales += duckdb::DecimalType::GetScale(arguments[i]->return_type);
  }
  if (function.name == "t_decimal_divide") {
    function.return_type = arguments[2]->return_type;
  } else if (function.name == "t_decimal_multiply") {
    function.return_type = LogicalType::DECIMAL(38, static_cast<uint8_t>(scales));
  } else {
    function.return_type = arguments[0]->return_type;
  }
  return nullptr;
}

ScalarFunction decimals(const char* name, size_t arguments, duckdb::scalar_function_t run) {
  ScalarFunction function(name, duckdb::vector<LogicalType>(arguments, LogicalType::ANY), LogicalType::ANY,
                          std::move(run), bind_decimals);
  // The third argument is a NULL of the result's type.
  if (arguments == 3) function.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  return function;
}

// --- casts of texts

const char* cast_name(LogicalTypeId id) {
  switch (id) {
    case LogicalTypeId::TINYINT: return "TINYINT";
    case LogicalTypeId::SMALLINT: return "SMALLINT";
    case LogicalTypeId::INTEGER: return "INT";
    case LogicalTypeId::BIGINT: return "BIGINT";
    case LogicalTypeId::DOUBLE: return "DOUBLE";
    case LogicalTypeId::FLOAT: return "REAL";
    default: return "BOOLEAN";
  }
}

[[noreturn]] void bad_text(std::string_view text, LogicalTypeId id) {
  raise("INVALID_CAST_ARGUMENT", "Cannot cast '" + string(text) + "' to " + cast_name(id));
}

template <class T>
T integer_of(std::string_view text, LogicalTypeId id) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  T value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) bad_text(text, id);
  return value;
}

double real_of(std::string_view text, LogicalTypeId id) {
  const std::string_view trimmed = trim(text);  // Java's parseDouble takes blanks around
  if (trimmed == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (trimmed == "Infinity" || trimmed == "+Infinity") return std::numeric_limits<double>::infinity();
  if (trimmed == "-Infinity") return -std::numeric_limits<double>::infinity();
  const string copy(trimmed);
  if (copy.empty() || copy.find_first_not_of("0123456789+-.eEdDfF") != string::npos) bad_text(text, id);
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  const std::string_view rest(end);
  if (end == copy.c_str() || !(rest.empty() || rest == "d" || rest == "D" || rest == "f" || rest == "F")) {
    bad_text(text, id);
  }
  return value;
}

bool boolean_of(std::string_view text) {
  const string word = lower(text);
  if (word == "true" || word == "t" || word == "1") return true;
  if (word == "false" || word == "f" || word == "0") return false;
  bad_text(text, LogicalTypeId::BOOLEAN);
}

template <class T, class Read>
void read_texts(DataChunk& input, Vector& result, Read read) {
  UnaryExecutor::Execute<string_t, T>(input.data[0], result, input.size(), [&](string_t text) { return read(view(text)); });
}

void text_to(DataChunk& input, ExpressionState&, Vector& result) {
  const LogicalTypeId id = result.GetType().id();
  switch (id) {
    case LogicalTypeId::TINYINT: return read_texts<int8_t>(input, result, [&](auto text) { return integer_of<int8_t>(text, id); });
    case LogicalTypeId::SMALLINT: return read_texts<int16_t>(input, result, [&](auto text) { return integer_of<int16_t>(text, id); });
    case LogicalTypeId::INTEGER: return read_texts<int32_t>(input, result, [&](auto text) { return integer_of<int32_t>(text, id); });
    case LogicalTypeId::BIGINT: return read_texts<int64_t>(input, result, [&](auto text) { return integer_of<int64_t>(text, id); });
    case LogicalTypeId::DOUBLE: return read_texts<double>(input, result, [&](auto text) { return real_of(text, id); });
    case LogicalTypeId::FLOAT: return read_texts<float>(input, result, [&](auto text) { return static_cast<float>(real_of(text, id)); });
    default: return read_texts<bool>(input, result, boolean_of);
  }
}

// f(value, NULL of the type that is wanted)
duckdb::unique_ptr<duckdb::FunctionData> bind_witness(duckdb::ClientContext&, ScalarFunction& function,
                                                      duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  function.return_type = arguments.back()->return_type;
  function.arguments.back() = arguments.back()->return_type;
  return nullptr;
}

ScalarFunction witnessed(const char* name, LogicalType argument, duckdb::scalar_function_t run) {
  ScalarFunction function(name, {std::move(argument), LogicalType::ANY}, LogicalType::ANY, std::move(run), bind_witness);
  function.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  return function;
}

void double_to_integer(DataChunk& input, ExpressionState&, Vector& result) {
  const LogicalTypeId id = result.GetType().id();
  const auto run = [&]<class T>(T) {
    UnaryExecutor::Execute<double, T>(input.data[0], result, input.size(), [&](double value) {
      const double rounded = std::round(value);
      // 2^63 as a double is above the largest BIGINT.
      const double low = static_cast<double>(std::numeric_limits<T>::min()), high = -low;
      if (std::isnan(value) || rounded < low || rounded >= high) {
        const string name = id == LogicalTypeId::INTEGER ? "integer" : lower(cast_name(id));
        if (std::isnan(value)) raise("INVALID_CAST_ARGUMENT", "Cannot cast double NaN to " + name);
        if (id == LogicalTypeId::BIGINT) raise("INVALID_CAST_ARGUMENT", "Unable to cast " + print(Value::DOUBLE(value)) + " to bigint");
        raise("NUMERIC_VALUE_OUT_OF_RANGE", "Out of range for " + name + ": " + print(Value::DOUBLE(value)));
      }
      return static_cast<T>(rounded);
    });
  };
  switch (id) {
    case LogicalTypeId::TINYINT: return run(int8_t{});
    case LogicalTypeId::SMALLINT: return run(int16_t{});
    case LogicalTypeId::INTEGER: return run(int32_t{});
    default: return run(int64_t{});
  }
}

void text_to_decimal(DataChunk& input, ExpressionState&, Vector& result) {
  const LogicalType type = result.GetType();
  const duckdb::idx_t rows = input.data[0].GetVectorType() == duckdb::VectorType::CONSTANT_VECTOR ? 1 : input.size();
  for (duckdb::idx_t row = 0; row < rows; ++row) {
    Value value = input.data[0].GetValue(row);
    if (value.IsNull()) {
      result.SetValue(row, Value(type));
      continue;
    }
    const string text(trim(duckdb::StringValue::Get(value)));
    const bool number = !text.empty() && text.find_first_not_of("0123456789+-.eE") == string::npos;
    Value converted(text);
    if (!number || !converted.DefaultTryCastAs(type)) {
      raise("INVALID_CAST_ARGUMENT", "Cannot cast VARCHAR '" + duckdb::StringValue::Get(value) + "' to DECIMAL(" +
            std::to_string(duckdb::DecimalType::GetWidth(type)) + ", " +
            std::to_string(duckdb::DecimalType::GetScale(type)) + ")." +
            (number ? " Value too large." : " Value is not a number."));
    }
    result.SetValue(row, converted);
  }
  if (rows == 1 && input.size() >= 1 && input.data[0].GetVectorType() == duckdb::VectorType::CONSTANT_VECTOR) {
    result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  }
}

template <class T, string (*print)(T)>
void print_all(DataChunk& input, ExpressionState&, Vector& result) {
  UnaryExecutor::Execute<T, string_t>(input.data[0], result, input.size(),
                                      [&](T value) { return StringVector::AddString(result, print(value)); });
}

// An array's place: 1 .. its length.
void checked_index(DataChunk& input, ExpressionState&, Vector& result) {
  BinaryExecutor::Execute<int64_t, int64_t, int64_t>(
      input.data[0], input.data[1], result, input.size(), [](int64_t index, int64_t size) {
        if (index == 0) raise("INVALID_FUNCTION_ARGUMENT", "SQL array indices start at 1");
        if (index < 0) raise("INVALID_FUNCTION_ARGUMENT", "Array subscript is negative: " + std::to_string(index));
        if (index > size) {
          raise("INVALID_FUNCTION_ARGUMENT", "Array subscript must be less than or equal to array length: " +
                std::to_string(index) + " > " + std::to_string(size));
        }
        return index;
      });
}

void element_index(DataChunk& input, ExpressionState&, Vector& result) {
  UnaryExecutor::Execute<int64_t, int64_t>(input.data[0], result, input.size(), [](int64_t index) {
    if (index == 0) raise("INVALID_FUNCTION_ARGUMENT", "SQL array indices start at 1");
    return index;
  });
}

// Of the key's text, and of something that the map says: a call of constants alone would be run ahead of its rows.
void missing_key(DataChunk& input, ExpressionState&, Vector& result) {
  BinaryExecutor::Execute<string_t, bool, bool>(input.data[0], input.data[1], result, input.size(), [](string_t key, bool) -> bool {
    raise("INVALID_FUNCTION_ARGUMENT", "Key not present in map: " + key.GetString());
  });
}

void padded(DataChunk& input, ExpressionState&, Vector& result) {
  BinaryExecutor::Execute<string_t, int32_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t text, int32_t length) {
        string out;
        int32_t n = 0;
        const std::string_view source = view(text);
        for (size_t i = 0; i < source.size() && n < length; ++n) {
          const size_t size = character_size(source[i]);
          out += source.substr(i, size);
          i += size;
        }
        out.append(static_cast<size_t>(length - n), ' ');
        return StringVector::AddString(result, out);
      });
}

void shown(DataChunk& input, ExpressionState&, Vector& result) {
  const duckdb::idx_t rows = input.AllConstant() ? 1 : input.size();
  for (duckdb::idx_t row = 0; row < rows; ++row) {
    const Value value = input.data[0].GetValue(row);
    result.SetValue(row, value.IsNull() ? Value(LogicalType::VARCHAR) : Value(print(value)));
  }
  if (input.AllConstant()) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

// (text, length, the value as results show it)
void fitting(DataChunk& input, ExpressionState&, Vector& result) {
  duckdb::TernaryExecutor::Execute<string_t, int32_t, string_t, string_t>(
      input.data[0], input.data[1], input.data[2], result, input.size(), [&](string_t text, int32_t length, string_t shown) {
        if (static_cast<int32_t>(text.GetSize()) > length) {
          const bool same = text == shown;
          raise("INVALID_CAST_ARGUMENT", "Value " + shown.GetString() + (same ? "" : " (" + text.GetString() + ")") +
                " cannot be represented as varchar(" + std::to_string(length) + ")");
        }
        return StringVector::AddString(result, text);
      });
}

string timestamp_of(duckdb::timestamp_t value) {
  return timestamp_text(value.value);
}
string time_of(duckdb::dtime_t value) {
  return timestamp_text(value.micros).substr(11);
}

// A NULL of the argument's type.
void null_of(DataChunk&, ExpressionState&, Vector& result) {
  result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  duckdb::ConstantVector::SetNull(result, true);
}

duckdb::unique_ptr<duckdb::FunctionData> bind_same_type(duckdb::ClientContext&, ScalarFunction& function,
                                                        duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  function.return_type = arguments[0]->return_type;
  function.arguments[0] = arguments[0]->return_type;
  return nullptr;
}

}  // namespace

void add_operator_functions(Adder& adder) {
  duckdb::ScalarFunctionSet divisions("t_divide"), moduli("t_modulus");
  const auto both = [&](const LogicalType& type, duckdb::scalar_function_t division, duckdb::scalar_function_t remainder) {
    if (division) divisions.AddFunction(ScalarFunction({type, type}, type, std::move(division)));
    moduli.AddFunction(ScalarFunction({type, type}, type, std::move(remainder)));
  };
  both(LogicalType::TINYINT, divide<int8_t>, modulus<int8_t>);
  both(LogicalType::SMALLINT, divide<int16_t>, modulus<int16_t>);
  both(LogicalType::INTEGER, divide<int32_t>, modulus<int32_t>);
  both(LogicalType::BIGINT, divide<int64_t>, modulus<int64_t>);
  both(LogicalType::FLOAT, nullptr, modulus<float>);
  both(LogicalType::DOUBLE, nullptr, modulus<double>);
  adder.add(divisions);
  adder.add(moduli);
  adder.add(decimals("t_decimal_divide", 3, decimal_divide));
  adder.add(decimals("t_decimal_multiply", 2, decimal_multiply));
  adder.add(decimals("t_decimal_modulus", 2, decimal_modulus));
  adder.add(witnessed("t_text_to", LogicalType::VARCHAR, text_to));
  adder.add(witnessed("t_text_to_decimal", LogicalType::VARCHAR, text_to_decimal));
  adder.add(witnessed("t_double_to_integer", LogicalType::DOUBLE, double_to_integer));
  adder.add({"t_double_text", {LogicalType::DOUBLE}, LogicalType::VARCHAR, print_all<double, double_text>});
  adder.add({"t_real_text", {LogicalType::FLOAT}, LogicalType::VARCHAR, print_all<float, real_text>});
  adder.add({"t_timestamp_text", {LogicalType::TIMESTAMP}, LogicalType::VARCHAR,
             print_all<duckdb::timestamp_t, timestamp_of>});
  adder.add({"t_time_text", {LogicalType::TIME}, LogicalType::VARCHAR, print_all<duckdb::dtime_t, time_of>});
  adder.add({"t_checked_index", {LogicalType::BIGINT, LogicalType::BIGINT}, LogicalType::BIGINT, checked_index});
  adder.add({"t_element_index", {LogicalType::BIGINT}, LogicalType::BIGINT, element_index});
  adder.add({"t_missing_key", {LogicalType::VARCHAR, LogicalType::BOOLEAN}, LogicalType::BOOLEAN, missing_key});
  adder.add({"t_fitting", {LogicalType::VARCHAR, LogicalType::INTEGER, LogicalType::VARCHAR}, LogicalType::VARCHAR, fitting});
  adder.add({"t_padded", {LogicalType::VARCHAR, LogicalType::INTEGER}, LogicalType::VARCHAR, padded});
  ScalarFunction any_shown("t_shown", {LogicalType::ANY}, LogicalType::VARCHAR, shown);
  any_shown.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  adder.add(any_shown);
  ScalarFunction null("t_null_of", {LogicalType::ANY}, LogicalType::ANY, null_of, bind_same_type);
  null.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  adder.add(null);
}

}  // namespace tarn::sql::engine::trino

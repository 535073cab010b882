// What functions of numbers call: other bases, shifts, rounding, buckets, distributions; decimals of floats.
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "sql/engine/decimals.h"
#include "sql/engine/functions.h"
#include "sql/engine/trino_functions.h"

namespace tarn::sql::engine::trino {
namespace {

using duckdb::DataChunk;
using duckdb::ExpressionState;
using duckdb::hugeint_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::ScalarFunction;
using duckdb::UnaryExecutor;
using duckdb::Value;
using duckdb::Vector;
using std::string;
using Values = duckdb::vector<Value>;

[[noreturn]] void bad_argument(const string& message) {
  raise("INVALID_FUNCTION_ARGUMENT", message);
}

string to_base(int64_t value, int64_t base) {
  if (base < 2 || base > 36) bad_argument("Radix must be between 2 and 36");
  uint64_t rest = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  string out;
  do out += "0123456789abcdefghijklmnopqrstuvwxyz"[rest % static_cast<uint64_t>(base)];
  while (rest /= static_cast<uint64_t>(base));
  if (value < 0) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

int64_t from_base(const string& text, int64_t base) {
  if (base < 2 || base > 36) bad_argument("Radix must be between 2 and 36");
  char* end = nullptr;
  errno = 0;
  const auto value = std::strtoll(text.c_str(), &end, static_cast<int>(base));
  if (text.empty() || *end || errno || std::isspace(static_cast<unsigned char>(text[0]))) {
    bad_argument("Not a valid base-" + std::to_string(base) + " number: " + text);
  }
  return value;
}

// In so many bits; the result's upper ones are its sign.
int64_t shifted(const string& how, int64_t value, int64_t by, int bits) {
  if (by < 0) by &= bits - 1;
  if (how == "arithmetic") return value >> std::min<int64_t>(by, 63);
  const uint64_t mask = bits == 64 ? ~0ULL : (1ULL << bits) - 1;
  const uint64_t low = static_cast<uint64_t>(value) & mask;
  const uint64_t moved = by >= bits ? 0 : how == "left" ? low << by : low >> by;
  const int above = 64 - bits;
  return static_cast<int64_t>(moved << above) >> above;
}

// To tens, hundreds .. for places of -1, -2 ..; half away from zero.
int64_t rounded(int64_t value, int64_t places, const LogicalType& type) {
  if (places >= 0) return value;
  if (places < -18) raise("NUMERIC_VALUE_OUT_OF_RANGE", "numerical overflow: " + std::to_string(value));
  const auto unit = static_cast<int64_t>(power_of_ten(static_cast<int>(-places)));
  const int64_t rest = value % unit;
  __int128 result = static_cast<__int128>(value) - rest;
  if (magnitude(rest) * 2 >= static_cast<unsigned __int128>(unit)) result += value < 0 ? -unit : unit;
  if (result > std::numeric_limits<int64_t>::max() || result < std::numeric_limits<int64_t>::min()) {
    raise("NUMERIC_VALUE_OUT_OF_RANGE", "numerical overflow: " + std::to_string(value));
  }
  Value fitting = Value::BIGINT(static_cast<int64_t>(result));
  if (!fitting.DefaultTryCastAs(type)) {
    raise("NUMERIC_VALUE_OUT_OF_RANGE", "Out of range for " + type_name(type) + ": " + decimal_text(result, 0));
  }
  return static_cast<int64_t>(result);
}

int64_t width_bucket(double x, double low, double high, int64_t count) {
  if (count <= 0) bad_argument("bucketCount must be greater than 0");
  if (std::isnan(x)) bad_argument("operand must not be NaN");
  if (!std::isfinite(low)) bad_argument("first bound must be finite");
  if (!std::isfinite(high)) bad_argument("second bound must be finite");
  if (low == high) bad_argument("bounds cannot equal each other");
  const double lower = std::min(low, high), upper = std::max(low, high);
  int64_t bucket = 0;
  if (x < lower) {
    bucket = 0;
  } else if (x >= upper) {
    bucket = count + 1;
  } else {
    bucket = static_cast<int64_t>(static_cast<double>(count) * (x - lower) / (upper - lower) + 1);
  }
  return low > high ? count - bucket + 1 : bucket;
}

// Among the bounds of an array.
int64_t width_bucket(double x, const Values& bins) {
  if (bins.empty()) bad_argument("Bins cannot be an empty array");
  if (std::isnan(x)) bad_argument("Operand cannot be NaN");
  // By halves, as Trino looks: what is not come by is not checked.
  size_t low = 0, high = bins.size();
  const auto bin = [&](size_t i) {
    if (bins[i].IsNull()) bad_argument("Bin values cannot be NULL");
    return bins[i].GetValue<double>();
  };
  while (low < high) {
    if (bin(low) > bin(high - 1)) bad_argument("Bin values are not sorted in ascending order");
    const size_t middle = (low + high) / 2;
    if (!std::isfinite(bin(middle))) bad_argument("Bin value must be finite, got " + print(bins[middle]));
    if (x < bin(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return static_cast<int64_t>(low);
}

// The normal distribution's quantile: bisection over erf is exact enough, and simple.
double inverse_normal(double p) {
  if (!(p > 0 && p < 1)) bad_argument("p must be 0 > p > 1");
  double low = -40, high = 40;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

// The regularised incomplete beta function, by its continued fraction.
double beta_fraction(double a, double b, double x) {
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  d = 1 / (std::fabs(d) < 1e-300 ? 1e-300 : d);
  double result = d;
  for (int m = 1; m < 500; ++m) {
    const double n = m;
    const auto step = [&](double term) {
      d = 1 + term * d;
      c = 1 + term / c;
      d = 1 / (std::fabs(d) < 1e-300 ? 1e-300 : d);
      if (std::fabs(c) < 1e-300) c = 1e-300;
      result *= d * c;
      return d * c;
    };
    step(n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n)));
    if (std::fabs(step(-(a + n) * (a + b + n) * x / ((a + 2 * n) * (a + 2 * n + 1))) - 1) < 1e-15) break;
  }
  return result;
}

double beta_cdf(double a, double b, double x) {
  if (a <= 0 || b <= 0) bad_argument("a, b must be > 0");
  if (x < 0 || x > 1) bad_argument("value must be 0 >= v >= 1");
  if (x == 0 || x == 1) return x;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double inverse_beta_cdf(double a, double b, double p) {
  if (a <= 0 || b <= 0) bad_argument("a, b must be > 0");
  if (p < 0 || p > 1) bad_argument("p must be 0 >= p >= 1");
  if (p == 0 || p == 1) return p;
  double low = 0, high = 1;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (beta_cdf(a, b, middle) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

double wilson(double successes, double trials, double z, double side) {
  if (successes < 0) bad_argument("number of successes must not be negative");
  if (trials <= 0) bad_argument("number of trials must be positive");
  if (successes > trials) bad_argument("number of successes must not be larger than number of trials");
  if (z < 0) bad_argument("z-score must not be negative");
  const double p = successes / trials, n = trials;
  return (p + z * z / (2 * n) + side * z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n);
}

// nullopt: one of them is NULL.
std::optional<std::map<string, double>> numbers_of(const Value& map) {
  std::map<string, double> found;
  for (const Value& entry : duckdb::MapValue::GetChildren(map)) {
    const auto& pair = duckdb::StructValue::GetChildren(entry);
    if (pair[1].IsNull()) return std::nullopt;
    found[duckdb::StringValue::Get(pair[0])] = pair[1].GetValue<double>();
  }
  return found;
}

Value cosine(const Values& a) {
  const auto left = numbers_of(a[0]), right = numbers_of(a[1]);
  if (!left || !right) return Value(LogicalType::DOUBLE);
  double product = 0, size_left = 0, size_right = 0;
  for (const auto& [key, value] : *left) {
    size_left += value * value;
    if (const auto other = right->find(key); other != right->end()) product += value * other->second;
  }
  for (const auto& [key, value] : *right) size_right += value * value;
  if (size_left == 0 || size_right == 0) return Value(LogicalType::DOUBLE);
  return Value::DOUBLE(product / (std::sqrt(size_left) * std::sqrt(size_right)));
}

// Decimals of any precision: truncate(x, n) keeps the type, round(x, n) has one digit more.
template <bool round>
void decimal_places(DataChunk& input, ExpressionState&, Vector& result) {
  const LogicalType type = result.GetType();
  const bool constant = input.AllConstant();
  const int scale = duckdb::DecimalType::GetScale(type);
  for (duckdb::idx_t row = 0; row < (constant ? 1 : input.size()); ++row) {
    const Value value = input.data[0].GetValue(row), places = input.data[1].GetValue(row);
    if (value.IsNull() || places.IsNull()) {
      result.SetValue(row, Value(type));
      continue;
    }
    const int64_t drop = scale - places.GetValue<int64_t>();
    if (drop <= 0) {
      result.SetValue(row, value.DefaultCastAs(type));
      continue;
    }
    // The digits as a text: cut, and carried where rounded up.
    string digits = value.ToString();
    const bool negative = digits[0] == '-';
    std::erase_if(digits, [](char c) { return c == '-' || c == '.'; });
    digits.insert(0, 1, '0');
    const bool all = drop >= static_cast<int64_t>(digits.size());
    const size_t kept = all ? 0 : digits.size() - static_cast<size_t>(drop);
    bool carry = round && !all && digits[kept] >= '5';
    for (size_t i = kept; i < digits.size(); ++i) digits[i] = '0';
    for (size_t i = kept; carry && i-- > 0;) {
      carry = digits[i] == '9';
      digits[i] = carry ? '0' : static_cast<char>(digits[i] + 1);
    }
    const size_t point = digits.size() - static_cast<size_t>(scale);
    Value shown((negative ? "-" : "") + digits.substr(0, point) + (scale ? "." + digits.substr(point) : ""));
    if (!shown.DefaultTryCastAs(type)) {
      string said = value.ToString();
      std::erase(said, '.');
      raise("NUMERIC_VALUE_OUT_OF_RANGE", "decimal overflow: " + said);
    }
    result.SetValue(row, shown);
  }
  if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

template <bool round>
duckdb::unique_ptr<duckdb::FunctionData> bind_places(duckdb::ClientContext&, ScalarFunction& function,
                                                     duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  const LogicalType type = arguments[0]->return_type;
  const int width = duckdb::DecimalType::GetWidth(type) + (round ? 1 : 0);
  function.arguments[0] = type;
  function.return_type = LogicalType::DECIMAL(static_cast<uint8_t>(std::min(kMaxPrecision, width)), duckdb::DecimalType::GetScale(type));
  return nullptr;
}

// The digits that name the float, rounded half up at the scale; nullopt: more than 38.
template <class T>
std::optional<__int128> unscaled_float(T value, int scale) {
  if (!std::isfinite(value)) return std::nullopt;
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(value), std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  const size_t e = text.find('e');
  string digits(text.substr(0, e));
  std::erase(digits, '.');
  const int n = static_cast<int>(digits.size());
  const int shift = std::atoi(text.data() + e + 1) - (n - 1) + scale;  // the value is digits * 10^shift, unscaled
  if (shift + n > kMaxPrecision) return std::nullopt;
  __int128 result = 0;
  if (shift >= 0) {
    result = unscaled(digits) * power_of_ten(shift);
  } else if (n + shift >= 0) {
    const auto kept = static_cast<size_t>(n + shift);
    result = unscaled(digits.substr(0, kept)) + (digits[kept] >= '5' ? 1 : 0);
  }
  return value < 0 ? -result : result;
}

// t_float_to_decimal(float, NULL of the type): of 38 digits, checked for those of the type.
template <class T>
void float_to_decimal(DataChunk& input, ExpressionState&, Vector& result) {
  const LogicalType type = input.data[1].GetType();
  const int precision = duckdb::DecimalType::GetWidth(type), scale = duckdb::DecimalType::GetScale(type);
  const __int128 limit = power_of_ten(precision);
  UnaryExecutor::Execute<T, hugeint_t>(input.data[0], result, input.size(), [&](T value) {
    const auto found = unscaled_float(value, scale);
    if (!found || *found >= limit || *found <= -limit) {
      raise("INVALID_CAST_ARGUMENT", string("Cannot cast ") + (sizeof(T) == 8 ? "DOUBLE" : "REAL") + " '" +
            print(Value::CreateValue(value)) + "' to DECIMAL(" + std::to_string(precision) + ", " +
            std::to_string(scale) + ")");
    }
    return huge(*found);
  });
}

duckdb::unique_ptr<duckdb::FunctionData> bind_wide(duckdb::ClientContext&, ScalarFunction& function,
                                                   duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  const LogicalType& type = arguments[1]->return_type;
  function.arguments[1] = type;
  function.return_type = LogicalType::DECIMAL(kMaxPrecision, duckdb::DecimalType::GetScale(type));
  return nullptr;
}

}  // namespace

void add_number_functions(Adder& adder) {
  const LogicalType text = LogicalType::VARCHAR, number = LogicalType::BIGINT, real = LogicalType::DOUBLE;
  const auto add = [&](const char* name, duckdb::vector<LogicalType> arguments, const LogicalType& returns,
                       RowFunction run) { adder.add(by_row(name, std::move(arguments), returns, std::move(run))); };
  add("t_to_base", {number, number}, text, [](const auto& a) {
    return Value(to_base(a[0].template GetValue<int64_t>(), a[1].template GetValue<int64_t>()));
  });
  add("t_from_base", {text, number}, number,
      [](const auto& a) { return Value::BIGINT(from_base(duckdb::StringValue::Get(a[0]), a[1].template GetValue<int64_t>())); });
  add("t_bit_count", {number, number}, number, [](const auto& a) {
    const int64_t bits = a[1].template GetValue<int64_t>(), value = a[0].template GetValue<int64_t>();
    if (bits < 2 || bits > 64)
      bad_argument("Bits specified in bit_count must be between 2 and 64, got " + std::to_string(bits));
    const int64_t low = -(int64_t{1} << (bits - 1));
    if (bits < 64 && (value < low || value >= -low)) {
      bad_argument("Number must be representable with the bits specified. " + std::to_string(value) +
                   " cannot be represented with " + std::to_string(bits) + " bits");
    }
    const uint64_t mask = bits == 64 ? ~0ULL : (1ULL << bits) - 1;
    return Value::BIGINT(std::popcount(static_cast<uint64_t>(value) & mask));
  });
  add("t_shift", {text, number, number, number}, number, [](const auto& a) {
    return Value::BIGINT(shifted(duckdb::StringValue::Get(a[0]), a[1].template GetValue<int64_t>(),
                                 a[2].template GetValue<int64_t>(), a[3].template GetValue<int>()));
  });
  // (value, places, 0 of the type that it must fit)
  add("t_rounded", {number, number, LogicalType::ANY}, number, [](const auto& a) {
    return Value::BIGINT(rounded(a[0].template GetValue<int64_t>(), a[1].template GetValue<int64_t>(), a[2].type()));
  });
  add("t_width_bucket", {real, real, real, number}, number, [](const auto& a) {
    return Value::BIGINT(width_bucket(a[0].template GetValue<double>(), a[1].template GetValue<double>(),
                                      a[2].template GetValue<double>(), a[3].template GetValue<int64_t>()));
  });
  add("t_bin_of", {real, LogicalType::LIST(real)}, number, [](const auto& a) {
    return Value::BIGINT(width_bucket(a[0].template GetValue<double>(), duckdb::ListValue::GetChildren(a[1])));
  });
  add("t_erf", {real}, real, [](const auto& a) { return Value::DOUBLE(std::erf(a[0].template GetValue<double>())); });
  add("t_cbrt", {real}, real, [](const auto& a) {
    return Value::DOUBLE(static_cast<double>(std::cbrt(static_cast<long double>(a[0].template GetValue<double>()))));
  });
  add("t_inverse_normal", {real}, real,
      [](const auto& a) { return Value::DOUBLE(inverse_normal(a[0].template GetValue<double>())); });
  add("t_beta_cdf", {real, real, real}, real, [](const auto& a) {
    return Value::DOUBLE(
        beta_cdf(a[0].template GetValue<double>(), a[1].template GetValue<double>(), a[2].template GetValue<double>()));
  });
  add("t_inverse_beta_cdf", {real, real, real}, real, [](const auto& a) {
    return Value::DOUBLE(inverse_beta_cdf(a[0].template GetValue<double>(), a[1].template GetValue<double>(),
                                          a[2].template GetValue<double>()));
  });
  add("t_wilson", {number, number, real, number}, real, [](const auto& a) {
    return Value::DOUBLE(wilson(a[0].template GetValue<double>(), a[1].template GetValue<double>(),
                                a[2].template GetValue<double>(), a[3].template GetValue<double>()));
  });
  const LogicalType numbers = LogicalType::MAP(text, real);
  add("t_cosine_similarity", {numbers, numbers}, real, cosine);
  for (const bool round : {true, false}) {
    ScalarFunction places(round ? "t_decimal_round" : "t_decimal_truncate", {LogicalType::ANY, LogicalType::INTEGER},
                          LogicalType::ANY, round ? decimal_places<true> : decimal_places<false>,
                          round ? bind_places<true> : bind_places<false>);
    places.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
    adder.add(places);
  }
  for (const LogicalType& type : {real, LogicalType(LogicalType::FLOAT)}) {
    const auto run = type == real ? float_to_decimal<double> : float_to_decimal<float>;
    ScalarFunction to(type == real ? "t_double_to_decimal" : "t_real_to_decimal", {type, LogicalType::ANY},
                      LogicalType::ANY, run, bind_wide);
    to.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;  // the second is NULL
    adder.add(to);
  }
}

}  // namespace tarn::sql::engine::trino

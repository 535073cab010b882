// What aggregates make of the engine's: sums and averages in Trino's types, percentiles and histograms over lists.
#include <algorithm>
#include <cmath>

#include "sql/engine/functions.h"
#include "sql/engine/trino_functions.h"
#include "sql/engine/trino_manifest.h"
#include "sql/engine/trino_operators.h"

namespace tarn::sql::engine::trino {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::ScalarFunction;
using duckdb::Value;
using std::string;
using Values = duckdb::vector<Value>;

bool is_number(const LogicalType& type) {
  return type.IsNumeric() && !type.HasAlias();
}

// _number(x, 'sum'): x, if there is such an aggregate of its type.
BoundPtr bind_number(BindInput& input) {
  const LogicalType& type = input.arguments[0]->return_type;
  if (type.id() == LogicalTypeId::SQLNULL) return cast_to(input.context, std::move(input.arguments[0]), LogicalType::BIGINT);
  if (!is_number(type)) {
    const string name = input.arguments[1]->Cast<duckdb::BoundConstantExpression>().value.ToString();
    raise("FUNCTION_NOT_FOUND", "Unexpected parameters (" + type_name(*input.arguments[0]) + ") for function " + name + ". Expected: " +
          name + "(bigint), " + name + "(double), " + name + "(real), " + name + "(decimal(p,s))", input.place);
  }
  return std::move(input.arguments[0]);
}

// _checked(value, kind, function): the engine would take others, or fail at them.
BoundPtr bind_checked(BindInput& input) {
  const LogicalType& type = input.arguments[0]->return_type;
  const auto text = [&](size_t i) { return input.arguments[i]->Cast<duckdb::BoundConstantExpression>().value.ToString(); };
  const string kind = text(1), name = text(2);
  const bool good = kind == "boolean" ? type.id() == LogicalTypeId::BOOLEAN
                    : kind == "map"   ? type.id() == LogicalTypeId::MAP
                    : kind == "array" ? type.id() == LogicalTypeId::LIST
                                      : type.IsIntegral();
  if (good) return std::move(input.arguments[0]);
  const bool null = is_null(type);
  if (null && kind == "boolean") return cast_to(input.context, std::move(input.arguments[0]), LogicalType::BOOLEAN);
  if (null && kind == "bigint") return cast_to(input.context, std::move(input.arguments[0]), LogicalType::BIGINT);
  const string expected = kind == "map" ? "map(K, V)" : kind == "array" ? "array(T)" : kind;
  raise("FUNCTION_NOT_FOUND", "Unexpected parameters (" + type_name(*input.arguments[0]) + ") for function " + name +
        ". Expected: " + name + "(" + expected + ")", input.place);
}

// A sum of integers is a bigint.
BoundPtr bind_narrow(BindInput& input) {
  const LogicalType& type = input.arguments[0]->return_type;
  if (type.id() == LogicalTypeId::HUGEINT) return cast_to(input.context, std::move(input.arguments[0]), LogicalType::BIGINT);
  return std::move(input.arguments[0]);
}

// _average(sum, count, the engine's average): decimals keep their scale.
BoundPtr bind_average(BindInput& input) {
  const LogicalType type = input.arguments[0]->return_type;
  if (type.id() != LogicalTypeId::DECIMAL) return std::move(input.arguments[2]);
  const char* body = "CASE WHEN $2 = 0 THEN NULL ELSE t_decimal_divide(c_cast($1, $3), CAST(greatest($2, 1) AS DECIMAL(38, 0)), $3) END";
  const uint8_t scale = duckdb::DecimalType::GetScale(type);
  const LogicalType of = input.arguments[3]->return_type;  // the values'; it is asked for nothing else
  auto arguments = bound_items(std::move(input.arguments[0]), std::move(input.arguments[1]));
  arguments.push_back(bound_constant(Value(LogicalType::DECIMAL(38, scale))));
  auto average = bind_template(input.context, body, std::move(arguments), input.place);
  return of.id() == LogicalTypeId::DECIMAL ? cast_to(input.context, std::move(average), of) : std::move(average);
}

// Counts come as UBIGINT.
BoundPtr bind_bigint_values(BindInput& input) {
  const LogicalType& type = input.arguments[0]->return_type;
  return cast_to(input.context, std::move(input.arguments[0]),
                 LogicalType::MAP(duckdb::MapType::KeyType(type), LogicalType::BIGINT));
}

BoundPtr bind_text(BindInput& input) {
  const LogicalType& type = input.arguments[0]->return_type;
  if (!is_varchar(type) && !is_char(type) && type.id() != LogicalTypeId::SQLNULL) {
    raise("FUNCTION_NOT_FOUND", "Unexpected parameters (" + type_name(type) + ") for function listagg. Expected: "
          "listagg(varchar, varchar)", input.place);
  }
  return coerced(input.context, std::move(input.arguments[0]), LogicalType::VARCHAR);
}

// The engine wants its quantiles as a constant double, or a list of such.
BoundPtr bind_percentile(BindInput& input) {
  const LogicalType& type = input.arguments[0]->return_type;
  const bool list = type.id() == LogicalTypeId::LIST;
  auto converted = cast_to(input.context, std::move(input.arguments[0]),
                           list ? LogicalType::LIST(LogicalType::DOUBLE) : LogicalType::DOUBLE);
  const auto check = [&](const Value& value) {
    const double p = value.IsNull() ? -1 : value.GetValue<double>();
    if (!(p >= 0 && p <= 1)) raise("INVALID_FUNCTION_ARGUMENT", "Percentile must be between 0 and 1", input.place);
  };
  if (converted->IsFoldable()) {
    const Value value = duckdb::ExpressionExecutor::EvaluateScalar(input.context, *converted);
    if (list && !value.IsNull()) {
      for (const Value& item : duckdb::ListValue::GetChildren(value)) check(item);
    } else {
      check(value);
    }
  }
  return converted;
}

// --- over lists of {x, w} --------------------------------------------------------------------------------------------

struct Weighted {
  Value x;
  double weight = 0;
};

std::vector<Weighted> weighted(const Value& list) {
  std::vector<Weighted> all;
  for (const Value& entry : duckdb::ListValue::GetChildren(list)) {
    const auto& pair = duckdb::StructValue::GetChildren(entry);
    if (!pair[0].IsNull() && !pair[1].IsNull()) all.push_back({pair[0], pair[1].GetValue<double>()});
  }
  std::sort(all.begin(), all.end(), [](const Weighted& a, const Weighted& b) {
    return duckdb::ValueOperations::LessThan(a.x, b.x);
  });
  return all;
}

Value percentile(const std::vector<Weighted>& all, double p, const LogicalType& type) {
  double total = 0;
  for (const Weighted& one : all) total += one.weight;
  double sum = 0;
  for (const Weighted& one : all) {
    sum += one.weight;
    if (sum >= p * total && one.weight > 0) return one.x;
  }
  return Value(type);
}

duckdb::unique_ptr<duckdb::FunctionData> bind_weighted(duckdb::ClientContext&, ScalarFunction& function,
                                                       duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  const LogicalType x = duckdb::StructType::GetChildType(duckdb::ListType::GetChildType(arguments[0]->return_type), 0);
  const bool list = arguments[1]->return_type.id() == LogicalTypeId::LIST;
  function.arguments[0] = arguments[0]->return_type;
  function.arguments[1] = list ? LogicalType::LIST(LogicalType::DOUBLE) : LogicalType::DOUBLE;
  function.return_type = list ? LogicalType::LIST(x) : x;
  return nullptr;
}

void weighted_percentile(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  const LogicalType type = result.GetType();
  const bool constant = input.AllConstant();
  for (duckdb::idx_t row = 0; row < (constant ? 1 : input.size()); ++row) {
    const Value list = input.data[0].GetValue(row), wanted = input.data[1].GetValue(row);
    if (list.IsNull() || wanted.IsNull()) {
      result.SetValue(row, Value(type));
      continue;
    }
    const auto all = weighted(list);
    if (wanted.type().id() != LogicalTypeId::LIST) {
      result.SetValue(row, percentile(all, wanted.GetValue<double>(), type));
      continue;
    }
    const LogicalType& child = duckdb::ListType::GetChildType(type);
    Values found;
    for (const Value& p : duckdb::ListValue::GetChildren(wanted)) found.push_back(percentile(all, p.GetValue<double>(), child));
    result.SetValue(row, Value::LIST(child, std::move(found)));
  }
  if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

// At most so many buckets: the two nearest are one, again and again.
Value numeric_histogram(const Values& a) {
  const auto buckets = static_cast<size_t>(std::max<int64_t>(a[0].GetValue<int64_t>(), 2));
  if (a[0].GetValue<int64_t>() < 2) raise("INVALID_FUNCTION_ARGUMENT", "numeric_histogram bucket count must be greater than one");
  std::vector<std::pair<double, double>> all;
  for (const Weighted& one : weighted(a[1])) {
    const double x = one.x.GetValue<double>();
    if (!all.empty() && all.back().first == x) {
      all.back().second += one.weight;
    } else {
      all.emplace_back(x, one.weight);
    }
  }
  while (all.size() > buckets) {
    size_t nearest = 0;
    for (size_t i = 1; i + 1 < all.size(); ++i) {
      if (all[i + 1].first - all[i].first < all[nearest + 1].first - all[nearest].first) nearest = i;
    }
    auto &left = all[nearest], &right = all[nearest + 1];
    left.first = (left.first * left.second + right.first * right.second) / (left.second + right.second);
    left.second += right.second;
    all.erase(all.begin() + static_cast<long>(nearest) + 1);
  }
  Values keys, values;
  for (const auto& [x, weight] : all) {
    keys.push_back(Value::DOUBLE(x));
    values.push_back(Value::DOUBLE(weight));
  }
  return Value::MAP(LogicalType::DOUBLE, LogicalType::DOUBLE, std::move(keys), std::move(values));
}

Value entropy(const Values& a) {
  double sum = 0, result = 0;
  for (const Value& item : duckdb::ListValue::GetChildren(a[0])) {
    if (!item.IsNull()) sum += item.GetValue<double>();
  }
  for (const Value& item : duckdb::ListValue::GetChildren(a[0])) {
    const double n = item.IsNull() ? 0 : item.GetValue<double>();
    if (n < 0) raise("INVALID_FUNCTION_ARGUMENT", "Entropy count argument must be non-negative");
    if (n > 0) result -= n / sum * std::log2(n / sum);
  }
  return Value::DOUBLE(result);
}

duckdb::unique_ptr<duckdb::FunctionData> bind_frequent(duckdb::ClientContext&, ScalarFunction& function,
                                                       duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  function.arguments[1] = function.return_type = arguments[1]->return_type;
  return nullptr;
}

void most_frequent(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  const LogicalType type = result.GetType();
  for (duckdb::idx_t row = 0; row < input.size(); ++row) {
    const Value n = input.data[0].GetValue(row), map = input.data[1].GetValue(row);
    if (n.IsNull() || map.IsNull()) {
      result.SetValue(row, Value(type));
      continue;
    }
    std::vector<std::pair<Value, Value>> all;
    for (const Value& entry : duckdb::MapValue::GetChildren(map)) {
      const auto& pair = duckdb::StructValue::GetChildren(entry);
      all.emplace_back(pair[0], pair[1]);
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return a.second.template GetValue<int64_t>() > b.second.template GetValue<int64_t>();
    });
    Values keys, values;
    for (size_t i = 0; i < all.size() && static_cast<int64_t>(i) < n.GetValue<int64_t>(); ++i) {
      keys.push_back(all[i].first);
      values.push_back(all[i].second);
    }
    result.SetValue(row, Value::MAP(duckdb::MapType::KeyType(type), duckdb::MapType::ValueType(type), std::move(keys), std::move(values)));
  }
}

BoundPtr bind_modulus(BindInput& input) {
  static const string kModulus = "%";
  return bind_call(input.context, kModulus, input.place, std::move(input.arguments));
}

// concat(a, b, ..)
BoundPtr bind_concat(BindInput& input) {
  static const string kConcat = "||";
  if (input.arguments.size() < 2)
    raise("INVALID_FUNCTION_ARGUMENT", "There must be two or more concatenation arguments", input.place);
  auto result = std::move(input.arguments[0]);
  for (size_t i = 1; i < input.arguments.size(); ++i) {
    result = bind_call(input.context, kConcat, input.place, bound_items(std::move(result), std::move(input.arguments[i])));
  }
  return result;
}

}  // namespace

std::vector<Special> aggregate_specials() {
  return {{"_number", 2, 2, bind_number},         {"_narrow", 1, 1, bind_narrow},
          {"_checked", 3, 3, bind_checked},
          {"_average", 4, 4, bind_average},       {"_bigint_values", 1, 1, bind_bigint_values},
          {"_text", 1, 1, bind_text},             {"_percentile", 1, 1, bind_percentile},
          {"_modulus", 2, 2, bind_modulus},       {"concat", 1, -1, bind_concat, "varchar", "varchar..."}};
}

void add_aggregate_functions(Adder& adder) {
  const LogicalType real = LogicalType::DOUBLE, number = LogicalType::BIGINT;
  ScalarFunction percentiles("t_weighted_percentile", {LogicalType::ANY, LogicalType::ANY}, LogicalType::ANY,
                             weighted_percentile, bind_weighted);
  percentiles.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  adder.add(percentiles);
  const LogicalType pairs = LogicalType::LIST(LogicalType::STRUCT({{"x", real}, {"w", real}}));
  adder.add(by_row("t_numeric_histogram", {number, pairs}, LogicalType::MAP(real, real), numeric_histogram));
  adder.add(by_row("t_entropy", {LogicalType::LIST(real)}, real, entropy));
  ScalarFunction frequent("t_most_frequent", {number, LogicalType::ANY}, LogicalType::ANY, most_frequent, bind_frequent);
  frequent.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  adder.add(frequent);
}

}  // namespace tarn::sql::engine::trino

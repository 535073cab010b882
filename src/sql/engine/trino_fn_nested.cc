// What functions of arrays and maps call.
#include <algorithm>
#include <random>
#include <set>

#include "base/text.h"
#include "sql/engine/functions.h"
#include "sql/engine/trino_functions.h"

namespace tarn::sql::engine::trino {
namespace {

using duckdb::DataChunk;
using duckdb::ExpressionState;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::ScalarFunction;
using duckdb::Value;
using duckdb::Vector;
using std::string;
using Values = duckdb::vector<Value>;
using Bound = duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>;

constexpr int64_t kMostItems = 10'000;
constexpr const char* kTooLong = "result of sequence function must not have more than 10000 entries";
constexpr size_t kMostCompared = 3'000;  // all pairs are held

[[noreturn]] void bad_argument(const string& message) {
  raise("INVALID_FUNCTION_ARGUMENT", message);
}

const Values& items(const Value& list) {
  return duckdb::ListValue::GetChildren(list);
}

// NULLs are equal here, and larger than all else.
struct Less {
  bool operator()(const Value& a, const Value& b) const {
    if (a.IsNull() || b.IsNull()) return !a.IsNull() && b.IsNull();
    return duckdb::ValueOperations::LessThan(a, b);
  }
};
using Seen = std::set<Value, Less>;

const LogicalType& element(const LogicalType& type) {
  return duckdb::ListType::GetChildType(type);
}

// The result's type is what `type_of` makes of the arguments' types.

template <LogicalType (*type_of)(const duckdb::vector<LogicalType>&)>
duckdb::unique_ptr<duckdb::FunctionData> bind_type(duckdb::ClientContext&, ScalarFunction& function, Bound& arguments) {
  duckdb::vector<LogicalType> types;
  for (const auto& argument : arguments) types.push_back(argument->return_type);
  for (size_t i = 0; i < function.arguments.size(); ++i) function.arguments[i] = types[i];
  function.return_type = type_of(types);
  return nullptr;
}

LogicalType first(const duckdb::vector<LogicalType>& types) {
  return types[0];
}
LogicalType list_of_first(const duckdb::vector<LogicalType>& types) {
  return LogicalType::LIST(types[0]);
}
LogicalType boolean(const duckdb::vector<LogicalType>&) {
  return LogicalType::BOOLEAN;
}
LogicalType bigint(const duckdb::vector<LogicalType>&) {
  return LogicalType::BIGINT;
}
LogicalType rows_of(const duckdb::vector<LogicalType>& types) {
  duckdb::child_list_t<LogicalType> fields;
  for (size_t i = 0; i < types.size(); ++i) fields.emplace_back("field_" + std::to_string(i), element(types[i]));
  return LogicalType::LIST(LogicalType::STRUCT(std::move(fields)));
}
LogicalType map_of_lists(const duckdb::vector<LogicalType>& types) {
  return LogicalType::MAP(element(types[0]), element(types[1]));
}
LogicalType map_of_entries(const duckdb::vector<LogicalType>& types) {
  const auto& entry = element(types[0]);
  if (entry.id() != LogicalTypeId::STRUCT) return LogicalType::MAP(LogicalType::SQLNULL, LogicalType::SQLNULL);
  return LogicalType::MAP(duckdb::StructType::GetChildType(entry, 0), duckdb::StructType::GetChildType(entry, 1));
}
LogicalType multimap_of_entries(const duckdb::vector<LogicalType>& types) {
  const auto& entry = element(types[0]);
  if (entry.id() != LogicalTypeId::STRUCT) {
    return LogicalType::MAP(LogicalType::SQLNULL, LogicalType::LIST(LogicalType::SQLNULL));
  }
  return LogicalType::MAP(duckdb::StructType::GetChildType(entry, 0),
                          LogicalType::LIST(duckdb::StructType::GetChildType(entry, 1)));
}
LogicalType map_of_maps(const duckdb::vector<LogicalType>& types) {
  return element(types[0]);
}
LogicalType zipped_maps(const duckdb::vector<LogicalType>& types) {
  duckdb::child_list_t<LogicalType> fields;
  fields.emplace_back("field_0", duckdb::MapType::KeyType(types[0]));
  fields.emplace_back("field_1", duckdb::MapType::ValueType(types[0]));
  fields.emplace_back("field_2", duckdb::MapType::ValueType(types[1]));
  return LogicalType::LIST(LogicalType::STRUCT(std::move(fields)));
}
LogicalType list_of_third(const duckdb::vector<LogicalType>& types) {
  return LogicalType::LIST(types[2]);
}

// run(arguments, type of the result)
// The rows of UNNEST: fields are called as the arguments are, or have no names.
duckdb::unique_ptr<duckdb::FunctionData> bind_unnested(duckdb::ClientContext&, ScalarFunction& function, Bound& arguments) {
  duckdb::child_list_t<LogicalType> fields;
  std::set<string> names;
  for (size_t i = 0; i < arguments.size(); ++i) {
    string name = arguments[i]->GetAlias();
    if (name.empty() || !names.insert(lower(name)).second) name = kUnnamed + ("_" + std::to_string(i));
    fields.emplace_back(std::move(name), element(arguments[i]->return_type));
  }
  function.return_type = LogicalType::LIST(LogicalType::STRUCT(std::move(fields)));
  return nullptr;
}

using Run = Value (*)(const Values&, const LogicalType&);

template <LogicalType (*type_of)(const duckdb::vector<LogicalType>&)>
ScalarFunction rows(const char* name, size_t arguments, Run run, bool variadic = false, bool nulls = false) {
  const auto loop = [run, nulls](DataChunk& input, ExpressionState&, Vector& result) {
    Values values(input.ColumnCount());
    const bool constant = input.AllConstant();
    for (duckdb::idx_t row = 0; row < (constant ? 1 : input.size()); ++row) {
      bool null = false;
      for (duckdb::idx_t i = 0; i < input.ColumnCount(); ++i) {
        values[i] = input.data[i].GetValue(row);
        null = null || values[i].IsNull();
      }
      result.SetValue(row, null && !nulls ? Value(result.GetType()) : run(values, result.GetType()));
    }
    if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  };
  ScalarFunction function(name, duckdb::vector<LogicalType>(variadic ? 0 : arguments, LogicalType::ANY),
                          LogicalType::ANY, loop, bind_type<type_of>);
  if (variadic) function.varargs = LogicalType::ANY;
  function.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  return function;
}

Value list_like(const LogicalType& type, Values values) {
  return Value::LIST(element(type), std::move(values));
}

Value distinct(const Values& a, const LogicalType& type) {
  Seen seen;
  Values kept;
  for (const Value& item : items(a[0])) {
    if (seen.insert(item).second) kept.push_back(item);
  }
  return list_like(type, std::move(kept));
}

template <bool common>
Value filtered(const Values& a, const LogicalType& type) {
  const Seen other(items(a[1]).begin(), items(a[1]).end());
  Seen seen;
  Values kept;
  for (const Value& item : items(a[0])) {
    if (other.contains(item) == common && seen.insert(item).second) kept.push_back(item);
  }
  return list_like(type, std::move(kept));
}

Value overlap(const Values& a, const LogicalType&) {
  const Seen other(items(a[1]).begin(), items(a[1]).end());
  bool null = false;
  if (items(a[0]).empty() || other.empty()) return Value::BOOLEAN(false);
  for (const Value& item : items(a[0])) {
    if (!item.IsNull() && other.contains(item)) return Value::BOOLEAN(true);
    null = null || item.IsNull();
  }
  null = null || std::any_of(other.begin(), other.end(), [](const Value& item) { return item.IsNull(); });
  return null ? Value(LogicalType::BOOLEAN) : Value::BOOLEAN(false);
}

Value position(const Values& a, const LogicalType&) {
  int64_t n = a[2].GetValue<int64_t>();
  if (n == 0) bad_argument("array_position cannot take a 0-valued instance argument.");
  const auto& list = items(a[0]);
  const bool back = n < 0;
  for (size_t k = 0; k < list.size(); ++k) {
    const size_t i = back ? list.size() - 1 - k : k;
    if (list[i].IsNull() || !Value::NotDistinctFrom(list[i], a[1])) continue;
    n += back ? 1 : -1;
    if (n == 0) return Value::BIGINT(static_cast<int64_t>(i) + 1);
  }
  return Value::BIGINT(0);
}

Value combinations(const Values& a, const LogicalType& type) {
  const auto& list = items(a[0]);
  const int64_t n = a[1].GetValue<int64_t>();
  if (n < 0) bad_argument("combination size must not be negative: " + std::to_string(n));
  if (n > 5) bad_argument("combination size must not exceed 5: " + std::to_string(n));
  Values all;
  std::vector<size_t> chosen;  // from the last one back: the order is that of their last elements
  const std::function<void(size_t)> choose = [&](size_t before) {
    const size_t left = static_cast<size_t>(n) - chosen.size();
    if (left == 0) {
      Values one;
      for (auto i = chosen.rbegin(); i != chosen.rend(); ++i) one.push_back(list[*i]);
      all.push_back(list_like(a[0].type(), std::move(one)));
      if (all.size() > 100'000) bad_argument("combinations exceed max size of 100000");
      return;
    }
    for (size_t i = left - 1; i < before; ++i) {
      chosen.push_back(i);
      choose(i);
      chosen.pop_back();
    }
  };
  if (n <= static_cast<int64_t>(list.size())) choose(list.size());
  return list_like(type, std::move(all));
}

Value ngrams(const Values& a, const LogicalType& type) {
  const auto& list = items(a[0]);
  const int64_t n = a[1].GetValue<int64_t>();
  if (n <= 0) bad_argument("N must be positive");
  Values all;
  const size_t size = std::min(static_cast<size_t>(n), list.size());
  for (size_t i = 0; i + size <= list.size(); ++i) {
    all.push_back(list_like(a[0].type(),
                            Values(list.begin() + static_cast<long>(i), list.begin() + static_cast<long>(i + size))));
    if (size == 0) break;
  }
  return list_like(type, std::move(all));
}

Value contains_sequence(const Values& a, const LogicalType&) {
  const auto &list = items(a[0]), &wanted = items(a[1]);
  const auto same = [](const Value& x, const Value& y) { return Value::NotDistinctFrom(x, y); };
  return Value::BOOLEAN(std::search(list.begin(), list.end(), wanted.begin(), wanted.end(), same) != list.end() ||
                        wanted.empty());
}

Value repeat(const Values& a, const LogicalType& type) {
  const int64_t n = a[1].IsNull() ? 0 : a[1].GetValue<int64_t>();
  if (n > kMostItems) bad_argument("count argument of repeat function must be less than or equal to 10000");
  if (n < 0) bad_argument("count argument of repeat function must be greater than or equal to 0");
  return list_like(type, Values(static_cast<size_t>(n), a[0]));
}

template <class Next>
Value counted(int64_t start, int64_t stop, int64_t step, Next next, const LogicalType& child) {
  if (step == 0) bad_argument("step must not be zero");
  if ((step > 0 && start > stop) || (step < 0 && start < stop)) {
    bad_argument(
        "sequence stop value should be greater than or equal to start value if step is greater than zero "
        "otherwise stop should be less than or equal to start");
  }
  const auto count = (static_cast<__int128>(stop) - start) / step + 1;
  if (count > kMostItems) bad_argument(kTooLong);
  Values all;
  for (int64_t i = 0; i < static_cast<int64_t>(count); ++i) all.push_back(next(start + i * step));
  return Value::LIST(child, std::move(all));
}

// Dates and timestamps by an interval.
Value stepped(const Values& a, const LogicalType& type) {
  const bool dates = element(type).id() == LogicalTypeId::DATE;
  const auto micros = [&](const Value& value) {
    return value.DefaultCastAs(LogicalType::TIMESTAMP).GetValue<duckdb::timestamp_t>();
  };
  const auto step = duckdb::IntervalValue::Get(a[2]);
  const auto start = micros(a[0]), stop = micros(a[1]);
  const int64_t direction = step.months ? step.months : step.days * 86'400'000'000LL + step.micros;
  if (direction == 0) bad_argument("step must not be zero");
  if (dates && step.micros % 86'400'000'000LL != 0) {
    bad_argument("sequence step must be a day interval if start and end values are dates");
  }
  if ((direction > 0 && start > stop) || (direction < 0 && start < stop)) {
    bad_argument(
        "sequence stop value should be greater than or equal to start value if step is greater than zero "
        "otherwise stop should be less than or equal to start");
  }
  Values all;
  for (int32_t n = 0;; ++n) {
    const duckdb::interval_t by{step.months * n, step.days * n, step.micros * n};
    const auto at = duckdb::Interval::Add(start, by);
    if (direction > 0 ? at > stop : at < stop) break;
    all.push_back(Value::TIMESTAMP(at).DefaultCastAs(dates ? LogicalType::DATE : LogicalType::TIMESTAMP));
    if (all.size() > static_cast<size_t>(kMostItems)) bad_argument(kTooLong);
  }
  return list_like(type, std::move(all));
}

Value slice(const Values& a, const LogicalType& type) {
  const auto& list = items(a[0]);
  const auto size = static_cast<int64_t>(list.size());
  int64_t from = a[1].GetValue<int64_t>();
  const int64_t length = a[2].GetValue<int64_t>();
  if (length < 0) bad_argument("length must be greater than or equal to 0");
  if (from == 0) bad_argument("SQL array indices start at 1");
  if (from < 0) from += size + 1;
  if (from < 1 || from > size) return list_like(type, {});
  const int64_t to = std::min(size, length > size ? size : from - 1 + length);
  return list_like(type, Values(list.begin() + (from - 1), list.begin() + to));
}

Value trim_array(const Values& a, const LogicalType& type) {
  const auto& list = items(a[0]);
  const int64_t n = a[1].GetValue<int64_t>();
  if (n < 0) bad_argument("size must not be negative: " + std::to_string(n));
  if (n > static_cast<int64_t>(list.size()))
    bad_argument("size must not exceed array cardinality " + std::to_string(list.size()) + ": " + std::to_string(n));
  return list_like(type, Values(list.begin(), list.end() - n));
}

Value shuffle(const Values& a, const LogicalType& type) {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  Values all = items(a[0]);
  std::shuffle(all.begin(), all.end(), random);
  return list_like(type, std::move(all));
}

// Lists side by side, the shorter ones padded with NULL.
Value zipped(const Values& lists, const LogicalType& type, bool ordinality) {
  const size_t width = lists.size() - (ordinality ? 1 : 0);
  size_t longest = 0;
  for (size_t i = 0; i < width; ++i) longest = std::max(longest, lists[i].IsNull() ? 0 : items(lists[i]).size());
  const LogicalType& row_type = element(type);
  Values all;
  all.reserve(longest);
  for (size_t k = 0; k < longest; ++k) {
    Values fields;
    for (size_t i = 0; i < width; ++i) {
      const bool there = !lists[i].IsNull() && k < items(lists[i]).size();
      fields.push_back(there ? items(lists[i])[k] : Value(duckdb::StructType::GetChildType(row_type, i)));
    }
    if (ordinality) fields.push_back(Value::BIGINT(static_cast<int64_t>(k) + 1));
    all.push_back(Value::STRUCT(row_type, std::move(fields)));
  }
  return list_like(type, std::move(all));
}
Value zip(const Values& a, const LogicalType& type) {
  return zipped(a, type, false);
}
Value zip_with_ordinality(const Values& a, const LogicalType& type) {
  return zipped(a, type, true);
}

// One field of each row: t_field_list(list, number, NULL of its type)
Value field_list(const Values& a, const LogicalType& type) {
  if (a[0].IsNull()) return Value(type);
  const auto field = static_cast<size_t>(a[1].GetValue<int64_t>() - 1);
  Values all;
  for (const Value& row : items(a[0])) {
    all.push_back(row.IsNull() ? Value(element(type)) : duckdb::StructValue::GetChildren(row)[field]);
  }
  return list_like(type, std::move(all));
}

template <bool any>
Value match(const Values& a, const LogicalType&) {
  bool null = false;
  for (const Value& item : items(a[0])) {
    if (item.IsNull()) {
      null = true;
    } else if (item.GetValue<bool>() == any) {
      return Value::BOOLEAN(any);
    }
  }
  return null ? Value(LogicalType::BOOLEAN) : Value::BOOLEAN(!any);
}

// --- maps

enum class Twice { kRefuse, kFirst };

// Of lists and rows: whether a part of it is NULL.
bool holds_null(const Value& value) {
  if (value.IsNull()) return true;
  const auto id = value.type().id();
  if (id != LogicalTypeId::LIST && id != LogicalTypeId::STRUCT) return false;
  const Values& parts = id == LogicalTypeId::LIST ? items(value) : duckdb::StructValue::GetChildren(value);
  return std::any_of(parts.begin(), parts.end(), holds_null);
}

Value map_from(const LogicalType& type, const Values& keys, const Values& values, Twice twice) {
  Seen seen;
  Values kept_keys, kept_values;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].IsNull()) {
      if (twice == Twice::kFirst) continue;
      bad_argument("map key cannot be null");
    }
    if (twice == Twice::kRefuse && holds_null(keys[i])) bad_argument("map key cannot be indeterminate: " + print(keys[i]));
    if (!seen.insert(keys[i]).second) {
      if (twice == Twice::kFirst) continue;
      bad_argument("Duplicate map keys (" + print(keys[i]) + ") are not allowed");
    }
    kept_keys.push_back(keys[i]);
    kept_values.push_back(values[i]);
  }
  return Value::MAP(duckdb::MapType::KeyType(type), duckdb::MapType::ValueType(type), std::move(kept_keys),
                    std::move(kept_values));
}

Value map(const Values& a, const LogicalType& type) {
  if (items(a[0]).size() != items(a[1]).size()) bad_argument("Key and value arrays must be the same length");
  return map_from(type, items(a[0]), items(a[1]), Twice::kRefuse);
}

template <Twice twice>
Value from_entries(const Values& a, const LogicalType& type) {
  Values keys, values;
  for (const Value& entry : items(a[0])) {
    if (entry.IsNull()) bad_argument("map entry cannot be null");
    const auto& pair = duckdb::StructValue::GetChildren(entry);
    keys.push_back(pair[0]);
    values.push_back(pair[1]);
  }
  return map_from(type, keys, values, twice);
}

template <bool nulls>
Value multimap(const Values& a, const LogicalType& type) {
  std::map<Value, size_t, Less> places;
  Values keys;
  std::vector<Values> lists;
  for (const Value& entry : items(a[0])) {
    if (entry.IsNull()) bad_argument("map entry cannot be null");
    const auto& pair = duckdb::StructValue::GetChildren(entry);
    if (pair[0].IsNull() && !nulls) bad_argument("map key cannot be null");
    if (pair[0].IsNull()) continue;
    const auto [at, fresh] = places.emplace(pair[0], keys.size());
    if (fresh) {
      keys.push_back(pair[0]);
      lists.emplace_back();
    }
    lists[at->second].push_back(pair[1]);
  }
  Values values;
  for (Values& list : lists) values.push_back(list_like(duckdb::MapType::ValueType(type), std::move(list)));
  return Value::MAP(duckdb::MapType::KeyType(type), duckdb::MapType::ValueType(type), std::move(keys),
                    std::move(values));
}

// Of a key in several the last one's value.
Value map_concat(const Values& maps, const LogicalType& type) {
  std::map<Value, size_t, Less> places;
  Values keys, values;
  for (const Value& one : maps) {
    for (const Value& entry : duckdb::MapValue::GetChildren(one)) {
      const auto& pair = duckdb::StructValue::GetChildren(entry);
      const auto [at, fresh] = places.emplace(pair[0], keys.size());
      if (fresh) {
        keys.push_back(pair[0]);
        values.push_back(pair[1]);
      } else {
        values[at->second] = pair[1];
      }
    }
  }
  return Value::MAP(duckdb::MapType::KeyType(type), duckdb::MapType::ValueType(type), std::move(keys), std::move(values));
}

Value map_union(const Values& a, const LogicalType& type) {
  Values keys, values;
  for (const Value& one : items(a[0])) {
    if (one.IsNull()) continue;
    for (const Value& entry : duckdb::MapValue::GetChildren(one)) {
      const auto& pair = duckdb::StructValue::GetChildren(entry);
      keys.push_back(pair[0]);
      values.push_back(pair[1]);
    }
  }
  return map_from(type, keys, values, Twice::kFirst);
}

// All pairs (i, j) with i < j, in order.
LogicalType pairs_of(const duckdb::vector<LogicalType>& types) {
  return LogicalType::LIST(LogicalType::STRUCT({{"field_0", element(types[0])}, {"field_1", element(types[0])}}));
}
Value pairs(const Values& a, const LogicalType& type) {
  const Values& list = items(a[0]);
  if (list.size() > kMostCompared) {
    bad_argument("array_sort with a comparator sorts at most " + std::to_string(kMostCompared) + " elements");
  }
  Values all;
  for (size_t i = 0; i < list.size(); ++i) {
    for (size_t j = i + 1; j < list.size(); ++j) all.push_back(Value::STRUCT({{"field_0", list[i]}, {"field_1", list[j]}}));
  }
  return list_like(type, std::move(all));
}

// The list by what each pair came to: -1, 0 or 1.
Value sorted_by(const Values& a, const LogicalType& type) {
  const Values &list = items(a[0]), &signs = items(a[1]);
  const size_t n = list.size();
  const auto sign = [&](size_t i, size_t j) {
    const Value& one = signs[i * n - i * (i + 1) / 2 + j - i - 1];
    const int64_t order_of = one.IsNull() ? 2 : one.GetValue<int64_t>();
    if (order_of < -1 || order_of > 1) bad_argument("Lambda comparator must return either -1, 0, or 1");
    return order_of;
  };
  std::vector<size_t> order(n);
  for (size_t i = 0; i < n; ++i) order[i] = i;
  // By insertion: a comparator that contradicts itself must not matter.
  for (size_t at = 1; at < n; ++at) {
    for (size_t k = at; k > 0; --k) {
      const size_t x = order[k - 1], y = order[k];
      if ((x < y ? sign(x, y) : -sign(y, x)) <= 0) break;
      std::swap(order[k - 1], order[k]);
    }
  }
  Values result;
  for (const size_t i : order) result.push_back(list[i]);
  return list_like(type, std::move(result));
}

Value zip_maps(const Values& a, const LogicalType& type) {
  const LogicalType& row_type = element(type);
  Values keys;
  std::map<Value, std::pair<Value, Value>, Less> both;
  const auto none = [&](size_t i) { return Value(duckdb::StructType::GetChildType(row_type, i)); };
  for (size_t side = 0; side < 2; ++side) {
    for (const Value& entry : duckdb::MapValue::GetChildren(a[side])) {
      const auto& pair = duckdb::StructValue::GetChildren(entry);
      const auto [at, fresh] = both.emplace(pair[0], std::pair(none(1), none(2)));
      if (fresh) keys.push_back(pair[0]);
      (side == 0 ? at->second.first : at->second.second) = pair[1];
    }
  }
  Values all;
  for (const Value& key : keys) {
    const auto& found = both.at(key);
    all.push_back(Value::STRUCT(row_type, {key, found.first, found.second}));
  }
  return list_like(type, std::move(all));
}

}  // namespace

namespace {

// As Trino compares: false where a pair of items differs, else NULL where one is NULL.
std::optional<bool> nested_equal(const duckdb::Value& a, const duckdb::Value& b) {
  if (a.IsNull() || b.IsNull()) return std::nullopt;
  const auto pairwise = [](const duckdb::vector<duckdb::Value>& left, const duckdb::vector<duckdb::Value>& right) {
    std::optional<bool> all = true;
    for (size_t i = 0; i < left.size(); ++i) {
      const auto same = nested_equal(left[i], right[i]);
      if (same && !*same) return same;
      if (!same) all.reset();
    }
    return all;
  };
  switch (a.type().id()) {
    case duckdb::LogicalTypeId::LIST: {
      const auto &left = duckdb::ListValue::GetChildren(a), &right = duckdb::ListValue::GetChildren(b);
      if (left.size() != right.size()) return false;
      return pairwise(left, right);
    }
    case duckdb::LogicalTypeId::STRUCT:
      return pairwise(duckdb::StructValue::GetChildren(a), duckdb::StructValue::GetChildren(b));
    case duckdb::LogicalTypeId::MAP: {
      const auto &left = duckdb::MapValue::GetChildren(a), &right = duckdb::MapValue::GetChildren(b);
      if (left.size() != right.size()) return false;
      duckdb::vector<duckdb::Value> mine, theirs;
      for (const auto& entry : left) {
        const auto& pair = duckdb::StructValue::GetChildren(entry);
        const auto found = std::find_if(right.begin(), right.end(), [&](const duckdb::Value& other) {
          return duckdb::Value::NotDistinctFrom(duckdb::StructValue::GetChildren(other)[0], pair[0]);
        });
        if (found == right.end()) return false;
        mine.push_back(pair[1]);
        theirs.push_back(duckdb::StructValue::GetChildren(*found)[1]);
      }
      return pairwise(mine, theirs);
    }
    default: break;
  }
  if (is_zoned(a.type())) return duckdb::HugeIntValue::Get(a).upper == duckdb::HugeIntValue::Get(b).upper;
  return duckdb::ValueOperations::Equals(a, b);
}

}  // namespace

void add_nested_functions(Adder& adder) {
  adder.add(by_row("t_nested_equal", {LogicalType::ANY, LogicalType::ANY}, LogicalType::BOOLEAN, [](const auto& a) {
    const auto same = nested_equal(a[0], a[1]);
    return same ? Value::BOOLEAN(*same) : Value(LogicalType::BOOLEAN);
  }));
  const LogicalType number = LogicalType::BIGINT;
  adder.add(rows<first>("t_array_distinct", 1, distinct));
  adder.add(rows<first>("t_array_intersect", 2, filtered<true>));
  adder.add(rows<first>("t_array_except", 2, filtered<false>));
  adder.add(rows<boolean>("t_arrays_overlap", 2, overlap));
  adder.add(rows<bigint>("t_array_position", 3, position));
  adder.add(rows<list_of_first>("t_combinations", 2, combinations));
  adder.add(rows<list_of_first>("t_ngrams", 2, ngrams));
  adder.add(rows<boolean>("t_contains_sequence", 2, contains_sequence));
  adder.add(rows<list_of_first>("t_repeat", 2, repeat, false, true));
  adder.add(by_row("t_sequence", {number, number, number}, LogicalType::LIST(number), [](const auto& a) {
    return counted(
        a[0].template GetValue<int64_t>(), a[1].template GetValue<int64_t>(), a[2].template GetValue<int64_t>(),
        [](int64_t i) { return Value::BIGINT(i); }, LogicalType::BIGINT);
  }));
  adder.add(rows<list_of_first>("t_date_sequence", 3, stepped));
  adder.add(rows<list_of_first>("t_timestamp_sequence", 3, stepped));
  ScalarFunction shuffled = rows<first>("t_shuffle", 1, shuffle);
  shuffled.stability = duckdb::FunctionStability::VOLATILE;
  adder.add(shuffled);
  adder.add(rows<first>("t_slice", 3, slice));
  adder.add(rows<first>("t_trim_array", 2, trim_array));
  adder.add(rows<rows_of>("t_zip", 1, zip, true));
  for (const auto& [name, run] : {std::pair<const char*, Run>("t_unnested", zip), {"t_unnested_with_ordinality", zip_with_ordinality}}) {
    ScalarFunction unnested = rows<rows_of>(name, 1, run, true, true);
    unnested.bind = bind_unnested;
    adder.add(unnested);
  }
  adder.add(rows<list_of_third>("t_field_list", 3, field_list, false, true));
  adder.add(rows<boolean>("t_any_match", 1, match<true>));
  adder.add(rows<boolean>("t_all_match", 1, match<false>));
  adder.add(rows<pairs_of>("t_pairs", 1, pairs));
  adder.add(rows<first>("t_sorted_by", 2, sorted_by));
  adder.add(rows<map_of_lists>("t_map", 2, map));
  adder.add(rows<map_of_entries>("t_map_from_entries", 1, from_entries<Twice::kRefuse>));
  adder.add(rows<map_of_entries>("t_map_of_entries", 1, from_entries<Twice::kFirst>));
  adder.add(rows<multimap_of_entries>("t_multimap_of_entries", 1, multimap<false>));
  adder.add(rows<multimap_of_entries>("t_multimap_of_pairs", 1, multimap<true>));  // those of NULL left out
  adder.add(rows<first>("t_map_concat", 1, map_concat, true));
  adder.add(rows<map_of_maps>("t_map_union", 1, map_union));
  adder.add(rows<zipped_maps>("t_zip_maps", 2, zip_maps));
}

}  // namespace tarn::sql::engine::trino

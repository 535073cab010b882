// Functions of arrays and objects in SUPER values, and what a SUPER value is. AWS: array functions, object functions, SUPER type
// information functions. A NULL array gives NULL.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/json_rows.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::LogicalType;
using std::optional;

// The array, or an error that names the function.
const std::vector<Json>& items(const optional<Json>& value, const char* function) {
  if (!value->is_array()) raise_sql("22023", std::string(function) + " takes an array.");
  return value->items();
}

bool null_at(const JsonArguments& a, size_t i) {
  return i >= a.size() || !a[i] || a[i]->is_null();
}

bool any_null(const JsonArguments& a, size_t count) {
  for (size_t i = 0; i < count; ++i)
    if (null_at(a, i)) return true;
  return false;
}

bool flag(const JsonArguments& a, size_t i, bool otherwise) {
  return null_at(a, i) ? otherwise : a[i]->as_bool();
}

void need(const JsonArguments& a, size_t least, size_t most, const char* function) {
  if (a.size() < least || a.size() > most)
    raise_sql("42883", std::string(function) + " takes " + std::to_string(least) +
                           (least == most ? "" : " to " + std::to_string(most)) + " arguments.");
}

// ARRAY(a, b, ..)
optional<Json> array(const JsonArguments& a) {
  Json result = Json::array();
  for (const auto& item : a) result.push(item ? *item : Json());
  return result;
}

optional<Json> array_concat(const JsonArguments& a) {
  need(a, 2, 2, "array_concat");
  if (any_null(a, 2)) return std::nullopt;
  Json result = Json::array(items(a[0], "ARRAY_CONCAT"));
  for (const Json& item : items(a[1], "ARRAY_CONCAT")) result.push(item);
  return result;
}

void flatten_into(Json& result, const Json& value) {
  if (!value.is_array()) return result.push(value);
  for (const Json& item : value.items()) flatten_into(result, item);
}
optional<Json> array_flatten(const JsonArguments& a) {
  need(a, 1, 1, "array_flatten");
  if (any_null(a, 1)) return std::nullopt;
  Json result = Json::array();
  for (const Json& item : items(a[0], "ARRAY_FLATTEN")) flatten_into(result, item);
  return result;
}

// ARRAY_CONTAINS(array, value [, null_match])
optional<Json> array_contains(const JsonArguments& a) {
  need(a, 2, 3, "array_contains");
  if (null_at(a, 0)) return std::nullopt;
  const bool null_match = flag(a, 2, true);
  const bool null = null_at(a, 1);
  if (null && !null_match) return std::nullopt;
  const std::string wanted = null ? "null" : key_of(*a[1]);
  for (const Json& item : items(a[0], "ARRAY_CONTAINS"))
    if (key_of(item) == wanted) return Json(true);
  return Json(false);
}

optional<Json> array_distinct(const JsonArguments& a) {
  need(a, 1, 1, "array_distinct");
  if (any_null(a, 1)) return std::nullopt;
  Json result = Json::array();
  std::set<std::string> seen;
  for (const Json& item : items(a[0], "ARRAY_DISTINCT"))
    if (seen.insert(key_of(item)).second) result.push(item);
  return result;
}

std::multiset<std::string> keys(const optional<Json>& value, const char* function) {
  std::multiset<std::string> result;
  for (const Json& item : items(value, function)) result.insert(key_of(item));
  return result;
}

// The items of the first that are (or are not) in the second; each of the second's counts once, or for all with `distinct`.
Json chosen(const JsonArguments& a, const char* function, bool in_second) {
  auto other = keys(a[1], function);
  const bool distinct = flag(a, 2, true);
  std::set<std::string> seen;
  Json result = Json::array();
  for (const Json& item : items(a[0], function)) {
    const std::string key = key_of(item);
    const auto found = other.find(key);
    const bool there = found != other.end();
    if (there && !distinct) other.erase(found);
    if (there != in_second || (distinct && !seen.insert(key).second)) continue;
    result.push(item);
  }
  return result;
}
optional<Json> array_except(const JsonArguments& a) {
  need(a, 2, 3, "array_except");
  if (any_null(a, 2)) return std::nullopt;
  return chosen(a, "ARRAY_EXCEPT", false);
}
optional<Json> array_intersection(const JsonArguments& a) {
  need(a, 2, 3, "array_intersection");
  if (any_null(a, 2)) return std::nullopt;
  return chosen(a, "ARRAY_INTERSECTION", true);
}

optional<Json> array_union(const JsonArguments& a) {
  need(a, 2, 3, "array_union");
  if (any_null(a, 2)) return std::nullopt;
  Json result = Json::array();
  const bool distinct = flag(a, 2, true);
  std::set<std::string> seen;
  for (size_t i = 0; i < 2; ++i)
    for (const Json& item : items(a[i], "ARRAY_UNION"))
      if (!distinct || seen.insert(key_of(item)).second) result.push(item);
  return result;
}

optional<Json> arrays_overlap(const JsonArguments& a) {
  need(a, 2, 2, "arrays_overlap");
  if (any_null(a, 2)) return std::nullopt;
  const auto other = keys(a[1], "ARRAYS_OVERLAP");
  for (const Json& item : items(a[0], "ARRAYS_OVERLAP"))
    if (!item.is_null() && other.contains(key_of(item))) return Json(true);
  return Json(false);
}

// ARRAY_POSITION(array, value [, index]): counted from 0, -1 where it is not.
optional<Json> array_position(const JsonArguments& a) {
  need(a, 2, 3, "array_position");
  if (null_at(a, 0)) return std::nullopt;
  const std::string wanted = null_at(a, 1) ? "null" : key_of(*a[1]);
  const auto& all = items(a[0], "ARRAY_POSITION");
  for (size_t i = null_at(a, 2) ? 0 : static_cast<size_t>(std::max<int64_t>(0, a[2]->as_int())); i < all.size(); ++i)
    if (key_of(all[i]) == wanted) return Json(static_cast<int64_t>(i));
  return Json(-1);
}
optional<Json> array_positions(const JsonArguments& a) {
  need(a, 2, 2, "array_positions");
  if (null_at(a, 0)) return std::nullopt;
  const std::string wanted = null_at(a, 1) ? "null" : key_of(*a[1]);
  const auto& all = items(a[0], "ARRAY_POSITIONS");
  Json result = Json::array();
  for (size_t i = 0; i < all.size(); ++i)
    if (key_of(all[i]) == wanted) result.push(Json(static_cast<int64_t>(i)));
  return result;
}

// ARRAY_SORT(array [, ascending [, nulls_first]])
optional<Json> array_sort(const JsonArguments& a) {
  need(a, 1, 3, "array_sort");
  if (null_at(a, 0)) return std::nullopt;
  const bool ascending = flag(a, 1, true), nulls_first = flag(a, 2, !ascending);
  std::vector<std::pair<std::string, Json>> values;
  std::vector<Json> nulls, sorted;
  for (const Json& item : items(a[0], "ARRAY_SORT")) {
    if (item.is_null()) {
      nulls.push_back(item);
    } else {
      values.emplace_back(sort_key_of(item), item);
    }
  }
  std::stable_sort(values.begin(), values.end(), [&](const auto& x, const auto& y) {
    return ascending ? x.first < y.first : y.first < x.first;
  });
  for (auto& [key, item] : values) sorted.push_back(std::move(item));
  sorted.insert(nulls_first ? sorted.begin() : sorted.end(), nulls.begin(), nulls.end());
  return Json::array(std::move(sorted));
}

// SUBARRAY(array, start [, length]): from 0; negative ones count from the end.
optional<Json> subarray(const JsonArguments& a) {
  need(a, 2, 3, "subarray");
  if (any_null(a, 2)) return std::nullopt;
  const auto& all = items(a[0], "SUBARRAY");
  const auto size = static_cast<int64_t>(all.size());
  int64_t start = a[1]->as_int();
  if (start < 0) start += size;
  int64_t end = null_at(a, 2) ? size : start + a[2]->as_int();
  start = std::clamp<int64_t>(start, 0, size);
  end = std::clamp<int64_t>(end, start, size);
  return Json::array(std::vector<Json>(all.begin() + start, all.begin() + end));
}

optional<Json> split_to_array(const JsonArguments& a) {
  need(a, 1, 2, "split_to_array");
  if (null_at(a, 0) || (a.size() > 1 && null_at(a, 1))) return std::nullopt;
  const std::string text = a[0]->is_string() ? a[0]->as_string() : a[0]->text();
  const std::string by = a.size() > 1 ? a[1]->as_string() : ",";
  Json result = Json::array();
  std::string_view rest = text;
  if (rest.empty()) return result;
  if (by.empty()) raise_sql("22023", "The delimiter of SPLIT_TO_ARRAY must not be empty.");
  for (;;) {
    const size_t at = rest.find(by);
    result.push(Json(rest.substr(0, at)));
    if (at == std::string_view::npos) return result;
    rest.remove_prefix(at + by.size());
  }
}

optional<Json> get_array_length(const JsonArguments& a) {
  need(a, 1, 1, "get_array_length");
  if (null_at(a, 0) || !a[0]->is_array()) return std::nullopt;
  return Json(static_cast<int64_t>(a[0]->items().size()));
}

// --- objects ---------------------------------------------------------------------------------------------------------------

// OBJECT(name, value, ..)
optional<Json> object(const JsonArguments& a) {
  if (a.size() % 2 != 0) raise_sql("42883", "OBJECT takes pairs of a name and a value.");
  Json result = Json::object();
  for (size_t i = 0; i < a.size(); i += 2) {
    if (null_at(a, i)) raise_sql("22004", "A name in OBJECT must not be null.");
    result.set(a[i]->as_string(), a[i + 1] ? *a[i + 1] : Json());
  }
  return result;
}

template <bool up>
Json renamed(const Json& value) {
  if (value.is_array()) {
    Json result = Json::array();
    for (const Json& item : value.items()) result.push(renamed<up>(item));
    return result;
  }
  if (!value.is_object()) return value;
  Json result = Json::object();
  for (const auto& [name, member] : value.members()) result.set(up ? upper(name) : lower(name), renamed<up>(member));
  return result;
}
template <bool up>
optional<Json> attribute_names(const JsonArguments& a) {
  need(a, 1, 1, up ? "upper_attribute_names" : "lower_attribute_names");
  if (null_at(a, 0)) return std::nullopt;
  return renamed<up>(*a[0]);
}

// '"a"."b"' or a.b
std::vector<std::string> path_of(const std::string& text) {
  std::vector<std::string> path;
  std::string part;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == '.' && !quoted) {
      path.push_back(std::exchange(part, ""));
    } else {
      part += c;
    }
  }
  path.push_back(part);
  return path;
}

void set_at(Json& object, const std::vector<std::string>& path, size_t depth, const Json& value) {
  if (!object.is_object()) object = Json::object();
  if (depth + 1 == path.size()) return object.set(path[depth], value);
  Json inner = object[path[depth]];
  set_at(inner, path, depth + 1, value);
  object.set(path[depth], std::move(inner));
}

// OBJECT_TRANSFORM(input [KEEP path, ..] [SET path, value, ..]): the tokens' rule marks where KEEP and SET begin.
optional<Json> object_transform(const JsonArguments& a) {
  if (null_at(a, 0)) return std::nullopt;
  if (!a[0]->is_object()) raise_sql("22023", "OBJECT_TRANSFORM takes an object.");
  size_t i = 1;
  const auto at = [&](const char* mark) { return i < a.size() && a[i] && a[i]->as_string() == mark; };
  Json result = *a[0];
  if (at("\x01keep")) {
    result = Json::object();
    for (++i; i < a.size() && !at("\x01set"); ++i) {
      const auto path = path_of(a[i]->as_string());
      const Json* found = &*a[0];
      for (const std::string& name : path) found = found ? found->find(name) : nullptr;
      if (found) set_at(result, path, 0, *found);
    }
  }
  if (at("\x01set")) {
    for (++i; i + 1 < a.size(); i += 2) {
      set_at(result, path_of(a[i]->as_string()), 0, a[i + 1] ? *a[i + 1] : Json());
    }
  }
  return result;
}

// --- what a value is -------------------------------------------------------------------------------------------------------

const char* kind_of(const Json& value) {
  switch (value.kind()) {
    case Json::Kind::kFalse:
    case Json::Kind::kTrue: return "boolean";
    case Json::Kind::kNumber: return "number";
    case Json::Kind::kString: return "string";
    case Json::Kind::kArray: return "array";
    case Json::Kind::kObject: return "object";
    default: return "null";
  }
}

optional<Json> json_typeof(const JsonArguments& a) {
  need(a, 1, 1, "json_typeof");
  if (!a[0]) return std::nullopt;
  return Json(kind_of(*a[0]));
}

bool whole(const Json& value) {
  return value.is_number() && value.as_string().find_first_of(".eE") == std::string::npos;
}
bool within(const Json& value, double most) {
  return whole(value) && value.as_double() <= most && value.as_double() >= -most - 1;
}
bool is_float(const Json& value) {
  return value.is_number() && value.as_string().find_first_of("eE") != std::string::npos;
}
bool is_decimal(const Json& value) {
  return value.is_number() && !whole(value) && !is_float(value);
}

template <bool (*test)(const Json&)>
optional<Json> is(const JsonArguments& a) {
  need(a, 1, 1, "This function");
  return Json(a[0] && !a[0]->is_null() && test(*a[0]));
}
bool array_test(const Json& v) { return v.is_array(); }
bool object_test(const Json& v) { return v.is_object(); }
bool scalar_test(const Json& v) { return !v.is_array() && !v.is_object(); }
bool text_test(const Json& v) { return v.is_string(); }
bool boolean_test(const Json& v) { return v.is_bool(); }
bool smallint_test(const Json& v) { return within(v, 32767); }
bool integer_test(const Json& v) { return within(v, 2147483647); }
bool bigint_test(const Json& v) { return within(v, 9223372036854775807.0); }

// Digits of a decimal, and those behind its point.
optional<Json> decimal_precision(const JsonArguments& a) {
  need(a, 1, 1, "decimal_precision");
  if (null_at(a, 0) || !is_decimal(*a[0])) return std::nullopt;
  int64_t digits = 0;
  bool first = true;
  for (const char c : a[0]->as_string()) {
    if (c == '0' && first) continue;
    if (c >= '0' && c <= '9') {
      ++digits;
      first = false;
    }
    if (c == '.') first = false;
  }
  return Json(digits);
}
optional<Json> decimal_scale(const JsonArguments& a) {
  need(a, 1, 1, "decimal_scale");
  if (null_at(a, 0) || !is_decimal(*a[0])) return std::nullopt;
  const std::string& text = a[0]->as_string();
  return Json(static_cast<int64_t>(text.size() - text.find('.') - 1));
}

optional<Json> json_size(const JsonArguments& a) {
  need(a, 1, 1, "json_size");
  if (!a[0]) return std::nullopt;
  return Json(static_cast<int64_t>(a[0]->text().size()));
}

// --- comparisons -----------------------------------------------------------------------------------------------------------

optional<Json> super_key(const JsonArguments& a) {
  if (null_at(a, 0)) return std::nullopt;
  return Json(key_of(*a[0]));
}
optional<Json> super_order(const JsonArguments& a) {
  if (any_null(a, 2)) return std::nullopt;
  const auto order = compare(*a[0], *a[1]);
  return order ? optional(Json(*order)) : std::nullopt;
}
optional<Json> super_sort_key(const JsonArguments& a) {
  if (null_at(a, 0)) return std::nullopt;
  return Json(sort_key_of(*a[0]));
}

// The members of an object, for UNPIVOT: [{"k": .., "v": ..}, ..].
optional<Json> super_members(const JsonArguments& a) {
  Json result = Json::array();
  if (null_at(a, 0)) return result;
  for (const auto& [name, value] : a[0]->members()) result.push(Json::object({{"k", Json(name)}, {"v", value}}));
  return result;
}

}  // namespace

void add_arrays(Registry& registry) {
  struct Entry {
    const char* name;
    JsonRun run;
    LogicalType returns;
  };
  const LogicalType super = LogicalType::JSON(), yes = LogicalType::BOOLEAN, whole_number = LogicalType::INTEGER,
                    text = LogicalType::VARCHAR;
  const Entry entries[] = {
      {"array", array, super},
      {"array_concat", array_concat, super},
      {"array_flatten", array_flatten, super},
      {"array_contains", array_contains, yes},
      {"array_distinct", array_distinct, super},
      {"array_except", array_except, super},
      {"array_intersection", array_intersection, super},
      {"array_union", array_union, super},
      {"arrays_overlap", arrays_overlap, yes},
      {"array_position", array_position, whole_number},
      {"array_positions", array_positions, super},
      {"array_sort", array_sort, super},
      {"subarray", subarray, super},
      {"split_to_array", split_to_array, super},
      {"get_array_length", get_array_length, whole_number},
      {"object", object, super},
      {"object_transform", object_transform, super},
      {"lower_attribute_names", attribute_names<false>, super},
      {"upper_attribute_names", attribute_names<true>, super},
      {"json_typeof", json_typeof, text},
      {"is_array", is<array_test>, yes},
      {"is_object", is<object_test>, yes},
      {"is_scalar", is<scalar_test>, yes},
      {"is_varchar", is<text_test>, yes},
      {"is_char", is<text_test>, yes},
      {"is_boolean", is<boolean_test>, yes},
      {"is_smallint", is<smallint_test>, yes},
      {"is_integer", is<integer_test>, yes},
      {"is_bigint", is<bigint_test>, yes},
      {"is_decimal", is<is_decimal>, yes},
      {"is_float", is<is_float>, yes},
      {"decimal_precision", decimal_precision, whole_number},
      {"decimal_scale", decimal_scale, whole_number},
      {"json_size", json_size, whole_number},
      {"super_key", super_key, text},
      {"super_order", super_order, whole_number},
      {"super_sort_key", super_sort_key, text},
      {"super_members", super_members, super},
  };
  for (const Entry& entry : entries) registry.add(json_function(entry.name, entry.run, entry.returns));
}

}  // namespace tarn::sql::engine

// JSON: texts in canonical form (keys sorted, compact), JSON paths, the standard's functions.
#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "sql/engine/functions.h"
#include "sql/engine/trino_functions.h"
#include "sql/engine/trino_json_path.h"
#include "sql/engine/trino_json_query.h"
#include "sql/engine/trino_manifest.h"

namespace tarn::sql::engine::trino {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::ScalarFunction;
using duckdb::Value;
using std::string;

const string& text_of(const Value& value) {
  return duckdb::StringValue::Get(value);
}

// Of members of one name the last counts, in the first one's place.
void last_members(Json& json) {
  for (Json& item : json.items()) last_members(item);
  auto& members = json.members();
  for (auto& [name, value] : members) last_members(value);
  std::vector<Json::Member> last;
  for (auto& member : members) {
    const auto same = std::find_if(last.begin(), last.end(), [&](const auto& other) { return other.first == member.first; });
    if (same != last.end()) {
      same->second = std::move(member.second);
    } else {
      last.push_back(std::move(member));
    }
  }
  members = std::move(last);
}

void in_order(Json& json) {
  for (Json& item : json.items()) in_order(item);
  for (auto& [name, value] : json.members()) in_order(value);
  std::sort(json.members().begin(), json.members().end(), [](const auto& a, const auto& b) { return a.first < b.first; });
}

void sort_keys(Json& json) {
  last_members(json);
  in_order(json);
}

std::optional<Json> read(const string& text) {
  auto parsed = Json::parse(text);
  if (!parsed) return std::nullopt;
  return *std::move(parsed);
}

Value json_value_of(const Json& json) {
  Value value(json.text());
  value.Reinterpret(LogicalType::JSON());
  return value;
}
Value no_json() {
  return Value(LogicalType::JSON());
}
Value no_text() {
  return Value(LogicalType::VARCHAR);
}

// A scalar's text; nullopt: null, an array, an object.
std::optional<string> scalar_text(const Json& json) {
  if (json.is_string() || json.is_number()) return json.as_string();
  if (json.is_bool()) return string(json.as_bool() ? "true" : "false");
  return std::nullopt;
}

// --- extraction ------------------------------------------------------------------------------------------------------

// What json_extract finds: one value, or the list of all where the path can find several.
std::optional<Json> extracted(const string& text, const string& path_text) {
  const JsonPath path = read_json_path(path_text);
  const auto json = read(text);
  if (!json) return std::nullopt;
  const auto found = walk(*json, path);
  const bool several = std::any_of(path.steps.begin(), path.steps.end(), [](const JsonPath::Step& step) {
    return step.kind == JsonPath::Step::Kind::kAll ||
           step.kind == JsonPath::Step::Kind::kDescend;
  });
  if (several) {
    std::vector<Json> all;
    for (const Json* item : found) all.push_back(*item);
    return Json::array(std::move(all));
  }
  if (found.empty()) return std::nullopt;
  return *found[0];
}

// --- values ----------------------------------------------------------------------------------------------------------

Json to_json(const Value& value) {
  if (value.IsNull()) return Json();
  const LogicalType& type = value.type();
  if (is_json(type)) return read(text_of(value)).value_or(Json());
  if (is_zoned(type)) return Json(print(value));
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: return Json(duckdb::BooleanValue::Get(value));
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::DECIMAL: return Json::number(print(value));
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE: {
      const double number = value.GetValue<double>();
      return std::isfinite(number) ? Json::number(print(value)) : Json(print(value));
    }
    case LogicalTypeId::LIST: {
      std::vector<Json> items;
      for (const Value& item : duckdb::ListValue::GetChildren(value)) items.push_back(to_json(item));
      return Json::array(std::move(items));
    }
    case LogicalTypeId::MAP: {
      std::vector<Json::Member> members;
      for (const Value& entry : duckdb::MapValue::GetChildren(value)) {
        const auto& pair = duckdb::StructValue::GetChildren(entry);
        members.emplace_back(print(pair[0]), to_json(pair[1]));
      }
      std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      return Json::object(std::move(members));
    }
    case LogicalTypeId::STRUCT: {
      std::vector<Json::Member> members;
      const auto& fields = duckdb::StructValue::GetChildren(value);
      for (size_t i = 0; i < fields.size(); ++i) {
        const string& name = duckdb::StructType::GetChildName(type, i);
        members.emplace_back(name.starts_with("field_") ? "" : name, to_json(fields[i]));
      }
      return Json::object(std::move(members));
    }
    default: return Json(print(value));
  }
}

[[noreturn]] void cannot(const Json& json, const LogicalType& type) {
  const char* expected = type.id() == LogicalTypeId::LIST  ? "a json array"
                         : type.id() == LogicalTypeId::MAP ? "a json object"
                                                           : "a json array or object";
  const string text = json.text();
  raise("INVALID_CAST_ARGUMENT", "Cannot cast to " + type_name(type) + ". Expected " + expected + ", but got " +
        (json.is_array() || json.is_object() ? text.substr(0, 1) : text) + "\n" + text);
}

[[noreturn]] void cannot_scalar(const string& text, const string& type) {
  raise("INVALID_CAST_ARGUMENT", "Cannot cast '" + text + "' to " + type);
}

// Of a text's value and of whole numbers; of others, half away from zero.
Value integer_from(const Json& json, const string& text, const LogicalType& type) {
  const string name = json.is_string() ? type.id() == LogicalTypeId::INTEGER ? "INT" : upper(type_name(type)) : type_name(type);
  Value value;
  if (json.is_bool()) {
    value = Value::BIGINT(json.as_bool());
  } else if (const auto whole = parse_int(text.starts_with('+') ? text.substr(1) : text)) {
    value = Value::BIGINT(*whole);
  } else if (json.is_number() && std::fabs(json.as_double()) < 9.2233720368547748e18) {
    value = Value::BIGINT(std::llround(json.as_double()));
  } else {
    cannot_scalar(text, name);
  }
  if (!value.DefaultTryCastAs(type)) cannot_scalar(text, name);
  return value;
}

Value from_json(const Json& json, const LogicalType& type) {
  if (is_json(type)) return json_value_of(json);
  if (json.is_null()) return Value(type);
  switch (type.id()) {
    case LogicalTypeId::LIST: {
      if (!json.is_array()) cannot(json, type);
      const auto& child = duckdb::ListType::GetChildType(type);
      duckdb::vector<Value> items;
      for (const Json& item : json.items()) items.push_back(from_json(item, child));
      return Value::LIST(child, std::move(items));
    }
    case LogicalTypeId::MAP: {
      if (!json.is_object()) cannot(json, type);
      const auto key = duckdb::MapType::KeyType(type), value = duckdb::MapType::ValueType(type);
      duckdb::vector<Value> keys, values;
      for (const auto& [name, member] : json.members()) {
        keys.push_back(from_json(Json(name), key));
        values.push_back(from_json(member, value));
      }
      return Value::MAP(key, value, std::move(keys), std::move(values));
    }
    case LogicalTypeId::STRUCT: {
      const auto& fields = duckdb::StructType::GetChildTypes(type);
      duckdb::vector<Value> values;
      for (size_t i = 0; i < fields.size(); ++i) {
        const Json* member = nullptr;
        if (json.is_array()) {
          if (json.size() != fields.size()) cannot(json, type);
          member = &json.at(i);
        } else if (json.is_object()) {
          for (const auto& [name, value] : json.members()) {
            if (equals_ignore_case(name, fields[i].first)) member = &value;
          }
        } else {
          cannot(json, type);
        }
        values.push_back(member ? from_json(*member, fields[i].second) : Value(fields[i].second));
      }
      return Value::STRUCT(type, std::move(values));
    }
    default: break;
  }
  const auto text = scalar_text(json);
  if (!text) cannot_scalar(json.text(), type_name(type));
  const bool fraction = json.is_number() && text->find_first_of(".eE") != string::npos;
  if (is_varchar(type)) return Value(fraction ? double_text(json.as_double()) : *text);
  if (type.IsIntegral()) return integer_from(json, *text, type);
  if (json.is_bool() && type.IsNumeric()) return Value::INTEGER(json.as_bool()).DefaultCastAs(type);
  if (json.is_number() && type.id() == LogicalTypeId::BOOLEAN) {
    if (!fraction && !parse_int(*text)) cannot_scalar(*text, "boolean");
    return Value::BOOLEAN(json.as_double() != 0);
  }
  Value value(*text);
  if (!value.DefaultTryCastAs(type)) {
    if (type.id() == LogicalTypeId::DECIMAL) {
      raise("INVALID_CAST_ARGUMENT", "Cannot cast input json to " + upper(type_name(type)));
    }
    cannot_scalar(*text, upper(type_name(type)));
  }
  return value;
}

void from_json_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  const LogicalType type = result.GetType();
  const bool constant = input.data[0].GetVectorType() == duckdb::VectorType::CONSTANT_VECTOR;
  for (duckdb::idx_t row = 0; row < (constant ? 1 : input.size()); ++row) {
    const Value value = input.data[0].GetValue(row);
    if (value.IsNull()) {
      result.SetValue(row, Value(type));
      continue;
    }
    const auto json = read(text_of(value));
    if (!json) raise("INVALID_CAST_ARGUMENT", "Cannot cast to " + type_name(type) + ".\n" + text_of(value));
    result.SetValue(row, from_json(*json, type));
  }
  if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

void to_json_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  const bool constant = input.AllConstant();
  for (duckdb::idx_t row = 0; row < (constant ? 1 : input.size()); ++row) {
    const Value value = input.data[0].GetValue(row);
    result.SetValue(row, value.IsNull() ? no_json() : json_value_of(to_json(value)));
  }
  if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

duckdb::unique_ptr<duckdb::FunctionData> bind_witness(duckdb::ClientContext&, ScalarFunction& function,
                                                      duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  function.return_type = arguments[1]->return_type;
  function.arguments[1] = arguments[1]->return_type;
  return nullptr;
}

// --- the standard's functions ----------------------------------------------------------------------------------------

constexpr const char* kEmpty = "\1empty";
constexpr const char* kError = "\1error";

[[noreturn]] void standard_error(const char* code, const string& message) {
  raise(code, message);
}

// What a path finds in a text; nullopt: an error.
std::optional<std::vector<Json>> standard_walk(const string& text, const string& path, const string& variables) {
  const auto json = read(text), passed = read(variables);
  if (!json || !passed) return std::nullopt;
  return query_json(*json, path, *passed);
}

Value json_exists(const duckdb::vector<Value>& a) {
  const auto found = standard_walk(text_of(a[0]), text_of(a[1]), text_of(a.back()));
  if (found) return Value::BOOLEAN(!found->empty());
  const string& on_error = text_of(a[2]);
  if (on_error == "error") standard_error("PATH_EVALUATION_ERROR", "cannot evaluate JSON path: '" + text_of(a[1]) + "'");
  if (on_error == "unknown") return Value(LogicalType::BOOLEAN);
  return Value::BOOLEAN(on_error == "true");
}

Value json_value(const duckdb::vector<Value>& a) {
  const string &on_error = text_of(a[2]), &on_empty = text_of(a[3]);
  const auto failed = [&](const string& why) {
    if (on_error == "error") standard_error("JSON_VALUE_RESULT_ERROR", "cannot extract SQL scalar from JSON: " + why);
    return on_error == "default" ? Value(kError) : no_text();
  };
  const auto found = standard_walk(text_of(a[0]), text_of(a[1]), text_of(a.back()));
  if (!found) return failed("the path cannot be evaluated");
  if (found->empty()) {
    if (on_empty == "error") standard_error("JSON_VALUE_RESULT_ERROR", "cannot extract SQL scalar from JSON: JSON path found no items");
    return on_empty == "default" ? Value(kEmpty) : no_text();
  }
  if (found->size() > 1) return failed("JSON path found multiple items");
  const Json& item = (*found)[0];
  if (item.is_null()) return no_text();
  const auto text = scalar_text(item);
  return text ? Value(*text) : failed("JSON path found an item that cannot be converted to an SQL value");
}

Value json_query(const duckdb::vector<Value>& a) {
  const string &on_error = text_of(a[2]), &on_empty = text_of(a[3]), &wrapper = text_of(a[4]), &quotes = text_of(a[5]);
  const auto otherwise = [&](const string& what, const string& why) {
    if (what == "error") standard_error("JSON_QUERY_RESULT_ERROR", "cannot extract JSON: " + why);
    return what == "null" ? no_text() : Value(what);
  };
  const auto found = standard_walk(text_of(a[0]), text_of(a[1]), text_of(a.back()));
  if (!found) return otherwise(on_error, "the path cannot be evaluated");
  if (found->empty()) return otherwise(on_empty, "JSON path found no items");
  const bool one = found->size() == 1;
  const bool structure = one && ((*found)[0].is_array() || (*found)[0].is_object());
  if (wrapper == "with" || (wrapper == "conditional" && !structure)) return Value(Json::array(*found).text());
  if (!one) return otherwise(on_error, "JSON path found multiple items");
  const Json& item = (*found)[0];
  if (quotes == "omit" && item.is_string()) return Value(item.as_string());
  return Value(item.text());
}

// t_json_object(absent, unique, key, value, is JSON, ..), t_json_array(absent, value, is JSON, ..)
template <bool object>
void build_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  const bool constant = input.AllConstant();
  const size_t step = object ? 3 : 2;
  for (duckdb::idx_t row = 0; row < (constant ? 1 : input.size()); ++row) {
    const bool absent = input.data[0].GetValue(row).GetValue<bool>();
    Json json = object ? Json::object() : Json::array();
    for (size_t i = object ? 2 : 1; i + step <= input.ColumnCount(); i += step) {
      const Value value = input.data[i + step - 2].GetValue(row);
      if (value.IsNull() && absent) continue;
      Json item = to_json(value);
      if (input.data[i + step - 1].GetValue(row).GetValue<bool>() && !value.IsNull()) {
        auto parsed = read(value.ToString());
        if (!parsed) raise("JSON_INPUT_CONVERSION_ERROR", "conversion to JSON failed: " + value.ToString());
        last_members(*parsed);
        item = *std::move(parsed);
      }
      if constexpr (object) {
        const Value key = input.data[i].GetValue(row);
        if (key.IsNull()) raise("INVALID_FUNCTION_ARGUMENT", "null value passed for JSON object key to JSON_OBJECT function");
        for (const auto& [name, other] : json.members()) {
          if (name != key.ToString()) continue;
          if (input.data[1].GetValue(row).GetValue<bool>()) {
            raise("INVALID_FUNCTION_ARGUMENT", "duplicate key passed to JSON_OBJECT function");
          }
          raise("NOT_SUPPORTED", "cannot construct a JSON object with duplicate key");
        }
        json.members().emplace_back(key.ToString(), std::move(item));
      } else {
        json.push(std::move(item));
      }
    }
    result.SetValue(row, Value(json.text()));
  }
  if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

template <bool object>
BoundPtr bind_build(BindInput& input) {
  return call(input.context, kSchema, object ? "t_json_object" : "t_json_array", std::move(input.arguments));
}

}  // namespace

std::vector<Special> json_specials() {
  return {{"json_object of", 1, -1, bind_build<true>}, {"json_array of", 1, -1, bind_build<false>}};
}

void add_json_functions(Adder& adder) {
  const LogicalType text = LogicalType::VARCHAR, json = LogicalType::JSON(), number = LogicalType::BIGINT;
  const LogicalType boolean = LogicalType::BOOLEAN;
  const auto texts = [&](const char* name, size_t arguments, const LogicalType& returns, RowFunction run) {
    adder.add(by_row(name, duckdb::vector<LogicalType>(arguments, LogicalType::VARCHAR), returns, std::move(run)));
  };
  texts("t_json_parse", 1, json, [](const auto& a) {
    auto parsed = read(text_of(a[0]));
    if (!parsed) raise("INVALID_FUNCTION_ARGUMENT", "Cannot convert value to JSON: '" + text_of(a[0]) + "'");
    sort_keys(*parsed);
    return json_value_of(*parsed);
  });
  texts("t_json_scalar_text", 1, text, [](const auto& a) {
    const auto parsed = read(text_of(a[0]));
    if (!parsed || parsed->is_null()) return no_text();
    const auto scalar = scalar_text(*parsed);
    if (!scalar) raise("INVALID_CAST_ARGUMENT", "Cannot cast '" + text_of(a[0]) + "' to varchar");
    return Value(*scalar);
  });
  texts("t_json_extract", 2, json, [](const auto& a) {
    const auto found = extracted(text_of(a[0]), text_of(a[1]));
    return found ? json_value_of(*found) : no_json();
  });
  texts("t_json_extract_scalar", 2, text, [](const auto& a) {
    const auto found = extracted(text_of(a[0]), text_of(a[1]));
    const auto scalar = found ? scalar_text(*found) : std::nullopt;
    return scalar ? Value(*scalar) : no_text();
  });
  texts("t_json_size", 2, number, [](const auto& a) {
    const auto found = extracted(text_of(a[0]), text_of(a[1]));
    if (!found) return Value(LogicalType::BIGINT);
    return Value::BIGINT(found->is_array() || found->is_object() ? static_cast<int64_t>(found->size()) : 0);
  });
  texts("t_json_array_length", 1, number, [](const auto& a) {
    const auto parsed = read(text_of(a[0]));
    if (!parsed || !parsed->is_array()) return Value(LogicalType::BIGINT);
    return Value::BIGINT(static_cast<int64_t>(parsed->size()));
  });
  adder.add(by_row("t_json_array_get", {text, number}, json, [](const auto& a) {
    const auto parsed = read(text_of(a[0]));
    int64_t index = a[1].template GetValue<int64_t>();
    if (!parsed || !parsed->is_array()) return no_json();
    if (index < 0) index += static_cast<int64_t>(parsed->size());
    if (index < 0 || static_cast<size_t>(index) >= parsed->size()) return no_json();
    const Json& item = parsed->at(static_cast<size_t>(index));
    if (!item.is_string()) return item.is_null() ? no_json() : json_value_of(item);
    Value bare(item.as_string());  // AWS and Trino: without its quotes
    bare.Reinterpret(LogicalType::JSON());
    return bare;
  }));
  texts("t_json_array_contains", 2, boolean, [](const auto& a) {
    const auto parsed = read(text_of(a[0])), wanted = read(text_of(a[1]));
    if (!parsed || !wanted || !parsed->is_array()) return Value(LogicalType::BOOLEAN);
    const auto& items = parsed->items();
    // 1 is not 1.0: whole numbers are looked for among whole ones.
    const auto whole = [](const Json& each) { return each.as_string().find_first_of(".eE") == string::npos; };
    return Value::BOOLEAN(std::any_of(items.begin(), items.end(), [&](const Json& item) {
      return item == *wanted && (!item.is_number() || whole(item) == whole(*wanted));
    }));
  });
  texts("t_is_json_scalar", 1, boolean, [](const auto& a) {
    const auto parsed = read(text_of(a[0]));
    if (!parsed) raise("INVALID_FUNCTION_ARGUMENT", "Invalid JSON value: " + text_of(a[0]));
    return Value::BOOLEAN(!parsed->is_array() && !parsed->is_object());
  });
  texts("t_json_exists", 4, boolean, json_exists);
  texts("t_json_value", 5, text, json_value);
  texts("t_json_query", 7, text, json_query);
  ScalarFunction to("t_to_json", {LogicalType::ANY}, json, to_json_run);
  to.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  adder.add(to);
  ScalarFunction from("t_from_json", {text, LogicalType::ANY}, LogicalType::ANY, from_json_run, bind_witness);
  from.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  adder.add(from);
  for (const bool object : {true, false}) {
    ScalarFunction build(object ? "t_json_object" : "t_json_array", {}, text, object ? build_run<true> : build_run<false>);
    build.varargs = LogicalType::ANY;
    build.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
    adder.add(build);
  }
}

}  // namespace tarn::sql::engine::trino

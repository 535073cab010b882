// SUPER: JSON text. Navigation, scalars inside it, and Redshift's JSON functions.
#include "base/json.h"
#include "sql/engine/catalog_arrays.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/json_rows.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::Expression;
using duckdb::FunctionBindExpressionInput;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::string_t;
using duckdb::StringVector;
using duckdb::unique_ptr;

std::string_view stripped(const string_t& text) {
  std::string_view v = view(text);
  while (!v.empty() && static_cast<unsigned char>(v.front()) <= ' ') v.remove_prefix(1);
  while (!v.empty() && static_cast<unsigned char>(v.back()) <= ' ') v.remove_suffix(1);
  return v;
}

// What a scalar inside a SUPER is as text: a string without its quotes, null nothing.
std::optional<std::string> scalar_text(std::string_view json) {
  if (json == "null" || json.empty()) return std::nullopt;
  if (json.front() != '"') return std::string(json);
  const auto parsed = Json::parse(json);
  return parsed ? parsed->as_string() : std::string(json);
}

void super_text(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::ExecuteWithNulls<string_t, string_t>(
      input.data[0], result, input.size(), [&](string_t json, duckdb::ValidityMask& mask, duckdb::idx_t row) {
        const auto text = scalar_text(stripped(json));
        if (!text) {
          mask.SetInvalid(row);
          return string_t();
        }
        return StringVector::AddString(result, *text);
      });
}

// The text of a string; of anything else nothing.
void super_string(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::ExecuteWithNulls<string_t, string_t>(
      input.data[0], result, input.size(), [&](string_t json, duckdb::ValidityMask& mask, duckdb::idx_t row) {
        const std::string_view text = stripped(json);
        const auto inner = text.starts_with('"') ? scalar_text(text) : std::nullopt;
        if (!inner) {
          mask.SetInvalid(row);
          return string_t();
        }
        return StringVector::AddString(result, *inner);
      });
}

void super_number(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::ExecuteWithNulls<string_t, double>(
      input.data[0], result, input.size(), [&](string_t json, duckdb::ValidityMask& mask, duckdb::idx_t row) {
        const std::string_view text = stripped(json);
        const bool number = !text.empty() && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'));
        if (!number) {
          mask.SetInvalid(row);
          return 0.0;
        }
        return Json::number(std::string(text)).as_double();
      });
}

void super_boolean(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::ExecuteWithNulls<string_t, bool>(
      input.data[0], result, input.size(), [&](string_t json, duckdb::ValidityMask& mask, duckdb::idx_t row) {
        const std::string_view text = stripped(json);
        if (text != "true" && text != "false") mask.SetInvalid(row);
        return text == "true";
      });
}

// The null of JSON as NULL. Called for SUPER by bind_null_as_sql.
void sql_null(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::ExecuteWithNulls<string_t, string_t>(
      input.data[0], result, input.size(), [&](string_t json, duckdb::ValidityMask& mask, duckdb::idx_t row) {
        if (view(json) == "null") mask.SetInvalid(row);
        return StringVector::AddString(result, json);
      });
}

unique_ptr<Expression> bind_null_as_sql(FunctionBindExpressionInput& input) {
  auto value = std::move(input.children[0]);
  if (!is_super(value->return_type)) return value;
  return call(input.context, kFunctionSchema, "json_sql_null", arguments(std::move(value)));
}

// s[0], s['k'], (expression).k
unique_ptr<Expression> bind_super_at(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto value = std::move(input.children[0]), key = std::move(input.children[1]);
  if (is_super(value->return_type) || is_text(value->return_type)) {
    if (key->return_type.IsIntegral()) key = cast_to(context, std::move(key), LogicalType::BIGINT);
    return call(context, "main", "json_extract",
                arguments(cast_to(context, std::move(value), LogicalType::JSON()), std::move(key)));
  }
  if (is_catalog_array(value->return_type)) return element_of(context, std::move(value), std::move(key));
  const bool member = value->return_type.id() == LogicalTypeId::STRUCT;
  return call(context, "main", member ? "struct_extract" : "array_extract",
              arguments(std::move(value), std::move(key)));
}

// The elements of an array, for unnest; anything else has none.
unique_ptr<Expression> bind_super_elements(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto value = std::move(input.children[0]);
  if (value->return_type.id() == LogicalTypeId::LIST) return value;
  return call(context, "main", "json_extract",
              arguments(cast_to(context, std::move(value), LogicalType::JSON()), constant(duckdb::Value("$[*]"))));
}

unique_ptr<Expression> bind_json_parse(FunctionBindExpressionInput& input) {
  auto text = as_text(input.context, std::move(input.children[0]));
  return cast_to(input.context, call(input.context, kFunctionSchema, "json_checked", arguments(std::move(text))),
                 LogicalType::JSON());
}

unique_ptr<Expression> bind_json_serialize(FunctionBindExpressionInput& input) {
  return cast_to(input.context, cast_to(input.context, std::move(input.children[0]), LogicalType::JSON()),
                 LogicalType::VARCHAR);
}

// AWS: JSON_SERIALIZE_TO_VARBYTE. The text's bytes.
unique_ptr<Expression> bind_json_bytes(FunctionBindExpressionInput& input) {
  auto text = cast_to(input.context, cast_to(input.context, std::move(input.children[0]), LogicalType::JSON()),
                      LogicalType::VARCHAR);
  return call(input.context, kFunctionSchema, "to_varbyte", arguments(std::move(text), constant(duckdb::Value("utf8"))));
}

void json_checked(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, string_t>(input.data[0], result, input.size(), [&](string_t text) {
    const auto parsed = Json::parse(view(text));
    if (!parsed) raise_sql("22P02", "invalid json: " + parsed.error().message);
    return StringVector::AddString(result, parsed->text());
  });
}

template <bool array_only>
void is_valid(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, bool>(input.data[0], result, input.size(), [&](string_t text) {
    const auto parsed = Json::parse(view(text));
    return parsed && (array_only ? parsed->is_array() : parsed->is_object() || parsed->is_array() || !array_only);
  });
}

// JSON_EXTRACT_PATH_TEXT(text, 'a', 'b' [, null_if_invalid]): '' -> NULL; an object or array as its text.
void path_text(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  const auto rows = input.size();
  bool null_if_invalid = false;
  size_t keys = input.ColumnCount();
  if (input.data.back().GetType().id() == LogicalTypeId::BOOLEAN) --keys;
  for (duckdb::idx_t row = 0; row < rows; ++row) {
    const auto text = input.data[0].GetValue(row);
    if (keys < input.ColumnCount()) null_if_invalid = input.data[keys].GetValue(row).GetValue<bool>();
    if (text.IsNull()) {
      result.SetValue(row, duckdb::Value(LogicalType::VARCHAR));
      continue;
    }
    const auto parsed = Json::parse(text.ToString());
    if (!parsed && !null_if_invalid) raise_sql("22P02", "JSON parsing error: invalid json object " + text.ToString());
    const Json* at = parsed ? &*parsed : nullptr;
    for (size_t i = 1; i < keys && at; ++i) at = at->find(input.data[i].GetValue(row).ToString());
    if (!at || at->is_null()) {
      result.SetValue(row, duckdb::Value(LogicalType::VARCHAR));
    } else {
      result.SetValue(row, duckdb::Value(at->is_string() ? at->as_string() : at->text()));
    }
  }
  if (input.AllConstant()) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

// The array in a text; nullptr where the text is none and the last argument allows that. AWS: null_if_invalid.
std::optional<Json> array_in(duckdb::DataChunk& input, size_t flag, string_t text, duckdb::idx_t row) {
  auto parsed = Json::parse(view(text));
  if (parsed && parsed->is_array()) return *std::move(parsed);
  const auto allowed = flag < input.ColumnCount() ? input.data[flag].GetValue(row) : duckdb::Value::BOOLEAN(false);
  if (allowed.IsNull() || !allowed.GetValue<bool>()) {
    raise_sql("22P02", "JSON parsing error: invalid json array object " + text.GetString());
  }
  return std::nullopt;
}

void array_element_text(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::ExecuteWithNulls<string_t, int32_t, string_t>(
      input.data[0], input.data[1], result, input.size(),
      [&](string_t text, int32_t index, duckdb::ValidityMask& mask, duckdb::idx_t row) {
        const auto parsed = array_in(input, 2, text, row);
        if (!parsed || index < 0 || static_cast<size_t>(index) >= parsed->items().size()) {
          mask.SetInvalid(row);
          return string_t();
        }
        const Json& item = parsed->items()[static_cast<size_t>(index)];
        return StringVector::AddString(result, item.is_string() ? item.as_string() : item.text());
      });
}

void array_length(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::ExecuteWithNulls<string_t, int32_t>(
      input.data[0], result, input.size(), [&](string_t text, duckdb::ValidityMask& mask, duckdb::idx_t row) {
        const auto parsed = array_in(input, 1, text, row);
        if (!parsed) {
          mask.SetInvalid(row);
          return 0;
        }
        return static_cast<int32_t>(parsed->items().size());
      });
}

duckdb::ScalarFunction throwing(duckdb::ScalarFunction function) {
  function.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
  return function;
}

}  // namespace

void add_supers(Registry& registry) {
  add_super_numbers(registry);
  const LogicalType text = LogicalType::VARCHAR, json = LogicalType::JSON();
  registry.add(duckdb::ScalarFunction("super_text", {json}, text, super_text));
  registry.add(duckdb::ScalarFunction("super_number", {json}, LogicalType::DOUBLE, super_number));
  registry.add(duckdb::ScalarFunction("super_boolean", {json}, LogicalType::BOOLEAN, super_boolean));
  registry.add(duckdb::ScalarFunction("json_sql_null", {json}, json, sql_null));
  registry.add(typed("null_as_sql", 1, bind_null_as_sql));
  registry.add(typed("super_at", 2, bind_super_at));
  registry.add(typed("super_elements", 1, bind_super_elements));
  registry.add(typed("json_parse", 1, bind_json_parse));
  registry.add(typed("json_serialize", 1, bind_json_serialize));
  registry.add(typed("json_serialize_to_varbyte", 1, bind_json_bytes));
  registry.add(duckdb::ScalarFunction("super_string", {json}, text, super_string));
  registry.add(throwing({"json_checked", {text}, text, json_checked}));
  registry.add(duckdb::ScalarFunction("is_valid_json", {text}, LogicalType::BOOLEAN, is_valid<false>));
  registry.add(duckdb::ScalarFunction("is_valid_json_array", {text}, LogicalType::BOOLEAN, is_valid<true>));
  duckdb::ScalarFunction path("json_extract_path_text", {text, text}, text, path_text);
  path.varargs = LogicalType::ANY;
  path.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  registry.add(throwing(path));
  duckdb::ScalarFunction element("json_extract_array_element_text", {text, LogicalType::INTEGER}, text,
                                 array_element_text);
  element.varargs = LogicalType::BOOLEAN;
  registry.add(throwing(element));
  duckdb::ScalarFunction length("json_array_length", {text}, LogicalType::INTEGER, array_length);
  length.varargs = LogicalType::BOOLEAN;
  registry.add(throwing(length));
}

}  // namespace tarn::sql::engine

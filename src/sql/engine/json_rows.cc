#include "sql/engine/json_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "sql/engine/errors.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::LogicalType;
using duckdb::string_t;

struct JsonFunction : duckdb::ScalarFunctionInfo {
  explicit JsonFunction(JsonRun what) : run(what) {}
  JsonRun run;
};

// Puts the value into the row of a result of that type.
void put(duckdb::Vector& result, duckdb::idx_t row, const Json& value) {
  switch (result.GetType().id()) {
    case duckdb::LogicalTypeId::BOOLEAN: duckdb::FlatVector::GetData<bool>(result)[row] = value.as_bool(); return;
    case duckdb::LogicalTypeId::INTEGER:
      duckdb::FlatVector::GetData<int32_t>(result)[row] = static_cast<int32_t>(value.as_int());
      return;
    case duckdb::LogicalTypeId::BIGINT: duckdb::FlatVector::GetData<int64_t>(result)[row] = value.as_int(); return;
    default: break;
  }
  const bool json = result.GetType().IsJSONType();
  duckdb::FlatVector::GetData<string_t>(result)[row] =
      duckdb::StringVector::AddStringOrBlob(result, json ? value.text() : value.as_string());
}

void run_rows(duckdb::DataChunk& input, duckdb::ExpressionState& state, duckdb::Vector& result) {
  const auto& function = state.expr.Cast<duckdb::BoundFunctionExpression>().function;
  const JsonRun run = static_cast<const JsonFunction&>(*function.function_info).run;
  std::vector<duckdb::UnifiedVectorFormat> columns(input.ColumnCount());
  for (size_t i = 0; i < columns.size(); ++i) input.data[i].ToUnifiedFormat(input.size(), columns[i]);
  const bool constant = input.AllConstant();
  const auto rows = constant ? duckdb::idx_t(1) : input.size();
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  JsonArguments arguments(columns.size());
  for (duckdb::idx_t row = 0; row < rows; ++row) {
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto at = columns[i].sel->get_index(row);
      arguments[i].reset();
      if (!columns[i].validity.RowIsValid(at)) continue;
      const string_t text = duckdb::UnifiedVectorFormat::GetData<string_t>(columns[i])[at];
      if (auto parsed = Json::parse({text.GetData(), text.GetSize()})) arguments[i] = *std::move(parsed);
    }
    if (const auto value = run(arguments)) {
      put(result, row, *value);
    } else {
      duckdb::FlatVector::SetNull(result, row, true);
    }
  }
  if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

duckdb::unique_ptr<duckdb::FunctionData> bind(duckdb::ClientContext& context, duckdb::ScalarFunction& function,
                                              duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  for (auto& argument : arguments) argument = converted(context, std::move(argument), LogicalType::JSON());
  function.varargs = LogicalType::JSON();
  return nullptr;
}

std::string digits_of(const Json& number) {
  const std::string& text = number.as_string();
  if (text.find_first_of(".eE") == std::string::npos) return text == "-0" ? "0" : text;
  const double value = number.as_double();
  if (std::floor(value) == value && std::fabs(value) < 1e15) return std::to_string(static_cast<int64_t>(value));
  return Json(value).text();
}

std::string_view trimmed(const std::string& text) {
  return std::string_view(text).substr(0, text.find_last_not_of(' ') + 1);
}

int rank(const Json& value) {
  switch (value.kind()) {
    case Json::Kind::kFalse:
    case Json::Kind::kTrue: return 1;
    case Json::Kind::kNumber: return 2;
    case Json::Kind::kString: return 3;
    case Json::Kind::kArray: return 4;
    case Json::Kind::kObject: return 5;
    default: return 6;
  }
}

}  // namespace

duckdb::ScalarFunction json_function(const char* name, JsonRun run, const LogicalType& returns) {
  duckdb::ScalarFunction function(name, {}, returns, run_rows, bind);
  function.varargs = LogicalType::ANY;
  function.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  function.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
  function.function_info = duckdb::make_shared_ptr<JsonFunction>(run);
  return function;
}

std::string key_of(const Json& value) {
  switch (value.kind()) {
    case Json::Kind::kNumber: return digits_of(value);
    case Json::Kind::kString: return Json(trimmed(value.as_string())).text();
    case Json::Kind::kArray: {
      std::string text = "[";
      for (const Json& item : value.items()) text += key_of(item) + ",";
      return text + "]";
    }
    case Json::Kind::kObject: {
      std::vector<std::string> members;
      for (const auto& [name, member] : value.members()) members.push_back(Json(name).text() + ":" + key_of(member));
      std::sort(members.begin(), members.end());
      std::string text = "{";
      for (const std::string& member : members) text += member + ",";
      return text + "}";
    }
    default: return value.text();
  }
}

std::optional<int> compare(const Json& a, const Json& b) {
  if (rank(a) != rank(b)) return std::nullopt;
  if (a.is_number()) return a.as_double() < b.as_double() ? -1 : a.as_double() > b.as_double() ? 1 : 0;
  if (a.is_string()) {
    const int order = trimmed(a.as_string()).compare(trimmed(b.as_string()));
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  if (a.is_bool()) return static_cast<int>(a.as_bool()) - static_cast<int>(b.as_bool());
  return std::nullopt;
}

std::string sort_key_of(const Json& value) {
  std::string key(1, static_cast<char>('0' + rank(value)));
  switch (value.kind()) {
    case Json::Kind::kNumber: {
      auto bits = std::bit_cast<uint64_t>(value.as_double());
      bits = bits >> 63 ? ~bits : bits | (1ull << 63);
      char hex[20];
      std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(bits));
      return key + hex;
    }
    case Json::Kind::kString: return key + std::string(trimmed(value.as_string()));
    case Json::Kind::kArray:
      for (const Json& item : value.items()) key += sort_key_of(item) + '\x01';
      return key;
    default: return key + value.text();
  }
}

}  // namespace tarn::sql::engine

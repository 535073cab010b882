#include "sql/engine/load_values.h"

#include "base/json.h"
#include "base/text.h"
#include "sql/engine/date_format.h"
#include "sql/engine/functions.h"
#include "sql/engine/load_csv.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;
using std::string;

std::unexpected<Refusal> refused(int code, string reason) {
  return std::unexpected(Refusal{code, std::move(reason)});
}

bool is_timestamp(const LogicalType& type) {
  return type.id() == LogicalTypeId::TIMESTAMP || type.id() == LogicalTypeId::TIMESTAMP_TZ;
}

Refusal invalid_value(const LogicalType& type, const string& value) {
  if (type.IsIntegral()) {
    size_t at = 0;
    while (at < value.size() && (std::isdigit(static_cast<unsigned char>(value[at])) || (at == 0 && value[at] == '-')))
      ++at;
    if (at == value.size() && !value.empty()) return {1207, "Overflow, Value '" + value + "', Type: Integer"};
    return {1207, "Invalid digit, Value '" + value.substr(at, 1) + "', Pos " + std::to_string(at) + ", Type: " +
                      (type.id() == LogicalTypeId::BIGINT     ? "Long"
                       : type.id() == LogicalTypeId::SMALLINT ? "Short"
                                                              : "Integer")};
  }
  if (type.id() == LogicalTypeId::DATE) return {1205, "Invalid Date Format - length must be 10 or more"};
  if (is_timestamp(type)) {
    return {1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"};
  }
  if (type.id() == LogicalTypeId::BOOLEAN) return {1210, "Invalid value for boolean"};
  return {1207, "Invalid digit, Value '" + value.substr(0, 1) +
                    "', Pos 0, Type: " + (type.id() == LogicalTypeId::DECIMAL ? "Decimal" : "Double")};
}

string replaced_invalid(const string& text, const string& by) {
  string result;
  for (size_t i = 0; i < text.size();) {
    size_t size = 1;
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead >= 0xC2) size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (i + size <= text.size() && valid_utf8(std::string_view(text).substr(i, size))) {
      result += text.substr(i, size);
      i += size;
    } else {
      result += by.empty() ? "?" : by;
      ++i;
    }
  }
  return result;
}

}  // namespace

LoadValues::Read LoadValues::read(const LoadColumn& column, string text, bool quoted) const {
  const LogicalType& type = column.type;
  if (!quoted && text == null_) return Value(type);
  const bool character = is_text(type);
  if (request_.trim_blanks && character) text.resize(text.find_last_not_of(' ') + 1);
  const bool blank = text.find_first_not_of(" \t") == string::npos;
  if ((text.empty() && (request_.empty_as_null || !character)) ||
      (!text.empty() && blank && (request_.blanks_as_null || !character))) {
    return Value(type);
  }
  if (character) return characters(column, std::move(text));
  if (type.id() == LogicalTypeId::BLOB) return bytes(column, text);
  if (type.IsJSONType()) {
    const auto parsed = Json::parse(text);
    if (!parsed) return refused(1224, "Invalid JSON for a SUPER column");
    Value value(parsed->text());
    value.Reinterpret(type);
    return value;
  }
  string trimmed(trim(text));
  const string& format = type.id() == LogicalTypeId::DATE ? request_.date_format : request_.time_format;
  if (!format.empty() && (type.id() == LogicalTypeId::DATE || is_timestamp(type))) return time(type, trimmed, format);
  if (type.id() == LogicalTypeId::DECIMAL && !request_.round_decimals)
    trimmed = cut_decimals(trimmed, duckdb::DecimalType::GetScale(type));
  return typed(type, trimmed);
}

LoadValues::Read LoadValues::characters(const LoadColumn& column, string text) const {
  if (!valid_utf8(text)) {
    if (!request_.accept_inv_chars) return refused(1220, "String contains invalid or unsupported UTF8 codepoints.");
    text = replaced_invalid(text, *request_.accept_inv_chars);
  }
  if (const auto most = static_cast<size_t>(column.bytes); most > 0 && text.size() > most) {
    if (!request_.truncate_columns) return refused(1204, "String length exceeds DDL length");
    size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
  }
  return Value(std::move(text));
}

// AWS: COPY of GEOMETRY and GEOGRAPHY from hexadecimal EWKB, of VARBYTE from hexadecimal digits.
LoadValues::Read LoadValues::bytes(const LoadColumn& column, const string& text) const {
  const bool shape = column.type.HasAlias();
  const auto bytes = unhex(trim(text));
  if (!bytes)
    return refused(1224, shape ? "Geometry is not hexadecimal EWKB" : "Invalid hexadecimal digits for VARBYTE");
  if (!shape) {
    if (column.bytes > 0 && bytes->size() > static_cast<size_t>(column.bytes))
      return refused(1204, "String length exceeds DDL length");
    return Value::BLOB_RAW(*bytes);
  }
  try {
    const char* made = column.declared == "geography" ? "to_geography" : "to_geometry";
    const auto geometry = call(context_, kFunctionSchema, made, arguments(constant(Value(string(trim(text))))));
    return duckdb::ExpressionExecutor::EvaluateScalar(context_, *geometry);
  } catch (const std::exception& thrown) {
    return refused(1224, duckdb::ErrorData(thrown).RawMessage());
  }
}

// As DATEFORMAT or TIMEFORMAT says.
LoadValues::Read LoadValues::time(const LogicalType& type, const string& text, const string& format) const {
  const auto stamp = [](int64_t micros) { return Value::TIMESTAMP(duckdb::timestamp_t(micros)); };
  if (format == "auto") {
    const auto micros = read_time(text);
    return micros ? stamp(*micros).DefaultCastAs(type) : typed(type, text);
  }
  if (format == "epochsecs" || format == "epochmillisecs") {
    const auto number = parse_double(text);
    if (number) return stamp(static_cast<int64_t>(*number * (format == "epochsecs" ? 1e6 : 1e3)));
  } else if (const auto micros = parse_time(text, format)) {
    return stamp(*micros).DefaultCastAs(type);
  }
  return unreadable(type, text);
}

LoadValues::Read LoadValues::typed(const LogicalType& type, const string& text) const {
  if (type.IsIntegral() && !parse_int(text.starts_with('+') ? text.substr(1) : text))
    return std::unexpected(invalid_value(type, text));
  if (type.id() == LogicalTypeId::BOOLEAN) {
    const string word = lower(text);
    if (word == "t" || word == "y" || word == "yes" || word == "1") return Value::BOOLEAN(true);
    if (word == "f" || word == "n" || word == "no" || word == "0") return Value::BOOLEAN(false);
  }
  Value value;
  string error;
  if (!Value(text).DefaultTryCastAs(type, value, &error, false)) return unreadable(type, text);
  return value;
}

// AWS: ACCEPTANYDATE. A date or time that cannot be read is NULL.
LoadValues::Read LoadValues::unreadable(const LogicalType& type, const string& text) const {
  if (request_.accept_any_date && (type.id() == LogicalTypeId::DATE || is_timestamp(type))) return Value(type);
  return std::unexpected(invalid_value(type, text));
}

}  // namespace tarn::sql::engine

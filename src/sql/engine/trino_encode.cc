// Values as Athena prints them in results: 1.0, 2024-01-01 00:00:00.000, [1, 2], {a=1}, 65 68.
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "sql/decimal.h"
#include "sql/engine/encode.h"
#include "sql/engine/fn_geometry.h"
#include "sql/engine/functions.h"
#include "sql/engine/trino.h"
#include "sql/engine/trino_encode.h"
#include "sql/engine/trino_functions.h"

namespace tarn::sql::engine::trino {

using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::string_t;
using duckdb::StringVector;
using duckdb::UnaryExecutor;
using duckdb::Value;
using duckdb::Vector;
using std::string;

namespace {

struct Digits {
  bool negative = false;
  string digits;     // the shortest that name the number, without point
  int exponent = 0;  // of d.ddd
};

template <class T>
Digits digits_of(T value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  string text(buffer, end);
  Digits result;
  if (text[0] == '-') {
    result.negative = true;
    text.erase(0, 1);
  }
  const size_t e = text.find('e');
  result.exponent = std::atoi(text.c_str() + e + 1);
  for (size_t i = 0; i < e; ++i) {
    if (text[i] != '.') result.digits += text[i];
  }
  return result;
}

template <class T>
string not_finite(T value) {
  return std::isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity";
}

// 1.0E0
template <class T>
string scientific(T value) {
  if (!std::isfinite(value)) return not_finite(value);
  const Digits d = digits_of(value);
  const string rest = d.digits.substr(1);
  return string(d.negative ? "-" : "") + d.digits[0] + "." + (rest.empty() ? "0" : rest) + "E" +
         std::to_string(d.exponent);
}

// As Java prints doubles: 1.0, 1.0E10, 1.0E-4.
template <class T>
string plain(T value) {
  if (!std::isfinite(value)) return not_finite(value);
  const Digits d = digits_of(value);
  if (d.exponent < -3 || d.exponent >= 7) return scientific(value);
  string text;
  if (d.exponent < 0) {
    text = "0." + string(static_cast<size_t>(-d.exponent - 1), '0') + d.digits;
  } else {
    const auto whole = static_cast<size_t>(d.exponent) + 1;
    string digits = d.digits;
    if (digits.size() < whole) digits.append(whole - digits.size(), '0');
    text = digits.substr(0, whole) + "." + (digits.size() > whole ? digits.substr(whole) : "0");
  }
  return (d.negative ? "-" : "") + text;
}

string bytes_text(std::string_view bytes) {
  string out;
  for (const char c : bytes) {
    if (!out.empty()) out += ' ';
    out += hex(std::string_view(&c, 1));
  }
  return out;
}

string interval_text(const duckdb::interval_t& value) {
  if (value.months != 0) {
    const int months = std::abs(value.months);
    return string(value.months < 0 ? "-" : "") + std::to_string(months / 12) + "-" + std::to_string(months % 12);
  }
  int64_t micros = value.days * 86'400'000'000LL + value.micros;
  const bool negative = micros < 0;
  if (negative) micros = -micros;
  char text[64];
  std::snprintf(text, sizeof text, "%s%lld %02lld:%02lld:%02lld.%03lld", negative ? "-" : "",
                static_cast<long long>(micros / 86'400'000'000LL), static_cast<long long>(micros / 3'600'000'000LL % 24),
                static_cast<long long>(micros / 60'000'000LL % 60), static_cast<long long>(micros / 1'000'000LL % 60),
                static_cast<long long>(micros / 1000 % 1000));
  return text;
}

string time_zone_text(const duckdb::dtime_tz_t& value) {
  const int seconds = value.offset();
  char offset[16];
  std::snprintf(offset, sizeof offset, "%c%02d:%02d", seconds < 0 ? '-' : '+', std::abs(seconds) / 3600,
                std::abs(seconds) / 60 % 60);
  return timestamp_text(value.time().micros).substr(11) + offset;
}

bool is_text_already(const LogicalType& type) {
  return type.id() == LogicalTypeId::VARCHAR;
}

string field_name(const LogicalType& type, size_t i) {
  const string& name = duckdb::StructType::GetChildName(type, i);
  if (name.empty() || name.starts_with("field_")) return "field" + std::to_string(i);
  return name;
}

string joined(const std::vector<string>& items) {
  string text;
  for (size_t i = 0; i < items.size(); ++i) text += (i ? ", " : "") + items[i];
  return text;
}

string nested_text(const Value& value) {
  if (value.IsNull()) return "null";
  return print(value);
}

}  // namespace

string double_text(double value) {
  return scientific(value);
}
string real_text(float value) {
  return scientific(value);
}

// Years before the first one have a sign.
static string date_text(duckdb::date_t date) {
  if (!duckdb::Date::IsFinite(date)) return duckdb::Date::ToString(date);
  int32_t year = 0, month = 0, day = 0;
  duckdb::Date::Convert(date, year, month, day);
  char text[32];
  std::snprintf(text, sizeof text, "%s%04d-%02d-%02d", year < 0 ? "-" : year > 9999 ? "+" : "", std::abs(year), month, day);
  return text;
}

string timestamp_text(int64_t micros) {
  if (!duckdb::Timestamp::IsFinite(duckdb::timestamp_t(micros))) return micros > 0 ? "infinity" : "-infinity";
  duckdb::date_t date;
  duckdb::dtime_t time;
  duckdb::Timestamp::Convert(duckdb::timestamp_t(micros), date, time);
  char text[32];
  const int64_t fraction = time.micros % 1'000'000;
  std::snprintf(text, sizeof text, " %02d:%02d:%02d.%03d", static_cast<int>(time.micros / 3'600'000'000LL),
                static_cast<int>(time.micros / 60'000'000LL % 60), static_cast<int>(time.micros / 1'000'000LL % 60),
                static_cast<int>(fraction / 1000));
  string result = date_text(date) + text;
  if (fraction % 1000) {
    std::snprintf(text, sizeof text, "%03d", static_cast<int>(fraction % 1000));
    result += text;
  }
  return result;
}

string print(const Value& value) {
  const LogicalType& type = value.type();
  if (is_zoned(type)) {
    // Only the zone's own rules know the wall clock's time: nested moments are shown in UTC where the zone has a name.
    const auto moment = duckdb::HugeIntValue::Get(value);
    const auto offset = zone_offset(moment.lower);
    return timestamp_text(moment.upper + offset.value_or(0)) + " " + (offset ? zone_name(moment.lower) : "UTC");
  }
  if (is_opaque(type, "ipaddress")) return address_text(duckdb::StringValue::Get(value));
  if (is_opaque(type, "BingTile")) return tile_text(duckdb::BigIntValue::Get(value));
  switch (type.id()) {
    case LogicalTypeId::DOUBLE: return plain(duckdb::DoubleValue::Get(value));
    case LogicalTypeId::FLOAT: return plain(duckdb::FloatValue::Get(value));
    case LogicalTypeId::TIMESTAMP: return timestamp_text(value.GetValue<duckdb::timestamp_t>().value);
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
    case LogicalTypeId::TIMESTAMP_SEC:
      return timestamp_text(value.DefaultCastAs(LogicalType::TIMESTAMP).GetValue<duckdb::timestamp_t>().value);
    case LogicalTypeId::TIMESTAMP_TZ: return timestamp_text(value.GetValue<duckdb::timestamp_tz_t>().value) + " UTC";
    case LogicalTypeId::TIME: return timestamp_text(value.GetValue<duckdb::dtime_t>().micros).substr(11);
    case LogicalTypeId::TIME_TZ: return time_zone_text(value.GetValue<duckdb::dtime_tz_t>());
    case LogicalTypeId::INTERVAL: return interval_text(duckdb::IntervalValue::Get(value));
    case LogicalTypeId::BLOB: return bytes_text(duckdb::StringValue::Get(value));
    case LogicalTypeId::DECIMAL: return decimal_text(unscaled(value.ToString()), duckdb::DecimalType::GetScale(type));
    case LogicalTypeId::DATE: return date_text(value.GetValue<duckdb::date_t>());
    case LogicalTypeId::VARCHAR: return duckdb::StringValue::Get(value);
    case LogicalTypeId::LIST: {
      std::vector<string> items;
      for (const Value& item : duckdb::ListValue::GetChildren(value)) items.push_back(nested_text(item));
      return "[" + joined(items) + "]";
    }
    case LogicalTypeId::MAP: {
      std::vector<string> entries;
      for (const Value& entry : duckdb::MapValue::GetChildren(value)) {
        const auto& pair = duckdb::StructValue::GetChildren(entry);
        entries.push_back(nested_text(pair[0]) + "=" + nested_text(pair[1]));
      }
      return "{" + joined(entries) + "}";
    }
    case LogicalTypeId::STRUCT: {
      string text = "{";
      const auto& fields = duckdb::StructValue::GetChildren(value);
      for (size_t i = 0; i < fields.size(); ++i) {
        if (i) text += ", ";
        text += field_name(type, i) + "=" + nested_text(fields[i]);
      }
      return text + "}";
    }
    default: return value.ToString();
  }
}

namespace {

template <class T, class Show>
void show(Vector& values, Vector& text, idx_t rows, Show print_one) {
  UnaryExecutor::Execute<T, string_t>(values, text, rows,
                                      [&](T value) { return StringVector::AddString(text, print_one(value)); });
}

void print_each(Vector& values, Vector& text, idx_t rows) {
  for (idx_t row = 0; row < rows; ++row) {
    const Value value = values.GetValue(row);
    text.SetValue(row, value.IsNull() ? Value(LogicalType::VARCHAR) : Value(print(value)));
  }
}

// Moments of named zones: the engine's calendar knows the wall clock's time.
void print_zoned(duckdb::ClientContext& context, Vector& values, Vector& text, idx_t rows) {
  bool named = false;
  duckdb::UnifiedVectorFormat format;
  values.ToUnifiedFormat(rows, format);
  const auto* data = duckdb::UnifiedVectorFormat::GetData<duckdb::hugeint_t>(format);
  for (idx_t i = 0; i < rows && !named; ++i) {
    const auto at = format.sel->get_index(i);
    named = format.validity.RowIsValid(at) && !zone_offset(data[at].lower);
  }
  if (!named) {
    return show<duckdb::hugeint_t>(values, text, rows, [](const duckdb::hugeint_t& value) {
      return timestamp_text(value.upper + *zone_offset(value.lower)) + " " + zone_name(value.lower);
    });
  }
  const auto shown = zoned_as_text(context, duckdb::make_uniq<duckdb::BoundReferenceExpression>(values.GetType(), 0));
  duckdb::DataChunk input;
  input.InitializeEmpty({values.GetType()});
  input.data[0].Reference(values);
  input.SetCardinality(rows);
  duckdb::ExpressionExecutor executor(context, *shown);
  executor.ExecuteExpression(input, text);
}

}  // namespace

void print(duckdb::ClientContext& context, Vector& values, Vector& text, idx_t rows) {
  const LogicalType& type = values.GetType();
  if (is_geometry(type)) return engine::print(context, values, text, rows);
  if (is_zoned(type)) return print_zoned(context, values, text, rows);
  if (is_opaque(type, "SphericalGeography")) {
    Vector shapes(geometry_type());
    shapes.Reinterpret(values);
    return engine::print(context, shapes, text, rows);
  }
  if (is_opaque(type)) return print_each(values, text, rows);
  switch (type.id()) {
    case LogicalTypeId::DOUBLE: return show<double>(values, text, rows, plain<double>);
    case LogicalTypeId::FLOAT: return show<float>(values, text, rows, plain<float>);
    case LogicalTypeId::TIMESTAMP:
      return show<duckdb::timestamp_t>(values, text, rows, [](duckdb::timestamp_t t) { return timestamp_text(t.value); });
    case LogicalTypeId::TIMESTAMP_TZ:
      return show<duckdb::timestamp_t>(values, text, rows,
                                       [](duckdb::timestamp_t t) { return timestamp_text(t.value) + " UTC"; });
    case LogicalTypeId::BLOB:
      return show<string_t>(values, text, rows, [](string_t bytes) {
        return bytes_text({bytes.GetData(), bytes.GetSize()});
      });
    case LogicalTypeId::LIST:
    case LogicalTypeId::MAP:
    case LogicalTypeId::STRUCT:
    case LogicalTypeId::TIME:
    case LogicalTypeId::TIME_TZ:
    case LogicalTypeId::INTERVAL:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
    case LogicalTypeId::TIMESTAMP_SEC:
      return print_each(values, text, rows);
    case LogicalTypeId::DATE: return show<duckdb::date_t>(values, text, rows, date_text);
    case LogicalTypeId::DECIMAL:
      // The engine leaves out the zero before the point where there are no other digits before it.
      if (duckdb::DecimalType::GetWidth(type) == duckdb::DecimalType::GetScale(type)) return print_each(values, text, rows);
      return duckdb::VectorOperations::Cast(context, values, text, rows);
    default: return duckdb::VectorOperations::Cast(context, values, text, rows);
  }
}

ResultColumn describe(const string& name, const LogicalType& type, size_t position) {
  ResultColumn column;
  // Several of a subquery's are numbered by the engine.
  const bool unnamed = name == kUnnamed || name.starts_with(string(kUnnamed) + "_");
  column.name = unnamed ? "_col" + std::to_string(position) : name;
  column.type = base_name(type);
  column.signature = type_name(type);
  if (column.type == "unknown") column.type = "varchar";
  // AWS: GetQueryResults calls a real a float.
  if (column.type == "real") column.type = "float";
  switch (type.id()) {
    case LogicalTypeId::TINYINT: column.precision = 3; break;
    case LogicalTypeId::SMALLINT: column.precision = 5; break;
    case LogicalTypeId::INTEGER: column.precision = 10; break;
    case LogicalTypeId::BIGINT: column.precision = 19; break;
    case LogicalTypeId::DOUBLE:
    case LogicalTypeId::FLOAT: column.precision = 17; break;
    case LogicalTypeId::TIMESTAMP: column.precision = 3; break;
    case LogicalTypeId::HUGEINT: column.precision = is_zoned(type) ? 3 : 38; break;
    case LogicalTypeId::BLOB: column.precision = 1073741824; break;
    case LogicalTypeId::DECIMAL:
      column.precision = duckdb::DecimalType::GetWidth(type);
      column.scale = duckdb::DecimalType::GetScale(type);
      break;
    case LogicalTypeId::VARCHAR: column.precision = is_char(type) ? char_length(type) : 2147483647; break;
    default: break;
  }
  return column;
}

CellKind cell_kind(const LogicalType& type) {
  if (type.HasAlias()) return CellKind::kText;
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: return CellKind::kBool;
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::UINTEGER: return CellKind::kInt;
    default: return CellKind::kText;
  }
}

void encode(duckdb::ClientContext& context, duckdb::DataChunk& chunk, SpoolWriter& writer) {
  duckdb::DataChunk shown;
  duckdb::vector<LogicalType> types;
  for (idx_t i = 0; i < chunk.ColumnCount(); ++i) {
    const LogicalType& type = chunk.data[i].GetType();
    const bool text = cell_kind(type) == CellKind::kText;
    types.push_back(text ? LogicalType::VARCHAR : type);
  }
  shown.Initialize(duckdb::Allocator::DefaultAllocator(), types, std::max<idx_t>(chunk.size(), 1));
  shown.SetCardinality(chunk.size());
  for (idx_t i = 0; i < chunk.ColumnCount(); ++i) {
    Vector& values = chunk.data[i];
    if (values.GetType() == types[i]) {
      shown.data[i].Reference(values);
    } else if (is_text_already(values.GetType())) {
      shown.data[i].Reinterpret(values);
    } else {
      print(context, values, shown.data[i], chunk.size());
    }
  }
  engine::encode(context, shown, writer);
}

}  // namespace tarn::sql::engine::trino

#include "pgwire/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/text.h"
#include "base/time.h"
#include "pgwire/arrays.h"
#include "sql/sql_error.h"

namespace tarn::pgwire {
namespace {

enum Oid : uint32_t {
  kBool = 16,
  kBytea = 17,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kFloat4 = 700,
  kFloat8 = 701,
  kBpchar = 1042,
  kVarchar = 1043,
  kDate = 1082,
  kTime = 1083,
  kTimestamp = 1114,
  kTimestampTz = 1184,
  kInterval = 1186,
  kTimeTz = 1266,
  kNumeric = 1700,
};

// The engine's name of a type, PostgreSQL's number and width. The numbers of Redshift's own types are those that its
// drivers know (redshift_connector, RedshiftOID).
struct Type {
  std::string_view name;
  uint32_t oid;
  int16_t size;
};
constexpr Type kTypes[] = {
    {"bool", kBool, 1},           {"int2", kInt2, 2},
    {"int4", kInt4, 4},           {"int8", kInt8, 8},
    {"float4", kFloat4, 4},       {"float8", kFloat8, 8},
    {"numeric", kNumeric, -1},    {"varchar", kVarchar, -1},
    {"bpchar", kBpchar, -1},      {"date", kDate, 4},
    {"time", kTime, 8},           {"timetz", kTimeTz, 12},
    {"timestamp", kTimestamp, 8}, {"timestamptz", kTimestampTz, 8},
    {"interval", kInterval, 16},       {"super", 4000, -1},
    {"varbyte", 6551, -1},        {"geometry", 3000, -1},
    {"geography", 3001, -1},      {"refcursor", 1790, -1},
    {"intervaly2m", kInterval, 16},    {"intervald2s", kInterval, 16},
    {"bytea", kBytea, -1},            {"int2vector", 22, -1},       {"oidvector", 30, -1},
    {"_char", 1002, -1},          {"_name", 1003, -1},
    {"_int2", 1005, -1},          {"_int4", 1007, -1},
    {"_text", 1009, -1},          {"_oid", 1028, -1},
    {"_aclitem", 1034, -1},
};

const Type& type_of(const sql::ResultColumn& column) {
  const auto* found = std::ranges::find(kTypes, column.type, &Type::name);
  return found != std::end(kTypes) ? *found : *std::ranges::find(kTypes, "varchar", &Type::name);
}

int32_t modifier_of(const sql::ResultColumn& column, uint32_t oid) {
  constexpr int32_t kHeader = 4;  // PostgreSQL counts the header of a value of variable length
  if (oid == kNumeric && column.precision > 0) return (column.precision << 16 | column.scale) + kHeader;
  if ((oid == kVarchar || oid == kBpchar) && column.length > 0) return column.length + kHeader;
  return -1;
}

constexpr int64_t kDayMicros = kDay;
constexpr int64_t kEpoch = 10957;  // days from 1970 to 2000, where PostgreSQL's dates and times begin

Failure no_binary(std::string_view type, std::string_view text) {
  return sql::sql_error(sql::kNotSupported,
                        fmt::format("the {} value {} has no binary form here: ask for the text format", type, text));
}

// --- out ------------------------------------------------------------------------------------------------------------

std::string text_of(const sql::Cell& cell, uint32_t oid) {
  if (cell.kind == sql::CellKind::kBool) return cell.integer != 0 ? "t" : "f";
  if (cell.kind == sql::CellKind::kBytes) return hex(cell.text);
  if (oid == kFloat4 && std::isfinite(cell.real)) return fmt::format("{}", static_cast<float>(cell.real));
  return cell.as_text();
}

// Microseconds since 2000 of "2024-11-01 12:30:00.5" with or without "+00".
std::optional<int64_t> micros_of(std::string_view text) {
  std::string whole(text);
  if (whole.size() > 3 && (whole[whole.size() - 3] == '+' || whole[whole.size() - 3] == '-') &&
      whole.find(':') != std::string::npos)
    whole += ":00";
  const auto time = parse_iso8601(whole);
  if (!time) return std::nullopt;
  return time->micros - kEpoch * kDayMicros;
}

std::optional<int64_t> micros_of_day(std::string_view text) {
  const auto time = parse_iso8601("1970-01-01T" + std::string(text) + "Z");
  return time ? std::optional(time->micros) : std::nullopt;
}

// "12:30:00.5+02", "-03:30": the time, and seconds to the west of UTC.
bool write_timetz(Writer& writer, std::string_view text) {
  const size_t sign = text.find_first_of("+-");
  if (sign == std::string_view::npos) return false;
  const auto micros = micros_of_day(text.substr(0, sign));
  int64_t seconds = 0, unit = 3600;
  for (const std::string_view part : split(text.substr(sign + 1), ':')) {
    const auto number = parse_int(part);
    if (!number || unit == 0) return false;
    seconds += *number * unit;
    unit /= 60;
  }
  if (!micros) return false;
  writer.int32(12).int64(*micros).int32(text[sign] == '+' ? -seconds : seconds);
  return true;
}

struct Interval {
  int64_t micros = 0, days = 0, months = 0;
};

// "-04:05:06.5": nullopt: it is no time.
std::optional<int64_t> clock_micros(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto parts = split(text, ':');
  if (parts.size() != 3) return std::nullopt;
  const auto hours = parse_int(parts[0]), minutes = parse_int(parts[1]);
  const auto seconds = parse_double(parts[2]);
  if (!hours || !minutes || !seconds) return std::nullopt;
  const int64_t micros = (*hours * 60 + *minutes) * 60'000'000 + std::llround(*seconds * 1e6);
  return negative ? -micros : micros;
}

// "1 year 2 mons -3 days 04:05:06.5"
std::optional<Interval> interval_of(std::string_view text) {
  Interval out;
  std::vector<std::string_view> words;
  for (const std::string_view word : split(text, ' '))
    if (!word.empty()) words.push_back(word);
  for (size_t i = 0; i < words.size(); ++i) {
    if (const auto clock = clock_micros(words[i])) {
      out.micros += *clock;
      continue;
    }
    const auto number = parse_int(words[i]);
    if (!number || ++i == words.size()) return std::nullopt;
    const std::string_view unit = words[i];
    if (unit.starts_with("year"))
      out.months += 12 * *number;
    else if (unit.starts_with("mon"))
      out.months += *number;
    else if (unit.starts_with("day"))
      out.days += *number;
    else
      return std::nullopt;
  }
  if (words.empty()) return std::nullopt;
  return out;
}

// PostgreSQL's numeric: groups of four digits, the place of the first one, sign and scale.
bool write_numeric(Writer& writer, std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t point = std::min(text.find('.'), text.size());
  std::string whole(text.substr(0, point));
  std::string fraction(text.substr(std::min(point + 1, text.size())));
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!std::ranges::all_of(whole, is_digit) || !std::ranges::all_of(fraction, is_digit)) return false;
  const size_t scale = fraction.size();
  whole.insert(0, (4 - whole.size() % 4) % 4, '0');
  fraction.append((4 - fraction.size() % 4) % 4, '0');
  const std::string all = whole + fraction;
  std::vector<int> groups;
  for (size_t at = 0; at < all.size(); at += 4) groups.push_back(static_cast<int>(*parse_int(all.substr(at, 4))));
  int weight = static_cast<int>(whole.size() / 4) - 1;
  while (!groups.empty() && groups.front() == 0) {
    groups.erase(groups.begin());
    --weight;
  }
  while (!groups.empty() && groups.back() == 0) groups.pop_back();
  writer.int32(static_cast<int64_t>(8 + 2 * groups.size()));
  writer.int16(static_cast<int>(groups.size())).int16(groups.empty() ? 0 : weight);
  writer.int16(negative && !groups.empty() ? 0x4000 : 0).int16(static_cast<int>(scale));
  for (const int group : groups) writer.int16(group);
  return true;
}

Status write_binary(Writer& writer, const sql::Cell& cell, const sql::ResultColumn& column) {
  const Type& type = type_of(column);
  const auto number = [&](std::optional<int64_t> value) -> Status {
    if (!value) return no_binary(column.type, cell.as_text());
    writer.int32(8).int64(*value);
    return {};
  };
  switch (type.oid) {
    case kBool: writer.int32(1).byte(cell.integer != 0); return {};
    case kInt2: writer.int32(2).int16(static_cast<int>(cell.integer)); return {};
    case kInt4: writer.int32(4).int32(cell.integer); return {};
    case kInt8: return number(cell.integer);
    case kFloat4: writer.int32(4).int32(std::bit_cast<int32_t>(static_cast<float>(cell.real))); return {};
    case kFloat8: return number(std::bit_cast<int64_t>(cell.real));
    case kTimestamp:
    case kTimestampTz: return number(micros_of(cell.text));
    case kTime: return number(micros_of_day(cell.text));
    case kDate: {
      const auto micros = micros_of(cell.text);
      if (!micros) return no_binary(column.type, cell.text);
      writer.int32(4).int32(*micros / kDayMicros);
      return {};
    }
    case kTimeTz:
      if (!write_timetz(writer, cell.text)) return no_binary(column.type, cell.text);
      return {};
    case kInterval: {
      const auto interval = interval_of(cell.text);
      if (!interval) return no_binary(column.type, cell.text);
      writer.int32(16).int64(interval->micros).int32(interval->days).int32(interval->months);
      return {};
    }
    case kNumeric:
      if (!write_numeric(writer, cell.text)) return no_binary(column.type, cell.text);
      return {};
    default: break;
  }
  if (type.size > 0) return no_binary(column.type, cell.as_text());
  if (is_array(type.name)) {
    if (!write_array(writer, type.name, cell.text)) return no_binary(column.type, cell.text);
    return {};
  }
  writer.value(cell.kind == sql::CellKind::kBytes ? std::string(cell.text) : text_of(cell, type.oid));
  return {};
}

// --- in -------------------------------------------------------------------------------------------------------------

std::string timestamp_text(int64_t micros) {
  std::string text = iso8601(Time{micros + kEpoch * kDayMicros});
  text.pop_back();
  return replace_all(std::move(text), "T", " ");
}

// "-12.50" of PostgreSQL's binary numeric; nullopt: it is none, or no number.
std::optional<std::string> numeric_text(Fields& fields) {
  const int groups = fields.int16(), weight = fields.int16();
  const int sign = fields.int16(), scale = fields.int16();
  constexpr int kMost = 100;  // groups of four digits: Redshift's numbers have 38 digits
  if (groups < 0 || groups > kMost || weight < -kMost || weight > kMost || scale < 0 || scale > 4 * kMost ||
      (sign != 0 && sign != 0x4000))
    return std::nullopt;
  std::string whole, fraction;
  for (int zero = -1; zero > weight; --zero) fraction += "0000";
  for (int i = 0; i < groups; ++i) {
    const int group = fields.int16();
    if (group < 0 || group > 9999) return std::nullopt;
    (weight - i >= 0 ? whole : fraction) += fmt::format("{:04}", group);
  }
  for (int zero = weight - groups; zero >= 0; --zero) whole += "0000";
  fraction.resize(static_cast<size_t>(scale), '0');
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  return (sign != 0 ? "-" : "") + (whole.empty() ? "0" : whole) + (fraction.empty() ? "" : "." + fraction);
}

int64_t read_int64(Fields& fields) {
  const int64_t high = fields.int32();
  return high << 32 | fields.uint32();
}

// "12:30:00.500+02:00" of a time and seconds to the west of UTC; nullopt: there is no such time.
std::optional<std::string> timetz_text(Fields& fields) {
  const int64_t micros = read_int64(fields), west = fields.int32();
  if (micros < 0 || micros > kDayMicros || std::abs(west) > 16 * 3600 || west % 60 != 0) return std::nullopt;
  const int64_t minutes = std::abs(west) / 60;
  return fmt::format("{}{}{:02}:{:02}", timestamp_text(micros).substr(11), west > 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::string interval_text(Fields& fields) {
  const int64_t micros = read_int64(fields), days = fields.int32(), months = fields.int32();
  return fmt::format("{} months {} days {} microseconds", months, days, micros);
}

std::optional<std::string> read_binary(uint32_t oid, std::string_view bytes) {
  Fields fields(bytes);
  std::optional<std::string> text;
  switch (oid) {
    case kBool: text = fields.byte() != 0 ? "true" : "false"; break;
    case kInt2: text = std::to_string(fields.int16()); break;
    case kInt4: text = std::to_string(fields.int32()); break;
    case kFloat4: text = double_text(std::bit_cast<float>(fields.int32())); break;
    case kDate: text = timestamp_text(fields.int32() * kDayMicros).substr(0, 10); break;
    case kNumeric: text = numeric_text(fields); break;
    case kTimeTz: text = timetz_text(fields); break;
    case kInterval: text = interval_text(fields); break;
    default: {
      const int64_t value = read_int64(fields);
      constexpr int64_t kFarthest = int64_t{1} << 58;  // beyond are infinity and years that no timestamp has
      if (oid == kInt8)
        text = std::to_string(value);
      else if (oid == kFloat8)
        text = double_text(std::bit_cast<double>(value));
      else if (oid == kTime && value >= 0 && value <= kDayMicros)
        text = timestamp_text(value).substr(11);
      else if (oid != kTime && value > -kFarthest && value < kFarthest)
        text = timestamp_text(value);
    }
  }
  if (!fields.ok() || !fields.at_end()) return std::nullopt;
  return text;
}

// JDBC drivers send a date with the zone of its calendar, and name no type: "2024-02-29 +00". It is a day, and where a
// time is wanted its midnight in that zone.
std::string with_midnight(std::string text) {
  constexpr size_t kDayLength = 10;  // 2024-02-29
  const bool zoned = text.size() >= kDayLength + 4 && text.size() <= kDayLength + 7 && text[kDayLength] == ' ' &&
                     (text[kDayLength + 1] == '+' || text[kDayLength + 1] == '-');
  const bool day = zoned && text[4] == '-' && text[7] == '-' && parse_iso8601(text.substr(0, kDayLength) + "T00:00:00Z");
  return day ? text.replace(kDayLength, 1, " 00:00:00") : text;
}

// As sql::Param::type; empty: as an untyped literal.
std::string engine_type(uint32_t oid, std::string_view text) {
  switch (oid) {
    case kBool: return "BOOLEAN";
    case kInt2: return "SMALLINT";
    case kInt4: return "INTEGER";
    case kInt8: return "BIGINT";
    case kFloat4: return "REAL";
    case kFloat8: return "DOUBLE";
    case kDate: return "DATE";
    case kTime: return "TIME";
    case kTimestamp: return "TIMESTAMP";
    case kTimestampTz: return "TIMESTAMPTZ";
    case kTimeTz: return "TIMETZ";
    case kInterval: return "INTERVAL";
    case kNumeric: {
      const size_t point = text.find('.');
      const size_t scale = point == std::string_view::npos ? 0 : text.size() - point - 1;
      return fmt::format("DECIMAL(38,{})", std::min<size_t>(scale, 37));
    }
    default: return {};
  }
}

}  // namespace

uint32_t oid_of(std::string_view type) {
  return type_of({.name = {}, .type = std::string(type)}).oid;
}

void write_row_description(std::string& out, const std::vector<sql::ResultColumn>& columns,
                           const std::vector<Format>& formats) {
  Writer writer(out);
  writer.begin('T').int16(static_cast<int>(columns.size()));
  for (size_t i = 0; i < columns.size(); ++i) {
    const Type& type = type_of(columns[i]);
    writer.text(columns[i].name).int32(columns[i].table_number).int16(columns[i].column_number);
    writer.int32(type.oid).int16(type.size).int32(modifier_of(columns[i], type.oid));
    writer.int16(static_cast<int>(formats[i]));
  }
  writer.end();
}

Status write_cell(Writer& writer, const sql::Cell& cell, const sql::ResultColumn& column, Format format) {
  if (cell.null) {
    writer.null();
    return {};
  }
  if (format == Format::kBinary) return write_binary(writer, cell, column);
  writer.value(text_of(cell, type_of(column).oid));
  return {};
}

std::string cell_text(const sql::Cell& cell, const sql::ResultColumn& column) {
  return text_of(cell, type_of(column).oid);
}

Result<sql::Param> param_of(size_t number, uint32_t oid, std::optional<std::string_view> value, Format format) {
  sql::Param param{std::to_string(number), std::nullopt};
  const bool text = oid == 0 || oid == kText || oid == kVarchar || oid == kBpchar || oid == kUnknownOid;
  if (value && (format == Format::kText || text)) {
    if (!valid_utf8(*value) || value->find('\0') != std::string_view::npos)
      return sql::sql_error("22021", fmt::format("the value of ${} is no UTF-8 text", number));
    param.value = std::string(*value);
    if (oid == kBool)
      param.value = *value == "t" || *value == "1" ? "true" : *value == "f" || *value == "0" ? "false" : *param.value;
    if (oid == kBytea && value->starts_with("\\x")) param.value = std::string(value->substr(2));
    if (oid == 0 || oid == kUnknownOid) param.value = with_midnight(*std::move(param.value));
  } else if (value && oid == kBytea) {
    param.value = hex(*value);
  } else if (value) {
    if (engine_type(oid, "").empty())
      return sql::sql_error(sql::kNotSupported,
                            fmt::format("the binary form of ${} (type {}) is not read: send it as text", number, oid));
    param.value = read_binary(oid, *value);
    if (!param.value)
      return sql::sql_error("22P03", fmt::format("incorrect binary data format in bind parameter {}", number));
  }
  param.type = engine_type(oid, param.value.value_or(""));
  return param;
}

}  // namespace tarn::pgwire

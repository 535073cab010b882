// Partition transforms: their words, what they make of a column, and their values.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/time.h"
#include "sql/decimal.h"
#include "sql/iceberg.h"

namespace tarn::sql::iceberg {
namespace {

// The number of "bucket[16]"; 0: it has none.
int64_t width_of(const PartitionField& field) {
  const size_t open = field.transform.find('[');
  if (open == std::string::npos) return 0;
  return parse_int(std::string_view(field.transform).substr(open + 1, field.transform.size() - open - 2)).value_or(0);
}
bool is_bucket(const PartitionField& field) {
  return field.transform.starts_with("bucket[");
}
bool is_truncate(const PartitionField& field) {
  return field.transform.starts_with("truncate[");
}

bool takes(const PartitionField& field, const std::string& type) {
  const bool moment = type.starts_with("timestamp"), day = type == "date";
  const bool decimal = type.starts_with("decimal(");
  const bool plain = type == "int" || type == "long" || type == "string";
  if (field.transform == "identity")
    return plain || day || moment || decimal || type == "boolean" || type == "binary" || type == "uuid";
  if (field.transform == "year" || field.transform == "month" || field.transform == "day") return moment || day;
  if (field.transform == "hour") return moment;
  if (is_bucket(field)) return plain || day || moment || decimal || type == "binary" || type == "uuid";
  if (is_truncate(field)) return plain;
  return field.transform == "void";
}

struct DecimalType {
  int precision = 0, scale = 0;
};

// Of "decimal(p, s)". Metadata may say anything: numbers beyond 38 are taken for 38.
DecimalType decimal_of(const std::string& type) {
  const auto parts = split(std::string_view(type).substr(8, type.size() - 9), ',');
  const auto number = [&](size_t i) {
    const int64_t given = i < parts.size() ? parse_int(trim(parts[i])).value_or(0) : 0;
    return static_cast<int>(std::clamp<int64_t>(given, 0, kMaxPrecision));
  };
  return {.precision = number(0), .scale = number(1)};
}

}  // namespace

const Json* source_type(const std::vector<Field>& fields, int id) {
  for (const Field& field : fields)
    if (field.id == id) return &field.type;
  return nullptr;
}

Result<PartitionField> parse_partition(std::string_view text, const std::vector<Field>& fields) {
  const auto bad = [&](std::string_view why) {
    return failure("INVALID_TABLE_PROPERTY", fmt::format("Unable to parse partitioning value '{}': {}", text, why));
  };
  const size_t open = text.find('(');
  std::string transform = "identity", column = lower(trim(text));
  int64_t width = 0;
  if (open != std::string_view::npos) {
    if (!text.ends_with(')')) return bad("a parenthesis is missing");
    transform = lower(trim(text.substr(0, open)));
    const auto given = split(text.substr(open + 1, text.size() - open - 2), ',');
    if (given.size() > 2) return bad("it has too many arguments");
    // AWS: CREATE TABLE has bucket(16, id), CTAS bucket(id, 16).
    for (const std::string_view argument : given) {
      if (const auto number = parse_int(trim(argument)))
        width = *number;
      else
        column = lower(trim(argument));
    }
    if (column.size() > 1 && (column[0] == '`' || column[0] == '"')) column = column.substr(1, column.size() - 2);
    const bool wide = transform == "bucket" || transform == "truncate";
    if (wide != (given.size() == 2) || (wide && (width < 1 || width > INT32_MAX))) return bad("its arguments");
  }
  const auto source = std::ranges::find_if(fields, [&](const Field& field) { return field.name == column; });
  if (source == fields.end()) return bad(fmt::format("there is no column {}", column));
  PartitionField made;
  made.source_id = source->id;
  made.transform = width > 0 ? fmt::format("{}[{}]", transform, width) : transform;
  made.name = transform == "identity" ? column : transform == "truncate" ? column + "_trunc" : column + "_" + transform;
  if (transform == "void" || !takes(made, source->type.as_string()))
    return bad(fmt::format("the transform {} does not take a column of type {}", transform, hive_type(source->type)));
  return made;
}

std::string partition_text(const PartitionField& field, std::string_view column) {
  if (field.transform == "identity") return std::string(column);
  if (const int64_t width = width_of(field); width > 0)
    return fmt::format("{}({}, {})", field.transform.substr(0, field.transform.find('[')), width, column);
  return fmt::format("{}({})", field.transform, column);
}

Json result_type(const PartitionField& field, const Json& source_type) {
  if (field.transform == "day") return Json("date");
  if (field.transform == "year" || field.transform == "month" || field.transform == "hour" || is_bucket(field))
    return Json("int");
  return source_type;
}

Result<std::string> partition_expression(const PartitionField& field, const Json& source_type,
                                         const std::string& quoted_column) {
  const std::string& type = source_type.as_string();
  // A moment's day is that of UTC, whatever zone it was written in.
  const std::string column = type == "timestamptz"
                                 ? fmt::format("CAST(at_timezone({}, 'UTC') AS timestamp)", quoted_column)
                                 : quoted_column;
  if (!takes(field, type))
    return failure("NOT_SUPPORTED", fmt::format("Writing to the partition field {} ({} of a {}) is not supported",
                                                field.name, field.transform, hive_type(source_type)));
  const int64_t width = width_of(field);
  std::string value;
  if (field.transform == "void") return std::string("'n'");
  if (field.transform == "year")
    value = fmt::format("year({}) - 1970", column);
  else if (field.transform == "month")
    value = fmt::format("(year({0}) - 1970) * 12 + month({0}) - 1", column);
  else if (field.transform == "day" || (field.transform == "identity" && type == "date"))
    value = fmt::format("date_diff('day', DATE '1970-01-01', CAST({} AS date))", column);
  else if (field.transform == "hour")
    value = fmt::format("date_diff('hour', TIMESTAMP '1970-01-01 00:00:00', date_trunc('hour', {}))", column);
  else if (is_bucket(field))
    value = fmt::format("\"$iceberg_bucket\"({}, {})",
                        type == "int" ? fmt::format("CAST({} AS bigint)", column) : column, width);
  else if (is_truncate(field) && type == "string")
    value = fmt::format("substr({}, 1, {})", column, width);
  else if (is_truncate(field))
    value = fmt::format("CAST({0} AS bigint) - mod(mod(CAST({0} AS bigint), {1}) + {1}, {1})", column, width);
  else if (type.starts_with("timestamp"))
    value = fmt::format("\"$iceberg_micros\"({})", column);
  else if (type == "binary")
    value = fmt::format("to_hex({})", column);
  else
    value = column;
  return fmt::format("CASE WHEN {} IS NULL THEN 'n' ELSE 'v' || CAST({} AS varchar) END", column, value);
}

Result<Json> partition_value(std::string_view text, const Json& type) {
  if (text == "n") return Json();
  text.remove_prefix(1);
  const std::string& name = type.as_string();
  if (name == "string") return Json(text);
  if (name == "boolean") return Json(text == "true");
  if (name == "binary") return Json(unhex(lower(text)).value_or(""));
  if (name == "uuid") return Json(unhex(replace_all(std::string(text), "-", "")).value_or(""));
  if (name.starts_with("decimal(")) {
    std::string bytes = big_endian(unscaled(text));
    const size_t size = big_endian(power_of_ten(decimal_of(name).precision) - 1).size();
    if (bytes.size() < size) bytes.insert(0, size - bytes.size(), static_cast<char>(text.starts_with('-') ? 0xff : 0));
    return Json(bytes);
  }
  const auto number = parse_int(text);
  if (!number) return failure("ICEBERG_BAD_DATA", fmt::format("The partition value '{}' is no {}", text, name));
  return Json(*number);
}

std::string partition_shown(const Json& value, const PartitionField& field, const Json& type) {
  if (value.is_null()) return "null";
  const std::string& name = type.as_string();
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  if (name == "date" || field.transform == "day") return iso8601(Time{value.as_int() * kDay}).substr(0, 10);
  if (field.transform == "year") return std::to_string(1970 + value.as_int());
  if (field.transform == "month") {
    const int64_t months = value.as_int(), year = months >= 0 ? months / 12 : -((-months + 11) / 12);
    return fmt::format("{:04}-{:02}", 1970 + year, months - year * 12 + 1);
  }
  if (field.transform == "hour") return replace_all(iso8601(Time{value.as_int() * kHour}).substr(0, 13), "T", "-");
  if (name.starts_with("timestamp")) {
    std::string text = iso8601(Time{value.as_int()});
    if (text.ends_with('Z')) text.pop_back();
    return text;
  }
  if (name == "uuid") {
    std::string text = hex(value.as_string());
    for (const size_t dash : {size_t{20}, size_t{16}, size_t{12}, size_t{8}})
      if (text.size() > dash) text.insert(dash, 1, '-');
    return text;
  }
  if (name == "binary" || name.starts_with("fixed")) return base64(value.as_string());
  if (name.starts_with("decimal(")) return decimal_text(from_big_endian(value.as_string()), decimal_of(name).scale);
  return value.as_string();
}

}  // namespace tarn::sql::iceberg

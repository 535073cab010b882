// Trino's types: how a text names them, and what the engine holds in their place.
#include <charconv>
#include <mutex>

#include "base/text.h"
#include "sql/engine/encode.h"
#include "sql/engine/trino_encode.h"
#include "sql/engine/trino_functions.h"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using std::string;

namespace {

constexpr const char* kZoned = "timestamp with time zone";
constexpr const char* kUnknown = "unknown";
constexpr int64_t kLargestOffset = 14 * 60;
constexpr uint64_t kFirstNamed = 2 * kLargestOffset + 2;

LogicalType aliased(LogicalTypeId id, const string& alias) {
  LogicalType type(id);
  type.SetAlias(alias);
  return type;
}

}  // namespace

LogicalType zoned_type() {
  return aliased(LogicalTypeId::HUGEINT, kZoned);
}
bool is_zoned(const LogicalType& type) {
  return type.id() == LogicalTypeId::HUGEINT && type.HasAlias() && type.GetAlias() == kZoned;
}
LogicalType unknown_type() {
  return aliased(LogicalTypeId::INTEGER, kUnknown);
}
bool is_unknown(const LogicalType& type) {
  return type.id() == LogicalTypeId::INTEGER && type.HasAlias() && type.GetAlias() == kUnknown;
}
LogicalType opaque_type(const string& name) {
  return aliased(name == "BingTile" ? LogicalTypeId::BIGINT : LogicalTypeId::BLOB, name);
}
bool is_opaque(const LogicalType& type) {
  if (!type.HasAlias() || is_geometry(type)) return false;
  return type.id() == LogicalTypeId::BLOB || (type.id() == LogicalTypeId::BIGINT && type.GetAlias() == "BingTile");
}
bool is_opaque(const LogicalType& type, std::string_view name) {
  return is_opaque(type) && type.GetAlias() == name;
}
LogicalType char_type(int length) {
  return aliased(LogicalTypeId::VARCHAR, "char(" + std::to_string(length) + ")");
}
bool is_char(const LogicalType& type) {
  return type.id() == LogicalTypeId::VARCHAR && type.HasAlias() && type.GetAlias().starts_with("char(");
}
int char_length(const LogicalType& type) {
  return static_cast<int>(parse_int(type.GetAlias().substr(5, type.GetAlias().size() - 6)).value_or(1));
}
bool is_json(const LogicalType& type) {
  return type.IsJSONType();
}
bool is_varchar(const LogicalType& type) {
  return type.id() == LogicalTypeId::VARCHAR && !type.HasAlias();
}

string base_name(const LogicalType& type) {
  if (is_zoned(type)) return kZoned;
  if (is_char(type)) return "char";
  if (is_json(type)) return "json";
  if (is_geometry(type)) return "geometry";
  if (is_opaque(type)) return type.GetAlias().substr(0, type.GetAlias().find('('));
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: return "boolean";
    case LogicalTypeId::TINYINT: return "tinyint";
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::UTINYINT: return "smallint";
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::USMALLINT: return type.HasAlias() ? type.GetAlias() : "integer";
    case LogicalTypeId::UINTEGER:
    case LogicalTypeId::UBIGINT:
    case LogicalTypeId::BIGINT: return "bigint";
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UHUGEINT:
    case LogicalTypeId::DECIMAL: return "decimal";
    case LogicalTypeId::FLOAT: return "real";
    case LogicalTypeId::DOUBLE: return "double";
    case LogicalTypeId::DATE: return "date";
    case LogicalTypeId::TIME: return "time";
    case LogicalTypeId::TIME_TZ: return "time with time zone";
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
    case LogicalTypeId::TIMESTAMP_SEC: return "timestamp";
    case LogicalTypeId::TIMESTAMP_TZ: return kZoned;
    case LogicalTypeId::INTERVAL: return "interval day to second";
    case LogicalTypeId::BLOB: return "varbinary";
    case LogicalTypeId::UUID: return "uuid";
    case LogicalTypeId::LIST: return "array";
    case LogicalTypeId::MAP: return "map";
    case LogicalTypeId::STRUCT: return "row";
    case LogicalTypeId::SQLNULL: return "unknown";
    default: return "varchar";
  }
}

string type_name(const LogicalType& type) {
  if (is_char(type) || is_opaque(type)) return type.GetAlias();
  if (is_zoned(type)) return "timestamp(3) with time zone";
  switch (type.id()) {
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UHUGEINT: return "decimal(38,0)";
    case LogicalTypeId::DECIMAL:
      return "decimal(" + std::to_string(duckdb::DecimalType::GetWidth(type)) + "," +
             std::to_string(duckdb::DecimalType::GetScale(type)) + ")";
    case LogicalTypeId::TIMESTAMP: return "timestamp(3)";
    case LogicalTypeId::TIMESTAMP_TZ: return "timestamp(3) with time zone";
    case LogicalTypeId::TIME: return "time(3)";
    case LogicalTypeId::LIST: return "array(" + type_name(duckdb::ListType::GetChildType(type)) + ")";
    case LogicalTypeId::MAP:
      return "map(" + type_name(duckdb::MapType::KeyType(type)) + ", " + type_name(duckdb::MapType::ValueType(type)) +
             ")";
    case LogicalTypeId::STRUCT: {
      string text = "row(";
      const bool unnamed = duckdb::StructType::IsUnnamed(type);
      for (size_t i = 0; i < duckdb::StructType::GetChildCount(type); ++i) {
        if (i) text += ", ";
        const string& name = duckdb::StructType::GetChildName(type, i);
        if (!unnamed && !name.starts_with("field_")) text += name + " ";
        text += type_name(duckdb::StructType::GetChildType(type, i));
      }
      return text + ")";
    }
    default: return base_name(type);
  }
}

namespace {

// varchar(2), varchar(3): varchar(3); one name for all: that one; else the type's.
string name_of_all(const std::vector<string>& names, const LogicalType& type) {
  int64_t longest = -1;
  bool same = !names.empty();
  for (const string& name : names) {
    same = same && name == names[0];
    if (!name.starts_with("varchar(")) {
      longest = INT64_MAX;
    } else if (longest < INT64_MAX) {
      longest = std::max(longest, parse_int(name.substr(8, name.size() - 9)).value_or(INT64_MAX));
    }
  }
  if (same) return names[0];
  return longest < 0 || longest == INT64_MAX ? type_name(type) : "varchar(" + std::to_string(longest) + ")";
}

std::vector<string> names_of(const duckdb::vector<BoundPtr>& values) {
  std::vector<string> names;
  for (const BoundPtr& value : values) names.push_back(type_name(*value));
  return names;
}

}  // namespace

string type_name(const duckdb::Expression& value) {
  const LogicalType& type = value.return_type;
  if (value.GetExpressionClass() == duckdb::ExpressionClass::BOUND_CONSTANT && is_varchar(type)) {
    const auto& constant = value.Cast<duckdb::BoundConstantExpression>().value;
    if (constant.IsNull()) return type_name(type);
    return "varchar(" + std::to_string(characters(duckdb::StringValue::Get(constant)).size()) + ")";
  }
  if (value.GetExpressionClass() != duckdb::ExpressionClass::BOUND_FUNCTION) return type_name(type);
  const auto& made = value.Cast<duckdb::BoundFunctionExpression>();
  const string& name = made.function.name;
  if (name == "list_value" && !made.children.empty()) {
    return "array(" + name_of_all(names_of(made.children), duckdb::ListType::GetChildType(type)) + ")";
  }
  if (name == "t_map" && made.children.size() == 2) {
    const auto item = [](const string& array) { return array.substr(6, array.size() - 7); };  // of array(..)
    const std::vector<string> lists = names_of(made.children);
    if (lists[0].starts_with("array(") && lists[1].starts_with("array(")) {
      return "map(" + item(lists[0]) + ", " + item(lists[1]) + ")";
    }
  }
  if (name == "struct_pack") {
    string text;
    for (size_t i = 0; i < made.children.size(); ++i) {
      const string& field = duckdb::StructType::GetChildName(type, i);
      text += (text.empty() ? "" : ", ") + (field.starts_with("field_") ? "" : field + " ") + type_name(*made.children[i]);
    }
    return "row(" + text + ")";
  }
  return type_name(type);
}

// --- zones -----------------------------------------------------------------------------------------------------------

namespace {

// Names get keys in the order in which they are met; keys live as long as the process, as values may.
struct ZoneNames {
  std::mutex mutex;
  std::vector<string> names;
};
ZoneNames& named_zones() {
  static ZoneNames zones;
  return zones;
}

// "+05:30", "-8", "UTC+2": minutes.
std::optional<int64_t> offset_of(std::string_view name) {
  for (const std::string_view prefix : {"UTC", "GMT", "UT"}) {
    if (name.size() > prefix.size() && name.starts_with(prefix)) {
      name.remove_prefix(prefix.size());
      break;
    }
  }
  if (name.size() < 2 || (name[0] != '+' && name[0] != '-')) return std::nullopt;
  const bool negative = name[0] == '-';
  name.remove_prefix(1);
  int64_t hours = 0, minutes = 0;
  const size_t colon = name.find(':');
  const std::string_view hour = colon == std::string_view::npos ? name.substr(0, name.size() > 2 ? 2 : name.size())
                                                                : name.substr(0, colon);
  const std::string_view minute = colon != std::string_view::npos ? name.substr(colon + 1)
                                  : name.size() > 2               ? name.substr(2)
                                                                  : std::string_view("00");
  const auto h = parse_int(string(hour)), m = parse_int(string(minute));
  if (!h || !m || *h > 14 || *m > 59) return std::nullopt;
  hours = *h;
  minutes = *m;
  const int64_t total = hours * 60 + minutes;
  return negative ? -total : total;
}

}  // namespace

uint64_t zone_key(std::string_view name) {
  const string folded = lower(name);
  if (folded == "utc" || folded == "z" || folded == "gmt" || folded == "ut" || folded == "etc/utc" ||
      folded == "+00:00" || folded == "zulu") {
    return 0;
  }
  if (const auto offset = offset_of(upper(name))) {
    return *offset == 0 ? 0 : static_cast<uint64_t>(*offset + kLargestOffset) + 1;
  }
  auto& zones = named_zones();
  const std::lock_guard lock(zones.mutex);
  for (size_t i = 0; i < zones.names.size(); ++i) {
    if (lower(zones.names[i]) == folded) return kFirstNamed + i;
  }
  zones.names.emplace_back(name);
  return kFirstNamed + zones.names.size() - 1;
}

string zone_name(uint64_t key) {
  if (key == 0) return "UTC";
  if (key < kFirstNamed) {
    const int64_t minutes = static_cast<int64_t>(key) - 1 - kLargestOffset;
    const int64_t size = std::abs(minutes);
    char text[8];
    std::snprintf(text, sizeof text, "%c%02d:%02d", minutes < 0 ? '-' : '+', static_cast<int>(size / 60 % 100),
                  static_cast<int>(size % 60));
    return text;
  }
  auto& zones = named_zones();
  const std::lock_guard lock(zones.mutex);
  return key - kFirstNamed < zones.names.size() ? zones.names[key - kFirstNamed] : "UTC";
}

std::optional<int64_t> zone_offset(uint64_t key) {
  if (key == 0) return 0;
  if (key < kFirstNamed) return (static_cast<int64_t>(key) - 1 - kLargestOffset) * 60'000'000LL;
  return std::nullopt;
}

duckdb::hugeint_t make_zoned(int64_t micros, uint64_t zone) {
  return {micros, zone};
}

// --- reading types ---------------------------------------------------------------------------------------------------

LogicalType Parser::row_type() {
  expect_op("(");
  duckdb::child_list_t<LogicalType> fields;
  do {
    // `x bigint` or `bigint`: a name is followed by a type.
    string name;
    const Token& next = peek(1);
    const bool named = is_identifier() && (next.kind == TokenKind::kWord || next.kind == TokenKind::kQuotedName) &&
                       !(is("double") && is("precision", 1)) &&
                       !((is("timestamp") || is("time")) && (is("with", 1) || is("without", 1))) &&
                       !(is("interval") && (is("year", 1) || is("day", 1)));
    if (named) name = identifier();
    if (name.empty()) name = "field_" + std::to_string(fields.size());
    fields.emplace_back(name, type().type);
  } while (take_op(","));
  expect_op(")");
  return LogicalType::STRUCT(std::move(fields));
}

Type Parser::type() {
  const Nested nested(*this);
  const size_t at = here();
  if (peek().kind != TokenKind::kWord && peek().kind != TokenKind::kQuotedName) mismatched("<type>");
  const string name = lower(tokens_[at_++].text);
  const auto number = [&]() -> int64_t {
    if (peek().kind != TokenKind::kNumber) mismatched("<integer>");
    return parse_int(tokens_[at_++].text).value_or(0);
  };
  Type result;
  static const std::map<string, LogicalTypeId> kPlain = {
      {"boolean", LogicalTypeId::BOOLEAN}, {"tinyint", LogicalTypeId::TINYINT}, {"smallint", LogicalTypeId::SMALLINT},
      {"int", LogicalTypeId::INTEGER},     {"integer", LogicalTypeId::INTEGER}, {"bigint", LogicalTypeId::BIGINT},
      {"real", LogicalTypeId::FLOAT},      {"date", LogicalTypeId::DATE},       {"varbinary", LogicalTypeId::BLOB},
      {"uuid", LogicalTypeId::UUID}};
  static const std::map<string, string> kOpaque = {{"hyperloglog", "HyperLogLog"}, {"p4hyperloglog", "HyperLogLog"},
                                                   {"setdigest", "SetDigest"},     {"tdigest", "tdigest"},
                                                   {"ipaddress", "ipaddress"}};
  if (const auto plain = kPlain.find(name); plain != kPlain.end()) {
    result.type = plain->second;
  } else if (name == "double") {
    take("precision");
    result.type = LogicalType::DOUBLE;
  } else if (name == "decimal" || name == "dec" || name == "numeric") {
    int64_t precision = 38, scale = 0;
    if (take_op("(")) {
      precision = number();
      if (take_op(",")) scale = number();
      expect_op(")");
    }
    if (precision < 1 || precision > 38) {
      raise("INVALID_TYPE_PARAMETER", "DECIMAL precision must be in range [1, 38]: " + std::to_string(precision),
            place(at));
    }
    if (scale > precision) {
      raise("INVALID_TYPE_PARAMETER", "DECIMAL scale must be in range [0, precision (" + std::to_string(precision) +
            ")]: " + std::to_string(scale), place(at));
    }
    result.type = LogicalType::DECIMAL(static_cast<uint8_t>(precision), static_cast<uint8_t>(scale));
  } else if (name == "varchar") {
    result.type = LogicalType::VARCHAR;
    if (take_op("(")) {
      result.length = static_cast<int>(number());
      expect_op(")");
    }
  } else if (name == "char") {
    int length = 1;
    if (take_op("(")) {
      length = static_cast<int>(number());
      expect_op(")");
    }
    result.type = char_type(length);
  } else if (name == "json") {
    result.type = LogicalType::JSON();
  } else if (name == "time" || name == "timestamp") {
    if (take_op("(")) {
      number();
      expect_op(")");
    }
    bool zone = false;
    if (is("with") && is("time", 1)) {
      at_ += 3;
      zone = true;
    } else if (is("without") && is("time", 1)) {
      at_ += 3;
    }
    result.type = name == "time" ? (zone ? LogicalType::TIME_TZ : LogicalType::TIME)
                                 : (zone ? zoned_type() : LogicalType::TIMESTAMP);
  } else if (name == "interval") {
    if (!take("year") && !take("day")) mismatched("'DAY', 'YEAR'");
    expect("to");
    if (!take("month") && !take("second")) mismatched("'MONTH', 'SECOND'");
    result.type = LogicalType::INTERVAL;
  } else if (name == "array") {
    const bool angle = take_op("<");
    if (!angle) expect_op("(");
    result.type = LogicalType::LIST(type().type);
    expect_op(angle ? ">" : ")");
  } else if (name == "map") {
    const bool angle = take_op("<");
    if (!angle) expect_op("(");
    const auto key = type().type;
    expect_op(",");
    result.type = LogicalType::MAP(key, type().type);
    expect_op(angle ? ">" : ")");
  } else if (name == "row") {
    result.type = row_type();
  } else if (name == "unknown") {
    result.type = LogicalType::SQLNULL;
  } else if (name == "qdigest") {
    expect_op("(");
    result.type = opaque_type("qdigest(" + type_name(type().type) + ")");
    expect_op(")");
  } else if (const auto opaque = kOpaque.find(name); opaque != kOpaque.end()) {
    result.type = opaque_type(opaque->second);
  } else {
    static const std::set<string> kRefused = {"geometry", "sphericalgeography", "bingtile", "color"};
    if (kRefused.contains(name)) raise("NOT_SUPPORTED", "The type " + name + " is not supported.", place(at));
    raise("TYPE_NOT_FOUND", "Unknown type: " + name, place(at));
  }
  while (take("array")) result = {LogicalType::LIST(result.type), -1};
  return result;
}

}  // namespace tarn::sql::engine::trino

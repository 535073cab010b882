#include "sql/types_redshift.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "sql/sql_error.h"
#include "sql/tokens_redshift_interval.h"

namespace tarn::sql {
namespace {

constexpr int kMaxVarchar = 65535;
constexpr int kDefaultVarchar = 256;
constexpr int kMaxDepth = 100;  // of types in types

struct Known {
  std::string_view written, name;
};
constexpr std::array<Known, 42> kTypes = {{
    {"smallint", "smallint"},
    {"int2", "smallint"},
    {"integer", "integer"},
    {"int", "integer"},
    {"int4", "integer"},
    {"bigint", "bigint"},
    {"int8", "bigint"},
    {"decimal", "numeric"},
    {"numeric", "numeric"},
    {"dec", "numeric"},
    {"real", "real"},
    {"float4", "real"},
    {"float8", "double precision"},
    {"float", "float"},
    {"double", "double precision"},
    {"boolean", "boolean"},
    {"bool", "boolean"},
    {"char", "char"},
    {"character", "char"},
    {"nchar", "char"},
    {"bpchar", "bpchar"},
    {"varchar", "varchar"},
    {"nvarchar", "varchar"},
    {"text", "text"},
    {"date", "date"},
    {"time", "time"},
    {"timetz", "timetz"},
    {"timestamp", "timestamp"},
    {"timestamptz", "timestamptz"},
    {"super", "super"},
    {"geometry", "geometry"},
    {"geography", "geography"},
    {"hllsketch", "hllsketch"},
    {"varbyte", "varbyte"},
    {"varbinary", "varbyte"},
    {"binary", "binary"},
    {"tinyint", "tinyint"},
    {"string", "string"},
    {"array", "array"},
    {"map", "map"},
    {"struct", "struct"},
    {"interval", "interval"},
}};
constexpr std::array<std::string_view, 7> kProcedural = {"refcursor", "record",  "name",   "oid",
                                                          "regclass",  "regtype", "regproc"};

constexpr std::array<std::string_view, 6> kFields = {"year", "month", "day", "hour", "minute", "second"};

std::string_view known(std::string_view word) {
  for (const Known& type : kTypes)
    if (type.written == word) return type.name;
  for (const std::string_view name : kProcedural)
    if (name == word) return name;
  return {};
}

Result<int> length_of(Reader& reader) {
  if (reader.accept("max")) return kMaxVarchar;
  const auto n = TRY(reader.integer());
  if (n < 1 || n > 16'777'216)
    return sql_error(kInvalidParameter, "length for type must be at least 1", reader.previous_end());
  return static_cast<int>(n);
}

Status read_arguments(Reader& reader, SqlType& type) {
  if (!reader.peek().is_op("(")) return {};
  const bool sized = type.name == "varchar" || type.name == "char" || type.name == "varbyte" || type.name == "float" ||
                     type.name == "bpchar" || type.name == "text" || type.name == "time" || type.name == "timestamp" ||
                     type.name == "timestamptz" || type.name == "binary";
  if (type.name != "numeric" && !sized) return {};
  reader.next();
  if (type.name == "numeric") {
    type.precision = static_cast<int>(TRY(reader.integer()));
    type.scale = reader.accept_op(",") ? static_cast<int>(TRY(reader.integer())) : 0;
    if (*type.precision < 1 || *type.precision > 38)
      return sql_error(kInvalidParameter,
                       "NUMERIC precision " + std::to_string(*type.precision) + " must be between 1 and 38");
    if (*type.scale < 0 || *type.scale > *type.precision)
      return sql_error(kInvalidParameter, "NUMERIC scale " + std::to_string(*type.scale) +
                                              " must be between 0 and precision " + std::to_string(*type.precision));
  } else {
    type.length = TRY(length_of(reader));
    constexpr int kMostVarchar = 65535, kMostChar = 4096;
    if (type.name == "varchar" && *type.length > kMostVarchar)
      return sql_error(kInvalidParameter, "length for type character varying cannot exceed 65535");
    if (type.name == "char" && *type.length > kMostChar)
      return sql_error(kInvalidParameter, "length for type character cannot exceed 4096");
  }
  return reader.expect_op(")");
}

// array<int>, map<string,int>, struct<a:int,b:string>
Result<SqlType> nested_type(Reader& reader, int depth);

Status read_parts(Reader& reader, SqlType& type, int depth) {
  TRY(reader.expect_op("<"));
  do {
    std::string name;
    if (type.name == "struct") {
      name = TRY(reader.name());
      reader.split_token();
      TRY(reader.expect_op(":"));
    }
    type.parts.push_back({std::move(name), TRY(nested_type(reader, depth + 1))});
  } while (reader.accept_op(","));
  reader.split_token();
  return reader.expect_op(">");
}

Result<SqlType> nested_type(Reader& reader, int depth) {
  if (depth > kMaxDepth) return sql_error("54001", "the type nests too deeply", reader.peek().begin + 1);
  if (reader.peek().is("pg_catalog") && reader.peek(1).is_op(".")) {
    reader.next();
    reader.next();
  }
  if (!reader.peek().is_name()) return reader.unexpected();
  const Token word = reader.peek();
  SqlType type;
  type.name = known(lower(word.text));
  if (type.name.empty())
    return sql_error(kUndefinedObject, "type \"" + lower(word.text) + "\" does not exist", word.begin + 1);
  reader.next();
  if (word.is("double")) reader.accept("precision");
  if (type.name == "char" && reader.accept("varying")) type.name = "varchar";
  if (type.name == "binary" && reader.accept("varying")) type.name = "varbyte";
  if (type.name == "array" || type.name == "map" || type.name == "struct") {
    TRY(read_parts(reader, type, depth));
    return type;
  }
  if (type.name == "interval" && is_interval_field(reader.peek().text)) {  // YEAR TO MONTH, DAY TO SECOND (3)
    std::string last = lower(reader.next().text);
    if (reader.accept("to")) last = lower(reader.next().text);
    type.precision = static_cast<int>(std::ranges::find(kFields, last) - kFields.begin());
    if (reader.accept_op("(")) {
      TRY(reader.integer());
      TRY(reader.expect_op(")"));
    }
    return type;
  }
  TRY(read_arguments(reader, type));
  if (type.name == "time" || type.name == "timestamp") {
    type.length.reset();
    if (reader.accept("with", "time", "zone"))
      type.name += "tz";
    else
      reader.accept("without", "time", "zone");
  }
  if (type.name == "timetz" || type.name == "timestamptz") type.length.reset();
  if (type.name == "float") {
    type.name = type.length.value_or(53) <= 24 ? "real" : "double precision";
    type.length.reset();
  }
  if (type.name == "text") type = {"varchar", kDefaultVarchar};
  if (type.name == "bpchar") type = {"char", kDefaultVarchar};
  if (type.name == "name") type = {"varchar", 128};
  if (type.name == "oid") type.name = "bigint";
  return type;
}

}  // namespace

bool at_type(const Reader& reader) {
  return reader.peek().kind == TokenKind::kWord && !known(reader.peek().text).empty();
}

Result<SqlType> parse_type(Reader& reader) {
  return nested_type(reader, 0);
}

std::string engine_type(const SqlType& type, TypeUse use) {
  if (type.name == "varchar") {
    if (type.length) return "rs_varchar(" + std::to_string(*type.length) + ")";
    return use == TypeUse::kColumn ? "rs_varchar(256)" : "VARCHAR";
  }
  if (type.name == "char") return "rs_char(" + std::to_string(type.length.value_or(1)) + ")";
  if (type.name == "varbyte") return "rs_varbyte(" + std::to_string(type.length.value_or(64000)) + ")";
  if (type.name == "numeric") {
    if (!type.precision) return "rs_decimal";
    return "DECIMAL(" + std::to_string(*type.precision) + "," + std::to_string(type.scale.value_or(0)) + ")";
  }
  if (type.name == "double precision") return "DOUBLE";
  if (type.name == "interval" && type.precision) return "rs_interval(" + std::to_string(*type.precision) + ")";
  return upper(type.name);
}

std::string hive_type(const SqlType& type) {
  if (type.name == "varchar") return "varchar(" + std::to_string(type.length.value_or(kDefaultVarchar)) + ")";
  if (type.name == "char") return "char(" + std::to_string(type.length.value_or(1)) + ")";
  if (type.name == "numeric")
    return "decimal(" + std::to_string(type.precision.value_or(18)) + "," + std::to_string(type.scale.value_or(0)) +
           ")";
  if (type.name == "integer") return "int";
  if (type.name == "real") return "float";
  if (type.name == "double precision") return "double";
  if (type.name == "varbyte") return "binary";
  if (type.parts.empty()) return type.name;
  std::string inner;
  for (const auto& [name, part] : type.parts)
    inner += (inner.empty() ? "" : ",") + (name.empty() ? "" : name + ":") + hive_type(part);
  return type.name + "<" + inner + ">";
}

std::string shown_type(const SqlType& type) {
  const auto sized = [&](std::string name) {
    return type.length ? name + "(" + std::to_string(*type.length) + ")" : name;
  };
  if (type.name == "varchar") return sized("character varying");
  if (type.name == "char") return sized("character");
  if (type.name == "varbyte") return sized("binary varying");
  if (type.name == "numeric" && type.precision)
    return "numeric(" + std::to_string(*type.precision) + "," + std::to_string(type.scale.value_or(0)) + ")";
  if (type.name == "interval" && type.precision) return *type.precision < 2 ? "interval year to month" : "interval day to second";
  if (type.name == "time") return "time without time zone";
  if (type.name == "timetz") return "time with time zone";
  if (type.name == "timestamp") return "timestamp without time zone";
  if (type.name == "timestamptz") return "timestamp with time zone";
  return type.name;
}

std::string bare_types(std::string_view signature) {
  std::string bare;
  int depth = 0;
  for (const char c : signature) {
    if (c == '(') ++depth;
    if (depth == 0) bare += c;
    if (c == ')') --depth;
  }
  return bare;
}

}  // namespace tarn::sql

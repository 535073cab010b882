// Redshift's type names: as people write them, as the engine reads them, as Glue keeps them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sql/reader.h"

namespace tarn::sql {

struct SqlType {
  struct Part;
  // One name a type: "smallint" "integer" "bigint" "numeric" "real" "double precision" "boolean" "char" "varchar" "date"
  // "time" "timetz" "timestamp" "timestamptz" "super" "varbyte" "geometry" "geography" "hllsketch" "interval"; in external
  // tables also "tinyint" "string" "binary" "array" "struct" "map"; in procedures "refcursor" "record".
  std::string name;
  std::optional<int> length;            // char, varchar, varbyte
  std::optional<int> precision, scale;  // numeric; of an interval with a qualifier its last field: 0 year .. 5 second
  std::vector<Part> parts;              // of array (one), map (two), struct (named)
};
struct SqlType::Part {
  std::string name;
  SqlType type;
};

enum class TypeUse : uint8_t { kColumn, kCast };

// Does a type name start here? (A word that could also be a column's name counts.)
bool at_type(const Reader& reader);
// ERRORS: SqlError 42704 for a name that is no type.
Result<SqlType> parse_type(Reader& reader);

// As engine_client.h says: rs_varchar(n), rs_char(n), rs_decimal ..
std::string engine_type(const SqlType& type, TypeUse use);
// Glue's: "varchar(65535)", "array<string>", "decimal(18,0)".
std::string hive_type(const SqlType& type);
// As Redshift's messages and catalog show it: "character varying(256)".
std::string shown_type(const SqlType& type);
// "character varying(10), integer" without the lengths, which tell no two signatures apart.
std::string bare_types(std::string_view signature);

}  // namespace tarn::sql

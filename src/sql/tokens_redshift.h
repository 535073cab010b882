// From Redshift's words to what the engine parses: the rules that work on tokens. What only a syntax tree shows
// (functions, operators, names) is the engine's. Pure.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "sql/engine_client.h"
#include "sql/lex.h"

namespace tarn::sql {

// Parameters whose values only a session knows: a setting (its name in hexadecimal behind it), and those of these functions
// without arguments.
constexpr std::string_view kSettingParam = "tarn_setting_";
constexpr std::string_view kSessionParam = "tarn_value_";
constexpr std::array<std::string_view, 7> kSessionFunctions = {"pg_last_copy_count", "pg_last_unload_count", "pg_last_copy_id",
                                                               "pg_last_unload_id",  "pg_last_query_id", "last_user_query_id",
                                                               "pg_backend_pid"};

// Before a table's name that is a path into a SUPER: t."<mark>.a[0].b".
constexpr std::string_view kPathMark = "\x01";

// Where in the source a place of the rewritten text comes from.
class PositionMap {
 public:
  // From `out` on stands what stood from `in` on, `length` bytes of it; what is longer has its place at their end.
  // REQUIRES: called with rising places.
  void add(size_t out, size_t in, size_t length) { spans_.push_back({out, in, length}); }
  size_t source(size_t out) const;

 private:
  struct Span {
    size_t out, in, length;
  };
  std::vector<Span> spans_;
};

// The same error with its position (1-based) in the source.
Error moved_to_source(Error error, const PositionMap& map);

struct EngineText {
  std::string sql;
  PositionMap map;
  TableAttributes attributes;  // of CREATE TABLE: what left the text
};

// ERRORS: SqlError with a position in the statement's text.
Result<EngineText> to_engine(const StatementText& statement);
// The same for a text that must be one statement or expression.
Result<EngineText> to_engine(std::string_view sql);

}  // namespace tarn::sql

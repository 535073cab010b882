// From Redshift's words to what the engine parses: the rules that work on tokens. What only a syntax tree shows
// (functions, operators, names) is the engine's. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/engine_client.h"
#include "sql/lex.h"

namespace tarn::sql {

// Parameters whose values only a session knows: a setting (its name in hexadecimal behind it), the rows of its last COPY and
// UNLOAD.
constexpr std::string_view kSettingParam = "tarn_setting_";
constexpr std::string_view kCopyCountParam = "tarn_copy_count";
constexpr std::string_view kUnloadCountParam = "tarn_unload_count";

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

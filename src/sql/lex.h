// The one lexer of SQL texts: words, names, strings, numbers, parameters, operators, with their places. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tarn::sql {

enum class TokenKind : uint8_t {
  kWord,        // unquoted name or keyword, also #temp; text in lower case
  kQuotedName,  // "x"; text without quotes, doubled quotes undone, case kept
  kBackquoted,  // `x`
  kString,      // 'x', $$x$$, $tag$x$tag$; text is the value
  kNumber,      // 1, 1.5, .5, 1e10; text as written
  kNamedParam,  // :name; text is the name as written
  kPositional,  // $1; text is "1"
  kQuestion,    // ?
  kOperator,    // the longest operator; text as written
  kEnd,         // behind the last one; empty
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  uint32_t begin = 0, end = 0;  // bytes of the source
  std::string text;
  bool dollar = false;   // a string between $$
  bool escaped = false;  // a string in which a backslash escaped something

  bool is(std::string_view word) const { return kind == TokenKind::kWord && text == word; }
  bool is_op(std::string_view op) const { return kind == TokenKind::kOperator && text == op; }
  bool is_name() const { return kind == TokenKind::kWord || kind == TokenKind::kQuotedName; }
};

struct LexOptions {
  bool backslash_escapes = true;  // Redshift's strings: '\'' '\n' '\\'
  bool dollars = true;            // $1, $$x$$, and $ in names; else $ is an operator, as Trino's patterns have it
};

// All tokens, comments left out, with a kEnd at the end.
// ERRORS: SqlError 42601: an unterminated string, quoted name or comment; a byte that starts nothing.
Result<std::vector<Token>> lex(std::string_view sql, const LexOptions& options = {});

// One statement of a text of several.
struct StatementText {
  std::string text;           // as written, without the ';' and the blanks and comments around it
  size_t offset = 0;          // of its first byte in the whole text
  std::vector<Token> tokens;  // counted from its first byte; with a kEnd
};

// Splits at ';' outside of strings. Empty statements are left out.
Result<std::vector<StatementText>> split_statements(std::string_view sql, const LexOptions& options = {});

// "x" in double quotes, inner ones doubled.
std::string quoted_name(std::string_view name);
// 'x' as a string literal of the engine: inner quotes doubled, backslashes as they are.
std::string quoted_string(std::string_view text);

}  // namespace tarn::sql

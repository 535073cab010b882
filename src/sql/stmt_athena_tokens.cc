#include "sql/stmt_athena_tokens.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace tarn::sql::athena {
namespace {

void append_utf8(std::string& text, int point) {
  const auto byte = [&](int bits) { text += static_cast<char>(bits); };
  if (point < 0x80) return byte(point);
  if (point >= 0x800) byte(0xE0 | point >> 12);
  byte(point < 0x800 ? 0xC0 | point >> 6 : 0x80 | (point >> 6 & 0x3F));
  byte(0x80 | (point & 0x3F));
}

// What a Hive string with its quotes means: '\\u0001' and '\\001' are characters, an unknown escape is its letter.
std::string hive_string(std::string_view source) {
  const char quote = source[0];
  source = source.substr(1, source.size() - 2);
  std::string text;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == quote) ++i;  // two of them are one
    if (source[i] != '\\' || i + 1 >= source.size()) {
      text += source[i];
      continue;
    }
    const char c = source[++i];
    const auto code = [&](size_t from, size_t size, int base) -> int {
      int value = -1;
      const char* const end = source.data() + from + size;
      if (from + size > source.size() || std::from_chars(source.data() + from, end, value, base).ptr != end) return -1;
      return value;
    };
    if (const int point = c == 'u' ? code(i + 1, 4, 16) : -1; point >= 0) {
      append_utf8(text, point);
      i += 4;
    } else if (const int byte = c == '0' || c == '1' ? code(i, 3, 8) : -1; byte >= 0) {
      text += static_cast<char>(byte);
      i += 2;
    } else {
      constexpr std::string_view kLetters = "0bnrtZ";
      constexpr char kMeanings[] = {'\0', '\b', '\n', '\r', '\t', '\x1a'};
      const size_t letter = kLetters.find(c);
      if (c == '%' || c == '_') text += '\\';
      text += letter == std::string_view::npos ? c : kMeanings[letter];
    }
  }
  return text;
}

}  // namespace

Result<std::vector<Token>> tokens_of(std::string_view text) {
  // A string with an escaped quote may be none without escapes, and the other way round.
  auto escaped = lex(text);
  auto unescaped = lex(text, {.backslash_escapes = false, .dollars = false});
  if (!escaped && !unescaped) return Failure(unescaped.error());
  const std::vector<Token>& plain = unescaped ? *unescaped : *escaped;
  static constexpr std::string_view kHive[] = {"create", "alter", "drop", "msck", "show", "describe", "desc"};
  bool hive = std::ranges::any_of(kHive, [&](std::string_view word) { return plain[0].is(word); });
  const bool trino = plain[0].is("create") && !(plain.size() > 1 && (plain[1].is("external") || plain[1].is("database") ||
                                                                     plain[1].is("schema")));
  if (trino) hive = false;
  std::vector<Token> tokens = hive ? TRY(std::move(escaped)) : TRY(std::move(unescaped));
  for (Token& token : tokens) {
    if (token.kind == TokenKind::kBackquoted) {
      token.kind = TokenKind::kQuotedName;
      token.dollar = true;  // it may hold dots between names
    }
    const Token* before = &token == tokens.data() ? nullptr : &token - 1;
    constexpr std::string_view kBeforeStrings[] = {"by", "comment", "location", "serde", "inputformat", "outputformat", "like"};
    const bool value = before && (before->is_op("=") || std::ranges::any_of(kBeforeStrings, [&](auto word) { return before->is(word); }));
    // "x" is a string where a name cannot be.
    if (hive && token.kind == TokenKind::kQuotedName && text[token.begin] == '"' && value) {
      token.kind = TokenKind::kString;
      token.escaped = true;
    }
    if (hive && token.kind == TokenKind::kString && token.escaped && (text[token.begin] == '\'' || text[token.begin] == '"'))
      token.text = hive_string(text.substr(token.begin, token.end - token.begin));
  }
  return tokens;
}

}  // namespace tarn::sql::athena

#include "sql/lex.h"

#include <array>

#include "base/text.h"
#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

constexpr size_t kMaxTokenShown = 60;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_name(char c) {
  return starts_name(c) || is_digit(c) || c == '$';
}
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

// Longest first.
constexpr std::array<std::string_view, 21> kOperators = {
    "!~~*", "!~*", "~~*", "->>", "!~~", "::", ":=", "||", "<=", ">=", "<>",
    "!=",   "=>",  "..",  "~*",  "!~",  "~~", "->", "<<", ">>", "<@"};
constexpr std::string_view kSingles = "+-*/%^<>=~!@#&|()[]{},;.:?$";

class Lexer {
 public:
  Lexer(std::string_view sql, const LexOptions& options) : sql_(sql), options_(options) {}

  Result<std::vector<Token>> run() {
    while (true) {
      TRY(skip_blanks());
      if (at_ >= sql_.size()) break;
      TRY(next());
    }
    tokens_.push_back({TokenKind::kEnd, static_cast<uint32_t>(sql_.size()), static_cast<uint32_t>(sql_.size()), ""});
    return std::move(tokens_);
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

  Failure unterminated(std::string_view what, size_t from) const {
    return sql_error(
        kSyntaxError,
        "unterminated " + std::string(what) + " at or near \"" + std::string(sql_.substr(from, kMaxTokenShown)) + "\"",
        from + 1);
  }

  Status skip_blanks() {
    while (at_ < sql_.size()) {
      if (is_space(sql_[at_])) {
        ++at_;
      } else if (sql_.substr(at_, 2) == "--") {
        while (at_ < sql_.size() && sql_[at_] != '\n') ++at_;
      } else if (sql_.substr(at_, 2) == "/*") {
        TRY(skip_comment());
      } else {
        break;
      }
    }
    return {};
  }

  Status skip_comment() {
    const size_t from = at_;
    int depth = 0;
    do {
      if (at_ + 1 >= sql_.size()) return unterminated("/* comment", from);
      if (sql_.substr(at_, 2) == "/*")
        ++depth, at_ += 2;
      else if (sql_.substr(at_, 2) == "*/")
        --depth, at_ += 2;
      else
        ++at_;
    } while (depth > 0);
    return {};
  }

  void push(TokenKind kind, size_t from, std::string text) {
    tokens_.push_back({kind, static_cast<uint32_t>(from), static_cast<uint32_t>(at_), std::move(text)});
  }

  Status next() {
    const char c = peek();
    if (c == '\'') return string(0);
    // E'..' is the same: PostgreSQL's drivers write it where there is a backslash.
    if ((c == 'e' || c == 'E') && peek(1) == '\'' && options_.backslash_escapes) return string(1);
    if (c == '"') return quoted('"', TokenKind::kQuotedName, "quoted identifier");
    if (c == '`') return quoted('`', TokenKind::kBackquoted, "quoted identifier");
    if (starts_name(c) || (c == '#' && starts_name(peek(1)))) return word();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)) && !follows_name())) return number();
    if (c == '$' && options_.dollars) return dollar();
    if (c == ':' && starts_name(peek(1)) && !(at_ > 0 && sql_[at_ - 1] == ':')) return named_param();
    return operator_();
  }

  // "t.1" does not start a number behind a name.
  bool follows_name() const { return !tokens_.empty() && tokens_.back().end == at_ && tokens_.back().is_name(); }

  Status word() {
    const size_t from = at_++;
    while (continues_name(peek()) && (options_.dollars || peek() != '$')) ++at_;
    push(TokenKind::kWord, from, lower(sql_.substr(from, at_ - from)));
    return {};
  }

  Status named_param() {
    const size_t from = at_++;
    while (continues_name(peek())) ++at_;
    push(TokenKind::kNamedParam, from, std::string(sql_.substr(from + 1, at_ - from - 1)));
    return {};
  }

  Status number() {
    const size_t from = at_;
    while (is_digit(peek())) ++at_;
    if (peek() == '.' && peek(1) != '.') {
      ++at_;
      while (is_digit(peek())) ++at_;
    }
    const bool sign = peek(1) == '+' || peek(1) == '-';
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(sign ? 2 : 1))) {
      at_ += sign ? 2 : 1;
      while (is_digit(peek())) ++at_;
    }
    push(TokenKind::kNumber, from, std::string(sql_.substr(from, at_ - from)));
    return {};
  }

  Status quoted(char quote, TokenKind kind, std::string_view what) {
    const size_t from = at_++;
    std::string text;
    while (true) {
      if (at_ >= sql_.size()) return unterminated(what, from);
      const char c = sql_[at_++];
      if (c != quote) {
        text += c;
      } else if (peek() == quote) {
        text += quote;
        ++at_;
      } else {
        break;
      }
    }
    if (text.empty()) return sql_error(kSyntaxError, "zero-length delimited identifier at or near \"\"\"\"", from + 1);
    push(kind, from, std::move(text));
    return {};
  }

  Status string(size_t prefix) {
    const size_t from = at_;
    at_ += prefix + 1;
    std::string text;
    bool escaped = prefix > 0;
    while (true) {
      if (at_ >= sql_.size()) return unterminated("quoted string", from);
      const char c = sql_[at_++];
      if (c == '\\' && options_.backslash_escapes && at_ < sql_.size()) {
        escaped = true;
        append_escape(text);
      } else if (c != '\'') {
        text += c;
      } else if (peek() == '\'') {
        text += '\'';
        ++at_;
      } else {
        break;
      }
    }
    push(TokenKind::kString, from, std::move(text));
    tokens_.back().escaped = escaped;
    return {};
  }

  // Behind a backslash. AWS: Redshift's strings escape as PostgreSQL 8.0's do.
  void append_escape(std::string& text) {
    const char c = sql_[at_++];
    switch (c) {
      case 'b': text += '\b'; return;
      case 'f': text += '\f'; return;
      case 'n': text += '\n'; return;
      case 'r': text += '\r'; return;
      case 't': text += '\t'; return;
      default: break;
    }
    if (c < '0' || c > '7') {
      text += c;
      return;
    }
    int code = c - '0';
    for (int i = 0; i < 2 && peek() >= '0' && peek() <= '7'; ++i) code = code * 8 + (sql_[at_++] - '0');
    text += static_cast<char>(code & 0xff);
  }

  // $1, $$..$$, $tag$..$tag$
  Status dollar() {
    const size_t from = at_;
    size_t i = at_ + 1;
    while (i < sql_.size() && is_digit(sql_[i])) ++i;
    if (i > at_ + 1) {
      at_ = i;
      push(TokenKind::kPositional, from, std::string(sql_.substr(from + 1, i - from - 1)));
      return {};
    }
    if (i < sql_.size() && starts_name(sql_[i]))
      while (i < sql_.size() && continues_name(sql_[i]) && sql_[i] != '$') ++i;
    if (i >= sql_.size() || sql_[i] != '$') return sql_error(kSyntaxError, "syntax error at or near \"$\"", from + 1);
    const std::string_view tag = sql_.substr(from, i - from + 1);
    const size_t close = sql_.find(tag, i + 1);
    if (close == std::string_view::npos) return unterminated("dollar-quoted string", from);
    at_ = close + tag.size();
    push(TokenKind::kString, from, std::string(sql_.substr(i + 1, close - i - 1)));
    tokens_.back().dollar = true;
    return {};
  }

  Status operator_() {
    const size_t from = at_;
    for (const std::string_view op : kOperators)
      if (sql_.substr(at_, op.size()) == op) {
        at_ += op.size();
        push(TokenKind::kOperator, from, std::string(op));
        return {};
      }
    const char c = sql_[at_];
    if (kSingles.find(c) == std::string_view::npos)
      return sql_error(kSyntaxError, "syntax error at or near \"" + std::string(1, c) + "\"", from + 1);
    ++at_;
    push(c == '?' ? TokenKind::kQuestion : TokenKind::kOperator, from, std::string(1, c));
    return {};
  }

  std::string_view sql_;
  LexOptions options_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

std::string doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

}  // namespace

Result<std::vector<Token>> lex(std::string_view sql, const LexOptions& options) {
  return Lexer(sql, options).run();
}

Result<std::vector<StatementText>> split_statements(std::string_view sql, const LexOptions& options) {
  const std::vector<Token> tokens = TRY(lex(sql, options));
  std::vector<StatementText> statements;
  StatementText current;
  for (const Token& token : tokens) {
    if (token.kind != TokenKind::kEnd && !token.is_op(";")) {
      if (current.tokens.empty()) current.offset = token.begin;
      current.tokens.push_back(token);
      continue;
    }
    if (current.tokens.empty()) continue;
    const uint32_t end = current.tokens.back().end;
    current.text = std::string(sql.substr(current.offset, end - current.offset));
    for (Token& each : current.tokens) {
      each.begin -= current.offset;
      each.end -= current.offset;
    }
    const auto length = static_cast<uint32_t>(current.text.size());
    current.tokens.push_back({TokenKind::kEnd, length, length, ""});
    statements.push_back(std::exchange(current, {}));
  }
  return statements;
}

std::string quoted_name(std::string_view name) {
  return doubled(name, '"');
}
std::string quoted_string(std::string_view text) {
  return doubled(text, '\'');
}

}  // namespace tarn::sql

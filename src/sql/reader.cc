#include "sql/reader.h"

#include "base/text.h"
#include "sql/sql_error.h"

namespace tarn::sql {

std::string QualifiedName::text() const {
  return (database.empty() ? "" : database + ".") + (schema.empty() ? "" : schema + ".") + name;
}

std::string QualifiedName::quoted() const {
  return (database.empty() ? "" : quoted_name(database) + ".") + (schema.empty() ? "" : quoted_name(schema) + ".") +
         quoted_name(name);
}

bool Reader::accept_op(std::string_view op) {
  if (!peek().is_op(op)) return false;
  next();
  return true;
}

Status Reader::expect_op(std::string_view op) {
  if (!accept_op(op)) return unexpected();
  return {};
}

Status Reader::expect_end() {
  if (!at_end()) return unexpected();
  return {};
}

Result<std::string> Reader::name() {
  if (!peek().is_name()) return unexpected();
  return lower(next().text);
}

Result<QualifiedName> Reader::qualified_name() {
  QualifiedName name;
  name.position = peek().begin + 1;
  name.name = TRY(this->name());
  for (int dots = 0; accept_op("."); ++dots) {
    if (dots == 2) return unexpected(tokens_[at_ - 1]);
    name.database = std::move(name.schema);
    name.schema = std::move(name.name);
    name.name = TRY(this->name());
  }
  return name;
}

Result<std::string> Reader::string() {
  if (peek().kind != TokenKind::kString) return unexpected();
  return next().text;
}

Result<int64_t> Reader::integer() {
  const bool minus = accept_op("-");
  if (peek().kind != TokenKind::kNumber) return unexpected();
  const auto value = parse_int(peek().text);
  if (!value) return unexpected();
  next();
  return minus ? -*value : *value;
}

bool Reader::on_off(bool otherwise) {
  if (accept("on") || accept("true")) return true;
  if (accept("off") || accept("false")) return false;
  return otherwise;
}

Result<std::pair<size_t, size_t>> Reader::skip_parentheses() {
  const size_t begin = peek().begin;
  int depth = 0;
  do {
    if (at_end()) return unexpected();
    const Token& token = next();
    if (token.is_op("(")) ++depth;
    if (token.is_op(")")) --depth;
  } while (depth > 0);
  return std::pair{begin, previous_end()};
}

Failure Reader::unexpected(const Token& token) const {
  if (token.kind == TokenKind::kEnd) return sql_error(kSyntaxError, "syntax error at end of input", sql_.size() + 1);
  return sql_error(kSyntaxError, "syntax error at or near \"" + std::string(source(token.begin, token.end)) + "\"",
                   token.begin + 1);
}

void Reader::split_token() {
  Token& token = tokens_[at_];
  const bool param = token.kind == TokenKind::kNamedParam;
  if (!param && !token.is_op(">>")) return;
  Token rest = token;
  rest.begin += 1;
  rest.kind = param ? TokenKind::kWord : TokenKind::kOperator;
  rest.text = param ? lower(token.text) : ">";
  token.end = token.begin + 1;
  token.kind = TokenKind::kOperator;
  token.text = param ? ":" : ">";
  tokens_.insert(tokens_.begin() + static_cast<ptrdiff_t>(at_) + 1, std::move(rest));
}

}  // namespace tarn::sql

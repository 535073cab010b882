// Reader: walks over a statement's tokens for the small parsers of this folder. Pure.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/lex.h"

namespace tarn::sql {

// A name of one to three parts, folded to lower case (Redshift folds quoted names too).
struct QualifiedName {
  std::string database, schema, name;
  size_t position = 0;  // of its first byte, 1-based

  std::string text() const;    // as errors show it: schema.name
  std::string quoted() const;  // as the engine reads it: "schema"."name"
};

class Reader {
 public:
  // Takes copies: parts of tokens are split while reading.
  Reader(std::string_view sql, std::vector<Token> tokens) : sql_(sql), tokens_(std::move(tokens)) {}

  const Token& peek(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool at_end() const { return peek().kind == TokenKind::kEnd; }
  size_t index() const { return at_; }
  void seek(size_t index) { at_ = index; }
  const Token& next() { return tokens_[at_ < tokens_.size() - 1 ? at_++ : at_]; }

  // True when the next tokens are these words; then they are taken.
  template <std::convertible_to<std::string_view>... Word>
  bool accept(const Word&... word) {
    size_t ahead = 0;
    if (!(peek(ahead++).is(word) && ...)) return false;
    at_ += sizeof...(word);
    return true;
  }
  bool accept_op(std::string_view op);
  template <std::convertible_to<std::string_view>... Word>
  Status expect(const Word&... word) {
    Status status;
    (void)((accept(word) || (status = unexpected(), false)) && ...);
    return status;
  }
  Status expect_op(std::string_view op);
  // Nothing may follow.
  Status expect_end();

  // A name, in lower case.
  Result<std::string> name();
  Result<QualifiedName> qualified_name();
  Result<std::string> string();
  Result<int64_t> integer();
  // TRUE, ON / FALSE, OFF, or nothing (then `otherwise`).
  bool on_off(bool otherwise);
  // Skips a parenthesised part; REQUIRES: at "(". Gives its place, parentheses included.
  Result<std::pair<size_t, size_t>> skip_parentheses();

  std::string_view source() const { return sql_; }
  std::string_view source(size_t begin, size_t end) const { return sql_.substr(begin, end - begin); }
  // Of the token taken last.
  size_t previous_end() const { return at_ == 0 ? 0 : tokens_[at_ - 1].end; }

  // syntax error at or near "x" (or at end of input), with the position.
  Failure unexpected() const { return unexpected(peek()); }
  Failure unexpected(const Token& token) const;

  // ">>" becomes ">" ">", and ":x" becomes ":" "x": for the types array<array<int>> and struct<a:int>.
  void split_token();

 private:
  std::string_view sql_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace tarn::sql

#include "sql/tokens_redshift_hierarchy.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

using Tokens = std::vector<Token>;

// A part of the tokens: [begin, end).
struct Span {
  size_t begin = 0, end = 0;
  bool empty() const { return begin >= end; }
};

struct Block {
  size_t select = 0, end = 0;  // of the whole SELECT
  Span items, from, where, start, connect, tail;
};

int step(const Token& token) {
  return token.is_op("(") ? 1 : token.is_op(")") ? -1 : 0;
}

bool starts(const Tokens& tokens, size_t i, std::string_view first, std::string_view second) {
  return tokens[i].is(first) && i + 1 < tokens.size() && tokens[i + 1].is(second);
}

// The SELECT whose CONNECT BY stands at `at`.
Result<Block> block_of(const Tokens& tokens, size_t at) {
  Block block;
  int depth = 0;
  size_t i = at;
  for (; i > 0; --i) {
    const Token& token = tokens[i - 1];
    depth -= step(token);
    if (depth < 0 || (depth == 0 && token.is("select"))) break;
  }
  if (i == 0 || depth < 0) return sql_error(kSyntaxError, "syntax error at or near \"connect\"", tokens[at].begin + 1);
  block.select = i - 1;
  block.items.begin = i;
  Span* open = &block.items;
  const auto begin = [&](Span& span, size_t word, size_t first) {
    open->end = word;
    span.begin = first;
    open = &span;
  };
  depth = 0;
  for (; tokens[i].kind != TokenKind::kEnd; ++i) {
    depth += step(tokens[i]);
    if (depth < 0) break;
    if (depth > 0) continue;
    const bool united =
        tokens[i].is("union") || tokens[i].is("intersect") || tokens[i].is("except") || tokens[i].is("minus");
    if (united) break;
    const bool tail = starts(tokens, i, "group", "by") || tokens[i].is("having") || tokens[i].is("qualify") ||
                      starts(tokens, i, "order", "by") || tokens[i].is("limit") || tokens[i].is("offset");
    if (tokens[i].is("from") && open == &block.items) begin(block.from, i, i + 1);
    if (tokens[i].is("where")) begin(block.where, i, i + 1);
    if (starts(tokens, i, "start", "with")) begin(block.start, i, i + 2);
    if (starts(tokens, i, "connect", "by")) begin(block.connect, i, i + 2);
    if (tail && open != &block.tail) begin(block.tail, i, i);
  }
  open->end = block.end = i;
  if (block.from.empty() || block.connect.empty())
    return sql_error(kSyntaxError, "syntax error at or near \"connect\"", tokens[at].begin + 1);
  return block;
}

class Hierarchy {
 public:
  Hierarchy(const std::string& source, const Tokens& tokens, const Block& block)
      : source_(source), tokens_(tokens), block_(block) {}

  Result<std::string> written() {
    TRY(find_alias());
    const std::string from = text(block_.from);
    std::string sql = "SELECT " + items() + " FROM (WITH RECURSIVE \"tarn tree\" AS (SELECT " + alias_ +
                      ".*, 1 AS level FROM " + from;
    if (!block_.start.empty()) sql += " WHERE " + condition(block_.start, "1");
    sql += " UNION ALL SELECT " + alias_ + ".*, tarn_level(\"tarn parent\".\"tarn row\".level + 1) FROM " + from +
           ", (SELECT \"tarn tree\" AS \"tarn row\" FROM \"tarn tree\") AS \"tarn parent\" WHERE " +
           condition(block_.connect, "(\"tarn parent\".\"tarn row\".level + 1)") +
           ") SELECT * FROM \"tarn tree\") AS " + alias_;
    if (!block_.where.empty()) sql += " WHERE " + text(block_.where);
    if (!block_.tail.empty()) sql += " " + text(block_.tail);
    return sql;
  }

 private:
  std::string text(const Span& span) const {
    return source_.substr(tokens_[span.begin].begin, tokens_[span.end - 1].end - tokens_[span.begin].begin);
  }

  // What the one table of FROM is called.
  Status find_alias() {
    int depth = 0;
    for (size_t i = block_.from.begin; i < block_.from.end; ++i) {
      depth += step(tokens_[i]);
      if (depth == 0 && (tokens_[i].is_op(",") || tokens_[i].is("join")))
        return sql_error(kNotSupported, "CONNECT BY over a join is not supported: put the join into a subquery of FROM",
                         tokens_[i].begin + 1);
    }
    const Token& last = tokens_[block_.from.end - 1];
    if (!last.is_name()) return sql_error(kSyntaxError, "subquery in FROM must have an alias", last.begin + 1);
    alias_ = quoted_name(lower(last.text));
    return {};
  }

  // The select list; the level is no column of *.
  std::string items() const {
    std::string out;
    size_t from = tokens_[block_.items.begin].begin;
    int depth = 0;
    for (size_t i = block_.items.begin; i < block_.items.end; ++i) {
      depth += step(tokens_[i]);
      const bool before = i == block_.items.begin || tokens_[i - 1].is_op(",") || tokens_[i - 1].is_op(".") ||
                          tokens_[i - 1].is("distinct") || tokens_[i - 1].is("all");
      if (depth != 0 || !tokens_[i].is_op("*") || !before) continue;
      out += source_.substr(from, tokens_[i].end - from) + " EXCLUDE (level)";
      from = tokens_[i].end;
    }
    return out + source_.substr(from, tokens_[block_.items.end - 1].end - from);
  }

  // PRIOR x is the parent's x.
  std::string condition(const Span& span, std::string_view level) const {
    std::string out;
    size_t from = tokens_[span.begin].begin;
    for (size_t i = span.begin; i < span.end; ++i) {
      const bool plain = i == span.begin || !tokens_[i - 1].is_op(".");
      if (tokens_[i].is("level") && plain) {
        out += source_.substr(from, tokens_[i].begin - from);
        out += level;
        from = tokens_[i].end;
      } else if (tokens_[i].is("prior") && i + 1 < span.end && tokens_[i + 1].is_name()) {
        size_t name = i + 1;
        while (name + 2 < span.end && tokens_[name + 1].is_op(".") && tokens_[name + 2].is_name()) name += 2;
        out += source_.substr(from, tokens_[i].begin - from) + "\"tarn parent\".\"tarn row\"." +
               quoted_name(lower(tokens_[name].text));
        from = tokens_[name].end;
        i = name;
      }
    }
    return out + source_.substr(from, tokens_[span.end - 1].end - from);
  }

  const std::string& source_;
  const Tokens& tokens_;
  const Block& block_;
  std::string alias_;
};

}  // namespace

Result<std::optional<std::string>> without_connect_by(const StatementText& statement) {
  constexpr int kMost = 32;  // in one statement
  std::string text;
  Tokens tokens = statement.tokens;
  const std::string* source = &statement.text;
  for (int round = 0;; ++round) {
    size_t at = 0;
    while (at + 1 < tokens.size() && !starts(tokens, at, "connect", "by")) ++at;
    if (at + 1 >= tokens.size()) break;
    if (round == kMost) return sql_error("54001", "the statement has too many hierarchical queries");
    const Block block = TRY(block_of(tokens, at));
    const std::string query = TRY(Hierarchy(*source, tokens, block).written());
    const size_t begin = tokens[block.select].begin, end = tokens[block.end - 1].end;
    text = source->substr(0, begin) + query + source->substr(end);
    source = &text;
    tokens = TRY(lex(text));
  }
  if (source == &statement.text) return std::nullopt;
  return text;
}

}  // namespace tarn::sql

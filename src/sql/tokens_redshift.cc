#include "sql/tokens_redshift.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "sql/create_table.h"
#include "sql/edits.h"
#include "sql/sql_error.h"
#include "sql/tokens_redshift_hierarchy.h"
#include "sql/tokens_redshift_interval.h"
#include "sql/types_redshift.h"

namespace tarn::sql {
namespace {

// The statement under rewriting, and where the walk over its tokens is.
struct Rewriting {
  const StatementText& statement;
  const std::vector<Token>& tokens;
  Edits edits;
  std::vector<bool> casts;  // of each open parenthesis: is it CAST's?
  std::map<size_t, std::string> sorted = {};  // the order of aggregates that sort, by the SELECT that they stand in
  std::vector<size_t> unpivots = {};  // UNPIVOT of an object whose AT has not come yet

  const Token& at(size_t i) const { return tokens[std::min(i, tokens.size() - 1)]; }
  // The index of the parenthesis that closes the one at `open`, or of the end.
  size_t closing(size_t open) const {
    int depth = 0;
    for (size_t i = open; i < tokens.size(); ++i) {
      if (tokens[i].is_op("(")) ++depth;
      if (tokens[i].is_op(")") && --depth == 0) return i;
    }
    return tokens.size() - 1;
  }
};

// A rule looks at the tokens from i on; it returns how many it has dealt with, 0 for "not mine".
using Rule = Result<size_t> (*)(Rewriting&, size_t i);

Result<size_t> type_at(Rewriting& r, size_t i) {
  Reader reader(r.statement.text, r.tokens);
  reader.seek(i);
  const SqlType type = TRY(parse_type(reader));
  r.edits.replace(r.at(i).begin, reader.previous_end(), engine_type(type, TypeUse::kCast));
  size_t taken = 0;
  while (r.at(i + taken).begin < reader.previous_end() && r.at(i + taken).kind != TokenKind::kEnd) ++taken;
  return taken;
}

// 'it\'s', $$x$$ -> 'it''s', 'x'
Result<size_t> string_literal(Rewriting& r, size_t i) {
  const Token& token = r.at(i);
  if (token.kind != TokenKind::kString) return 0;
  if (token.escaped || token.dollar) r.edits.replace(token.begin, token.end, quoted_string(token.text));
  return 1;
}

// :name -> $name
Result<size_t> parameter(Rewriting& r, size_t i) {
  const Token& token = r.at(i);
  if (token.kind != TokenKind::kNamedParam) return 0;
  r.edits.replace(token.begin, token.end, "$" + lower(token.text));
  return 1;
}

// #t -> "#t"
Result<size_t> temporary_name(Rewriting& r, size_t i) {
  const Token& token = r.at(i);
  if (token.kind != TokenKind::kWord || token.text[0] != '#') return 0;
  r.edits.replace(token.begin, token.end, quoted_name(token.text));
  return 1;
}

Result<size_t> back_quotes(Rewriting& r, size_t i) {
  const Token& token = r.at(i);
  if (token.kind != TokenKind::kBackquoted) return 0;
  return sql_error(kSyntaxError, "syntax error at or near \"`\"", token.begin + 1);
}

// x::type
Result<size_t> double_colon(Rewriting& r, size_t i) {
  if (!r.at(i).is_op("::")) return 0;
  return 1 + TRY(type_at(r, i + 1));
}

// CAST(x AS type)
Result<size_t> cast_as(Rewriting& r, size_t i) {
  if (!r.at(i).is("as") || r.casts.empty() || !r.casts.back()) return 0;
  return 1 + TRY(type_at(r, i + 1));
}

// CONVERT(type, x) -> CAST(x AS type)
Result<size_t> convert(Rewriting& r, size_t i) {
  if (!r.at(i).is("convert") || !r.at(i + 1).is_op("(")) return 0;
  Reader reader(r.statement.text, r.tokens);
  reader.seek(i + 2);
  if (!at_type(reader)) return 0;
  const SqlType type = TRY(parse_type(reader));
  if (!reader.peek().is_op(",")) return 0;
  r.edits.replace(r.at(i).begin, reader.peek().end, "CAST(");
  r.edits.insert(r.at(r.closing(i + 1)).begin, " AS " + engine_type(type, TypeUse::kCast));
  r.casts.push_back(false);
  return reader.index() + 1 - i;
}

// SELECT [DISTINCT] TOP n .. -> SELECT .. LIMIT n
Result<size_t> top(Rewriting& r, size_t i) {
  if (!r.at(i).is("top") || i == 0) return 0;
  const Token& before = r.at(i - 1);
  if (!before.is("select") && !before.is("distinct") && !before.is("all")) return 0;
  size_t last = i + 1;
  if (r.at(last).is_op("("))
    last = r.closing(last);
  else if (r.at(last).kind != TokenKind::kNumber && r.at(last).kind != TokenKind::kNamedParam)
    return 0;
  std::string limit(r.statement.text.substr(r.at(i + 1).begin, r.at(last).end - r.at(i + 1).begin));
  if (r.at(last).kind == TokenKind::kNamedParam) limit = "$" + lower(r.at(last).text);
  r.edits.erase(r.at(i).begin, r.at(last).end);
  int depth = 0;
  size_t end = last + 1;
  bool united = false;
  for (; r.at(end).kind != TokenKind::kEnd; ++end) {
    const Token& token = r.at(end);
    if (token.is_op("(")) ++depth;
    if (token.is_op(")") && --depth < 0) break;
    united = depth == 0 && (token.is("union") || token.is("except") || token.is("intersect") || token.is("minus"));
    if (united) break;
  }
  if (united) r.edits.insert(r.at(before.is("select") ? i - 1 : i - 2).begin, "(");
  r.edits.insert(r.at(end - 1).end, " LIMIT " + limit + (united ? ")" : ""));
  return last + 1 - i;
}

// Names that are words of the engine's grammar only.
Result<size_t> plain_name(Rewriting& r, size_t i) {
  static constexpr std::array<std::string_view, 14> kWords = {"anti", "array", "asof",     "describe", "glob",      "lambda",   "map",
                                                              "positional", "semi", "show", "struct", "summarize", "unpack", "variadic"};
  const Token& token = r.at(i);
  if (i == 0 || token.kind != TokenKind::kWord || std::ranges::find(kWords, token.text) == kWords.end()) return 0;
  if (r.at(i + 1).is_op("(") || r.at(i + 1).is_op("[") || r.at(i + 1).is_op("<")) return 0;
  r.edits.replace(token.begin, token.end, quoted_name(token.text));
  return 1;
}

// a # b -> a <^> b: the engine's grammar has another use for the sign
Result<size_t> exclusive_or(Rewriting& r, size_t i) {
  if (!r.at(i).is_op("#")) return 0;
  r.edits.replace(r.at(i).begin, r.at(i).end, "<^>");
  return 1;
}

// MINUS -> EXCEPT
Result<size_t> minus(Rewriting& r, size_t i) {
  if (!r.at(i).is("minus") || i == 0) return 0;
  if (!r.at(i + 1).is("select") && !r.at(i + 1).is("all") && !(r.at(i + 1).is_op("(") && r.at(i + 2).is("select")))
    return 0;
  r.edits.replace(r.at(i).begin, r.at(i).end, "EXCEPT");
  return 1;
}

// APPROXIMATE COUNT(DISTINCT x) -> approx_count_distinct(x); before other functions the word goes.
Result<size_t> approximate(Rewriting& r, size_t i) {
  if (!r.at(i).is("approximate")) return 0;
  if (r.at(i + 1).is("count") && r.at(i + 2).is_op("(") && r.at(i + 3).is("distinct")) {
    r.edits.replace(r.at(i).begin, r.at(i + 3).end, "approx_count_distinct(");
    r.casts.push_back(false);
    return 4;
  }
  if (!r.at(i + 1).is("percentile_disc")) return 0;
  r.edits.erase(r.at(i).begin, r.at(i).end);
  return 1;
}

// AWS: LISTAGG, MEDIAN, usage notes: the aggregates of a SELECT that sort do it by the same. `from` to `to` is the order as written.
Status one_order(Rewriting& r, size_t i, size_t from, size_t to) {
  size_t select = i;
  for (int depth = 0; select > 0 && !(depth == 0 && r.at(select).is("select")); --select) {
    if (r.at(select).is_op(")")) ++depth;
    if (r.at(select).is_op("(") && depth > 0) --depth;
  }
  std::string order;
  for (size_t at = from; at < to; ++at)
    if (!r.at(at).is("asc")) order += lower(r.at(at).text) + " ";
  const auto [first, added] = r.sorted.try_emplace(select, order);
  if (added || first->second == order) return {};
  return sql_error(kNotSupported, "within group ORDER BY clauses for aggregate functions must be the same", r.at(i).begin + 1);
}

// MEDIAN(x), PERCENTILE_CONT(f) WITHIN GROUP (ORDER BY x): looked at only
Result<size_t> sorted_aggregate(Rewriting& r, size_t i) {
  const bool median = r.at(i).is("median");
  if ((!median && !r.at(i).is("percentile_cont") && !r.at(i).is("percentile_disc")) || !r.at(i + 1).is_op("(")) return 0;
  if (i > 0 && r.at(i - 1).is("approximate")) return 0;
  const size_t close = r.closing(i + 1);
  const size_t end = median ? close : r.closing(close + 3);
  if (r.at(end + 1).is("over")) return 0;
  if (median) {
    TRY(one_order(r, i, i + 2, close));
  } else if (r.at(close + 1).is("within") && r.at(close + 5).is("by")) {
    TRY(one_order(r, i, close + 6, end));
  }
  return 0;
}

// LISTAGG(a, b) WITHIN GROUP (ORDER BY c) -> LISTAGG(a, b ORDER BY c), and ST_Collect(g) alike
Result<size_t> listagg(Rewriting& r, size_t i) {
  if ((!r.at(i).is("listagg") && !r.at(i).is("st_collect")) || !r.at(i + 1).is_op("(")) return 0;
  const size_t close = r.closing(i + 1);
  if (!r.at(close + 1).is("within") || !r.at(close + 2).is("group") || !r.at(close + 3).is_op("(")) return 0;
  const size_t end = r.closing(close + 3);
  if (!r.at(end + 1).is("over")) TRY(one_order(r, i, close + 6, end));
  r.edits.replace(r.at(close).begin, r.at(close + 3).end, " ");
  return 1;
}

// PERCENTILE_CONT(f) WITHIN GROUP (ORDER BY x) OVER -> percentile_cont(f, x) OVER
Result<size_t> percentile_over(Rewriting& r, size_t i) {
  if ((!r.at(i).is("percentile_cont") && !r.at(i).is("percentile_disc")) || !r.at(i + 1).is_op("(")) return 0;
  const size_t close = r.closing(i + 1);
  if (!r.at(close + 1).is("within") || !r.at(close + 3).is_op("(") || !r.at(close + 5).is("by")) return 0;
  const size_t end = r.closing(close + 3);
  if (!r.at(end + 1).is("over")) return 0;
  r.edits.replace(r.at(close).begin, r.at(close + 5).end, ",");
  if (r.at(end - 1).is("desc")) r.edits.insert(r.at(i).end, "_desc");
  if (r.at(end - 1).is("desc") || r.at(end - 1).is("asc")) r.edits.erase(r.at(end - 1).begin, r.at(end - 1).end);
  return 1;
}

// COLLATE(x, 'case_insensitive'): a word of the engine's grammar
Result<size_t> collate(Rewriting& r, size_t i) {
  if (!r.at(i).is("collate") || !r.at(i + 1).is_op("(")) return 0;
  r.edits.insert(r.at(i).end, "_");
  return 1;
}

// lag(x) IGNORE NULLS -> lag(x IGNORE NULLS)
Result<size_t> null_treatment(Rewriting& r, size_t i) {
  if (!r.at(i).is_op(")") || !r.at(i + 2).is("nulls") || !r.at(i + 3).is("over")) return 0;
  if (!r.at(i + 1).is("ignore") && !r.at(i + 1).is("respect")) return 0;
  r.edits.replace(r.at(i).begin, r.at(i + 2).end, " " + upper(r.at(i + 1).text) + " NULLS)");
  if (!r.casts.empty()) r.casts.pop_back();
  return 3;
}

// SELECT .. INTO [TEMP] t FROM .. -> CREATE [TEMP] TABLE t AS SELECT .. FROM ..
Result<size_t> select_into(Rewriting& r, size_t i) {
  if (!r.at(i).is("into") || !r.casts.empty() || i == 0) return 0;
  if (!r.at(0).is("select") && !r.at(0).is("with")) return 0;
  size_t at = i + 1;
  bool temporary = r.at(at).is("temp") || r.at(at).is("temporary");
  if (temporary) ++at;
  if (r.at(at).is("table")) ++at;
  Reader reader(r.statement.text, r.tokens);
  reader.seek(at);
  const QualifiedName name = TRY(reader.qualified_name());
  temporary = temporary || name.name.starts_with('#');
  r.edits.insert(r.at(0).begin,
                 std::string("CREATE ") + (temporary ? "TEMP " : "") + "TABLE " + name.quoted() + " AS ");
  r.edits.erase(r.at(i).begin, reader.previous_end());
  return reader.index() - i;
}

// DELETE t -> DELETE FROM t
Result<size_t> delete_from(Rewriting& r, size_t i) {
  if (i != 0 || !r.at(0).is("delete") || r.at(1).is("from")) return 0;
  r.edits.insert(r.at(0).end, " FROM");
  return 1;
}

// CREATE VIEW .. WITH NO SCHEMA BINDING
Result<size_t> schema_binding(Rewriting& r, size_t i) {
  if (!r.at(i).is("with") || !r.at(i + 1).is("no") || !r.at(i + 2).is("schema") || !r.at(i + 3).is("binding")) return 0;
  r.edits.erase(r.at(i).begin, r.at(i + 3).end);
  return 4;
}

// EXPLAIN VERBOSE
Result<size_t> explain_verbose(Rewriting& r, size_t i) {
  if (i != 1 || !r.at(0).is("explain") || !r.at(1).is("verbose")) return 0;
  r.edits.erase(r.at(i).begin, r.at(i).end);
  return 1;
}

// INTERVAL 'text' [YEAR [TO MONTH] ..] -> an interval in the engine's words
Result<size_t> interval_literal(Rewriting& r, size_t i) {
  if (!r.at(i).is("interval") || r.at(i + 1).kind != TokenKind::kString) return 0;
  size_t end = i + 2;
  std::string first, last;
  if (r.at(end).kind == TokenKind::kWord && is_interval_field(r.at(end).text)) {
    last = lower(r.at(end++).text);
    if (r.at(end).is("to") && is_interval_field(r.at(end + 1).text)) {
      first = last;
      last = lower(r.at(end + 1).text);
      end += 2;
    }
    if (r.at(end).is_op("(")) end = r.closing(end) + 1;
  }
  const auto value = parse_interval(r.at(i + 1).text, first, last);
  if (!value)
    return sql_error("22007", "invalid input syntax for type interval: \"" + r.at(i + 1).text + "\"",
                     r.at(i + 1).begin + 1);
  const std::string text = "INTERVAL '" + std::to_string(value->months) + " months " + std::to_string(value->days) + " days " +
                           std::to_string(value->micros) + " microseconds'";
  const bool years = last == "year" || last == "month";
  r.edits.replace(r.at(i).begin, r.at(end - 1).end,
                  last.empty() ? text : (years ? "tarn_interval_y2m(" : "tarn_interval_d2s(") + text + ")");
  return end - i;
}

// OBJECT_TRANSFORM(x KEEP 'a', .. SET 'b', value, ..) -> with marks in place of the two words
Result<size_t> object_transform(Rewriting& r, size_t i) {
  if (!r.at(i).is("object_transform") || !r.at(i + 1).is_op("(")) return 0;
  const size_t close = r.closing(i + 1);
  int depth = 0;
  for (size_t at = i + 2; at < close; ++at) {
    if (r.at(at).is_op("(")) ++depth;
    if (r.at(at).is_op(")")) --depth;
    if (depth == 0 && r.at(at).is("keep") && r.at(at + 1).kind == TokenKind::kString)
      r.edits.replace(r.at(at).begin, r.at(at).end, ", '\x01keep',");
    if (depth == 0 && r.at(at).is("set") && r.at(at + 1).kind == TokenKind::kString)
      r.edits.replace(r.at(at).begin, r.at(at).end, ", '\x01set',");
  }
  return 1;
}

// FROM t, t.a AS x AT i -> t.a AS x (x, i);  UNPIVOT t.o AS v AT k -> t.o AS v (v, k, "tarn unpivot")
Result<size_t> positions(Rewriting& r, size_t i) {
  const bool members = r.at(i).is("unpivot") && i > 0 && (r.at(i - 1).is("from") || r.at(i - 1).is_op(",")) &&
                       r.at(i + 1).is_name();
  if (members) {
    r.edits.erase(r.at(i).begin, r.at(i).end);
    r.unpivots.push_back(i);
    return 1;
  }
  if (!r.at(i).is("at") || i < 2 || !r.at(i - 1).is_name() || !r.at(i + 1).is_name() || r.at(i + 1).is("time")) return 0;
  // The path and its alias before it: a.b [AS] x
  size_t from = i - 1;
  if (r.at(from - 1).is("as")) --from;
  if (from < 1 || !(r.at(from - 1).is_name() || r.at(from - 1).is_op("]"))) return 0;
  const bool unpivot = !r.unpivots.empty();
  if (unpivot) r.unpivots.pop_back();
  const std::string value(r.statement.text.substr(r.at(i - 1).begin, r.at(i - 1).end - r.at(i - 1).begin));
  const std::string place(r.statement.text.substr(r.at(i + 1).begin, r.at(i + 1).end - r.at(i + 1).begin));
  r.edits.replace(r.at(i).begin, r.at(i + 1).end, "(" + value + ", " + place + (unpivot ? ", \"tarn unpivot\")" : ")"));
  return 2;
}

// x SIMILAR TO 'p' [ESCAPE 'e'] -> x ~ similar_pattern('p', 'e')
Result<size_t> similar(Rewriting& r, size_t i) {
  if (!r.at(i).is("similar") || !r.at(i + 1).is("to")) return 0;
  size_t end = i + 3;
  if (r.at(i + 2).is_op("(")) {
    end = r.closing(i + 2) + 1;
  } else {
    while (r.at(end).is_op(".")) end += 2;
    if (r.at(i + 2).is_name() && r.at(end).is_op("(")) end = r.closing(end) + 1;
  }
  const bool negated = i > 0 && r.at(i - 1).is("not");
  if (negated) r.edits.erase(r.at(i - 1).begin, r.at(i - 1).end);
  r.edits.replace(r.at(i).begin, r.at(i + 1).end, negated ? "!~ similar_pattern(" : "~ similar_pattern(");
  if (r.at(end).is("escape")) {
    r.edits.replace(r.at(end).begin, r.at(end).end, ",");
    r.edits.insert(r.at(end + 1).end, ")");
  } else {
    r.edits.insert(r.at(end - 1).end, ")");
  }
  return 2;
}

// psql's OPERATOR(pg_catalog.~) -> ~ and COLLATE pg_catalog.default -> nothing
Result<size_t> qualified_words(Rewriting& r, size_t i) {
  if (r.at(i).is("operator") && r.at(i + 1).is_op("(") && r.at(i + 2).is("pg_catalog") && r.at(i + 5).is_op(")")) {
    r.edits.replace(r.at(i).begin, r.at(i + 5).end, r.at(i + 4).text);
    return 6;
  }
  if (!r.at(i).is("collate") || !r.at(i + 1).is("pg_catalog") || !r.at(i + 3).is("default")) return 0;
  r.edits.erase(r.at(i).begin, r.at(i + 3).end);
  return 4;
}

// Functions that give rows and stand in FROM: views of their name, of which the argument picks rows.
struct RowsFunction {
  std::string_view name, columns, picked;  // picked: which rows, behind the argument; empty: it has none
};
constexpr RowsFunction kRowsFunctions[] = {
    {"pg_get_late_binding_view_cols", "", ""},
    {"pg_get_session_roles", "name, roleid", ""},
    {"pg_get_cols", "view_schema, view_name, col_name, col_type, col_num", " IN (whole_name, shown_name)"},
    {"pg_get_iam_role_by_user", "username, iam_role, cmd", " = username"},
    {"pg_get_grantee_by_iam_role", "grantee, grantee_type, cmd_type", " = arn"},
};

// FROM pg_get_cols('t') [AS] c(a name, b int ..) -> FROM (SELECT .. FROM pg_get_cols WHERE 't' = ..) c(a, b ..)
Result<size_t> rows_function(Rewriting& r, size_t i) {
  if (!r.at(i + 1).is_op("(") || i == 0) return 0;
  const std::string name = lower(r.at(i).text);
  const auto* function = std::ranges::find(kRowsFunctions, name, &RowsFunction::name);
  if (function == std::end(kRowsFunctions)) return 0;
  const size_t end = r.closing(i + 1);
  const bool named = r.at(end + 1).is("as") || (r.at(end + 1).is_name() && r.at(end + 2).is_op("("));
  if (!r.at(i - 1).is("from") && !r.at(i - 1).is("join") && !(r.at(i - 1).is_op(",") && named)) return 0;
  if (function->picked.empty() != (end == i + 2)) return 0;
  if (function->columns.empty()) {
    r.edits.erase(r.at(i + 1).begin, r.at(end).end);
  } else {
    r.edits.insert(r.at(i).begin, "(SELECT " + std::string(function->columns) + " FROM ");
    r.edits.replace(r.at(i + 1).begin, r.at(i + 1).end, function->picked.empty() ? "" : " WHERE (");
    r.edits.replace(r.at(end).begin, r.at(end).end,
                    (function->picked.empty() ? "" : ")" + std::string(function->picked)) + ")" + (named ? "" : " " + name));
  }
  size_t at = end + 1;
  if (r.at(at).is("as")) ++at;
  if (!named || !r.at(at + 1).is_op("(")) return end + 1 - i;
  const size_t close = r.closing(at + 1);
  for (size_t column = at + 2; column < close;) {
    size_t comma = column;
    int depth = 0;
    while (comma < close && (depth > 0 || !r.at(comma).is_op(","))) {
      if (r.at(comma).is_op("(")) ++depth;
      if (r.at(comma).is_op(")")) --depth;
      ++comma;
    }
    if (comma > column + 1) r.edits.erase(r.at(column + 1).begin, r.at(comma - 1).end);
    column = comma + 1;
  }
  return close + 1 - i;
}

// current_setting('name'), pg_last_copy_count(): parameters that the session fills
Result<size_t> session_values(Rewriting& r, size_t i) {
  if (!r.at(i + 1).is_op("(")) return 0;
  if (r.at(i).is("current_setting") && r.at(i + 2).kind == TokenKind::kString && r.at(i + 3).is_op(")")) {
    r.edits.replace(r.at(i).begin, r.at(i + 3).end, "$" + std::string(kSettingParam) + hex(lower(r.at(i + 2).text)));
    return 4;
  }
  if (!r.at(i + 2).is_op(")")) return 0;
  const std::string name = lower(r.at(i).text);
  if (std::ranges::find(kSessionFunctions, name) == kSessionFunctions.end()) return 0;
  r.edits.replace(r.at(i).begin, r.at(i + 2).end, "$" + std::string(kSessionParam) + name);
  return 3;
}

// FROM t, t.a[0].b [AS] x: a path that is no name of a table, as one name behind its first part (kPathMark)
Result<size_t> table_path(Rewriting& r, size_t i) {
  if (!r.at(i).is_name() || i == 0) return 0;
  const Token& before = r.at(i - 1);
  if (!before.is("from") && !before.is("join") && !before.is("unpivot") && !before.is_op(",")) return 0;
  size_t end = i + 1;
  int names = 1;
  bool bracket = false;
  for (;;) {
    if (r.at(end).is_op(".") && r.at(end + 1).is_name()) {
      ++names;
      end += 2;
    } else if (r.at(end).is_op("[") && r.at(end + 2).is_op("]")) {
      bracket = true;
      end += 3;
    } else {
      break;
    }
  }
  if ((!bracket && names < 4) || !r.at(i + 1).is_op(".")) return 0;
  if (before.is_op(",")) {  // of FROM, not of a select list
    int depth = 0;
    size_t at = i - 1;
    for (; at > 0; --at) {
      const Token& token = r.at(at - 1);
      if (token.is_op(")")) ++depth;
      if (token.is_op("(") && --depth < 0) return 0;
      if (depth > 0) continue;
      if (token.is("from")) break;
      if (token.is("select") || token.is("where") || token.is("by") || token.is("having") || token.is("set") || token.is("values"))
        return 0;
    }
    if (at == 0) return 0;
  }
  const std::string path = r.statement.text.substr(r.at(i + 1).begin, r.at(end - 1).end - r.at(i + 1).begin);
  r.edits.replace(r.at(i + 1).begin, r.at(end - 1).end, "." + quoted_name(std::string(kPathMark) + path));
  const Token& last = r.at(end - 1);
  const bool named = r.at(end).is("as") || r.at(end).kind == TokenKind::kQuotedName ||
                     (r.at(end).kind == TokenKind::kWord && !r.at(end).is("where") && !r.at(end).is("group") && !r.at(end).is("order") &&
                      !r.at(end).is("on") && !r.at(end).is("join") && !r.at(end).is("left") && !r.at(end).is("inner") &&
                      !r.at(end).is("cross") && !r.at(end).is("limit") && !r.at(end).is("having"));
  if (!named && last.is_name()) r.edits.insert(last.end, " AS " + quoted_name(lower(last.text)));
  return end - i;
}

// a.b(+) -> tarn_outer(a.b), which the engine makes joins of. AWS: Oracle-style outer joins in the WHERE clause.
Result<size_t> outer_mark(Rewriting& r, size_t i) {
  if (!r.at(i).is_name() || (i > 0 && r.at(i - 1).is_op("."))) return 0;
  size_t end = i;
  while (r.at(end + 1).is_op(".") && r.at(end + 2).is_name()) end += 2;
  if (!r.at(end + 1).is_op("(") || !r.at(end + 2).is_op("+") || !r.at(end + 3).is_op(")")) return 0;
  r.edits.insert(r.at(i).begin, "tarn_outer(");
  r.edits.erase(r.at(end + 1).begin, r.at(end + 2).end);
  return end + 4 - i;
}

// What the engine's grammar has and Redshift's has not: FILTER (WHERE ..), and VALUES as a query of its own.
Result<size_t> unknown_syntax(Rewriting& r, size_t i) {
  const auto near = [&](size_t at) {
    const Token& token = r.at(at);
    return sql_error(kSyntaxError, "syntax error at or near \"" + r.statement.text.substr(token.begin, token.end - token.begin) + "\"",
                     token.begin + 1);
  };
  const bool filter = r.at(i).is("filter") && i > 0 && r.at(i - 1).is_op(")");
  if (filter && r.at(i + 1).is_op("(") && r.at(i + 2).is("where")) return near(i + 1);
  if (!r.at(i).is("values") || !r.at(i + 1).is_op("(")) return 0;
  static constexpr std::array<std::string_view, 6> kBeforeQueries = {"explain", "union", "all", "except", "minus", "intersect"};
  const bool query = i == 0 || r.at(i - 1).is_op("(") || std::ranges::find(kBeforeQueries, r.at(i - 1).text) != kBeforeQueries.end();
  if (query) return near(i);
  return 0;
}

constexpr std::array<Rule, 31> kRules = {
    unknown_syntax, outer_mark, sorted_aggregate, string_literal, parameter, temporary_name, back_quotes, double_colon, cast_as,
    convert, top, minus, approximate, listagg, null_treatment, select_into, delete_from, schema_binding,
    explain_verbose, interval_literal, object_transform, positions, similar, percentile_over, qualified_words,
    collate, rows_function, session_values, table_path, plain_name, exclusive_or};

// A parenthesis that no rule took.
void step(Rewriting& r, size_t i) {
  const Token& token = r.at(i);
  if (token.is_op("(")) r.casts.push_back(i > 0 && (r.at(i - 1).is("cast") || r.at(i - 1).is("try_cast")));
  if (token.is_op(")") && !r.casts.empty()) r.casts.pop_back();
}

Status physical_design(Rewriting& r, TableAttributes& attributes) {
  Reader reader(r.statement.text, r.tokens);
  if (reader.accept("create")) {
    size_t i = 0;
    while (reader.peek(i).is("temp") || reader.peek(i).is("temporary") || reader.peek(i).is("local")) ++i;
    if (reader.peek(i).is("table")) return edit_create_table(reader, r.edits, attributes);
  } else if (reader.accept("alter", "table")) {
    return edit_alter_table(reader, r.edits, attributes);
  }
  return {};
}

}  // namespace

size_t PositionMap::source(size_t out) const {
  auto span = std::upper_bound(spans_.begin(), spans_.end(), out, [](size_t at, const Span& s) { return at < s.out; });
  if (span == spans_.begin()) return out;
  --span;
  return span->in + std::min(out - span->out, span->length);
}

Error moved_to_source(Error error, const PositionMap& map) {
  for (auto& [name, value] : error.members)
    if (name == "position")
      if (const auto position = parse_int(value); position && *position > 0)
        value = std::to_string(map.source(static_cast<size_t>(*position) - 1) + 1);
  return error;
}

Result<EngineText> to_engine(const StatementText& written) {
  StatementText flat;
  const auto hierarchy = TRY(without_connect_by(written));
  if (hierarchy) {
    flat.text = *hierarchy;
    flat.tokens = TRY(lex(flat.text));
  }
  const StatementText& statement = hierarchy ? flat : written;
  Rewriting r{statement, statement.tokens, {}, {}};
  EngineText out;
  TRY(physical_design(r, out.attributes));
  for (size_t i = 0; r.at(i).kind != TokenKind::kEnd;) {
    size_t taken = 0;
    for (const Rule rule : kRules)
      if ((taken = TRY(rule(r, i))) > 0) break;
    if (taken == 0) {
      step(r, i);
      taken = 1;
    }
    i += taken;
  }
  out.sql = r.edits.apply(statement.text, out.map);
  if (hierarchy) {  // its places are not the written ones
    out.map = {};
    out.map.add(0, 0, 0);
  }
  return out;
}

Result<EngineText> to_engine(std::string_view sql) {
  StatementText statement;
  statement.text = sql;
  statement.tokens = TRY(lex(sql));
  return to_engine(statement);
}

}  // namespace tarn::sql

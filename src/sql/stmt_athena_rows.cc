// DELETE, UPDATE, MERGE, OPTIMIZE and VACUUM: of Iceberg tables. Their expressions stay texts.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "sql/sql_error.h"
#include "sql/stmt_athena.h"

namespace tarn::sql::athena {
namespace {

// The text of an expression, up to a comma, a closing parenthesis or one of the words that is not inside parentheses or CASE.
Result<std::string> expression(Reader& reader, std::initializer_list<std::string_view> ends) {
  const size_t from = reader.peek().begin;
  int depth = 0;
  while (!reader.at_end()) {
    const Token& token = reader.peek();
    const bool word = std::ranges::any_of(ends, [&](std::string_view end) { return token.is(end); });
    if (depth == 0 && (word || token.is_op(",") || token.is_op(")"))) break;
    if (token.is_op("(") || token.is_op("[") || token.is("case")) ++depth;
    if (token.is_op(")") || token.is_op("]") || token.is("end")) --depth;
    reader.next();
  }
  const std::string text(trim(reader.source(from, std::max<size_t>(from, reader.previous_end()))));
  if (text.empty()) return reader.unexpected();
  return text;
}

Result<std::vector<Assignment>> assignments(Reader& reader, std::initializer_list<std::string_view> ends) {
  std::vector<Assignment> all;
  do {
    Assignment each;
    each.column = TRY(parse_name(reader));
    // t.a = ..: the target's alias may stand before its column.
    if (reader.accept_op(".")) each.column = TRY(parse_name(reader));
    TRY(reader.expect_op("="));
    each.value = TRY(expression(reader, ends));
    if (std::ranges::any_of(all, [&](const Assignment& other) { return other.column == each.column; }))
      return sql_error("42701", fmt::format("Multiple assignments for column: {}", each.column));
    all.push_back(std::move(each));
  } while (reader.accept_op(","));
  return all;
}

// INSERT [(a, b)] VALUES (x, y)
Status merge_insert(Reader& reader, MergeClause& clause) {
  clause.action = MergeClause::Action::kInsert;
  std::vector<std::string> columns;
  if (reader.accept_op("(")) {
    do {
      std::string column = TRY(parse_name(reader));
      if (reader.accept_op(".")) column = TRY(parse_name(reader));
      columns.push_back(std::move(column));
    } while (reader.accept_op(","));
    TRY(reader.expect_op(")"));
  }
  clause.all_columns = columns.empty();
  TRY(reader.expect("values"));
  TRY(reader.expect_op("("));
  do clause.set.push_back({"", TRY(expression(reader, {}))});
  while (reader.accept_op(","));
  TRY(reader.expect_op(")"));
  if (clause.all_columns) return {};
  if (columns.size() != clause.set.size())
    return sql_error(kSyntaxError, fmt::format("Insert column list has {} columns, but {} values are given",
                                               columns.size(), clause.set.size()));
  for (size_t i = 0; i < columns.size(); ++i) clause.set[i].column = columns[i];
  return {};
}

Result<MergeClause> merge_clause(Reader& reader) {
  MergeClause clause;
  const bool insert = reader.accept("not");
  TRY(reader.expect("matched"));
  if (reader.accept("and")) clause.condition = TRY(expression(reader, {"then"}));
  TRY(reader.expect("then"));
  if (insert) {
    TRY(reader.expect("insert"));
    TRY(merge_insert(reader, clause));
  } else if (reader.accept("update", "set")) {
    clause.action = MergeClause::Action::kUpdate;
    clause.set = TRY(assignments(reader, {"when"}));
  } else {
    TRY(reader.expect("delete"));
  }
  return clause;
}

}  // namespace

Result<Statement> parse_delete(Reader& reader) {
  TRY(reader.expect("from"));
  DeleteRows rows;
  rows.table = TRY(parse_table_name(reader));
  if (reader.accept("where")) rows.where = TRY(expression(reader, {}));
  TRY(reader.expect_end());
  return rows;
}

Result<Statement> parse_update(Reader& reader) {
  UpdateRows rows;
  rows.table = TRY(parse_table_name(reader));
  TRY(reader.expect("set"));
  rows.set = TRY(assignments(reader, {"where"}));
  if (reader.accept("where")) rows.where = TRY(expression(reader, {}));
  TRY(reader.expect_end());
  return rows;
}

Result<Statement> parse_merge(Reader& reader) {
  TRY(reader.expect("into"));
  Merge merge;
  merge.target = TRY(parse_table_name(reader));
  (void)reader.accept("as");
  merge.alias = reader.peek().is("using") ? merge.target.name : TRY(parse_name(reader));
  TRY(reader.expect("using"));
  merge.source = TRY(expression(reader, {"on"}));
  TRY(reader.expect("on"));
  merge.on = TRY(expression(reader, {"when"}));
  while (reader.accept("when")) merge.clauses.push_back(TRY(merge_clause(reader)));
  TRY(reader.expect_end());
  if (merge.clauses.empty()) return reader.unexpected();
  return merge;
}

Result<Statement> parse_optimize(Reader& reader) {
  Optimize optimize;
  optimize.table = TRY(parse_table_name(reader));
  TRY(reader.expect("rewrite", "data"));
  TRY(reader.expect("using", "bin_pack"));
  if (reader.accept("where")) optimize.where = TRY(expression(reader, {}));
  TRY(reader.expect_end());
  return optimize;
}

Result<Statement> parse_vacuum(Reader& reader) {
  Vacuum vacuum{TRY(parse_table_name(reader))};
  TRY(reader.expect_end());
  return vacuum;
}

}  // namespace tarn::sql::athena

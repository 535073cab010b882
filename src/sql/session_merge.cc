// MERGE: what is asked and done around the engine's own.
#include "base/text.h"
#include "sql/session.h"
#include "sql/session_words.h"
#include "sql/sql_error.h"
#include "sql/tokens_redshift.h"

namespace tarn::sql {

// MERGE INTO t USING s [[AS] a] ON condition REMOVE DUPLICATES: rows of t with a match go, all rows of s come. AWS: MERGE.
Result<std::optional<Outcome>> SqlSession::merge_simplified(Running& run) {
  Reader reader(run.statement.text, run.statement.tokens);
  const size_t tokens = run.statement.tokens.size() - 1;
  if (tokens < 8 || !run.statement.tokens[tokens - 2].is("remove") ||
      !run.statement.tokens[tokens - 1].is("duplicates") || !reader.accept("merge"))
    return std::nullopt;
  TRY(reader.expect("into"));
  const QualifiedName target = TRY(reader.qualified_name());
  TRY(reader.expect("using"));
  const QualifiedName source = TRY(reader.qualified_name());
  std::string alias = source.name;
  reader.accept("as");
  if (!reader.peek().is("on")) alias = TRY(reader.name());
  TRY(reader.expect("on"));
  const std::string condition(reader.source(reader.peek().begin, run.statement.tokens[tokens - 3].end));
  Outcome outcome;
  TRY(atomically(run, [&]() -> Status {
    TRY(run_text(run, "DELETE FROM " + target.quoted() + " USING " + source.quoted() + " AS " + quoted_name(alias) +
                          " WHERE " + condition));
    outcome = TRY(run_text(run, "INSERT INTO " + target.quoted() + " SELECT * FROM " + source.quoted()));
    return {};
  }));
  outcome.kind = "MERGE";
  return outcome;
}

namespace {

// UPDATE SET a = x, b = y, of MERGE: how many columns, and whether nothing is taken from the target itself.
std::optional<size_t> columns_of_source(Reader& reader, const std::string& target) {
  if (!reader.accept("set")) return std::nullopt;
  size_t columns = 1;
  bool behind_dot = false;
  for (int depth = 0; !reader.at_end() && !(depth == 0 && reader.peek().is("when")); reader.next()) {
    const Token& token = reader.peek();
    if (token.is_op("(")) ++depth;
    if (token.is_op(")")) --depth;
    if (depth == 0 && token.is_op(",")) ++columns;
    const bool other = reader.peek(1).is_op(".") && lower(token.text) != target;
    const bool plain =
        token.is_name() && !behind_dot && !other && !reader.peek(1).is_op("(") && !reader.peek(1).is_op("=");
    if (plain) return std::nullopt;  // the target's, or whose is not said
    behind_dot = token.is_op(".");
  }
  return columns;
}

}  // namespace

// MERGE INTO t USING s ON condition WHEN ..: no row of t is updated twice; and rows of t that one row of s makes alike in all
// columns become one. AWS: MERGE, usage notes.
Result<std::optional<Outcome>> SqlSession::merge_checked(Running& run) {
  Reader reader(run.statement.text, run.statement.tokens);
  if (!reader.accept("merge", "into") || run.request.describe_only) return std::nullopt;
  const QualifiedName target = TRY(reader.qualified_name());
  if (!reader.accept("using") || !reader.peek().is_name()) return std::nullopt;
  const QualifiedName source = TRY(reader.qualified_name());
  std::string alias = source.name;
  reader.accept("as");
  if (!reader.peek().is("on")) alias = TRY(reader.name());
  TRY(reader.expect("on"));
  const size_t begin = reader.peek().begin;
  size_t end = begin;
  for (int depth = 0; !reader.at_end() && !(depth == 0 && reader.peek().is("when")); end = reader.previous_end()) {
    if (reader.peek().is_op("(")) ++depth;
    if (reader.peek().is_op(")")) --depth;
    if (reader.peek().is("select"))
      return sql_error(kNotSupported, "Subqueries in the ON condition of MERGE are not supported", reader.peek().begin + 1);
    reader.next();
  }
  if (target.name == source.name && schema_of(target) == schema_of(source))
    return sql_error(kNotSupported, "The source and the target of MERGE cannot be the same table", source.position);
  if (!reader.accept("when", "matched", "then", "update")) return std::nullopt;
  const std::string of_target = quoted_name(target.name) + ".rowid", of_source = quoted_name(alias) + ".rowid";
  const std::string joined = " FROM " + target.quoted() + " JOIN " + source.quoted() + " AS " + quoted_name(alias) +
                             " ON " + std::string(reader.source(begin, end));
  const EngineText twice =
      TRY(to_engine("SELECT 1" + joined + " GROUP BY " + of_target + " HAVING count(*) > 1 LIMIT 1"));
  const auto set = columns_of_source(reader, target.name);
  const auto into = TRY(find_relation(run, target)), from = TRY(find_relation(run, source));
  bool alike = set && into && from;
  if (alike) {
    const auto columns = TRY(internal(run, "SELECT count(*) FROM duckdb_columns()" + where_table(*into)));
    const auto native = TRY(internal(run, "SELECT 1 FROM duckdb_tables()" + where_table(*from)));
    alike = std::to_string(*set) == columns.at(0).at(0) && !native.empty();
  }
  // Of a source that is a table: others have no numbers of rows.
  const EngineText others =
      TRY(to_engine("DELETE FROM " + target.quoted() + " WHERE rowid IN (SELECT tarn_row FROM (SELECT " + of_target +
                    " AS tarn_row, row_number() OVER (PARTITION BY " + of_source + " ORDER BY " + of_target +
                    ") AS tarn_nth" + joined + ") WHERE tarn_nth > 1)"));
  std::vector<Param> params = run.request.params;
  TRY(add_session_values(twice.sql, params));
  Outcome outcome;
  TRY(atomically(run, [&]() -> Status {
    if (!TRY(query(run, twice.sql, params)).empty())
      return sql_error("21000", "Found multiple matches to update the same tuple.");
    if (alike) TRY(engine(run, others.sql, params, -1));
    outcome = TRY(engine(run));
    return {};
  }));
  return outcome;
}

}  // namespace tarn::sql

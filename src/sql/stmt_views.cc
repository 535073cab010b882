// Views that are not the engine's own (late-binding, materialised), and COMMENT.
#include "base/text.h"
#include "sql/sql_error.h"
#include "sql/stmt_redshift.h"

namespace tarn::sql {
namespace {

// Is the end of the statement WITH NO SCHEMA BINDING? Then the query ends before it.
std::optional<size_t> unbound_from(Reader reader) {
  std::optional<size_t> begin;
  while (!reader.at_end()) {
    begin.reset();
    const size_t at = reader.peek().begin;
    if (reader.accept("with", "no", "schema", "binding"))
      begin = at;
    else
      reader.next();
  }
  return begin;
}

}  // namespace

Result<Statement> parse_create_view(Reader& reader, bool or_replace) {
  const auto unbound = unbound_from(reader);
  const size_t end = unbound.value_or(reader.source().size());
  CreateView view{.name = TRY(reader.qualified_name()), .or_replace = or_replace, .late = unbound.has_value()};
  if (reader.accept_op("(")) {
    do view.columns.push_back(TRY(reader.name()));
    while (reader.accept_op(","));
    TRY(reader.expect_op(")"));
  }
  TRY(reader.expect("as"));
  if (reader.at_end() || reader.peek().begin >= end) return reader.unexpected();
  view.query = trim(reader.source(reader.peek().begin, end));
  return view;
}

Result<Statement> parse_create_materialized_view(Reader& reader) {
  CreateMaterializedView view{.name = TRY(reader.qualified_name())};
  while (!reader.at_end() && !reader.peek().is("as")) {
    if (reader.accept("backup")) {
      if (!reader.accept("yes")) TRY(reader.expect("no"));
    } else if (reader.accept("auto", "refresh")) {
      view.auto_refresh = reader.accept("yes");
      if (!view.auto_refresh) TRY(reader.expect("no"));
    } else {
      const size_t begin = reader.peek().begin;
      reader.next();
      if (reader.peek().is_op("(")) TRY(reader.skip_parentheses());
      view.attributes += " " + std::string(reader.source(begin, reader.previous_end()));
    }
  }
  TRY(reader.expect("as"));
  if (reader.at_end()) return reader.unexpected();
  view.query = reader.source(reader.peek().begin, reader.source().size());
  return view;
}

Result<Statement> parse_alter_materialized_view(Reader& reader) {
  QualifiedName name = TRY(reader.qualified_name());
  if (reader.accept("owner", "to")) {
    AlterOwner alter{.object_kind = "TABLE", .object = std::move(name), .signature = {}, .owner = {}};
    alter.owner = TRY(parse_identity(reader));
    TRY(reader.expect_end());
    return alter;
  }
  if (reader.peek().is("alter")) return NothingToDo{"ALTER MATERIALIZED VIEW"};  // of physical design
  TRY(reader.expect("auto", "refresh"));
  AlterMaterializedView alter{.name = std::move(name)};
  alter.auto_refresh = reader.accept("yes");
  if (!alter.auto_refresh) TRY(reader.expect("no"));
  TRY(reader.expect_end());
  return alter;
}

Result<Statement> parse_drop_view(Reader& reader, bool materialized) {
  DropView drop{.materialized = materialized};
  drop.if_exists = reader.accept("if", "exists");
  do drop.names.push_back(TRY(reader.qualified_name()));
  while (reader.accept_op(","));
  drop.cascade = reader.accept("cascade");
  if (!drop.cascade) reader.accept("restrict");
  TRY(reader.expect_end());
  return drop;
}

Result<Statement> parse_comment(Reader& reader) {
  Comment comment;
  for (const std::string_view kind : {"table", "view", "column", "schema", "database", "constraint", "function"})
    if (comment.object_kind.empty() && reader.accept(kind)) comment.object_kind = upper(kind);
  if (comment.object_kind.empty()) return reader.unexpected();
  if (comment.object_kind == "FUNCTION")
    return sql_error(kNotSupported, "COMMENT ON FUNCTION is not supported yet", reader.peek().begin + 1);
  if (comment.object_kind == "COLUMN") {  // [[database.]schema.]table.column
    std::vector<std::string> parts;
    comment.object.position = reader.peek().begin + 1;
    do parts.push_back(TRY(reader.name()));
    while (parts.size() < 4 && reader.accept_op("."));
    if (parts.size() < 2) return sql_error(kSyntaxError, "column name must be qualified", comment.object.position);
    comment.column = std::move(parts.back());
    comment.object.name = std::move(parts[parts.size() - 2]);
    if (parts.size() > 2) comment.object.schema = std::move(parts[parts.size() - 3]);
    if (parts.size() > 3) comment.object.database = std::move(parts[0]);
  } else {
    comment.object = TRY(reader.qualified_name());
  }
  if (comment.object_kind == "CONSTRAINT") {
    comment.column = comment.object.name;
    TRY(reader.expect("on"));
    comment.object = TRY(reader.qualified_name());
  }
  TRY(reader.expect("is"));
  if (!reader.accept("null")) comment.text = TRY(reader.string());
  TRY(reader.expect_end());
  return comment;
}

}  // namespace tarn::sql

// SHOW, and GRANT and REVOKE.
#include "base/text.h"
#include "sql/sql_error.h"
#include "sql/stmt_redshift.h"

namespace tarn::sql {
namespace {

Status like_and_limit(Reader& reader, Show& show) {
  if (reader.accept("like")) show.like = TRY(reader.string());
  if (reader.accept("limit")) show.limit = TRY(reader.integer());
  return reader.expect_end();
}

// A role's name: IAMR:my-role needs no quotes. Joins tokens that touch.
Result<std::string> grantee_name(Reader& reader) {
  if (!reader.peek().is_name()) return reader.unexpected();
  if (reader.peek().kind == TokenKind::kQuotedName) return reader.next().text;
  const size_t begin = reader.peek().begin;
  size_t end = reader.next().end;
  while (reader.peek().begin == end && !reader.at_end() && !reader.peek().is_op(",")) end = reader.next().end;
  return std::string(reader.source(begin, end));
}

Result<std::vector<Grantee>> grantees(Reader& reader) {
  std::vector<Grantee> all;
  do {
    Grantee grantee;
    if (reader.accept("group"))
      grantee.kind = Grantee::Kind::kGroup;
    else if (reader.accept("role"))
      grantee.kind = Grantee::Kind::kRole;
    else if (reader.accept("public"))
      grantee.kind = Grantee::Kind::kPublic;
    if (grantee.kind != Grantee::Kind::kPublic) grantee.name = TRY(grantee_name(reader));
    all.push_back(std::move(grantee));
  } while (reader.accept_op(","));
  return all;
}

// SELECT, INSERT .. or ALL [PRIVILEGES]; each may be several words (CREATE MODEL).
Result<std::vector<std::string>> privileges(Reader& reader) {
  std::vector<std::string> all;
  do {
    std::string privilege;
    while (reader.peek().kind == TokenKind::kWord && !reader.peek().is("on") && !reader.peek().is("to") &&
           !reader.peek().is("from"))
      privilege += (privilege.empty() ? "" : " ") + upper(reader.next().text);
    if (privilege.empty()) return reader.unexpected();
    if (reader.peek().is_op("("))
      return sql_error(kNotSupported, "privileges on columns are not supported yet", reader.peek().begin + 1);
    all.push_back(privilege == "ALL PRIVILEGES" ? "ALL" : privilege);
  } while (reader.accept_op(","));
  return all;
}

Status grant_objects(Reader& reader, Grant& grant) {
  if (reader.accept("all", "tables", "in", "schema"))
    grant.object_kind = "TABLES IN SCHEMA";
  else if (reader.accept("all", "functions", "in", "schema"))
    grant.object_kind = "FUNCTIONS IN SCHEMA";
  else if (reader.accept("all", "procedures", "in", "schema"))
    grant.object_kind = "PROCEDURES IN SCHEMA";
  else if (reader.accept("schema"))
    grant.object_kind = "SCHEMA";
  else if (reader.accept("database"))
    grant.object_kind = "DATABASE";
  else if (reader.accept("function"))
    grant.object_kind = "FUNCTION";
  else if (reader.accept("procedure"))
    grant.object_kind = "PROCEDURE";
  else if (reader.accept("language"))
    grant.object_kind = "LANGUAGE";
  else if (reader.accept("external", "table"))
    grant.object_kind = "TABLE";
  else if (reader.accept("table"))
    grant.object_kind = "TABLE";
  else
    grant.object_kind = "TABLE";
  for (const std::string_view other : {"datashare", "model", "copy", "external"})
    if (reader.peek().is(other) && reader.peek(1).kind == TokenKind::kWord && !reader.peek(1).is("to"))
      return sql_error(kNotSupported, "GRANT ON " + upper(other) + " is not supported yet", reader.peek().begin + 1);
  do {
    grant.objects.push_back(TRY(reader.qualified_name()));
    if (reader.peek().is_op("(")) TRY(reader.skip_parentheses());
  } while (reader.accept_op(","));
  return {};
}

}  // namespace

Result<Statement> parse_show(Reader& reader) {
  Show show;
  const Token first = reader.peek();
  if (reader.accept("databases")) {
    show.kind = Show::Kind::kDatabases;
    if (reader.peek().is("from"))
      return sql_error(kNotSupported, "SHOW DATABASES FROM DATA CATALOG is not supported yet", first.begin + 1);
  } else if (reader.accept("schemas")) {
    show.kind = Show::Kind::kSchemas;
    if (reader.accept("from")) {
      TRY(reader.expect("database"));
      show.of = TRY(reader.qualified_name());
    }
  } else if (reader.accept("tables")) {
    show.kind = Show::Kind::kTables;
    if (reader.accept("from")) {
      TRY(reader.expect("schema"));
      show.of = TRY(reader.qualified_name());
    }
  } else if (reader.accept("columns")) {
    show.kind = Show::Kind::kColumns;
    TRY(reader.expect("from", "table"));
    show.of = TRY(reader.qualified_name());
  } else if (reader.accept("procedure")) {
    show.kind = Show::Kind::kProcedure;
    show.of = TRY(reader.qualified_name());
    if (reader.peek().is_op("(")) TRY(reader.skip_parentheses());
  } else {
    for (const std::string_view other : {"external", "view", "table", "grants", "functions", "procedures", "parameters",
                                         "model", "datashares", "column", "constraints", "policies"})
      if (reader.peek().is(other) && reader.peek(1).kind != TokenKind::kEnd)
        return sql_error(kNotSupported, "SHOW " + upper(other) + " is not supported yet", first.begin + 1);
    std::string name = TRY(reader.name());
    while (reader.accept_op(".")) name += "." + TRY(reader.name());
    if (name == "time" && reader.accept("zone")) name = "timezone";
    TRY(reader.expect_end());
    return ShowVariable{std::move(name)};
  }
  TRY(like_and_limit(reader, show));
  return show;
}

Result<Statement> parse_grant(Reader& reader, bool give) {
  Grant grant;
  grant.grant = give;
  if (!give && reader.accept("grant", "option", "for"))
    return sql_error(kNotSupported, "REVOKE GRANT OPTION FOR is not supported yet", reader.peek().begin + 1);
  if (reader.peek().is("role") || reader.peek().is("assumerole"))
    return sql_error(kNotSupported, "GRANT " + upper(reader.peek().text) + " is not supported yet",
                     reader.peek().begin + 1);
  grant.privileges = TRY(privileges(reader));
  TRY(reader.expect("on"));
  TRY(grant_objects(reader, grant));
  TRY(give ? reader.expect("to") : reader.expect("from"));
  grant.grantees = TRY(grantees(reader));
  if (give)
    grant.with_grant_option = reader.accept("with", "grant", "option");
  else if (!reader.accept("cascade"))
    reader.accept("restrict");
  TRY(reader.expect_end());
  return grant;
}

}  // namespace tarn::sql

// GRANT and REVOKE, ALTER DEFAULT PRIVILEGES; users, groups and roles.
#include "base/text.h"
#include "sql/sql_error.h"
#include "sql/stmt_redshift.h"

namespace tarn::sql {

// Joins tokens that touch.
Result<std::string> parse_identity(Reader& reader) {
  const Token& first = reader.peek();
  if (first.kind == TokenKind::kString) return reader.next().text;
  if (!first.is_name()) return reader.unexpected();
  const auto folded = [](std::string name) { return name.find(':') == std::string::npos ? lower(name) : name; };
  if (first.kind == TokenKind::kQuotedName) return folded(reader.next().text);
  const size_t begin = first.begin;
  size_t end = reader.next().end;
  while (reader.peek().begin == end && !reader.at_end() && !reader.peek().is_op(",")) end = reader.next().end;
  return folded(std::string(reader.source(begin, end)));
}

Result<Grantee> parse_grantee(Reader& reader) {
  Grantee grantee;
  if (reader.accept("role"))
    grantee.kind = Grantee::Kind::kRole;
  else if (reader.accept("public"))
    grantee.kind = Grantee::Kind::kPublic;
  else
    reader.accept("user");
  if (grantee.kind != Grantee::Kind::kPublic) grantee.name = TRY(parse_identity(reader));
  return grantee;
}

Result<std::optional<std::vector<std::string>>> parse_signature(Reader& reader) {
  if (!reader.peek().is_op("(")) return std::nullopt;
  reader.next();
  std::vector<std::string> types;
  if (reader.accept_op(")")) return types;
  do {
    for (const std::string_view mode : {"in", "out", "inout"}) reader.accept(mode);
    const Token& after = reader.peek(1);
    const bool named = reader.peek().is_name() && after.kind == TokenKind::kWord && !after.is("varying") &&
                       !after.is("precision") && !after.is("with") && !after.is("without");
    if (named) reader.next();
    types.push_back(shown_type(TRY(parse_type(reader))));
  } while (reader.accept_op(","));
  TRY(reader.expect_op(")"));
  return types;
}

namespace {

Result<std::vector<std::string>> identities(Reader& reader) {
  std::vector<std::string> all;
  do all.push_back(TRY(parse_identity(reader)));
  while (reader.accept_op(","));
  return all;
}

Result<std::vector<Grantee>> grantees(Reader& reader) {
  std::vector<Grantee> all;
  do {
    if (reader.accept("group"))
      all.push_back({Grantee::Kind::kGroup, TRY(parse_identity(reader))});
    else
      all.push_back(TRY(parse_grantee(reader)));
  } while (reader.accept_op(","));
  return all;
}

// SELECT, INSERT (a, b) .. or ALL [PRIVILEGES]; each may be several words (CREATE USER).
Result<std::vector<Privilege>> privileges(Reader& reader) {
  std::vector<Privilege> all;
  do {
    Privilege privilege;
    while (reader.peek().kind == TokenKind::kWord && !reader.peek().is("on") && !reader.peek().is("to") &&
           !reader.peek().is("from"))
      privilege.name += (privilege.name.empty() ? "" : " ") + upper(reader.next().text);
    if (privilege.name.empty()) return reader.unexpected();
    if (privilege.name == "ALL PRIVILEGES") privilege.name = "ALL";
    if (privilege.name == "TEMPORARY") privilege.name = "TEMP";
    if (reader.accept_op("(")) {
      do privilege.columns.push_back(TRY(reader.name()));
      while (reader.accept_op(","));
      TRY(reader.expect_op(")"));
    }
    all.push_back(std::move(privilege));
  } while (reader.accept_op(","));
  return all;
}

Status grant_objects(Reader& reader, Grant& grant) {
  struct Kind {
    std::string_view plural, one, kind;
  };
  constexpr Kind kKinds[] = {{"tables", "table", "TABLE"},
                             {"functions", "function", "FUNCTION"},
                             {"procedures", "procedure", "PROCEDURE"},
                             {"", "schema", "SCHEMA"},
                             {"", "database", "DATABASE"},
                             {"", "language", "LANGUAGE"}};
  grant.object_kind = "TABLE";
  for (const std::string_view other : {"datashare", "model", "copy", "external", "template", "assumerole"})
    if (reader.peek().is(other) && reader.peek(1).kind == TokenKind::kWord && !reader.peek(1).is("to"))
      return sql_error(kNotSupported, "GRANT ON " + upper(other) + " is not supported yet", reader.peek().begin + 1);
  for (const Kind& kind : kKinds) {
    if (!kind.plural.empty() && reader.accept("all", kind.plural, "in", "schema")) {
      grant.object_kind = kind.kind;
      grant.all_in_schema = true;
      break;
    }
    // Else it is a table of that name.
    const bool more = reader.peek(1).is_name() && !reader.peek(1).is("to") && !reader.peek(1).is("from");
    if (more && reader.accept(kind.one)) {
      grant.object_kind = kind.kind;
      break;
    }
  }
  const bool routine = grant.object_kind == "FUNCTION" || grant.object_kind == "PROCEDURE";
  do {
    grant.objects.push_back(TRY(reader.qualified_name()));
    grant.signatures.push_back(routine ? TRY(parse_signature(reader)) : std::nullopt);
  } while (reader.accept_op(","));
  return {};
}

Status end_of_grant(Reader& reader, Grant& grant) {
  if (grant.grant) {
    TRY(reader.expect("to"));
  } else {
    TRY(reader.expect("from"));
  }
  grant.grantees = TRY(grantees(reader));
  if (grant.grant)
    grant.with_grant_option = reader.accept("with", "grant", "option");
  else if (!reader.accept("cascade"))
    reader.accept("restrict");
  return reader.expect_end();
}

Result<Statement> grant_role(Reader& reader, bool give, bool option_only) {
  GrantRole grant;
  grant.grant = give;
  grant.option_only = option_only;
  do {
    TRY(reader.expect("role"));
    grant.roles.push_back(TRY(parse_identity(reader)));
  } while (reader.accept_op(","));
  if (give) {
    TRY(reader.expect("to"));
  } else {
    TRY(reader.expect("from"));
  }
  grant.grantees = TRY(grantees(reader));
  if (give) grant.with_admin_option = reader.accept("with", "admin", "option");
  TRY(reader.expect_end());
  return grant;
}

}  // namespace

Result<Statement> parse_grant(Reader& reader, bool give) {
  if (!give && reader.accept("admin", "option", "for")) return grant_role(reader, give, true);
  if (reader.peek().is("role")) return grant_role(reader, give, false);
  Grant grant;
  grant.grant = give;
  if (!give) grant.option_only = reader.accept("grant", "option", "for");
  if (reader.peek().is("assumerole"))
    return sql_error(kNotSupported, "GRANT ASSUMEROLE is not supported: all may use the namespace's roles",
                     reader.peek().begin + 1);
  grant.privileges = TRY(privileges(reader));
  if (reader.accept("on")) {
    TRY(grant_objects(reader, grant));
  } else if (!reader.peek().is("to") && !reader.peek().is("from")) {
    return reader.unexpected();
  }
  TRY(end_of_grant(reader, grant));
  return grant;
}

Result<Statement> parse_default_privileges(Reader& reader) {
  DefaultPrivileges defaults;
  if (reader.accept("for")) {
    if (!reader.accept("user")) TRY(reader.expect("role"));
    defaults.owners = TRY(identities(reader));
  }
  if (reader.accept("in", "schema")) {
    do defaults.schemas.push_back(TRY(reader.name()));
    while (reader.accept_op(","));
  }
  Grant& grant = defaults.grant;
  grant.grant = reader.accept("grant");
  if (!grant.grant) {
    TRY(reader.expect("revoke"));
    grant.option_only = reader.accept("grant", "option", "for");
  }
  grant.privileges = TRY(privileges(reader));
  TRY(reader.expect("on"));
  if (reader.accept("tables"))
    grant.object_kind = "TABLE";
  else if (reader.accept("functions"))
    grant.object_kind = "FUNCTION";
  else if (reader.accept("procedures"))
    grant.object_kind = "PROCEDURE";
  else
    return reader.unexpected();
  TRY(end_of_grant(reader, grant));
  return defaults;
}

// --- users ----------------------------------------------------------------------------------------------------------

namespace {

// A word or a string or a number, for settings.
Result<std::string> setting_value(Reader& reader) {
  const Token& token = reader.peek();
  if (token.kind != TokenKind::kString && token.kind != TokenKind::kNumber && !token.is_name())
    return reader.unexpected();
  return reader.next().text;
}

Result<bool> user_option(Reader& reader, UserOptions& options) {
  if (reader.accept("createdb")) {
    options.create_database = true;
  } else if (reader.accept("nocreatedb")) {
    options.create_database = false;
  } else if (reader.accept("createuser")) {
    options.superuser = true;
  } else if (reader.accept("nocreateuser")) {
    options.superuser = false;
  } else if (reader.accept("syslog", "access")) {
    options.unrestricted = reader.accept("unrestricted");
    if (!*options.unrestricted) TRY(reader.expect("restricted"));
  } else if (reader.accept("password")) {
    if (reader.accept("disable")) {
      options.password = "";
    } else {
      const size_t position = reader.peek().begin + 1;
      options.password = TRY(reader.string());
      if (options.password->empty()) return sql_error(kInvalidParameter, "the password is empty", position);
    }
  } else if (reader.accept("valid", "until")) {
    options.valid_until = TRY(reader.string());
  } else if (reader.accept("in", "group")) {
    options.in_groups = TRY(identities(reader));
  } else if (reader.accept("externalid") || reader.accept("external", "id")) {
    options.external_id = TRY(parse_identity(reader));
  } else if (reader.accept("connection", "limit")) {
    options.settings.emplace_back("connection limit", TRY(setting_value(reader)));
  } else if (reader.accept("session", "timeout")) {
    options.settings.emplace_back("session timeout", TRY(setting_value(reader)));
  } else if (reader.accept("reset", "session", "timeout")) {
    options.settings.emplace_back("session timeout", std::nullopt);
  } else if (reader.accept("set")) {
    const std::string name = TRY(reader.name());
    if (!reader.accept("to")) TRY(reader.expect_op("="));
    std::string value;
    do value += (value.empty() ? "" : ", ") + TRY(setting_value(reader));
    while (reader.accept_op(","));
    options.settings.emplace_back(name, equals_ignore_case(value, "default") ? std::nullopt : std::optional(value));
  } else if (reader.accept("reset")) {
    options.settings.emplace_back(TRY(reader.name()), std::nullopt);
  } else {
    return false;
  }
  return true;
}

Status user_options(Reader& reader, UserOptions& options) {
  while (!reader.at_end())
    if (!TRY(user_option(reader, options))) return reader.unexpected();
  return {};
}

}  // namespace

Result<Statement> parse_create_user(Reader& reader) {
  CreateUser create{TRY(parse_identity(reader)), {}};
  reader.accept("with");
  TRY(user_options(reader, create.options));
  return create;
}

Result<Statement> parse_alter_user(Reader& reader) {
  AlterUser alter{TRY(parse_identity(reader)), {}, {}};
  reader.accept("with");
  if (reader.accept("rename", "to")) {
    alter.rename_to = TRY(parse_identity(reader));
    TRY(reader.expect_end());
    return alter;
  }
  if (reader.at_end()) return reader.unexpected();
  TRY(user_options(reader, alter.options));
  return alter;
}

Result<Statement> parse_drop_user(Reader& reader) {
  DropUser drop;
  drop.if_exists = reader.accept("if", "exists");
  drop.names = TRY(identities(reader));
  TRY(reader.expect_end());
  return drop;
}

Result<Statement> parse_group(Reader& reader, std::string_view verb) {
  const std::string name = TRY(parse_identity(reader));
  if (verb == "drop") {
    TRY(reader.expect_end());
    return DropGroup{name};
  }
  if (verb == "create") {
    CreateGroup create{name, {}};
    reader.accept("with");
    if (reader.accept("user")) create.members = TRY(identities(reader));
    TRY(reader.expect_end());
    return create;
  }
  AlterGroup alter{.name = name};
  if (reader.accept("rename", "to")) {
    alter.change = AlterGroup::Change::kRename;
    alter.rename_to = TRY(parse_identity(reader));
  } else {
    if (reader.accept("drop"))
      alter.change = AlterGroup::Change::kDrop;
    else
      TRY(reader.expect("add"));
    TRY(reader.expect("user"));
    alter.users = TRY(identities(reader));
  }
  TRY(reader.expect_end());
  return alter;
}

Result<Statement> parse_role_definition(Reader& reader, std::string_view verb) {
  const std::string name = TRY(parse_identity(reader));
  if (verb == "drop") {
    DropRole drop{name};
    drop.force = reader.accept("force");
    if (!drop.force) reader.accept("restrict");
    TRY(reader.expect_end());
    return drop;
  }
  if (verb == "create") {
    CreateRole create{name, {}};
    if (reader.accept("externalid")) create.external_id = TRY(parse_identity(reader));
    TRY(reader.expect_end());
    return create;
  }
  AlterRole alter{.name = name};
  reader.accept("with");
  if (reader.accept("rename", "to"))
    alter.rename_to = TRY(parse_identity(reader));
  else if (reader.accept("owner", "to"))
    alter.owner = TRY(parse_identity(reader));
  else if (reader.accept("externalid"))
    alter.external_id = TRY(parse_identity(reader));
  else
    return reader.unexpected();
  TRY(reader.expect_end());
  return alter;
}

}  // namespace tarn::sql

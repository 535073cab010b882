// Which statement it is, by its first words, and the small statements.
#include "sql/stmt_redshift.h"

#include "base/text.h"
#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

Failure not_yet(const Reader& reader, std::string_view what) {
  return sql_error(kNotSupported, std::string(what) + " is not supported yet", reader.peek().begin + 1);
}

// The rest of the statement as text, from the next token on.
std::string rest(Reader& reader) {
  return std::string(reader.source(reader.peek().begin, reader.source().size()));
}

// What says how a database is to be; it is so already, or is refused.
Status database_option(Reader& reader, const std::string& statement) {
  if (reader.accept("connection", "limit")) {
    if (!reader.accept("unlimited")) TRY(reader.integer());
    return {};
  }
  if (reader.accept("collate")) {
    if (reader.accept("case_sensitive") || reader.accept("cs")) return {};
    return not_yet(reader, statement + " with COLLATE " + upper(reader.peek().text));
  }
  if (reader.accept("isolation", "level")) {
    if (reader.accept("snapshot")) return {};
    return not_yet(reader, statement + " with ISOLATION LEVEL " + upper(reader.peek().text));
  }
  return not_yet(reader, statement + " with " + upper(reader.peek().text));
}

Result<Statement> create(Reader& reader) {
  const bool or_replace = reader.accept("or", "replace");
  if (reader.accept("external", "schema")) return parse_create_external_schema(reader);
  if (reader.accept("external", "table")) return parse_create_external_table(reader);
  if (reader.accept("function")) return parse_create_function(reader, or_replace);
  if (reader.accept("procedure")) return parse_create_procedure(reader, or_replace);
  if (reader.accept("database")) {
    CreateDatabase database{TRY(reader.name())};
    reader.accept("with");
    if (reader.accept("owner")) {
      reader.accept_op("=");
      database.owner = TRY(parse_identity(reader));
    }
    while (!reader.at_end()) TRY(database_option(reader, "CREATE DATABASE"));
    return database;
  }
  for (const std::string_view what :
       {"library", "model", "datashare", "identity", "masking", "rls"})
    if (reader.peek().is(what)) return not_yet(reader, "CREATE " + upper(what));
  if (reader.accept("user")) return parse_create_user(reader);
  if (reader.accept("group")) return parse_group(reader, "create");
  if (reader.accept("role")) return parse_role_definition(reader, "create");
  if (reader.accept("materialized", "view")) return parse_create_materialized_view(reader);
  if (reader.accept("view")) return parse_create_view(reader, or_replace);
  if (reader.peek().is("external")) return not_yet(reader, "CREATE EXTERNAL " + upper(reader.peek(1).text));
  if (reader.peek().is("table") || reader.peek().is("schema") || reader.peek().is("temp") ||
      reader.peek().is("temporary") || reader.peek().is("local"))
    return EngineStatement{};
  return reader.unexpected();
}

Result<Statement> drop(Reader& reader) {
  if (reader.accept("table")) {
    DropTable drop;
    drop.if_exists = reader.accept("if", "exists");
    do drop.tables.push_back(TRY(reader.qualified_name()));
    while (reader.accept_op(","));
    drop.cascade = reader.accept("cascade");
    if (!drop.cascade) reader.accept("restrict");
    TRY(reader.expect_end());
    return drop;
  }
  if (reader.accept("schema") || reader.accept("external", "schema")) {
    DropSchema drop;
    drop.if_exists = reader.accept("if", "exists");
    do drop.names.push_back(TRY(reader.name()));
    while (reader.accept_op(","));
    while (!reader.at_end()) {
      if (reader.accept("drop", "external", "database"))
        drop.drop_external_database = true;
      else if (reader.accept("cascade"))
        drop.cascade = true;
      else if (!reader.accept("restrict"))
        return reader.unexpected();
    }
    return drop;
  }
  if (reader.accept("function")) return parse_drop_routine(reader, false);
  if (reader.accept("procedure")) return parse_drop_routine(reader, true);
  if (reader.accept("database")) {
    DropDatabase drop{TRY(reader.name())};
    reader.accept("force");
    TRY(reader.expect_end());
    return drop;
  }
  if (reader.accept("view")) return parse_drop_view(reader, false);
  if (reader.accept("materialized", "view")) return parse_drop_view(reader, true);
  for (const std::string_view what :
       {"library", "model", "datashare", "identity", "masking", "rls"})
    if (reader.peek().is(what)) return not_yet(reader, "DROP " + upper(what));
  if (reader.accept("user")) return parse_drop_user(reader);
  if (reader.accept("group")) return parse_group(reader, "drop");
  if (reader.accept("role")) return parse_role_definition(reader, "drop");
  return reader.unexpected();
}

// ALTER of what only its owner is changed of.
Result<Statement> alter_owner(Reader& reader, const std::string& kind) {
  AlterOwner alter{.object_kind = kind};
  alter.object = TRY(reader.qualified_name());
  if (kind == "FUNCTION" || kind == "PROCEDURE") alter.signature = TRY(parse_signature(reader));
  const bool routine = kind == "FUNCTION" || kind == "PROCEDURE";
  if (routine && reader.accept("rename", "to")) {
    RenameRoutine rename{kind, std::move(alter.object), std::move(alter.signature), TRY(reader.name())};
    TRY(reader.expect_end());
    return rename;
  }
  if (kind == "SCHEMA" && reader.accept("quota")) {  // quotas have no effect
    if (!reader.accept("unlimited")) TRY(reader.integer());
    if (!reader.accept("mb") && !reader.accept("gb")) reader.accept("tb");
    TRY(reader.expect_end());
    return NothingToDo{"ALTER SCHEMA"};
  }
  if (kind == "DATABASE" && !reader.peek().is("owner")) {
    do TRY(database_option(reader, "ALTER DATABASE"));
    while (!reader.at_end());
    return NothingToDo{"ALTER DATABASE"};
  }
  if (!reader.peek().is("owner")) return not_yet(reader, "ALTER " + kind + " .. " + upper(reader.peek().text));
  TRY(reader.expect("owner", "to"));
  alter.owner = TRY(parse_identity(reader));
  TRY(reader.expect_end());
  return alter;
}

Result<Statement> alter(Reader& reader) {
  if (reader.accept("table")) return parse_alter_table(reader);
  if (reader.accept("materialized", "view")) return parse_alter_materialized_view(reader);
  if (reader.accept("user")) return parse_alter_user(reader);
  if (reader.accept("group")) return parse_group(reader, "alter");
  if (reader.accept("role")) return parse_role_definition(reader, "alter");
  if (reader.accept("default", "privileges")) return parse_default_privileges(reader);
  if (reader.accept("schema")) return alter_owner(reader, "SCHEMA");
  if (reader.accept("database")) return alter_owner(reader, "DATABASE");
  if (reader.accept("external", "schema")) return parse_alter_external_schema(reader);
  if (reader.accept("function")) return alter_owner(reader, "FUNCTION");
  if (reader.accept("procedure")) return alter_owner(reader, "PROCEDURE");
  if (reader.peek().kind == TokenKind::kWord) return not_yet(reader, "ALTER " + upper(reader.peek().text));
  return reader.unexpected();
}

// BEGIN, START TRANSACTION with their modes. AWS: READ ONLY is taken and ignored by Redshift.
Result<Statement> begin(Reader& reader) {
  Transaction transaction;
  while (!reader.at_end()) {
    if (reader.accept("work") || reader.accept("transaction") || reader.accept("read", "write") ||
        reader.accept_op(","))
      continue;
    if (reader.accept("read", "only")) {
      transaction.read_only = true;
    } else if (reader.accept("isolation", "level")) {
      if (!reader.accept("serializable") && !reader.accept("snapshot") && !reader.accept("read", "uncommitted") &&
          !reader.accept("read", "committed") && !reader.accept("repeatable", "read"))
        return reader.unexpected();
    } else {
      return reader.unexpected();
    }
  }
  return transaction;
}

Result<Statement> finish(Reader& reader, Transaction::Kind kind) {
  if (!reader.accept("work")) reader.accept("transaction");
  TRY(reader.expect_end());
  return Transaction{kind};
}

Result<Statement> set(Reader& reader) {
  SetVariable set;
  const bool variable = reader.accept("session_authorization");  // AWS: SET SESSION AUTHORIZATION, as its examples write it
  if (variable || reader.accept("session", "authorization")) {
    if (variable && !reader.accept("to")) TRY(reader.expect_op("="));
    SessionUser user;
    if (!reader.accept("default")) user.name = TRY(parse_identity(reader));
    TRY(reader.expect_end());
    return user;
  }
  // As BEGIN's modes: they change nothing.
  if (reader.accept("session", "characteristics")) {
    TRY(reader.expect("as", "transaction"));
    TRY(begin(reader));
    return NothingToDo{"SET"};
  }
  set.local = reader.accept("local");
  if (!set.local) reader.accept("session");
  if (reader.peek().is("session") || reader.peek().is("transaction"))
    return not_yet(reader, "SET " + upper(reader.peek().text));
  if (reader.accept("time", "zone")) {
    set.name = "timezone";
  } else {
    set.name = TRY(reader.name());
    while (reader.accept_op(".")) set.name += "." + TRY(reader.name());
    if (!reader.accept("to")) TRY(reader.expect_op("="));
  }
  // One value, or a list of them (search_path).
  do {
    if (reader.at_end()) return reader.unexpected();
    const bool minus = reader.accept_op("-");
    const Token& value = reader.peek();
    if (value.kind != TokenKind::kString && value.kind != TokenKind::kNumber && !value.is_name())
      return reader.unexpected();
    set.value += (set.value.empty() ? "" : ", ") + std::string(minus ? "-" : "") + reader.next().text;
  } while (reader.accept_op(","));
  TRY(reader.expect_end());
  return set;
}

Result<Statement> prepare(Reader& reader) {
  Prepare prepare{TRY(reader.name())};
  if (reader.accept_op("(")) {
    do prepare.types.push_back(TRY(parse_type(reader)));
    while (reader.accept_op(","));
    TRY(reader.expect_op(")"));
  }
  TRY(reader.expect("as"));
  if (reader.at_end()) return reader.unexpected();
  prepare.statement = rest(reader);
  return prepare;
}

Result<Statement> execute(Reader& reader) {
  ExecutePrepared execute{TRY(reader.name())};
  if (reader.peek().is_op("(")) execute.arguments = TRY(parse_expressions(reader));
  TRY(reader.expect_end());
  return execute;
}

Result<Statement> deallocate(Reader& reader) {
  reader.accept("prepare");
  Deallocate deallocate;
  if (!reader.accept("all")) deallocate.name = TRY(reader.name());
  TRY(reader.expect_end());
  return deallocate;
}

Result<Statement> declare(Reader& reader) {
  DeclareCursor cursor{TRY(reader.name())};
  TRY(reader.expect("cursor"));
  if (reader.accept("with") || reader.accept("without")) TRY(reader.expect("hold"));
  TRY(reader.expect("for"));
  if (reader.at_end()) return reader.unexpected();
  cursor.query = rest(reader);
  return cursor;
}

Result<Statement> fetch(Reader& reader) {
  FetchCursor fetch;
  if (reader.accept("forward")) {
    if (reader.accept("all"))
      fetch.count.reset();
    else if (reader.peek().kind == TokenKind::kNumber)
      fetch.count = TRY(reader.integer());
  } else if (reader.accept("all")) {
    fetch.count.reset();
  } else if (reader.peek().kind == TokenKind::kNumber) {  // as PostgreSQL's ODBC driver has it
    fetch.count = TRY(reader.integer());
  } else {
    reader.accept("next");
  }
  if (!reader.accept("in")) TRY(reader.expect("from"));
  fetch.name = TRY(reader.name());
  TRY(reader.expect_end());
  return fetch;
}

// ANALYZE [VERBOSE] [t [(c, ..)] [PREDICATE COLUMNS | ALL COLUMNS]], ANALYZE COMPRESSION [t [(c, ..)]] [COMPROWS n]
Result<Statement> analyze(Reader& reader) {
  Maintain analyze{.kind = "ANALYZE", .table = {}, .columns = {}};
  if (!reader.accept("compression")) reader.accept("verbose");
  if (reader.at_end()) return analyze;
  analyze.table = TRY(reader.qualified_name());
  if (reader.accept_op("(")) {
    do analyze.columns.push_back(TRY(reader.name()));
    while (reader.accept_op(","));
    TRY(reader.expect_op(")"));
  }
  if (!reader.accept("predicate", "columns")) reader.accept("all", "columns");
  if (reader.accept("comprows")) TRY(reader.integer());
  TRY(reader.expect_end());
  return analyze;
}

// VACUUM [FULL | SORT ONLY | DELETE ONLY | REINDEX | RECLUSTER] [t] [TO n PERCENT] [BOOST]
Result<Statement> vacuum(Reader& reader) {
  Maintain vacuum{.kind = "VACUUM", .table = {}, .columns = {}};
  if (!reader.accept("sort", "only") && !reader.accept("delete", "only"))
    for (const std::string_view kind : {"full", "reindex", "recluster"})
      if (reader.accept(kind)) break;
  if (!reader.at_end() && !reader.peek().is("to") && !reader.peek().is("boost")) vacuum.table = TRY(reader.qualified_name());
  if (reader.accept("to")) {
    TRY(reader.integer());
    TRY(reader.expect("percent"));
  }
  reader.accept("boost");
  TRY(reader.expect_end());
  return vacuum;
}

// Statements by their first word. Those of the engine are named too, so that a misspelt one is an error here.
Result<Statement> by_first_word(Reader& reader) {
  if (reader.accept("create")) return create(reader);
  if (reader.accept("drop")) return drop(reader);
  if (reader.accept("alter")) return alter(reader);
  if (reader.accept("unload")) return parse_unload(reader);
  if (reader.accept("copy")) return parse_copy(reader);
  if (reader.accept("show")) return parse_show(reader);
  if (reader.accept("grant")) return parse_grant(reader, true);
  if (reader.accept("revoke")) return parse_grant(reader, false);
  if (reader.accept("call")) return parse_call(reader);
  if (reader.accept("set")) return set(reader);
  if (reader.accept("reset", "session", "authorization") || reader.accept("reset", "session_authorization")) {
    TRY(reader.expect_end());
    return SessionUser{};
  }
  if (reader.accept("reset")) {
    ResetVariable reset{TRY(reader.name())};
    TRY(reader.expect_end());
    return reset;
  }
  if (reader.accept("begin") || reader.accept("start", "transaction")) return begin(reader);
  if (reader.accept("commit") || reader.accept("end")) return finish(reader, Transaction::Kind::kCommit);
  if (reader.accept("rollback") || reader.accept("abort")) return finish(reader, Transaction::Kind::kRollback);
  if (reader.accept("prepare")) return prepare(reader);
  if (reader.accept("execute")) return execute(reader);
  if (reader.accept("deallocate")) return deallocate(reader);
  if (reader.accept("declare")) return declare(reader);
  if (reader.accept("fetch")) return fetch(reader);
  if (reader.accept("close")) {
    CloseCursor close{TRY(reader.name())};
    TRY(reader.expect_end());
    return close;
  }
  if (reader.accept("analyze")) return analyze(reader);
  if (reader.accept("vacuum")) return vacuum(reader);
  for (const std::string_view word :
       {"select", "with", "insert", "update", "delete", "merge", "explain", "values"})
    if (reader.peek().is(word)) return EngineStatement{};
  if (reader.peek().is_op("(")) return EngineStatement{};
  if (reader.accept("truncate")) {
    reader.accept("table");
    Truncate truncate{TRY(reader.qualified_name())};
    TRY(reader.expect_end());
    return truncate;
  }
  if (reader.accept("lock")) {
    reader.accept("table");
    LockTables lock;
    do lock.tables.push_back(TRY(reader.qualified_name()));
    while (reader.accept_op(","));
    TRY(reader.expect_end());
    return lock;
  }
  if (reader.accept("refresh", "materialized", "view")) {
    RefreshView refresh{TRY(reader.qualified_name())};
    if (!reader.accept("cascade")) reader.accept("restrict");
    TRY(reader.expect_end());
    return refresh;
  }
  if (reader.accept("comment", "on")) return parse_comment(reader);
  if (reader.accept("desc") || reader.accept("describe")) {
    if (reader.peek().is("datashare")) return not_yet(reader, "DESC DATASHARE");
    return not_yet(reader, "DESC");
  }
  if (reader.accept("cancel")) {
    CancelSession cancel{TRY(reader.integer())};
    if (!reader.at_end()) TRY(reader.string());  // what the user shall be told
    TRY(reader.expect_end());
    return cancel;
  }
  for (const std::string_view word : {"use", "attach", "detach"})
    if (reader.peek().is(word)) return not_yet(reader, upper(word));
  return reader.unexpected();
}

}  // namespace

Result<Statement> recognise_redshift(const StatementText& statement) {
  Reader reader(statement.text, statement.tokens);
  return by_first_word(reader);
}

}  // namespace tarn::sql

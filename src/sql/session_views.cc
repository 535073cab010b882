// Views that are not the engine's own, comments, TRUNCATE, LOCK, ALTER TABLE APPEND.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "sql/session.h"
#include "sql/session_words.h"
#include "sql/sql_error.h"
#include "sql/tokens_redshift.h"

namespace tarn::sql {
namespace {

// The view that holds a materialized view's query.
Object query_of(const Object& view) {
  return {"TABLE", std::string(kRightsSchema), query_view(view.schema, view.name)};
}

}  // namespace

// Another statement, as part of this one.
Result<Outcome> SqlSession::run_text(Running& run, const std::string& sql, bool materialized) {
  const auto statements = TRY(split_statements(sql));
  if (statements.size() != 1) return sql_error(kSyntaxError, "one statement is expected in: " + sql);
  const RunRequest request{run.request.statement_id, run.request.params};
  Running inner{run.host, request, statements[0], run.depth + 1};
  auto outcome = engine(inner, materialized);
  if (outcome) return outcome;
  Error error = std::move(outcome).error();
  std::erase_if(error.members, [](const auto& member) { return member.first == "position"; });
  return Failure(std::move(error));
}

Result<std::string> SqlSession::kept_view(Running& run, const Object& view) {
  const auto rows = TRY(internal(run, "SELECT kind FROM " + kept("views") + where_named(view)));
  return rows.empty() ? std::string() : rows[0][0].value_or("");
}

Status SqlSession::keep_view(Running& run, const std::string& kind, const Object& view, const std::string& definition,
                             const std::string& options) {
  TRY(internal(run,
               "DELETE FROM " + kept("views") + where_named(view) + "; INSERT INTO " + kept("views") + " VALUES (" +
                   quoted_string(kind) + ", " + quoted_string(view.schema) + ", " + quoted_string(view.name) + ", " +
                   quoted_string(definition) + ", " + quoted_string(options) + ")",
               true));
  return {};
}

// --- views ----------------------------------------------------------------------------------------------------------

// AWS: CREATE VIEW: a late-binding view names the schema of each relation; its WITH queries have none.
static Status names_qualified(const std::string& query) {
  const std::vector<Token> tokens = TRY(lex(query));
  const auto at = [&](size_t i) -> const Token& { return tokens[std::min(i, tokens.size() - 1)]; };
  std::set<std::string> known;
  for (size_t i = 0; i < tokens.size(); ++i)
    if (at(i).is_name() && at(i + 1).is("as") && at(i + 2).is_op("(")) known.insert(lower(at(i).text));
  for (size_t i = 0; i < tokens.size(); ++i)  // WITH name (columns) AS (
    if (at(i).is_name() && i > 0 && (at(i - 1).is("with") || at(i - 1).is("recursive") || at(i - 1).is_op(",")) && at(i + 1).is_op("("))
      known.insert(lower(at(i).text));
  std::vector<bool> fields;  // of each open parenthesis: is it that of EXTRACT(year FROM d) and the like?
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    const Token& name = at(i + 1);
    if (at(i).is_op("("))
      fields.push_back(i > 0 && (at(i - 1).is("extract") || at(i - 1).is("trim") || at(i - 1).is("substring")));
    if (at(i).is_op(")") && !fields.empty()) fields.pop_back();
    const bool relation = (at(i).is("from") || at(i).is("join")) && name.is_name() && !at(i + 2).is_op(".") && !at(i + 2).is_op("(");
    const bool field = (!fields.empty() && fields.back()) || (i > 0 && at(i - 1).is("distinct"));
    if (relation && !field && !name.is("select") && !name.is("lateral") && !name.is("unpivot") && !known.contains(lower(name.text)))
      return sql_error("42601", "All the relation names inside should be qualified when creating VIEW WITH NO SCHEMA BINDING.");
  }
  return {};
}

Result<Outcome> SqlSession::execute(Running& run, const CreateView& s) {
  const Object view{"TABLE", schema_of(s.name), s.name.name};
  const std::string old = TRY(kept_view(run, view));
  if (!s.late) {
    Outcome outcome;
    TRY(atomically(run, [&]() -> Status {
      if (old == "LATE") {  // it hides no view of the engine's
        TRY(need_owner(run, view));
        TRY(internal(run, "DELETE FROM " + kept("views") + where_named(view)));
      }
      outcome = TRY(engine(run));
      return keep_view(run, "VIEW", view, s.query, "");
    }));
    return outcome;
  }
  TRY(names_qualified(s.query));
  const bool exists = TRY(find_relation(run, {{}, view.schema, view.name, 0})).has_value();
  if (exists && (!s.or_replace || (old != "LATE" && old != "VIEW")))
    return sql_error(kDuplicateTable, "relation \"" + s.name.name + "\" already exists", s.name.position);
  if (exists) TRY(need_owner(run, view));
  TRY(need(run, {"SCHEMA", "", view.schema}, "CREATE"));
  const std::string query = TRY(to_engine(s.query)).sql;
  std::string columns;
  for (const std::string& column : s.columns) columns += (columns.empty() ? "" : ",") + column;
  TRY(atomically(run, [&]() -> Status {
    if (old == "VIEW") TRY(internal(run, "DROP VIEW " + quoted(view)));
    if (!exists) TRY(made(run, view));
    return keep_view(run, "LATE", view, query, columns);
  }));
  return done("CREATE VIEW");
}

// A view that the engine knows, of whatever kind.
Status SqlSession::drop_view(Running& run, const Object& view) {
  const bool materialized = TRY(kept_view(run, view)) == "MATERIALIZED";
  TRY(internal(run, (materialized ? "DROP TABLE IF EXISTS " : "DROP VIEW IF EXISTS ") + quoted(view), true));
  if (materialized) TRY(internal(run, "DROP VIEW IF EXISTS " + quoted(query_of(view)), true));
  TRY(dropped(run, view));
  TRY(internal(run, "DELETE FROM " + kept("views") + where_named(view), true));
  return {};
}

Status SqlSession::drop_readers(Running& run, const Object& object, const std::vector<QualifiedName>& names, bool cascade,
                                std::string_view kind) {
  const auto rows = TRY(internal(run, "SELECT DISTINCT view_schema, view_name FROM system.redshift.view_reads() WHERE "
                                      "schema_name = " + quoted_string(object.schema) + " AND name = " +
                                      quoted_string(object.name) + " AND (view_schema, view_name) <> (schema_name, name)"));
  for (const auto& row : rows) {
    const Object reader{"TABLE", row[0].value_or(""), row[1].value_or("")};
    const bool named_too = std::ranges::any_of(names, [&](const QualifiedName& each) {
      return each.name == reader.name && (each.schema.empty() || each.schema == reader.schema);
    });
    if (named_too) continue;
    if (!cascade) {
      return sql_error("2BP01", "cannot drop " + std::string(kind) + " " + object.name +
                                    " because other objects depend on it\n  Hint: Use DROP ... CASCADE to drop the "
                                    "dependent objects too.");
    }
    TRY(drop_view(run, reader));
    TRY(drop_readers(run, reader, names, true, "view"));
  }
  return {};
}

Result<Outcome> SqlSession::execute(Running& run, const DropView& s) {
  const std::string kind = s.materialized ? "DROP MATERIALIZED VIEW" : "DROP VIEW";
  TRY(atomically(run, [&]() -> Status {
    for (const QualifiedName& name : s.names) {
      const auto view = TRY(find_relation(run, name));
      const std::string is = view ? TRY(kept_view(run, *view)) : "";
      if (view && s.materialized && is != "MATERIALIZED")
        return sql_error("42809", "\"" + name.text() + "\" is not a materialized view", name.position);
      if (view && !s.materialized && is == "MATERIALIZED")
        return sql_error("42809", "\"" + name.text() + "\" is a materialized view: use DROP MATERIALIZED VIEW",
                         name.position);
      if (view && is == "LATE") {
        TRY(need_owner(run, *view));
        TRY(dropped(run, *view));
      } else {
        TRY(run_text(run, std::string("DROP ") + (s.materialized ? "TABLE " : "VIEW ") + (s.if_exists ? "IF EXISTS " : "") +
                              name.quoted() + (s.cascade ? " CASCADE" : "")));
        if (view) TRY(drop_readers(run, *view, s.names, s.cascade, s.materialized ? "materialized view" : "view"));
      }
      if (view && s.materialized) TRY(internal(run, "DROP VIEW IF EXISTS " + quoted(query_of(*view)), true));
      if (view) TRY(internal(run, "DELETE FROM " + kept("views") + where_named(*view), true));
    }
    return {};
  }));
  return done(kind);
}

// --- materialised views: a table, and the query that fills it -------------------------------------------------------

Result<Outcome> SqlSession::execute(Running& run, const CreateMaterializedView& s) {
  const Object view{"TABLE", schema_of(s.name), s.name.name};
  TRY(atomically(run, [&]() -> Status {
    TRY(run_text(run, "CREATE TABLE " + quoted(view) + s.attributes + " AS " + s.query, true));
    return keep_view(run, "MATERIALIZED", view, s.query, s.auto_refresh ? "auto" : "");
  }));
  return done("CREATE MATERIALIZED VIEW");
}

Result<Outcome> SqlSession::execute(Running& run, const RefreshView& s) {
  const Object view = TRY(relation(run, s.name));
  if (TRY(kept_view(run, view)) != "MATERIALIZED")
    return sql_error("42809", "\"" + s.name.text() + "\" is not a materialized view", s.name.position);
  TRY(need_owner(run, view));
  TRY(refresh(run, view));
  notices_.push_back("Materialized view " + view.name + " was recomputed successfully.");
  return done("REFRESH MATERIALIZED VIEW");
}

Status SqlSession::refresh(Running& run, const Object& view) {
  return atomically(run, [&]() -> Status {
    TRY(run_text(run, "DELETE FROM " + quoted(view)));
    TRY(run_text(run, "INSERT INTO " + quoted(view) + " SELECT * FROM " + quoted(query_of(view))));
    return {};
  });
}

Status SqlSession::changed(Running& run, const Object& table) {
  const std::string views = kept("views");
  const auto rows = TRY(internal(
      run, "WITH RECURSIVE up AS (SELECT " + quoted_string(table.schema) + " AS s, " + quoted_string(table.name) +
               " AS n UNION SELECT r.view_schema, r.view_name FROM system.redshift.view_reads() r JOIN up ON "
               "r.schema_name = up.s AND "
               "r.name = up.n LEFT JOIN " +
               views +
               " m ON m.kind = 'MATERIALIZED' AND m.options <> 'auto' AND m.schema_name = "
               "r.view_schema AND m.name = r.view_name WHERE m.name IS NULL) SELECT up.s, up.n FROM up JOIN " +
               views + " v ON v.schema_name = up.s AND v.name = up.n WHERE v.kind = 'MATERIALIZED'"));
  for (const auto& row : rows) stale_.push_back({"TABLE", row[0].value_or(""), row[1].value_or("")});
  return {};
}

// AWS: automatic refresh of a materialized view, as soon as what it reads has changed. Here right behind the change, each view in a
// transaction of its own, as its owner; one that cannot be refreshed stays as it is.
void SqlSession::refresh_stale(Running& run) {
  constexpr int kMostRounds = 16;  // of views over views
  const std::vector<std::string> notices = notices_;
  for (int round = 0; round < kMostRounds && !stale_.empty() && atomic_depth_ == 0; ++round) {
    const std::vector<Object> views = std::exchange(stale_, {});
    for (size_t i = 0; i < views.size(); ++i) {
      if (std::find(views.begin(), views.begin() + static_cast<ptrdiff_t>(i), views[i]) !=
          views.begin() + static_cast<ptrdiff_t>(i))
        continue;
      const auto all = rights(run);
      if (!all) return;
      const std::string user = std::exchange(user_, all->owner_of(views[i]));
      (void)refresh(run, views[i]);
      user_ = user;
    }
  }
  stale_.clear();
  notices_ = notices;
}

Result<Outcome> SqlSession::execute(Running& run, const AlterMaterializedView& s) {
  const Object view = TRY(relation(run, s.name));
  if (TRY(kept_view(run, view)) != "MATERIALIZED")
    return sql_error("42809", "\"" + s.name.text() + "\" is not a materialized view", s.name.position);
  TRY(need_owner(run, view));
  TRY(internal(run,
               "UPDATE " + kept("views") + " SET options = " + quoted_string(s.auto_refresh ? "auto" : "") + where_named(view),
               true));
  return done("ALTER MATERIALIZED VIEW");
}

// --- comments -------------------------------------------------------------------------------------------------------

Result<Outcome> SqlSession::execute(Running& run, const Comment& s) {
  Object object{s.object_kind, "", s.object.name};
  if (s.object_kind == "DATABASE") {
    object.name.clear();
  } else if (s.object_kind != "SCHEMA") {
    object = TRY(relation(run, s.object));
    const std::string column = quoted_string(s.column);
    if (s.object_kind == "COLUMN" &&
        TRY(internal(run, "SELECT 1 FROM duckdb_columns()" + where_table(object) + " AND column_name = " + column)).empty())
      return sql_error("42703", "column \"" + s.column + "\" of relation \"" + object.name + "\" does not exist");
  }
  TRY(need_owner(run, object));
  const std::string is = " WHERE kind = " + quoted_string(object.kind) + " AND schema_name = " +
                         quoted_string(object.schema) + " AND name = " + quoted_string(object.name) +
                         " AND column_name = " + quoted_string(s.column);
  std::string sql = "DELETE FROM " + kept("comments") + is;
  if (s.text && !s.text->empty())
    sql += "; INSERT INTO " + kept("comments") + " VALUES (" + quoted_string(object.kind) + ", " +
           quoted_string(object.schema) + ", " + quoted_string(object.name) + ", " + quoted_string(s.column) + ", " +
           quoted_string(*s.text) + ")";
  TRY(internal(run, sql, true));
  return done("COMMENT");
}

// --- tables ---------------------------------------------------------------------------------------------------------

// AWS: TRUNCATE commits the transaction that it is run in.
Result<Outcome> SqlSession::execute(Running& run, const Truncate& s) {
  if (in_block_ && run.depth > 0)
    return sql_error("2D000", "TRUNCATE cannot be invoked from a procedure that is executing in an atomic context.");
  if (TRY(external_schema(TRY(catalog(run)), s.table)) != nullptr)
    return sql_error("42809", "cannot truncate external table \"" + s.table.name + "\"", s.table.position);
  const auto table = TRY(find_relation(run, s.table));
  if (!table) {  // a temporary one, or none
    TRY(run_text(run, "DELETE FROM " + s.table.quoted()));
  } else {
    if (!TRY(kept_view(run, *table)).empty())
      return sql_error("42809", "\"" + s.table.name + "\" is not a table", s.table.position);
    const UserCatalog all = TRY(catalog(run));
    const auto held = system_privileges(all, TRY(identity(run)));
    if (std::ranges::find(held, "TRUNCATE TABLE") == held.end()) {
      TRY(need(run, {"SCHEMA", "", table->schema}, "USAGE"));
      TRY(need(run, *table, "TRUNCATE"));
    }
    TRY(internal(run, "DELETE FROM " + quoted(*table), true));
    TRY(changed(run, *table));
  }
  if (in_block_ && run.depth == 0) {  // AWS: TRUNCATE commits
    in_block_ = false;
    cursors_.clear();
    TRY(commit(run));
  } else if (in_block_ || atomic_depth_ > 0) {
    TRY(commit(run));
    TRY(begin(run));
  }
  return done("TRUNCATE");
}

Result<Outcome> SqlSession::execute(Running& run, const LockTables& s) {
  if (!in_block_ && atomic_depth_ == 0)
    return sql_error(kNoActiveTransaction, "LOCK TABLE may only be used in transaction blocks");
  // Locked before anything is looked at: a transaction sees what there is when it first looks.
  for (const QualifiedName& table : s.tables) {
    auto held = TRY(run.host.locks().lock(options_.database + "." + schema_of(table) + "." + table.name, this, cancelled_));
    if (held) locks_.push_back(std::move(held));
  }
  for (const QualifiedName& table : s.tables) {
    const Object found = TRY(relation(run, table));
    const Identity who = TRY(identity(run));
    if (who.superuser) continue;
    const Rights all = TRY(rights(run));
    const bool may = std::ranges::any_of(std::initializer_list<const char*>{"INSERT", "UPDATE", "DELETE", "SELECT"},
                                         [&](const char* privilege) { return all.may(who, found, privilege); });
    if (!may) return sql_error(kInsufficientPrivilege, "permission denied for relation " + found.name);
  }
  return done("LOCK");
}

// What writes to a locked table waits for whoever holds the lock.
Status SqlSession::wait_for_locks(Running& run) {
  Reader reader(run.statement.text, run.statement.tokens);
  const bool writes = reader.accept("insert", "into") || reader.accept("update") || reader.accept("delete", "from") ||
                      reader.accept("delete") || reader.accept("merge", "into") || reader.accept("copy") ||
                      reader.accept("truncate", "table") || reader.accept("truncate") ||
                      reader.accept("alter", "table") || reader.accept("drop", "table");
  if (!writes) return {};
  const auto table = reader.qualified_name();
  if (!table) return {};
  return run.host.locks().wait(options_.database + "." + schema_of(*table) + "." + table->name, this, cancelled_);
}

}  // namespace tarn::sql

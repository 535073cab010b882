#include "sql/session.h"

#include <thread>
#include <tuple>

#include "base/text.h"
#include "os/random.h"
#include "os/scratch.h"
#include "sql/sql_error.h"
#include "sql/tokens_redshift.h"

namespace tarn::sql {
namespace {

constexpr std::string_view kCatalog = "awsdatacatalog";
constexpr int kMaxDepth = 64;
constexpr std::string_view kConflict = "40001";
constexpr auto kConflictPatience = std::chrono::seconds(30);
constexpr auto kFirstPause = std::chrono::milliseconds(1), kLongestPause = std::chrono::milliseconds(50);

// What identifies a definition.
auto key_of(const StoredSchema& s) {
  return std::tuple(s.name);
}
auto key_of(const StoredRoutine& r) {
  return std::tuple(r.procedure, r.schema, r.name, r.signature);
}
auto key_of(const StoredUser& u) {
  return std::tuple(u.name);
}
auto key_of(const StoredGroup& g) {
  return std::tuple(g.name);
}
auto key_of(const StoredRole& r) {
  return std::tuple(r.name);
}
auto key_of(const StoredMembership& m) {
  return std::tuple(m.role, m.member_kind, m.member);
}

std::vector<StoredSchema>& all_of(UserCatalog& catalog, const StoredSchema&) {
  return catalog.schemas;
}
std::vector<StoredRoutine>& all_of(UserCatalog& catalog, const StoredRoutine&) {
  return catalog.routines;
}
std::vector<StoredUser>& all_of(UserCatalog& catalog, const StoredUser&) {
  return catalog.users;
}
std::vector<StoredGroup>& all_of(UserCatalog& catalog, const StoredGroup&) {
  return catalog.groups;
}
std::vector<StoredRole>& all_of(UserCatalog& catalog, const StoredRole&) {
  return catalog.roles;
}
std::vector<StoredMembership>& all_of(UserCatalog& catalog, const StoredMembership&) {
  return catalog.memberships;
}

void apply_change(UserCatalog& catalog, const CatalogChange& change) {
  std::visit(
      [&](const auto& what) {
        auto& all = all_of(catalog, what);
        std::erase_if(all, [&](const auto& each) { return key_of(each) == key_of(what); });
        if (change.kind == CatalogChange::Kind::kPut) all.push_back(what);
      },
      change.what);
}

Result<SqlFunction> sql_function(const StoredRoutine& routine) {
  const auto statements = TRY(split_statements(routine.definition));
  const Statement parsed = TRY(recognise_redshift(statements.at(0)));
  const auto& created = std::get<CreateFunction>(parsed);
  SqlFunction function;
  function.schema = routine.schema;
  function.name = routine.name;
  function.signature = routine.name + "(" + routine.signature + ")";
  for (const Argument& argument : created.arguments)
    function.argument_types.push_back(engine_type(argument.type, TypeUse::kCast));
  function.return_type = engine_type(created.returns, TypeUse::kCast);
  const auto body = TRY(split_statements(created.body));
  if (body.size() != 1) return sql_error(kSyntaxError, "the body of a SQL function is one SELECT");
  function.body = TRY(to_engine(body[0])).sql;
  return function;
}

}  // namespace

std::vector<std::string> schemas_of(std::string_view search_path) {
  std::vector<std::string> all;
  for (const std::string_view part : split(search_path, ',')) {
    const std::string name = lower(trim(part));
    if (!name.empty() && name != "$user") all.push_back(name);
  }
  return all;
}

SqlSession::SqlSession(Engine& engine, SessionOptions options)
    : engine_(engine), options_(std::move(options)), user_(options_.user) {}

SqlSession::~SqlSession() {
  if (session_) engine_.close_session(*session_);
}

void SqlSession::cancel() {
  cancelled_ = true;
  if (const uint64_t open = open_session_; open != 0) engine_.cancel({open});
}

Result<Outcome> SqlSession::run(SessionHost& host, const StatementText& statement, const RunRequest& request) {
  Running run{host, request, statement};
  notices_.clear();
  Result<Outcome> outcome = checked(run);
  if (!outcome && in_block_ && sqlstate_of(outcome.error()) != "57P02") failed_ = true;
  if (!stale_.empty() && !in_block_) refresh_stale(run);
  if (!outcome) {
    for (std::string& notice : notices_) outcome.error().members.emplace_back("notice", std::move(notice));
    return outcome;
  }
  if (!request.describe_only) last_query_ = request.query_id;
  outcome->notices.insert(outcome->notices.begin(), notices_.begin(), notices_.end());
  outcome->in_transaction = in_block_;
  outcome->transaction_failed = failed_;
  return outcome;
}

// A statement of the session's own or inside of a procedure.
Result<Outcome> SqlSession::checked(Running& run) {
  if (cancelled_) return sql_error("57014", "Query cancelled on user's request");
  if (failed_ && run.depth == 0) {
    const auto parsed = recognise_redshift(run.statement);
    const bool ends = parsed && std::holds_alternative<Transaction>(*parsed) &&
                      std::get<Transaction>(*parsed).kind != Transaction::Kind::kBegin;
    if (!ends)
      return sql_error("25P02", "current transaction is aborted, commands ignored until end of transaction block");
  }
  return dispatch(run);
}

Result<Outcome> SqlSession::dispatch(Running& run) {
  // Prepared statements and procedures may run themselves.
  if (run.depth > kMaxDepth) return sql_error("54001", "statements within statements nest too deeply");
  const Statement statement = TRY(recognise_redshift(run.statement));
  if (run.request.describe_only && !std::holds_alternative<EngineStatement>(statement) &&
      !std::holds_alternative<ExecutePrepared>(statement) && !std::holds_alternative<CallProcedure>(statement))
    return sql_error(kNotSupported, "only queries can be described");
  TRY(wait_for_locks(run));
  return std::visit([&](const auto& s) { return execute(run, s); }, statement);
}

// --- the engine's session -------------------------------------------------------------------------------------------

Result<SessionId> SqlSession::opened() {
  if (!session_) session_ = TRY(engine_.open_session(options_.database, Dialect::kRedshift));
  open_session_ = session_->value;
  if (cancelled_) return sql_error("57014", "Query cancelled on user's request");
  return *session_;
}

Result<UserCatalog> SqlSession::catalog(Running& run) {
  UserCatalog all = TRY(run.host.catalog(options_.database));
  for (const CatalogChange& change : pending_) apply_change(all, change);
  return all;
}

Status SqlSession::change(Running& run, std::vector<CatalogChange> changes) {
  // In a transaction of the engine, which has the statement's id in it: that is how a crash tells what was done.
  return atomically(run, [&]() -> Status {
    std::move(changes.begin(), changes.end(), std::back_inserter(pending_));
    TRY(internal(run, "SELECT 1", true));
    return {};
  });
}

Result<StatementContext> SqlSession::context(Running& run, const std::string& role) {
  const UserCatalog all = TRY(catalog(run));
  StatementContext context;
  context.principal = run.host.principal({role, all.schemas});
  context.statement_id = run.request.statement_id;
  context.dialect = Dialect::kRedshift;
  context.database = options_.database;
  context.user = user_;
  const Identity who = identity_of(all, user_, user_ == options_.user ? options_.roles : std::vector<std::string>{});
  context.superuser = who.superuser;
  context.groups = who.groups;
  context.roles = who.roles;
  context.system_privileges = system_privileges(all, who);
  context.search_path = search_path();
  if (const auto zone = variable("timezone")) context.time_zone = *zone;
  for (const StoredSchema& schema : all.schemas)
    context.external_schemas.push_back({schema.name, std::string(kCatalog), schema.catalog_name()});
  for (const StoredRoutine& routine : all.routines)
    if (!routine.procedure) context.functions.push_back(TRY(sql_function(routine)));
  context.now = run.host.now();
  const auto limit = [&](const char* name, int64_t unit) {
    const int64_t given = parse_int(variable(name).value_or("0")).value_or(0) * unit;
    const std::chrono::milliseconds time{given};
    if (given > 0 && (context.timeout.count() == 0 || time < context.timeout)) context.timeout = time;
  };
  limit("statement_timeout", 1);
  limit("max_query_execution_time", 1000);
  return context;
}

Result<Outcome> SqlSession::engine(Running& run, const std::string& sql, const std::vector<Param>& params, int spool) {
  ExecuteRequest request;
  request.context = TRY(context(run));
  request.sql = sql;
  request.params = params;
  request.spool = spool;
  request.max_bytes = run.request.max_bytes;
  return ask(request);
}

// Sends it to the engine. What conflicts with another transaction waits for that one and is done anew, as Redshift's
// statements wait for a table's lock, unless it is part of a transaction that has seen something before.
Result<Outcome> SqlSession::ask(const ExecuteRequest& request) {
  const SessionId session = TRY(opened());
  const auto give_up = std::chrono::steady_clock::now() + kConflictPatience;
  for (auto pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    Result<Outcome> outcome = engine_.execute(session, request);
    if (outcome) {
      for (const TableUse& view : outcome->stale_views) stale_.push_back({"TABLE", view.schema, view.table});
      return outcome;
    }
    const bool again = sqlstate_of(outcome.error()) == kConflict && !in_block_ && atomic_depth_ == 0 && !cancelled_ &&
                       std::chrono::steady_clock::now() < give_up;
    if (!again) return Failure(seen(std::move(outcome).error()));
    if (request.spool >= 0) TRY(empty_file(request.spool));
    std::this_thread::sleep_for(pause);
  }
}

// An engine that ended took the session's transaction and temporary tables along; the next statement begins anew.
Error SqlSession::seen(Error error) {
  const std::string state = sqlstate_of(error);
  if (state != "57P02" && state != "08003") return error;
  session_.reset();
  open_session_ = 0;
  in_block_ = failed_ = false;
  pending_.clear();
  stale_.clear();
  locks_.clear();
  cursors_.clear();
  restore_variables(false);
  return error;
}

// The statement as it is, after the token rules.
Result<Outcome> SqlSession::engine(Running& run, bool materialized) {
  const EngineText text = TRY(to_engine(run.statement));
  ExecuteRequest request;
  request.context = TRY(context(run));
  request.sql = text.sql;
  request.params = run.request.params;
  request.table_attributes = text.attributes;
  request.table_attributes.materialized = materialized;
  request.spool = run.request.spool;
  request.max_bytes = run.request.max_bytes;
  request.describe_only = run.request.describe_only;
  for (Param& param : request.params) param.name = lower(param.name);
  TRY(add_session_values(text.sql, request.params));
  Result<Outcome> outcome = ask(request);
  if (!outcome) return Failure(moved_to_source(std::move(outcome).error(), text.map));
  return outcome;
}

Result<SqlSession::Held> SqlSession::held(Running& run, const std::string& sql, const std::vector<Param>& params) {
  Held held;
  held.file = Fd(TRY(memory_file()).release());
  held.outcome = TRY(engine(run, sql, params, held.file.get()));
  if (!held.outcome.columns.empty()) held.rows = std::make_unique<SpoolReader>(TRY(SpoolReader::open(held.file.get())));
  return held;
}

Result<std::vector<std::vector<SqlSession::Cell>>> SqlSession::query(Running& run, const std::string& sql,
                                                                     const std::vector<Param>& params) {
  return all_rows(TRY(held(run, sql, params)));
}

Result<std::vector<std::vector<SqlSession::Cell>>> SqlSession::all_rows(const Held& rows) {
  std::vector<std::vector<Cell>> all;
  for (size_t p = 0; rows.rows && p < rows.rows->pages(); ++p) {
    const SpoolPage page = TRY(rows.rows->page(p));
    for (uint32_t r = 0; r < page.rows(); ++r) {
      auto& row = all.emplace_back();
      for (size_t c = 0; c < rows.rows->columns().size(); ++c) {
        const auto cell = page.cell(r, c);
        row.push_back(cell.null ? std::nullopt : Cell(cell.as_text()));
      }
    }
  }
  return all;
}

Result<std::vector<std::vector<SqlSession::Cell>>> SqlSession::internal(Running& run, const std::string& sql,
                                                                        bool mark) {
  Held rows;
  rows.file = Fd(TRY(memory_file()).release());
  ExecuteRequest request;
  request.context.dialect = Dialect::kRedshift;
  request.context.database = options_.database;
  request.context.user = user_;
  request.context.now = run.host.now();
  request.sql = sql;
  request.internal = true;
  request.mark = mark;
  if (mark) request.context.statement_id = run.request.statement_id;
  request.spool = rows.file.get();
  rows.outcome = TRY(ask(request));
  rows.rows = std::make_unique<SpoolReader>(TRY(SpoolReader::open(rows.file.get())));
  return all_rows(rows);
}

// --- transactions ---------------------------------------------------------------------------------------------------

Status SqlSession::begin(Running& run) {
  TRY(engine(run, "BEGIN", {}, -1));
  return {};
}

// The user's definitions follow the engine's commit: without it there is nothing that could use them. They are kept before
// it, so that a crash between the two loses none.
Status SqlSession::commit(Running& run) {
  const std::vector<CatalogChange> changes = std::exchange(pending_, {});
  const std::vector<TableLocks::Held> locks = std::exchange(locks_, {});  // until this is done
  if (changes.empty()) {
    TRY(engine(run, "COMMIT", {}, -1));
    return {};
  }
  const std::string id = uuid4();
  TRY(run.host.intend(options_.database, id, changes));
  ExecuteRequest request;
  request.context = TRY(context(run));
  request.context.statement_id = id;
  request.sql = "COMMIT";
  request.mark = true;
  if (auto done = ask(request); !done) {
    // An engine that ended may have committed: that is settled when the server asks it anew.
    if (sqlstate_of(done.error()) != "57P02") (void)run.host.settle(id, false);
    return Failure(std::move(done).error());
  }
  return run.host.settle(id, true);
}

Status SqlSession::rollback(Running& run) {
  pending_.clear();
  stale_.clear();
  const std::vector<TableLocks::Held> locks = std::exchange(locks_, {});
  TRY(engine(run, "ROLLBACK", {}, -1));
  return {};
}

void SqlSession::remember(const std::string& name, bool local) {
  if (!in_block_ && !local) return;
  const auto set = variables_.find(name);
  const std::optional<std::string> before = set == variables_.end() ? std::nullopt : std::optional(set->second);
  before_block_.try_emplace(name, before);
  if (local) before_local_.try_emplace(name, before);
}

void SqlSession::restore_variables(bool committed) {
  for (const auto& [name, value] : committed ? before_local_ : before_block_) {
    if (value)
      variables_[name] = *value;
    else
      variables_.erase(name);
  }
  before_block_.clear();
  before_local_.clear();
}

Result<Outcome> SqlSession::execute(Running& run, const Transaction& s) {
  if (run.depth > 0)
    return sql_error("2D000", "BEGIN, COMMIT and ROLLBACK of a session cannot be executed from a procedure by EXECUTE");
  Outcome outcome;
  if (s.kind == Transaction::Kind::kBegin) {
    outcome.kind = "BEGIN";
    if (in_block_) {
      outcome.notices.push_back("there is already a transaction in progress");
      return outcome;
    }
    TRY(begin(run));
    in_block_ = true;
    return outcome;
  }
  const bool commits = s.kind == Transaction::Kind::kCommit && !failed_;
  outcome.kind = commits ? "COMMIT" : "ROLLBACK";
  if (!in_block_) {
    outcome.notices.push_back("there is no transaction in progress");
    return outcome;
  }
  in_block_ = failed_ = false;
  cursors_.clear();
  restore_variables(commits);
  TRY(commits ? commit(run) : rollback(run));
  return outcome;
}

Status SqlSession::refuse_in_block(std::string_view statement) const {
  if (!in_block_ && atomic_depth_ == 0) return {};
  return sql_error("25001", std::string(statement) + " cannot run inside a transaction block");
}

// --- names ----------------------------------------------------------------------------------------------------------

std::optional<std::string> SqlSession::variable(const std::string& name) const {
  if (const auto set = variables_.find(name); set != variables_.end()) return set->second;
  if (const auto given = options_.settings.find(name); given != options_.settings.end()) return given->second;
  return std::nullopt;
}

std::vector<std::string> SqlSession::search_path() const {
  return schemas_of(variable("search_path").value_or(std::string(kDefaultSearchPath)));
}

std::string SqlSession::schema_of(const QualifiedName& name) const {
  if (!name.schema.empty()) return name.schema;
  const auto schemas = search_path();
  return schemas.empty() ? "public" : schemas.front();
}

// nullptr: the name's schema is not an external one.
Result<const StoredSchema*> SqlSession::external_schema(const UserCatalog& all, const QualifiedName& name) {
  if (!name.database.empty() && name.database != options_.database) return nullptr;
  const std::string schema = schema_of(name);
  for (const StoredSchema& each : all.schemas) {
    if (each.name != schema) continue;
    // Who asks for it wants to change what is in it, or to see how it is defined in Glue.
    if (!each.source.empty())
      return sql_error(kNotSupported, "\"" + schema + "\" is a federated schema: its tables can only be queried",
                       name.position);
    return &each;
  }
  return nullptr;
}

// --- statements -----------------------------------------------------------------------------------------------------

// CREATE SCHEMA [IF NOT EXISTS] name [AUTHORIZATION user] [QUOTA n [MB|GB|TB] | UNLIMITED], CREATE SCHEMA AUTHORIZATION user.
// It must not take an external schema's name: the engine does not know those. Quotas have no effect.
Result<std::optional<Outcome>> SqlSession::create_schema(Running& run) {
  Reader reader(run.statement.text, run.statement.tokens);
  if (!reader.accept("create", "schema")) return std::nullopt;
  const bool if_not_exists = reader.accept("if", "not", "exists");
  std::string name, owner;
  if (!reader.peek().is("authorization")) name = TRY(reader.name());
  if (reader.accept("authorization")) owner = TRY(parse_identity(reader));
  if (owner == "current_user" || owner == "session_user") owner = user_;
  if (name.empty()) name = owner;
  if (reader.accept("quota") && !reader.accept("unlimited")) {
    TRY(reader.integer());
    if (!reader.accept("mb") && !reader.accept("gb")) reader.accept("tb");
  }
  TRY(reader.expect_end());
  Outcome outcome;
  outcome.kind = "CREATE SCHEMA";
  for (const StoredSchema& schema : TRY(catalog(run)).schemas) {
    if (schema.name != name) continue;
    if (!if_not_exists) return sql_error(kDuplicateSchema, "schema \"" + name + "\" already exists");
    return outcome;
  }
  TRY(atomically(run, [&]() -> Status {
    outcome = TRY(run_text(run, "CREATE SCHEMA " + std::string(if_not_exists ? "IF NOT EXISTS " : "") + quoted_name(name)));
    if (owner.empty() || owner == user_) return {};
    TRY(execute(run, AlterOwner{.object_kind = "SCHEMA", .object = {{}, {}, name}, .owner = owner}));
    return {};
  }));
  outcome.kind = "CREATE SCHEMA";
  return outcome;
}

Result<Outcome> SqlSession::execute(Running& run, const EngineStatement&) {
  if (auto written = TRY(insert_external(run))) return std::move(*written);
  if (auto made = TRY(create_schema(run))) return std::move(*made);
  if (auto merged = TRY(merge_simplified(run))) return std::move(*merged);
  if (auto merged = TRY(merge_checked(run))) return std::move(*merged);
  if (auto set = TRY(set_config(run))) return std::move(*set);
  return engine(run);
}

Result<Outcome> SqlSession::execute(Running& run, const CancelSession& s) {
  const auto told = TRY(query(run, "SELECT pg_cancel_backend(" + std::to_string(s.pid) + ")"));
  if (told.at(0).at(0) != "1")
    return sql_error(kUndefinedObject, "there is no session " + std::to_string(s.pid) + " of yours: see stv_sessions");
  Outcome outcome;
  outcome.kind = "CANCEL";
  return outcome;
}

Result<Outcome> SqlSession::execute(Running& run, const Maintain& s) {
  if (s.kind == "VACUUM") TRY(refuse_in_block("VACUUM"));
  if (s.table) {
    std::string columns;
    for (const std::string& column : s.columns) columns += (columns.empty() ? "" : ", ") + quoted_name(column);
    TRY(query(run, "SELECT " + (columns.empty() ? "1" : columns) + " FROM " + s.table->quoted() + " WHERE false"));
  }
  Outcome outcome;
  outcome.kind = s.kind;
  return outcome;
}

Result<Outcome> SqlSession::execute(Running&, const NothingToDo& s) {
  Outcome outcome;
  outcome.kind = s.kind;
  return outcome;
}

}  // namespace tarn::sql

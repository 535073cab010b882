#include "sql/engine/session.h"

#include "sql/engine/date_format.h"

#include <thread>

#include "base/text.h"
#include "duckdb/catalog/catalog_search_path.hpp"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/rights.h"
#include "sql/engine/system_catalog.h"
#include "sql/engine/trino_encode.h"
#include "sql/engine_exit.h"

namespace tarn::sql::engine {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kLongestWait = std::chrono::seconds(3);

// What a statement that was told to end may take until it looks: some functions compute long on one row.
constexpr auto kPatience = std::chrono::seconds(5);

// The instance is lost, or kept for ever: so the process ends, and the server starts another.
[[noreturn]] void end_process(int status) {
  ::_exit(status);
}

}  // namespace

Session::Session(Instance& instance, Link& link, std::string database)
    : instance_(instance),
      link_(link),
      database_(std::move(database)),
      connection_(instance.database()),
      state_(duckdb::make_shared_ptr<SessionState>(link)) {
  state_->load_geometry = [this] { instance_.load_geometry(); };
  state_->load_avro = [this] { instance_.load_avro(); };
  connection_.context->registered_state->Insert(SessionState::kName, state_);
}

Result<std::unique_ptr<Session>> Session::open(Instance& instance, Link& link, const std::string& database) {
  std::unique_ptr<Session> session(new Session(instance, link, database));
  if (database.empty()) return session;
  // What USE does, without a statement: a session a statement is what most clients of the Data API open.
  auto& context = *session->connection_.context;
  bool there = false;
  context.RunFunctionInTransaction([&] {
    there = duckdb::Catalog::GetSchema(context, database, "public", duckdb::OnEntryNotFound::RETURN_NULL) != nullptr;
    if (!there) return;
    duckdb::ClientData::Get(context).catalog_search_path->Set({database, "public"}, duckdb::CatalogSetPathType::SET_DIRECTLY);
  });
  if (!there) return sql_error("3D000", "database \"" + database + "\" does not exist");
  return session;
}

void Session::cancel() {
  cancelled_ = true;
  told_to_end(Clock::now());
}

void Session::told_to_end(Clock::time_point now) {
  int64_t never = 0;
  told_at_.compare_exchange_strong(never, now.time_since_epoch().count());
  connection_.Interrupt();
}

void Session::statement_ended() {
  cancelled_ = false;
  told_at_ = 0;
}

void Session::check_deadline(Clock::time_point now) {
  if (const int64_t deadline = deadline_; deadline != 0 && now.time_since_epoch().count() >= deadline) {
    timed_out_ = true;
    told_to_end(now);
  }
  const int64_t told_at = told_at_;
  if (told_at != 0 && now.time_since_epoch().count() > told_at + Clock::duration(kPatience).count() && !committing_)
    end_process(kExitDeaf);
}

Error Session::error_of(const duckdb::ErrorData& error) {
  if (error.Type() == duckdb::ExceptionType::FATAL || error.Type() == duckdb::ExceptionType::INTERNAL) {
    if (duckdb::ValidChecker::IsInvalidated(instance_.database())) end_process(kExitDamaged);
  }
  if (timed_out_ && error.Type() == duckdb::ExceptionType::INTERRUPT) {
    return sql_error("57014", "Query cancelled: it ran longer than its statement timeout.").error();
  }
  const std::lock_guard lock(state_->mutex);
  if (state_->failure) return *state_->failure;
  if (state_->context.dialect == Dialect::kAthena) return trino::to_error(error, state_->text);
  return to_error(error, state_->context.dialect);
}

Result<void> Session::in_transaction(const StatementContext& context, const std::function<void()>& work) {
  if (failed_) {
    return sql_error("25P02", "current transaction is aborted, commands ignored until end of transaction block");
  }
  state_->begin(context);
  timed_out_ = false;
  deadline_ = context.timeout.count() == 0 ? 0 : (Clock::now() + context.timeout).time_since_epoch().count();
  std::optional<Error> error;
  try {
    use_zone(context);
    if (!connection_.HasActiveTransaction()) begin();
    work();
    if (!in_block_) commit();
  } catch (const std::exception& thrown) {
    error = error_of(duckdb::ErrorData(thrown));
  }
  deadline_ = 0;
  committing_ = false;
  if (!error) return {};
  try {
    if (connection_.HasActiveTransaction()) connection_.Rollback();
  } catch (const std::exception&) {  // it has ended already
  }
  failed_ = in_block_;
  return Failure(*error);
}

// What BEGIN and COMMIT do, without a statement: together they cost as much as an INSERT of a row.
void Session::begin() {
  auto& transaction = connection_.context->transaction;
  transaction.BeginTransaction();
  transaction.SetAutoCommit(false);
}
void Session::commit() {
  auto& transaction = connection_.context->transaction;
  transaction.SetAutoCommit(true);
  committing_ = true;
  transaction.Commit();
  committing_ = false;
}

void Session::own(const std::string& sql) {
  const auto result = connection_.Query(sql);
  if (result->HasError()) result->ThrowError();
}

void Session::use_zone(const StatementContext& context) {
  if (context.dialect != Dialect::kRedshift || context.time_zone == zone_) return;
  own("SET TimeZone = " + quote(engine_zone(context.time_zone)));
  zone_ = context.time_zone;
}

// Redshift's rights are in the database itself; the others' are the server's to know.
void Session::check_uses(const StatementContext& context, const duckdb::SQLStatement& statement,
                         const std::vector<TableUse>& uses) {
  if (context.dialect == Dialect::kRedshift) return check_rights(*connection_.context, context, statement, uses);
  if (uses.empty()) return;
  const auto allowed = link_.authorise(context.principal, uses);
  if (!allowed) state_->raise(allowed.error());
}

void Session::mark(const StatementContext& context) {
  if (context.statement_id.empty() || database_.empty()) return;
  auto& client = *connection_.context;
  auto& table = duckdb::Catalog::GetEntry<duckdb::TableCatalogEntry>(client, database_, kOwnSchema, "statements");
  duckdb::MetaTransaction::Get(client).ModifyDatabase(table.ParentCatalog().GetAttached());
  duckdb::InternalAppender appender(client, table);
  appender.AppendRow(duckdb::Value(context.statement_id), duckdb::Value::TIMESTAMP(duckdb::timestamp_t(context.now.micros)));
  appender.Close();
}

duckdb::unique_ptr<duckdb::QueryResult> Session::start(duckdb::unique_ptr<duckdb::SQLStatement> statement) {
  auto pending = connection_.context->PendingQuery(std::move(statement), true);
  if (pending->HasError()) pending->ThrowError();
  if (cancelled_) connection_.Interrupt();
  auto result = pending->Execute();
  if (result->HasError()) result->ThrowError();
  return result;
}

// What the plan knows of the result's columns, beyond their types.
void Session::apply_plan(const StatementContext& context, std::vector<ResultColumn>& columns) {
  if (state_->planned.size() != columns.size()) return;
  for (size_t i = 0; i < columns.size(); ++i) apply(state_->planned[i], context, state_->uses, columns[i]);
}

void Session::drain(duckdb::QueryResult& result, const ExecuteRequest& request, int spool, Outcome& outcome) {
  std::vector<CellKind> kinds;
  const bool athena = request.context.dialect == Dialect::kAthena && !request.internal;
  for (size_t i = 0; i < result.types.size(); ++i) {
    const auto& type = result.types[i];
    outcome.columns.push_back(athena ? trino::describe(result.names[i], type, i)
                                     : describe(result.names[i], type, request.context.dialect));
    kinds.push_back(athena ? trino::cell_kind(type) : cell_kind(type));
  }
  apply_plan(request.context, outcome.columns);
  SpoolWriter writer(spool, outcome.columns, kinds, request.max_bytes);
  while (auto chunk = result.Fetch()) {
    if (chunk->size() == 0) break;
    outcome.rows += chunk->size();
    if (spool < 0) continue;
    if (athena) {
      trino::encode(*connection_.context, *chunk, writer);
    } else {
      encode(*connection_.context, *chunk, writer);
    }
  }
  if (result.HasError()) result.ThrowError();
  if (spool < 0) return;
  if (const auto finished = writer.finish(); !finished) raise_sql("54000", finished.error().message);
  outcome.spool_bytes = writer.bytes();
}

void Session::drain_plan(duckdb::QueryResult& result, int spool, Outcome& outcome) {
  ResultColumn column;
  column.name = "QUERY PLAN";
  column.type = "varchar";
  column.length = column.precision = 65535;
  outcome.columns.push_back(column);
  SpoolWriter writer(spool, outcome.columns, {CellKind::kText});
  while (auto chunk = result.Fetch()) {
    if (chunk->size() == 0) break;
    for (duckdb::idx_t row = 0; row < chunk->size(); ++row) {
      const std::string plan = chunk->GetValue(chunk->ColumnCount() - 1, row).ToString();
      for (const auto line : split(plan, '\n')) {
        if (line.empty()) continue;
        writer.column(0).text(line);
        ++outcome.rows;
        if (const auto added = writer.rows_added(1); !added) raise_sql("58030", added.error().message);
      }
    }
  }
  if (result.HasError()) result.ThrowError();
  if (spool < 0) return;
  if (const auto finished = writer.finish(); !finished) raise_sql("58030", finished.error().message);
  outcome.spool_bytes = writer.bytes();
}

Outcome Session::control(duckdb::TransactionStatement& statement) {
  Outcome outcome;
  switch (statement.info->type) {
    case duckdb::TransactionType::BEGIN_TRANSACTION:
      if (in_block_) outcome.notices.push_back("there is already a transaction in progress");
      in_block_ = true;
      outcome.kind = "BEGIN";
      break;
    case duckdb::TransactionType::COMMIT:
      outcome.kind = failed_ ? "ROLLBACK" : "COMMIT";
      if (!in_block_) outcome.notices.push_back("there is no transaction in progress");
      in_block_ = failed_ = false;  // the open transaction is committed when the statement ends
      break;
    default:
      outcome.kind = "ROLLBACK";
      if (!in_block_) outcome.notices.push_back("there is no transaction in progress");
      in_block_ = failed_ = false;
      if (connection_.HasActiveTransaction()) {
        connection_.Rollback();
        begin();
      }
  }
  return outcome;
}

// SQL of the server's own, one statement or several: the rows are the last one's.
Outcome Session::run_internal(const ExecuteRequest& request, int spool) {
  Outcome outcome;
  outcome.kind = "SELECT";
  const auto result = connection_.Query(request.sql);
  if (result->HasError()) result->ThrowError();
  duckdb::QueryResult* last = result.get();
  while (last->next) last = last->next.get();
  drain(*last, request, spool, outcome);
  if (request.mark) mark(request.context);
  return outcome;
}

namespace {

bool changes_rows(const duckdb::SQLStatement& statement) {
  return statement.type == duckdb::StatementType::INSERT_STATEMENT || statement.type == duckdb::StatementType::UPDATE_STATEMENT ||
         statement.type == duckdb::StatementType::DELETE_STATEMENT;
}

}  // namespace

Outcome Session::run(const ExecuteRequest& request, int spool) {
  if (request.internal) return run_internal(request, spool);
  auto statement = request.context.dialect == Dialect::kAthena ? nullptr : parse_one(request.sql);
  if (statement && statement->type == duckdb::StatementType::TRANSACTION_STATEMENT) {
    const bool commits = !failed_ && statement->Cast<duckdb::TransactionStatement>().info->type ==
                                         duckdb::TransactionType::COMMIT;
    if (request.mark && commits) mark(request.context);
    return control(statement->Cast<duckdb::TransactionStatement>());
  }
  auto& context = *connection_.context;
  const Rewritten rewritten =
      statement ? rewrite(context, request, statement) : trino::parse(context, request, statement);
  state_->uses = rewritten.uses;
  check_uses(request.context, *statement, rewritten.uses);
  const std::vector<std::string> kept = rights_after(context, request.context, *statement);
  Outcome outcome;
  outcome.kind = rewritten.kind;
  outcome.notices = rewritten.notices;
  if (request.describe_only) {
    const bool redshift = request.context.dialect == Dialect::kRedshift;
    if (!rewritten.returns_rows && !(redshift && changes_rows(*statement))) return outcome;
    auto prepared = connection_.Prepare(std::move(statement));
    if (prepared->HasError()) prepared->error.Throw();
    for (const Param& param : request.params) {
      const auto known = state_->parameters.find(param.name);
      const auto type = known != state_->parameters.end() ? known->second : duckdb::LogicalType::VARCHAR;
      if (param.type.empty()) outcome.parameters.emplace_back(param.name, describe("", type, request.context.dialect).type);
    }
    if (!rewritten.returns_rows) return outcome;
    for (size_t i = 0; i < prepared->GetTypes().size(); ++i) {
      const auto& name = prepared->GetNames()[i];
      const auto& type = prepared->GetTypes()[i];
      outcome.columns.push_back(request.context.dialect == Dialect::kAthena
                                    ? trino::describe(name, type, i)
                                    : describe(name, type, request.context.dialect));
    }
    apply_plan(request.context, outcome.columns);
    return outcome;
  }
  for (const std::string& sql : rewritten.before) own(sql);
  const auto result = start(std::move(statement));
  if (rewritten.kind == "EXPLAIN") {
    drain_plan(*result, spool, outcome);
  } else if (rewritten.returns_rows) {
    drain(*result, request, spool, outcome);
  } else {
    while (const auto chunk = result->Fetch()) {
      if (chunk->size() == 0) break;
      const auto value = chunk->GetValue(0, 0);
      if (chunk->ColumnCount() == 1 && value.type().id() == duckdb::LogicalTypeId::BIGINT) {
        outcome.rows = static_cast<uint64_t>(value.GetValue<int64_t>());
      }
    }
    if (result->HasError()) result->ThrowError();
  }
  for (const std::string& sql : rewritten.after) own(sql);
  for (const std::string& sql : kept) own(sql);
  if (rewritten.writes) mark(request.context);
  if (rewritten.writes && request.context.dialect == Dialect::kRedshift)
    outcome.stale_views = stale_views(context, request.context.database, rewritten.uses);
  return outcome;
}

Result<Outcome> Session::execute(const ExecuteRequest& request, int spool) {
  Outcome outcome;
  if (failed_) {  // only the end of the block is understood
    try {
      auto statement = parse_one(request.sql);
      if (statement->type == duckdb::StatementType::TRANSACTION_STATEMENT &&
          statement->Cast<duckdb::TransactionStatement>().info->type != duckdb::TransactionType::BEGIN_TRANSACTION) {
        in_block_ = failed_ = false;
        outcome.kind = "ROLLBACK";
        return outcome;
      }
    } catch (const std::exception&) {
    }
  }
  // Writers of the same rows wait for one another in Redshift; here the later one is undone at once, and runs again.
  const auto give_up = Clock::now() + kLongestWait;
  for (auto pause = std::chrono::milliseconds(5);; pause *= 2) {
    outcome = Outcome{};
    const auto done = in_transaction(request.context, [&] { outcome = run(request, spool); });
    if (done) break;
    const bool conflict = !done.error().members.empty() && done.error().members[0].second == "40001";
    if (!conflict || in_block_ || cancelled_ || Clock::now() + pause > give_up) return Failure(done.error());
    std::this_thread::sleep_for(pause);
  }
  outcome.scanned_bytes = state_->scanned_bytes;
  outcome.in_transaction = in_block_;
  outcome.transaction_failed = failed_;
  return outcome;
}

}  // namespace tarn::sql::engine

// Which statement it is, and those that the engine or the service itself answers.
#include "services/athena/statement.h"

#include <fmt/format.h>

#include "base/text.h"
#include "os/clock.h"
#include "os/scratch.h"
#include "services/athena/engine_use.h"
#include "services/athena/errors.h"
#include "services/athena/output.h"
#include "sql/sql_error.h"

namespace tarn::athena {
namespace {

constexpr int kMaxDepth = 4;  // EXECUTE of a prepared EXECUTE ..

bool is_missing(const Error& error) {
  return error.code == "EntityNotFoundException";
}

}  // namespace

Ran text_result(std::vector<std::string> columns, const std::vector<std::string>& lines) {
  Ran ran;
  ran.kind = ResultKind::kText;
  for (std::string& name : columns) ran.columns.push_back({std::move(name), "string"});
  for (const std::string& line : lines) ran.text += line + "\n";
  ran.output_rows = static_cast<int64_t>(lines.size());
  return ran;
}

Result<Ran> StatementRun::run() {
  std::string text = record_.query;
  // AWS: execution parameters stand for the question marks, in order.
  if (!record_.parameters.empty()) {
    const auto recognised = sql::athena::recognise(text);
    const bool executes = recognised && std::holds_alternative<sql::athena::Execute>(recognised->statement);
    if (!executes) text = TRY(sql::athena::with_arguments(text, record_.parameters));
  }
  return run_text(text, 0);
}

Result<Ran> StatementRun::run_text(const std::string& text, int depth) {
  if (depth > kMaxDepth) return sql::sql_error(sql::kInvalidParameter, "EXECUTE statements are nested too deeply");
  const auto recognised = TRY(sql::athena::recognise(text));
  Ran ran = TRY(dispatch(recognised.statement, depth));
  if (ran.type.empty()) {
    ran.type = recognised.type;
    ran.substatement = recognised.substatement;
  }
  return ran;
}

Result<Ran> StatementRun::dispatch(const sql::athena::Statement& statement, int depth) {
  namespace a = sql::athena;
  struct Visitor {
    StatementRun& run;
    int depth;
    Result<Ran> operator()(const a::Query& it) { return run.query(it); }
    Result<Ran> operator()(const a::Explain& it) { return run.explain(it); }
    Result<Ran> operator()(const a::CreateDatabase& it) { return run.create_database(it); }
    Result<Ran> operator()(const a::DropDatabase& it) { return run.drop_database(it); }
    Result<Ran> operator()(const a::AlterDatabase& it) { return run.alter_database(it); }
    Result<Ran> operator()(const a::CreateTable& it) { return run.create_table(it); }
    Result<Ran> operator()(const a::CreateTableAs& it) { return run.create_table_as(it); }
    Result<Ran> operator()(const a::CreateView& it) { return run.create_view(it); }
    Result<Ran> operator()(const a::DropTable& it) { return run.drop_table(it); }
    Result<Ran> operator()(const a::AlterTable& it) { return run.alter_table(it); }
    Result<Ran> operator()(const a::RepairTable& it) { return run.repair(it); }
    Result<Ran> operator()(const a::Show& it) { return run.show(it); }
    Result<Ran> operator()(const a::Describe& it) { return run.describe(it); }
    Result<Ran> operator()(const a::Insert& it) { return run.insert(it); }
    Result<Ran> operator()(const a::DeleteRows& it) { return run.delete_rows(it); }
    Result<Ran> operator()(const a::UpdateRows& it) { return run.update_rows(it); }
    Result<Ran> operator()(const a::Merge& it) { return run.merge(it); }
    Result<Ran> operator()(const a::Optimize& it) { return run.optimize(it); }
    Result<Ran> operator()(const a::Vacuum& it) { return run.vacuum(it); }
    Result<Ran> operator()(const a::Unload& it) { return run.unload(it); }
    Result<Ran> operator()(const a::Prepare& it) { return run.prepare(it); }
    Result<Ran> operator()(const a::Execute& it) { return run.execute(it, depth); }
    Result<Ran> operator()(const a::Deallocate& it) { return run.deallocate(it); }
  };
  return std::visit(Visitor{*this, depth}, statement);
}

// --- queries --------------------------------------------------------------------------------------------------------

Result<Ran> StatementRun::query(const sql::athena::Query& query) {
  Ran ran;
  ran.kind = ResultKind::kCsv;
  ran.spool = TRY(nameless_file(service_.options().directory + "/athena"));
  const EngineUse use = TRY(EngineUse::open(service_, job_, record_, workgroup_));
  sql::ExecuteRequest request;
  request.context = use.context();
  request.sql = query.sql;
  request.spool = ran.spool.get();
  const auto outcome = TRY(use.engine().execute(use.session(), request));
  for (const sql::ResultColumn& column : outcome.columns) ran.columns.push_back(column_of(column));
  ran.scanned_bytes = static_cast<int64_t>(outcome.scanned_bytes);
  ran.output_rows = static_cast<int64_t>(outcome.rows);
  return ran;
}

Result<Ran> StatementRun::explain(const sql::athena::Explain& explain) {
  const Fd spool = TRY(nameless_file(service_.options().directory + "/athena"));
  const EngineUse use = TRY(EngineUse::open(service_, job_, record_, workgroup_));
  sql::ExecuteRequest request;
  request.context = use.context();
  request.sql = "EXPLAIN " + explain.sql;
  request.spool = spool.get();
  TRY(use.engine().execute(use.session(), request));
  const auto rows = TRY(sql::SpoolReader::open(spool.get()));
  std::vector<std::string> lines;
  for (size_t p = 0; p < rows.pages(); ++p) {
    const sql::SpoolPage page = TRY(rows.page(p));
    for (uint32_t row = 0; row < page.rows(); ++row) lines.push_back(page.cell(row, 0).as_text());
  }
  if (!explain.analyze) return text_result({lines == std::vector<std::string>{"true"} ? "Valid" : "Query Plan"}, lines);
  // What it costs is known by running it.
  request.sql = explain.sql;
  request.spool = -1;
  const Micros began = steady_now();
  const auto outcome = TRY(use.engine().execute(use.session(), request));
  lines.insert(lines.begin(), fmt::format("Queued: 0ms, Execution: {}ms, Input: {}B, Output: {} rows",
                                          (steady_now() - began) / 1000, outcome.scanned_bytes, outcome.rows));
  Ran ran = text_result({"Query Plan"}, lines);
  ran.scanned_bytes = static_cast<int64_t>(outcome.scanned_bytes);
  return ran;
}

// --- prepared statements --------------------------------------------------------------------------------------------

Result<Ran> StatementRun::prepare(const sql::athena::Prepare& prepare) {
  CreatePreparedStatementInput create;
  create.statement_name = prepare.name;
  create.work_group = record_.workgroup;
  create.query_statement = prepare.statement;
  Ran ran;
  ran.kind = ResultKind::kText;
  ran.changes.add(std::move(create));
  return ran;
}

Result<Ran> StatementRun::execute(const sql::athena::Execute& execute, int depth) {
  std::string text = execute.statement;
  if (text.empty()) {
    const auto tx = door().store().read();
    const auto found =
        TRY(tx->get(kPrepared, PreparedKey{job_.key.owner, job_.key.region, record_.workgroup, execute.name}));
    if (!found)
      return sql::sql_error("26000", fmt::format("Prepared statement not found: {}", execute.name));
    text = found->statement;
  }
  const auto& arguments = execute.arguments.empty() ? record_.parameters : execute.arguments;
  return run_text(TRY(sql::athena::with_arguments(text, arguments)), depth + 1);
}

Result<Ran> StatementRun::deallocate(const sql::athena::Deallocate& gone) {
  DeletePreparedStatementInput erase;
  erase.statement_name = gone.name;
  erase.work_group = record_.workgroup;
  Ran ran;
  ran.kind = ResultKind::kText;
  ran.changes.add(std::move(erase));
  return ran;
}

// --- names ----------------------------------------------------------------------------------------------------------

Result<StatementRun::Place> StatementRun::place_of(const Name& name) {
  Place place;
  place.catalog = name.catalog.empty() ? record_.catalog : name.catalog;
  const auto tx = door().store().read();
  const std::string account = TRY(catalog_account(*tx, job_.key.owner, job_.key.region, place.catalog));
  if (!account.empty()) place.account = account;
  place.database = name.database.empty() ? record_.database : name.database;
  place.name = name.name;
  return place;
}

Result<std::optional<glue::Table>> StatementRun::find_table(const Place& place) {
  glue::GetTableRequest get;
  get.catalog_id = place.account;
  get.database_name = place.database;
  get.name = place.name;
  auto got = door().call(job_.caller, get);
  if (!got && is_missing(got.error())) return std::nullopt;
  if (!got) return Failure(ddl_error(got.error()));
  return std::move(*got->table);
}

Result<glue::Table> StatementRun::table_of(const Place& place) {
  auto found = TRY(find_table(place));
  if (!found)
    return hive_failure(
        fmt::format("FAILED: SemanticException [Error 10001]: Table not found {}.{}", place.database, place.name));
  return std::move(*found);
}

Result<std::vector<glue::Partition>> StatementRun::partitions_of(const Place& place) {
  std::vector<glue::Partition> all;
  glue::GetPartitionsRequest get;
  get.catalog_id = place.account;
  get.database_name = place.database;
  get.table_name = place.name;
  do {
    auto page = door().call(job_.caller, get);
    if (!page) return Failure(ddl_error(page.error()));
    for (const glue::Partition& partition : page->partitions) all.push_back(partition);
    get.next_token = page->next_token;
  } while (get.next_token && !get.next_token->empty());
  return all;
}

}  // namespace tarn::athena

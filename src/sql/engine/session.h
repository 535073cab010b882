// Session: one connection of DuckDB with its transaction and temporary tables, and the statements that run in it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "sql/engine/duckdb.pch.h"
#include "sql/engine/instance.h"
#include "sql/engine/load_values.h"
#include "sql/engine/rewrite.h"
#include "sql/engine/session_state.h"
#include "sql/spool.h"

namespace tarn::sql::engine {

class Session {
 public:
  // ERRORS: 3D000, the database does not exist.
  static Result<std::unique_ptr<Session>> open(Instance& instance, Link& link, const std::string& database);

  // One at a time, on one thread.
  Result<Outcome> execute(const ExecuteRequest& request, int spool);
  Result<Outcome> unload(const UnloadRequest& request);
  Result<LoadOutcome> load(const LoadRequest& request);
  Result<SelectOutcome> select(SelectRequest request, int spool);

  // Ends the statement that runs, or is about to. REQUIRES: there is one, and statement_ended() is called behind it.
  // THREADS: any.
  void cancel();
  void statement_ended();
  // Cancels the statement if its time is over, and ends the process if it goes on long after it was cancelled: what it keeps
  // busy would be kept for ever, and so would a server that stops. REQUIRES: called every now and then. THREADS: any.
  void check_deadline(std::chrono::steady_clock::time_point now);

 private:
  Session(Instance& instance, Link& link, std::string database);

  void told_to_end(std::chrono::steady_clock::time_point now);

  // Runs `work` as one statement: in the session's transaction, or in one of its own; errors in the dialect's words.
  Result<void> in_transaction(const StatementContext& context, const std::function<void()>& work);
  Outcome run(const ExecuteRequest& request, int spool);
  Outcome run_internal(const ExecuteRequest& request, int spool);
  // Ends the statement unless its user may do all that it uses.
  void check_uses(const StatementContext& context, const duckdb::SQLStatement& statement,
                  const std::vector<TableUse>& uses);
  Outcome control(duckdb::TransactionStatement& statement);
  // Runs SQL of our own in the open transaction.
  void begin();
  void commit();
  void own(const std::string& sql);
  void use_zone(const StatementContext& context);
  duckdb::unique_ptr<duckdb::QueryResult> start(duckdb::unique_ptr<duckdb::SQLStatement> statement);
  // Takes all rows; into the spool if there is one.
  void apply_plan(const StatementContext& context, std::vector<ResultColumn>& columns);
  void drain(duckdb::QueryResult& result, const ExecuteRequest& request, int spool, Outcome& outcome);
  // EXPLAIN's text, a line a row, as Redshift shows plans.
  void drain_plan(duckdb::QueryResult& result, int spool, Outcome& outcome);
  void mark(const StatementContext& context);
  // REQUIRES, of load_*: the names in the request are folded.
  std::optional<uint64_t> load_through_reader(const LoadRequest& request, const std::vector<LoadColumn>& columns);
  void load_rows(duckdb::TableCatalogEntry& table, const LoadRequest& request, std::vector<LoadColumn> columns,
                 LoadOutcome& outcome);
  uint64_t load_parquet(const LoadRequest& request, const std::vector<LoadColumn>& columns);
  uint64_t load_shapefile(const LoadRequest& request, const std::vector<LoadColumn>& columns);
  Error error_of(const duckdb::ErrorData& error);

  Instance& instance_;
  Link& link_;
  std::string database_;
  duckdb::Connection connection_;
  duckdb::shared_ptr<SessionState> state_;
  std::string zone_ = "UTC";  // the connection's time zone, as the context names it
  bool in_block_ = false;  // BEGIN was said
  bool failed_ = false;    // .. and a statement has failed since
  std::atomic<bool> timed_out_ = false;
  std::atomic<bool> cancelled_ = false;  // until the statement ends: an interrupt between two steps is lost otherwise
  std::atomic<int64_t> deadline_ = 0;    // steady clock's count; 0: none
  std::atomic<int64_t> told_at_ = 0;     // .. when the statement was cancelled or out of time
  std::atomic<bool> committing_ = false;  // which is not given up half-way
};

}  // namespace tarn::sql::engine

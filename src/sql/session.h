// SqlSession: one Redshift session. Runs one statement at a time: its own statements itself, the others in the engine.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/engine_client.h"
#include "sql/host.h"
#include "sql/lex.h"
#include "sql/plpgsql.h"
#include "sql/spool.h"
#include "sql/stmt_redshift.h"

namespace tarn::sql {

struct SessionOptions {
  std::string database = "dev";
  std::string user;  // current_user: "IAM:alice", "IAMR:role", "awsuser"
};

struct RunRequest {
  std::string statement_id;
  std::vector<Param> params = {};
  int spool = -1;  // where rows go (spool.h); borrowed; -1: nowhere
  uint64_t max_bytes = 0;
  bool describe_only = false;  // the columns of a query; nothing is run. ERRORS: SqlError 0A000: it is no query
};

// THREADS: run() on one at a time, cancel() on any. LIFETIME: within its engine's.
class SqlSession {
 public:
  SqlSession(Engine& engine, SessionOptions options);
  ~SqlSession();  // rolls back what is open; its temporary tables go
  SqlSession(const SqlSession&) = delete;

  // Runs one statement. ERRORS: "SqlError" with sqlstate (and position in the statement's text); codes of `host`, kept.
  // DURABLE: what it did when it was no part of an open transaction.
  Result<Outcome> run(SessionHost& host, const StatementText& statement, const RunRequest& request);
  // Ends what runs with sqlstate 57014.
  void cancel();
  // Lets a session that was cancelled run again.
  void revive() { cancelled_ = false; }
  bool in_transaction() const { return in_block_; }

 private:
  friend class ProcedureRun;
  using Cell = std::optional<std::string>;

  // Rows in a file that nobody else sees.
  struct Held {
    Fd file;
    Outcome outcome;
    std::unique_ptr<SpoolReader> rows;
    uint64_t next = 0;
  };
  struct Prepared {
    std::vector<SqlType> types;
    std::string statement;
  };
  // What a statement runs with.
  struct Running {
    SessionHost& host;
    const RunRequest& request;
    const StatementText& statement;
    int depth = 0;  // in procedures
  };

  // session.cc
  Result<Outcome> dispatch(Running& run);
  Result<Outcome> checked(Running& run);
  Result<SessionId> opened();
  Result<StatementContext> context(Running& run, const std::string& role = {});
  Result<UserCatalog> catalog(Running& run);
  Status change(Running& run, std::vector<CatalogChange> changes);
  Result<Outcome> engine(Running& run);
  Result<Outcome> ask(const ExecuteRequest& request);
  Error seen(Error error);
  Result<Outcome> engine(Running& run, const std::string& sql, const std::vector<Param>& params, int spool);
  Result<Held> held(Running& run, const std::string& sql, const std::vector<Param>& params = {});
  Result<std::vector<std::vector<Cell>>> query(Running& run, const std::string& sql,
                                               const std::vector<Param>& params = {});
  Status begin(Running& run);
  Status commit(Running& run);
  Status rollback(Running& run);
  Status refuse_in_block(std::string_view statement) const;
  std::string schema_of(const QualifiedName& name) const;
  Result<const StoredSchema*> external_schema(const UserCatalog& catalog, const QualifiedName& name);

  Result<Outcome> execute(Running& run, const EngineStatement& s);
  Result<Outcome> execute(Running& run, const Transaction& s);
  Result<Outcome> execute(Running& run, const NothingToDo& s);
  // session_catalog.cc
  Result<Outcome> execute(Running& run, const CreateExternalSchema& s);
  Result<Outcome> execute(Running& run, const DropSchema& s);
  Result<Outcome> execute(Running& run, const CreateExternalTable& s);
  Result<Outcome> execute(Running& run, const AddPartitions& s);
  Result<Outcome> execute(Running& run, const DropPartition& s);
  Result<Outcome> execute(Running& run, const DropTable& s);
  Result<Outcome> execute(Running& run, const CreateFunction& s);
  Result<Outcome> execute(Running& run, const CreateProcedure& s);
  Result<Outcome> execute(Running& run, const DropRoutine& s);
  Result<Outcome> execute(Running& run, const Grant& s);
  Result<Outcome> execute(Running& run, const CreateDatabase& s);
  Result<Outcome> execute(Running& run, const DropDatabase& s);
  Status put_routine(Running& run, StoredRoutine routine, bool or_replace);
  // session_load.cc
  Result<Outcome> execute(Running& run, const Unload& s);
  Result<Outcome> execute(Running& run, const Copy& s);
  Status publish(Running& run, const Unload& s, const std::string& role, const Outcome& outcome,
                 const std::vector<ObjectRef>& there);
  Status find_sources(Running& run, const Copy& s, const std::string& role, LoadRequest& request);
  // session_show.cc
  Result<Outcome> execute(Running& run, const Show& s);
  Result<Outcome> execute(Running& run, const ShowVariable& s);
  Result<Outcome> execute(Running& run, const SetVariable& s);
  Result<Outcome> execute(Running& run, const ResetVariable& s);
  Result<Outcome> execute(Running& run, const Prepare& s);
  Result<Outcome> execute(Running& run, const ExecutePrepared& s);
  Result<Outcome> execute(Running& run, const Deallocate& s);
  Result<Outcome> execute(Running& run, const DeclareCursor& s);
  Result<Outcome> execute(Running& run, const FetchCursor& s);
  Result<Outcome> execute(Running& run, const CloseCursor& s);
  Result<Outcome> values(Running& run, const std::vector<std::pair<std::string, PlValue>>& columns);
  // session_call.cc
  Result<Outcome> execute(Running& run, const CallProcedure& s);
  Result<std::vector<PlValue>> call(Running& run, const QualifiedName& name, const std::vector<PlValue>& arguments,
                                    std::vector<Argument>& parameters);
  Result<std::vector<PlValue>> run_body(Running& run, const CreateProcedure& procedure,
                                        const std::vector<PlValue>& arguments);

  Engine& engine_;
  SessionOptions options_;
  std::optional<SessionId> session_;
  std::atomic<uint64_t> open_session_ = 0;  // the same, for cancel(); 0: none
  std::atomic<bool> cancelled_ = false;
  bool in_block_ = false;               // BEGIN .. COMMIT
  bool failed_ = false;                 // .. of which only the end is understood
  int atomic_depth_ = 0;                // procedures that hold a transaction of their own
  std::vector<CatalogChange> pending_;  // of the open transaction
  std::vector<std::string> notices_;
  std::map<std::string, std::string> variables_;
  std::map<std::string, Prepared> prepared_;
  std::map<std::string, Held> cursors_;
};

}  // namespace tarn::sql

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
#include "sql/rights.h"
#include "sql/spool.h"
#include "sql/stmt_redshift.h"
#include "sql/table_locks.h"

namespace tarn::sql {

constexpr std::string_view kDefaultSearchPath = "$user, public";
// The schemas of a search_path's text, without "$user".
std::vector<std::string> schemas_of(std::string_view search_path);

struct SessionOptions {
  std::string database = "dev";
  std::string user;  // current_user: "IAM:alice", "IAMR:role", "awsuser"
  std::vector<std::string> roles = {};  // database roles that the user has for the session
  int32_t pid = 0;                      // the session's number; 0: its engine's
  // What settings are before a SET: the workgroup's and the user's. Beside settings: "max_query_execution_time" in seconds.
  std::map<std::string, std::string> settings = {};
};

struct RunRequest {
  std::string statement_id;
  std::vector<Param> params = {};
  int spool = -1;  // where rows go (spool.h); borrowed; -1: nowhere
  uint64_t max_bytes = 0;
  bool describe_only = false;  // the columns of a query; nothing is run. ERRORS: SqlError 0A000: it is no query
  uint64_t query_id = 0;       // its number in the system views; 0: it has none
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
  // The open transaction, if there is one, can only be rolled back from now on.
  void fail_transaction() { failed_ = in_block_; }

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
  template <class Work>
  Status atomically(Running& run, Work work);
  Result<Outcome> engine(Running& run, bool materialized = false);
  Result<Outcome> ask(const ExecuteRequest& request);
  Error seen(Error error);
  Result<Outcome> engine(Running& run, const std::string& sql, const std::vector<Param>& params, int spool);
  Result<Held> held(Running& run, const std::string& sql, const std::vector<Param>& params = {});
  Result<std::vector<std::vector<Cell>>> query(Running& run, const std::string& sql,
                                               const std::vector<Param>& params = {});
  Result<std::vector<std::vector<Cell>>> all_rows(const Held& rows);
  // SQL of our own, as it is; the last statement's rows.
  Result<std::vector<std::vector<Cell>>> internal(Running& run, const std::string& sql, bool mark = false);
  Status begin(Running& run);
  Status commit(Running& run);
  Status rollback(Running& run);
  Status refuse_in_block(std::string_view statement) const;
  // Before a variable changes: what it is, for as long as that may be taken back.
  void remember(const std::string& name, bool local);
  // Takes back what a transaction's SETs were: all of them, or LOCAL ones only.
  void restore_variables(bool committed);
  // As it was SET, or as the session began.
  std::optional<std::string> variable(const std::string& name) const;
  std::vector<std::string> search_path() const;
  std::string schema_of(const QualifiedName& name) const;
  Result<const StoredSchema*> external_schema(const UserCatalog& catalog, const QualifiedName& name);

  Result<Outcome> execute(Running& run, const EngineStatement& s);
  Result<std::optional<Outcome>> create_schema(Running& run);
  Result<std::optional<Outcome>> set_config(Running& run);
  Result<Outcome> execute(Running& run, const Transaction& s);
  Result<Outcome> execute(Running& run, const CancelSession& s);
  Result<Outcome> execute(Running& run, const Maintain& s);
  Result<Outcome> execute(Running& run, const NothingToDo& s);
  // session_merge.cc; nullopt: the statement is none of these
  Result<std::optional<Outcome>> merge_simplified(Running& run);
  Result<std::optional<Outcome>> merge_checked(Running& run);
  // session_rights.cc
  Result<Identity> identity(Running& run);
  Result<Rights> rights(Running& run, const std::string& database = {});
  // ERRORS: 42501 "permission denied for .." unless the user may.
  Status need(Running& run, const Object& object, std::string_view privilege);
  Status need_owner(Running& run, const Object& object);
  Status need_system(Running& run, const std::string& privilege, const std::string& what);
  // A native table or view; nullopt: there is none of that name.
  Result<std::optional<Object>> find_relation(Running& run, const QualifiedName& name);
  Result<Object> relation(Running& run, const QualifiedName& name);
  Result<std::vector<Object>> objects_of(Running& run, const Grant& s);
  Status check_grantees(Running& run, const std::vector<Grantee>& grantees);
  Status made(Running& run, const Object& object);
  Status dropped(Running& run, const Object& object);
  Result<Outcome> execute(Running& run, const Grant& s);
  Result<Outcome> execute(Running& run, const DefaultPrivileges& s);
  Result<Outcome> execute(Running& run, const AlterOwner& s);
  Result<Outcome> execute(Running& run, const RenameRoutine& s);
  // session_views.cc
  Result<Outcome> execute(Running& run, const CreateView& s);
  Result<Outcome> execute(Running& run, const CreateMaterializedView& s);
  Result<Outcome> execute(Running& run, const RefreshView& s);
  Result<Outcome> execute(Running& run, const AlterMaterializedView& s);
  Result<Outcome> execute(Running& run, const DropView& s);
  Result<Outcome> execute(Running& run, const Comment& s);
  Result<Outcome> execute(Running& run, const Truncate& s);
  Result<Outcome> execute(Running& run, const LockTables& s);
  Result<Outcome> execute(Running& run, const AppendTable& s);
  Result<Outcome> execute(Running& run, const AddNotNullColumn& s);
  Result<Outcome> execute(Running& run, const RenameRelation& s);
  Result<Outcome> execute(Running& run, const ChangeColumn& s);
  Status check_new_type(Running& run, const ChangeColumn& s, const std::optional<Object>& table);
  Result<Outcome> execute(Running& run, const EncodeColumns& s);
  Result<Outcome> execute(Running& run, const AlterDesign& s);
  // The parts of the columns' comments (rewrite_create.cc), changed by `change`.
  Status change_columns(Running& run, const Object& table,
                        const std::function<void(const std::string& column, std::vector<std::string>& parts)>& change);
  Result<Outcome> run_text(Running& run, const std::string& sql, bool materialized = false);
  // The kind of view that is kept under the name: "LATE", "MATERIALIZED", "VIEW"; empty: none.
  Result<std::string> kept_view(Running& run, const Object& view);
  Status drop_view(Running& run, const Object& view);
  Status follow(Running& run, const std::string& views);
  // Materialized views with AUTO REFRESH that read the table are stale.
  Status changed(Running& run, const Object& table);
  // .. and are refreshed, once no transaction is open.
  void refresh_stale(Running& run);
  Status refresh(Running& run, const Object& view);
  // The views that read what is dropped, but for those of `names`: refused, or dropped with it.
  Status drop_readers(Running& run, const Object& object, const std::vector<QualifiedName>& names, bool cascade,
                      std::string_view kind = "table");
  Status keep_view(Running& run, const std::string& kind, const Object& view, const std::string& definition,
                   const std::string& options);
  Status wait_for_locks(Running& run);
  // session_external.cc
  Result<Outcome> execute(Running& run, const ExternalTableAs& s);
  Result<std::optional<Outcome>> insert_external(Running& run);
  Result<Outcome> write_external(Running& run, const StoredSchema& schema, const ExternalTable& table,
                                 const std::string& query, std::optional<CreateExternalTable> made_with);
  // session_users.cc
  Status owns_nothing(Running& run, const std::string& kind, const std::string& name);
  Result<Outcome> execute(Running& run, const GrantRole& s);
  Result<Outcome> execute(Running& run, const CreateUser& s);
  Result<Outcome> execute(Running& run, const AlterUser& s);
  Result<Outcome> execute(Running& run, const DropUser& s);
  Result<Outcome> execute(Running& run, const CreateGroup& s);
  Result<Outcome> execute(Running& run, const AlterGroup& s);
  Result<Outcome> execute(Running& run, const DropGroup& s);
  Result<Outcome> execute(Running& run, const CreateRole& s);
  Result<Outcome> execute(Running& run, const AlterRole& s);
  Result<Outcome> execute(Running& run, const DropRole& s);
  Result<Outcome> execute(Running& run, const SessionUser& s);
  // session_catalog.cc
  Result<Outcome> execute(Running& run, const CreateExternalSchema& s);
  Result<Outcome> execute(Running& run, const AlterExternalSchema& s);
  Result<Outcome> execute(Running& run, const DropSchema& s);
  Result<Outcome> execute(Running& run, const CreateExternalTable& s);
  Result<Outcome> execute(Running& run, const AddPartitions& s);
  Result<Outcome> execute(Running& run, const DropPartition& s);
  Result<Outcome> execute(Running& run, const AlterExternalTable& s);
  Result<Outcome> execute(Running& run, const DropTable& s);
  Result<Outcome> execute(Running& run, const CreateFunction& s);
  Result<Outcome> execute(Running& run, const CreateProcedure& s);
  Result<Outcome> execute(Running& run, const DropRoutine& s);
  Result<Outcome> execute(Running& run, const CreateDatabase& s);
  Result<Outcome> execute(Running& run, const DropDatabase& s);
  Status put_routine(Running& run, StoredRoutine routine, bool or_replace);
  // session_load.cc
  Result<Outcome> execute(Running& run, const Unload& s);
  Result<Outcome> execute(Running& run, const Copy& s);
  Status publish(Running& run, const Unload& s, const std::string& role, const Outcome& outcome,
                 const std::vector<ObjectRef>& there);
  Status find_sources(Running& run, const Copy& s, const std::string& role, std::vector<MovedFile>& files);
  int64_t session_number() const { return options_.pid != 0 ? options_.pid : engine_.pid(); }
  // session_show.cc
  Result<Outcome> execute(Running& run, const Show& s);
  Result<std::string> grants_sql(Running& run, const Show& s);      // session_show_details.cc
  Result<std::string> parameters_sql(Running& run, const Show& s);  // session_show_details.cc
  Result<std::string> keys_sql(Running& run, const Show& s);        // session_show_details.cc
  Result<Outcome> show_table(Running& run, const QualifiedName& name);
  Result<Outcome> show_view(Running& run, const QualifiedName& name);
  Result<Outcome> show_external_table(Running& run, const QualifiedName& name);
  Result<Outcome> execute(Running& run, const ShowVariable& s);
  Result<std::string> setting_value(const std::string& name) const;
  Status add_session_values(const std::string& sql, std::vector<Param>& params) const;
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
  struct Procedure {
    StoredRoutine routine;
    CreateProcedure parsed;
  };
  Result<Outcome> execute(Running& run, const CallProcedure& s);
  Result<Outcome> describe_call(Running& run, const CallProcedure& s);
  // ERRORS: 42883: none that takes so many arguments. `types`: of these, for its message.
  Result<Procedure> find_procedure(Running& run, const QualifiedName& name, const std::vector<std::string>& types);
  Result<std::vector<PlValue>> call(Running& run, const QualifiedName& name, const std::vector<PlValue>& arguments,
                                    std::vector<Argument>& parameters);
  Result<std::vector<PlValue>> run_body(Running& run, const CreateProcedure& procedure,
                                        const std::vector<PlValue>& arguments);

  Engine& engine_;
  SessionOptions options_;
  std::string user_;  // as whom statements run: options_.user, SET SESSION AUTHORIZATION's, a procedure's owner
  std::optional<SessionId> session_;
  std::atomic<uint64_t> open_session_ = 0;  // the same, for cancel(); 0: none
  std::atomic<bool> cancelled_ = false;
  bool in_block_ = false;               // BEGIN .. COMMIT
  bool failed_ = false;                 // .. of which only the end is understood
  int atomic_depth_ = 0;                // procedures that hold a transaction of their own
  std::vector<CatalogChange> pending_;  // of the open transaction
  std::vector<TableLocks::Held> locks_; // LOCK's, until it ends
  std::vector<Object> stale_;           // materialized views that the open transaction, or the statement, made stale
  std::vector<std::string> notices_;
  uint64_t copied_ = 0, unloaded_ = 0;  // rows of the last COPY and UNLOAD
  // Numbers of the last query, COPY and UNLOAD; 0: there was none.
  uint64_t last_query_ = 0, last_copy_ = 0, last_unload_ = 0;
  std::map<std::string, std::string> variables_;
  // As they were before the open transaction, where it has SET them, and before its first SET LOCAL.
  std::map<std::string, std::optional<std::string>> before_block_, before_local_;
  std::map<std::string, Prepared> prepared_;
  std::map<std::string, Held> cursors_;
};

// Runs `work` in the open transaction, or in one of its own.
template <class Work>
Status SqlSession::atomically(Running& run, Work work) {
  if (in_block_ || atomic_depth_ > 0) return work();
  TRY(begin(run));
  ++atomic_depth_;
  Status done = work();
  --atomic_depth_;
  if (!done) {
    (void)rollback(run);  // the work's error is what counts
    return done;
  }
  return commit(run);
}

}  // namespace tarn::sql

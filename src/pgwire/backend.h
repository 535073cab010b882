// What a wire session runs on: a door to log in at, and a database as one user sees it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "os/file.h"
#include "sql/engine_client.h"
#include "sql/lex.h"

namespace tarn::pgwire {

struct Login {
  std::string user, database, password;
  std::string server_name;  // as the client's TLS names it; empty: it does not
  std::string warehouse;    // as `options=-c warehouse=NAME` names it; empty: it does not
  std::string peer, application;
};

// Of an error: what the session stands on is gone, and the session ends with it.
constexpr std::string_view kAdminShutdown = "57P01";

// ERRORS, all: "SqlError" with sqlstate. THREADS: one at a time, but for cancel() and ended().
class Database {
 public:
  virtual ~Database() = default;
  // The session's number, which no other one has.
  virtual int32_t pid() const = 0;
  // `own`: a question of the wire's, which no view of what was run shows.
  virtual Result<sql::Outcome> run(const sql::StatementText& statement, const std::vector<sql::Param>& params,
                                   int spool, bool own) = 0;
  // The columns of a query and the types of its parameters; nothing is run.
  virtual Result<sql::Outcome> describe(const sql::StatementText& statement, const std::vector<sql::Param>& params) = 0;
  // Where rows go: empty, without a name.
  virtual Result<Fd> spool_file() = 0;
  virtual bool in_transaction() const = 0;
  // An error of the protocol: the open transaction can only be rolled back.
  virtual void fail_transaction() = 0;
  // Somebody has ended the session.
  virtual bool ended() const = 0;
  // Ends what runs with 57014. THREADS: any.
  virtual void cancel() = 0;
};

// THREADS: any.
class Backend {
 public:
  virtual ~Backend() = default;
  // ERRORS: SqlError 28P01, 28000 (who), 3D000 (which database).
  virtual Result<std::unique_ptr<Database>> log_in(const Login& login) = 0;
};

// The keys by which a second connection may end what runs on a first one. THREADS: any.
class Cancels {
 public:
  struct Key {
    int32_t pid = 0;
    int32_t secret = 0;
  };
  // LIFETIME: the database until it is removed.
  Key add(Database& database);
  void remove(Key key);
  // One that nobody has changes nothing.
  void cancel(Key key);
  bool ended(Key key);

 private:
  Database* find(Key key);  // REQUIRES: the mutex is held

  std::mutex mutex_;
  std::map<int32_t, std::pair<int32_t, Database*>> all_;
};

}  // namespace tarn::pgwire

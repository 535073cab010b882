// Session: one client's conversation. Bytes go in, messages come out; it knows no socket.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/file.h"
#include "pgwire/backend.h"
#include "pgwire/copy_in.h"
#include "pgwire/protocol.h"
#include "pgwire/values.h"
#include "sql/spool.h"

namespace tarn::pgwire {

// Where a session's messages go.
class Output {
 public:
  virtual ~Output() = default;
  // Waits while the client does not take what was sent before. False: the client is gone.
  virtual bool send(std::string_view bytes) = 0;
};

struct SessionFacts {
  std::string peer;
  bool tls = true;  // can be had
};

// THREADS: one at a time. LIFETIME: borrows all.
class Session {
 public:
  Session(Backend& backend, Cancels& cancels, Output& output, SessionFacts facts);
  ~Session();
  Session(const Session&) = delete;

  enum class Wants : uint8_t {
    kBytes,  // the client's next ones
    kTls,    // a handshake, then tls_started()
    kEnd,    // the connection is to be closed
  };
  // Takes what came and runs what is whole.
  Wants receive(std::string_view bytes);
  void tls_started(std::string server_name);
  bool logged_in() const { return database_ != nullptr; }
  // REQUIRES: logged_in().
  Cancels::Key key() const { return key_; }
  // Says why the server ends the conversation. Nothing may follow.
  void end(std::string_view sqlstate, std::string_view why);

 private:
  enum class State : uint8_t { kStartup, kTls, kPassword, kReady, kSkip /* to Sync */, kCopyIn, kEnd };

  // A statement of Parse; without text it is an empty one.
  struct Prepared {
    std::optional<sql::StatementText> statement;
    std::string source;  // as the client wrote it
    std::vector<uint32_t> types;  // 0: the client names none
    std::vector<uint32_t> told;   // as they were described to the client, which sends binary values by them; or empty
  };
  // Rows in a file, and how far they have been sent.
  struct Rows {
    Fd file;
    std::optional<sql::SpoolReader> reader;
    uint64_t next = 0;
  };
  struct Portal {
    std::shared_ptr<const Prepared> prepared;
    std::vector<sql::Param> params;
    std::vector<Format> formats;  // none: text; one: of all columns
    bool ran = false;
    bool described = false;
    sql::Outcome outcome;
    Rows rows;
  };

  // session.cc
  void take(const Message& message);
  void startup(const Message& message);
  void password(const Message& message);
  void log_in();
  Status apply_options();
  void greet();
  void ready();
  void report(const Error& error, std::string_view source = {}, size_t offset = 0);
  void notices(const sql::Outcome& outcome);
  void notice(const std::string& notice);
  void parameter(std::string_view name, std::string_view value);
  void flush();
  void fail();  // the open transaction

  // session_query.cc
  void query(const Message& message);
  void advance();
  bool run_queued(const sql::StatementText& statement);
  Result<sql::Outcome> run(const sql::StatementText& statement, const std::vector<sql::Param>& params, Rows* rows,
                           bool own = false);
  Result<std::string> ask(std::string_view sql);
  bool deallocates(const sql::StatementText& statement);
  Status begin_implicit();
  Status end_implicit(bool commit);
  void report_setting(const sql::StatementText& statement);
  void complete(const sql::Outcome& outcome);
  Status send_rows(Rows& rows, const std::vector<Format>& formats, uint64_t limit);
  Status begin_copy(CopyIn::Options options);
  Status copy_out(const CopyIn::Options& options);
  void copy_message(const Message& message);
  void end_copy(const Status& done);

  // session_extended.cc
  void extended(const Message& message);
  Status parse(Fields& fields);
  Status bind(Fields& fields);
  Status describe(Fields& fields);
  Status describe_statement(Prepared& prepared);
  Result<sql::Outcome> described(const Prepared& prepared);
  Status describe_portal(Portal& portal);
  Status execute(Fields& fields);
  Status close(Fields& fields);
  Status run_portal(Portal& portal);
  void sync();
  Result<std::shared_ptr<Prepared>> prepared(const std::string& name);
  Result<Portal*> portal(const std::string& name);

  Backend& backend_;
  Cancels& cancels_;
  Output& output_;
  const SessionFacts facts_;
  MessageReader reader_;
  std::string out_;
  State state_ = State::kStartup;
  bool secure_ = false;  // TLS has been started
  Login login_;
  std::vector<std::pair<std::string, std::string>> settings_;  // of the startup packet
  std::unique_ptr<Database> database_;
  Fd spare_;  // a file for rows that the last statement had no use for
  Cancels::Key key_;
  bool failed_ = false;    // the transaction can only be rolled back
  bool implicit_ = false;  // a transaction of ours around several statements

  std::string source_;                    // of the simple query under way
  std::deque<sql::StatementText> queue_;  // its statements
  bool several_ = false;                  // it had more than one
  std::optional<CopyIn> copy_;
  bool copy_extended_ = false;  // the COPY came by Execute

  std::map<std::string, std::shared_ptr<Prepared>> prepared_;
  std::map<std::string, Portal> portals_;
};

}  // namespace tarn::pgwire

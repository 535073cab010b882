// Activity: the wire's sessions on a namespace and what they run. In memory only: it ends with the server, so that a statement
// waits for no disk because of its record.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"
#include "services/redshift_data/records.h"

namespace tarn::redshift_data {

struct WireSession {
  int32_t pid = 0;  // as pg_backend_pid() tells it
  std::string user, database, application, peer;
  Time started;
  std::function<void()> cancel = {};     // ends what runs
  std::function<void()> terminate = {};  // and the session
};

struct WireStatement {
  int32_t pid = 0;
  std::string user, database;
  PartRecord part;  // the first 16 KB of its text
};

// Who came, left, or was not let in. AWS: STL_CONNECTION_LOG has the words.
struct ConnectionEvent {
  std::string event;
  Time time;
  WireSession session = {};  // without its functions
  int64_t duration_micros = 0;
};

// THREADS: any.
class Activity {
 public:
  static constexpr size_t kKept = 1000;  // of statements that are over, the newest

  // LIFETIME: what the session's functions borrow, until disconnect().
  void connect(WireSession session);
  void disconnect(int32_t pid, Time now);
  // Whoever was not let in.
  void refuse(WireSession session);
  // A statement begins. REQUIRES: the query's number is its own.
  void begin(WireStatement statement);
  // .. and ends: state, error, rows, bytes, duration and time of `outcome`.
  void end(uint64_t query_id, const PartRecord& outcome);

  std::vector<WireSession> sessions() const;      // by pid, without their functions
  std::vector<WireStatement> statements() const;  // newest first
  std::vector<ConnectionEvent> connections() const;  // the newest, in their order

  // Ends what the session runs, or the session. False: there is none of the number that `user` may end; nullptr: whosever.
  bool stop(int32_t pid, bool terminate, const std::string* user);

 private:
  // REQUIRES: the mutex is held.
  void note(const char* event, const WireSession& session, Time time);

  mutable std::mutex mutex_;
  std::map<int32_t, WireSession> sessions_;
  std::map<uint64_t, WireStatement> running_;
  std::deque<WireStatement> over_;
  std::deque<ConnectionEvent> connections_;
};

}  // namespace tarn::redshift_data

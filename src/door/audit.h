// Audit: one record a call, with CloudTrail's content. What changes state is recorded in its own commit; what only
// reads, and what was refused, in batches behind the answer (a crash may cost the last second of those).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/store.h"

namespace tarn {

struct AuditRecord {
  static constexpr uint32_t kVersion = 1;
  Time time;                            // the system's
  std::string service, operation;       // "s3", "PutObject"
  std::string request_id;
  std::string principal_arn, principal_kind, account, access_key, role_arn;
  std::string region, source_ip, user_agent;
  std::vector<std::string> called_via;
  std::string parameters;               // JSON of the input without sensitive members, cut at 8 KiB
  std::vector<std::string> resources;   // ARNs
  std::vector<std::string> actions;     // rights that were asked for
  bool allowed = true;
  std::string decided_by;               // the statement, policy or rule that decided
  std::string error_code, error_message;
  bool read_only = false;
  int64_t count = 1;                    // an engine's reads are one record a statement, action and prefix
  std::string answer;                   // of what changed something, where it is kept; as the parameters

  static void fields(auto& self, auto&& visit) {
    visit(self.time, self.service, self.operation, self.request_id, self.principal_arn, self.principal_kind, self.account,
          self.access_key, self.role_arn, self.region, self.source_ip, self.user_agent, self.called_via, self.parameters,
          self.resources, self.actions, self.allowed, self.decided_by, self.error_code, self.error_message,
          self.read_only, self.count, self.answer);
  }
};

// Who is told of calls. THREADS: called from any.
class AuditWatcher {
 public:
  virtual ~AuditWatcher() = default;
  // Whether its record tells what the call answered: for most calls about data nobody looks, and it costs its JSON.
  virtual bool keeps_answer(const AuditRecord& record) = 0;
  virtual bool wants(const AuditRecord& record) = 0;
  // In the call's own commit where it changes something, else soon, in one of its own. It may be run anew.
  virtual Status tell(Transaction& tx, const AuditRecord& record) = 0;
};

// THREADS: safe to use from any.
class Audit {
 public:
  explicit Audit(Store& store);
  ~Audit();  // writes what is still in memory
  Audit(const Audit&) = delete;

  // Before the first call. LIFETIME: borrows it.
  void watch(AuditWatcher& watcher) { watcher_ = &watcher; }
  // Behind the last call, before the watcher ends: what it still wants is told.
  void unwatch();
  bool keeps_answer(const AuditRecord& record) const { return watcher_ == nullptr || watcher_->keeps_answer(record); }

  // Part of the operation's own commit.
  Status write(Transaction& tx, const AuditRecord& record);
  // Soon, in a batch.
  void write_later(const AuditRecord& record);
  // Of an operation that was done in commits of its own: soon, or, if the watcher wants it, now, in one commit with what
  // the watcher writes. REQUIRES: no transaction is open on this thread.
  void write_done(const AuditRecord& record);

  // Those from `from` up to and without `to`, at most `limit`; `position` goes on behind that of an earlier page.
  struct Range {
    Time from, to;
    size_t limit = 0;
    bool newest_first = false;
    std::string position = {};
  };
  struct Page {
    std::vector<AuditRecord> records;
    std::vector<std::string> positions;  // of each
    std::string position;
    bool more = false;
  };
  Result<Page> page(const Range& range);
  // The newest first, at most `limit`, of those that `wanted` takes; what waits in memory is written first.
  Result<std::vector<AuditRecord>> newest(size_t limit, const std::function<bool(const AuditRecord&)>& wanted);

 private:
  void work();
  Status flush();

  Store& store_;
  AuditWatcher* watcher_ = nullptr;
  std::mutex flushing_;  // locked before mutex_
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<AuditEntry> waiting_;
  std::vector<AuditRecord> telling_;  // those of them that the watcher wants
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tarn

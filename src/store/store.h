// The one store: all durable state of a data directory.
//
//   DIR/lock     held while a server uses the directory
//   DIR/format   the directory's format number
//   DIR/synced   how far the log was synced at least, so that a log that has lost something is found out
//   DIR/store/   RocksDB's files
//   DIR/blobs/   object bytes (blob/blobs.h)
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/table.h"

namespace tarn {

struct StoreOptions {
  uint64_t audit_max_bytes = uint64_t{1} << 30;  // the oldest audit records go beyond this ...
  Micros audit_max_age = 90 * kDay;              // ... or this (of the system's time)
  Micros lock_timeout = 2 * kSecond;             // waiting longer for a lock is a conflict
  uint64_t reserve_bytes = 64 << 20;             // with less free space than this nothing is written any more
  // Memory for what is not yet in table files; a restart after a crash replays about as much.
  uint64_t write_buffer_bytes = 32 << 20;
  bool sync = true;  // false loses acknowledged writes with the machine's power: for tests of tests
  std::function<void(const std::string&)> log = {};  // one line of what an operator should know
};

// One audit record as it is kept; the content is the door's.
struct AuditEntry {
  Time time;
  std::string record;
  std::string position = {};  // of one that was read: read_audit goes on behind it
};

// THREADS: any, for everything.
class Store {
 public:
  // Makes the directory when it is not there.
  // ERRORS: DirectoryInUse (409), NewerFormat (409), or what is wrong with the directory. Never waits for a lock.
  static Result<std::unique_ptr<Store>> open(const std::string& directory, StoreOptions options = {});
  // REQUIRES: no transaction is left. What was committed is synced; waiters are answered first.
  ~Store();
  Store(const Store&) = delete;

  const std::string& directory() const;

  std::unique_ptr<Transaction> read();
  std::unique_ptr<Transaction> write();

  // Runs `work` in a writing transaction and commits it; runs it anew on a conflict, up to three times in all.
  // The result is committed, not yet synced.
  Result<Sequence> run(std::move_only_function<Status(Transaction&)> work);

  // `then` is called once all commits up to the sequence are on the disk: at once on this thread when they are, else on
  // the sync thread (short, never waiting for the store). With an error when the disk failed: what was committed may
  // then be lost, and the store takes no more writes.
  void when_synced(Sequence sequence, std::move_only_function<void(Status)> then);
  Status wait_synced(Sequence sequence);
  bool synced(Sequence sequence) const;
  // The newest commit's.
  Sequence latest() const;
  // The sequence of the oldest read transaction alive; latest() when there is none.
  Sequence oldest_reader() const;

  // Never given before, not even before a crash; greater than those given before. Less than 2^62.
  uint64_t next_id();

  // 32 bytes, for ever the same for this directory and purpose, known to nobody else.
  std::string secret(std::string_view purpose) const;

  // Why the store takes no more writes; empty while it does.
  Status writable() const;

  // Commits are slowed down or stopped for now, since the disk does not keep up: whoever is waited for by others does
  // not commit.
  bool stalled() const;

  // Whether so many bytes more may be written under the directory. ERRORS: InsufficientStorage (507).
  Status room_for(uint64_t bytes) const;

  // Audit records. In the commit of what they tell of, or (of what only reads) a batch of their own, not waited for.
  static Status append_audit(Transaction& tx, Time time, std::string_view record);
  Status append_audit(const std::vector<AuditEntry>& batch);
  // From `from` on, up to and without `to`, the newest first when `reverse`; at most `limit`.
  // A position continues behind an entry: pass the last `position` again, or that of an entry.
  struct AuditPage {
    std::vector<AuditEntry> entries;
    std::string position;
    bool more = false;
  };
  Result<AuditPage> read_audit(Time from, Time to, size_t limit, bool reverse = false, std::string_view position = {});

  // Writes one consistent copy of DIR/store and DIR/format to `to` while the store goes on; the files share their bytes
  // where the file system lets them. REQUIRES: `to` is not there. (blob/backup.h adds the blobs.)
  Status checkpoint(const std::string& to);
  // Reads every record, checking checksums. ERRORS: the first damaged one.
  struct Counts {
    uint64_t records = 0;
    uint64_t bytes = 0;
  };
  Result<Counts> verify();

 private:
  friend class Transaction;
  friend class RawCursor;
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tarn

// What the store's own files share: its insides, where RocksDB is seen. Nobody else includes this.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/utilities/transaction_db.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "os/file.h"
#include "store/log_sync.h"
#include "store/recent_records.h"
#include "store/store.h"

namespace tarn {

inline rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view view(const rocksdb::Slice& text) {
  return {text.data(), text.size()};
}

// RocksDB's failure as ours: a conflict, a full disk, or a fault of the machine's.
Error store_error(const rocksdb::Status& status);
inline Status checked(const rocksdb::Status& status) {
  if (status.ok()) return {};
  return Failure(store_error(status));
}

// The least text greater than all that start with the prefix; empty: there is none.
std::string end_of_prefix(std::string_view prefix);

struct Store::State {
  std::string directory;
  StoreOptions options;
  DirectoryLock lock;
  std::unique_ptr<rocksdb::TransactionDB> db;
  std::array<rocksdb::ColumnFamilyHandle*, 3> families{};
  std::unique_ptr<LogSync> sync;
  RecentRecords recent;           // of Family::kState
  std::string key;                // of the directory; secrets are derived from it
  uint64_t generation = 0;        // how often the directory has been opened
  std::atomic<uint64_t> ids{0};   // given out in this generation
  std::atomic<bool> full{false};  // less space than the reserve
  const std::shared_ptr<std::atomic<int>> stalls = std::make_shared<std::atomic<int>>(0);  // families that are stalled

  explicit State(DirectoryLock taken) : lock(std::move(taken)) {}
  ~State();
  rocksdb::ColumnFamilyHandle* family(Family f) const { return families[static_cast<size_t>(f)]; }
  Fd high_water;  // of DIR/synced
  Status sync_log(Sequence up_to);
  Status check_high_water();
  void check_space();
};

struct Transaction::State {
  Store& store;
  Store::State& in;
  std::unique_ptr<rocksdb::Transaction> writing = {};  // null in a read-only transaction
  const rocksdb::Snapshot* snapshot = nullptr;         // null in a writing one
  Status broken = {};                                  // the first failure: commit() repeats it
  std::vector<RecentRecords::Slot> changed = {};       // of the records it writes
  std::vector<std::move_only_function<void()>> committed_actions = {};
  std::vector<std::move_only_function<void()>> synced_actions = {};

  Status note(const rocksdb::Status& status);
  void note_change(std::string_view key);
  bool may_have_changed(RecentRecords::Slot slot) const;
  // From RocksDB: at the snapshot, or what is committed now beneath its own changes.
  Result<std::optional<std::string>> read(Family family, std::string_view key);
  // A record of Family::kState, which is often one of the recent ones.
  Result<std::optional<std::string>> read_recent(std::string_view key);
};

}  // namespace tarn

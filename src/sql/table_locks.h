// TableLocks: what LOCK holds. Transactions see snapshots; a lock is for those who must not meet in the first place.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"

namespace tarn::sql {

// THREADS: any.
class TableLocks {
 public:
  using Held = std::shared_ptr<void>;  // let go when the last one is gone

  // Waits until nobody else holds the table. `owner` is whoever asks: it gets what it holds already once more.
  // ERRORS: SqlError 40P01: both wait for each other; 57014: `cancelled` became true.
  Result<Held> lock(const std::string& table, const void* owner, const std::atomic<bool>& cancelled);
  // Waits until nobody but `owner` holds it. ERRORS: as lock().
  Status wait(const std::string& table, const void* owner, const std::atomic<bool>& cancelled);

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, const void*> holders;
    std::map<const void*, std::string> waiting;  // for which table
  };
  // REQUIRES: the mutex is held.
  Status wait_for(std::unique_lock<std::mutex>& lock, const std::string& table, const void* owner,
                  const std::atomic<bool>& cancelled);

  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace tarn::sql

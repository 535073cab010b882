// Group commit: one thread syncs the log for all commits that wait, and releases them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"
#include "store/table.h"

namespace tarn {

// THREADS: any.
class LogSync {
 public:
  // `latest`: the newest sequence in the log. `sync`: brings all up to it to the disk.
  LogSync(std::function<Sequence()> latest, std::function<Status(Sequence)> sync);
  ~LogSync();  // syncs a last time

  // Something was committed: it will be synced within a second also if nobody waits for it.
  void committed();
  // See Store::when_synced.
  void when_synced(Sequence sequence, std::move_only_function<void(Status)> then);
  bool synced(Sequence sequence) const { return sequence <= synced_.load(std::memory_order_acquire); }
  // The failure of the disk, once there was one. It stays: what a failed sync left behind nobody knows.
  Status health() const;
  void fail(const Error& error);

 private:
  struct Waiter {
    Sequence sequence;
    std::move_only_function<void(Status)> then;
  };
  void run();
  // Those that were released by the last sync are about to commit again: syncing when they have all come, instead of
  // when the first has, makes one sync of two.
  void gather(std::unique_lock<std::mutex>& lock);
  void sync_once(std::vector<Waiter> waiters);

  const std::function<Sequence()> latest_;
  const std::function<Status(Sequence)> sync_;
  std::atomic<Sequence> synced_{0};
  std::atomic<bool> dirty_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Waiter> waiters_;
  size_t released_ = 0;  // by the last sync
  size_t wanted_ = 1;    // so many waiters wake the thread
  std::chrono::steady_clock::duration last_took_{};
  Status health_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tarn

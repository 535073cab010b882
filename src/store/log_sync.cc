#include "store/log_sync.h"

#include <algorithm>

namespace tarn {

LogSync::LogSync(std::function<Sequence()> latest, std::function<Status(Sequence)> sync)
    : latest_(std::move(latest)), sync_(std::move(sync)), thread_([this] { run(); }) {}

LogSync::~LogSync() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void LogSync::committed() {
  if (dirty_.exchange(true)) return;
  {
    const std::lock_guard lock(mutex_);
  }  // so that the thread is either before its check or waiting
  changed_.notify_one();
}

void LogSync::when_synced(Sequence sequence, std::move_only_function<void(Status)> then) {
  if (synced(sequence)) return then({});
  {
    const std::unique_lock lock(mutex_);
    if (health_ && !stopping_) {
      waiters_.push_back({sequence, std::move(then)});
      if (waiters_.size() == wanted_) changed_.notify_one();
      return;
    }
  }
  const Status now = health();
  then(now ? internal_failure("The store is closed.") : now);
}

Status LogSync::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

void LogSync::fail(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (health_) {
      health_ = Failure(error);
      health_.error().message =
          "Nothing more is written until the server is started again, because the disk failed: " + error.message;
    }
  }
  changed_.notify_one();
}

void LogSync::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || dirty_ || !waiters_.empty(); });
    if (waiters_.empty() && !stopping_)
      changed_.wait_for(lock, std::chrono::seconds(1), [&] { return stopping_ || !waiters_.empty(); });
    gather(lock);
    const bool last = stopping_;
    std::vector<Waiter> waiters = std::exchange(waiters_, {});
    lock.unlock();
    sync_once(std::move(waiters));
    lock.lock();
    if (last) return;
  }
}

void LogSync::gather(std::unique_lock<std::mutex>& lock) {
  if (stopping_ || waiters_.size() >= released_) return;
  wanted_ = released_;
  const auto patience = std::min<std::chrono::steady_clock::duration>(last_took_ / 2, std::chrono::microseconds(500));
  changed_.wait_for(lock, patience, [&] { return stopping_ || waiters_.size() >= wanted_; });
  wanted_ = 1;
}

void LogSync::sync_once(std::vector<Waiter> waiters) {
  dirty_ = false;
  // Whoever waits had committed before, so this covers all of them, and those that have committed since.
  const Sequence target = latest_();
  Status result = health();
  if (result && !synced(target)) {
    const auto began = std::chrono::steady_clock::now();
    result = sync_(target);
    last_took_ = std::chrono::steady_clock::now() - began;
    if (result)
      synced_.store(target, std::memory_order_release);
    else
      fail(result.error());
  }
  released_ = waiters.size();
  for (Waiter& waiter : waiters) waiter.then(result);
}

}  // namespace tarn

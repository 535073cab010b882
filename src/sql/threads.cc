#include "sql/threads.h"

#include <chrono>
#include <thread>

namespace tarn::sql {
namespace {

constexpr size_t kKept = 4;                // threads that wait for work at most
constexpr std::chrono::seconds kIdle{10};  // .. and run rest_ after so long

}  // namespace

Threads::~Threads() {
  std::unique_lock lock(mutex_);
  ending_ = true;
  for (Waiting* one : waiting_) one->arrived.notify_one();
  ended_.wait(lock, [&] { return count_ == 0; });
}

void Threads::run(Work work) {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    ++count_;
    std::thread([this, work = std::move(work)]() mutable { serve(std::move(work)); }).detach();
    return;
  }
  Waiting& last = *waiting_.back();
  waiting_.pop_back();
  last.work = std::move(work);
  last.arrived.notify_one();
}

void Threads::serve(Work work) {
  while (work) {
    work();
    work = {};  // what it holds is not to wait for the next
    work = next();
  }
  const std::lock_guard lock(mutex_);
  --count_;
  ended_.notify_all();
}

// The next work of this thread; none: it is to end.
Threads::Work Threads::next() {
  std::unique_lock lock(mutex_);
  if (waiting_.size() >= kKept) return {};
  Waiting self;
  waiting_.push_back(&self);
  const auto called = [&] { return ending_ || self.work; };
  if (rest_ && !self.arrived.wait_for(lock, kIdle, called)) {
    lock.unlock();
    rest_();
    lock.lock();
  }
  self.arrived.wait(lock, called);
  return std::move(self.work);
}

}  // namespace tarn::sql

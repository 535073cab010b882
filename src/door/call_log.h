// What later calls came to (bus.h): each attempt, with its outcome. `tarn clock advance` tells what fired by it, `tarn
// events why` what came of an event. In memory: it begins anew with the server.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"

namespace tarn {

// THREADS: any.
class CallLog {
 public:
  struct Entry {
    Time time;               // on tarn's clock
    std::string account;     // of what caused it
    std::string cause;       // the ARN of the rule, the schedule, the topic
    std::string target;      // its ARN
    std::string operation;   // "sqs:SendMessage"
    std::string request_id;
    std::string error_code, error_message;  // empty: it went through
    int attempt = 1;
  };

  void add(Entry entry) {
    const std::lock_guard lock(mutex_);
    entries_.push_back(std::move(entry));
    if (entries_.size() <= kMost) return;
    entries_.pop_front();
    ++forgotten_;
  }
  // Where the log ends now; and what has come behind such a place, as far as it is still kept.
  uint64_t end() const {
    const std::lock_guard lock(mutex_);
    return forgotten_ + entries_.size();
  }
  std::vector<Entry> since(uint64_t place) const {
    const std::lock_guard lock(mutex_);
    const uint64_t skip = place > forgotten_ ? place - forgotten_ : 0;
    if (skip >= entries_.size()) return {};
    return {entries_.begin() + static_cast<long>(skip), entries_.end()};
  }

 private:
  static constexpr size_t kMost = 100'000;
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
  uint64_t forgotten_ = 0;
};

}  // namespace tarn

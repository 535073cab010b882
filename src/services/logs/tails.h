// Live tails: clients that are told of events as they come in.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "services/logs/filter_pattern.h"

namespace tarn {
class Transaction;
}

namespace tarn::logs {

// An event that was just written.
struct NewEvent {
  std::string id;
  int64_t time = 0;  // milliseconds
  std::string message;
};

struct TailedEvent {
  std::string group_arn, stream, message;
  int64_t time = 0, ingested = 0;
};

// THREADS: any.
class Tail {
 public:
  Tail(std::vector<std::string> group_arns, std::vector<std::string> streams, std::vector<std::string> stream_prefixes,
       FilterPattern pattern)
      : groups_(std::move(group_arns)),
        streams_(std::move(streams)),
        stream_prefixes_(std::move(stream_prefixes)),
        pattern_(std::move(pattern)) {}

  bool wants(std::string_view group_arn, std::string_view stream) const;
  bool wants(std::string_view message) const { return pattern_.matches(message); }
  void add(std::vector<TailedEvent> events);
  // Waits at most so long for some; at most so many. `dropped`: there were more than could be held.
  std::vector<TailedEvent> wait(Micros time, size_t most, bool& dropped);

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<TailedEvent> waiting_;
  bool dropped_ = false;
  const std::vector<std::string> groups_, streams_, stream_prefixes_;
  const FilterPattern pattern_;
};

// THREADS: any.
class Tails {
 public:
  // nullptr: there are as many as can be. It ends when nobody holds it.
  std::shared_ptr<Tail> open(size_t most, std::vector<std::string> group_arns, std::vector<std::string> streams,
                             std::vector<std::string> stream_prefixes, FilterPattern pattern);
  // Those that want the events hear of them when they are on the disk.
  void tell(Transaction& tx, const std::string& group_arn, const std::string& stream, Time ingested,
            const std::vector<NewEvent>& events);
  // Whether telling would reach anybody.
  bool any();

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<Tail>> tails_;
};

}  // namespace tarn::logs

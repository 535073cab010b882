// The last events on each event bus, with what was sent because of them, for `tarn events why`. In memory: it begins
// anew with the server.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"

namespace tarn {

// THREADS: any.
class EventLog {
 public:
  struct Sent {
    std::string rule_arn, target_arn;
    std::string request_id;  // of the call: what it came to is in the CallLog
  };
  struct Entry {
    Time time;          // when it was matched, on tarn's clock
    std::string event;  // JSON
    std::vector<Sent> sent;
  };

  void add(const std::string& bus_arn, Entry entry) {
    const std::lock_guard lock(mutex_);
    Bus& bus = buses_[bus_arn];
    bus.bytes += entry.event.size();
    bus.entries.push_back(std::move(entry));
    while (bus.entries.size() > kMostEntries || (bus.bytes > kMostBytes && bus.entries.size() > 1)) {
      bus.bytes -= bus.entries.front().event.size();
      bus.entries.pop_front();
    }
  }
  // The newest last.
  std::vector<Entry> last(const std::string& bus_arn, size_t most) const {
    const std::lock_guard lock(mutex_);
    const auto found = buses_.find(bus_arn);
    if (found == buses_.end()) return {};
    const auto& entries = found->second.entries;
    return {entries.end() - static_cast<long>(std::min(most, entries.size())), entries.end()};
  }

 private:
  static constexpr size_t kMostEntries = 100;    // of a bus
  static constexpr size_t kMostBytes = 1 << 20;  // of a bus' events
  struct Bus {
    std::deque<Entry> entries;
    size_t bytes = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Bus> buses_;
};

}  // namespace tarn

// What has things due on the clock, as advancing a virtual clock sees it: timers, the outbox' retries, started tasks.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"

namespace tarn {

// THREADS: any.
class DueSource {
 public:
  virtual ~DueSource() = default;
  // The earliest moment that something waits for; nullopt: nothing waits.
  virtual std::optional<Time> next_due() = 0;
  // What is under way or due by now, for people ("3 events not yet matched"); empty: nothing, it is idle.
  virtual std::string busy() = 0;
  // The clock has moved: look again.
  virtual void wake() = 0;
};

}  // namespace tarn

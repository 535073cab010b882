// The one clock: everything of tarn's that waits, waits on it. Signature dates, HTTP dates, expiry of credentials and
// timeouts of sockets and programs stay on the system's time (system_now).
#pragma once

#include <atomic>

#include "base/time.h"

namespace tarn {

// THREADS: any.
class Clock {
 public:
  virtual ~Clock() = default;
  // Never less than an earlier answer.
  virtual Time now() const = 0;
  // False: it stands still until it is moved, so waiting for a moment of it means waiting to be told.
  virtual bool runs() const = 0;
};

// The system's time, held still when the system's goes back.
class SystemClock final : public Clock {
 public:
  Time now() const override;
  bool runs() const override { return true; }

 private:
  mutable std::atomic<int64_t> latest_{0};
};

// Moves only when told to. (store/timers.h moves it, and keeps it over restarts.)
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(Time start) : now_(start.micros) {}
  Time now() const override { return {now_.load()}; }
  bool runs() const override { return false; }
  // An earlier time than now() changes nothing.
  void move_to(Time t);

 private:
  std::atomic<int64_t> now_;
};

// The system's time of day.
Time system_now();
// For measuring and for timeouts: goes on evenly whatever is done to the system's time.
Micros steady_now();

}  // namespace tarn

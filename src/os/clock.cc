#include "os/clock.h"

#include <time.h>

namespace tarn {
namespace {

Micros read_clock(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return int64_t{t.tv_sec} * kSecond + t.tv_nsec / 1'000;
}

// Raises `latest` to `t` and answers the greater of the two.
int64_t raise(std::atomic<int64_t>& latest, int64_t t) {
  int64_t seen = latest.load();
  while (seen < t && !latest.compare_exchange_weak(seen, t)) {
  }
  return seen < t ? t : seen;
}

}  // namespace

Time SystemClock::now() const {
  return {raise(latest_, system_now().micros)};
}

void VirtualClock::move_to(Time t) {
  raise(now_, t.micros);
}

Time system_now() {
  return {read_clock(CLOCK_REALTIME)};
}

Micros steady_now() {
  return read_clock(CLOCK_MONOTONIC);
}

}  // namespace tarn

// How long to wait before something that failed is tried again.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace tarn {

// After the first failure 1 s, then 2 s, 4 s ... up to an hour.
constexpr Micros pause_after(int failures) {
  return std::min(kHour, kSecond << std::clamp(failures - 1, 0, 12));
}

}  // namespace tarn

// What is tarn's own and no AWS service: its clock, backups and audit records. `tarn clock` and `tarn backup` call it.
#pragma once

#include <mutex>
#include <vector>

#include "os/clock.h"
#include "store/due.h"

namespace tarn::admin {

class Administration {
 public:
  // `virtual_clock` is nullptr when the server runs on the system's time; `due` is what advancing it must let happen.
  Administration(VirtualClock* virtual_clock, std::vector<DueSource*> due)
      : virtual_clock_(virtual_clock), due_(std::move(due)) {}

  VirtualClock* virtual_clock() { return virtual_clock_; }
  const std::vector<DueSource*>& due() const { return due_; }
  // One advance at a time.
  std::mutex& advancing() { return advancing_; }

 private:
  VirtualClock* virtual_clock_;
  std::vector<DueSource*> due_;
  std::mutex advancing_;
};

}  // namespace tarn::admin

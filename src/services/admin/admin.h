// What is tarn's own and no AWS service: its clock, backups, audit records, and what became of events. `tarn clock`, `tarn
// backup` and `tarn events` call it.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "door/call_log.h"
#include "door/event_log.h"
#include "os/clock.h"
#include "store/due.h"

namespace tarn::admin {

class Administration {
 public:
  // `virtual_clock` is nullptr when the server runs on the system's time; `due` is what advancing it must let happen.
  // `back_up` adds to a backup what lies beside the store and the blobs. LIFETIME: borrows the logs.
  Administration(VirtualClock* virtual_clock, std::vector<DueSource*> due, const CallLog& calls, const EventLog& events,
                 std::function<Status(const std::string& partial)> back_up = {})
      : virtual_clock_(virtual_clock),
        due_(std::move(due)),
        calls_(calls),
        events_(events),
        back_up_(std::move(back_up)) {}

  VirtualClock* virtual_clock() { return virtual_clock_; }
  const std::vector<DueSource*>& due() const { return due_; }
  const CallLog& calls() const { return calls_; }
  const EventLog& events() const { return events_; }
  const std::function<Status(const std::string& partial)>& back_up() const { return back_up_; }
  // One advance at a time.
  std::mutex& advancing() { return advancing_; }

 private:
  VirtualClock* virtual_clock_;
  std::vector<DueSource*> due_;
  const CallLog& calls_;
  const EventLog& events_;
  const std::function<Status(const std::string& partial)> back_up_;
  std::mutex advancing_;
};

}  // namespace tarn::admin

// Timers: what waits for a moment of tarn's clock, in the commit of what waits; and moving a virtual clock.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "os/clock.h"
#include "store/due.h"
#include "store/store.h"

namespace tarn {

struct Timer {
  std::string kind;  // which handler
  std::string id;    // unique within the kind
  Time due;
  std::string payload;
  int attempts = 0;  // how often the handler has failed
};

// Runs in a transaction of its own, which also erases the timer; the handler may set it anew (cron). It does not call
// the door: later work goes to the outbox. On an error nothing of it has happened, and it runs again after a growing
// pause; on a conflict at once.
using TimerHandler = std::function<Status(Transaction&, const Timer&)>;

// Fires in the order of the due moments, one after the other. THREADS: any, after start().
class Timers final : public DueSource {
 public:
  Timers(Store& store, const Clock& clock, std::function<void(const std::string&)> log = {});
  ~Timers() override;  // stops

  // Before start().
  void on(std::string kind, TimerHandler handler);
  Status start();
  void stop();

  // There is one timer of that kind and id: this one replaces it.
  Status set(Transaction& tx, std::string_view kind, std::string_view id, Time due, std::string_view payload = {});
  // One that is not there (has fired) is no error.
  Status cancel(Transaction& tx, std::string_view kind, std::string_view id);

  std::optional<Time> next_due() override;
  std::string busy() override;
  void wake() override;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with transactions that have yet to commit
};

// Where the directory's virtual clock stood; nullopt: it never had one.
Result<std::optional<Time>> stored_virtual_time(Store& store);

// Moves the clock to `to`: goes to each due moment on the way in order, lets it happen, and goes on when all sources
// are idle. Each step is on the disk before anybody is told of it.
// ERRORS: ClockBusy (409) when the sources are not idle `patience` (of real time) after a step: the clock then stays
// there, and the message says what it waits for. InvalidTime (400) when `to` lies before now(). THREADS: one at a time.
Status advance(Store& store, VirtualClock& clock, Time to, std::span<DueSource* const> sources,
               Micros patience = 60 * kSecond);

}  // namespace tarn

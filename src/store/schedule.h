// Schedules as AWS writes them, and the moments that they name. They wait as timers (store/timers.h): whoever has one
// sets a timer for next() and, when it fires, the next one.
//
//   cron(minutes hours day-of-month month day-of-week year)   , - * / ? L W #   JAN-DEC, SUN-SAT, 1-7 from Sunday
//   rate(value minute|minutes|hour|hours|day|days)
//   at(yyyy-mm-ddThh:mm:ss)
//
// AWS: EventBridge's "cron and rate expressions", Scheduler's "schedule types", Glue's "time-based schedules".
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/time.h"

namespace tarn {

// THREADS: immutable.
class Schedule {
 public:
  // ERRORS: ValidationException saying what is wrong where; callers give it their service's code.
  static Result<Schedule> parse(std::string_view text);

  // The first moment behind `after`; nullopt: there is none any more. Of a rate: one period later.
  // `zone`: an IANA name ("Europe/Berlin"). A local time that does not exist (clocks go forward) is passed over, one
  // that comes twice counts once, the first time. AWS: Scheduler, daylight saving time.
  // ERRORS: ValidationException: no such zone.
  Result<std::optional<Time>> next(Time after, std::string_view zone = "UTC") const;

  bool once() const { return std::holds_alternative<At>(kind_); }
  bool repeats_by_rate() const { return std::holds_alternative<Micros>(kind_); }

 private:
  friend class CronParser;
  struct Cron {
    std::bitset<60> minutes;
    std::bitset<24> hours;
    std::bitset<32> days;          // of the month, 1 to 31
    bool last_day = false;         // L
    bool last_weekday = false;     // LW
    std::bitset<32> near;          // nW: the weekday nearest to that day
    bool any_day = false;          // ?
    std::bitset<13> months;        // 1 to 12
    std::bitset<8> weekdays;       // 1 (Sunday) to 7
    std::bitset<8> last;           // nL: the month's last such day
    int nth = 0, nth_weekday = 0;  // n#m
    bool any_weekday = false;
    std::bitset<230> years;  // from 1970
  };
  struct At {
    Time local;
  };
  explicit Schedule(std::variant<Cron, Micros, At> kind) : kind_(std::move(kind)) {}

  std::variant<Cron, Micros, At> kind_;
};

// Is that the name of a time zone?
bool is_time_zone(std::string_view zone);

}  // namespace tarn

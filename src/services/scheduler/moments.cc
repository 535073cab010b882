#include "services/scheduler/moments.h"

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"

namespace tarn::scheduler {
namespace {

std::optional<Time> before_end(const ScheduleRecord& record, std::optional<Time> moment) {
  if (moment && record.end && *moment >= *record.end) return std::nullopt;
  return moment;
}

}  // namespace

Result<Schedule> parse_expression(std::string_view expression) {
  const bool blanks = trim(expression) != expression || expression.find("( ") != std::string_view::npos ||
                      expression.find(" )") != std::string_view::npos;
  if (blanks) return fail(400, "ValidationException", "There are blanks around the expression or its fields.");
  // AWS: Scheduler User Guide, "Rate-based schedules": its console writes rate(1 minutes).
  if (expression.starts_with("rate(1 ") && expression.ends_with("s)"))
    return Schedule::parse(std::string(expression.substr(0, expression.size() - 2)) + ")");
  if (auto schedule = Schedule::parse(expression); schedule || !expression.starts_with("rate(")) return schedule;
  return Schedule::parse(std::string(expression.substr(0, expression.size() - 1)) + "s)");
}

Result<std::optional<Time>> first_moment(const ScheduleRecord& record, Time now) {
  const Schedule schedule = TRY(parse_expression(record.expression));
  if (schedule.once()) return schedule.next(Time{}, record.zone);
  const Time from = std::max(now, record.start.value_or(now));
  if (!schedule.repeats_by_rate()) return before_end(record, TRY(schedule.next(from + -1, record.zone)));
  const Time start = record.start.value_or(now);
  const Micros period = *TRY(schedule.next(Time{})) - Time{};
  const int64_t passed = (from - start + period - 1) / period;
  return before_end(record, start + passed * period);
}

Result<std::optional<Time>> next_moment(const ScheduleRecord& record, Time moment) {
  const Schedule schedule = TRY(parse_expression(record.expression));
  if (schedule.once()) return std::nullopt;
  return before_end(record, TRY(schedule.next(moment, record.zone)));
}

Micros delay_within_window(const ScheduleRecord& record, std::string_view schedule_arn, Time moment) {
  if (!record.window_minutes) return 0;
  const std::string hash = sha256(std::string(schedule_arn) + std::to_string(moment.micros));
  uint64_t number = 0;
  for (size_t i = 0; i < 8; ++i) number = number << 8 | static_cast<unsigned char>(hash[i]);
  const auto seconds = static_cast<uint64_t>(*record.window_minutes) * 60;
  return static_cast<Micros>(number % seconds) * kSecond;
}

}  // namespace tarn::scheduler

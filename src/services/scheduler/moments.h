// When a schedule fires. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "services/scheduler/records.h"
#include "store/schedule.h"

namespace tarn::scheduler {

// As Schedule::parse, and as Scheduler reads it: nothing around it, and a rate's unit in either number.
// ERRORS: ValidationException.
Result<Schedule> parse_expression(std::string_view expression);

// The first moment from `now` on, and the one behind a moment; nullopt: there is none (any more).
// AWS: Scheduler User Guide, "Schedule types": a rate begins at its start date, or at once; others keep to the
// expression. One-time schedules know neither start nor end, and one in the past fires at once.
// ERRORS: ValidationException: the expression or the zone.
Result<std::optional<Time>> first_moment(const ScheduleRecord& record, Time now);
Result<std::optional<Time>> next_moment(const ScheduleRecord& record, Time moment);

// How much later than its moment it fires, within its flexible time window: the same for the same schedule and moment,
// so that two runs of a virtual clock do not differ.
Micros delay_within_window(const ScheduleRecord& record, std::string_view schedule_arn, Time moment);

}  // namespace tarn::scheduler

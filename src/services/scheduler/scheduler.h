// Amazon EventBridge Scheduler: calls of AWS operations at a moment, or again and again.
//
// A schedule waits as one timer. When it fires, the call to its target is put into the outbox and the next timer set, in
// one commit: no firing is lost, and none happens twice but for the delivery's own at-least-once.
//
// Whoever makes a schedule locks its group shared; whoever deletes the group locks it exclusively.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "door/call.h"
#include "gen/scheduler/handlers.h"
#include "services/scheduler/records.h"
#include "store/timers.h"

namespace tarn::scheduler {

constexpr std::string_view kPrincipal = "scheduler.amazonaws.com";

class Scheduler {
 public:
  // LIFETIME: borrows both. REQUIRES: the timers are not started yet.
  Scheduler(Timers& timers, Outbox& outbox);

  // Sets the timer for the first moment from `now` on, or takes it away where there is none.
  // REQUIRES: the record's expression and zone are good.
  Status plan(Transaction& tx, const ScheduleKey& key, const ScheduleRecord& record, Time now);
  Status forget(Transaction& tx, const ScheduleKey& key);
  // Deletes the group's schedules, some in each commit, then the group. REQUIRES: it is marked as being deleted.
  Status empty_soon(Transaction& tx, const GroupKey& key, Time now);

 private:
  Status fire(Transaction& tx, const Timer& timer);
  Status empty(Transaction& tx, const Timer& timer);
  Status wait_for(Transaction& tx, const ScheduleKey& key, const ScheduleRecord& record, Time moment);

  Timers& timers_;
  Outbox& outbox_;
};

std::string group_arn(const GroupKey& key);
std::string schedule_arn(const ScheduleKey& key);

// ERRORS: ResourceNotFoundException. The default group is there without a record.
Result<GroupRecord> find_group(Call& call, std::string_view name, Lock lock);

// Where the page after `token` begins: empty for the first one. ERRORS: ValidationException.
Result<std::string> page_start(Call& call, std::string_view request, const std::optional<std::string>& token);

inline Failure invalid(std::string message) {
  return fail(400, "ValidationException", std::move(message));
}
inline Failure not_found(std::string message) {
  return fail(404, "ResourceNotFoundException", std::move(message));
}
inline Failure conflict(std::string message) {
  return fail(409, "ConflictException", std::move(message));
}

}  // namespace tarn::scheduler

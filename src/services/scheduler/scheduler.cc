#include "services/scheduler/scheduler.h"

#include <fmt/format.h>

#include "base/text.h"
#include "door/door.h"
#include "door/tags.h"
#include "os/random.h"
#include "services/scheduler/moments.h"
#include "services/scheduler/targets.h"
#include "store/page_token.h"

namespace tarn::scheduler {
namespace {

constexpr const char* kFireTimer = "scheduler.fire";
constexpr const char* kEmptyTimer = "scheduler.empty";
constexpr size_t kEmptiedAtOnce = 200;  // schedules in one commit

// No part of a key has a blank.
std::string timer_id(const ScheduleKey& key) {
  return fmt::format("{} {} {} {}", key.owner, key.region, key.group, key.name);
}
std::string timer_id(const GroupKey& key) {
  return fmt::format("{} {} {}", key.owner, key.region, key.name);
}

}  // namespace

Scheduler::Scheduler(Timers& timers, Outbox& outbox) : timers_(timers), outbox_(outbox) {
  timers_.on(kFireTimer, [this](Transaction& tx, const Timer& timer) { return fire(tx, timer); });
  timers_.on(kEmptyTimer, [this](Transaction& tx, const Timer& timer) { return empty(tx, timer); });
}

// --- firing -----------------------------------------------------------------------------------------------------------

Status Scheduler::wait_for(Transaction& tx, const ScheduleKey& key, const ScheduleRecord& record, Time moment) {
  const Time due = moment + delay_within_window(record, schedule_arn(key), moment);
  return timers_.set(tx, kFireTimer, timer_id(key), due, std::to_string(moment.micros));
}

Status Scheduler::plan(Transaction& tx, const ScheduleKey& key, const ScheduleRecord& record, Time now) {
  if (record.enabled)
    if (const auto moment = TRY(first_moment(record, now))) return wait_for(tx, key, record, *moment);
  return forget(tx, key);
}

Status Scheduler::forget(Transaction& tx, const ScheduleKey& key) {
  return timers_.cancel(tx, kFireTimer, timer_id(key));
}

Status Scheduler::fire(Transaction& tx, const Timer& timer) {
  const auto parts = split(timer.id, ' ');
  const ScheduleKey key{std::string(parts[0]), std::string(parts[1]), std::string(parts[2]), std::string(parts[3])};
  const auto record = TRY(tx.get(kSchedules, key));
  if (!record) return {};
  const Time moment{parse_int(timer.payload).value_or(timer.due.micros)};
  TRY(outbox_.enqueue(tx, delivery_of(Firing{key, record->target, moment, random_hex(16)})));
  if (const auto next = TRY(next_moment(*record, moment))) return wait_for(tx, key, *record, *next);
  if (record->delete_when_done) return tx.erase(kSchedules, key);
  return {};
}

// --- groups that go ---------------------------------------------------------------------------------------------------

Status Scheduler::empty_soon(Transaction& tx, const GroupKey& key, Time now) {
  return timers_.set(tx, kEmptyTimer, timer_id(key), now);
}

Status Scheduler::empty(Transaction& tx, const Timer& timer) {
  const auto parts = split(timer.id, ' ');
  const GroupKey key{std::string(parts[0]), std::string(parts[1]), std::string(parts[2])};
  const auto page = TRY(
      tx.scan(kSchedules, {.prefix = prefix_of(kSchedules, key.owner, key.region, key.name), .limit = kEmptiedAtOnce}));
  for (const auto& [schedule, record] : page.entries) {
    TRY(tx.erase(kSchedules, schedule));
    TRY(forget(tx, schedule));
  }
  if (page.more) return timers_.set(tx, kEmptyTimer, timer.id, timer.due);
  TRY(set_tags(tx, group_arn(key), {}));
  return tx.erase(kGroups, key);
}

// --- where things are -------------------------------------------------------------------------------------------------

std::string group_arn(const GroupKey& key) {
  return fmt::format("arn:aws:scheduler:{}:{}:schedule-group/{}", key.region, key.owner, key.name);
}

std::string schedule_arn(const ScheduleKey& key) {
  return fmt::format("arn:aws:scheduler:{}:{}:schedule/{}/{}", key.region, key.owner, key.group, key.name);
}

Result<GroupRecord> find_group(Call& call, std::string_view name, Lock lock) {
  if (name == kDefaultGroup) return GroupRecord{};
  const auto record = TRY(call.get(kGroups, {call.account(), call.region(), std::string(name)}, lock));
  if (!record) return not_found(fmt::format("Schedule group {} does not exist.", name));
  return *record;
}

Result<std::string> page_start(Call& call, std::string_view request, const std::optional<std::string>& token) {
  if (!token) return std::string();
  auto position = page_position(call.door().store(), request, *token);
  if (!position) return invalid("The NextToken is not one that this operation gave for this request.");
  return std::move(*position);
}

}  // namespace tarn::scheduler

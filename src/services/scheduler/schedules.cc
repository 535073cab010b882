// Schedules: made, shown, changed, deleted.
#include <fmt/format.h>

#include "door/rights.h"
#include "services/scheduler/moments.h"
#include "services/scheduler/once.h"
#include "services/scheduler/targets.h"
#include "store/page_token.h"
#include "store/schedule.h"

namespace tarn::scheduler {
namespace {

constexpr int32_t kPage = 100;
constexpr Micros kLatestStart = 5 * kMinute;

ScheduleKey key_of(const Call& call, const std::optional<std::string>& group, const std::string& name) {
  return {call.account(), call.region(), group.value_or(std::string(kDefaultGroup)), name};
}

Result<ScheduleRecord> find_schedule(Call& call, const ScheduleKey& key, Lock lock) {
  auto record = TRY(call.get(kSchedules, key, lock));
  if (!record) return not_found(fmt::format("Schedule {} does not exist.", key.name));
  return std::move(*record);
}

template <class In>
std::vector<Need> needs_on(const Call& call, const In& in, std::string action) {
  return {{.action = std::move(action), .resource = schedule_arn(key_of(call, in.group_name, *in.name))}};
}

// --- what is asked for ------------------------------------------------------------------------------------------------

// Parameters for targets that this server does not have: none is passed over.
Status check_parameters(const Target& in) {
  if (in.ecs_parameters) return invalid("EcsParameters are not supported by this server.");
  if (in.kinesis_parameters) return invalid("KinesisParameters are not supported by this server.");
  if (in.sage_maker_pipeline_parameters)
    return invalid("SageMakerPipelineParameters are not supported by this server.");
  if (in.event_bridge_put_events_v2_parameters || in.event_bridge_put_raw_events_parameters)
    return invalid("Event buses v2 are not supported by this server; EventBridgeParameters are.");
  return {};
}

Result<TargetRecord> target_of(const Target& in) {
  TRY(check_parameters(in));
  TargetRecord out{.arn = *in.arn, .role_arn = *in.role_arn, .input = in.input};
  if (in.dead_letter_config) out.dead_letter_queue = in.dead_letter_config->arn;
  if (in.sqs_parameters) out.message_group = in.sqs_parameters->message_group_id;
  if (in.event_bridge_parameters) {
    out.detail_type = in.event_bridge_parameters->detail_type;
    out.source = in.event_bridge_parameters->source;
  }
  if (in.retry_policy) {
    out.event_age_seconds = in.retry_policy->maximum_event_age_in_seconds.value_or(out.event_age_seconds);
    out.retries = in.retry_policy->maximum_retry_attempts.value_or(out.retries);
  }
  TRY(check_target(out));
  return out;
}

Result<std::optional<int32_t>> window_of(const FlexibleTimeWindow& in) {
  const bool flexible = *in.mode == "FLEXIBLE";
  if (flexible != in.maximum_window_in_minutes.has_value())
    return invalid("MaximumWindowInMinutes belongs to a FlexibleTimeWindow of the Mode FLEXIBLE, which needs it.");
  return in.maximum_window_in_minutes;
}

Status check_moments(const ScheduleRecord& record, Time now) {
  if (!parse_expression(record.expression))
    return invalid(fmt::format("Invalid Schedule Expression {}.", record.expression));
  if (!is_time_zone(record.zone))
    return invalid(fmt::format("Invalid ScheduleExpressionTimezone {}: it is no IANA time zone.", record.zone));
  if (record.start && *record.start < now + -kLatestStart)
    return invalid("The StartDate you specify cannot be earlier than 5 minutes ago.");
  if (record.end && *record.end < now) return invalid("The EndDate you specify cannot be in the past.");
  if (record.start && record.end && *record.end <= *record.start)
    return invalid("The EndDate you specify must come after the StartDate.");
  return {};
}

// AWS: the role is tried when a schedule is made or changed.
Status check_role(Call& call, const ScheduleKey& key, const std::string& role) {
  Caller from = call.caller();
  from.source_arn = group_arn({key.owner, key.region, key.group});
  from.source_account = key.owner;
  if (!call.door().assume_as_service(from, role, kPrincipal, "scheduler"))
    return invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.");
  return {};
}

template <class In>
Result<ScheduleRecord> record_of(Call& call, const ScheduleKey& key, const In& in) {
  if (in.kms_key_arn) return invalid("KmsKeyArn is not supported by this server.");
  ScheduleRecord out{.expression = *in.schedule_expression,
                     .zone = in.schedule_expression_timezone.value_or("UTC"),
                     .description = in.description,
                     .start = in.start_date,
                     .end = in.end_date,
                     .created = call.now(),
                     .modified = call.now(),
                     .enabled = in.state.value_or("ENABLED") == "ENABLED",
                     .delete_when_done = in.action_after_completion.value_or("NONE") == "DELETE",
                     .window_minutes = TRY(window_of(*in.flexible_time_window)),
                     .target = TRY(target_of(*in.target))};
  TRY(check_moments(out, call.now()));
  TRY(check_role(call, key, out.target.role_arn));
  return out;
}

// --- as it is shown ---------------------------------------------------------------------------------------------------

Target to_wire(const TargetRecord& record) {
  Target out{.arn = record.arn, .role_arn = record.role_arn};
  if (record.dead_letter_queue) out.dead_letter_config = DeadLetterConfig{.arn = record.dead_letter_queue};
  out.retry_policy = tarn::scheduler::RetryPolicy{.maximum_event_age_in_seconds = record.event_age_seconds,
                                                  .maximum_retry_attempts = record.retries};
  out.input = record.input;
  if (record.source)
    out.event_bridge_parameters = EventBridgeParameters{.detail_type = record.detail_type, .source = record.source};
  if (record.message_group) out.sqs_parameters = SqsParameters{.message_group_id = record.message_group};
  return out;
}

std::string state_of(const ScheduleRecord& record) {
  return record.enabled ? "ENABLED" : "DISABLED";
}

}  // namespace

Result<std::vector<Need>> create_schedule_rights(Scheduler&, Call& call, const CreateScheduleInput& in) {
  auto needs = needs_on(call, in, "scheduler:CreateSchedule");
  needs.push_back(pass_role(*in.target->role_arn, kPrincipal));
  return needs;
}

Result<CreateScheduleOutput> create_schedule(Scheduler& scheduler, Call& call, const CreateScheduleInput& in) {
  const ScheduleKey key = key_of(call, in.group_name, *in.name);
  return CreateScheduleOutput{.schedule_arn = TRY(once(call, in, [&]() -> Result<std::string> {
                                if (TRY(find_group(call, key.group, Lock::kShared)).deleting)
                                  return conflict(fmt::format("Schedule group {} is being deleted.", key.group));
                                if (TRY(call.get(kSchedules, key)))
                                  return conflict(fmt::format("Schedule {} already exists.", key.name));
                                const ScheduleRecord record = TRY(record_of(call, key, in));
                                TRY(call.put(kSchedules, key, record));
                                TRY(scheduler.plan(call.tx(), key, record, call.now()));
                                return schedule_arn(key);
                              }))};
}

Result<std::vector<Need>> update_schedule_rights(Scheduler&, Call& call, const UpdateScheduleInput& in) {
  auto needs = needs_on(call, in, "scheduler:UpdateSchedule");
  needs.push_back(pass_role(*in.target->role_arn, kPrincipal));
  return needs;
}

Result<UpdateScheduleOutput> update_schedule(Scheduler& scheduler, Call& call, const UpdateScheduleInput& in) {
  const ScheduleKey key = key_of(call, in.group_name, *in.name);
  return UpdateScheduleOutput{.schedule_arn = TRY(once(call, in, [&]() -> Result<std::string> {
                                const ScheduleRecord old = TRY(find_schedule(call, key, Lock::kExclusive));
                                ScheduleRecord record = TRY(record_of(call, key, in));
                                record.created = old.created;
                                TRY(call.put(kSchedules, key, record));
                                TRY(scheduler.plan(call.tx(), key, record, call.now()));
                                return schedule_arn(key);
                              }))};
}

Result<std::vector<Need>> get_schedule_rights(Scheduler&, Call& call, const GetScheduleInput& in) {
  return needs_on(call, in, "scheduler:GetSchedule");
}

Result<GetScheduleOutput> get_schedule(Scheduler&, Call& call, const GetScheduleInput& in) {
  const ScheduleKey key = key_of(call, in.group_name, *in.name);
  const ScheduleRecord record = TRY(find_schedule(call, key, Lock::kNone));
  FlexibleTimeWindow window{.mode = record.window_minutes ? "FLEXIBLE" : "OFF",
                            .maximum_window_in_minutes = record.window_minutes};
  return GetScheduleOutput{.arn = schedule_arn(key),
                           .group_name = key.group,
                           .name = key.name,
                           .schedule_expression = record.expression,
                           .start_date = record.start,
                           .end_date = record.end,
                           .description = record.description,
                           .schedule_expression_timezone = record.zone,
                           .state = state_of(record),
                           .creation_date = record.created,
                           .last_modification_date = record.modified,
                           .target = to_wire(record.target),
                           .flexible_time_window = std::move(window),
                           .action_after_completion = record.delete_when_done ? "DELETE" : "NONE"};
}

Result<std::vector<Need>> delete_schedule_rights(Scheduler&, Call& call, const DeleteScheduleInput& in) {
  return needs_on(call, in, "scheduler:DeleteSchedule");
}

Result<DeleteScheduleOutput> delete_schedule(Scheduler& scheduler, Call& call, const DeleteScheduleInput& in) {
  const ScheduleKey key = key_of(call, in.group_name, *in.name);
  TRY(once(call, in, [&]() -> Result<std::string> {
    TRY(find_schedule(call, key, Lock::kExclusive));
    TRY(call.erase(kSchedules, key));
    TRY(scheduler.forget(call.tx(), key));
    return std::string();
  }));
  return DeleteScheduleOutput{};
}

Result<ListSchedulesOutput> list_schedules(Scheduler&, Call& call, const ListSchedulesInput& in) {
  const std::string prefix = in.name_prefix.value_or("");
  const std::string request = fmt::format("ListSchedules {} {} {} {} {}", call.account(), call.region(),
                                          in.group_name.value_or(""), prefix, in.state.value_or(""));
  const std::string after = TRY(page_start(call, request, in.next_token));
  std::string range = prefix_of(kSchedules, call.account(), call.region());
  if (in.group_name) {
    TRY(find_group(call, *in.group_name, Lock::kNone));
    range = prefix_of(kSchedules, call.account(), call.region(), *in.group_name, Starts{prefix});
  }
  ListSchedulesOutput out;
  out.schedules.set_present();
  std::string last;
  const auto limit = static_cast<size_t>(in.max_results.value_or(kPage));
  auto at = call.tx().cursor(kSchedules, {.prefix = range, .after = after});
  for (; at.valid(); at.next()) {
    const ScheduleKey key = TRY(at.key());
    if (!key.name.starts_with(prefix)) continue;
    const ScheduleRecord record = TRY(at.record());
    if (in.state && *in.state != state_of(record)) continue;
    if (out.schedules.size() == limit) {
      out.next_token = page_token(call.door().store(), request, last);
      break;
    }
    last = at.encoded();
    out.schedules.push_back({.arn = schedule_arn(key),
                             .name = key.name,
                             .group_name = key.group,
                             .state = state_of(record),
                             .creation_date = record.created,
                             .last_modification_date = record.modified,
                             .target = TargetSummary{.arn = record.target.arn}});
  }
  TRY(at.status());
  return out;
}

}  // namespace tarn::scheduler

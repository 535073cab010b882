// Schedule groups, and their tags (schedules have none).
#include <fmt/format.h>

#include "door/arn.h"
#include "door/tags.h"
#include "services/scheduler/once.h"
#include "store/page_token.h"

namespace tarn::scheduler {
namespace {

constexpr int32_t kPage = 100;
constexpr size_t kMostTags = 50;

GroupKey key_of(const Call& call, const std::string& name) {
  return {call.account(), call.region(), name};
}

std::string state_of(const GroupRecord& record) {
  return record.deleting ? "DELETING" : "ACTIVE";
}

// The default group has no dates of its own.
std::optional<Time> date(Time time) {
  return time == Time{} ? std::nullopt : std::optional(time);
}

ScheduleGroupSummary to_wire(const GroupKey& key, const GroupRecord& record) {
  return {.arn = group_arn(key),
          .name = key.name,
          .state = state_of(record),
          .creation_date = date(record.created),
          .last_modification_date = date(record.modified)};
}

Status add(Call& call, const std::string& arn, const wire::List<Tag>& added) {
  tarn::Tags tags = TRY(tags_of(call.tx(), arn));
  for (const Tag& tag : added) tags[*tag.key] = *tag.value;
  if (tags.size() > kMostTags) return invalid(fmt::format("A schedule group has at most {} tags.", kMostTags));
  return set_tags(call.tx(), arn, tags);
}

// ERRORS: ResourceNotFoundException.
Status find_tagged(Call& call, const std::string& text, Lock lock) {
  const auto arn = Arn::parse(text);
  if (!arn || arn->account != call.account() || arn->region != call.region())
    return not_found(fmt::format("{} is no schedule group of this account and region.", text));
  TRY(find_group(call, arn->resource_name(), lock));
  return {};
}

}  // namespace

Result<CreateScheduleGroupOutput> create_schedule_group(Scheduler&, Call& call, const CreateScheduleGroupInput& in) {
  const GroupKey key = key_of(call, *in.name);
  return CreateScheduleGroupOutput{.schedule_group_arn = TRY(once(call, in, [&]() -> Result<std::string> {
                                     if (key.name == kDefaultGroup || TRY(call.get(kGroups, key)))
                                       return conflict(fmt::format("Schedule group {} already exists.", key.name));
                                     TRY(call.put(kGroups, key, {.created = call.now(), .modified = call.now()}));
                                     TRY(add(call, group_arn(key), in.tags));
                                     return group_arn(key);
                                   }))};
}

Result<GetScheduleGroupOutput> get_schedule_group(Scheduler&, Call& call, const GetScheduleGroupInput& in) {
  const GroupKey key = key_of(call, *in.name);
  const GroupRecord record = TRY(find_group(call, key.name, Lock::kNone));
  return GetScheduleGroupOutput{.arn = group_arn(key),
                                .name = key.name,
                                .state = state_of(record),
                                .creation_date = date(record.created),
                                .last_modification_date = date(record.modified)};
}

Result<DeleteScheduleGroupOutput> delete_schedule_group(Scheduler& scheduler, Call& call,
                                                        const DeleteScheduleGroupInput& in) {
  const GroupKey key = key_of(call, *in.name);
  if (key.name == kDefaultGroup) return invalid("The default schedule group cannot be deleted.");
  TRY(once(call, in, [&]() -> Result<std::string> {
    GroupRecord record = TRY(find_group(call, key.name, Lock::kExclusive));
    record.deleting = true;
    record.modified = call.now();
    TRY(call.put(kGroups, key, record));
    TRY(scheduler.empty_soon(call.tx(), key, call.now()));
    return std::string();
  }));
  return DeleteScheduleGroupOutput{};
}

Result<ListScheduleGroupsOutput> list_schedule_groups(Scheduler&, Call& call, const ListScheduleGroupsInput& in) {
  const std::string prefix = in.name_prefix.value_or("");
  const std::string request = fmt::format("ListScheduleGroups {} {} {}", call.account(), call.region(), prefix);
  const std::string after = TRY(page_start(call, request, in.next_token));
  ListScheduleGroupsOutput out;
  out.schedule_groups.set_present();
  // The default group stands first, on the first page.
  size_t limit = static_cast<size_t>(in.max_results.value_or(kPage));
  if (after.empty() && kDefaultGroup.starts_with(prefix)) {
    out.schedule_groups.push_back(to_wire(key_of(call, std::string(kDefaultGroup)), {}));
    --limit;
  }
  const std::string range = prefix_of(kGroups, call.account(), call.region(), Starts{prefix});
  const auto page = TRY(call.tx().scan(kGroups, {.prefix = range, .after = after, .limit = limit}));
  for (const auto& [key, record] : page.entries) out.schedule_groups.push_back(to_wire(key, record));
  if (page.more) out.next_token = page_token(call.door().store(), request, limit > 0 ? page.last : range);
  return out;
}

// --- tags -------------------------------------------------------------------------------------------------------------

Result<TagResourceOutput> tag_resource(Scheduler&, Call& call, const TagResourceInput& in) {
  TRY(find_tagged(call, *in.resource_arn, Lock::kShared));
  TRY(add(call, *in.resource_arn, in.tags));
  return TagResourceOutput{};
}

Result<UntagResourceOutput> untag_resource(Scheduler&, Call& call, const UntagResourceInput& in) {
  TRY(find_tagged(call, *in.resource_arn, Lock::kShared));
  TRY(remove_tags(call.tx(), *in.resource_arn, in.tag_keys.items()));
  return UntagResourceOutput{};
}

Result<ListTagsForResourceOutput> list_tags_for_resource(Scheduler&, Call& call, const ListTagsForResourceInput& in) {
  TRY(find_tagged(call, *in.resource_arn, Lock::kNone));
  ListTagsForResourceOutput out;
  out.tags.set_present();
  const tarn::Tags tags = TRY(tags_of(call.tx(), *in.resource_arn));
  for (const auto& [key, value] : tags) out.tags.push_back({.key = key, .value = value});
  return out;
}

}  // namespace tarn::scheduler

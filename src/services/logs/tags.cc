// Tags of log groups, by ARN, and by name as older clients do.
#include "door/tags.h"

#include <fmt/format.h>

#include "door/arn.h"
#include "services/logs/logs.h"

namespace tarn::logs {
namespace {

constexpr size_t kMaxTags = 50;  // AWS: TagResource

// ERRORS: ResourceNotFoundException: of other things than groups there are none here.
Result<FoundGroup> tagged(Call& call, const std::string& text, Lock lock) {
  const auto arn = Arn::parse(text);
  if (!arn || arn->service != "logs" || !arn->resource.starts_with("log-group:") || arn->account != call.account())
    return not_found(
        fmt::format("{} names no log group of this account: arn:aws:logs:REGION:ACCOUNT:log-group:NAME.", text));
  return find_group(call, group_name({}, text), lock);
}

Status add(Call& call, const FoundGroup& group, const wire::Map<std::string>& added) {
  Tags tags = TRY(tags_of(call.tx(), group_arn(group.key)));
  for (const auto& [name, value] : added) tags[name] = value;
  if (tags.size() > kMaxTags)
    return fail(400, "TooManyTagsException", fmt::format("{} is the most tags that a log group has.", kMaxTags));
  return set_tags(call.tx(), group_arn(group.key), tags);
}

Result<wire::Map<std::string>> list(Call& call, const FoundGroup& group) {
  const Tags tags = TRY(tags_of(call.tx(), group_arn(group.key)));
  return wire::Map<std::string>(std::vector<wire::Map<std::string>::Entry>(tags.begin(), tags.end()));
}

}  // namespace

Result<TagResourceOutput> tag_resource(Logs&, Call& call, const TagResourceRequest& in) {
  TRY(add(call, TRY(tagged(call, *in.resource_arn, Lock::kShared)), in.tags));
  return TagResourceOutput{};
}

Result<UntagResourceOutput> untag_resource(Logs&, Call& call, const UntagResourceRequest& in) {
  const FoundGroup group = TRY(tagged(call, *in.resource_arn, Lock::kShared));
  TRY(remove_tags(call.tx(), group_arn(group.key), in.tag_keys.items()));
  return UntagResourceOutput{};
}

Result<ListTagsForResourceResponse> list_tags_for_resource(Logs&, Call& call, const ListTagsForResourceRequest& in) {
  return ListTagsForResourceResponse{.tags = TRY(list(call, TRY(tagged(call, *in.resource_arn, Lock::kNone))))};
}

Result<TagLogGroupOutput> tag_log_group(Logs&, Call& call, const TagLogGroupRequest& in) {
  TRY(add(call, TRY(find_group(call, *in.log_group_name, Lock::kShared)), in.tags));
  return TagLogGroupOutput{};
}

Result<UntagLogGroupOutput> untag_log_group(Logs&, Call& call, const UntagLogGroupRequest& in) {
  const FoundGroup group = TRY(find_group(call, *in.log_group_name, Lock::kShared));
  TRY(remove_tags(call.tx(), group_arn(group.key), in.tags.items()));
  return UntagLogGroupOutput{};
}

Result<ListTagsLogGroupResponse> list_tags_log_group(Logs&, Call& call, const ListTagsLogGroupRequest& in) {
  return ListTagsLogGroupResponse{.tags = TRY(list(call, TRY(find_group(call, *in.log_group_name, Lock::kNone))))};
}

}  // namespace tarn::logs

// Tags of trails.
#include <fmt/format.h>

#include "door/door.h"
#include "services/cloudtrail/cloudtrail.h"
#include "services/cloudtrail/tag_lists.h"

namespace tarn::cloudtrail {
namespace {

constexpr size_t kMostTags = 50;

// Tagging names trails by ARN only. ERRORS: CloudTrailARNInvalidException, ResourceNotFoundException.
Status find_tagged(Call& call, const std::string& arn, Lock lock) {
  if (!arn.starts_with("arn:"))
    return fail(400, "CloudTrailARNInvalidException", fmt::format("{} is no ARN of a trail.", arn));
  const auto found = find_trail(call, arn, lock);
  if (!found && found.error().code == "TrailNotFoundException")
    return fail(400, "ResourceNotFoundException", fmt::format("The resource {} does not exist.", arn));
  if (!found) return Failure(found.error());
  return {};
}

}  // namespace

Result<tarn::Tags> tags_of_list(const wire::List<Tag>& list, tarn::Tags old) {
  for (const Tag& tag : list) old[*tag.key] = tag.value.value_or("");
  if (old.size() > kMostTags)
    return fail(400, "TagsLimitExceededException", fmt::format("A trail has at most {} tags.", kMostTags));
  return old;
}

Result<std::vector<Need>> add_tags_rights(CloudTrail&, Call& call, const AddTagsRequest& in) {
  return rights_on(call, *in.resource_id, "cloudtrail:AddTags");
}

Result<AddTagsResponse> add_tags(CloudTrail&, Call& call, const AddTagsRequest& in) {
  TRY(find_tagged(call, *in.resource_id, Lock::kShared));
  const tarn::Tags tags = TRY(tags_of_list(in.tags_list, TRY(tags_of(call.tx(), *in.resource_id))));
  TRY(set_tags(call.tx(), *in.resource_id, tags));
  return AddTagsResponse{};
}

Result<std::vector<Need>> remove_tags_rights(CloudTrail&, Call& call, const RemoveTagsRequest& in) {
  return rights_on(call, *in.resource_id, "cloudtrail:RemoveTags");
}

// AWS: RemoveTags: the keys alone count.
Result<RemoveTagsResponse> remove_tags(CloudTrail&, Call& call, const RemoveTagsRequest& in) {
  TRY(find_tagged(call, *in.resource_id, Lock::kShared));
  std::vector<std::string> keys;
  for (const Tag& tag : in.tags_list) keys.push_back(*tag.key);
  TRY(tarn::remove_tags(call.tx(), *in.resource_id, keys));
  return RemoveTagsResponse{};
}

Result<std::vector<Need>> list_tags_rights(CloudTrail&, Call& call, const ListTagsRequest& in) {
  std::vector<Need> needs;
  for (const std::string& arn : in.resource_id_list)
    for (Need& need : TRY(rights_on(call, arn, "cloudtrail:ListTags"))) needs.push_back(std::move(need));
  return needs;
}

Result<ListTagsResponse> list_tags(CloudTrail&, Call& call, const ListTagsRequest& in) {
  ListTagsResponse out;
  out.resource_tag_list.set_present();
  for (const std::string& arn : in.resource_id_list) {
    TRY(find_tagged(call, arn, Lock::kNone));
    ResourceTag one{.resource_id = arn};
    one.tags_list.set_present();
    const tarn::Tags tags = TRY(tags_of(call.tx(), arn));
    for (const auto& [key, value] : tags) one.tags_list.push_back({.key = key, .value = value});
    out.resource_tag_list.push_back(std::move(one));
  }
  return out;
}

}  // namespace tarn::cloudtrail

#include "services/redshift_serverless/redshift_serverless.h"

#include <fmt/format.h>

#include "door/door.h"
#include "door/tags.h"
#include "store/page_token.h"

namespace tarn::redshift_serverless {
namespace {

constexpr size_t kMaxTags = 50;

std::string arn_of(const auto& key, std::string_view type, std::string_view id) {
  return fmt::format("arn:aws:redshift-serverless:{}:{}:{}/{}", key.region, key.owner, type, id);
}

}  // namespace

Failure not_found(std::string message, std::string_view name) {
  Error error{400, "ResourceNotFoundException", std::move(message)};
  error.members.emplace_back("resourceName", name);
  return Failure(std::move(error));
}

Result<FoundNamespace> find_namespace(Call& call, std::string_view name, Lock lock) {
  NamespaceKey key{call.account(), call.region(), std::string(name)};
  auto record = TRY(call.get(kNamespaces, key, lock));
  if (!record) return not_found(fmt::format("Namespace {} not found.", name), name);
  return FoundNamespace{std::move(key), std::move(*record)};
}

Result<FoundWorkgroup> find_workgroup(Call& call, std::string_view name, Lock lock) {
  WorkgroupKey key{call.account(), call.region(), std::string(name)};
  auto record = TRY(call.get(kWorkgroups, key, lock));
  if (!record) return not_found(fmt::format("Workgroup {} not found.", name), name);
  return FoundWorkgroup{std::move(key), std::move(*record)};
}

std::string namespace_arn(const NamespaceKey& key, const NamespaceRecord& record) {
  return arn_of(key, "namespace", record.id);
}
std::string snapshot_arn(const SnapshotKey& key, const SnapshotRecord& record) {
  return arn_of(key, "snapshot", record.id);
}
std::string workgroup_arn(const WorkgroupKey& key, const WorkgroupRecord& record) {
  return arn_of(key, "workgroup", record.id);
}

Result<std::vector<Need>> namespace_need(Call& call, std::string_view action, std::string_view name) {
  const auto found = TRY(call.get(kNamespaces, {call.account(), call.region(), std::string(name)}, Lock::kShared));
  return std::vector<Need>{
      {std::string(action), call.arn("redshift-serverless", "namespace/" + (found ? found->id : "*"))}};
}

Result<std::vector<Need>> workgroup_need(Call& call, std::string_view action, std::string_view name) {
  const auto found = TRY(call.get(kWorkgroups, {call.account(), call.region(), std::string(name)}, Lock::kShared));
  return std::vector<Need>{
      {std::string(action), call.arn("redshift-serverless", "workgroup/" + (found ? found->id : "*"))}};
}

Result<std::string> page_start(Call& call, std::string_view request, const std::optional<std::string>& token) {
  if (!token || token->empty()) return std::string();
  auto position = page_position(call.door().store(), request, *token);
  if (!position) return invalid("The nextToken is not one that this operation gave.");
  return std::move(*position);
}

Status add_given_tags(Call& call, std::string_view arn, const wire::List<Tag>& tags) {
  if (tags.empty()) return {};
  tarn::Tags all;
  for (const Tag& tag : tags) all[*tag.key] = *tag.value;
  if (all.size() > kMaxTags)
    return fail(400, "TooManyTagsException", fmt::format("A resource has at most {} tags.", kMaxTags));
  return add_tags(call.tx(), arn, all);
}

// --- tags -----------------------------------------------------------------------------------------------------------

namespace {

// The ARN names a namespace, workgroup or snapshot of this account and region.
Status check_tagged(Call& call, const std::string& arn) {
  const std::string namespaces = call.arn("redshift-serverless", "namespace/"),
                    workgroups = call.arn("redshift-serverless", "workgroup/"),
                    snapshots = call.arn("redshift-serverless", "snapshot/");
  const auto has_id = [&](const auto& table, std::string_view id) -> Result<bool> {
    auto at = call.tx().cursor(table, {.prefix = prefix_of(table, call.account(), call.region())});
    for (; at.valid(); at.next())
      if (TRY(at.record()).id == id) return true;
    TRY(at.status());
    return false;
  };
  bool found = false;
  if (arn.starts_with(namespaces))
    found = TRY(has_id(kNamespaces, std::string_view(arn).substr(namespaces.size())));
  else if (arn.starts_with(workgroups))
    found = TRY(has_id(kWorkgroups, std::string_view(arn).substr(workgroups.size())));
  else if (arn.starts_with(snapshots))
    found = TRY(has_id(kSnapshots, std::string_view(arn).substr(snapshots.size())));
  if (!found) return not_found(fmt::format("Resource {} not found.", arn), arn);
  return {};
}

}  // namespace

Result<TagResourceResponse> tag_resource(RedshiftServerless&, Call& call, const TagResourceRequest& in) {
  TRY(check_tagged(call, *in.resource_arn));
  TRY(add_given_tags(call, *in.resource_arn, in.tags));
  if (TRY(tags_of(call.tx(), *in.resource_arn)).size() > kMaxTags)
    return fail(400, "TooManyTagsException", fmt::format("A resource has at most {} tags.", kMaxTags));
  return TagResourceResponse{};
}

Result<UntagResourceResponse> untag_resource(RedshiftServerless&, Call& call, const UntagResourceRequest& in) {
  TRY(check_tagged(call, *in.resource_arn));
  TRY(remove_tags(call.tx(), *in.resource_arn, in.tag_keys.items()));
  return UntagResourceResponse{};
}

Result<ListTagsForResourceResponse> list_tags_for_resource(RedshiftServerless&, Call& call,
                                                           const ListTagsForResourceRequest& in) {
  TRY(check_tagged(call, *in.resource_arn));
  ListTagsForResourceResponse out;
  out.tags.set_present();
  for (const auto& [key, value] : TRY(tags_of(call.tx(), *in.resource_arn)))
    out.tags.push_back({.key = key, .value = value});
  return out;
}

}  // namespace tarn::redshift_serverless

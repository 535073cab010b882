#include "services/redshift/redshift.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "door/tags.h"
#include "store/page_token.h"

namespace tarn::redshift {
namespace {

constexpr size_t kMaxTags = 50;
constexpr int32_t kPage = 100;  // AWS: MaxRecords: 20 to 100

tarn::Tags to_tags(const wire::List<Tag>& tags) {
  tarn::Tags all;
  for (const Tag& tag : tags) all[tag.key.value_or("")] = tag.value.value_or("");
  return all;
}

// "cluster" and "c" of arn:aws:redshift:us-east-1:123456789012:cluster:c. ERRORS: ResourceNotFoundFault.
Result<std::pair<std::string, std::string>> tagged(Call& call, const std::string& arn) {
  const Failure missing = fail(404, "ResourceNotFoundFault", fmt::format("The resource {} could not be found.", arn));
  const std::string stem = call.arn("redshift", "");
  if (!arn.starts_with(stem)) return missing;
  const std::string_view resource = std::string_view(arn).substr(stem.size());
  const size_t colon = resource.find(':');
  if (colon == std::string_view::npos) return missing;
  const std::string kind(resource.substr(0, colon)), name(resource.substr(colon + 1));
  bool there = false;
  if (kind == "cluster") there = TRY(call.get(kClusters, {call.account(), call.region(), name})).has_value();
  if (kind == "parametergroup")
    there = TRY(call.get(kParameterGroups, {call.account(), call.region(), name})).has_value();
  if (kind == "subnetgroup") there = TRY(call.get(kSubnetGroups, {call.account(), call.region(), name})).has_value();
  if (kind == "snapshot") {
    const size_t slash = std::min(name.find('/'), name.size());
    const SnapshotKey key{call.account(), call.region(), name.substr(std::min(slash + 1, name.size()))};
    const auto snapshot = TRY(call.get(kSnapshots, key));
    there = snapshot && snapshot_arn(key, *snapshot) == arn;
  }
  if (!there) return missing;
  return std::pair(kind, name);
}

}  // namespace

std::string cluster_arn(const ClusterKey& key) {
  return fmt::format("arn:aws:redshift:{}:{}:cluster:{}", key.region, key.owner, key.name);
}

Result<FoundCluster> find_cluster(Call& call, std::string_view name, Lock lock) {
  ClusterKey key{call.account(), call.region(), lower(name)};
  auto record = TRY(call.get(kClusters, key, lock));
  if (!record) return fail(404, "ClusterNotFound", fmt::format("Cluster {} not found.", name));
  return FoundCluster{std::move(key), std::move(*record)};
}

Result<PageAsked> page_asked(Call& call, std::string_view operation, const std::optional<int32_t>& limit,
                             const std::optional<std::string>& marker) {
  PageAsked asked;
  asked.request = fmt::format("{} {} {}", operation, call.account(), call.region());
  if (limit && (*limit < 20 || *limit > kPage))
    return invalid(fmt::format("MaxRecords {} is not between 20 and {}.", *limit, kPage));
  asked.limit = static_cast<size_t>(limit.value_or(kPage));
  if (!marker || marker->empty()) return asked;
  auto position = page_position(call.door().store(), asked.request, *marker);
  if (!position) return invalid("The Marker is not one that this operation gave.");
  asked.after = std::move(*position);
  return asked;
}

// --- tags -----------------------------------------------------------------------------------------------------------

Status add_given_tags(Call& call, std::string_view arn, const wire::List<Tag>& tags) {
  if (tags.empty()) return {};
  TRY(add_tags(call.tx(), arn, to_tags(tags)));
  if (TRY(tags_of(call.tx(), arn)).size() > kMaxTags)
    return fail(400, "TagLimitExceededFault", fmt::format("A resource has at most {} tags.", kMaxTags));
  return {};
}

Result<wire::List<Tag>> wire_tags(Call& call, std::string_view arn) {
  wire::List<Tag> out;
  out.set_present();
  for (const auto& [key, value] : TRY(tags_of(call.tx(), arn))) out.push_back({.key = key, .value = value});
  return out;
}

// AWS: DescribeClusters: resources that have any of the keys, any of the values, or any combination where both are given.
Result<bool> has_tags(Call& call, std::string_view arn, const wire::List<std::string>& keys,
                      const wire::List<std::string>& values) {
  if (keys.empty() && values.empty()) return true;
  const auto any = [](const wire::List<std::string>& asked, const std::string& text) {
    return asked.empty() || std::ranges::find(asked.items(), text) != asked.items().end();
  };
  for (const auto& [key, value] : TRY(tags_of(call.tx(), arn)))
    if (any(keys, key) && any(values, value)) return true;
  return false;
}

Result<CreateTagsOutput> create_tags(Redshift&, Call& call, const CreateTagsMessage& in) {
  TRY(tagged(call, *in.resource_name));
  TRY(add_given_tags(call, *in.resource_name, in.tags));
  return CreateTagsOutput{};
}

Result<DeleteTagsOutput> delete_tags(Redshift&, Call& call, const DeleteTagsMessage& in) {
  TRY(tagged(call, *in.resource_name));
  TRY(remove_tags(call.tx(), *in.resource_name, in.tag_keys.items()));
  return DeleteTagsOutput{};
}

Result<std::vector<Need>> describe_tags_rights(Redshift&, Call&, const DescribeTagsMessage& in) {
  return std::vector<Need>{{"redshift:DescribeTags", in.resource_name.value_or("*")}};
}

namespace {

// In the order of their resources and keys, since that is what a page can go on behind.
Result<TaggedResourceListMessage> page_of_tags(Call& call, const DescribeTagsMessage& in,
                                               std::vector<TaggedResource> all) {
  const auto place = [](const TaggedResource& each) { return *each.resource_name + '\n' + *each.tag->key; };
  std::ranges::sort(all, {}, place);
  const PageAsked asked = TRY(page_asked(call, "DescribeTags", in.max_records, in.marker));
  TaggedResourceListMessage out;
  out.tagged_resources.set_present();
  for (TaggedResource& each : all) {
    if (!asked.after.empty() && place(each) <= asked.after) continue;
    if (out.tagged_resources.size() == asked.limit) {
      out.marker = page_token(call.door().store(), asked.request, place(out.tagged_resources.items().back()));
      break;
    }
    out.tagged_resources.push_back(std::move(each));
  }
  return out;
}

}  // namespace

Result<TaggedResourceListMessage> describe_tags(Redshift&, Call& call, const DescribeTagsMessage& in) {
  std::vector<TaggedResource> found;
  const auto show = [&](const std::string& arn, std::string_view kind) -> Status {
    for (const auto& [key, value] : TRY(tags_of(call.tx(), arn))) {
      const auto wanted = [](const wire::List<std::string>& asked, const std::string& text) {
        return asked.empty() || std::ranges::find(asked.items(), text) != asked.items().end();
      };
      if (!wanted(in.tag_keys, key) || !wanted(in.tag_values, value)) continue;
      TaggedResource& resource = found.emplace_back();
      resource.tag.emplace() = {.key = key, .value = value};
      resource.resource_name = arn;
      resource.resource_type = std::string(kind);
    }
    return {};
  };
  if (in.resource_name) {
    const auto [kind, name] = TRY(tagged(call, *in.resource_name));
    TRY(show(*in.resource_name, kind));
    return page_of_tags(call, in, std::move(found));
  }
  const auto all = [&](const auto& table, std::string_view kind) -> Status {
    if (in.resource_type && *in.resource_type != kind) return {};
    auto at = call.tx().cursor(table, {.prefix = prefix_of(table, call.account(), call.region())});
    for (; at.valid(); at.next()) TRY(show(call.arn("redshift", fmt::format("{}:{}", kind, TRY(at.key()).name)), kind));
    return at.status();
  };
  TRY(all(kClusters, "cluster"));
  TRY(all(kParameterGroups, "parametergroup"));
  TRY(all(kSubnetGroups, "subnetgroup"));
  if (!in.resource_type || *in.resource_type == "snapshot") {
    auto at = call.tx().cursor(kSnapshots, {.prefix = prefix_of(kSnapshots, call.account(), call.region())});
    for (; at.valid(); at.next()) TRY(show(snapshot_arn(TRY(at.key()), TRY(at.record())), "snapshot"));
    TRY(at.status());
  }
  return page_of_tags(call, in, std::move(found));
}

}  // namespace tarn::redshift

#include "door/tags.h"

#include <fmt/format.h>

#include "door/arn.h"
#include "services/athena/athena.h"
#include "services/athena/tag_lists.h"

namespace tarn::athena {
namespace {

constexpr size_t kMaxTags = 50;  // AWS: Athena, tag restrictions

// ERRORS: ResourceNotFoundException, InvalidRequestException.
Status check_resource(Call& call, const std::string& text, Lock lock) {
  const auto arn = Arn::parse(text);
  const bool ours = arn && arn->service == "athena" &&
                    (arn->resource_type() == "workgroup" || arn->resource_type() == "datacatalog");
  if (!ours) return invalid(fmt::format("{} names no workgroup or data catalog.", text));
  const std::string name(arn->resource_id());
  if (arn->resource_type() == "workgroup") {
    if (name == kPrimary || TRY(call.get(kWorkgroups, WorkgroupKey{arn->account, arn->region, name}, lock))) return {};
  } else if (TRY(call.get(kCatalogs, CatalogKey{arn->account, arn->region, name}, lock))) {
    return {};
  }
  return not_found(fmt::format("Resource {} was not found.", text), text);
}

}  // namespace

Status put_tags(Call& call, const std::string& arn, const wire::List<Tag>& tags) {
  if (tags.empty()) return {};
  Tags all = TRY(tags_of(call.tx(), arn));
  for (const Tag& tag : tags) all[tag.key.value_or("")] = tag.value.value_or("");
  if (all.size() > kMaxTags)
    return invalid(fmt::format("{} would have {} tags; {} is the most.", arn, all.size(), kMaxTags));
  return set_tags(call.tx(), arn, all);
}

Result<TagResourceOutput> tag_resource(Athena&, Call& call, const TagResourceInput& in) {
  TRY(check_resource(call, *in.resource_arn, Lock::kShared));
  TRY(put_tags(call, *in.resource_arn, in.tags));
  return TagResourceOutput{};
}

Result<UntagResourceOutput> untag_resource(Athena&, Call& call, const UntagResourceInput& in) {
  TRY(check_resource(call, *in.resource_arn, Lock::kShared));
  TRY(remove_tags(call.tx(), *in.resource_arn, in.tag_keys.items()));
  return UntagResourceOutput{};
}

Result<ListTagsForResourceOutput> list_tags_for_resource(Athena&, Call& call, const ListTagsForResourceInput& in) {
  TRY(check_resource(call, *in.resource_arn, Lock::kNone));
  ListTagsForResourceOutput out;
  out.tags.set_present();
  for (const auto& [key, value] : TRY(tags_of(call.tx(), *in.resource_arn)))
    out.tags.push_back({.key = key, .value = value});
  return out;
}

}  // namespace tarn::athena

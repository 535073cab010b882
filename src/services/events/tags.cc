// Tags of buses and rules.
#include <fmt/format.h>

#include "door/arn.h"
#include "door/tags.h"
#include "services/events/events.h"

namespace tarn::events {
namespace {

Status check_there(Call& call, const std::string& text) {
  const auto gone = [&] { return not_found(fmt::format("{} does not exist.", text)); };
  const auto arn = Arn::parse(text);
  if (!arn || arn->service != "events" || arn->account != call.account()) return gone();
  const std::string id(arn->resource_id());
  if (arn->resource_type() == "event-bus") {
    TRY(find_bus(call, {arn->account, arn->region, id}, Lock::kShared));
    return {};
  }
  if (arn->resource_type() != "rule") return gone();
  const size_t slash = id.find('/');
  const std::string bus = slash == std::string::npos ? kDefaultBus : id.substr(0, slash);
  const std::string rule = slash == std::string::npos ? id : id.substr(slash + 1);
  if (!TRY(call.get(kRules, {arn->account, arn->region, bus, rule}, Lock::kShared)))
    return not_found(fmt::format("Rule {} does not exist on EventBus {}.", rule, bus));
  return {};
}

}  // namespace

Result<TagResourceResponse> tag_resource(Events&, Call& call, const TagResourceRequest& in) {
  TRY(check_there(call, *in.resource_arn));
  Tags tags;
  for (const Tag& tag : in.tags) tags[*tag.key] = *tag.value;
  TRY(add_tags(call.tx(), *in.resource_arn, tags));
  return TagResourceResponse{};
}

Result<UntagResourceResponse> untag_resource(Events&, Call& call, const UntagResourceRequest& in) {
  TRY(check_there(call, *in.resource_arn));
  TRY(remove_tags(call.tx(), *in.resource_arn, in.tag_keys.items()));
  return UntagResourceResponse{};
}

Result<ListTagsForResourceResponse> list_tags_for_resource(Events&, Call& call, const ListTagsForResourceRequest& in) {
  TRY(check_there(call, *in.resource_arn));
  ListTagsForResourceResponse out;
  out.tags.set_present();
  for (const auto& [key, value] : TRY(tags_of(call.tx(), *in.resource_arn)))
    out.tags.push_back({.key = key, .value = value});
  return out;
}

}  // namespace tarn::events

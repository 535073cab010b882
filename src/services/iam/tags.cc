// Tags of users, roles, policies and instance profiles: rows of the door's table, under their ARNs.
#include <fmt/format.h>

#include "door/arn.h"
#include "services/iam/iam.h"

namespace tarn::iam {

namespace {

// Holds the entity, so that no tag is left of one that is deleted meanwhile.
template <class Out>
Result<Out> tag(Call& call, const std::string& arn, const wire::List<Tag>& tags, TagCase letters = TagCase::kFolds) {
  Tags all = TRY(tags_of(call.tx(), arn));
  for (auto& [key, value] : TRY(tags_from(tags, letters))) all[key] = value;
  TRY(tags_from(to_wire(all), letters));  // the limits hold for all of them together
  TRY(set_tags(call.tx(), arn, all));
  return Out{};
}

template <class Out>
Result<Out> untag(Call& call, const std::string& arn, const wire::List<std::string>& keys) {
  TRY(remove_tags(call.tx(), arn, keys.items()));
  return Out{};
}

template <class Out>
Result<Out> list(Call& call, const std::string& arn, const auto& in) {
  const Tags tags = TRY(tags_of(call.tx(), arn));
  std::vector<std::string> keys;
  for (const auto& [key, value] : tags) keys.push_back(key);
  Out out;
  out.tags.set_present();
  return paged(call, "ListTags " + arn, keys, in, std::move(out),
               [&](Out& page, size_t i) { page.tags.push_back({.key = keys[i], .value = tags.at(keys[i])}); });
}

// The ARN of one that is there, which stays until the transaction ends.
template <class R>
Result<std::string> arn_of_existing(Call& call, const OptionalText& name, Lock lock = Lock::kExclusive) {
  return TRY(find<R>(call, name, lock)).arn();
}

Result<std::string> existing_policy(Call& call, const std::string& arn, Lock lock = Lock::kExclusive) {
  const auto parsed = Arn::parse(arn);
  const bool own = parsed && parsed->account == call.account();
  if (!own || !TRY(managed_policy(call.tx(), call.account(), arn, lock)))
    return no_such_entity(fmt::format("Policy {} was not found.", arn));
  return arn;
}

}  // namespace

Result<TagUserOutput> tag_user(Iam&, Call& call, const TagUserInput& in) {
  return tag<TagUserOutput>(call, TRY(arn_of_existing<UserRecord>(call, in.user_name)), in.tags);
}
Result<UntagUserOutput> untag_user(Iam&, Call& call, const UntagUserInput& in) {
  return untag<UntagUserOutput>(call, TRY(arn_of_existing<UserRecord>(call, in.user_name)), in.tag_keys);
}
Result<ListUserTagsOutput> list_user_tags(Iam&, Call& call, const ListUserTagsInput& in) {
  return list<ListUserTagsOutput>(call, TRY(arn_of_existing<UserRecord>(call, in.user_name, Lock::kShared)), in);
}

Result<TagRoleOutput> tag_role(Iam&, Call& call, const TagRoleInput& in) {
  return tag<TagRoleOutput>(call, TRY(arn_of_existing<RoleRecord>(call, in.role_name)), in.tags);
}
Result<UntagRoleOutput> untag_role(Iam&, Call& call, const UntagRoleInput& in) {
  return untag<UntagRoleOutput>(call, TRY(arn_of_existing<RoleRecord>(call, in.role_name)), in.tag_keys);
}
Result<ListRoleTagsOutput> list_role_tags(Iam&, Call& call, const ListRoleTagsInput& in) {
  return list<ListRoleTagsOutput>(call, TRY(arn_of_existing<RoleRecord>(call, in.role_name, Lock::kShared)), in);
}

Result<TagPolicyOutput> tag_policy(Iam&, Call& call, const TagPolicyInput& in) {
  return tag<TagPolicyOutput>(call, TRY(existing_policy(call, *in.policy_arn)), in.tags, TagCase::kMatters);
}
Result<UntagPolicyOutput> untag_policy(Iam&, Call& call, const UntagPolicyInput& in) {
  return untag<UntagPolicyOutput>(call, TRY(existing_policy(call, *in.policy_arn)), in.tag_keys);
}
Result<ListPolicyTagsOutput> list_policy_tags(Iam&, Call& call, const ListPolicyTagsInput& in) {
  return list<ListPolicyTagsOutput>(call, TRY(existing_policy(call, *in.policy_arn, Lock::kShared)), in);
}

Result<TagInstanceProfileOutput> tag_instance_profile(Iam&, Call& call, const TagInstanceProfileInput& in) {
  return tag<TagInstanceProfileOutput>(call, TRY(arn_of_existing<ProfileRecord>(call, in.instance_profile_name)),
                                       in.tags);
}
Result<UntagInstanceProfileOutput> untag_instance_profile(Iam&, Call& call, const UntagInstanceProfileInput& in) {
  return untag<UntagInstanceProfileOutput>(call, TRY(arn_of_existing<ProfileRecord>(call, in.instance_profile_name)),
                                           in.tag_keys);
}
Result<ListInstanceProfileTagsOutput> list_instance_profile_tags(Iam&, Call& call,
                                                                 const ListInstanceProfileTagsInput& in) {
  const std::string arn = TRY(arn_of_existing<ProfileRecord>(call, in.instance_profile_name, Lock::kShared));
  return list<ListInstanceProfileTagsOutput>(call, arn, in);
}

}  // namespace tarn::iam

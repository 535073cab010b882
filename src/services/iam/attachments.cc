// Managed policies on users, groups and roles: the same three operations for each.
#include <fmt/format.h>

#include <algorithm>

#include "door/arn.h"
#include "services/iam/iam.h"

namespace tarn::iam {

namespace {

constexpr size_t kMostAttached = 10;  // AWS: "IAM and AWS STS quotas"

template <class Out, class R>
Result<Out> attach(Call& call, const OptionalText& name, const std::string& arn, std::string_view quota) {
  auto found = TRY(find<R>(call, name));
  const ManagedPolicy policy = TRY(attachable_policy(call, arn));
  std::vector<std::string>& attached = found.record.grants.attached;
  if (std::ranges::find(attached, policy.arn) != attached.end()) return Out{};
  if (attached.size() >= kMostAttached)
    return limit_exceeded(fmt::format("Cannot exceed quota for {}: {}", quota, kMostAttached));
  attached.push_back(policy.arn);
  TRY(save(call, found));
  return Out{};
}

template <class Out, class R>
Result<Out> detach(Call& call, const OptionalText& name, const std::string& arn) {
  auto found = TRY(find<R>(call, name));
  if (std::erase(found.record.grants.attached, arn) == 0)
    return no_such_entity(fmt::format("Policy {} was not found.", arn));
  TRY(save(call, found));
  return Out{};
}

template <class Out, class R>
Result<Out> list(Call& call, const OptionalText& name, const auto& in) {
  const auto found = TRY(find<R>(call, name, Lock::kShared));
  const std::string prefix = in.path_prefix.value_or("/");
  std::vector<std::string> arns;
  for (const std::string& text : found.record.grants.attached) {
    const auto arn = Arn::parse(text);
    // What stands between "policy" and the name is the path.
    const std::string path = arn->resource.substr(6, arn->resource.rfind('/') - 6 + 1);
    if (path.starts_with(prefix)) arns.push_back(text);
  }
  std::ranges::sort(arns);
  Out out;
  out.attached_policies.set_present();
  return paged(call, fmt::format("ListAttached {} {}", found.record.id, prefix), arns, in, std::move(out),
               [&](Out& page, size_t i) {
                 page.attached_policies.push_back(
                     {.policy_name = std::string(Arn::parse(arns[i])->resource_name()), .policy_arn = arns[i]});
               });
}

}  // namespace

Result<AttachUserPolicyOutput> attach_user_policy(Iam&, Call& call, const AttachUserPolicyInput& in) {
  return attach<AttachUserPolicyOutput, UserRecord>(call, in.user_name, *in.policy_arn, "PoliciesPerUser");
}
Result<DetachUserPolicyOutput> detach_user_policy(Iam&, Call& call, const DetachUserPolicyInput& in) {
  return detach<DetachUserPolicyOutput, UserRecord>(call, in.user_name, *in.policy_arn);
}
Result<ListAttachedUserPoliciesOutput> list_attached_user_policies(Iam&, Call& call,
                                                                   const ListAttachedUserPoliciesInput& in) {
  return list<ListAttachedUserPoliciesOutput, UserRecord>(call, in.user_name, in);
}

Result<AttachGroupPolicyOutput> attach_group_policy(Iam&, Call& call, const AttachGroupPolicyInput& in) {
  return attach<AttachGroupPolicyOutput, GroupRecord>(call, in.group_name, *in.policy_arn, "PoliciesPerGroup");
}
Result<DetachGroupPolicyOutput> detach_group_policy(Iam&, Call& call, const DetachGroupPolicyInput& in) {
  return detach<DetachGroupPolicyOutput, GroupRecord>(call, in.group_name, *in.policy_arn);
}
Result<ListAttachedGroupPoliciesOutput> list_attached_group_policies(Iam&, Call& call,
                                                                     const ListAttachedGroupPoliciesInput& in) {
  return list<ListAttachedGroupPoliciesOutput, GroupRecord>(call, in.group_name, in);
}

Result<AttachRolePolicyOutput> attach_role_policy(Iam&, Call& call, const AttachRolePolicyInput& in) {
  return attach<AttachRolePolicyOutput, RoleRecord>(call, in.role_name, *in.policy_arn, "PoliciesPerRole");
}
Result<DetachRolePolicyOutput> detach_role_policy(Iam&, Call& call, const DetachRolePolicyInput& in) {
  return detach<DetachRolePolicyOutput, RoleRecord>(call, in.role_name, *in.policy_arn);
}
Result<ListAttachedRolePoliciesOutput> list_attached_role_policies(Iam&, Call& call,
                                                                   const ListAttachedRolePoliciesInput& in) {
  return list<ListAttachedRolePoliciesOutput, RoleRecord>(call, in.role_name, in);
}

}  // namespace tarn::iam

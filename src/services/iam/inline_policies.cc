// Inline policies of users, groups and roles: the same four operations for each.
#include <fmt/format.h>

#include "services/iam/iam.h"

namespace tarn::iam {

namespace {

// AWS: "IAM and AWS STS quotas": all inline policies of one entity together.
template <class R>
constexpr size_t kMostInline = std::is_same_v<R, UserRecord>    ? 2048
                               : std::is_same_v<R, GroupRecord> ? 5120
                                                                : 10240;

template <class R>
Failure no_such_inline_policy(const std::string& name) {
  return no_such_entity(fmt::format("The {} policy with name {} cannot be found.", R::kType, name));
}

template <class Out, class R>
Result<Out> put(Call& call, const OptionalText& owner, const std::string& name, const std::string& document) {
  auto found = TRY(find<R>(call, owner));
  TRY(check_identity_policy(document));
  auto& policies = found.record.grants.inline_policies;
  policies[name] = document;
  size_t size = 0;
  for (const auto& [each, text] : policies) size += policy_size(text);
  if (size > kMostInline<R>)
    return limit_exceeded(
        fmt::format("Maximum policy size of {} bytes exceeded for {} {}", kMostInline<R>, R::kType, found.record.name));
  TRY(save(call, found));
  return Out{};
}

// The entity's own name and the policy.
struct Got {
  std::string owner, document;
};
template <class R>
Result<Got> get(Call& call, const OptionalText& owner, const std::string& name) {
  const auto found = TRY(find<R>(call, owner, Lock::kShared));
  const auto policy = found.record.grants.inline_policies.find(name);
  if (policy == found.record.grants.inline_policies.end()) return no_such_inline_policy<R>(name);
  return Got{found.record.name, uri_encode(policy->second)};
}

template <class Out, class R>
Result<Out> remove(Call& call, const OptionalText& owner, const std::string& name) {
  auto found = TRY(find<R>(call, owner));
  if (found.record.grants.inline_policies.erase(name) == 0) return no_such_inline_policy<R>(name);
  TRY(save(call, found));
  return Out{};
}

template <class Out, class R>
Result<Out> list(Call& call, const OptionalText& owner, const auto& in) {
  const auto found = TRY(find<R>(call, owner, Lock::kShared));
  std::vector<std::string> names;
  for (const auto& [name, document] : found.record.grants.inline_policies) names.push_back(name);
  Out out;
  out.policy_names.set_present();
  return paged(call, "ListPolicies of " + found.record.id, names, in, std::move(out),
               [&](Out& page, size_t i) { page.policy_names.push_back(names[i]); });
}

}  // namespace

Result<PutUserPolicyOutput> put_user_policy(Iam&, Call& call, const PutUserPolicyInput& in) {
  return put<PutUserPolicyOutput, UserRecord>(call, in.user_name, *in.policy_name, *in.policy_document);
}
Result<GetUserPolicyOutput> get_user_policy(Iam&, Call& call, const GetUserPolicyInput& in) {
  Got got = TRY(get<UserRecord>(call, in.user_name, *in.policy_name));
  return GetUserPolicyOutput{
      .user_name = std::move(got.owner), .policy_name = in.policy_name, .policy_document = std::move(got.document)};
}
Result<DeleteUserPolicyOutput> delete_user_policy(Iam&, Call& call, const DeleteUserPolicyInput& in) {
  return remove<DeleteUserPolicyOutput, UserRecord>(call, in.user_name, *in.policy_name);
}
Result<ListUserPoliciesOutput> list_user_policies(Iam&, Call& call, const ListUserPoliciesInput& in) {
  return list<ListUserPoliciesOutput, UserRecord>(call, in.user_name, in);
}

Result<PutGroupPolicyOutput> put_group_policy(Iam&, Call& call, const PutGroupPolicyInput& in) {
  return put<PutGroupPolicyOutput, GroupRecord>(call, in.group_name, *in.policy_name, *in.policy_document);
}
Result<GetGroupPolicyOutput> get_group_policy(Iam&, Call& call, const GetGroupPolicyInput& in) {
  Got got = TRY(get<GroupRecord>(call, in.group_name, *in.policy_name));
  return GetGroupPolicyOutput{
      .group_name = std::move(got.owner), .policy_name = in.policy_name, .policy_document = std::move(got.document)};
}
Result<DeleteGroupPolicyOutput> delete_group_policy(Iam&, Call& call, const DeleteGroupPolicyInput& in) {
  return remove<DeleteGroupPolicyOutput, GroupRecord>(call, in.group_name, *in.policy_name);
}
Result<ListGroupPoliciesOutput> list_group_policies(Iam&, Call& call, const ListGroupPoliciesInput& in) {
  return list<ListGroupPoliciesOutput, GroupRecord>(call, in.group_name, in);
}

Result<PutRolePolicyOutput> put_role_policy(Iam&, Call& call, const PutRolePolicyInput& in) {
  return put<PutRolePolicyOutput, RoleRecord>(call, in.role_name, *in.policy_name, *in.policy_document);
}
Result<GetRolePolicyOutput> get_role_policy(Iam&, Call& call, const GetRolePolicyInput& in) {
  Got got = TRY(get<RoleRecord>(call, in.role_name, *in.policy_name));
  return GetRolePolicyOutput{
      .role_name = std::move(got.owner), .policy_name = in.policy_name, .policy_document = std::move(got.document)};
}
Result<DeleteRolePolicyOutput> delete_role_policy(Iam&, Call& call, const DeleteRolePolicyInput& in) {
  return remove<DeleteRolePolicyOutput, RoleRecord>(call, in.role_name, *in.policy_name);
}
Result<ListRolePoliciesOutput> list_role_policies(Iam&, Call& call, const ListRolePoliciesInput& in) {
  return list<ListRolePoliciesOutput, RoleRecord>(call, in.role_name, in);
}

}  // namespace tarn::iam

// What each operation needs: its action on the entity, whose ARN holds a path that only the record knows.
// AWS: Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access Management".
#include "door/rights.h"

#include "services/iam/iam.h"

namespace tarn::iam {

namespace {

using Needs = Result<std::vector<Need>>;

// On an entity that is there, or may be: its tags and its boundary are part of the context.
template <class R>
Needs on(Call& call, const char* action, const OptionalText& name, ContextKeys context = {}) {
  const std::string given = name.value_or("");
  const NameKey key = key_of(call, given);
  const auto record = TRY(call.get(table_of<R>(), key, Lock::kNone));
  const std::string arn = record ? Found<R>{key, *record}.arn() : arn_of(key.account, R::kType, "/", given);
  for (const auto& [tag, value] : TRY(tags_of(call.tx(), arn))) context[lower("iam:ResourceTag/" + tag)] = {value};
  if constexpr (requires { record->grants; })
    if (record && !record->grants.boundary.empty())
      context.try_emplace("iam:permissionsboundary", std::vector<std::string>{record->grants.boundary});
  return std::vector<Need>{{.action = action, .resource = arn, .context = std::move(context)}};
}

// On the named user, or the one who asks.
Needs on_user(Call& call, const char* action, const OptionalText& name) {
  const bool own = !name && call.principal().kind == Principal::Kind::kUser;
  if (!name && !own) return std::vector<Need>{{.action = action, .resource = "*"}};
  return on<UserRecord>(call, action, own ? call.principal().user_name : *name);
}

// On one that is to be made.
Needs on_new(Call& call, const char* action, std::string_view type, const OptionalText& path, const OptionalText& name,
             const OptionalText& boundary = {}) {
  ContextKeys context;
  if (boundary) context["iam:permissionsboundary"] = {*boundary};
  return std::vector<Need>{{.action = action,
                            .resource = arn_of(call.account(), type, path.value_or("/"), name.value_or("")),
                            .context = std::move(context)}};
}

// A right on all entities below a path.
Needs on_path(Call& call, const char* action, std::string_view type, const OptionalText& prefix) {
  return std::vector<Need>{{.action = action, .resource = arn_of(call.account(), type, prefix.value_or("/"), "")}};
}

template <class R>
Needs with_policy(Call& call, const char* action, const OptionalText& name, const OptionalText& policy_arn) {
  return on<R>(call, action, name, {{"iam:policyarn", {policy_arn.value_or("")}}});
}

template <class R>
Needs with_boundary(Call& call, const char* action, const OptionalText& name, const OptionalText& boundary) {
  return on<R>(call, action, name, {{"iam:permissionsboundary", {boundary.value_or("")}}});
}

// A renamed entity is one that is changed and one that is made.
template <class R>
Needs on_both(Call& call, const char* action, const OptionalText& name, const OptionalText& new_path,
              const OptionalText& new_name) {
  auto needs = TRY(on<R>(call, action, name));
  if (!new_path && !new_name) return needs;
  const auto record = TRY(call.get(table_of<R>(), key_of(call, name.value_or("")), Lock::kNone));
  const std::string path = new_path ? *new_path : record ? record->path : "/";
  needs.push_back(
      {.action = action, .resource = arn_of(call.account(), R::kType, path, new_name ? *new_name : name.value_or(""))});
  return needs;
}

}  // namespace

// --- users -----------------------------------------------------------------------------------------------------------

Needs create_user_rights(Iam&, Call& call, const CreateUserInput& in) {
  return on_new(call, "iam:CreateUser", UserRecord::kType, in.path, in.user_name, in.permissions_boundary);
}
Needs get_user_rights(Iam&, Call& call, const GetUserInput& in) {
  return on_user(call, "iam:GetUser", in.user_name);
}
Needs update_user_rights(Iam&, Call& call, const UpdateUserInput& in) {
  return on_both<UserRecord>(call, "iam:UpdateUser", in.user_name, in.new_path, in.new_user_name);
}
Needs delete_user_rights(Iam&, Call& call, const DeleteUserInput& in) {
  return on<UserRecord>(call, "iam:DeleteUser", in.user_name);
}
Needs list_users_rights(Iam&, Call& call, const ListUsersInput& in) {
  return on_path(call, "iam:ListUsers", UserRecord::kType, in.path_prefix);
}
Needs put_user_permissions_boundary_rights(Iam&, Call& call, const PutUserPermissionsBoundaryInput& in) {
  return with_boundary<UserRecord>(call, "iam:PutUserPermissionsBoundary", in.user_name, in.permissions_boundary);
}
Needs delete_user_permissions_boundary_rights(Iam&, Call& call, const DeleteUserPermissionsBoundaryInput& in) {
  return on<UserRecord>(call, "iam:DeleteUserPermissionsBoundary", in.user_name);
}

Needs create_access_key_rights(Iam&, Call& call, const CreateAccessKeyInput& in) {
  return on_user(call, "iam:CreateAccessKey", in.user_name);
}
Needs update_access_key_rights(Iam&, Call& call, const UpdateAccessKeyInput& in) {
  return on_user(call, "iam:UpdateAccessKey", in.user_name);
}
Needs delete_access_key_rights(Iam&, Call& call, const DeleteAccessKeyInput& in) {
  return on_user(call, "iam:DeleteAccessKey", in.user_name);
}
Needs get_login_profile_rights(Iam&, Call& call, const GetLoginProfileInput& in) {
  return on_user(call, "iam:GetLoginProfile", in.user_name);
}
Needs list_mfa_devices_rights(Iam&, Call& call, const ListMFADevicesInput& in) {
  return on_user(call, "iam:ListMFADevices", in.user_name);
}
Needs list_signing_certificates_rights(Iam&, Call& call, const ListSigningCertificatesInput& in) {
  return on_user(call, "iam:ListSigningCertificates", in.user_name);
}
Needs list_ssh_public_keys_rights(Iam&, Call& call, const ListSSHPublicKeysInput& in) {
  return on_user(call, "iam:ListSSHPublicKeys", in.user_name);
}
Needs list_service_specific_credentials_rights(Iam&, Call& call, const ListServiceSpecificCredentialsInput& in) {
  return on_user(call, "iam:ListServiceSpecificCredentials", in.user_name);
}
Needs list_access_keys_rights(Iam&, Call& call, const ListAccessKeysInput& in) {
  return on_user(call, "iam:ListAccessKeys", in.user_name);
}
Needs get_access_key_last_used_rights(Iam&, Call& call, const GetAccessKeyLastUsedInput& in) {
  const auto key = TRY(call.get(kAccessKeys, AccessKeyKey{*in.access_key_id}, Lock::kNone));
  const bool known = key && key->account == call.account();
  return on_user(call, "iam:GetAccessKeyLastUsed", known ? OptionalText(key->user) : std::nullopt);
}

// --- groups ----------------------------------------------------------------------------------------------------------

Needs create_group_rights(Iam&, Call& call, const CreateGroupInput& in) {
  return on_new(call, "iam:CreateGroup", GroupRecord::kType, in.path, in.group_name);
}
Needs get_group_rights(Iam&, Call& call, const GetGroupInput& in) {
  return on<GroupRecord>(call, "iam:GetGroup", in.group_name);
}
Needs update_group_rights(Iam&, Call& call, const UpdateGroupInput& in) {
  return on_both<GroupRecord>(call, "iam:UpdateGroup", in.group_name, in.new_path, in.new_group_name);
}
Needs delete_group_rights(Iam&, Call& call, const DeleteGroupInput& in) {
  return on<GroupRecord>(call, "iam:DeleteGroup", in.group_name);
}
Needs list_groups_rights(Iam&, Call& call, const ListGroupsInput& in) {
  return on_path(call, "iam:ListGroups", GroupRecord::kType, in.path_prefix);
}
Needs add_user_to_group_rights(Iam&, Call& call, const AddUserToGroupInput& in) {
  return on<GroupRecord>(call, "iam:AddUserToGroup", in.group_name);
}
Needs remove_user_from_group_rights(Iam&, Call& call, const RemoveUserFromGroupInput& in) {
  return on<GroupRecord>(call, "iam:RemoveUserFromGroup", in.group_name);
}
Needs list_groups_for_user_rights(Iam&, Call& call, const ListGroupsForUserInput& in) {
  return on<UserRecord>(call, "iam:ListGroupsForUser", in.user_name);
}

// --- roles -----------------------------------------------------------------------------------------------------------

Needs create_role_rights(Iam&, Call& call, const CreateRoleInput& in) {
  return on_new(call, "iam:CreateRole", RoleRecord::kType, in.path, in.role_name, in.permissions_boundary);
}
Needs get_role_rights(Iam&, Call& call, const GetRoleInput& in) {
  return on<RoleRecord>(call, "iam:GetRole", in.role_name);
}
Needs update_role_rights(Iam&, Call& call, const UpdateRoleInput& in) {
  return on<RoleRecord>(call, "iam:UpdateRole", in.role_name);
}
Needs update_role_description_rights(Iam&, Call& call, const UpdateRoleDescriptionInput& in) {
  return on<RoleRecord>(call, "iam:UpdateRoleDescription", in.role_name);
}
Needs update_assume_role_policy_rights(Iam&, Call& call, const UpdateAssumeRolePolicyInput& in) {
  return on<RoleRecord>(call, "iam:UpdateAssumeRolePolicy", in.role_name);
}
Needs delete_role_rights(Iam&, Call& call, const DeleteRoleInput& in) {
  return on<RoleRecord>(call, "iam:DeleteRole", in.role_name);
}
Needs list_roles_rights(Iam&, Call& call, const ListRolesInput& in) {
  return on_path(call, "iam:ListRoles", RoleRecord::kType, in.path_prefix);
}
Needs put_role_permissions_boundary_rights(Iam&, Call& call, const PutRolePermissionsBoundaryInput& in) {
  return with_boundary<RoleRecord>(call, "iam:PutRolePermissionsBoundary", in.role_name, in.permissions_boundary);
}
Needs delete_role_permissions_boundary_rights(Iam&, Call& call, const DeleteRolePermissionsBoundaryInput& in) {
  return on<RoleRecord>(call, "iam:DeleteRolePermissionsBoundary", in.role_name);
}

// --- policies --------------------------------------------------------------------------------------------------------

Needs create_policy_rights(Iam&, Call& call, const CreatePolicyInput& in) {
  return on_new(call, "iam:CreatePolicy", PolicyRecord::kType, in.path, in.policy_name);
}

Needs attach_user_policy_rights(Iam&, Call& call, const AttachUserPolicyInput& in) {
  return with_policy<UserRecord>(call, "iam:AttachUserPolicy", in.user_name, in.policy_arn);
}
Needs detach_user_policy_rights(Iam&, Call& call, const DetachUserPolicyInput& in) {
  return with_policy<UserRecord>(call, "iam:DetachUserPolicy", in.user_name, in.policy_arn);
}
Needs list_attached_user_policies_rights(Iam&, Call& call, const ListAttachedUserPoliciesInput& in) {
  return on<UserRecord>(call, "iam:ListAttachedUserPolicies", in.user_name);
}
Needs attach_group_policy_rights(Iam&, Call& call, const AttachGroupPolicyInput& in) {
  return with_policy<GroupRecord>(call, "iam:AttachGroupPolicy", in.group_name, in.policy_arn);
}
Needs detach_group_policy_rights(Iam&, Call& call, const DetachGroupPolicyInput& in) {
  return with_policy<GroupRecord>(call, "iam:DetachGroupPolicy", in.group_name, in.policy_arn);
}
Needs list_attached_group_policies_rights(Iam&, Call& call, const ListAttachedGroupPoliciesInput& in) {
  return on<GroupRecord>(call, "iam:ListAttachedGroupPolicies", in.group_name);
}
Needs attach_role_policy_rights(Iam&, Call& call, const AttachRolePolicyInput& in) {
  return with_policy<RoleRecord>(call, "iam:AttachRolePolicy", in.role_name, in.policy_arn);
}
Needs detach_role_policy_rights(Iam&, Call& call, const DetachRolePolicyInput& in) {
  return with_policy<RoleRecord>(call, "iam:DetachRolePolicy", in.role_name, in.policy_arn);
}
Needs list_attached_role_policies_rights(Iam&, Call& call, const ListAttachedRolePoliciesInput& in) {
  return on<RoleRecord>(call, "iam:ListAttachedRolePolicies", in.role_name);
}

Needs put_user_policy_rights(Iam&, Call& call, const PutUserPolicyInput& in) {
  return on<UserRecord>(call, "iam:PutUserPolicy", in.user_name);
}
Needs get_user_policy_rights(Iam&, Call& call, const GetUserPolicyInput& in) {
  return on<UserRecord>(call, "iam:GetUserPolicy", in.user_name);
}
Needs delete_user_policy_rights(Iam&, Call& call, const DeleteUserPolicyInput& in) {
  return on<UserRecord>(call, "iam:DeleteUserPolicy", in.user_name);
}
Needs list_user_policies_rights(Iam&, Call& call, const ListUserPoliciesInput& in) {
  return on<UserRecord>(call, "iam:ListUserPolicies", in.user_name);
}
Needs put_group_policy_rights(Iam&, Call& call, const PutGroupPolicyInput& in) {
  return on<GroupRecord>(call, "iam:PutGroupPolicy", in.group_name);
}
Needs get_group_policy_rights(Iam&, Call& call, const GetGroupPolicyInput& in) {
  return on<GroupRecord>(call, "iam:GetGroupPolicy", in.group_name);
}
Needs delete_group_policy_rights(Iam&, Call& call, const DeleteGroupPolicyInput& in) {
  return on<GroupRecord>(call, "iam:DeleteGroupPolicy", in.group_name);
}
Needs list_group_policies_rights(Iam&, Call& call, const ListGroupPoliciesInput& in) {
  return on<GroupRecord>(call, "iam:ListGroupPolicies", in.group_name);
}
Needs put_role_policy_rights(Iam&, Call& call, const PutRolePolicyInput& in) {
  return on<RoleRecord>(call, "iam:PutRolePolicy", in.role_name);
}
Needs get_role_policy_rights(Iam&, Call& call, const GetRolePolicyInput& in) {
  return on<RoleRecord>(call, "iam:GetRolePolicy", in.role_name);
}
Needs delete_role_policy_rights(Iam&, Call& call, const DeleteRolePolicyInput& in) {
  return on<RoleRecord>(call, "iam:DeleteRolePolicy", in.role_name);
}
Needs list_role_policies_rights(Iam&, Call& call, const ListRolePoliciesInput& in) {
  return on<RoleRecord>(call, "iam:ListRolePolicies", in.role_name);
}

// --- tags ------------------------------------------------------------------------------------------------------------

Needs tag_user_rights(Iam&, Call& call, const TagUserInput& in) {
  return on<UserRecord>(call, "iam:TagUser", in.user_name);
}
Needs untag_user_rights(Iam&, Call& call, const UntagUserInput& in) {
  return on<UserRecord>(call, "iam:UntagUser", in.user_name);
}
Needs list_user_tags_rights(Iam&, Call& call, const ListUserTagsInput& in) {
  return on<UserRecord>(call, "iam:ListUserTags", in.user_name);
}
Needs tag_role_rights(Iam&, Call& call, const TagRoleInput& in) {
  return on<RoleRecord>(call, "iam:TagRole", in.role_name);
}
Needs untag_role_rights(Iam&, Call& call, const UntagRoleInput& in) {
  return on<RoleRecord>(call, "iam:UntagRole", in.role_name);
}
Needs list_role_tags_rights(Iam&, Call& call, const ListRoleTagsInput& in) {
  return on<RoleRecord>(call, "iam:ListRoleTags", in.role_name);
}
Needs tag_instance_profile_rights(Iam&, Call& call, const TagInstanceProfileInput& in) {
  return on<ProfileRecord>(call, "iam:TagInstanceProfile", in.instance_profile_name);
}
Needs untag_instance_profile_rights(Iam&, Call& call, const UntagInstanceProfileInput& in) {
  return on<ProfileRecord>(call, "iam:UntagInstanceProfile", in.instance_profile_name);
}
Needs list_instance_profile_tags_rights(Iam&, Call& call, const ListInstanceProfileTagsInput& in) {
  return on<ProfileRecord>(call, "iam:ListInstanceProfileTags", in.instance_profile_name);
}

// --- instance profiles -----------------------------------------------------------------------------------------------

Needs create_instance_profile_rights(Iam&, Call& call, const CreateInstanceProfileInput& in) {
  return on_new(call, "iam:CreateInstanceProfile", ProfileRecord::kType, in.path, in.instance_profile_name);
}
Needs get_instance_profile_rights(Iam&, Call& call, const GetInstanceProfileInput& in) {
  return on<ProfileRecord>(call, "iam:GetInstanceProfile", in.instance_profile_name);
}
Needs delete_instance_profile_rights(Iam&, Call& call, const DeleteInstanceProfileInput& in) {
  return on<ProfileRecord>(call, "iam:DeleteInstanceProfile", in.instance_profile_name);
}
Needs list_instance_profiles_rights(Iam&, Call& call, const ListInstanceProfilesInput& in) {
  return on_path(call, "iam:ListInstanceProfiles", ProfileRecord::kType, in.path_prefix);
}
Needs list_instance_profiles_for_role_rights(Iam&, Call& call, const ListInstanceProfilesForRoleInput& in) {
  return on<RoleRecord>(call, "iam:ListInstanceProfilesForRole", in.role_name);
}
// A role in a profile is handed over to EC2.
Needs add_role_to_instance_profile_rights(Iam&, Call& call, const AddRoleToInstanceProfileInput& in) {
  auto needs = TRY(on<ProfileRecord>(call, "iam:AddRoleToInstanceProfile", in.instance_profile_name));
  const auto on_role = TRY(on<RoleRecord>(call, "iam:PassRole", in.role_name));
  needs.push_back(pass_role(on_role[0].resource, "ec2.amazonaws.com"));
  return needs;
}
Needs remove_role_from_instance_profile_rights(Iam&, Call& call, const RemoveRoleFromInstanceProfileInput& in) {
  return on<ProfileRecord>(call, "iam:RemoveRoleFromInstanceProfile", in.instance_profile_name);
}

}  // namespace tarn::iam

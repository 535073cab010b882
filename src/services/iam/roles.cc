#include <fmt/format.h>

#include "os/random.h"
#include "door/policy_binding.h"
#include "services/iam/iam.h"

namespace tarn::iam {

namespace {

constexpr size_t kMostTrustPolicy = 2048;  // AWS: "IAM and AWS STS quotas": role trust policy length
constexpr int64_t kLeastSession = 3600, kMostSession = 43200;

Status set_trust(Iam& iam, Call& call, const std::string& document, RoleRecord& role) {
  auto trusted = named_principals(iam, call.tx(), document, PolicyKind::kTrust);
  if (!trusted) return fail(400, "MalformedPolicyDocument", std::move(trusted.error().message));
  role.trusted = std::move(*trusted);
  if (policy_size(document) > kMostTrustPolicy)
    return limit_exceeded(fmt::format("Cannot exceed quota for ACLSizePerRole: {}", kMostTrustPolicy));
  role.trust_policy = document;
  return {};
}

Status check_session(const std::optional<int32_t>& seconds) {
  if (seconds && (*seconds < kLeastSession || *seconds > kMostSession))
    return validation_error(fmt::format("The MaxSessionDuration {} is not between {} and {} seconds.", *seconds,
                                        kLeastSession, kMostSession));
  return {};
}

}  // namespace

Result<CreateRoleOutput> create_role(Iam& iam, Call& call, const CreateRoleInput& in) {
  const NameKey key = key_of(call, *in.role_name);
  if (TRY(call.get(kRoles, key)))
    return already_exists(fmt::format("Role with name {} already exists.", *in.role_name));
  if (in.path && in.path->starts_with("/aws-service-role/"))
    return invalid_input(
        "The path /aws-service-role/ is that of service-linked roles, which this server does not make.");
  TRY(check_session(in.max_session_duration));
  const Tags tags = TRY(tags_from(in.tags));

  Found<RoleRecord> role{key,
                         {.id = random_id("AROA", 17),
                          .name = *in.role_name,
                          .path = in.path.value_or("/"),
                          .created = now_of(call),
                          .description = in.description,
                          .max_session_seconds = in.max_session_duration.value_or(kLeastSession)}};
  TRY(set_trust(iam, call, *in.assume_role_policy_document, role.record));
  if (in.permissions_boundary) role.record.grants.boundary = TRY(attachable_policy(call, *in.permissions_boundary)).arn;
  TRY(save(call, role));
  TRY(set_tags(call.tx(), role.arn(), tags));

  Role out = TRY(to_wire(call, role));
  out.max_session_duration.reset();  // Observed: told by GetRole and ListRoles alone
  if (!tags.empty()) out.tags = to_wire(tags);
  if (in.permissions_boundary) out.permissions_boundary = boundary_to_wire(role.record.grants.boundary);
  return CreateRoleOutput{.role = std::move(out)};
}

Result<GetRoleOutput> get_role(Iam&, Call& call, const GetRoleInput& in) {
  const auto role = TRY(find<RoleRecord>(call, in.role_name, Lock::kShared));
  Role out = TRY(to_wire(call, role));
  if (const Tags tags = TRY(tags_of(call.tx(), role.arn())); !tags.empty()) out.tags = to_wire(tags);
  if (!role.record.grants.boundary.empty()) out.permissions_boundary = boundary_to_wire(role.record.grants.boundary);
  out.role_last_used = RoleLastUsed{};  // AWS: empty where it was never used; uses are not kept here
  return GetRoleOutput{.role = std::move(out)};
}

Result<UpdateRoleOutput> update_role(Iam&, Call& call, const UpdateRoleInput& in) {
  auto role = TRY(find<RoleRecord>(call, in.role_name));
  TRY(check_session(in.max_session_duration));
  if (in.description) role.record.description = in.description;
  if (in.max_session_duration) role.record.max_session_seconds = *in.max_session_duration;
  TRY(save(call, role));
  return UpdateRoleOutput{};
}

Result<UpdateRoleDescriptionOutput> update_role_description(Iam&, Call& call, const UpdateRoleDescriptionInput& in) {
  auto role = TRY(find<RoleRecord>(call, in.role_name));
  role.record.description = in.description;
  TRY(save(call, role));
  Role out = TRY(to_wire(call, role));
  out.max_session_duration.reset();
  return UpdateRoleDescriptionOutput{.role = std::move(out)};
}

Result<UpdateAssumeRolePolicyOutput> update_assume_role_policy(Iam& iam, Call& call,
                                                               const UpdateAssumeRolePolicyInput& in) {
  auto role = TRY(find<RoleRecord>(call, in.role_name));
  TRY(set_trust(iam, call, *in.policy_document, role.record));
  TRY(save(call, role));
  return UpdateAssumeRolePolicyOutput{};
}

Result<DeleteRoleOutput> delete_role(Iam&, Call& call, const DeleteRoleInput& in) {
  const auto role = TRY(find<RoleRecord>(call, in.role_name));
  if (!role.record.grants.inline_policies.empty())
    return delete_conflict("Cannot delete entity, must delete policies first.");
  if (!role.record.grants.attached.empty())
    return delete_conflict("Cannot delete entity, must detach all policies first.");
  const auto profiles =
      TRY(call.tx().scan_index(kProfiles, kProfilesByRole,
                               {.prefix = index_prefix(kProfilesByRole, role.key.account, role.key.name), .limit = 1}));
  if (!profiles.entries.empty())
    return delete_conflict("Cannot delete entity, must remove roles from instance profile first.");
  TRY(set_tags(call.tx(), role.arn(), {}));
  TRY(call.erase(kRoles, role.key));
  return DeleteRoleOutput{};
}

Result<ListRolesOutput> list_roles(Iam&, Call& call, const ListRolesInput& in) {
  const std::string prefix = in.path_prefix.value_or("/");
  std::vector<Role> roles;
  std::vector<std::string> names;
  for (const auto& role : TRY(all_of<RoleRecord>(call))) {
    if (!role.record.path.starts_with(prefix)) continue;
    names.push_back(role.key.name);
    roles.push_back(TRY(to_wire(call, role)));
  }
  ListRolesOutput out;
  out.roles.set_present();
  return paged(call, "ListRoles " + prefix, names, in, std::move(out),
               [&](ListRolesOutput& page, size_t i) { page.roles.push_back(roles[i]); });
}

Result<PutRolePermissionsBoundaryOutput> put_role_permissions_boundary(Iam&, Call& call,
                                                                       const PutRolePermissionsBoundaryInput& in) {
  auto role = TRY(find<RoleRecord>(call, in.role_name));
  role.record.grants.boundary = TRY(attachable_policy(call, *in.permissions_boundary)).arn;
  TRY(save(call, role));
  return PutRolePermissionsBoundaryOutput{};
}

Result<DeleteRolePermissionsBoundaryOutput> delete_role_permissions_boundary(
    Iam&, Call& call, const DeleteRolePermissionsBoundaryInput& in) {
  auto role = TRY(find<RoleRecord>(call, in.role_name));
  if (role.record.grants.boundary.empty())
    return no_such_entity(fmt::format("The role {} has no permissions boundary.", *in.role_name));
  role.record.grants.boundary.clear();
  TRY(save(call, role));
  return DeleteRolePermissionsBoundaryOutput{};
}

}  // namespace tarn::iam

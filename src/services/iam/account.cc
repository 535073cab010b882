// What concerns the account as a whole.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "door/door.h"
#include "door/policy_binding.h"
#include "services/iam/aws_policies.h"
#include "services/iam/iam.h"

namespace tarn::iam {

namespace {

Result<std::vector<AliasKey>> aliases_of(Call& call) {
  const auto page = TRY(
      call.tx().scan_index(kAliases, kAliasesByAccount, {.prefix = index_prefix(kAliasesByAccount, call.account())}));
  std::vector<AliasKey> aliases;
  for (const auto& entry : page.entries) aliases.push_back(entry.key);
  return aliases;
}

}  // namespace

// An account has one alias: a new one takes the old one's place.
Result<CreateAccountAliasOutput> create_account_alias(Iam&, Call& call, const CreateAccountAliasInput& in) {
  const AliasKey key{*in.account_alias};
  const auto taken = TRY(call.get(kAliases, key));
  if (taken && taken->account != call.account())
    return already_exists(fmt::format("The account alias {} already exists.", *in.account_alias));
  for (const AliasKey& old : TRY(aliases_of(call))) TRY(call.erase(kAliases, old));
  TRY(call.put(kAliases, key, AliasRecord{call.account()}));
  return CreateAccountAliasOutput{};
}

Result<DeleteAccountAliasOutput> delete_account_alias(Iam&, Call& call, const DeleteAccountAliasInput& in) {
  const AliasKey key{*in.account_alias};
  const auto record = TRY(call.get(kAliases, key));
  if (!record || record->account != call.account())
    return no_such_entity(fmt::format("The account alias {} cannot be found.", *in.account_alias));
  TRY(call.erase(kAliases, key));
  return DeleteAccountAliasOutput{};
}

Result<ListAccountAliasesOutput> list_account_aliases(Iam&, Call& call, const ListAccountAliasesInput&) {
  ListAccountAliasesOutput out;
  out.account_aliases.set_present();
  for (const AliasKey& key : TRY(aliases_of(call))) out.account_aliases.push_back(key.alias);
  out.is_truncated = false;
  return out;
}

// The counts, and the quotas that this server enforces.
Result<GetAccountSummaryOutput> get_account_summary(Iam&, Call& call, const GetAccountSummaryInput&) {
  GetAccountSummaryOutput out;
  const auto set = [&](const char* name, size_t value) { out.summary_map[name] = static_cast<int32_t>(value); };
  const auto policies = TRY(all_of<PolicyRecord>(call));
  size_t versions = 0;
  for (const auto& policy : policies) versions += policy.record.versions.size();
  set("Users", TRY(all_of<UserRecord>(call)).size());
  set("Groups", TRY(all_of<GroupRecord>(call)).size());
  set("Roles", TRY(all_of<RoleRecord>(call)).size());
  set("InstanceProfiles", TRY(all_of<ProfileRecord>(call)).size());
  set("Policies", policies.size());
  set("PolicyVersionsInUse", versions);
  set("AccountAccessKeysPresent", 1);
  for (const char* none : {"AccountMFAEnabled", "AccountPasswordPresent", "AccountSigningCertificatesPresent",
                           "MFADevices", "MFADevicesInUse", "Providers", "ServerCertificates"})
    set(none, 0);
  set("AccessKeysPerUserQuota", 2);
  set("GroupsPerUserQuota", 10);
  set("AttachedPoliciesPerUserQuota", 10);
  set("AttachedPoliciesPerGroupQuota", 10);
  set("AttachedPoliciesPerRoleQuota", 10);
  set("VersionsPerPolicyQuota", 5);
  set("PolicySizeQuota", 6144);
  set("UserPolicySizeQuota", 2048);
  set("GroupPolicySizeQuota", 5120);
  set("RolePolicySizeQuota", 10240);
  set("AssumeRolePolicySizeQuota", 2048);
  return out;
}

Result<UpdateAccountPasswordPolicyOutput> update_account_password_policy(Iam&, Call& call,
                                                                         const UpdateAccountPasswordPolicyInput& in) {
  // AWS: UpdateAccountPasswordPolicy: what is left out gets its default, whatever it was.
  TRY(call.put(kPasswordPolicies, {call.account()},
               {.least = in.minimum_password_length.value_or(6),
                .symbols = in.require_symbols.value_or(false),
                .numbers = in.require_numbers.value_or(false),
                .upper_case = in.require_uppercase_characters.value_or(false),
                .lower_case = in.require_lowercase_characters.value_or(false),
                .users_change = in.allow_users_to_change_password.value_or(false),
                .days = in.max_password_age,
                .remembered = in.password_reuse_prevention,
                .hard_expiry = in.hard_expiry}));
  return UpdateAccountPasswordPolicyOutput{};
}

Result<GetAccountPasswordPolicyOutput> get_account_password_policy(Iam&, Call& call,
                                                                   const GetAccountPasswordPolicyInput&) {
  const auto policy = TRY(call.get(kPasswordPolicies, {call.account()}));
  if (!policy)
    return no_such_entity(fmt::format("The Password Policy with domain name {} cannot be found.", call.account()));
  return GetAccountPasswordPolicyOutput{
      .password_policy = PasswordPolicy{.minimum_password_length = policy->least,
                                        .require_symbols = policy->symbols,
                                        .require_numbers = policy->numbers,
                                        .require_uppercase_characters = policy->upper_case,
                                        .require_lowercase_characters = policy->lower_case,
                                        .allow_users_to_change_password = policy->users_change,
                                        .expire_passwords = policy->days.value_or(0) > 0,
                                        .max_password_age = policy->days,
                                        .password_reuse_prevention = policy->remembered,
                                        .hard_expiry = policy->hard_expiry}};
}

Result<DeleteAccountPasswordPolicyOutput> delete_account_password_policy(Iam&, Call& call,
                                                                         const DeleteAccountPasswordPolicyInput&) {
  if (!TRY(call.get(kPasswordPolicies, {call.account()})))
    return no_such_entity("The account policy with name PasswordPolicy cannot be found.");
  TRY(call.erase(kPasswordPolicies, {call.account()}));
  return DeleteAccountPasswordPolicyOutput{};
}

// --- everything at once ----------------------------------------------------------------------------------------------

namespace {

wire::List<PolicyDetail> inline_of(const Grants& grants) {
  wire::List<PolicyDetail> out;
  out.set_present();
  for (const auto& [name, document] : grants.inline_policies)
    out.push_back({.policy_name = name, .policy_document = uri_encode(document)});
  return out;
}

wire::List<AttachedPolicy> attached_of(const Grants& grants) {
  wire::List<AttachedPolicy> out;
  out.set_present();
  for (const std::string& arn : grants.attached)
    out.push_back({.policy_name = arn.substr(arn.rfind('/') + 1), .policy_arn = arn});
  return out;
}

Result<UserDetail> detail_of(Call& call, const Found<UserRecord>& user) {
  UserDetail out{.path = user.record.path,
                 .user_name = user.record.name,
                 .user_id = user.record.id,
                 .arn = user.arn(),
                 .create_date = user.record.created,
                 .user_policy_list = inline_of(user.record.grants),
                 .attached_managed_policies = attached_of(user.record.grants),
                 .tags = to_wire(TRY(tags_of(call.tx(), user.arn())))};
  out.group_list.set_present();
  for (const std::string& group : user.record.groups)
    out.group_list.push_back(TRY(find<GroupRecord>(call, group, Lock::kShared)).record.name);
  if (!user.record.grants.boundary.empty()) out.permissions_boundary = boundary_to_wire(user.record.grants.boundary);
  return out;
}

GroupDetail detail_of(const Found<GroupRecord>& group) {
  return {.path = group.record.path,
          .group_name = group.record.name,
          .group_id = group.record.id,
          .arn = group.arn(),
          .create_date = group.record.created,
          .group_policy_list = inline_of(group.record.grants),
          .attached_managed_policies = attached_of(group.record.grants)};
}

Result<RoleDetail> detail_of(Call& call, const Found<RoleRecord>& role) {
  RoleDetail out{.path = role.record.path,
                 .role_name = role.record.name,
                 .role_id = role.record.id,
                 .arn = role.arn(),
                 .create_date = role.record.created,
                 .assume_role_policy_document = uri_encode(TRY(
                     shown_policy(call.door().identities(), call.tx(), role.record.trust_policy, role.record.trusted))),
                 .role_policy_list = inline_of(role.record.grants),
                 .attached_managed_policies = attached_of(role.record.grants),
                 .tags = to_wire(TRY(tags_of(call.tx(), role.arn())))};
  out.instance_profile_list.set_present();
  const auto profiles = found_in(TRY(call.tx().scan_index(
      kProfiles, kProfilesByRole, {.prefix = index_prefix(kProfilesByRole, role.key.account, role.key.name)})));
  for (const auto& profile : profiles) out.instance_profile_list.push_back(TRY(to_wire(call, profile)));
  if (!role.record.grants.boundary.empty()) out.permissions_boundary = boundary_to_wire(role.record.grants.boundary);
  return out;
}

Result<ManagedPolicyDetail> counted(Call& call, ManagedPolicyDetail out) {
  out.is_attachable = true;
  out.attachment_count = static_cast<int32_t>(TRY(use_of(call, *out.arn, UseKind::kAttached)).size());
  out.permissions_boundary_usage_count = static_cast<int32_t>(TRY(use_of(call, *out.arn, UseKind::kBoundary)).size());
  return out;
}

Result<ManagedPolicyDetail> detail_of(Call& call, const Found<PolicyRecord>& policy) {
  ManagedPolicyDetail out{.policy_name = policy.record.name,
                          .policy_id = policy.record.id,
                          .arn = policy.arn(),
                          .path = policy.record.path,
                          .default_version_id = fmt::format("v{}", policy.record.default_version),
                          .description = policy.record.description,
                          .create_date = policy.record.created,
                          .update_date = policy.record.updated};
  for (const PolicyVersionRecord& version : policy.record.versions)
    out.policy_version_list.push_back({.document = uri_encode(version.document),
                                       .version_id = fmt::format("v{}", version.number),
                                       .is_default_version = version.number == policy.record.default_version,
                                       .create_date = version.created});
  return counted(call, std::move(out));
}

Result<ManagedPolicyDetail> detail_of(Call& call, const AwsPolicy& policy) {
  ManagedPolicyDetail out{.policy_name = std::string(policy.name),
                          .policy_id = policy.id(),
                          .arn = policy.arn(),
                          .path = std::string(policy.path),
                          .default_version_id = std::string(policy.version),
                          .create_date = policy.time(),
                          .update_date = policy.time()};
  out.policy_version_list.push_back({.document = uri_encode(policy.document),
                                     .version_id = std::string(policy.version),
                                     .is_default_version = true,
                                     .create_date = policy.time()});
  return counted(call, std::move(out));
}

}  // namespace

Result<GetAccountAuthorizationDetailsOutput> get_account_authorization_details(
    Iam&, Call& call, const GetAccountAuthorizationDetailsInput& in) {
  using Out = GetAccountAuthorizationDetailsOutput;
  const auto wanted = [&](std::string_view kind) {
    return !in.filter.has_value() || std::ranges::find(in.filter, kind) != in.filter.end();
  };
  std::vector<std::string> names;
  std::vector<std::function<Status(Out&)>> rows;  // made only for the page that is asked for
  const auto row = [&](const std::string& name, std::function<Status(Out&)> add) {
    names.push_back(name);
    rows.push_back(std::move(add));
  };
  if (wanted("User"))
    for (auto& user : TRY(all_of<UserRecord>(call)))
      row("1" + user.key.name, [&call, user](Out& out) -> Status {
        out.user_detail_list.push_back(TRY(detail_of(call, user)));
        return {};
      });
  if (wanted("Group"))
    for (auto& group : TRY(all_of<GroupRecord>(call)))
      row("2" + group.key.name, [group](Out& out) -> Status {
        out.group_detail_list.push_back(detail_of(group));
        return {};
      });
  if (wanted("Role"))
    for (auto& role : TRY(all_of<RoleRecord>(call)))
      row("3" + role.key.name, [&call, role](Out& out) -> Status {
        out.role_detail_list.push_back(TRY(detail_of(call, role)));
        return {};
      });
  if (wanted("LocalManagedPolicy"))
    for (auto& policy : TRY(all_of<PolicyRecord>(call)))
      row("4" + policy.key.name, [&call, policy](Out& out) -> Status {
        out.policies.push_back(TRY(detail_of(call, policy)));
        return {};
      });
  if (wanted("AWSManagedPolicy"))  // AWS: those that are attached
    for (const AwsPolicy& policy : aws_policies())
      if (TRY(use_of(call, policy.arn(), UseKind::kAttached)).size() > 0)
        row("5" + std::string(policy.name), [&call, &policy](Out& out) -> Status {
          out.policies.push_back(TRY(detail_of(call, policy)));
          return {};
        });

  std::string scope = "GetAccountAuthorizationDetails";
  for (const std::string& kind : in.filter) scope += " " + kind;
  const Slice slice = TRY(slice_of(call, scope, names, in.marker, in.max_items));
  Out out;
  out.user_detail_list.set_present();
  out.group_detail_list.set_present();
  out.role_detail_list.set_present();
  out.policies.set_present();
  for (size_t i = slice.begin; i < slice.end; ++i) TRY(rows[i](out));
  out.is_truncated = slice.marker.has_value();
  out.marker = slice.marker;
  return out;
}

}  // namespace tarn::iam

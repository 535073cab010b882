#include <fmt/format.h>

#include <algorithm>

#include "door/arn.h"
#include "os/random.h"
#include "services/iam/aws_policies.h"
#include "services/iam/iam.h"

namespace tarn::iam {

namespace {

// AWS: "IAM and AWS STS quotas"
constexpr size_t kMostPolicySize = 6144;
constexpr size_t kMostVersions = 5;

std::string version_text(int64_t number) {
  return fmt::format("v{}", number);
}

Status check_managed_policy(const std::string& document) {
  TRY(check_identity_policy(document));
  if (policy_size(document) > kMostPolicySize)
    return limit_exceeded(fmt::format("Cannot exceed quota for PolicySize: {}", kMostPolicySize));
  return {};
}

Failure no_such_policy(const std::string& arn) {
  return no_such_entity(fmt::format("Policy {} was not found.", arn));
}

// One of the account's own, to be read or changed. ERRORS: NoSuchEntity, InvalidInput, AccessDenied (one of AWS's).
Result<Found<PolicyRecord>> find_policy(Call& call, const std::string& arn, Lock lock = Lock::kExclusive) {
  const auto parsed = Arn::parse(arn);
  if (!parsed) return invalid_input(fmt::format("ARN {} is not valid.", arn));
  if (is_aws_policy_arn(arn))
    return fail(403, "AccessDenied", fmt::format("{} is a policy of AWS's and cannot be changed.", arn));
  if (parsed->service != "iam" || parsed->account != call.account() || parsed->resource_type() != "policy")
    return no_such_policy(arn);
  const NameKey key = key_of(call, parsed->resource_name());
  auto record = TRY(call.get(kPolicies, key, lock));
  if (!record) return no_such_policy(arn);
  Found<PolicyRecord> policy{key, std::move(*record)};
  if (policy.arn() != arn) return no_such_policy(arn);
  return policy;
}

// Of a version AWS does not tell whether it or the whole policy is not there.
Failure no_such_version(const std::string& arn, const std::string& id) {
  return no_such_entity(fmt::format("Policy {} version {} does not exist or is not attachable.", arn, id));
}

Result<Found<PolicyRecord>> policy_of_version(Call& call, const std::string& arn, const std::string& id,
                                              Lock lock = Lock::kExclusive) {
  auto policy = find_policy(call, arn, lock);
  if (!policy && policy.error().code == "NoSuchEntity") return no_such_version(arn, id);
  return policy;
}

Result<PolicyVersionRecord> find_version(const Found<PolicyRecord>& policy, const std::string& id) {
  for (const PolicyVersionRecord& version : policy.record.versions)
    if (version_text(version.number) == id) return version;
  return no_such_version(policy.arn(), id);
}

PolicyVersion to_wire(const PolicyRecord& policy, const PolicyVersionRecord& version) {
  return {.document = uri_encode(version.document),
          .version_id = version_text(version.number),
          .is_default_version = version.number == policy.default_version,
          .create_date = version.created};
}

Status count_use(Call& call, Policy& out) {
  out.attachment_count = static_cast<int32_t>(TRY(use_of(call, *out.arn, UseKind::kAttached)).size());
  out.permissions_boundary_usage_count = static_cast<int32_t>(TRY(use_of(call, *out.arn, UseKind::kBoundary)).size());
  return {};
}

Result<Policy> to_wire(Call& call, const Found<PolicyRecord>& policy) {
  Policy out{.policy_name = policy.record.name,
             .policy_id = policy.record.id,
             .arn = policy.arn(),
             .path = policy.record.path,
             .default_version_id = version_text(policy.record.default_version),
             .is_attachable = true,
             .create_date = policy.record.created,
             .update_date = policy.record.updated};
  TRY(count_use(call, out));
  return out;
}

Result<Policy> to_wire(Call& call, const AwsPolicy& policy) {
  Policy out{.policy_name = std::string(policy.name),
             .policy_id = policy.id(),
             .arn = policy.arn(),
             .path = std::string(policy.path),
             .default_version_id = std::string(policy.version),
             .is_attachable = true,
             .create_date = policy.time(),
             .update_date = policy.time()};
  TRY(count_use(call, out));
  return out;
}

PolicyVersion version_to_wire(const AwsPolicy& policy) {
  return {.document = uri_encode(policy.document),
          .version_id = std::string(policy.version),
          .is_default_version = true,
          .create_date = policy.time()};
}

// One of AWS's; nullptr where the ARN is none of theirs. ERRORS: NoSuchEntity where it is not known here.
Result<const AwsPolicy*> aws_policy(Call& call, const std::string& arn) {
  if (!is_aws_policy_arn(arn)) return nullptr;
  TRY(managed_policy(call.tx(), call.account(), arn, Lock::kNone));
  return find_aws_policy(arn);
}

}  // namespace

Result<CreatePolicyOutput> create_policy(Iam&, Call& call, const CreatePolicyInput& in) {
  const NameKey key = key_of(call, *in.policy_name);
  if (TRY(call.get(kPolicies, key)))
    return already_exists(
        fmt::format("A policy called {} already exists. Duplicate names are not allowed.", *in.policy_name));
  TRY(check_managed_policy(*in.policy_document));
  const Tags tags = TRY(tags_from(in.tags, TagCase::kMatters));
  const Time now = now_of(call);
  const Found<PolicyRecord> policy{key,
                                   {.id = random_id("ANPA", 17),
                                    .name = *in.policy_name,
                                    .path = in.path.value_or("/"),
                                    .created = now,
                                    .description = in.description,
                                    .updated = now,
                                    .versions = {{1, *in.policy_document, now}}}};
  TRY(save(call, policy));
  TRY(set_tags(call.tx(), policy.arn(), tags));
  Policy out = TRY(to_wire(call, policy));
  if (!tags.empty()) out.tags = to_wire(tags);
  return CreatePolicyOutput{.policy = std::move(out)};
}

Result<GetPolicyOutput> get_policy(Iam&, Call& call, const GetPolicyInput& in) {
  if (const AwsPolicy* policy = TRY(aws_policy(call, *in.policy_arn)))
    return GetPolicyOutput{.policy = TRY(to_wire(call, *policy))};
  const auto policy = TRY(find_policy(call, *in.policy_arn, Lock::kShared));
  Policy out = TRY(to_wire(call, policy));
  out.description = policy.record.description;  // AWS: only here, not in lists
  out.tags = to_wire(TRY(tags_of(call.tx(), policy.arn())));
  out.tags.set_present();  // Observed: empty where there are none
  return GetPolicyOutput{.policy = std::move(out)};
}

Result<DeletePolicyOutput> delete_policy(Iam&, Call& call, const DeletePolicyInput& in) {
  const auto policy = TRY(find_policy(call, *in.policy_arn));
  if (TRY(use_of(call, policy.arn(), UseKind::kAttached)).size() +
          TRY(use_of(call, policy.arn(), UseKind::kBoundary)).size() >
      0)
    return delete_conflict("Cannot delete a policy attached to entities.");
  if (policy.record.versions.size() > 1)
    return delete_conflict(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The "
        "default version is deleted with the policy.");
  TRY(set_tags(call.tx(), policy.arn(), {}));
  TRY(call.erase(kPolicies, policy.key));
  return DeletePolicyOutput{};
}

Result<ListPoliciesOutput> list_policies(Iam&, Call& call, const ListPoliciesInput& in) {
  const std::string prefix = in.path_prefix.value_or("/"), scope = in.scope.value_or("All");
  const bool only_attached = in.only_attached.value_or(false);
  const std::string usage = in.policy_usage_filter.value_or("");
  std::vector<Policy> found;
  if (scope != "Local")
    for (const AwsPolicy& policy : aws_policies())
      if (policy.path.starts_with(prefix)) found.push_back(TRY(to_wire(call, policy)));
  if (scope != "AWS")
    for (const auto& policy : TRY(all_of<PolicyRecord>(call)))
      if (policy.record.path.starts_with(prefix)) found.push_back(TRY(to_wire(call, policy)));
  std::erase_if(found, [&](const Policy& policy) {
    if (usage == "PermissionsBoundary") return *policy.permissions_boundary_usage_count == 0;
    if (usage == "PermissionsPolicy") return *policy.attachment_count == 0;
    return only_attached && *policy.attachment_count == 0;
  });
  std::ranges::sort(found, {}, [](const Policy& policy) { return *policy.arn; });

  std::vector<std::string> arns;
  for (const Policy& policy : found) arns.push_back(*policy.arn);
  ListPoliciesOutput out;
  out.policies.set_present();
  return paged(call, fmt::format("ListPolicies {} {} {} {}", scope, prefix, only_attached, usage), arns, in,
               std::move(out), [&](ListPoliciesOutput& page, size_t i) { page.policies.push_back(found[i]); });
}

Result<CreatePolicyVersionOutput> create_policy_version(Iam&, Call& call, const CreatePolicyVersionInput& in) {
  auto policy = TRY(find_policy(call, *in.policy_arn));
  TRY(check_managed_policy(*in.policy_document));
  PolicyRecord& record = policy.record;
  if (record.versions.size() >= kMostVersions)
    return limit_exceeded(
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing "
        "version.");
  record.versions.push_back({record.next_version++, *in.policy_document, now_of(call)});
  if (in.set_as_default.value_or(false)) record.default_version = record.versions.back().number;
  record.updated = now_of(call);
  TRY(save(call, policy));
  PolicyVersion out = to_wire(record, record.versions.back());
  out.document.reset();  // AWS: the answer has the version without its document
  return CreatePolicyVersionOutput{.policy_version = std::move(out)};
}

Result<GetPolicyVersionOutput> get_policy_version(Iam&, Call& call, const GetPolicyVersionInput& in) {
  if (const AwsPolicy* policy = TRY(aws_policy(call, *in.policy_arn))) {
    if (*in.version_id != policy->version)
      return no_such_entity(
          fmt::format("Policy {} version {} does not exist or is not attachable. Of AWS's policies "
                      "this server knows the default version: {}.",
                      *in.policy_arn, *in.version_id, policy->version));
    return GetPolicyVersionOutput{.policy_version = version_to_wire(*policy)};
  }
  const auto policy = TRY(policy_of_version(call, *in.policy_arn, *in.version_id, Lock::kShared));
  return GetPolicyVersionOutput{.policy_version = to_wire(policy.record, TRY(find_version(policy, *in.version_id)))};
}

Result<DeletePolicyVersionOutput> delete_policy_version(Iam&, Call& call, const DeletePolicyVersionInput& in) {
  auto policy = TRY(policy_of_version(call, *in.policy_arn, *in.version_id));
  const int64_t number = TRY(find_version(policy, *in.version_id)).number;
  if (number == policy.record.default_version) return delete_conflict("Cannot delete the default version of a policy.");
  std::erase_if(policy.record.versions, [&](const PolicyVersionRecord& version) { return version.number == number; });
  TRY(save(call, policy));
  return DeletePolicyVersionOutput{};
}

Result<SetDefaultPolicyVersionOutput> set_default_policy_version(Iam&, Call& call,
                                                                 const SetDefaultPolicyVersionInput& in) {
  auto policy = TRY(policy_of_version(call, *in.policy_arn, *in.version_id));
  policy.record.default_version = TRY(find_version(policy, *in.version_id)).number;
  policy.record.updated = now_of(call);
  TRY(save(call, policy));
  return SetDefaultPolicyVersionOutput{};
}

Result<ListPolicyVersionsOutput> list_policy_versions(Iam&, Call& call, const ListPolicyVersionsInput& in) {
  std::vector<PolicyVersion> versions;
  if (const AwsPolicy* policy = TRY(aws_policy(call, *in.policy_arn))) {
    versions.push_back(version_to_wire(*policy));
  } else {
    const auto found = TRY(find_policy(call, *in.policy_arn, Lock::kShared));
    for (const PolicyVersionRecord& version : found.record.versions) versions.push_back(to_wire(found.record, version));
  }
  std::ranges::reverse(versions);  // AWS: the newest first
  std::vector<std::string> order;
  for (PolicyVersion& version : versions) {
    version.document.reset();
    order.push_back(fmt::format("{:0>3}", order.size()));
  }
  ListPolicyVersionsOutput out;
  out.versions.set_present();
  return paged(call, "ListPolicyVersions " + *in.policy_arn, order, in, std::move(out),
               [&](ListPolicyVersionsOutput& page, size_t i) { page.versions.push_back(versions[i]); });
}

Result<ListEntitiesForPolicyOutput> list_entities_for_policy(Iam&, Call& call, const ListEntitiesForPolicyInput& in) {
  if (TRY(aws_policy(call, *in.policy_arn)) == nullptr) TRY(find_policy(call, *in.policy_arn, Lock::kShared));
  const UseKind kind = in.policy_usage_filter == "PermissionsBoundary" ? UseKind::kBoundary : UseKind::kAttached;
  PolicyUse use = TRY(use_of(call, *in.policy_arn, kind));
  const std::string prefix = in.path_prefix.value_or("/"), filter = in.entity_filter.value_or("");
  const auto keep = [&](const char* type, auto& entities) {
    if (!filter.empty() && filter != type) entities.clear();
    std::erase_if(entities, [&](const auto& found) { return !found.record.path.starts_with(prefix); });
  };
  keep("Group", use.groups);
  keep("User", use.users);
  keep("Role", use.roles);

  // One order over the three kinds: groups, then roles, then users, each by name.
  std::vector<std::string> names;
  for (const auto& group : use.groups) names.push_back("1" + group.key.name);
  for (const auto& role : use.roles) names.push_back("2" + role.key.name);
  for (const auto& user : use.users) names.push_back("3" + user.key.name);
  ListEntitiesForPolicyOutput out;
  out.policy_groups.set_present();
  out.policy_users.set_present();
  out.policy_roles.set_present();
  const auto add = [&](ListEntitiesForPolicyOutput& page, size_t i) {
    if (i < use.groups.size())
      return page.policy_groups.push_back(
          {.group_name = use.groups[i].record.name, .group_id = use.groups[i].record.id});
    i -= use.groups.size();
    if (i < use.roles.size())
      return page.policy_roles.push_back({.role_name = use.roles[i].record.name, .role_id = use.roles[i].record.id});
    i -= use.roles.size();
    page.policy_users.push_back({.user_name = use.users[i].record.name, .user_id = use.users[i].record.id});
  };
  return paged(call,
               fmt::format("ListEntitiesForPolicy {} {} {} {}", *in.policy_arn, prefix, filter, static_cast<int>(kind)),
               names, in, std::move(out), add);
}

}  // namespace tarn::iam

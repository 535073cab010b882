// Policy documents: checks on the way in, and managed policies by ARN.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "door/arn.h"
#include "door/policy.h"
#include "door/policy_binding.h"
#include "services/iam/aws_policies.h"
#include "services/iam/iam.h"

namespace tarn::iam {

size_t policy_size(std::string_view document) {
  return std::ranges::count_if(document, [](char c) { return c != ' ' && c != '\n' && c != '\t' && c != '\r'; });
}

// Observed: what is stored says that it is of the newer version, which comes before all faults but those of syntax.
Status check_identity_policy(std::string_view document) {
  const auto parsed = ::tarn::Policy::parse(document, PolicyKind::kIdentity);
  if (!parsed && parsed.error().message == "Syntax errors in policy.") return Failure(parsed.error());
  const auto json = Json::parse(document);
  if (!json || (*json)["Version"].as_string() != "2012-10-17")
    return fail(400, "MalformedPolicyDocument", "Policy document must be version 2012-10-17 or greater.");
  if (!parsed) return Failure(parsed.error());
  return {};
}

namespace {

// What of a user or role policies are bound to.
struct Bound {
  std::string arn, id;
};

template <class R>
Result<std::optional<Bound>> bound_by_name(Transaction& tx, const NameKey& key) {
  const auto record = TRY(tx.get(table_of<R>(), key, Lock::kNone));
  if (!record) return std::nullopt;
  return Bound{Found<R>{key, *record}.arn(), record->id};
}

template <class R>
Result<std::optional<Bound>> bound_by_id(Transaction& tx, const Index<NameKey, R>& index, const std::string& id) {
  const auto found =
      found_in(TRY(tx.scan_index(table_of<R>(), index, {.prefix = index_prefix(index, id), .limit = 1})));
  if (found.empty()) return std::nullopt;
  return Bound{found[0].arn(), id};
}

}  // namespace

Result<std::optional<std::string>> Iam::principal_id(Transaction& tx, std::string_view arn) {
  const auto parsed = Arn::parse(arn);
  if (!parsed || parsed->service != "iam" || !accounts_.contains(parsed->account)) return std::nullopt;
  const NameKey key{parsed->account, lower(parsed->resource_name())};
  const bool user = parsed->resource_type() == "user";
  const auto bound = TRY(user ? bound_by_name<UserRecord>(tx, key) : bound_by_name<RoleRecord>(tx, key));
  return bound && bound->arn == arn ? bound->id : std::string();
}

Result<std::optional<std::string>> Iam::principal_arn(Transaction& tx, std::string_view id) {
  const bool user = id.starts_with("AIDA");
  const auto bound =
      TRY(user ? bound_by_id(tx, kUsersById, std::string(id)) : bound_by_id(tx, kRolesById, std::string(id)));
  if (!bound) return std::nullopt;
  return bound->arn;
}

std::string bound_trust_policy(const RoleRecord& role) {
  return role.trusted.empty() ? role.trust_policy : with_principals(role.trust_policy, role.trusted);
}

Result<std::optional<ManagedPolicy>> managed_policy(Transaction& tx, std::string_view account, std::string_view arn,
                                                    Lock lock) {
  if (is_aws_policy_arn(arn)) {
    const AwsPolicy* policy = find_aws_policy(arn);
    if (policy == nullptr)
      return no_such_entity(
          fmt::format("Policy {} does not exist or is not attachable. Of AWS's managed policies this "
                      "server knows: {}. For another one, create a policy with its content.",
                      arn, aws_policy_names()));
    return ManagedPolicy{std::string(policy->name), std::string(arn), std::string(policy->document)};
  }
  const auto parsed = Arn::parse(arn);
  if (!parsed || parsed->service != "iam" || parsed->account != account || parsed->resource_type() != "policy")
    return std::nullopt;
  const NameKey key{std::string(account), lower(parsed->resource_name())};
  const auto record = TRY(tx.get(kPolicies, key, lock));
  if (!record || arn_of(account, PolicyRecord::kType, record->path, record->name) != arn) return std::nullopt;
  const auto version = std::ranges::find(record->versions, record->default_version, &PolicyVersionRecord::number);
  if (version == record->versions.end()) return internal_failure(fmt::format("{} lacks its default version", arn));
  return ManagedPolicy{record->name, std::string(arn), version->document};
}

Result<std::optional<std::string>> Iam::managed_policy(Transaction& tx, std::string_view account,
                                                       std::string_view policy_arn) {
  auto policy = TRY(iam::managed_policy(tx, account, policy_arn, Lock::kNone));
  if (!policy) return std::nullopt;
  return std::move(policy->document);
}

Result<ManagedPolicy> attachable_policy(Call& call, const std::string& arn) {
  if (!Arn::parse(arn)) return invalid_input(fmt::format("ARN {} is not valid.", arn));
  auto policy = TRY(managed_policy(call.tx(), call.account(), arn, Lock::kShared));
  if (!policy) return no_such_entity(fmt::format("Policy {} does not exist or is not attachable.", arn));
  return std::move(*policy);
}

namespace {

template <class R>
Result<std::vector<Found<R>>> users_of(Call& call, const Index<NameKey, R>& index, const std::string& arn,
                                       UseKind kind) {
  const std::string use = kind == UseKind::kAttached ? "attached" : "boundary";
  return found_in(
      TRY(call.tx().scan_index(table_of<R>(), index, {.prefix = index_prefix(index, call.account(), arn, use)})));
}

}  // namespace

Result<PolicyUse> use_of(Call& call, const std::string& policy_arn, UseKind kind) {
  PolicyUse use;
  use.users = TRY(users_of(call, kUsersByPolicy, policy_arn, kind));
  use.groups = TRY(users_of(call, kGroupsByPolicy, policy_arn, kind));
  use.roles = TRY(users_of(call, kRolesByPolicy, policy_arn, kind));
  return use;
}

}  // namespace tarn::iam

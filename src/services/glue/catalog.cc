// The catalog as a whole: its resource policy, and whether it was imported.
#include <fmt/format.h>

#include "base/digest.h"
#include "base/text.h"
#include "door/door.h"
#include "door/policy_binding.h"
#include "services/glue/glue.h"

namespace tarn::glue {
namespace {

// The catalog is the only thing with a policy.
Status check_resource(Call& call, const OptionalText& resource_arn) {
  if (resource_arn && *resource_arn != call.arn("glue", "catalog"))
    return invalid_input(fmt::format("ResourceArn {} has no policy of its own: only the catalog, {}, has one.",
                                     *resource_arn, call.arn("glue", "catalog")));
  return {};
}

Failure no_policy() {
  return not_found("Policy not found.");
}

// Put or delete only if the policy is what the caller last saw.
Status check_hash(const std::optional<PolicyRecord>& policy, const OptionalText& wanted) {
  if (wanted && (!policy || policy->hash != *wanted))
    return fail(400, "ConditionCheckFailureException",
                "PolicyHashCondition is not the hash of the catalog's policy: it was changed since it was read.");
  return {};
}

}  // namespace

// A catalog of Athena's before Glue is imported; here is none, so there is nothing left to do.
Result<GetCatalogImportStatusOutput> get_catalog_import_status(Glue&, Call&, const GetCatalogImportStatusInput&) {
  return GetCatalogImportStatusOutput{.import_status = CatalogImportStatus{.import_completed = true}};
}

Result<PutResourcePolicyOutput> put_resource_policy(Glue&, Call& call, const PutResourcePolicyInput& in) {
  TRY(check_resource(call, in.resource_arn));
  auto principals = named_principals(call.door().identities(), call.tx(), *in.policy_in_json, PolicyKind::kResource);
  if (!principals) return invalid_input(fmt::format("PolicyInJson: {}", principals.error().message));
  const PolicyKey key{call.account(), call.region()};
  const auto old = TRY(call.get(kPolicies, key));
  const std::string exists = in.policy_exists_condition.value_or("NONE");
  if (exists == "MUST_EXIST" && !old) return no_policy();
  if (exists == "NOT_EXIST" && old)
    return fail(400, "ConditionCheckFailureException", "The catalog has a policy already.");
  TRY(check_hash(old, in.policy_hash_condition));

  PolicyRecord record{.document = *in.policy_in_json,
                      .hash = base64(sha256(*in.policy_in_json)),
                      .created = old ? old->created : call.now(),
                      .updated = call.now(),
                      .bound = with_principals(*in.policy_in_json, *principals),
                      .principals = *principals};
  TRY(call.put(kPolicies, key, record));
  return PutResourcePolicyOutput{.policy_hash = record.hash};
}

Result<GetResourcePolicyOutput> get_resource_policy(Glue&, Call& call, const GetResourcePolicyInput& in) {
  TRY(check_resource(call, in.resource_arn));
  const auto policy = TRY(call.get(kPolicies, PolicyKey{call.account(), call.region()}));
  if (!policy) return no_policy();
  return GetResourcePolicyOutput{.policy_in_json = TRY(shown_policy(call.door().identities(), call.tx(), policy->document,
                                                                   policy->principals)),
                                 .policy_hash = policy->hash,
                                 .create_time = policy->created,
                                 .update_time = policy->updated};
}

Result<GetResourcePoliciesOutput> get_resource_policies(Glue&, Call& call, const GetResourcePoliciesInput&) {
  GetResourcePoliciesOutput out;
  out.get_resource_policies_response_list.set_present();
  if (const auto policy = TRY(call.get(kPolicies, PolicyKey{call.account(), call.region()})))
    out.get_resource_policies_response_list.push_back({.policy_in_json = TRY(shown_policy(call.door().identities(), call.tx(),
                                                                                         policy->document, policy->principals)),
                                                       .policy_hash = policy->hash,
                                                       .create_time = policy->created,
                                                       .update_time = policy->updated});
  return out;
}

Result<DeleteResourcePolicyOutput> delete_resource_policy(Glue&, Call& call, const DeleteResourcePolicyInput& in) {
  TRY(check_resource(call, in.resource_arn));
  const PolicyKey key{call.account(), call.region()};
  const auto old = TRY(call.get(kPolicies, key));
  if (!old) return no_policy();
  TRY(check_hash(old, in.policy_hash_condition));
  TRY(call.erase(kPolicies, key));
  return DeleteResourcePolicyOutput{};
}

}  // namespace tarn::glue

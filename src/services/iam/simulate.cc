// What would be decided: the door's own evaluation, asked without doing anything.
#include <fmt/format.h>

#include <memory>

#include "door/arn.h"
#include "door/policy.h"
#include "door/rights.h"
#include "services/iam/iam.h"

namespace tarn::iam {

namespace {

// All that bears on the simulated requests.
struct Simulation {
  Principal caller;
  std::string owner;  // the resources' account
  PolicySet set;
  PolicyContext context;
  std::set<std::string> asked_keys;  // by the policies
  std::vector<std::unique_ptr<const ::tarn::Policy>> alive;

  Result<NamedPolicy> compile(std::string_view name, std::string_view document, PolicyKind kind) {
    alive.push_back(std::make_unique<const ::tarn::Policy>(TRY(::tarn::Policy::parse(document, kind))));
    asked_keys.merge(alive.back()->context_keys());
    names.push_back(std::make_unique<const std::string>(name));
    return NamedPolicy{*names.back(), alive.back().get()};
  }
  std::vector<std::unique_ptr<const std::string>> names;
};

// A user or role by its ARN, as one who asks. ERRORS: InvalidInput, NoSuchEntity.
Result<Principal> principal_of(Call& call, const std::string& text) {
  const auto arn = Arn::parse(text);
  const bool own = arn && arn->service == "iam" && arn->account == call.account();
  if (!own) return invalid_input(fmt::format("{} is no ARN of a user or role of account {}.", text, call.account()));
  const std::string name(arn->resource_name());
  if (arn->resource_type() == "user") {
    const auto user = TRY(find<UserRecord>(call, name, Lock::kShared));
    return Principal{.kind = Principal::Kind::kUser,
                     .account = call.account(),
                     .arn = user.arn(),
                     .user_id = user.record.id,
                     .user_name = user.record.name};
  }
  if (arn->resource_type() != "role") return invalid_input(fmt::format("{} is no ARN of a user or role.", text));
  const auto role = TRY(find<RoleRecord>(call, name, Lock::kShared));
  return Principal{.kind = Principal::Kind::kAssumedRole,
                   .account = call.account(),
                   .arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/simulation", call.account(), role.record.name),
                   .user_id = role.record.id + ":simulation",
                   .role_arn = role.arn(),
                   .session_name = "simulation"};
}

// What both simulations take alike.
Status prepare(Call& call, const auto& in, Simulation& simulation) {
  if (in.resource_handling_option)
    return invalid_input("ResourceHandlingOption is not supported: name the resources of each kind instead.");
  size_t number = 0;
  for (const std::string& document : in.policy_input_list)
    simulation.set.identity.push_back(
        TRY(simulation.compile(fmt::format("PolicyInputList.{}", ++number), document, PolicyKind::kIdentity)));
  if (in.permissions_boundary_policy_input_list.size() > 1)
    return invalid_input("PermissionsBoundaryPolicyInputList holds more than one policy.");
  for (const std::string& document : in.permissions_boundary_policy_input_list)
    simulation.set.boundary =
        TRY(simulation.compile("PermissionsBoundaryPolicyInputList.1", document, PolicyKind::kBoundary));
  if (in.resource_policy) {
    if (simulation.caller.arn.empty())
      return invalid_input(
          "CallerArn is needed to evaluate a ResourcePolicy: it says whom the policy's Principal meets.");
    simulation.set.resource = TRY(simulation.compile("ResourcePolicy", *in.resource_policy, PolicyKind::kResource));
  }
  simulation.owner = call.account();
  if (in.resource_owner) {
    const auto arn = Arn::parse(*in.resource_owner);
    simulation.owner = arn ? arn->account : *in.resource_owner;
    if (!is_account_id(simulation.owner))
      return invalid_input(fmt::format("ResourceOwner {} names no account.", *in.resource_owner));
  }
  if (!simulation.caller.arn.empty()) {
    // Of the caller: who it is. How and from where it asks is the simulation's to say.
    for (auto& [key, values] : caller_context(Caller{.principal = simulation.caller}, call.now()))
      if (key.starts_with("aws:principal") || key.starts_with("aws:user")) simulation.context[key] = values;
    simulation.context.erase("aws:useragent");
  }
  simulation.context["aws:currenttime"] = {iso8601(now_of(call))};
  simulation.context["aws:epochtime"] = {std::to_string(call.now().seconds())};
  for (const ContextEntry& entry : in.context_entries)
    simulation.context[lower(entry.context_key_name.value_or(""))] = entry.context_key_values.items();
  return {};
}

std::string_view source_type(PolicyKind kind, std::string_view name) {
  if (kind == PolicyKind::kResource) return "resource";
  if (name.starts_with("user/")) return "user";
  if (name.starts_with("group/")) return "group";
  if (name.starts_with("role/")) return "role";
  if (name.starts_with("arn:aws:iam::aws:")) return "aws-managed";
  if (name.starts_with("arn:")) return "user-managed";
  return "none";
}

EvaluationResult evaluate_one(const Simulation& simulation, const std::string& action, const std::string& resource) {
  const AccessRequest request{simulation.caller, action, resource, simulation.owner, simulation.context};
  const Decision decision = evaluate(request, simulation.set);
  EvaluationResult out{.eval_action_name = action, .eval_resource_name = resource};
  out.eval_decision = decision.allowed()                                     ? "allowed"
                      : decision.outcome == Decision::Outcome::kExplicitDeny ? "explicitDeny"
                                                                             : "implicitDeny";
  out.matched_statements.set_present();
  if (decision.statement >= 0)
    out.matched_statements.push_back({.source_policy_id = decision.policy,
                                      .source_policy_type = std::string(source_type(decision.kind, decision.policy))});
  out.missing_context_values.set_present();
  for (const std::string& key : simulation.asked_keys)
    if (!simulation.context.contains(key)) out.missing_context_values.push_back(key);
  if (simulation.set.boundary) {
    PolicySet boundary_alone{.identity = {*simulation.set.boundary}};
    out.permissions_boundary_decision_detail = PermissionsBoundaryDecisionDetail{
        .allowed_by_permissions_boundary = evaluate(request, boundary_alone).allowed()};
  }
  return out;
}

Result<SimulatePolicyResponse> run(Call& call, const char* operation, const auto& in, const Simulation& simulation) {
  std::vector<std::string> resources = in.resource_arns.items();
  if (resources.empty()) resources.push_back("*");
  std::vector<std::pair<std::string, std::string>> pairs;
  std::vector<std::string> order;
  for (const std::string& action : in.action_names) {
    const size_t colon = action.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == action.size())
      return invalid_input(fmt::format("Invalid action: {}. It is written service:Operation.", action));
    for (const std::string& resource : resources) {
      order.push_back(fmt::format("{:0>6}", pairs.size()));
      pairs.emplace_back(action, resource);
    }
  }
  SimulatePolicyResponse out;
  out.evaluation_results.set_present();
  return paged(call, operation, order, in, std::move(out), [&](SimulatePolicyResponse& page, size_t i) {
    page.evaluation_results.push_back(evaluate_one(simulation, pairs[i].first, pairs[i].second));
  });
}

// The policies of the user, group or role that is simulated.
Status add_source(Iam& iam, Call& call, const std::string& source, Simulation& simulation) {
  const auto arn = Arn::parse(source);
  AttachedPolicies attached;
  if (arn && arn->resource_type() == "group") {
    const auto group = TRY(find<GroupRecord>(call, std::string(arn->resource_name()), Lock::kShared));
    TRY(add_grants(call.tx(), call.account(), "group/" + group.record.name, group.record.grants, attached));
    simulation.caller.kind = Principal::Kind::kUser;
    simulation.caller.account = call.account();
  } else {
    simulation.caller = TRY(principal_of(call, source));
    attached = TRY(iam.policies(call.tx(), simulation.caller)).value_or(AttachedPolicies{});
  }
  for (const auto& policy : attached.identity)
    simulation.set.identity.push_back(TRY(simulation.compile(policy.name, policy.document, PolicyKind::kIdentity)));
  if (attached.boundary)
    simulation.set.boundary =
        TRY(simulation.compile(attached.boundary->name, attached.boundary->document, PolicyKind::kBoundary));
  for (const auto& [key, value] : attached.tags) simulation.context[lower("aws:PrincipalTag/" + key)] = {value};
  return {};
}

Result<GetContextKeysForPolicyResponse> context_keys(const Simulation& simulation) {
  GetContextKeysForPolicyResponse out;
  out.context_key_names.set_present();
  for (const std::string& key : simulation.asked_keys) out.context_key_names.push_back(key);
  return out;
}

}  // namespace

Result<SimulateCustomPolicyOutput> simulate_custom_policy(Iam&, Call& call, const SimulateCustomPolicyInput& in) {
  if (!in.ordered_organization_policy_input_list.empty())
    return invalid_input("OrderedOrganizationPolicyInputList is not supported: this server has no organizations.");
  Simulation simulation;
  simulation.caller.kind = Principal::Kind::kUser;
  simulation.caller.account = call.account();
  if (in.caller_arn) simulation.caller = TRY(principal_of(call, *in.caller_arn));
  TRY(prepare(call, in, simulation));
  return run(call, "SimulateCustomPolicy", in, simulation);
}

Result<SimulatePrincipalPolicyOutput> simulate_principal_policy(Iam& iam, Call& call,
                                                                const SimulatePrincipalPolicyInput& in) {
  if (!in.policy_exclusion_list.empty())
    return invalid_input(
        "PolicyExclusionList is not supported: simulate the policies that remain with "
        "SimulateCustomPolicy instead.");
  Simulation simulation;
  TRY(add_source(iam, call, *in.policy_source_arn, simulation));
  if (in.caller_arn) simulation.caller = TRY(principal_of(call, *in.caller_arn));
  TRY(prepare(call, in, simulation));
  return run(call, "SimulatePrincipalPolicy", in, simulation);
}

Result<GetContextKeysForCustomPolicyOutput> get_context_keys_for_custom_policy(
    Iam&, Call&, const GetContextKeysForCustomPolicyInput& in) {
  Simulation simulation;
  for (const std::string& document : in.policy_input_list)
    TRY(simulation.compile("PolicyInputList", document, PolicyKind::kIdentity));
  return context_keys(simulation);
}

Result<GetContextKeysForPrincipalPolicyOutput> get_context_keys_for_principal_policy(
    Iam& iam, Call& call, const GetContextKeysForPrincipalPolicyInput& in) {
  Simulation simulation;
  TRY(add_source(iam, call, *in.policy_source_arn, simulation));
  for (const std::string& document : in.policy_input_list)
    TRY(simulation.compile("PolicyInputList", document, PolicyKind::kIdentity));
  return context_keys(simulation);
}

}  // namespace tarn::iam

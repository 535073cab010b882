// Deciding requests.
#include "door/policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"

namespace tarn {

namespace {

// How a resource's policy names a principal, weakest first. AWS: IAM User Guide, "Policy evaluation logic", the table
// on resource-based policies: naming the account leaves it to that account's identity policies; naming a role grants
// within the role's boundary and the session's policies; naming a user, a session or everyone grants by itself.
enum class Named : uint8_t { kNot, kAccount, kRole, kDirectly };

Named named_by(const PolicyPrincipal& entry, const Principal& who) {
  using enum PolicyPrincipal::Kind;
  const bool role = who.kind == Principal::Kind::kAssumedRole;
  const bool service = who.kind == Principal::Kind::kService;
  switch (entry.kind) {
    case kAny: return Named::kDirectly;
    case kAccount:
      return !service && !who.account.empty() && who.account == entry.value ? Named::kAccount : Named::kNot;
    case kArn:
      if (who.arn.empty() || service) return Named::kNot;
      if (who.arn == entry.value) return Named::kDirectly;
      return role && who.role_arn == entry.value ? Named::kRole : Named::kNot;
    case kUniqueId:
      if (role && who.user_id.starts_with(entry.value + ":")) return Named::kRole;
      return !who.user_id.empty() && who.user_id == entry.value ? Named::kDirectly : Named::kNot;
    case kService: return service && lower(who.arn) == entry.value ? Named::kDirectly : Named::kNot;
    case kFederated: return Named::kNot;
    case kCanonicalUser:
      return !service && !who.account.empty() && canonical_user_id(who.account) == entry.value ? Named::kAccount
                                                                                               : Named::kNot;
  }
  return Named::kNot;
}

Named strongest(const std::vector<PolicyPrincipal>& entries, const Principal& who) {
  Named best = Named::kNot;
  for (const PolicyPrincipal& entry : entries) best = std::max(best, named_by(entry, who));
  return best;
}

// Whether a Deny with these exceptions spares the principal. AWS: IAM User Guide, "IAM JSON policy elements:
// NotPrincipal": the account is looked at, then the role, then the session or user; each must be listed.
bool spared(const std::vector<PolicyPrincipal>& entries, const Principal& who) {
  using enum PolicyPrincipal::Kind;
  const auto listed = [&](auto&& test) { return std::ranges::any_of(entries, test); };
  if (listed([](const PolicyPrincipal& e) { return e.kind == kAny; })) return true;
  if (who.kind == Principal::Kind::kService || who.kind == Principal::Kind::kAnonymous)
    return strongest(entries, who) != Named::kNot;
  const bool account = listed([&](const PolicyPrincipal& e) { return named_by(e, who) == Named::kAccount; });
  if (!account || who.kind == Principal::Kind::kRoot) return account;
  const bool directly = listed([&](const PolicyPrincipal& e) { return named_by(e, who) == Named::kDirectly; });
  if (!directly || who.kind != Principal::Kind::kAssumedRole) return directly;
  return listed([&](const PolicyPrincipal& e) { return named_by(e, who) == Named::kRole; });
}

Named principal_of(const PolicyStatement& statement, const Principal& who) {
  if (!statement.not_principal) return strongest(statement.principals, who);
  if (statement.allow) return strongest(statement.principals, who) == Named::kNot ? Named::kDirectly : Named::kNot;
  return spared(statement.principals, who) ? Named::kNot : Named::kDirectly;
}

// The request with what every statement needs of it.
struct Question {
  const AccessRequest& request;
  std::string action;  // lower case
};

bool applies(const PolicyStatement& statement, const Question& question) {
  const bool action = std::ranges::any_of(
      statement.actions, [&](const std::string& pattern) { return wildcard_match(pattern, question.action); });
  if (action == statement.not_action) return false;
  const AccessRequest& request = question.request;
  if (!statement.resources.empty()) {
    const bool resource = std::ranges::any_of(statement.resources, [&](const PolicyPattern& pattern) {
      return pattern.matches(request.resource, request.context);
    });
    if (resource == statement.not_resource) return false;
  }
  return std::ranges::all_of(statement.conditions,
                             [&](const PolicyCondition& condition) { return condition.holds(request.context); });
}

Decision decided_by(Decision::Outcome outcome, const NamedPolicy& policy, size_t index) {
  const PolicyStatement& statement = policy.policy->statements[index];
  return {outcome, policy.policy->kind, std::string(policy.name), statement.sid, static_cast<int>(index)};
}

Decision lacking(PolicyKind kind) {
  return {Decision::Outcome::kImplicitDeny, kind, {}, {}, -1};
}

// The first statement with that effect that applies; with a resource's policy also how it names the principal, where
// the strongest naming is taken.
struct Found {
  std::optional<Decision> decision;
  Named named = Named::kNot;
};

Found find_in(const NamedPolicy& policy, bool allow, const Question& question) {
  const PolicyKind kind = policy.policy->kind;
  const bool with_principal = kind == PolicyKind::kResource || kind == PolicyKind::kTrust;
  Found best;
  for (size_t i = 0; i < policy.policy->statements.size(); ++i) {
    const PolicyStatement& statement = policy.policy->statements[i];
    if (statement.allow != allow) continue;
    const Named named = with_principal ? principal_of(statement, question.request.principal) : Named::kDirectly;
    if (named <= best.named || !applies(statement, question)) continue;
    best.named = named;
    best.decision = decided_by(allow ? Decision::Outcome::kAllowed : Decision::Outcome::kExplicitDeny, policy, i);
  }
  return best;
}

std::optional<Decision> first_in(const std::vector<NamedPolicy>& policies, bool allow, const Question& question) {
  for (const NamedPolicy& policy : policies)
    if (Found found = find_in(policy, allow, question); found.decision) return std::move(found.decision);
  return std::nullopt;
}

std::optional<Decision> explicit_deny(const PolicySet& policies, const Question& question) {
  if (policies.resource)
    if (Found found = find_in(*policies.resource, false, question); found.decision) return found.decision;
  if (auto found = first_in(policies.identity, false, question)) return found;
  if (policies.boundary)
    if (Found found = find_in(*policies.boundary, false, question); found.decision) return found.decision;
  return first_in(policies.session, false, question);
}

// Within boundary and session policies: the decision that allows, or what is lacking.
Decision limited(Decision allowed, const PolicySet& policies, const Question& question) {
  if (policies.boundary && !find_in(*policies.boundary, true, question).decision) return lacking(PolicyKind::kBoundary);
  if (!policies.session.empty() && !first_in(policies.session, true, question)) return lacking(PolicyKind::kSession);
  return allowed;
}

}  // namespace

Decision evaluate(const AccessRequest& request, const PolicySet& policies) {
  const Question question{request, lower(request.action)};
  if (auto denied = explicit_deny(policies, question)) return std::move(*denied);

  const Principal& who = request.principal;
  const PolicyKind resource_kind = policies.resource ? policies.resource->policy->kind : PolicyKind::kResource;
  const Found resource = policies.resource ? find_in(*policies.resource, true, question) : Found{};

  if (who.kind == Principal::Kind::kAnonymous || who.kind == Principal::Kind::kService)
    return resource.decision ? *resource.decision : lacking(resource_kind);

  const bool root = who.kind == Principal::Kind::kRoot;
  const bool own = request.owner.empty() || request.owner == who.account;
  if (own && resource.named == Named::kDirectly) return *resource.decision;

  Decision mine;
  if (root) {
    mine = {Decision::Outcome::kAllowed, PolicyKind::kIdentity, "account root", {}, -1};
  } else if (own && resource.named == Named::kRole) {
    mine = limited(*resource.decision, policies, question);
  } else {
    const auto allowed = first_in(policies.identity, true, question);
    mine = allowed ? limited(*allowed, policies, question) : lacking(PolicyKind::kIdentity);
  }
  if (!mine.allowed()) return mine;
  // Across accounts both sides must allow.
  if ((!own || policies.resource_must_allow) && !resource.decision) return lacking(resource_kind);
  return mine;
}

std::string denial_message(const AccessRequest& request, const Decision& decision) {
  static constexpr std::string_view kNames[] = {"identity-based policy", "permissions boundary", "session policy",
                                                "resource-based policy", "role trust policy"};
  const std::string_view name = kNames[static_cast<size_t>(decision.kind)];
  const bool anonymous = request.principal.kind == Principal::Kind::kAnonymous;
  // S3 puts the resource in quotes, the others do not.
  const std::string_view quote = request.action.starts_with("s3:") ? "\"" : "";
  const std::string head = fmt::format("User: {} is not authorized to perform: {} on resource: {}{}{}",
                                       anonymous ? std::string_view("anonymous") : request.principal.arn,
                                       request.action, quote, request.resource, quote);
  if (decision.outcome == Decision::Outcome::kImplicitDeny)
    return fmt::format("{} because no {} allows the {} action", head, name, request.action);
  const std::string_view article = decision.kind == PolicyKind::kTrust      ? "the"
                                   : decision.kind == PolicyKind::kIdentity ? "an"
                                                                            : "a";
  return fmt::format("{} with an explicit deny in {} {}", head, article, name);
}

}  // namespace tarn

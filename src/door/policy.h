// Policies: parsing a policy document, and deciding whether a request is allowed. Pure: no I/O, no clock.
//
// AWS: IAM User Guide, "IAM JSON policy element reference" and "Policy evaluation logic".
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "door/policy_condition.h"
#include "door/policy_pattern.h"
#include "door/principal.h"

namespace tarn {

// What a policy is attached to: decides which elements it may have, and what a denial says.
enum class PolicyKind : uint8_t {
  kIdentity,  // of a user, group or role
  kBoundary,  // a permissions boundary
  kSession,   // given when a role was assumed
  kResource,  // of a bucket, a table, ...
  kTrust,     // a role's: who may assume it
};

// One entry of a Principal or NotPrincipal element.
struct PolicyPrincipal {
  enum class Kind : uint8_t { kAny, kAccount, kArn, kUniqueId, kService, kFederated, kCanonicalUser };
  Kind kind;
  std::string value;  // account id, ARN, AIDA..., service name, provider, canonical id; empty for kAny
};

struct PolicyStatement {
  std::string sid;
  bool allow = false;
  bool not_action = false;
  std::vector<std::string> actions;  // lower case, with wildcards
  bool not_resource = false;
  std::vector<PolicyPattern> resources;  // none: every resource (trust policies)
  bool not_principal = false;
  std::vector<PolicyPrincipal> principals;  // of resource and trust policies
  std::vector<PolicyCondition> conditions;
};

struct Policy {
  PolicyKind kind = PolicyKind::kIdentity;
  std::vector<PolicyStatement> statements;

  // ERRORS: MalformedPolicyDocument (400) in IAM's words. Whether its principals exist is not looked at.
  static Result<Policy> parse(std::string_view document, PolicyKind kind);
  // The condition keys (lower case) that it asks for, as keys or as variables.
  std::set<std::string> context_keys() const;
};

// What is asked. Borrows all of it.
struct AccessRequest {
  const Principal& principal;
  std::string_view action;    // "s3:GetObject"
  std::string_view resource;  // an ARN, or "*"
  std::string_view owner;     // the resource's account; empty: the principal's own
  const PolicyContext& context;
};

struct NamedPolicy {
  std::string_view name;  // policy name or ARN, for the audit record
  const Policy* policy;
};

// The policies that bear on a request. Borrows them.
// (Service and resource control policies would stand here: an organisation has them, a single account does not.)
struct PolicySet {
  std::vector<NamedPolicy> identity = {};
  std::optional<NamedPolicy> boundary = {};
  std::vector<NamedPolicy> session = {};  // none: the session is not limited
  std::optional<NamedPolicy> resource = {};
  // The resource's policy must allow even within the account (roles' trust policies, KMS keys).
  bool resource_must_allow = false;
};

struct Decision {
  enum class Outcome : uint8_t { kAllowed, kExplicitDeny, kImplicitDeny };
  Outcome outcome = Outcome::kImplicitDeny;
  PolicyKind kind = PolicyKind::kIdentity;  // of the policy that decided, or that lacked the permission
  std::string policy;                       // its name; empty for an implicit denial, and for what needs no policy
  std::string sid;                          // the deciding statement's
  int statement = -1;                       // its position from 0; -1: none decided

  bool allowed() const { return outcome == Outcome::kAllowed; }
};

Decision evaluate(const AccessRequest& request, const PolicySet& policies);

// "User: arn:... is not authorized to perform: s3:GetObject on resource: \"arn:...\" because no identity-based policy
// allows the s3:GetObject action". REQUIRES: the decision is a denial.
std::string denial_message(const AccessRequest& request, const Decision& decision);

}  // namespace tarn

// Policies: what is accepted must decide as the naive evaluator of the unit tests does.
#include <algorithm>

#include "base/json.h"
#include "door/policy.h"
#include "door/policy_naive.h"
#include "fuzz.h"

namespace {

using namespace tarn;

const Principal kUser{.kind = Principal::Kind::kUser,
                      .account = "111111111111",
                      .arn = "arn:aws:iam::111111111111:user/alice",
                      .user_id = "AIDAALICE",
                      .user_name = "alice"};
const PolicyContext kContext{{"aws:username", {"alice"}},        {"aws:userid", {"AIDAALICE"}},
                             {"aws:sourceip", {"203.0.113.7"}},  {"aws:currenttime", {"2026-02-03T04:05:06Z"}},
                             {"aws:securetransport", {"false"}}, {"s3:prefix", {"home/alice"}},
                             {"aws:tagkeys", {"team", "cost"}},  {"s3:max-keys", {"10"}}};

// The naive one tries every way to place each wildcard.
bool too_slow_for_the_naive(std::string_view document) {
  return std::ranges::count(document, '*') + std::ranges::count(document, '?') > 6;
}

void require_the_same(const Policy& policy, const std::string& document) {
  for (const char* action : {"s3:GetObject", "s3:ListBucket"})
    for (const char* resource : {"arn:aws:s3:::b/alice/x", "arn:aws:s3:::b"}) {
      const AccessRequest request{kUser, action, resource, kUser.account, kContext};
      PolicySet set;
      naive::Documents documents;
      if (policy.kind == PolicyKind::kIdentity) {
        set.identity.push_back({"p", &policy});
        documents.identity.push_back(document);
      } else {
        set.resource = NamedPolicy{"p", &policy};
        documents.resource = document;
      }
      const Decision decision = evaluate(request, set);
      fuzz::planted_fault(decision.allowed() && !policy.statements[decision.statement].conditions.empty());
      if (!decision.allowed()) fuzz::require(!denial_message(request, decision).empty());
      if (too_slow_for_the_naive(document)) continue;
      const naive::Verdict verdict = naive::evaluate(request, documents);
      fuzz::require(verdict ==
                    naive::Verdict{decision.allowed(), decision.outcome == Decision::Outcome::kExplicitDeny});
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string document(fuzz::text_of(data, size));
  for (const PolicyKind kind : {PolicyKind::kIdentity, PolicyKind::kResource, PolicyKind::kTrust}) {
    const auto policy = Policy::parse(document, kind);
    if (!policy) {
      fuzz::require(policy.error().code == "MalformedPolicyDocument" && !policy.error().message.empty());
      continue;
    }
    (void)policy->context_keys();
    if (kind != PolicyKind::kTrust) require_the_same(*policy, document);
  }
  return 0;
}

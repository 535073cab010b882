// Rights: from an operation's needs to a decision. The parts of the door that read policies, tags and context.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "door/call.h"
#include "door/dispatch.h"
#include "door/policy.h"

namespace tarn {

// Compiled policies by their text: a policy is parsed once, however many calls it decides.
// THREADS: safe to use from any.
class PolicyCache {
 public:
  Result<std::shared_ptr<const Policy>> compile(const std::string& document, PolicyKind kind);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const Policy>> compiled_;  // kind's digit + text
};

// The decision on all needs of a call, as the audit record tells it.
struct Judgement {
  bool allowed = true;
  std::string decided_by;
  std::vector<std::string> actions;
  std::vector<std::string> resources;
};

// The needs that the manifest line names, its templates filled in from the call and the input.
std::vector<Need> static_needs(const Call& call, const Handler& handler, const void* in);

// The right to hand a role over to a service: iam:PassRole with iam:PassedToService.
Need pass_role(std::string_view role_arn, std::string_view service);

// The aws:* keys of a caller (lower case), but for those of the resource and the request's tags.
ContextKeys caller_context(const Caller& caller, Time now);
// aws:RequestTag/* and aws:TagKeys, from the input's members named tags, tag keys and their like.
ContextKeys tag_context(const wire::Operation& operation, const void* in);

// Decides all needs for the call's caller, in its transaction. ERRORS: the denial of the first need that is not
// allowed, with the code of `protocol`; what reading policies and tags gives.
Status judge(Transaction& tx, Identities& identities, PolicyCache& cache, const Caller& caller,
             const std::vector<Need>& needs, ContextKeys context, const wire::Service* service, Judgement& judgement);

// The error of a denial as the service words its code.
Error access_denied(const wire::Service* service, std::string message);

}  // namespace tarn

#include "door/rights.h"

#include <fmt/format.h>

#include "base/text.h"
#include "door/arn.h"
#include "door/tags.h"

namespace tarn {
namespace {

constexpr size_t kMostCompiled = 10'000;

const wire::Field* find_field(const wire::Shape& shape, std::string_view name) {
  for (const wire::Field& field : shape.fields)
    if (equals_ignore_case(field.name, name)) return &field;
  return nullptr;
}

const std::string* string_member(const wire::Shape& shape, const void* structure, std::string_view name) {
  const wire::Field* field = find_field(shape, name);
  if (field == nullptr || field->shape->kind != wire::Kind::kString) return nullptr;
  return static_cast<const std::string*>(field->get(static_cast<const char*>(structure) + field->offset));
}

// "arn:{partition}:s3:::{Bucket}" with the names in braces replaced.
std::string fill_template(std::string_view text, const Call& call, const wire::Shape& input, const void* in) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t open = text.find('{', at);
    out += text.substr(at, open - at);
    if (open == std::string_view::npos) break;
    const size_t close = text.find('}', open);
    const std::string_view name = text.substr(open + 1, close - open - 1);
    if (name == "partition")
      out += call.partition();
    else if (name == "region")
      out += call.region();
    else if (name == "account")
      out += call.account();
    else if (const std::string* value = string_member(input, in, name))
      out += *value;
    at = close + 1;
  }
  return out;
}

// What a resource's or a principal's tags put into the context.
void add_tags(ContextKeys& context, std::string_view prefix, const std::map<std::string, std::string>& tags) {
  for (const auto& [name, value] : tags) context[lower(fmt::format("{}/{}", prefix, name))] = {value};
}

// AWS: what a principal is called in aws:PrincipalType.
std::string_view principal_type(Principal::Kind kind) {
  switch (kind) {
    case Principal::Kind::kRoot: return "Account";
    case Principal::Kind::kUser: return "User";
    case Principal::Kind::kAssumedRole: return "AssumedRole";
    case Principal::Kind::kService: return "Service";
    default: return "Anonymous";
  }
}

std::string describe(const Decision& decision) {
  if (decision.policy.empty()) return "";
  if (!decision.sid.empty()) return fmt::format("{} statement {}", decision.policy, decision.sid);
  return fmt::format("{} statement #{}", decision.policy, decision.statement);
}

}  // namespace

Result<std::shared_ptr<const Policy>> PolicyCache::compile(const std::string& document, PolicyKind kind) {
  const std::string key = std::to_string(static_cast<int>(kind)) + document;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = compiled_.find(key); found != compiled_.end()) return found->second;
  }
  auto policy = std::make_shared<const Policy>(TRY(Policy::parse(document, kind)));
  const std::lock_guard lock(mutex_);
  if (compiled_.size() >= kMostCompiled) compiled_.clear();
  compiled_.emplace(key, policy);
  return policy;
}

std::vector<Need> static_needs(const Call& call, const Handler& handler, const void* in) {
  std::vector<Need> needs;
  for (const StaticNeed& need : handler.needs) {
    Need filled{std::string(need.action), fill_template(need.resource, call, *handler.operation->input, in)};
    needs.push_back(std::move(filled));
  }
  return needs;
}

Need pass_role(std::string_view role_arn, std::string_view service) {
  return {.action = "iam:PassRole",
          .resource = std::string(role_arn),
          .owner = {},
          .resource_policy = {},
          .context = {{"iam:passedtoservice", {std::string(service)}}}};
}

ContextKeys caller_context(const Caller& caller, Time now) {
  const Principal& who = caller.principal;
  ContextKeys keys;
  const auto set = [&](const char* key, std::string value) {
    if (!value.empty()) keys[key] = {std::move(value)};
  };
  const bool service = who.kind == Principal::Kind::kService;
  // AWS: for a role session aws:PrincipalArn is the role's ARN, not the session's.
  if (!service) set("aws:principalarn", who.role_arn.empty() ? who.arn : who.role_arn);
  if (service) set("aws:principalservicename", who.arn);
  set("aws:principalaccount", who.account);
  set("aws:principaltype", std::string(principal_type(who.kind)));
  set("aws:principalisawsservice", service ? "true" : "false");
  set("aws:userid", who.user_id);
  set("aws:username", who.user_name);
  set("aws:sourceidentity", who.source_identity);
  add_tags(keys, "aws:PrincipalTag", who.tags);
  if (who.issued) set("aws:tokenissuetime", iso8601(Time::of_seconds(who.issued->seconds())));
  if (who.temporary()) set("aws:multifactorauthpresent", who.mfa.value_or(false) ? "true" : "false");

  set("aws:sourceip", caller.source_ip);
  set("aws:useragent", caller.user_agent);
  set("aws:securetransport", caller.secure ? "true" : "false");
  set("aws:requestedregion", caller.region);
  set("aws:currenttime", iso8601(Time::of_seconds(now.seconds())));
  set("aws:epochtime", std::to_string(now.seconds()));
  set("aws:sourcearn", caller.source_arn);
  set("aws:sourceaccount", caller.source_account);
  set("aws:viaawsservice", caller.called_via.empty() ? "false" : "true");
  if (!caller.called_via.empty()) {
    keys["aws:calledvia"] = caller.called_via;
    keys["aws:calledviafirst"] = {caller.called_via.front()};
    keys["aws:calledvialast"] = {caller.called_via.back()};
  }
  return keys;
}

ContextKeys tag_context(const wire::Operation& operation, const void* in) {
  static constexpr std::string_view kTagMembers[] = {"Tags", "TagsToAdd", "TagList"};
  static constexpr std::string_view kKeyMembers[] = {"TagKeys", "TagsToRemove"};
  ContextKeys keys;
  std::vector<std::string> names;
  const auto member = [&](std::string_view name) -> std::pair<const wire::Shape*, const void*> {
    const wire::Field* field = find_field(*operation.input, name);
    if (field == nullptr) return {nullptr, nullptr};
    return {field->shape, field->get(static_cast<const char*>(in) + field->offset)};
  };
  const auto add = [&](const std::string& name, const std::string& value) {
    keys[lower("aws:RequestTag/" + name)] = {value};
    names.push_back(name);
  };
  for (const std::string_view name : kTagMembers) {
    const auto [shape, value] = member(name);
    if (value == nullptr) continue;
    for (size_t i = 0; (shape->kind == wire::Kind::kMap || shape->kind == wire::Kind::kList) && i < shape->size(value);
         ++i) {
      if (shape->kind == wire::Kind::kMap && shape->element->kind == wire::Kind::kString) {
        add(shape->key_at(value, i), *static_cast<const std::string*>(shape->at(value, i)));
      } else if (shape->kind == wire::Kind::kList && shape->element->kind == wire::Kind::kStructure) {
        const std::string* key = string_member(*shape->element, shape->at(value, i), "Key");
        const std::string* text = string_member(*shape->element, shape->at(value, i), "Value");
        if (key != nullptr) add(*key, text != nullptr ? *text : "");
      }
    }
  }
  for (const std::string_view name : kKeyMembers) {
    const auto [shape, value] = member(name);
    if (value == nullptr || shape->kind != wire::Kind::kList || shape->element->kind != wire::Kind::kString) continue;
    for (size_t i = 0; i < shape->size(value); ++i)
      names.push_back(*static_cast<const std::string*>(shape->at(value, i)));
  }
  if (!names.empty()) keys["aws:tagkeys"] = std::move(names);
  return keys;
}

namespace {

// The compiled policies of a caller, alive for as long as one decision needs them.
struct CompiledPolicies {
  PolicySet set;
  std::vector<std::shared_ptr<const Policy>> alive;
  AttachedPolicies attached;
};

Status compile_policies(Transaction& tx, Identities& identities, PolicyCache& cache, const Principal& who,
                        CompiledPolicies& out) {
  if (who.kind == Principal::Kind::kUser || who.kind == Principal::Kind::kAssumedRole)
    out.attached = TRY(identities.policies(tx, who)).value_or(AttachedPolicies{});
  const auto keep = [&](const std::string& name, const std::string& document, PolicyKind kind) -> Result<NamedPolicy> {
    out.alive.push_back(TRY(cache.compile(document, kind)));
    return NamedPolicy{name, out.alive.back().get()};
  };
  for (const AttachedPolicy& policy : out.attached.identity)
    out.set.identity.push_back(TRY(keep(policy.name, policy.document, PolicyKind::kIdentity)));
  if (out.attached.boundary)
    out.set.boundary = TRY(keep(out.attached.boundary->name, out.attached.boundary->document, PolicyKind::kBoundary));
  static const std::string kSessionName = "session policy";
  for (const std::string& document : who.session_policies)
    out.set.session.push_back(TRY(keep(kSessionName, document, PolicyKind::kSession)));
  return {};
}

}  // namespace

Status judge(Transaction& tx, Identities& identities, PolicyCache& cache, const Caller& caller,
             const std::vector<Need>& needs, ContextKeys context, const wire::Service* service, Judgement& judgement) {
  if (needs.empty()) return {};
  CompiledPolicies policies;
  TRY(compile_policies(tx, identities, cache, caller.principal, policies));
  for (const auto& [name, value] : policies.attached.tags) {
    // AWS: a session tag overrides a tag of the same name of the role.
    context.try_emplace(lower("aws:PrincipalTag/" + name), std::vector<std::string>{value});
  }
  const bool without_policies = policies.set.identity.empty() && !policies.set.boundary && policies.set.session.empty();

  for (const Need& need : needs) {
    ContextKeys keys = context;
    for (const auto& [name, values] : need.context) keys[lower(name)] = values;
    const std::string& owner = need.owner.empty() ? caller.principal.account : need.owner;
    keys["aws:resourceaccount"] = {owner};
    if (need.resource != "*" && (!without_policies || need.resource_policy))
      add_tags(keys, "aws:ResourceTag", TRY(tags_of(tx, need.resource)));

    PolicySet set = policies.set;
    std::shared_ptr<const Policy> resource_policy;
    if (need.resource_policy) {
      resource_policy = TRY(cache.compile(*need.resource_policy, need.trust ? PolicyKind::kTrust : PolicyKind::kResource));
      set.resource = NamedPolicy{need.trust ? "trust policy" : "resource-based policy", resource_policy.get()};
      set.resource_must_allow = need.trust;
    }
    const AccessRequest request{caller.principal, need.action, need.resource, owner, keys};
    const Decision decision = evaluate(request, set);
    judgement.actions.push_back(need.action);
    judgement.resources.push_back(need.resource);
    judgement.decided_by = describe(decision);
    if (!decision.allowed()) {
      judgement.allowed = false;
      // Recorded from AWS: whoever asks unsigned is not told why.
      const bool anonymous = caller.principal.kind == Principal::Kind::kAnonymous;
      return Failure(access_denied(service, anonymous ? "Access Denied" : denial_message(request, decision)));
    }
  }
  return {};
}

Error access_denied(const wire::Service* service, std::string message) {
  if (service == nullptr) return {403, "AccessDenied", std::move(message)};
  switch (service->protocol) {
    case wire::Protocol::kJson10:
    case wire::Protocol::kJson11: return {400, "AccessDeniedException", std::move(message)};
    case wire::Protocol::kRestJson: return {403, "AccessDeniedException", std::move(message)};
    case wire::Protocol::kEc2: return {403, "UnauthorizedOperation", std::move(message)};
    default:
      // AWS: SNS API Reference, "Common Errors": its word is another.
      return {403, service->name == "sns" ? "AuthorizationError" : "AccessDenied", std::move(message)};
  }
}

}  // namespace tarn

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "door/policy.h"
#include "door/policy_source.h"
#include "door/rights.h"
#include "services/sts/sts.h"

namespace tarn::sts {

namespace {

constexpr int64_t kHourSeconds = 3600;
constexpr int64_t kUserDefault = 12 * kHourSeconds;
constexpr size_t kMostSessionPolicies = 10;
constexpr size_t kMostTags = 50;
constexpr size_t kMostPacked = 4096;  // ASSUMED: what 100 % of PackedPolicySize are

Failure validation_error(std::string message) {
  return fail(400, "ValidationError", std::move(message));
}
Failure invalid_value(std::string message) {
  return fail(400, "InvalidParameterValue", std::move(message));
}
Failure denied(std::string message) {
  return fail(403, "AccessDenied", std::move(message));
}

Credentials to_wire(const TemporaryCredentials& made) {
  return {.access_key_id = made.access_key,
          .secret_access_key = made.secret,
          .session_token = made.token,
          .expiration = Time::of_seconds(made.expires.seconds())};
}

// Sessions live on the system's time, whatever tarn's clock says.
TemporaryCredentials issue(Call& call, Principal who, int64_t seconds) {
  who.issued = Time::of_seconds(system_now().seconds());
  who.expires = *who.issued + seconds * kSecond;
  return call.door().sessions().issue(std::move(who));
}

Status refuse_mfa(const std::optional<std::string>& serial, const std::optional<std::string>& code) {
  if (!serial && !code) return {};
  return validation_error("MFA devices are not supported by this server: leave SerialNumber and TokenCode out.");
}

// What policies may ask of an AssumeRole call. (aws:RequestTag and aws:TagKeys are the door's to fill.)
ContextKeys context_of(const AssumeRoleInput& in, const RoleFacts* role) {
  ContextKeys context;
  context["sts:rolesessionname"] = {*in.role_session_name};
  if (in.external_id) context["sts:externalid"] = {*in.external_id};
  if (in.source_identity) context["sts:sourceidentity"] = {*in.source_identity};
  if (!in.transitive_tag_keys.empty()) context["sts:transitivetagkeys"] = in.transitive_tag_keys.items();
  if (role != nullptr)
    for (const auto& [key, value] : role->tags) context[lower("iam:ResourceTag/" + key)] = {value};
  return context;
}

std::vector<const char*> actions_of(const Call& call, const AssumeRoleInput& in) {
  std::vector<const char*> actions = {"sts:AssumeRole"};
  if (!in.tags.empty() || !call.principal().transitive_tags.empty()) actions.push_back("sts:TagSession");
  if (in.source_identity || !call.principal().source_identity.empty()) actions.push_back("sts:SetSourceIdentity");
  return actions;
}

}  // namespace

// ERRORS: ValidationError: the ARN is none at all.
Result<std::vector<Need>> assume_role_rights(Sts&, Call& call, const AssumeRoleInput& in) {
  if (!Arn::parse(*in.role_arn)) return validation_error(fmt::format("{} is invalid", *in.role_arn));
  const auto role = TRY(call.door().identities().role(call.tx(), *in.role_arn));
  const auto arn = Arn::parse(*in.role_arn);
  std::vector<Need> needs;
  for (const char* action : actions_of(call, in)) {
    Need need{.action = action, .resource = *in.role_arn, .context = context_of(in, role ? &*role : nullptr)};
    if (role) need.owner = arn->account;
    if (role) need.resource_policy = role->trust_policy;
    need.trust = role.has_value();
    needs.push_back(std::move(need));
  }
  return needs;
}

namespace {

Result<int64_t> duration_of(const Call& call, const AssumeRoleInput& in, const RoleFacts& role) {
  const int64_t seconds = in.duration_seconds.value_or(kHourSeconds);
  if (call.principal().kind == Principal::Kind::kAssumedRole && seconds > kHourSeconds)
    return validation_error(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.");
  if (seconds > role.max_session_seconds)
    return validation_error("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  return seconds;
}

// The inline session policy and those named by ARN.
Result<std::vector<std::string>> session_policies(Sts& sts, Call& call, const AssumeRoleInput& in, const std::string& account) {
  std::vector<std::string> policies;
  if (in.policy) {
    TRY(Policy::parse(*in.policy, PolicyKind::kSession));
    policies.push_back(*in.policy);
  }
  if (in.policy_arns.size() > kMostSessionPolicies)
    return validation_error(
        fmt::format("PolicyArns names {} policies: {} are the most.", in.policy_arns.size(), kMostSessionPolicies));
  for (const PolicyDescriptorType& descriptor : in.policy_arns) {
    const std::string arn = descriptor.arn.value_or("");
    auto document = TRY(sts.policies().managed_policy(call.tx(), account, arn));
    if (!document)
      return validation_error(fmt::format("Policy {} in PolicyArns does not exist in account {}.", arn, account));
    policies.push_back(std::move(*document));
  }
  return policies;
}

// Tags of the session: those given, and those that the caller's own session hands on.
Status add_tags(const Call& call, const AssumeRoleInput& in, Principal& session) {
  std::vector<std::string> names;
  for (const Tag& tag : in.tags) {
    names.push_back(lower(*tag.key));
    if (names.back().starts_with("aws:"))
      return validation_error(fmt::format("The tag key {} begins with aws:, which is reserved.", *tag.key));
    session.tags[*tag.key] = tag.value.value_or("");
  }
  std::ranges::sort(names);
  if (std::ranges::adjacent_find(names) != names.end())
    return invalid_value("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  if (names.size() > kMostTags) return validation_error(fmt::format("More than {} session tags.", kMostTags));
  for (const std::string& key : in.transitive_tag_keys) {
    if (!session.tags.contains(key))
      return invalid_value("The specified transitive tag key must be included in the requested tags.");
    session.transitive_tags.push_back(key);
  }
  const Principal& caller = call.principal();
  for (const std::string& key : caller.transitive_tags) {
    if (std::ranges::binary_search(names, lower(key)))
      return invalid_value(
          "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
          "the calling session.");
    session.tags[key] = caller.tags.at(key);
    session.transitive_tags.push_back(key);
  }
  return {};
}

// AWS: once set, a source identity stays through every role that is assumed from there.
Status add_source_identity(const Call& call, const AssumeRoleInput& in, Principal& session) {
  session.source_identity = in.source_identity.value_or(call.principal().source_identity);
  const std::string& inherited = call.principal().source_identity;
  if (!inherited.empty() && session.source_identity != inherited)
    return denied(fmt::format("The source identity of this session is {} and cannot be changed.", inherited));
  return {};
}

// AWS: how full the session is; too full is refused.
Result<std::optional<int32_t>> packed_size(const Principal& session) {
  size_t bytes = 0;
  for (const std::string& policy : session.session_policies) bytes += policy.size();
  for (const auto& [key, value] : session.tags) bytes += key.size() + value.size() + 2;
  if (bytes == 0) return std::nullopt;
  const size_t percent = (bytes * 100 + kMostPacked - 1) / kMostPacked;
  if (percent > 100)
    return fail(400, "PackedPolicyTooLarge",
                fmt::format("Packed size of session tags and policies is {}% of what a session holds.", percent));
  return static_cast<int32_t>(percent);
}

}  // namespace

Result<AssumeRoleOutput> assume_role(Sts& sts, Call& call, const AssumeRoleInput& in) {
  if (call.principal().kind == Principal::Kind::kRoot) return denied("Roles may not be assumed by root accounts.");
  TRY(refuse_mfa(in.serial_number, in.token_code));
  if (!in.provided_contexts.empty()) return validation_error("ProvidedContexts is not supported by this server.");
  const auto role = TRY(call.door().identities().role(call.tx(), *in.role_arn));
  // AWS: a role that is not there is not told from one that may not be assumed.
  if (!role)
    return denied(fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                              call.principal().arn, *in.role_arn));
  const int64_t seconds = TRY(duration_of(call, in, *role));

  const std::string account = Arn::parse(*in.role_arn)->account;
  Principal session{
      .kind = Principal::Kind::kAssumedRole,
      .account = account,
      .arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", account, role->name, *in.role_session_name),
      .user_id = role->id + ":" + *in.role_session_name,
      .role_arn = *in.role_arn,
      .session_name = *in.role_session_name,
      .session_policies = TRY(session_policies(sts, call, in, account)),
      .mfa = false};
  TRY(add_tags(call, in, session));
  TRY(add_source_identity(call, in, session));

  AssumeRoleOutput out;
  out.packed_policy_size = TRY(packed_size(session));
  out.assumed_role_user = AssumedRoleUser{.assumed_role_id = session.user_id, .arn = session.arn};
  if (!session.source_identity.empty()) out.source_identity = session.source_identity;
  call.touches(*in.role_arn);
  out.credentials = to_wire(issue(call, std::move(session), seconds));
  return out;
}

// AWS: no permission is needed: the credentials can do what the caller's own can.
Result<GetSessionTokenOutput> get_session_token(Sts&, Call& call, const GetSessionTokenInput& in) {
  const Principal& who = call.principal();
  if (who.temporary() || (who.kind != Principal::Kind::kUser && who.kind != Principal::Kind::kRoot))
    return denied("Cannot call GetSessionToken with session credentials");
  TRY(refuse_mfa(in.serial_number, in.token_code));
  // AWS: the root user's sessions last an hour at most, and longer wishes are cut to it.
  const bool root = who.kind == Principal::Kind::kRoot;
  const int64_t most = root ? kHourSeconds : 36 * kHourSeconds;
  const int64_t seconds = std::min(most, static_cast<int64_t>(in.duration_seconds.value_or(kUserDefault)));
  Principal session = who;
  session.mfa = false;
  return GetSessionTokenOutput{.credentials = to_wire(issue(call, std::move(session), seconds))};
}

}  // namespace tarn::sts

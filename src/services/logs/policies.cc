// Resource policies: what lets services of AWS write to an account's log groups.
#include <fmt/format.h>

#include "base/json.h"
#include "door/door.h"
#include "door/policy.h"
#include "services/logs/logs.h"
#include "store/page_token.h"

namespace tarn::logs {
namespace {

constexpr size_t kMostPolicies = 10;  // AWS: CloudWatch Logs quotas, of a region
constexpr int32_t kPage = 50;

OwnedKey key_of(const Call& call, const std::string& name) {
  return {call.account(), call.region(), name};
}

ResourcePolicy to_wire(const std::string& name, const PolicyRecord& record) {
  return {.policy_name = name,
          .policy_document = record.document,
          .last_updated_time = record.updated.millis(),
          .policy_scope = "ACCOUNT"};
}

// AWS: policies of one log group have its ARN instead of a name.
Status check_scope(const OptionalText& resource, const OptionalText& name) {
  if (resource) return invalid("resourceArn: policies of single log groups are not supported by this server.");
  if (!name) return invalid("policyName is needed.");
  return {};
}

}  // namespace

Result<PutResourcePolicyResponse> put_resource_policy(Logs&, Call& call, const PutResourcePolicyRequest& in) {
  TRY(check_scope(in.resource_arn, in.policy_name));
  if (!in.policy_document) return invalid("policyDocument is needed.");
  if (const auto policy = Policy::parse(*in.policy_document, PolicyKind::kResource); !policy)
    return invalid(fmt::format("The policyDocument is no resource policy: {}", policy.error().message));
  const OwnedKey key = key_of(call, *in.policy_name);
  if (!TRY(call.get(kPolicies, key))) {
    const auto all = TRY(call.tx().scan(kPolicies, {.prefix = prefix_of(kPolicies, key.owner, key.region)}));
    if (all.entries.size() >= kMostPolicies)
      return fail(400, "LimitExceededException",
                  fmt::format("A region has at most {} resource policies.", kMostPolicies));
  }
  const PolicyRecord record{*in.policy_document, call.now()};
  TRY(call.put(kPolicies, key, record));
  return PutResourcePolicyResponse{.resource_policy = to_wire(key.name, record)};
}

Result<DeleteResourcePolicyOutput> delete_resource_policy(Logs&, Call& call, const DeleteResourcePolicyRequest& in) {
  TRY(check_scope(in.resource_arn, in.policy_name));
  const OwnedKey key = key_of(call, *in.policy_name);
  if (!TRY(call.get(kPolicies, key))) return not_found(fmt::format("Policy with name [{}] does not exist.", key.name));
  TRY(call.erase(kPolicies, key));
  return DeleteResourcePolicyOutput{};
}

Result<DescribeResourcePoliciesResponse> describe_resource_policies(Logs&, Call& call,
                                                                    const DescribeResourcePoliciesRequest& in) {
  DescribeResourcePoliciesResponse out;
  out.resource_policies.set_present();
  if (in.resource_arn || in.policy_scope.value_or("ACCOUNT") != "ACCOUNT") return out;  // there are no others
  const std::string request = fmt::format("DescribeResourcePolicies {} {}", call.account(), call.region());
  const auto page = TRY(call.tx().scan(kPolicies, {.prefix = prefix_of(kPolicies, call.account(), call.region()),
                                                   .after = TRY(page_start(call, request, in.next_token)),
                                                   .limit = static_cast<size_t>(in.limit.value_or(kPage))}));
  for (const auto& [key, record] : page.entries) out.resource_policies.push_back(to_wire(key.name, record));
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

// --- as they take part in decisions ---------------------------------------------------------------------------------------

Result<std::optional<std::string>> resource_policy(Call& call) {
  const auto all = TRY(call.tx().scan(kPolicies, {.prefix = prefix_of(kPolicies, owner_of(call), call.region())}));
  Json statements = Json::array();
  for (const auto& [key, record] : all.entries) {
    const Json document = TRY(Json::parse(record.document));
    const Json& statement = document["Statement"];
    for (const Json& one : statement.items()) statements.push(one);
    if (statement.is_object()) statements.push(statement);
  }
  if (statements.size() == 0) return std::nullopt;
  return Json::object({{"Version", "2012-10-17"}, {"Statement", std::move(statements)}}).text();
}

Result<std::vector<Need>> stream_need(Call& call, std::string_view action, std::string_view group,
                                      std::string_view stream) {
  Need need{.action = std::string(action),
            .resource = call.arn("logs", fmt::format("log-group:{}:log-stream:{}", group, stream), owner_of(call)),
            .owner = owner_of(call)};
  // They are for services: whoever has an identity is judged by its own policies.
  if (call.principal().kind == Principal::Kind::kService) need.resource_policy = TRY(resource_policy(call));
  return std::vector<Need>{std::move(need)};
}

}  // namespace tarn::logs

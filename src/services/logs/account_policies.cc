#include "services/logs/account_policies.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "door/door.h"
#include "services/logs/filter_pattern.h"
#include "services/logs/subscriptions.h"
#include "store/page_token.h"

namespace tarn::logs {
namespace {

constexpr std::string_view kSubscription = "SUBSCRIPTION_FILTER_POLICY", kIndex = "FIELD_INDEX_POLICY";
constexpr size_t kMostIndexPolicies = 20;    // AWS: PutAccountPolicy: with selection criteria; one without
constexpr size_t kMostCriteria = 25 * 1024;  // AWS: PutAccountPolicy: bytes
constexpr size_t kPage = 50;

AccountPolicyKey key_of(const Call& call, const std::string& type, const std::string& name) {
  return {call.account(), call.region(), type, name};
}

AccountPolicy to_wire(const AccountPolicyKey& key, const AccountPolicyRecord& record) {
  AccountPolicy out{.policy_name = key.name,
                    .policy_document = record.document,
                    .last_updated_time = record.updated.millis(),
                    .policy_type = key.type,
                    .scope = "ALL",
                    .account_id = key.owner};
  if (!record.criteria.empty()) out.selection_criteria = record.criteria;
  return out;
}

// What stands behind the words, JSON; null: the text does not begin with them.
Json behind(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    text = trim(text);
    if (!text.starts_with(word)) return {};
    text.remove_prefix(word.size());
  }
  return Json::parse(trim(text)).value_or(Json());
}

// LogGroupName NOT IN ["a", "b"]
Result<std::vector<std::string>> excluded_groups(const std::string& criteria) {
  if (criteria.empty()) return std::vector<std::string>();
  const Json list = behind(criteria, {"LogGroupName", "NOT", "IN"});
  if (!list.is_array() || !std::ranges::all_of(list.items(), &Json::is_string))
    return invalid("selectionCriteria of a subscription filter policy is: LogGroupName NOT IN [\"NAME\", ..]");
  std::vector<std::string> names;
  for (const Json& name : list.items()) names.push_back(name.as_string());
  return names;
}

// LogGroupNamePrefix = "a". ASSUMED: its sign; IN ["a"] is read too.
Result<std::string> prefix_in(const std::string& criteria) {
  if (criteria.empty()) return std::string();
  Json prefix = behind(criteria, {"LogGroupNamePrefix", "="});
  if (prefix.is_null()) prefix = behind(criteria, {"LogGroupNamePrefix", "IN"});
  if (prefix.is_array() && prefix.size() == 1) prefix = Json(prefix.at(0));
  if (prefix.is_string() && !prefix.as_string().empty()) return prefix.as_string();
  return invalid("selectionCriteria of a field index policy is: LogGroupNamePrefix = \"PREFIX\"");
}

// The rights on what a policy does, beside those on policies. AWS: PutAccountPolicy, DeleteAccountPolicy.
std::vector<Need> needs_of(Call& call, std::string_view action, const std::string& type, std::string_view verb) {
  std::vector<Need> needs{{.action = fmt::format("logs:{}", action), .resource = "*"}};
  const std::string_view what = type == kSubscription ? "SubscriptionFilter" : type == kIndex ? "IndexPolicy" : "";
  if (!what.empty())
    needs.push_back({.action = fmt::format("logs:{}{}", verb, what),
                     .resource = call.arn("logs", "log-group:*:log-stream:", call.account())});
  return needs;
}

Status check_type(const std::string& type) {
  if (type == kSubscription || type == kIndex) return {};
  return invalid(fmt::format("policyType {} is not supported by this server.", type));
}

Result<AccountSubscriptionRecord> subscription_in(Call& call, const std::string& name, const std::string& document,
                                                  const std::string& criteria) {
  const auto policy = Json::parse(document);
  if (!policy || !policy->is_object() || !(*policy)["DestinationArn"].is_string())
    return invalid("The policyDocument of a subscription filter policy is a JSON object with a DestinationArn.");
  AccountSubscriptionRecord record{.name = name, .filter = {}, .excluded = TRY(excluded_groups(criteria))};
  record.filter =
      TRY(checked_subscription(call, {call.account(), call.region(), "*"}, (*policy)["FilterPattern"].as_string(),
                               (*policy)["DestinationArn"].as_string()));
  return record;
}

// AWS: PutAccountPolicy: prefixes of policies must not overlap, and one without stands alone.
Status check_overlap(Transaction& tx, const AccountPolicyKey& key, const std::string& criteria) {
  const std::string own = TRY(prefix_in(criteria));
  const auto all =
      TRY(tx.scan(kAccountPolicies, {.prefix = prefix_of(kAccountPolicies, key.owner, key.region, key.type)}));
  size_t others = 0;
  for (const auto& [other, record] : all.entries) {
    if (other.name == key.name) continue;
    const std::string prefix = TRY(prefix_in(record.criteria));
    if (prefix.empty() == own.empty() && (prefix.starts_with(own) || own.starts_with(prefix)))
      return invalid(fmt::format("The field index policy {} selects the same log groups.", other.name));
    ++others;
  }
  if (others < kMostIndexPolicies) return {};
  return fail(400, "LimitExceededException", "Resource limit exceeded.");
}

}  // namespace

Result<std::vector<Need>> put_account_policy_rights(Logs&, Call& call, const PutAccountPolicyRequest& in) {
  return needs_of(call, "PutAccountPolicy", *in.policy_type, "Put");
}

Result<PutAccountPolicyResponse> put_account_policy(Logs&, Call& call, const PutAccountPolicyRequest& in) {
  TRY(check_type(*in.policy_type));
  if (in.dry_run.value_or(false)) return invalid("dryRun is of retention policies only.");
  const std::string criteria = in.selection_criteria.value_or("");
  if (criteria.size() > kMostCriteria) return invalid("selectionCriteria has 25 KB at most.");
  const AccountPolicyKey key = key_of(call, *in.policy_type, *in.policy_name);
  const AccountPolicyRecord record{*in.policy_document, criteria, call.now()};
  std::optional<AccountSubscriptionRecord> subscription;
  if (key.type == kSubscription)
    subscription = TRY(subscription_in(call, key.name, record.document, criteria));
  else
    TRY(indexed_fields(record.document));
  Store& store = call.door().store();
  const Sequence written = TRY(store.run([&](Transaction& tx) -> Status {
    if (!subscription) {
      TRY(check_overlap(tx, key, criteria));
      return tx.put(kAccountPolicies, key, record);
    }
    const AccountKey account{key.owner, key.region};
    const auto there = TRY(tx.get(kAccountSubscriptions, account));
    if (there && there->name != key.name)
      return fail(400, "LimitExceededException", "Resource limit exceeded.");  // AWS: one in a region
    TRY(tx.put(kAccountSubscriptions, account, *subscription));
    return tx.put(kAccountPolicies, key, record);
  }));
  TRY(store.wait_synced(written));
  PutAccountPolicyResponse out;
  out.account_policy = to_wire(key, record);
  return out;
}

Result<std::vector<Need>> delete_account_policy_rights(Logs&, Call& call, const DeleteAccountPolicyRequest& in) {
  return needs_of(call, "DeleteAccountPolicy", *in.policy_type, "Delete");
}

Result<DeleteAccountPolicyResponse> delete_account_policy(Logs&, Call& call, const DeleteAccountPolicyRequest& in) {
  if (in.dry_run.value_or(false)) return invalid("dryRun is of retention policies only.");
  const AccountPolicyKey key = key_of(call, *in.policy_type, *in.policy_name);
  if (!TRY(call.get(kAccountPolicies, key)))
    return not_found(fmt::format("Policy with name [{}] does not exist.", key.name));
  TRY(call.erase(kAccountPolicies, key));
  if (key.type == kSubscription) TRY(call.erase(kAccountSubscriptions, AccountKey{key.owner, key.region}));
  return DeleteAccountPolicyResponse{};
}

Result<std::vector<Need>> describe_account_policies_rights(Logs&, Call& call,
                                                           const DescribeAccountPoliciesRequest& in) {
  const std::string& type = *in.policy_type;
  std::vector<Need> needs{{.action = "logs:DescribeAccountPolicies", .resource = "*"}};
  const std::string_view action = type == kSubscription ? "logs:DescribeSubscriptionFilters"
                                  : type == kIndex      ? "logs:DescribeIndexPolicies"
                                                        : "";
  if (!action.empty())
    needs.push_back(
        {.action = std::string(action), .resource = call.arn("logs", "log-group:*:log-stream:", call.account())});
  return needs;
}

Result<DescribeAccountPoliciesResponse> describe_account_policies(Logs&, Call& call,
                                                                  const DescribeAccountPoliciesRequest& in) {
  for (const std::string& account : in.account_identifiers)
    if (account != call.account())
      return invalid(fmt::format("accountIdentifiers: {}: policies of linked accounts are not supported.", account));
  const std::string request =
      fmt::format("DescribeAccountPolicies {} {} {}", call.account(), call.region(), *in.policy_type);
  DescribeAccountPoliciesResponse out;
  out.account_policies.set_present();
  const auto page = TRY(call.tx().scan(
      kAccountPolicies, {.prefix = prefix_of(kAccountPolicies, call.account(), call.region(), *in.policy_type),
                         .after = TRY(page_start(call, request, in.next_token)),
                         .limit = kPage}));
  for (const auto& [key, record] : page.entries)
    if (!in.policy_name || key.name == *in.policy_name) out.account_policies.push_back(to_wire(key, record));
  if (in.policy_name && out.account_policies.empty() && !page.more)
    return not_found(fmt::format("Policy with name [{}] does not exist.", *in.policy_name));
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

Result<std::optional<AccountFilter>> account_filter(Transaction& tx, const GroupKey& group) {
  const auto record = TRY(tx.get(kAccountSubscriptions, AccountKey{group.owner, group.region}, Lock::kNone));
  if (!record || std::ranges::find(record->excluded, group.name) != record->excluded.end()) return std::nullopt;
  return AccountFilter{record->name, record->filter};
}

Result<std::optional<GroupIndexPolicy>> index_policy(Transaction& tx, const FoundGroup& group) {
  if (const auto own = TRY(tx.get(kGroupIndexes, GroupIdKey{group.record.id}, Lock::kNone)))
    return GroupIndexPolicy{own->document, "", own->updated};
  const auto all =
      TRY(tx.scan(kAccountPolicies,
                  {.prefix = prefix_of(kAccountPolicies, group.key.owner, group.key.region, std::string(kIndex))}));
  std::optional<GroupIndexPolicy> found;
  size_t longest = 0;
  for (const auto& [key, record] : all.entries) {
    const std::string prefix = TRY(prefix_in(record.criteria));
    if (!group.key.name.starts_with(prefix) || (found && prefix.size() <= longest)) continue;
    found = GroupIndexPolicy{record.document, key.name, record.updated};
    longest = prefix.size();
  }
  return found;
}

}  // namespace tarn::logs

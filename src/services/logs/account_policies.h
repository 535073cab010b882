// Policies of an account: what all of its groups, or those that a policy selects, do without being told one by one.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/logs/logs.h"

namespace tarn::logs {

// --- subscription filters -----------------------------------------------------------------------------------------------

struct AccountFilter {
  std::string name;
  SubscriptionRecord filter;
};
// The account's filter, where there is one that takes this group's events.
Result<std::optional<AccountFilter>> account_filter(Transaction& tx, const GroupKey& group);

// --- field indexes ------------------------------------------------------------------------------------------------------

struct GroupIndexPolicy {
  std::string document, name;  // the name is empty where the policy is the group's own
  Time updated;
};
// The policy that holds for a group: its own, or the account's.
Result<std::optional<GroupIndexPolicy>> index_policy(Transaction& tx, const FoundGroup& group);
// Its fields and their types. ERRORS: InvalidParameterException: it is no index policy.
Result<std::vector<std::pair<std::string, std::string>>> indexed_fields(const std::string& document);
// AWS: PutIndexPolicy: what is indexed in every group.
bool is_indexed_by_default(std::string_view field);

}  // namespace tarn::logs

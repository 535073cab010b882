// Subscription filters at work.
#pragma once

#include <string>
#include <vector>

#include "services/logs/logs.h"

namespace tarn::logs {

// A filter as it is kept. ERRORS: the pattern's; InvalidParameterException: the destination is no function of this account
// that CloudWatch Logs may call for that group ("*": for all). REQUIRES: no transaction is open on this thread.
Result<SubscriptionRecord> checked_subscription(Call& call, const GroupKey& group, const std::string& pattern,
                                                const std::string& destination);
// In the commit of the events: those that match are on their way to the subscribers of the group and of its account.
Status tell_subscribers(Call& call, const FoundGroup& group, const std::string& stream,
                        const std::vector<NewEvent>& events);
// Of a group that goes.
Status erase_filters(Transaction& tx, uint64_t group_id);

}  // namespace tarn::logs

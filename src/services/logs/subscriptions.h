// Subscription filters at work.
#pragma once

#include <string>
#include <vector>

#include "services/logs/logs.h"

namespace tarn::logs {

// In the commit of the events: those that match are on their way to the group's subscribers.
Status tell_subscribers(Call& call, const FoundGroup& group, const std::string& stream,
                        const std::vector<NewEvent>& events);
// Of a group that goes.
Status erase_filters(Transaction& tx, uint64_t group_id);

}  // namespace tarn::logs

// What a trail tells beside its files: a log group gets the events, a topic hears of each file.
// AWS: CloudTrail User Guide, "Sending events to CloudWatch Logs", "Configuring Amazon SNS notifications for CloudTrail".
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "door/door.h"
#include "services/cloudtrail/records.h"

namespace tarn::cloudtrail {

struct ToldEvent {
  Time time;
  Json event;
};

// ERRORS: InvalidSnsTopicNameException. A name is one of the trail's own region; empty: no topic.
Result<std::string> topic_arn_of(const TrailKey& key, const std::string& name_or_arn);

// Both REQUIRE that no transaction is open, as what follows does.
// ERRORS: InvalidCloudWatchLogsLogGroupArnException, InvalidCloudWatchLogsRoleArnException.
Status check_log_group(Door& door, const TrailKey& key, const TrailRecord& record);
// ERRORS: InsufficientSnsTopicPolicyException.
Status check_topic(Door& door, const Caller& trail, const TrailRecord& record);

// In the order of their times. ERRORS: those of Logs; AccessDenied: the role.
Status put_in_log_group(Door& door, const TrailKey& key, const TrailRecord& record, const std::string& region,
                        const std::vector<ToldEvent>& events);
// ERRORS: those of SNS.
Status tell_topic(Door& door, const Caller& trail, const TrailRecord& record, const std::string& object_key);

}  // namespace tarn::cloudtrail

// Delivery status logging: what became of a topic's messages, in CloudWatch Logs, written as a role that the topic names for
// the protocol. AWS: SNS Developer Guide, "Amazon SNS message delivery status".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "door/bus.h"
#include "services/sns/sns.h"

namespace tarn::sns {

inline constexpr const char* kFeedback = "sns.feedback";  // the type of such a report's delivery

// "LambdaSuccessFeedbackRoleArn", "SQSSuccessFeedbackSampleRate" ..
bool is_feedback_attribute(std::string_view name);
// ERRORS: InvalidParameter.
Status check_feedback_attribute(std::string_view name, std::string_view value);

// What is to be told of one message's way to one endpoint; nullopt: nothing. Whether a success is in the sample is decided
// here.
std::optional<CallReport> feedback_of(const FoundTopic& topic, const Notification& notification,
                                      std::string_view protocol, const std::string& endpoint);
// The delivery that tells how a call that is no call of the bus has ended; `end` is "answer" or "error" (CallReport).
NewDelivery feedback_delivery(const Json& of, Time begun, int64_t attempts, const char* end, Json what);

}  // namespace tarn::sns

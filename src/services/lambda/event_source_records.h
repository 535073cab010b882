// A queue's messages as functions get them, and what functions say of them. Pure.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "door/event_pattern.h"
#include "gen/sqs/messages.h"

namespace tarn::lambda {

using Messages = std::vector<sqs::Message>;

// AWS: Developer Guide, "Using Lambda with Amazon SQS": the event.
Json record_json(const sqs::Message& message, const std::string& source, const std::string& region);

// AWS: "Control which events Lambda sends to your function": a body that is JSON is matched as such.
bool passes(const std::vector<EventPattern>& filters, const sqs::Message& message, const std::string& source,
            const std::string& region);

// Empty: it belongs to none.
std::string trace_of(const sqs::Message& message);
// What the batch belongs to: of its messages' traces that in which the function was called most often.
std::string trace_of(const Messages& messages, const std::string& function_arn);

// The ids of messages that the function says have failed; nullopt: all have. AWS: "Implementing partial batch responses".
std::optional<std::set<std::string>> failures_in(const std::string& answer, const Messages& batch);

}  // namespace tarn::lambda

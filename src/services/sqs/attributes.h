// A queue's attributes by name: checked, set, shown.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/sqs/records.h"

namespace tarn::sqs {

using Texts = std::vector<std::pair<std::string, std::string>>;

// Sets those; `creating`: also what a queue is given once and for all. What concerns other queues (whether the
// dead-letter queue is there) is not looked at.
// ERRORS: InvalidAttributeName, InvalidAttributeValue; InvalidParameterValue of the redrive policies.
Status set_attributes(QueueRecord& record, const std::string& name, const Texts& attributes, bool creating);

// The value of an attribute that the queue keeps; nullopt where it has none.
std::optional<std::string> attribute_text(const QueueRecord& record, std::string_view name);
// Those that attribute_text knows.
std::vector<std::string_view> kept_attributes();

// Whether the queue lets that one have it as its dead-letter queue.
bool allows_redrive_from(const QueueRecord& dead_letter_queue, std::string_view source_arn);

}  // namespace tarn::sqs

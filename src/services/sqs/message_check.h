// What a message may hold, its digests, and receipts. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gen/sqs/messages.h"
#include "services/sqs/records.h"

namespace tarn::sqs {

using Attributes = std::map<std::string, AttributeRecord>;

// AWS: SQS Developer Guide, "Calculating the MD5 message digest for message attributes". As hex.
std::string md5_of_attributes(const Attributes& attributes);

// ERRORS: InvalidParameterValue, in AWS's words.
Result<Attributes> read_attributes(const wire::Map<MessageAttributeValue>& given);
// The AWSTraceHeader, or empty. ERRORS: InvalidParameterValue.
Result<std::string> read_system_attributes(const wire::Map<MessageSystemAttributeValue>& given);
Attributes trace_attribute(const std::string& trace_header);

// ERRORS: MissingParameter, InvalidMessageContents.
Status check_body(std::string_view body);
// A group, deduplication or attempt id: up to 128 letters, digits and marks. ERRORS: InvalidParameterValue.
Status check_token(std::string_view value, std::string_view parameter);
// As it counts against the queue's limit: body, and names, types and values of its attributes.
size_t message_size(std::string_view body, const Attributes& attributes);

// What a receipt handle says.
struct Receipt {
  uint64_t queue_id = 0, number = 0, receipt = 0;
};
std::string receipt_handle(const Receipt& receipt);
// nullopt: it is none of ours.
std::optional<Receipt> read_receipt_handle(std::string_view text);

}  // namespace tarn::sqs

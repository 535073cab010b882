#include "services/lambda/event_source_records.h"

#include <algorithm>

#include "base/text.h"
#include "services/lambda/lineage.h"

namespace tarn::lambda {
namespace {

Json attribute_json(const sqs::MessageAttributeValue& value) {
  Json json = Json::object();
  if (value.string_value) json.set("stringValue", *value.string_value);
  if (value.binary_value) json.set("binaryValue", base64(value.binary_value->bytes));
  json.set("stringListValues", Json::array());
  json.set("binaryListValues", Json::array());
  json.set("dataType", value.data_type.value_or("String"));
  return json;
}

}  // namespace

Json record_json(const sqs::Message& message, const std::string& source, const std::string& region) {
  Json attributes = Json::object(), own = Json::object();
  for (const auto& [name, value] : message.attributes) attributes.set(name, value);
  for (const auto& [name, value] : message.message_attributes) own.set(name, attribute_json(value));
  Json json = Json::object({{"messageId", message.message_id.value_or("")},
                            {"receiptHandle", message.receipt_handle.value_or("")},
                            {"body", message.body.value_or("")},
                            {"attributes", std::move(attributes)},
                            {"messageAttributes", std::move(own)}});
  if (message.md5_of_message_attributes) json.set("md5OfMessageAttributes", *message.md5_of_message_attributes);
  json.set("md5OfBody", message.md5_of_body.value_or(""));
  json.set("eventSource", "aws:sqs");
  json.set("eventSourceARN", source);
  json.set("awsRegion", region);
  return json;
}

bool passes(const std::vector<EventPattern>& filters, const sqs::Message& message, const std::string& source,
            const std::string& region) {
  if (filters.empty()) return true;
  Json record = record_json(message, source, region);
  if (auto body = Json::parse(message.body.value_or("")); body && body->is_object())
    record.set("body", std::move(*body));
  const FlatEvent event(record);
  return std::ranges::any_of(filters, [&](const EventPattern& filter) { return filter.matches(event); });
}

std::string trace_of(const sqs::Message& message) {
  const std::string* trace = message.attributes.find("AWSTraceHeader");
  return trace == nullptr ? std::string() : *trace;
}

std::string trace_of(const Messages& messages, const std::string& function_arn) {
  std::string chosen;
  int most = 0;
  for (const sqs::Message& message : messages) {
    std::string trace = trace_of(message);
    const int calls = trace.empty() ? 0 : chained_call(trace, function_arn, {}).calls;
    if (calls <= most) continue;
    most = calls;
    chosen = std::move(trace);
  }
  return chosen;
}

std::optional<std::set<std::string>> failures_in(const std::string& answer, const Messages& batch) {
  const auto json = Json::parse(answer);
  if (!json || !(json->is_object() || json->is_null())) return std::nullopt;
  std::set<std::string> failed;
  for (const Json& item : (*json)["batchItemFailures"].items()) {
    const std::string& id = item["itemIdentifier"].as_string();
    if (std::ranges::none_of(batch, [&](const sqs::Message& m) { return m.message_id == id; })) return std::nullopt;
    failed.insert(id);
  }
  return failed;
}

}  // namespace tarn::lambda

#include "services/sqs/attributes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "door/arn.h"
#include "door/policy.h"
#include "services/sqs/sqs.h"

namespace tarn::sqs {
namespace {

// AWS: CreateQueue, Attributes: ranges.
struct Number {
  std::string_view name;
  int64_t QueueRecord::* member;
  int64_t least, most;
};
constexpr Number kNumbers[] = {
    {"VisibilityTimeout", &QueueRecord::visibility_timeout, 0, 43'200},
    {"DelaySeconds", &QueueRecord::delay, 0, 900},
    {"ReceiveMessageWaitTimeSeconds", &QueueRecord::wait_time, 0, 20},
    {"MaximumMessageSize", &QueueRecord::maximum_size, 1'024, 1'048'576},
    {"MessageRetentionPeriod", &QueueRecord::retention, 60, 1'209'600},
    {"KmsDataKeyReusePeriodSeconds", &QueueRecord::kms_reuse, 60, 86'400},
};

struct Flag {
  std::string_view name;
  bool QueueRecord::* member;
  std::string_view no, yes;
  bool fifo_only;
};
constexpr Flag kFlags[] = {
    {"FifoQueue", &QueueRecord::fifo, "false", "true", true},
    {"ContentBasedDeduplication", &QueueRecord::content_based_deduplication, "false", "true", true},
    {"DeduplicationScope", &QueueRecord::deduplicates_by_group, "queue", "messageGroup", true},
    {"FifoThroughputLimit", &QueueRecord::throughput_by_group, "perQueue", "perMessageGroupId", true},
    {"SqsManagedSseEnabled", &QueueRecord::managed_sse, "false", "true", false},
};

struct Text {
  std::string_view name;
  std::string QueueRecord::* member;
};
constexpr Text kTexts[] = {
    {"Policy", &QueueRecord::policy},
    {"RedrivePolicy", &QueueRecord::redrive_policy},
    {"RedriveAllowPolicy", &QueueRecord::redrive_allow_policy},
    {"KmsMasterKeyId", &QueueRecord::kms_key},
};

Failure invalid(std::string_view name, std::string_view why) {
  return fail(400, "InvalidAttributeValue", fmt::format("Invalid value for the parameter {}. Reason: {}", name, why));
}
Failure unknown(std::string_view name) {
  return fail(400, "InvalidAttributeName", fmt::format("Unknown Attribute {}.", name));
}

// A number may stand there as a text too.
std::optional<int64_t> number_of(const Json& json) {
  return json.is_string() || json.is_number() ? parse_int(json.as_string()) : std::nullopt;
}

// AWS: SQS Developer Guide, "Configuring a dead-letter queue": 1 to 1,000 receives.
Status read_redrive_policy(QueueRecord& record, const std::string& value) {
  record.dead_letter_arn.clear();
  record.most_receives = 0;
  if (value.empty()) return {};
  const auto refuse = [&](std::string_view why) { return invalid_value(value, "RedrivePolicy", why); };
  const auto json = Json::parse(value);
  if (!json || !json->is_object()) return refuse("Redrive policy is not a valid JSON map.");
  for (const char* name : {"maxReceiveCount", "deadLetterTargetArn"})
    if (json->find(name) == nullptr)
      return refuse(fmt::format("Redrive policy does not contain mandatory attribute: {}.", name));
  const Json& most = (*json)["maxReceiveCount"];
  const auto count = number_of(most);
  if (!count || *count < 1 || *count > 1'000)
    return refuse(fmt::format("Invalid value for maxReceiveCount: {}, valid values are from 1 to 1000 both inclusive.",
                              most.is_string() ? most.as_string() : most.text()));
  const std::string target = (*json)["deadLetterTargetArn"].as_string();
  const auto arn = Arn::parse(target);
  if (!arn || arn->service != "sqs") return refuse("Invalid value for deadLetterTargetArn.");
  record.dead_letter_arn = target;
  record.most_receives = *count;
  return {};
}

Status check_redrive_allow_policy(const std::string& value) {
  if (value.empty()) return {};
  const auto json = Json::parse(value);
  const std::string permission = json && json->is_object() ? (*json)["redrivePermission"].as_string() : "";
  if (permission != "allowAll" && permission != "denyAll" && permission != "byQueue")
    return invalid_value(value, "RedriveAllowPolicy", "redrivePermission is one of allowAll, denyAll and byQueue.");
  const size_t sources = (*json)["sourceQueueArns"].size();
  if ((permission == "byQueue") != (sources > 0) || sources > 10)
    return invalid_value(value, "RedriveAllowPolicy", "byQueue, and nothing else, names 1 to 10 sourceQueueArns.");
  return {};
}

Status set_text(QueueRecord& record, const Text& text, const std::string& value) {
  if (text.name == "Policy" && !value.empty())
    if (const auto policy = Policy::parse(value, PolicyKind::kResource); !policy)
      return invalid("Policy", policy.error().message);
  if (text.name == "RedrivePolicy") TRY(read_redrive_policy(record, value));
  if (text.name == "RedriveAllowPolicy") TRY(check_redrive_allow_policy(value));
  record.*text.member = value;
  return {};
}

Status set_one(QueueRecord& record, const std::string& name, const std::string& value, bool creating) {
  for (const Number& number : kNumbers) {
    if (number.name != name) continue;
    const auto parsed = parse_int(value);
    if (!parsed || *parsed < number.least || *parsed > number.most)
      return invalid(name, fmt::format("Must be an integer from {} to {}.", number.least, number.most));
    record.*number.member = *parsed;
    return {};
  }
  for (const Flag& flag : kFlags) {
    if (flag.name != name) continue;
    const bool yes = equals_ignore_case(value, flag.yes);
    if (!yes && !equals_ignore_case(value, flag.no))
      return invalid(name, fmt::format("Must be {} or {}.", flag.no, flag.yes));
    // AWS: a standard queue has no FifoQueue attribute at all, not even false; nor the next.
    if (name == "FifoQueue" && (creating ? !yes : !record.fifo)) return unknown(name);
    if (name == "FifoQueue" && !creating && !yes) return invalid(name, "Modifying queue type is not supported.");
    if (name == "ContentBasedDeduplication" && !record.fifo) return unknown(name);
    if (flag.fifo_only && name != "FifoQueue" && !record.fifo)
      return fail(400, "InvalidAttributeName",
                  fmt::format("You can specify the {} only when FifoQueue is set to true.", name));
    record.*flag.member = yes;
    return {};
  }
  for (const Text& text : kTexts)
    if (text.name == name) return set_text(record, text, value);
  return unknown(name);
}

}  // namespace

Status set_attributes(QueueRecord& record, const std::string& name, const Texts& attributes, bool creating) {
  // What a queue is decides what else it may have.
  for (const auto& [key, value] : attributes)
    if (key == "FifoQueue") TRY(set_one(record, key, value, creating));
  if (creating && record.fifo != name.ends_with(".fifo"))
    return fail(400, "InvalidParameterValue",
                record.fifo
                    ? "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
                      "must end with .fifo suffix and be 1 to 80 in length."
                    : "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
  for (const auto& [key, value] : attributes)
    if (key != "FifoQueue") TRY(set_one(record, key, value, creating));
  if (record.throughput_by_group && !record.deduplicates_by_group)
    return invalid("FifoThroughputLimit", "It can be used only when DeduplicationScope is messageGroup.");
  if (record.kms_key.empty()) return {};
  const auto is_managed = [](const auto& attribute) {
    return attribute.first == "SqsManagedSseEnabled" && equals_ignore_case(attribute.second, "true");
  };
  if (std::ranges::any_of(attributes, is_managed))
    return fail(
        400, "InvalidAttributeName",
        "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS "
        "SSE.");
  record.managed_sse = false;
  return {};
}

std::optional<std::string> attribute_text(const QueueRecord& record, std::string_view name) {
  for (const Number& number : kNumbers) {
    if (number.name != name) continue;
    if (name == "KmsDataKeyReusePeriodSeconds" && record.kms_key.empty()) return std::nullopt;
    return std::to_string(record.*number.member);
  }
  for (const Flag& flag : kFlags) {
    if (flag.name != name) continue;
    if (flag.fifo_only && !record.fifo) return std::nullopt;
    return std::string(record.*flag.member ? flag.yes : flag.no);
  }
  for (const Text& text : kTexts)
    if (text.name == name && !(record.*text.member).empty()) return record.*text.member;
  return std::nullopt;
}

std::vector<std::string_view> kept_attributes() {
  std::vector<std::string_view> names;
  for (const Number& number : kNumbers) names.push_back(number.name);
  for (const Flag& flag : kFlags) names.push_back(flag.name);
  for (const Text& text : kTexts) names.push_back(text.name);
  return names;
}

bool allows_redrive_from(const QueueRecord& dead_letter_queue, std::string_view source_arn) {
  const auto policy = Json::parse(dead_letter_queue.redrive_allow_policy);
  if (dead_letter_queue.redrive_allow_policy.empty() || !policy) return true;
  const std::string& permission = (*policy)["redrivePermission"].as_string();
  if (permission != "byQueue") return permission == "allowAll";
  return std::ranges::any_of((*policy)["sourceQueueArns"].items(),
                             [&](const Json& arn) { return arn.as_string() == source_arn; });
}

}  // namespace tarn::sqs

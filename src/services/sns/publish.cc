// Publish and its batch: to a topic, a phone number, or a platform's endpoint.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "os/random.h"
#include "services/sns/archive.h"
#include "services/sns/sns.h"

namespace tarn::sns {
namespace {

constexpr size_t kMostInBatch = 10;             // AWS: PublishBatch
constexpr Micros kDeduplication = 5 * kMinute;  // AWS: Publish, MessageDeduplicationId
constexpr size_t kTidyAtOnce = 3;               // what is older, taken away with each new one

bool is_type(std::string_view type, std::string_view kind) {
  return type == kind || (type.starts_with(kind) && type.size() > kind.size() && type[kind.size()] == '.');
}

Failure invalid_value(std::string message) {
  return fail(400, "ParameterValueInvalid", std::move(message));
}

// AWS: SNS Developer Guide, "Amazon SNS message attributes": names.
Status check_attribute_name(const std::string& name) {
  if (name.empty()) return invalid_value("The message attribute name must not be empty.");
  if (name.size() > 256) return invalid_value("Length of message attribute name must be less than 256 bytes.");
  for (const char c : name) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (!std::isalnum(byte) && c != '_' && c != '-' && c != '.')
      return invalid_value(
          fmt::format("Invalid non-alphanumeric character '#x{:X}' was found in the message attribute "
                      "name. Can only include alphanumeric characters, hyphens, underscores, or dots.",
                      byte));
  }
  if (name.starts_with('.') || name.ends_with('.'))
    return invalid_value(fmt::format("Invalid message attribute name {} '.' was found.",
                                     name.starts_with('.') ? "starting with character" : "ending with character"));
  if (name.find("..") != std::string::npos)
    return invalid_value("Message attribute name can not have successive '.' character.");
  return {};
}

Result<Json> read_attributes(const wire::Map<MessageAttributeValue>& given, size_t& size) {
  Json attributes = Json::object();
  for (const auto& [name, value] : given) {
    TRY(check_attribute_name(name));
    const std::string type = value.data_type.value_or("");
    const bool binary = is_type(type, "Binary");
    if (!binary && !is_type(type, "String") && !is_type(type, "Number"))
      return invalid_value(fmt::format(
          "The message attribute '{}' has an invalid message attribute type, the set of supported type prefixes is "
          "Binary, Number, and String.",
          name));
    if (binary ? value.string_value.has_value() : value.binary_value.has_value())
      return invalid_value(fmt::format("The message attribute '{}' with type '{}' must use field '{}'.", name, type,
                                       binary ? "Binary" : "String"));
    const std::string text =
        binary ? (value.binary_value ? value.binary_value->bytes : "") : value.string_value.value_or("");
    if (text.empty())
      return invalid_value(
          fmt::format("The message attribute '{}' must contain non-empty message attribute value for message "
                      "attribute type '{}'.",
                      name, type));
    if (is_type(type, "Number") && !parse_double(text))
      return invalid_value(fmt::format("Could not cast message attribute '{}' value to number.", name));
    size += name.size() + type.size() + text.size();
    attributes.set(name, Json::object({{"Type", type}, {"Value", binary ? base64(text) : text}}));
  }
  return attributes;
}

Result<std::optional<Json>> read_structure(const std::optional<std::string>& structure, const std::string& message) {
  if (!structure || structure->empty()) return std::nullopt;
  if (*structure != "json") return invalid("MessageStructure");
  auto json = Json::parse(message);
  if (!json || !json->is_object()) return invalid("Message Structure - JSON message body failed to parse");
  const Json* standard = json->find("default");
  if (standard == nullptr || !standard->is_string())
    return invalid("Message Structure - No default entry in JSON message body");
  return std::move(*json);
}

// A message by the members that Publish and the entries of PublishBatch share.
template <class In>
Result<Notification> read_notification(const Call& call, const In& in, int64_t maximum_size) {
  Notification out{.id = uuid4()};
  out.time = call.now();
  out.trace = call.caller().trace;
  out.message = *in.message;
  if (out.message.empty()) return invalid("Empty message");
  out.subject = in.subject.value_or("");
  if (in.subject) {
    const bool plain = std::ranges::none_of(out.subject, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    if (out.subject.empty() || utf8_length(out.subject) > 100 || !plain) return invalid("Subject");
  }
  size_t size = out.message.size();
  out.attributes = TRY(read_attributes(in.message_attributes, size));
  if (size > static_cast<size_t>(maximum_size)) return invalid("Message too long");
  out.by_protocol = TRY(read_structure(in.message_structure, out.message));
  out.group = in.message_group_id.value_or("");
  out.deduplication = in.message_deduplication_id.value_or("");
  return out;
}

Status check_fifo(const FoundTopic& topic, Notification& notification) {
  if (!topic.record.fifo) {
    if (!notification.deduplication.empty())
      return invalid(
          "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for "
          "this topic type");
    return {};
  }
  if (notification.group.empty()) return invalid("The MessageGroupId parameter is required for FIFO topics");
  for (const std::string* id : {&notification.group, &notification.deduplication})
    if (id->size() > 128 || std::ranges::any_of(*id, [](unsigned char c) { return c <= 0x20 || c >= 0x7f; }))
      return invalid(fmt::format("'{}' Reason: group and deduplication ids have 1 to 128 letters, digits and marks.",
                                 id->substr(0, 256)));
  if (notification.deduplication.empty()) {
    if (!topic.record.content_based_deduplication)
      return invalid(
          "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
          "explicitly");
    notification.deduplication = hex(sha256(notification.message));
  }
  return {};
}

struct Published {
  std::string id;
  std::optional<std::string> sequence_number;
};

Result<Published> publish_to(Sns& sns, Call& call, const FoundTopic& topic, Notification notification) {
  notification.topic_arn = topic_arn(topic.key);
  TRY(check_fifo(topic, notification));
  if (!topic.record.fifo) {
    TRY(sns.fan_out(call.tx(), topic, notification));
    return Published{notification.id, {}};
  }
  TRY(call.get(kGroups, {notification.topic_arn, notification.group}));
  const PublishedKey key{notification.topic_arn,
                         topic.record.deduplicates_by_group ? notification.group : std::string(),
                         notification.deduplication};
  const auto before = TRY(call.get(kPublished, key));
  if (before && before->published + kDeduplication > call.now())
    return Published{before->message_id, fmt::format("{:020}", before->number)};
  notification.number = call.door().store().next_id();
  TRY(sns.fan_out(call.tx(), topic, notification));
  TRY(keep_in_archive(call, topic, notification));
  TRY(call.put(kPublished, key, PublishedRecord{call.now(), notification.id, notification.number}));
  const auto oldest = TRY(
      call.tx().scan_index(kPublished, kPublishedByTime,
                           {.prefix = index_prefix(kPublishedByTime, notification.topic_arn), .limit = kTidyAtOnce}));
  for (const auto& [old, record] : oldest.entries)
    if (record.published + kDeduplication < call.now()) TRY(call.erase(kPublished, old));
  return Published{notification.id, fmt::format("{:020}", notification.number)};
}

bool is_endpoint(std::string_view arn) {
  const auto parsed = Arn::parse(arn);
  return parsed && parsed->service == "sns" && parsed->resource.starts_with("endpoint/");
}

// To one person: kept where `tarn mail` shows it.
Result<Published> publish_letter(Sns& sns, Call& call, const PublishInput& in, std::string_view kind,
                                 const std::string& to, std::string_view protocol) {
  const Notification notification = TRY(read_notification(call, in, TopicRecord().maximum_size));
  TRY(sns.mailroom.send(
      call.tx(), call.account(),
      {.kind = std::string(kind), .to = to, .subject = notification.subject, .body = notification.text_for(protocol)},
      call.now()));
  return Published{notification.id, {}};
}

Status check_enabled(Call& call, const std::string& arn) {
  const auto endpoint = TRY(find_endpoint(call, arn));
  if (!endpoint) return invalid("TargetArn Reason: No endpoint found for the target arn specified");
  const auto enabled = endpoint->attributes.find("Enabled");
  if (enabled != endpoint->attributes.end() && enabled->second == "false")
    return fail(400, "EndpointDisabled", "Endpoint is disabled");
  return {};
}

Result<Published> publish_any(Sns& sns, Call& call, const PublishInput& in) {
  const int named = in.topic_arn.has_value() + in.target_arn.has_value() + in.phone_number.has_value();
  if (named != 1)
    return invalid(
        "TopicArn or TargetArn Reason: no value for required parameter; give exactly one of TopicArn, TargetArn and "
        "PhoneNumber.");
  if (in.phone_number && !is_phone_number(*in.phone_number))
    return invalid(fmt::format("PhoneNumber Reason: {} is not valid to publish to", *in.phone_number));
  if (in.phone_number) return publish_letter(sns, call, in, "sms", *in.phone_number, "sms");
  const std::string& arn = in.topic_arn ? *in.topic_arn : *in.target_arn;
  if (is_endpoint(arn)) {
    TRY(check_enabled(call, arn));
    return publish_letter(sns, call, in, "push", arn, split(Arn::parse(arn)->resource, '/')[1]);
  }
  const FoundTopic topic = TRY(find_topic(call, arn, Lock::kShared));
  return publish_to(sns, call, topic, TRY(read_notification(call, in, topic.record.maximum_size)));
}

Status check_batch(const PublishBatchInput& in) {
  const auto& entries = in.publish_batch_request_entries;
  if (entries.empty()) return fail(400, "EmptyBatchRequest", "The batch request doesn't contain any entries.");
  if (entries.size() > kMostInBatch)
    return fail(400, "TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.");
  std::set<std::string_view> ids;
  for (const PublishBatchRequestEntry& entry : entries) {
    const bool letters =
        std::ranges::all_of(*entry.id, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
    if (entry.id->empty() || entry.id->size() > 80 || !letters)
      return fail(400, "InvalidBatchEntryId",
                  "The Id of a batch entry in a batch request doesn't abide by the specification.");
    if (!ids.insert(*entry.id).second)
      return fail(400, "BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.");
  }
  return {};
}

}  // namespace

const std::string& Notification::text_for(std::string_view protocol) const {
  if (!by_protocol) return message;
  const Json* own = by_protocol->find(protocol);
  return own != nullptr && own->is_string() ? own->as_string() : (*by_protocol)["default"].as_string();
}

Result<std::vector<Need>> publish_rights(Sns&, Call& call, const PublishInput& in) {
  const std::string arn = in.topic_arn ? *in.topic_arn : in.target_arn.value_or("");
  if (arn.empty() || is_endpoint(arn))
    return std::vector<Need>{
        {.action = "sns:Publish", .resource = arn.empty() ? (in.phone_number ? *in.phone_number : "*") : arn}};
  return std::vector<Need>{TRY(right_on_topic(call, arn, "sns:Publish"))};
}

Result<PublishOutput> publish(Sns& sns, Call& call, const PublishInput& in) {
  Published published = TRY(publish_any(sns, call, in));
  return PublishOutput{.message_id = std::move(published.id), .sequence_number = std::move(published.sequence_number)};
}

Result<std::vector<Need>> publish_batch_rights(Sns&, Call& call, const PublishBatchInput& in) {
  return std::vector<Need>{TRY(right_on_topic(call, *in.topic_arn, "sns:Publish"))};
}

Result<PublishBatchOutput> publish_batch(Sns& sns, Call& call, const PublishBatchInput& in) {
  TRY(check_batch(in));
  const FoundTopic topic = TRY(find_topic(call, *in.topic_arn, Lock::kShared));
  PublishBatchOutput out;
  out.successful.set_present();
  out.failed.set_present();
  // AWS: an entry that nobody may publish refuses the whole request.
  std::vector<Notification> notifications;
  size_t size = 0;
  for (const PublishBatchRequestEntry& entry : in.publish_batch_request_entries) {
    notifications.push_back(TRY(read_notification(call, entry, topic.record.maximum_size)));
    size += entry.message->size();
    for (const auto& [name, value] : entry.message_attributes)
      size += name.size() + value.data_type.value_or("").size() + value.string_value.value_or("").size() +
              (value.binary_value ? value.binary_value->bytes.size() : 0);
    if (size > static_cast<size_t>(topic.record.maximum_size))
      return fail(400, "BatchRequestTooLong", "The length of all the messages put together is more than the limit.");
    TRY(check_fifo(topic, notifications.back()));
  }
  for (size_t i = 0; i < notifications.size(); ++i) {
    const Published published = TRY(publish_to(sns, call, topic, std::move(notifications[i])));
    out.successful.push_back({.id = *in.publish_batch_request_entries[i].id,
                              .message_id = published.id,
                              .sequence_number = published.sequence_number});
  }
  return out;
}

}  // namespace tarn::sns

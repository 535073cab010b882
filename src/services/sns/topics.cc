// Topics: made, set up, shared, deleted; their tags.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "door/policy.h"
#include "door/tags.h"
#include "services/sns/archive.h"
#include "services/sns/feedback.h"
#include "services/sns/retries.h"
#include "services/sns/sns.h"
#include "store/page_token.h"

namespace tarn::sns {
namespace {

constexpr size_t kMostTags = 50;           // AWS: TagResource
constexpr size_t kMostFifoTopics = 1'000;  // AWS: General Reference, "Amazon SNS endpoints and quotas"
constexpr int64_t kLeastSize = 1'024, kMostSize = 1'048'576;

// AWS: AddPermission, ActionName.
constexpr std::string_view kShareable[] = {
    "AddPermission", "DeleteTopic",      "GetTopicAttributes", "ListSubscriptionsByTopic",
    "Publish",       "RemovePermission", "SetTopicAttributes", "Subscribe",
    "Receive"};

bool is_feedback_role(std::string_view attribute, std::string_view value) {
  return attribute.ends_with("FeedbackRoleArn") && !value.empty();
}

bool is_topic_name(std::string_view name) {
  const std::string_view stem = name.ends_with(".fifo") ? name.substr(0, name.size() - 5) : name;
  return !stem.empty() && name.size() <= 256 &&
         std::ranges::all_of(stem, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
}

Result<bool> truth(std::string_view name, std::string_view value) {
  if (equals_ignore_case(value, "true")) return true;
  if (equals_ignore_case(value, "false")) return false;
  return invalid(fmt::format("Attributes Reason: {}: must be true or false, not '{}'.", name, value));
}

Status one_of(std::string_view name, std::string_view value, std::string_view a, std::string_view b) {
  if (value == a || value == b) return {};
  return invalid(fmt::format("Attributes Reason: {}: must be {} or {}, not '{}'.", name, a, b, value));
}

Status set_fifo_attribute(TopicRecord& record, const std::string& name, const std::string& value) {
  if (!record.fifo) return invalid(fmt::format("Attributes Reason: {} is of FIFO topics only.", name));
  if (name == "ContentBasedDeduplication") {
    record.content_based_deduplication = TRY(truth(name, value));
    return {};
  }
  TRY(one_of(name, value, "Topic", "MessageGroup"));
  record.deduplicates_by_group = value == "MessageGroup";
  record.throughput_scope_told = true;
  return {};
}

Status set_attribute(TopicRecord& record, const std::string& name, const std::string& value) {
  if (name == "Policy") {
    if (!value.empty())
      if (const auto policy = Policy::parse(value, PolicyKind::kResource); !policy)
        return invalid("Policy Error: null: " + policy.error().message);
    record.policy = value;
    return {};
  }
  if (name == "ContentBasedDeduplication" || name == "FifoThroughputScope")
    return set_fifo_attribute(record, name, value);
  if (name == "SignatureVersion") {
    TRY(one_of(name, value, "1", "2"));
    record.signature_version = value == "2" ? 2 : 1;
    return {};
  }
  if (name == "MaximumMessageSize") {
    const auto size = parse_int(value);
    if (!size || *size < kLeastSize || *size > kMostSize)
      return invalid(
          fmt::format("Attributes Reason: MaximumMessageSize: an integer from {} to {}.", kLeastSize, kMostSize));
    record.maximum_size = *size;
  } else if (name == "DeliveryPolicy") {
    TRY(check_topic_delivery_policy(value));
  } else if (name == "TracingConfig") {
    TRY(one_of(name, value, "PassThrough", "Active"));
  } else if (name == "DisplayName") {
    if (utf8_length(value) > 100)
      return invalid("Attributes Reason: DisplayName: must be at most 100 characters long.");
  } else if (name == "ArchivePolicy") {
    TRY(check_archive_policy(record, value));
    record.settings.erase(name);
    if (Json::parse(value).value_or(Json()).size() == 0) return {};
  } else if (is_feedback_attribute(name)) {
    TRY(check_feedback_attribute(name, value));
  } else if (name != "KmsMasterKeyId") {
    return invalid("AttributeName");
  }
  record.settings[name] = value;
  if (value.empty()) record.settings.erase(name);
  return {};
}

std::vector<std::pair<std::string, std::string>> attributes_of(const FoundTopic& topic) {
  const TopicRecord& record = topic.record;
  std::vector<std::pair<std::string, std::string>> told{{"TopicArn", topic_arn(topic.key)},
                                                        {"Owner", topic.key.owner},
                                                        {"Policy", policy_of(topic)},
                                                        {"DisplayName", ""}};
  if (record.fifo) {
    told.emplace_back("FifoTopic", "true");
    told.emplace_back("ContentBasedDeduplication", record.content_based_deduplication ? "true" : "false");
    if (record.throughput_scope_told)
      told.emplace_back("FifoThroughputScope", record.deduplicates_by_group ? "MessageGroup" : "Topic");
  }
  if (record.signature_version != 1) told.emplace_back("SignatureVersion", std::to_string(record.signature_version));
  for (const auto& [name, value] : record.settings) {
    if (name == "DisplayName")
      told[3].second = value;
    else if (name == "DeliveryPolicy")
      told.emplace_back(name, told_topic_policy(value));
    else
      told.emplace_back(name, value);
  }
  const auto policy = record.settings.find("DeliveryPolicy");
  told.emplace_back("EffectiveDeliveryPolicy",
                    effective_topic_policy(policy == record.settings.end() ? "" : policy->second));
  return told;
}

Result<Tags> tags_in(const wire::List<Tag>& tags) {
  Tags out;
  for (const Tag& tag : tags)
    if (!out.emplace(*tag.key, *tag.value).second) return invalid("Duplicated keys are not allowed.");
  return out;
}

Status check_number_of_fifo_topics(Call& call) {
  size_t count = 0;
  auto at = call.tx().cursor(kTopics, {.prefix = prefix_of(kTopics, call.account(), call.region())});
  for (; at.valid(); at.next()) count += TRY(at.key()).name.ends_with(".fifo") ? 1 : 0;
  TRY(at.status());
  if (count < kMostFifoTopics) return {};
  return fail(403, "TopicLimitExceeded", fmt::format("An account has at most {} FIFO topics.", kMostFifoTopics));
}

// A list of one is told without being one.
Json one_or_all(Json list) {
  return list.size() == 1 ? list.at(0) : std::move(list);
}

}  // namespace

Result<std::vector<Need>> create_topic_rights(Sns&, Call& call, const CreateTopicInput& in) {
  const std::string arn = topic_arn({call.account(), call.region(), *in.name});
  std::vector<Need> needs{{.action = "sns:CreateTopic", .resource = arn}};
  if (!in.tags.empty()) needs.push_back({.action = "sns:TagResource", .resource = arn});
  for (const auto& [name, value] : in.attributes)
    if (is_feedback_role(name, value)) needs.push_back(pass_role(value, kPrincipal));
  return needs;
}

Result<CreateTopicOutput> create_topic(Sns&, Call& call, const CreateTopicInput& in) {
  const TopicKey key{call.account(), call.region(), *in.name};
  if (!is_topic_name(key.name)) return invalid("Topic Name");
  if (in.data_protection_policy)
    return invalid("DataProtectionPolicy Reason: data protection policies are not supported by this server.");
  TopicRecord record{.created = call.now()};
  for (const auto& [name, value] : in.attributes)
    if (name == "FifoTopic") record.fifo = TRY(truth(name, value));
  if (record.fifo != key.name.ends_with(".fifo"))
    return invalid(record.fifo
                       ? "Topic Name: Fifo Topic names must end with .fifo and must be made up of only uppercase and "
                         "lowercase ASCII "
                         "letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long."
                       : "Topic Name");
  for (const auto& [name, value] : in.attributes)
    if (name != "FifoTopic") TRY(set_attribute(record, name, value));
  const Tags tags = TRY(tags_in(in.tags));
  const CreateTopicOutput out{.topic_arn = topic_arn(key)};
  if (const auto there = TRY(call.get(kTopics, key))) {
    // AWS: CreateTopic of a topic that is there answers it, if what it is told fits.
    const auto told = attributes_of({key, *there}), asked = attributes_of({key, record});
    for (const auto& [name, value] : in.attributes) {
      const auto in_list = [&](const auto& list) {
        return std::ranges::find(list, std::pair<std::string, std::string>{name, value}) != list.end();
      };
      if (in_list(asked) && !in_list(told))
        return invalid(fmt::format("Attributes Reason: Topic already exists with different attributes: {}", name));
    }
    if (!in.tags.empty() && TRY(tags_of(call.tx(), topic_arn(key))) != tags)
      return invalid("Tags Reason: Topic already exists with different tags");
    return out;
  }
  if (in.tags.size() > kMostTags)
    return fail(400, "TagLimitExceeded", fmt::format("A topic has at most {} tags.", kMostTags));
  if (record.fifo) TRY(check_number_of_fifo_topics(call));
  record.archived_since = call.now();
  TRY(call.put(kTopics, key, record));
  TRY(set_tags(call.tx(), topic_arn(key), tags));
  return out;
}

Result<std::vector<Need>> delete_topic_rights(Sns&, Call& call, const DeleteTopicInput& in) {
  return std::vector<Need>{TRY(right_on_topic(call, *in.topic_arn, "sns:DeleteTopic"))};
}

// AWS: DeleteTopic of none is no error.
Result<DeleteTopicOutput> delete_topic(Sns&, Call& call, const DeleteTopicInput& in) {
  const TopicKey key = TRY(topic_key(*in.topic_arn));
  if (key.region != call.region()) return invalid("TopicArn");
  const auto record = TRY(call.get(kTopics, key));
  if (!record) return DeleteTopicOutput{};
  if (retention_of(*record) > 0)
    return fail(400, "InvalidState", "Invalid state: Cannot delete a topic with an ArchivePolicy");
  TRY(call.erase(kTopics, key));
  TRY(set_tags(call.tx(), topic_arn(key), {}));
  const auto subscriptions =
      TRY(call.tx().scan(kSubscriptions, {.prefix = prefix_of(kSubscriptions, key.owner, key.region, key.name)}));
  for (const auto& [subscription, one] : subscriptions.entries) TRY(call.erase(kSubscriptions, subscription));
  const auto published = TRY(call.tx().scan(kPublished, {.prefix = prefix_of(kPublished, topic_arn(key))}));
  for (const auto& [message, one] : published.entries) TRY(call.erase(kPublished, message));
  return DeleteTopicOutput{};
}

Result<ListTopicsOutput> list_topics(Sns&, Call& call, const ListTopicsInput& in) {
  const std::string request = fmt::format("sns:ListTopics {} {}", call.account(), call.region());
  const auto page = TRY(call.tx().scan(kTopics, {.prefix = prefix_of(kTopics, call.account(), call.region()),
                                                 .after = TRY(page_start(call, request, in.next_token)),
                                                 .limit = kPage}));
  ListTopicsOutput out;
  out.topics.set_present();
  for (const auto& [key, record] : page.entries) out.topics.push_back({.topic_arn = topic_arn(key)});
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

Result<std::vector<Need>> get_topic_attributes_rights(Sns&, Call& call, const GetTopicAttributesInput& in) {
  return std::vector<Need>{TRY(right_on_topic(call, *in.topic_arn, "sns:GetTopicAttributes"))};
}

Result<GetTopicAttributesOutput> get_topic_attributes(Sns&, Call& call, const GetTopicAttributesInput& in) {
  const FoundTopic topic = TRY(find_topic(call, *in.topic_arn, Lock::kNone));
  size_t confirmed = 0, pending = 0, left = 0;
  auto at = call.tx().cursor(kSubscriptions,
                             {.prefix = prefix_of(kSubscriptions, topic.key.owner, topic.key.region, topic.key.name)});
  for (; at.valid(); at.next()) {
    const SubscriptionRecord record = TRY(at.record());
    ++(record.left ? left : record.confirmed ? confirmed : pending);
  }
  TRY(at.status());
  GetTopicAttributesOutput out;
  for (const auto& [name, value] : attributes_of(topic)) out.attributes[name] = value;
  if (retention_of(topic.record) > 0)
    out.attributes["BeginningArchiveTime"] = iso8601_millis(archive_begins(topic.record, call.now()));
  out.attributes["SubscriptionsConfirmed"] = std::to_string(confirmed);
  out.attributes["SubscriptionsPending"] = std::to_string(pending);
  out.attributes["SubscriptionsDeleted"] = std::to_string(left);
  return out;
}

Result<std::vector<Need>> set_topic_attributes_rights(Sns&, Call& call, const SetTopicAttributesInput& in) {
  std::vector<Need> needs{TRY(right_on_topic(call, *in.topic_arn, "sns:SetTopicAttributes"))};
  const std::string value = in.attribute_value.value_or("");
  if (is_feedback_role(*in.attribute_name, value)) needs.push_back(pass_role(value, kPrincipal));
  return needs;
}

Result<SetTopicAttributesOutput> set_topic_attributes(Sns&, Call& call, const SetTopicAttributesInput& in) {
  FoundTopic topic = TRY(find_topic(call, *in.topic_arn, Lock::kExclusive));
  const bool kept = retention_of(topic.record) > 0;
  TRY(set_attribute(topic.record, *in.attribute_name, in.attribute_value.value_or("")));
  if (!kept) topic.record.archived_since = call.now();
  if (kept && retention_of(topic.record) == 0) TRY(empty_archive(call, topic.key));
  TRY(call.put(kTopics, topic.key, topic.record));
  return SetTopicAttributesOutput{};
}

// --- permissions ---------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> add_permission_rights(Sns&, Call& call, const AddPermissionInput& in) {
  return std::vector<Need>{TRY(right_on_topic(call, *in.topic_arn, "sns:AddPermission"))};
}

Result<AddPermissionOutput> add_permission(Sns&, Call& call, const AddPermissionInput& in) {
  FoundTopic topic = TRY(find_topic(call, *in.topic_arn, Lock::kExclusive));
  Json policy = TRY(Json::parse(policy_of(topic)));
  Json who = Json::array(), what = Json::array();
  for (const std::string& account : in.aws_account_id) {
    if (!is_account_id(account)) return invalid(fmt::format("AWSAccountId Reason: '{}' is no account id.", account));
    who.push(fmt::format("arn:aws:iam::{}:root", account));
  }
  for (const std::string& action : in.action_name) {
    if (std::ranges::find(kShareable, action) == std::end(kShareable))
      return invalid(fmt::format("Policy statement action out of service scope: '{}'", action));
    what.push("SNS:" + action);
  }
  Json statements = Json::array(policy["Statement"].is_object() ? std::vector<Json>{policy["Statement"]}
                                                                : policy["Statement"].items());
  for (const Json& statement : statements.items())
    if (statement["Sid"].as_string() == *in.label) return invalid("Statement already exists");
  statements.push(Json::object({{"Sid", *in.label},
                                {"Effect", "Allow"},
                                {"Principal", Json::object({{"AWS", one_or_all(std::move(who))}})},
                                {"Action", one_or_all(std::move(what))},
                                {"Resource", topic_arn(topic.key)}}));
  policy.set("Statement", std::move(statements));
  topic.record.policy = policy.text();
  TRY(call.put(kTopics, topic.key, topic.record));
  return AddPermissionOutput{};
}

Result<std::vector<Need>> remove_permission_rights(Sns&, Call& call, const RemovePermissionInput& in) {
  return std::vector<Need>{TRY(right_on_topic(call, *in.topic_arn, "sns:RemovePermission"))};
}

Result<RemovePermissionOutput> remove_permission(Sns&, Call& call, const RemovePermissionInput& in) {
  FoundTopic topic = TRY(find_topic(call, *in.topic_arn, Lock::kExclusive));
  Json policy = TRY(Json::parse(policy_of(topic)));
  std::vector<Json> statements =
      policy["Statement"].is_object() ? std::vector<Json>{policy["Statement"]} : policy["Statement"].items();
  if (std::erase_if(statements, [&](const Json& statement) { return statement["Sid"].as_string() == *in.label; }) == 0)
    return invalid(fmt::format("Label Reason: there is no statement '{}' in the topic's policy.", *in.label));
  policy.set("Statement", Json::array(std::move(statements)));
  topic.record.policy = policy.text();
  TRY(call.put(kTopics, topic.key, topic.record));
  return RemovePermissionOutput{};
}

// --- tags ----------------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> tag_resource_rights(Sns&, Call& call, const TagResourceRequest& in) {
  return std::vector<Need>{TRY(right_on_topic(call, *in.resource_arn, "sns:TagResource"))};
}

Result<TagResourceOutput> tag_resource(Sns&, Call& call, const TagResourceRequest& in) {
  TRY(find_topic(call, *in.resource_arn, Lock::kShared));
  Tags tags = TRY(tags_of(call.tx(), *in.resource_arn));
  for (const auto& [name, value] : TRY(tags_in(in.tags))) tags[name] = value;
  if (tags.size() > kMostTags)
    return fail(400, "TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded");
  TRY(set_tags(call.tx(), *in.resource_arn, tags));
  return TagResourceOutput{};
}

Result<std::vector<Need>> untag_resource_rights(Sns&, Call& call, const UntagResourceRequest& in) {
  return std::vector<Need>{TRY(right_on_topic(call, *in.resource_arn, "sns:UntagResource"))};
}

Result<UntagResourceOutput> untag_resource(Sns&, Call& call, const UntagResourceRequest& in) {
  TRY(find_topic(call, *in.resource_arn, Lock::kShared));
  TRY(remove_tags(call.tx(), *in.resource_arn, in.tag_keys.items()));
  return UntagResourceOutput{};
}

Result<std::vector<Need>> list_tags_for_resource_rights(Sns&, Call& call, const ListTagsForResourceRequest& in) {
  return std::vector<Need>{TRY(right_on_topic(call, *in.resource_arn, "sns:ListTagsForResource"))};
}

Result<ListTagsForResourceOutput> list_tags_for_resource(Sns&, Call& call, const ListTagsForResourceRequest& in) {
  TRY(find_topic(call, *in.resource_arn, Lock::kNone));
  const Tags tags = TRY(tags_of(call.tx(), *in.resource_arn));
  ListTagsForResourceOutput out;
  out.tags.set_present();
  for (const auto& [name, value] : tags) out.tags.push_back({.key = name, .value = value});
  return out;
}

}  // namespace tarn::sns

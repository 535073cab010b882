// Subscriptions: asked for, confirmed, ended; what they want to hear.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "door/event_pattern.h"
#include "os/random.h"
#include "services/sns/retries.h"
#include "services/sns/sns.h"
#include "store/page_token.h"

namespace tarn::sns {
namespace {

constexpr Micros kTokenLasts = 2 * kDay;  // AWS: Subscribe
constexpr std::string_view kPending = "PendingConfirmation";

bool is_phone_number(std::string_view text) {
  return text.starts_with('+') && text.size() >= 9 && text.size() <= 17 &&
         std::ranges::all_of(text.substr(1), [](unsigned char c) { return std::isdigit(c); });
}

bool is_mail_address(std::string_view text) {
  const size_t at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos &&
         std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c != '<' && c != '>' && c != 0x7f; });
}

// The account whose queue or function it is; empty: the endpoint has none.
Result<std::string> check_endpoint(const FoundTopic& topic, const std::string& protocol, const std::string& endpoint) {
  const auto arn = Arn::parse(endpoint);
  const auto want = [&](bool fits, std::string_view what) -> Status {
    if (fits) return {};
    return invalid(fmt::format("Endpoint Reason: the {} protocol wants {}.", protocol, what));
  };
  if (topic.record.fifo && protocol != "sqs")
    return invalid(fmt::format("Invalid protocol type: {}: FIFO topics deliver to queues only.", protocol));
  if (protocol == "sqs") {
    TRY(want(arn && arn->service == "sqs", "the ARN of an SQS queue"));
    if (!topic.record.fifo && arn->resource.ends_with(".fifo"))
      return invalid(
          "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics");
  } else if (protocol == "lambda") {
    TRY(want(arn && arn->service == "lambda", "the ARN of a Lambda function"));
  } else if (protocol == "http" || protocol == "https") {
    TRY(want(endpoint.starts_with(protocol + "://") && endpoint.size() > protocol.size() + 3,
             "a URL that begins with it"));
    return std::string();
  } else if (protocol == "email" || protocol == "email-json") {
    TRY(want(is_mail_address(endpoint), "an e-mail address"));
    return std::string();
  } else if (protocol == "sms") {
    TRY(want(is_phone_number(endpoint), "a phone number as +4912345678"));
    return std::string();
  } else if (protocol == "application") {
    TRY(want(arn && arn->service == "sns" && arn->resource.starts_with("endpoint/"), "an endpoint's ARN"));
  } else if (protocol == "firehose") {
    return invalid("Protocol Reason: firehose is not supported by this server.");
  } else {
    return invalid("Amazon SNS does not support this protocol string: " + protocol);
  }
  return arn->account;
}

Status check_redrive_policy(const std::string& value) {
  if (value.empty()) return {};
  const auto json = Json::parse(value);
  const auto arn = Arn::parse(json && json->is_object() ? (*json)["deadLetterTargetArn"].as_string() : "");
  if (!arn || arn->service != "sqs")
    return invalid("RedrivePolicy: deadLetterTargetArn must be the ARN of an SQS queue.");
  return {};
}

Status check_filter_policy(const SubscriptionRecord& record) {
  if (record.filter_policy.empty()) return {};
  if (const auto pattern = EventPattern::compile(record.filter_policy); !pattern)
    return invalid("FilterPolicy: " + pattern.error());
  return {};
}

Status set_attribute(SubscriptionRecord& record, const std::string& name, const std::string& value) {
  if (name == "RawMessageDelivery") {
    if (!equals_ignore_case(value, "true") && !equals_ignore_case(value, "false"))
      return invalid("Attributes Reason: RawMessageDelivery: Invalid value [" + value + "]. Must be true or false.");
    record.raw = equals_ignore_case(value, "true");
    if (record.raw && record.protocol != "sqs" && record.protocol != "http" && record.protocol != "https")
      return invalid("Attributes Reason: Delivery protocol [" + record.protocol +
                     "] does not support raw message delivery.");
  } else if (name == "FilterPolicy") {
    record.filter_policy = value == "{}" ? "" : value;
  } else if (name == "FilterPolicyScope") {
    if (value != "MessageAttributes" && value != "MessageBody")
      return invalid("FilterPolicyScope: Invalid value [" + value +
                     "]. Please use either MessageBody or MessageAttributes");
    record.filters_body = value == "MessageBody";
  } else if (name == "RedrivePolicy") {
    TRY(check_redrive_policy(value));
    record.redrive_policy = value;
  } else if (name == "DeliveryPolicy") {
    TRY(check_subscription_delivery_policy(value));
    record.delivery_policy = value;
  } else {
    const bool known = name == "SubscriptionRoleArn" || name == "ReplayPolicy" || name == "ReplayStatus";
    return invalid(fmt::format("AttributeName Reason: {} is {}.", name,
                               known ? "not supported by this server" : "no attribute of subscriptions"));
  }
  return {};
}

Subscription to_wire(const SubscriptionKey& key, const SubscriptionRecord& record) {
  return {.subscription_arn = record.confirmed ? subscription_arn(key) : std::string(kPending),
          .owner = record.owner,
          .protocol = record.protocol,
          .endpoint = record.endpoint,
          .topic_arn = topic_arn(key.topic_key())};
}

std::string prefix_of_topic(const TopicKey& key) {
  return prefix_of(kSubscriptions, key.owner, key.region, key.name);
}

// The right to a subscription is that to its topic. (Its resource type in policies is the topic's too.)
Result<std::vector<Need>> right_on_subscription(Call& call, const std::string& arn, std::string_view action) {
  const SubscriptionKey key = TRY(subscription_key(arn));
  const auto record = TRY(call.get(kSubscriptions, key, Lock::kNone));
  Need need = TRY(right_on_topic(call, topic_arn(key.topic_key()), action));
  // Whoever subscribed decides, whosever topic it is.
  if (record && record->owner == call.account()) {
    need.owner = record->owner;
    need.resource_policy.reset();
  }
  return std::vector<Need>{std::move(need)};
}

}  // namespace

Result<std::vector<Need>> subscribe_rights(Sns&, Call& call, const SubscribeInput& in) {
  Need need = TRY(right_on_topic(call, *in.topic_arn, "sns:Subscribe"));
  need.context["sns:Protocol"] = {*in.protocol};
  if (in.endpoint) need.context["sns:Endpoint"] = {*in.endpoint};
  return std::vector<Need>{std::move(need)};
}

Result<SubscribeOutput> subscribe(Sns& sns, Call& call, const SubscribeInput& in) {
  const FoundTopic topic = TRY(find_topic(call, *in.topic_arn, Lock::kShared));
  if (!in.endpoint) return invalid("Endpoint");
  SubscriptionRecord record{
      .protocol = *in.protocol, .endpoint = *in.endpoint, .owner = call.account(), .created = call.now()};
  const std::string account = TRY(check_endpoint(topic, record.protocol, record.endpoint));
  for (const auto& [name, value] : in.attributes) TRY(set_attribute(record, name, value));
  TRY(check_filter_policy(record));
  const auto told = [&](const SubscriptionKey& key, bool confirmed) {
    const bool arn = confirmed || in.return_subscription_arn.value_or(false);
    return SubscribeOutput{.subscription_arn = arn ? subscription_arn(key) : "pending confirmation"};
  };
  const auto others = TRY(call.tx().scan(kSubscriptions, {.prefix = prefix_of_topic(topic.key)}));
  for (const auto& [key, other] : others.entries) {
    if (other.protocol != record.protocol || other.endpoint != record.endpoint) continue;
    if (other.confirmed) {
      const bool same = other.raw == record.raw && other.filter_policy == record.filter_policy &&
                        other.filters_body == record.filters_body;
      if (!in.attributes.empty() && !same)
        return invalid("Attributes Reason: Subscription already exists with different attributes");
      return told(key, true);
    }
    TRY(call.erase(kSubscriptions, key));  // asked for anew
  }
  const SubscriptionKey key{topic.key.owner, topic.key.region, topic.key.name, uuid4()};
  // AWS: SNS Developer Guide, "Subscribing a queue in a different account": the owner of the endpoint needs no confirmation.
  record.confirmed = record.protocol == "sms" || (!account.empty() && account == call.account());
  record.authenticated = record.confirmed;
  if (!record.confirmed) record.token = random_hex(160);
  TRY(call.put(kSubscriptions, key, record));
  if (!record.confirmed) TRY(sns.ask_to_confirm(call.tx(), {key, record}, topic, call.now()));
  return told(key, record.confirmed);
}

Result<std::vector<Need>> confirm_subscription_rights(Sns&, Call& call, const ConfirmSubscriptionInput& in) {
  if (call.principal().kind == Principal::Kind::kAnonymous) return std::vector<Need>{};  // the token is the right
  return std::vector<Need>{TRY(right_on_topic(call, *in.topic_arn, "sns:ConfirmSubscription"))};
}

Result<ConfirmSubscriptionOutput> confirm_subscription(Sns&, Call& call, const ConfirmSubscriptionInput& in) {
  const FoundTopic topic = TRY(find_topic(call, *in.topic_arn, Lock::kShared));
  const bool is_signed = call.principal().kind != Principal::Kind::kAnonymous;
  const bool locked = equals_ignore_case(in.authenticate_on_unsubscribe.value_or("false"), "true");
  if (locked && !is_signed)
    return fail(403, "AuthorizationError", "AuthenticateOnUnsubscribe needs a request that is signed.");
  const auto all = TRY(call.tx().scan(kSubscriptions, {.prefix = prefix_of_topic(topic.key)}));
  for (const auto& [key, there] : all.entries) {
    if (there.token.empty() || !constant_time_equal(there.token, *in.token)) continue;
    if (!there.confirmed) {
      if (there.created + kTokenLasts < call.now()) return invalid("Token");
      SubscriptionRecord record = there;
      record.confirmed = true;
      record.authenticated = is_signed;
      record.leaves_by_signature = locked;
      TRY(call.put(kSubscriptions, key, record));
    }
    return ConfirmSubscriptionOutput{.subscription_arn = subscription_arn(key)};
  }
  return invalid("Token");
}

Result<std::vector<Need>> unsubscribe_rights(Sns&, Call& call, const UnsubscribeInput& in) {
  if (call.principal().kind == Principal::Kind::kAnonymous)
    return std::vector<Need>{};  // the handler looks whether it may
  return right_on_subscription(call, *in.subscription_arn, "sns:Unsubscribe");
}

// AWS: Unsubscribe of none is no error.
Result<UnsubscribeOutput> unsubscribe(Sns&, Call& call, const UnsubscribeInput& in) {
  const SubscriptionKey key = TRY(subscription_key(*in.subscription_arn));
  const auto record = TRY(call.get(kSubscriptions, key));
  if (!record) return UnsubscribeOutput{};
  const bool is_signed = call.principal().kind != Principal::Kind::kAnonymous;
  const bool by_link = record->protocol != "sqs" && record->protocol != "lambda" && !record->leaves_by_signature;
  if (!is_signed && !by_link)
    return fail(403, "AuthorizationError",
                "This subscription is ended by its owner, or the topic's, with a signed request.");
  TRY(call.erase(kSubscriptions, key));
  return UnsubscribeOutput{};
}

// --- told ----------------------------------------------------------------------------------------------------------------

Result<ListSubscriptionsOutput> list_subscriptions(Sns&, Call& call, const ListSubscriptionsInput& in) {
  const std::string request = fmt::format("sns:ListSubscriptions {} {}", call.account(), call.region());
  const auto page =
      TRY(call.tx().scan_index(kSubscriptions, kSubscriptionsByOwner,
                               {.prefix = index_prefix(kSubscriptionsByOwner, call.account(), call.region()),
                                .after = TRY(page_start(call, request, in.next_token)),
                                .limit = kPage}));
  ListSubscriptionsOutput out;
  out.subscriptions.set_present();
  for (const auto& [key, record] : page.entries) out.subscriptions.push_back(to_wire(key, record));
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

Result<std::vector<Need>> list_subscriptions_by_topic_rights(Sns&, Call& call,
                                                             const ListSubscriptionsByTopicInput& in) {
  return std::vector<Need>{TRY(right_on_topic(call, *in.topic_arn, "sns:ListSubscriptionsByTopic"))};
}

Result<ListSubscriptionsByTopicOutput> list_subscriptions_by_topic(Sns&, Call& call,
                                                                   const ListSubscriptionsByTopicInput& in) {
  const FoundTopic topic = TRY(find_topic(call, *in.topic_arn, Lock::kNone));
  const std::string request = "sns:ListSubscriptionsByTopic " + *in.topic_arn;
  const auto page = TRY(call.tx().scan(
      kSubscriptions,
      {.prefix = prefix_of_topic(topic.key), .after = TRY(page_start(call, request, in.next_token)), .limit = kPage}));
  ListSubscriptionsByTopicOutput out;
  out.subscriptions.set_present();
  for (const auto& [key, record] : page.entries) out.subscriptions.push_back(to_wire(key, record));
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

Result<std::vector<Need>> get_subscription_attributes_rights(Sns&, Call& call,
                                                             const GetSubscriptionAttributesInput& in) {
  return right_on_subscription(call, *in.subscription_arn, "sns:GetSubscriptionAttributes");
}

Result<GetSubscriptionAttributesOutput> get_subscription_attributes(Sns&, Call& call,
                                                                    const GetSubscriptionAttributesInput& in) {
  const FoundSubscription found = TRY(find_subscription(call, *in.subscription_arn, Lock::kNone));
  const SubscriptionRecord& record = found.record;
  const auto topic = TRY(call.get(kTopics, found.key.topic_key(), Lock::kNone));
  const auto word = [](bool value) { return std::string(value ? "true" : "false"); };
  GetSubscriptionAttributesOutput out;
  out.attributes["SubscriptionArn"] = subscription_arn(found.key);
  out.attributes["TopicArn"] = topic_arn(found.key.topic_key());
  out.attributes["Owner"] = record.owner;
  out.attributes["Protocol"] = record.protocol;
  out.attributes["Endpoint"] = record.endpoint;
  out.attributes["RawMessageDelivery"] = word(record.raw);
  out.attributes["PendingConfirmation"] = word(!record.confirmed);
  out.attributes["ConfirmationWasAuthenticated"] = word(record.authenticated);
  if (!record.filter_policy.empty()) {
    out.attributes["FilterPolicy"] = record.filter_policy;
    out.attributes["FilterPolicyScope"] = record.filters_body ? "MessageBody" : "MessageAttributes";
  }
  if (!record.redrive_policy.empty()) out.attributes["RedrivePolicy"] = record.redrive_policy;
  if (!record.delivery_policy.empty()) out.attributes["DeliveryPolicy"] = record.delivery_policy;
  if (topic && record.protocol.starts_with("http")) {
    const auto policy = topic->settings.find("DeliveryPolicy");
    out.attributes["EffectiveDeliveryPolicy"] =
        effective_subscription_policy(policy == topic->settings.end() ? "" : policy->second, record.delivery_policy);
  }
  return out;
}

Result<std::vector<Need>> set_subscription_attributes_rights(Sns&, Call& call,
                                                             const SetSubscriptionAttributesInput& in) {
  return right_on_subscription(call, *in.subscription_arn, "sns:SetSubscriptionAttributes");
}

Result<SetSubscriptionAttributesOutput> set_subscription_attributes(Sns&, Call& call,
                                                                    const SetSubscriptionAttributesInput& in) {
  FoundSubscription found = TRY(find_subscription(call, *in.subscription_arn, Lock::kExclusive));
  TRY(set_attribute(found.record, *in.attribute_name, in.attribute_value.value_or("")));
  TRY(check_filter_policy(found.record));
  TRY(call.put(kSubscriptions, found.key, found.record));
  return SetSubscriptionAttributesOutput{};
}

}  // namespace tarn::sns

// Subscriptions: asked for, confirmed, ended; what they want to hear.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "door/event_pattern.h"
#include "door/event_pattern_text.h"
#include "os/random.h"
#include "services/sns/archive.h"
#include "services/sns/retries.h"
#include "services/sns/sns.h"
#include "store/page_token.h"

namespace tarn::sns {
namespace {

constexpr Micros kTokenLasts = 2 * kDay;  // AWS: Subscribe
constexpr std::string_view kPending = "PendingConfirmation";
constexpr size_t kMostNames = 5;           // AWS: SNS Developer Guide, "Filter policy constraints"
constexpr double kMostCombinations = 150;  // AWS: the same
// AWS: General Reference, "Amazon SNS endpoints and quotas".
constexpr size_t kMostOfFifoTopic = 100, kMostFilterPolicies = 200;

bool is_mail_address(std::string_view text) {
  const size_t at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos &&
         std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c != '<' && c != '>' && c != 0x7f; });
}

// With single dots, dashes and slashes between its digits. Recorded from AWS (October 2025): "+15/55-123.4567".
bool is_written_number(std::string_view text) {
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool mark = std::string_view("./-").contains(text[i]);
    if (mark && (i + 1 == text.size() || i == 0 || !std::isdigit(static_cast<unsigned char>(text[i - 1]))))
      return false;
    if (!mark) digits += text[i];
  }
  return is_phone_number(digits);
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
    if (!arn || arn->service != "sqs") return invalid("SQS endpoint ARN");
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
    if (!is_written_number(endpoint)) return fail(400, "InvalidParameter", "Invalid SMS endpoint: " + endpoint);
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

// How AWS begins the texts of what is wrong with an attribute: Subscribe tells that it is one.
constexpr std::string_view kAtSubscribe = "Attributes Reason: ", kAtSet = "";

Failure wrong_attribute(std::string_view at, std::string_view text) {
  return invalid(fmt::format("{}{}", at, text));
}

// Recorded from AWS (October 2025): what is no JSON is not told again.
std::string no_json(const std::string& text) {
  return "failed to parse JSON. " +
         replace_all(not_json(text).value_or("Unexpected end-of-input"), fmt::format("[Source: (String)\"{}\"", text),
                     "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)");
}

Status check_redrive_policy(const SubscriptionRecord& record, std::string_view at, const std::string& value) {
  if (value.empty()) return {};
  const auto json = Json::parse(value);
  if (!json) return wrong_attribute(at, "RedrivePolicy: " + no_json(value));
  if (!json->is_object()) return wrong_attribute(at, "RedrivePolicy: failed to parse JSON.");
  for (const auto& [name, member] : json->members())
    if (name != "deadLetterTargetArn")
      return wrong_attribute(at, fmt::format("RedrivePolicy: invalid JSON. Attribute {} is unknown.", name));
  const auto arn = Arn::parse((*json)["deadLetterTargetArn"].as_string());
  if (!arn || arn->service != "sqs") return wrong_attribute(at, "RedrivePolicy: deadLetterTargetArn is an invalid arn");
  const bool fifo = record.endpoint.ends_with(".fifo"), fifo_letters = arn->resource.ends_with(".fifo");
  if (record.protocol == "sqs" && fifo && !fifo_letters)
    return wrong_attribute(at, "RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.");
  return {};
}

// How many names a filter policy has, and how many combinations its values make. AWS: SNS Developer Guide, "Filter policy
// constraints": each name's values count as often as it is deep; alternatives of "$or" add up.
struct PolicySize {
  size_t names = 0;
  double combinations = 1;
};
PolicySize size_of(const Json& object, size_t depth) {
  PolicySize out;
  for (const auto& [name, value] : object.members()) {
    if (name == "$or" && value.is_array()) {
      PolicySize all{.names = 0, .combinations = 0};
      for (const Json& alternative : value.items()) {
        const PolicySize one = size_of(alternative, depth);
        all.names = std::max(all.names, one.names);
        all.combinations += one.combinations;
      }
      out.names += all.names;
      out.combinations *= all.combinations;
    } else if (value.is_object()) {
      out.names += 1;
      out.combinations *= size_of(value, depth + 1).combinations;
    } else {
      out.names += 1;
      out.combinations *= static_cast<double>(value.size() * depth);
    }
  }
  return out;
}

bool is_nested(const Json& object) {
  return std::ranges::any_of(object.members(), [](const auto& member) {
    if (member.first == "$or" && member.second.is_array())
      return std::ranges::any_of(member.second.items(), [](const Json& one) { return is_nested(one); });
    return member.second.is_object();
  });
}

Status check_filter_policy(const SubscriptionRecord& record, std::string_view at) {
  if (record.filter_policy.empty()) return {};
  const auto json = Json::parse(record.filter_policy);
  const auto pattern = EventPattern::compile(record.filter_policy);
  const auto wrong = [at](std::string_view why) { return wrong_attribute(at, fmt::format("FilterPolicy: {}", why)); };
  if (!json) return wrong(no_json(record.filter_policy));
  if (!record.filters_body && is_nested(*json) && pattern)
    return invalid("Filter policy scope MessageAttributes does not support nested filter policy");
  if (!pattern) return wrong(pattern.error());
  const PolicySize size = size_of(*json, 1);
  if (size.names > kMostNames) return wrong("Filter policy can not have more than 5 keys");
  if (size.combinations > kMostCombinations) return wrong("Filter policy is too complex");
  return {};
}

Status set_attribute(SubscriptionRecord& record, std::string_view at, const std::string& name,
                     const std::string& value) {
  if (name == "RawMessageDelivery") {
    if (!equals_ignore_case(value, "true") && !equals_ignore_case(value, "false"))
      return wrong_attribute(at, fmt::format("RawMessageDelivery: Invalid value [{}]. Must be true or false.", value));
    record.raw = equals_ignore_case(value, "true");
    if (record.raw && record.protocol != "sqs" && record.protocol != "http" && record.protocol != "https")
      return wrong_attribute(
          at, fmt::format("Delivery protocol [{}] does not support raw message delivery.", record.protocol));
  } else if (name == "FilterPolicy") {
    record.filter_policy = value == "{}" ? "" : value;
  } else if (name == "FilterPolicyScope") {
    if (value != "MessageAttributes" && value != "MessageBody")
      return wrong_attribute(at, fmt::format("FilterPolicyScope: Invalid value [{}]. Please use either MessageBody or "
                                             "MessageAttributes",
                                             value));
    record.filters_body = value == "MessageBody";
  } else if (name == "RedrivePolicy") {
    TRY(check_redrive_policy(record, at, value));
    record.redrive_policy = value;
  } else if (name == "DeliveryPolicy") {
    TRY(check_subscription_delivery_policy(value));
    record.delivery_policy = value;
  } else if (name == "ReplayPolicy") {
    record.replay_policy = value == "{}" ? "" : value;
  } else {
    if (name != "SubscriptionRoleArn") return invalid("AttributeName");
    return invalid(fmt::format("AttributeName Reason: {} is not supported by this server.", name));
  }
  return {};
}

// Whether a subscription that is there has the attributes that it is asked for with.
bool fits(const SubscribeInput& in, const SubscriptionRecord& there, const SubscriptionRecord& asked) {
  const auto given = [&in](const char* name) {
    return std::ranges::any_of(in.attributes, [name](const auto& attribute) { return attribute.first == name; });
  };
  return (!given("RawMessageDelivery") || there.raw == asked.raw) &&
         (!given("FilterPolicy") || there.filter_policy == asked.filter_policy) &&
         (!given("FilterPolicyScope") || there.filters_body == asked.filters_body) &&
         (!given("RedrivePolicy") || there.redrive_policy == asked.redrive_policy) &&
         (!given("DeliveryPolicy") || there.delivery_policy == asked.delivery_policy) &&
         (!given("ReplayPolicy") || there.replay_policy == asked.replay_policy);
}

Subscription to_wire(const SubscriptionKey& key, const SubscriptionRecord& record) {
  return {.subscription_arn = record.confirmed ? subscription_arn(key) : std::string(kPending),
          .owner = record.owner,
          .protocol = record.protocol,
          .endpoint = record.endpoint,
          .topic_arn = topic_arn(key.topic_key())};
}

bool looks_like_token(std::string_view text) {
  return text.size() >= 64 && std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c); });
}

std::string prefix_of_topic(const TopicKey& key) {
  return prefix_of(kSubscriptions, key.owner, key.region, key.name);
}

using Subscriptions = std::vector<Entry<SubscriptionKey, SubscriptionRecord>>;

Status check_filter_quota(const SubscriptionRecord& asked, const Subscriptions& others) {
  const auto filters = [](const auto& other) { return !other.record.filter_policy.empty(); };
  if (asked.filter_policy.empty() || std::ranges::count_if(others, filters) < std::ptrdiff_t{kMostFilterPolicies})
    return {};
  return fail(403, "FilterPolicyLimitExceeded",
              fmt::format("A topic has at most {} subscriptions with filter policies.", kMostFilterPolicies));
}

Status check_quotas(const FoundTopic& topic, const SubscriptionRecord& asked, const Subscriptions& others) {
  const auto counts = [&](const auto& other) { return !other.record.left && other.record.endpoint != asked.endpoint; };
  if (topic.record.fifo && std::ranges::count_if(others, counts) >= std::ptrdiff_t{kMostOfFifoTopic})
    return fail(403, "SubscriptionLimitExceeded",
                fmt::format("A FIFO topic has at most {} subscriptions.", kMostOfFifoTopic));
  return check_filter_quota(asked, others);
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
  if (record.protocol == "application" && !TRY(find_endpoint(call, record.endpoint)))
    // AWS writes no blank between its last words and the ARN.
    return invalid("Endpoint Reason: Endpoint does not exist for endpoint arn" + record.endpoint);
  record.principal = call.principal().arn;
  for (const auto& [name, value] : in.attributes) TRY(set_attribute(record, kAtSubscribe, name, value));
  TRY(check_filter_policy(record, kAtSubscribe));
  const auto told = [&](const SubscriptionKey& key, bool confirmed) {
    const bool arn = confirmed || in.return_subscription_arn.value_or(false);
    return SubscribeOutput{.subscription_arn = arn ? subscription_arn(key) : "pending confirmation"};
  };
  const auto others = TRY(call.tx().scan(kSubscriptions, {.prefix = prefix_of_topic(topic.key)}));
  for (const auto& [key, other] : others.entries) {
    if (other.left && *other.left + kTokenLasts < call.now()) TRY(call.erase(kSubscriptions, key));
    if (other.protocol != record.protocol || other.endpoint != record.endpoint) continue;
    if (other.confirmed) {
      if (!fits(in, other, record))
        return invalid("Attributes Reason: Subscription already exists with different attributes");
      return told(key, true);
    }
    TRY(call.erase(kSubscriptions, key));  // asked for anew
  }
  TRY(check_quotas(topic, record, others.entries));
  const SubscriptionKey key{topic.key.owner, topic.key.region, topic.key.name, uuid4()};
  // AWS: SNS Developer Guide, "Subscribing a queue in a different account": the owner of the endpoint needs no confirmation.
  record.confirmed = record.protocol == "sms" || (!account.empty() && account == call.account());
  record.authenticated = record.confirmed;
  if (!record.confirmed) record.token = random_hex(160);
  FoundSubscription made{key, std::move(record)};
  TRY(start_replay(sns, call, topic, made, kAtSubscribe));
  TRY(call.put(kSubscriptions, key, made.record));
  if (!made.record.confirmed) TRY(sns.ask_to_confirm(call.tx(), made, topic, call.now()));
  return told(key, made.record.confirmed);
}

Result<std::vector<Need>> confirm_subscription_rights(Sns&, Call& call, const ConfirmSubscriptionInput& in) {
  if (call.principal().kind == Principal::Kind::kAnonymous) return std::vector<Need>{};  // the token is the right
  return std::vector<Need>{TRY(right_on_topic(call, *in.topic_arn, "sns:ConfirmSubscription"))};
}

Result<ConfirmSubscriptionOutput> confirm_subscription(Sns& sns, Call& call, const ConfirmSubscriptionInput& in) {
  const bool is_signed = call.principal().kind != Principal::Kind::kAnonymous;
  const auto topic = topic_key(*in.topic_arn);
  if (!topic || (is_signed && topic->region != call.region())) return invalid("Topic");
  if (!looks_like_token(*in.token)) return fail(400, "InvalidParameter", "Invalid token");
  const bool locked = equals_ignore_case(in.authenticate_on_unsubscribe.value_or("false"), "true");
  if (locked && !is_signed)
    return fail(403, "AuthorizationError", "AuthenticateOnUnsubscribe needs a request that is signed.");
  // AWS: of a topic that is not there, the token is wrong.
  const auto all = TRY(call.tx().scan(kSubscriptions, {.prefix = prefix_of_topic(*topic)}));
  for (const auto& [key, there] : all.entries) {
    if (there.token.empty() || !constant_time_equal(there.token, *in.token)) continue;
    if (!there.confirmed) {
      if (there.left.value_or(there.created) + kTokenLasts < call.now()) return invalid("Token");
      SubscriptionRecord record = there;
      record.confirmed = true;
      record.left.reset();
      record.authenticated = is_signed;
      record.leaves_by_signature = locked;
      FoundSubscription found{key, std::move(record)};
      if (auto settings = found.record.replay_policy.empty() ? std::nullopt : TRY(call.get(kTopics, *topic)))
        TRY(start_replay(sns, call, {*topic, std::move(*settings)}, found, ""));
      TRY(call.put(kSubscriptions, key, found.record));
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
Result<UnsubscribeOutput> unsubscribe(Sns& sns, Call& call, const UnsubscribeInput& in) {
  const SubscriptionKey key = TRY(subscription_key(*in.subscription_arn));
  const auto record = TRY(call.get(kSubscriptions, key));
  if (!record || record->left) return UnsubscribeOutput{};
  const bool is_signed = call.principal().kind != Principal::Kind::kAnonymous;
  const bool by_link = record->protocol != "sqs" && record->protocol != "lambda" && !record->leaves_by_signature;
  if (!is_signed && !by_link)
    return fail(403, "AuthorizationError",
                "This subscription is ended by its owner, or the topic's, with a signed request.");
  const auto topic = TRY(call.get(kTopics, key.topic_key(), Lock::kShared));
  if (is_signed || !record->confirmed || !topic) {
    TRY(call.erase(kSubscriptions, key));
    return UnsubscribeOutput{};
  }
  // AWS: Unsubscribe: an endpoint that is left by its link is told, so that whoever did not mean it comes back.
  SubscriptionRecord left = *record;
  left.confirmed = false;
  left.left = call.now();
  left.token = random_hex(160);
  TRY(call.put(kSubscriptions, key, left));
  TRY(sns.tell_of_leaving(call.tx(), {key, left}, {key.topic_key(), *topic}, call.now()));
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
  for (const auto& [key, record] : page.entries)
    if (!record.left) out.subscriptions.push_back(to_wire(key, record));
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
  for (const auto& [key, record] : page.entries)
    if (!record.left) out.subscriptions.push_back(to_wire(key, record));
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
  if (!record.principal.empty()) out.attributes["SubscriptionPrincipal"] = record.principal;
  if (!record.redrive_policy.empty()) out.attributes["RedrivePolicy"] = record.redrive_policy;
  if (!record.replay_policy.empty()) {
    out.attributes["ReplayPolicy"] = record.replay_policy;
    out.attributes["ReplayStatus"] = record.replay_status;
  }
  if (!record.delivery_policy.empty())
    out.attributes["DeliveryPolicy"] = told_subscription_policy(record.delivery_policy);
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

Result<SetSubscriptionAttributesOutput> set_subscription_attributes(Sns& sns, Call& call,
                                                                    const SetSubscriptionAttributesInput& in) {
  FoundSubscription found = TRY(find_subscription(call, *in.subscription_arn, Lock::kExclusive));
  const bool filtered = !found.record.filter_policy.empty();
  TRY(set_attribute(found.record, kAtSet, *in.attribute_name, in.attribute_value.value_or("")));
  TRY(check_filter_policy(found.record, kAtSet));
  if (!filtered && !found.record.filter_policy.empty()) {
    const auto others = TRY(call.tx().scan(kSubscriptions, {.prefix = prefix_of_topic(found.key.topic_key())}));
    TRY(check_filter_quota(found.record, others.entries));
  }
  if (*in.attribute_name == "ReplayPolicy") {
    // Exclusively: nobody who publishes is between what was delivered and what will be replayed.
    auto settings = TRY(call.get(kTopics, found.key.topic_key()));
    if (!settings) return not_found("Topic does not exist");
    TRY(start_replay(sns, call, {found.key.topic_key(), std::move(*settings)}, found, kAtSet));
  }
  TRY(call.put(kSubscriptions, found.key, found.record));
  return SetSubscriptionAttributesOutput{};
}

}  // namespace tarn::sns

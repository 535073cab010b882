#include "services/sns/sns.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "store/page_token.h"

namespace tarn::sns {

// --- where things are --------------------------------------------------------------------------------------------------

std::string topic_arn(const TopicKey& key) {
  return fmt::format("arn:aws:sns:{}:{}:{}", key.region, key.owner, key.name);
}

std::string subscription_arn(const SubscriptionKey& key) {
  return topic_arn(key.topic_key()) + ":" + key.id;
}

namespace {

Status check_elements(std::string_view text, std::string_view parameter) {
  if (text.empty()) return invalid(fmt::format("{} Reason: no value for required parameter", parameter));
  const auto elements = std::ranges::count(text, ':') + 1;
  if (elements >= 6) return {};
  return invalid(fmt::format("{} Reason: An ARN must have at least 6 elements, not {}", parameter, elements));
}

}  // namespace

Result<TopicKey> topic_key(std::string_view text) {
  TRY(check_elements(text, "TopicArn"));
  const auto arn = Arn::parse(text);
  if (!arn || arn->service != "sns" || arn->region.empty() || !is_account_id(arn->account) ||
      arn->resource.find(':') != std::string::npos)
    return invalid("TopicArn Reason: a topic's is arn:aws:sns:REGION:ACCOUNT:NAME.");
  return TopicKey{arn->account, arn->region, arn->resource};
}

Result<SubscriptionKey> subscription_key(std::string_view text) {
  TRY(check_elements(text, "SubscriptionArn"));
  const auto arn = Arn::parse(text);
  const size_t colon = arn ? arn->resource.find(':') : std::string::npos;
  if (!arn || arn->service != "sns" || colon == std::string::npos) return invalid("SubscriptionId");
  return SubscriptionKey{arn->account, arn->region, arn->resource.substr(0, colon), arn->resource.substr(colon + 1)};
}

Result<FoundTopic> find_topic(Call& call, std::string_view arn, Lock lock) {
  TopicKey key = TRY(topic_key(arn));
  // AWS: a topic is asked in its own region; the links of messages, which are not signed, name none.
  const bool is_signed = call.principal().kind != Principal::Kind::kAnonymous;
  if (is_signed && key.region != call.region()) return invalid("TopicArn");
  auto record = TRY(call.get(kTopics, key, lock));
  if (!record) return not_found("Topic does not exist");
  return FoundTopic{std::move(key), std::move(*record)};
}

Result<FoundSubscription> find_subscription(Call& call, std::string_view arn, Lock lock) {
  SubscriptionKey key = TRY(subscription_key(arn));
  auto record = TRY(call.get(kSubscriptions, key, lock));
  if (!record || record->left) return not_found("Subscription does not exist");
  return FoundSubscription{std::move(key), std::move(*record)};
}

// AWS: SNS Developer Guide, "Example cases for Amazon SNS access control": what a topic has from the start.
std::string policy_of(const FoundTopic& topic) {
  if (!topic.record.policy.empty()) return topic.record.policy;
  Json actions = Json::array();
  for (const char* action : {"GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission",
                             "DeleteTopic", "Subscribe", "ListSubscriptionsByTopic", "Publish"})
    actions.push(fmt::format("SNS:{}", action));
  const Json owner = Json::object({{"StringEquals", Json::object({{"AWS:SourceOwner", topic.key.owner}})}});
  const Json statement = Json::object({{"Sid", "__default_statement_ID"},
                                       {"Effect", "Allow"},
                                       {"Principal", Json::object({{"AWS", "*"}})},
                                       {"Action", std::move(actions)},
                                       {"Resource", topic_arn(topic.key)},
                                       {"Condition", owner}});
  return Json::object(
             {{"Version", "2008-10-17"}, {"Id", "__default_policy_ID"}, {"Statement", Json::array({statement})}})
      .text();
}

Result<Need> right_on_topic(Call& call, std::string_view arn, std::string_view action) {
  Need need{.action = std::string(action), .resource = std::string(arn)};
  const auto key = topic_key(arn);
  if (!key) return need;  // the operation refuses it by what it is
  need.owner = key->owner;
  if (auto record = TRY(call.get(kTopics, *key, Lock::kNone)))
    need.resource_policy = policy_of({*key, std::move(*record)});
  // The key of the default policy: services that act for the topic's own account.
  if (!call.caller().source_account.empty()) need.context["aws:SourceOwner"] = {call.caller().source_account};
  return need;
}

Result<std::string> page_start(Call& call, std::string_view request, const std::optional<std::string>& token) {
  if (!token || token->empty()) return std::string();
  auto position = page_position(call.door().store(), request, *token);
  if (!position) return invalid("NextToken Reason: it is none that this operation gave for this request.");
  return std::move(*position);
}

// --- the service ---------------------------------------------------------------------------------------------------------

void Sns::set_endpoint(std::string endpoint) {
  const std::lock_guard lock(mutex_);
  endpoint_ = std::move(endpoint);
}

std::string Sns::endpoint() {
  const std::lock_guard lock(mutex_);
  return endpoint_;
}

// Made when something is signed first: it takes a while, and most servers never sign.
Result<const Signer*> Sns::signer() {
  const std::lock_guard lock(mutex_);
  if (signer_) return &*signer_;
  const SignerKey key{"self"};
  auto record = TRY(door.store().read()->get(kSigners, key));
  if (!record) {
    const PemPair made = TRY(make_certificate(KeyKind::kRsa2048, kPrincipal));
    record = SignerRecord{made.key, made.certificate};
    TRY(door.store().run([&](Transaction& tx) { return tx.put(kSigners, key, *record); }));
  }
  signer_.emplace(TRY(Signer::load({record->key, record->certificate})));
  return &*signer_;
}

bool is_for_certificate(const http::RequestHead& head) {
  return head.method == "GET" && head.path.starts_with("/SimpleNotificationService-") && head.path.ends_with(".pem");
}

http::Response Sns::certificate(const http::RequestHead& head) {
  const auto known = signer();
  if (!known || head.path.substr(1) != (*known)->file_name())
    return http::Response{
        .status = 404, .headers = {{"Content-Type", "text/plain"}}, .body = "There is no such certificate.\n"};
  return http::Response{.headers = {{"Content-Type", "application/x-pem-file"}}, .body = (*known)->certificate()};
}

}  // namespace tarn::sns

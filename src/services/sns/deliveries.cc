// From a message to what each subscriber gets, and HTTP's deliveries.
#include <fmt/format.h>

#include "base/text.h"
#include "door/arn.h"
#include "door/bus.h"
#include "door/door.h"
#include "door/event_pattern.h"
#include "http/outbound.h"
#include "os/random.h"
#include "services/sns/feedback.h"
#include "services/sns/retries.h"
#include "services/sns/sns.h"

namespace tarn::sns {
namespace {

constexpr const char* kHttp = "sns.http";
constexpr const char* kAgent = "Amazon Simple Notification Service Agent";
constexpr size_t kMostTold = 4'096;                  // of an endpoint's answer, in a log
constexpr auto kTimeout = std::chrono::seconds(15);  // AWS: SNS Developer Guide, "HTTP/HTTPS": 15 seconds
// AWS: SNS Developer Guide, "Amazon SNS message delivery retries": AWS managed endpoints, 100,015 times over 23 days.
constexpr RetryPolicy kManagedRetries{.max_attempts = 100'015, .give_up_after = 23 * kDay};

std::string setting(const TopicRecord& topic, const std::string& name) {
  const auto found = topic.settings.find(name);
  return found == topic.settings.end() ? "" : found->second;
}

// The attributes as filter policies see them: texts, numbers, and lists of String.Array.
Json filterable(const Json& attributes) {
  Json out = Json::object();
  for (const auto& [name, attribute] : attributes.members()) {
    const std::string &type = attribute["Type"].as_string(), &value = attribute["Value"].as_string();
    if (type == "String.Array") {
      if (auto list = Json::parse(value)) out.set(name, std::move(*list));
    } else if (type.starts_with("Number")) {
      if (auto number = Json::parse(value); number && number->is_number()) out.set(name, std::move(*number));
    } else if (type.starts_with("String")) {
      out.set(name, value);
    }
  }
  return out;
}

bool is_wanted(const SubscriptionRecord& to, const Notification& notification) {
  if (to.filter_policy.empty()) return true;
  const auto pattern = EventPattern::compile(to.filter_policy);
  if (!pattern) return false;  // it was compiled when it was set
  if (!to.filters_body) return pattern->matches(FlatEvent(filterable(notification.attributes)));
  const auto body = Json::parse(notification.message);
  return body && body->is_object() && pattern->matches(FlatEvent(*body));
}

std::string dead_letter_queue(const SubscriptionRecord& to) {
  const auto policy = Json::parse(to.redrive_policy);
  return policy ? (*policy)["deadLetterTargetArn"].as_string() : "";
}

// What SQS takes as its message's attributes. AWS: SNS Developer Guide, "Amazon SNS message attributes": more than SQS
// takes are an error of the sender, and a dead letter.
Json raw_attributes(const Json& attributes) {
  Json out = Json::object();
  for (const auto& [name, attribute] : attributes.members()) {
    const std::string& type = attribute["Type"].as_string();
    const bool binary = type.starts_with("Binary");
    const std::string value =
        binary ? unbase64(attribute["Value"].as_string()).value_or("") : attribute["Value"].as_string();
    out.set(name, Json::object({{"DataType", type}, {binary ? "BinaryValue" : "StringValue", value}}));
  }
  return out;
}

LaterCall call_as_sns(const FoundTopic& topic, std::string_view endpoint) {
  const auto arn = Arn::parse(endpoint);
  LaterCall call{.service = arn->service, .account = topic.key.owner, .region = arn->region, .principal = kPrincipal};
  call.source_arn = topic_arn(topic.key);
  call.source_account = topic.key.owner;
  return call;
}

Json send_input(std::string_view queue_arn, const std::string& body, const Notification& notification) {
  Json input = Json::object({{"QueueUrl", queue_url_of(queue_arn)}, {"MessageBody", body}});
  if (!notification.group.empty()) input.set("MessageGroupId", notification.group);
  if (queue_arn.ends_with(".fifo")) input.set("MessageDeduplicationId", notification.deduplication);
  return input;
}

NewDelivery http_delivery(const Json& payload, Micros delay = 0) {
  return {.type = kHttp, .target = payload["subscription"].as_string(), .payload = payload.text(), .delay = delay};
}

std::string mail_body(const std::string& text, const std::string& unsubscribe, const std::string& arn) {
  return fmt::format(
      "{}\n\n--\nIf you wish to stop receiving notifications from this topic, open this link:\n{}\n\n(subscription "
      "{})\n",
      text, unsubscribe, arn);
}

std::string subscribe_link(const FoundSubscription& to, const std::string& base) {
  return fmt::format("{}/?Action=ConfirmSubscription&TopicArn={}&Token={}", base, topic_arn(to.key.topic_key()),
                     to.record.token);
}

}  // namespace

Sns::Sns(Door& the_door, Mailroom& the_mailroom) : door(the_door), mailroom(the_mailroom) {
  door.outbox().deliver_to(kHttp, {.deliver = [this](const Delivery& delivery) { return post(delivery); }});
  serve_replays();
  serve_feedback();
}

// --- what is sent ----------------------------------------------------------------------------------------------------------

// AWS: SNS Developer Guide, "Parsing Amazon SNS message formats". The signature is one for all subscribers.
Result<Json> Sns::envelope(const FoundTopic& topic, const FoundSubscription& to, const Notification& notification,
                           std::string& signature) {
  const std::string time = iso8601_millis(notification.time), base = endpoint();
  const std::string& text = notification.text_for(to.record.protocol);
  Json out = Json::object({{"Type", "Notification"}, {"MessageId", notification.id}});
  if (topic.record.fifo) out.set("SequenceNumber", fmt::format("{:020}", notification.number));
  out.set("TopicArn", notification.topic_arn);
  if (!notification.subject.empty()) out.set("Subject", notification.subject);
  out.set("Message", text);
  out.set("Timestamp", time);
  // AWS: the same guide: messages of FIFO topics are not signed.
  if (!topic.record.fifo) {
    const Signer* key = TRY(signer());
    if (signature.empty() || notification.by_protocol) {
      const std::string subject =
          notification.subject.empty() ? "" : fmt::format("Subject\n{}\n", notification.subject);
      signature =
          TRY(key->sign(fmt::format("Message\n{}\nMessageId\n{}\n{}Timestamp\n{}\nTopicArn\n{}\nType\nNotification\n",
                                    text, notification.id, subject, time, notification.topic_arn),
                        topic.record.signature_version));
    }
    out.set("SignatureVersion", std::to_string(topic.record.signature_version));
    out.set("Signature", signature);
    out.set("SigningCertURL", base + "/" + key->file_name());
  }
  out.set("UnsubscribeURL", fmt::format("{}/?Action=Unsubscribe&SubscriptionArn={}", base, subscription_arn(to.key)));
  if (notification.attributes.size() > 0) out.set("MessageAttributes", notification.attributes);
  if (notification.replayed) out.set("Replayed", true);  // ASSUMED: a boolean, and not in a raw message
  return out;
}

Status Sns::fan_out(Transaction& tx, const FoundTopic& topic, const Notification& notification) {
  std::string signature;
  auto at = tx.cursor(kSubscriptions,
                      {.prefix = prefix_of(kSubscriptions, topic.key.owner, topic.key.region, topic.key.name)});
  for (; at.valid(); at.next()) {
    const FoundSubscription to{TRY(at.key()), TRY(at.record())};
    if (to.record.confirmed && !to.record.is_replaying())
      TRY(deliver_if_wanted(tx, topic, to, notification, signature));
  }
  return at.status();
}

Status Sns::deliver_if_wanted(Transaction& tx, const FoundTopic& topic, const FoundSubscription& to,
                              const Notification& notification, std::string& signature) {
  if (!is_wanted(to.record, notification)) return {};
  const std::string arn = subscription_arn(to.key);
  const std::string &protocol = to.record.protocol, &endpoint = to.record.endpoint;
  const std::string& text = notification.text_for(protocol);
  if (protocol == "sms" || protocol == "application") {
    const std::string kind = protocol == "sms" ? "sms" : "push";
    return mailroom.send(
        tx, topic.key.owner,
        {.kind = kind, .to = endpoint, .subject = notification.subject, .body = text, .source = notification.topic_arn},
        notification.time);
  }
  const Json wrapped = to.record.raw ? Json() : TRY(envelope(topic, to, notification, signature));
  const std::string body = to.record.raw ? text : wrapped.text();
  if (protocol == "email" || protocol == "email-json") {
    const std::string display = setting(topic.record, "DisplayName");
    return mailroom.send(
        tx, topic.key.owner,
        {.kind = "email",
         .to = endpoint,
         .subject = notification.subject.empty() ? "AWS Notification Message" : notification.subject,
         .body = protocol == "email" ? mail_body(text, wrapped["UnsubscribeURL"].as_string(), arn) : wrapped.text(2),
         .from_name = display.empty() ? "AWS Notifications" : display,
         .source = notification.topic_arn},
        notification.time);
  }
  const std::string dead_letters = dead_letter_queue(to.record);
  if (protocol == "http" || protocol == "https") {
    const std::string policy = setting(topic.record, "DeliveryPolicy");
    Json delays = Json::array();
    for (const int delay : retries_of(policy, to.record.delivery_policy).delays()) delays.push(delay);
    Json payload = Json::object({{"subscription", arn},
                                 {"topic", notification.topic_arn},
                                 {"url", endpoint},
                                 {"type", "Notification"},
                                 {"id", notification.id},
                                 {"raw", to.record.raw},
                                 {"contentType", content_type_of(policy, to.record.delivery_policy)},
                                 {"body", body},
                                 {"deadLetters", dead_letters},
                                 {"attempt", 0},
                                 {"delays", std::move(delays)}});
    if (const auto report = feedback_of(topic, notification, protocol, endpoint)) payload.set("feedback", report->of);
    return door.outbox().enqueue(tx, http_delivery(payload));
  }
  LaterCall call = call_as_sns(topic, endpoint);
  call.trace = notification.trace;
  call.report = feedback_of(topic, notification, protocol, endpoint);
  if (!dead_letters.empty()) call.dead_letter = DeadLetter{.queue_arn = dead_letters, .body = body};
  if (protocol == "lambda") {
    Json message = Json::object();
    for (const auto& [name, value] : wrapped.members())  // AWS: Lambda spells these two otherwise
      message.set(name == "SigningCertURL"   ? "SigningCertUrl"
                  : name == "UnsubscribeURL" ? "UnsubscribeUrl"
                                             : name,
                  value);
    if (notification.subject.empty()) message.set("Subject", Json());
    if (notification.attributes.size() == 0) message.set("MessageAttributes", Json::object());
    const Json record = Json::object({{"EventSource", "aws:sns"},
                                      {"EventVersion", "1.0"},
                                      {"EventSubscriptionArn", arn},
                                      {"Sns", std::move(message)}});
    call.operation = "Invoke";
    call.input = Json::object({{"FunctionName", endpoint},
                               {"InvocationType", "Event"},
                               {"Payload", Json::object({{"Records", Json::array({record})}}).text()}});
    return door.outbox().enqueue(tx, delivery_of(call, endpoint, kManagedRetries));
  }
  call.operation = "SendMessage";
  call.input = send_input(endpoint, body, notification);
  if (to.record.raw && notification.attributes.size() > 0)
    call.input.set("MessageAttributes", raw_attributes(notification.attributes));
  NewDelivery delivery = delivery_of(call, arn, kManagedRetries);
  if (topic.record.fifo) delivery.type += ".in-order";  // a queue's later messages wait for the earlier ones
  return door.outbox().enqueue(tx, std::move(delivery));
}

// --- confirmations -----------------------------------------------------------------------------------------------------------

Status Sns::ask_to_confirm(Transaction& tx, const FoundSubscription& to, const FoundTopic& topic, Time now) {
  const std::string arn = topic_arn(topic.key);
  if (to.record.protocol == "email")
    return mailroom.send(
        tx, topic.key.owner,
        {.kind = "email",
         .to = to.record.endpoint,
         .subject = "AWS Notification - Subscription Confirmation",
         .body = fmt::format(
             "You have chosen to subscribe to the topic:\n{}\n\nTo confirm this subscription, open this link "
             "(if this was in error no action is necessary):\n{}\n",
             arn, subscribe_link(to, endpoint())),
         .from_name = "AWS Notifications",
         .source = arn},
        now);
  return send_handshake(
      tx, to, topic, now, "SubscriptionConfirmation",
      fmt::format("You have chosen to subscribe to the topic {}.\nTo confirm the subscription, visit the SubscribeURL "
                  "included in this message.",
                  arn));
}

Status Sns::tell_of_leaving(Transaction& tx, const FoundSubscription& to, const FoundTopic& topic, Time now) {
  if (to.record.protocol == "email")
    return mailroom.send(tx, topic.key.owner,
                         {.kind = "email",
                          .to = to.record.endpoint,
                          .subject = "AWS Notification - Unsubscribe Confirmation",
                          .body = fmt::format("Your subscription to the topic below has been deactivated:\n{}\n\nIf "
                                              "this was not meant, open this link to subscribe again:\n{}\n",
                                              topic_arn(topic.key), subscribe_link(to, endpoint())),
                          .from_name = "AWS Notifications",
                          .source = topic_arn(topic.key)},
                         now);
  return send_handshake(tx, to, topic, now, "UnsubscribeConfirmation",
                        fmt::format("You have chosen to deactivate subscription {}.\nTo cancel this operation and "
                                    "restore the subscription, visit the SubscribeURL included in this message.",
                                    subscription_arn(to.key)));
}

// A message with the link that makes the subscription hold.
Status Sns::send_handshake(Transaction& tx, const FoundSubscription& to, const FoundTopic& topic, Time now,
                           std::string_view type, const std::string& text) {
  const std::string arn = topic_arn(topic.key), id = uuid4(), time = iso8601_millis(now), base = endpoint();
  const std::string link = subscribe_link(to, base);
  const Signer* key = TRY(signer());
  const std::string signature = TRY(key->sign(fmt::format("Message\n{}\nMessageId\n{}\nSubscribeURL\n{}\nTimestamp\n{}"
                                                          "\nToken\n{}\nTopicArn\n{}\nType\n{}\n",
                                                          text, id, link, time, to.record.token, arn, type),
                                              topic.record.signature_version));
  const Json message = Json::object({{"Type", std::string(type)},
                                     {"MessageId", id},
                                     {"Token", to.record.token},
                                     {"TopicArn", arn},
                                     {"Message", text},
                                     {"SubscribeURL", link},
                                     {"Timestamp", time},
                                     {"SignatureVersion", std::to_string(topic.record.signature_version)},
                                     {"Signature", signature},
                                     {"SigningCertURL", base + "/" + key->file_name()}});
  if (to.record.protocol == "email-json")
    return mailroom.send(tx, topic.key.owner,
                         {.kind = "email",
                          .to = to.record.endpoint,
                          .subject = type == "SubscriptionConfirmation" ? "AWS Notification - Subscription Confirmation"
                                                                        : "AWS Notification - Unsubscribe Confirmation",
                          .body = message.text(2),
                          .from_name = "AWS Notifications",
                          .source = arn},
                         now);
  if (to.record.protocol == "sqs") {
    LaterCall call = call_as_sns(topic, to.record.endpoint);
    call.operation = "SendMessage";
    const bool fifo = to.record.endpoint.ends_with(".fifo");
    call.input = send_input(to.record.endpoint, message.text(),
                            {.id = id, .group = fifo ? "confirmation" : "", .deduplication = id});
    return door.outbox().enqueue(tx, delivery_of(call, subscription_arn(to.key)));
  }
  if (!to.record.protocol.starts_with("http"))
    return {};  // another account's function: its owner asks for the subscription
  Json delays = Json::array();
  for (const int delay : Retries().delays()) delays.push(delay);
  return door.outbox().enqueue(tx, http_delivery(Json::object({{"subscription", subscription_arn(to.key)},
                                                               {"topic", arn},
                                                               {"url", to.record.endpoint},
                                                               {"type", std::string(type)},
                                                               {"id", id},
                                                               {"raw", false},
                                                               {"contentType", "text/plain; charset=UTF-8"},
                                                               {"body", message.text()},
                                                               {"deadLetters", ""},
                                                               {"attempt", 0},
                                                               {"delays", std::move(delays)}})));
}

// --- HTTP --------------------------------------------------------------------------------------------------------------------

namespace {

// AWS: SNS Developer Guide, "Amazon SNS message delivery retries": what the client did wrong is not tried again.
Status outcome(const Result<http::Response>& answer) {
  if (!answer) return Failure(answer.error());
  if (answer->status >= 200 && answer->status < 300) return {};
  const bool passes = answer->status >= 500 || answer->status == 429 || answer->status < 400;
  return fail(passes ? 503 : 400, "HttpStatus", fmt::format("the endpoint answered {}", answer->status));
}

}  // namespace

// One attempt. The next one is a delivery of its own, since the delays are the policy's.
Status Sns::post(const Delivery& delivery) {
  Json payload = TRY(Json::parse(delivery.payload));
  http::Outbound request{.url = payload["url"].as_string()};
  request.body = payload["body"].as_string();
  request.timeout = kTimeout;
  request.headers = {{"Content-Type", payload["contentType"].as_string()},
                     {"User-Agent", kAgent},
                     {"Accept-Encoding", "gzip,deflate"},
                     {"x-amz-sns-message-type", payload["type"].as_string()},
                     {"x-amz-sns-message-id", payload["id"].as_string()},
                     {"x-amz-sns-topic-arn", payload["topic"].as_string()}};
  if (payload["type"].as_string() != "SubscriptionConfirmation")  // recorded from AWS (January 2025)
    request.headers.add("x-amz-sns-subscription-arn", payload["subscription"].as_string());
  if (payload["raw"].as_bool()) request.headers.add("x-amz-sns-rawdelivery", "true");
  const Time begun = door.clock().now();
  const Result<http::Response> answer = http::fetch(request);
  const Status done = outcome(answer);
  const size_t attempt = static_cast<size_t>(payload["attempt"].as_int());
  const Json& feedback = payload["feedback"];  // null: nothing is to be told
  if (done) {
    if (feedback["successRole"].as_string().empty()) return {};
    const std::string said = answer->body.size() < kMostTold && valid_utf8(answer->body) ? answer->body : "";
    const NewDelivery told =
        feedback_delivery(feedback, begun, static_cast<int64_t>(attempt + 1), "answer", Json(said));
    TRY(door.store().run([&](Transaction& tx) { return door.outbox().enqueue(tx, told); }));
    return {};
  }
  const std::vector<Json>& delays = payload["delays"].items();
  const bool again = done.error().status >= 500 && attempt < delays.size();
  const std::string dead_letters = payload["deadLetters"].as_string();
  const auto committed = door.store().run([&](Transaction& tx) -> Status {
    if (again) {
      Json next = payload;
      next.set("attempt", static_cast<int64_t>(attempt + 1));
      return door.outbox().enqueue(tx, http_delivery(next, delays[attempt].as_int() * kSecond));
    }
    if (!feedback["failureRole"].as_string().empty()) {
      Json what = Json::object({{"status", answer ? answer->status : 0}, {"message", done.error().message}});
      TRY(door.outbox().enqueue(
          tx, feedback_delivery(feedback, begun, static_cast<int64_t>(attempt + 1), "error", std::move(what))));
    }
    const auto topic = topic_key(payload["topic"].as_string());
    if (dead_letters.empty() || !topic) return {};
    LaterCall call = call_as_sns({*topic, {}}, dead_letters);
    call.operation = "SendMessage";
    call.input =
        send_input(dead_letters, request.body, {.id = payload["id"].as_string(), .deduplication = delivery.id});
    return door.outbox().enqueue(tx, delivery_of(call, dead_letters));
  });
  if (!committed) return Failure(committed.error());
  return {};
}

}  // namespace tarn::sns

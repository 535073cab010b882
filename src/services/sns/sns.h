// Amazon SNS: topics, who subscribes to them, and what is published.
//
// DURABLE: what is to be delivered is in the commit of the publication, one delivery of the outbox a subscription: calls of
// SQS and Lambda as sns.amazonaws.com through the bus, HTTP requests by SNS itself (deliveries.cc), mail and the rest
// through the mailroom.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "door/call.h"
#include "door/mail.h"
#include "gen/sns/handlers.h"
#include "http/message.h"
#include "services/sns/records.h"
#include "services/sns/signer.h"

namespace tarn::sns {

constexpr const char* kPrincipal = "sns.amazonaws.com";

struct FoundTopic {
  TopicKey key;
  TopicRecord record;
};
struct FoundSubscription {
  SubscriptionKey key;
  SubscriptionRecord record;
};

// A message as it was published, checked.
struct Notification {
  std::string id, topic_arn;
  std::string subject, message;      // the subject empty: none
  std::optional<Json> by_protocol;   // of MessageStructure json: texts by protocol, "default" among them
  Json attributes = Json::object();  // {"name": {"Type": .., "Value": ..}}
  std::string group, deduplication;  // of FIFO topics, else empty
  uint64_t number = 0;
  Time time;
  std::string trace = {};  // of the call that published it
  bool replayed = false;   // it comes out of the archive
  // What a protocol's subscribers are told.
  const std::string& text_for(std::string_view protocol) const;
};

// Whether the request asks for the certificate of what SNS signs.
bool is_for_certificate(const http::RequestHead& head);

class Sns {
 public:
  // LIFETIME: borrows both. REQUIRES: the outbox is not started yet.
  Sns(Door& door, Mailroom& mailroom);

  // "http://127.0.0.1:4566": where links and the certificate's URL lead to.
  void set_endpoint(std::string endpoint);
  std::string endpoint();
  // REQUIRES: is_for_certificate.
  http::Response certificate(const http::RequestHead& head);

  // A delivery for each subscription that the message is for.
  Status fan_out(Transaction& tx, const FoundTopic& topic, const Notification& notification);
  // Tells the endpoint of a subscription that it may be confirmed.
  Status ask_to_confirm(Transaction& tx, const FoundSubscription& subscription, const FoundTopic& topic, Time now);
  // Tells the endpoint that the subscription has ended, and how it comes back.
  Status tell_of_leaving(Transaction& tx, const FoundSubscription& subscription, const FoundTopic& topic, Time now);
  Result<const Signer*> signer();

  Door& door;
  Mailroom& mailroom;

 private:
  void serve_replays();
  void serve_feedback();
  Status replay(Transaction& tx, const SubscriptionKey& key);
  Status deliver_if_wanted(Transaction& tx, const FoundTopic& topic, const FoundSubscription& to,
                           const Notification& notification, std::string& signature);
  Result<Json> envelope(const FoundTopic& topic, const FoundSubscription& to, const Notification& notification,
                        std::string& signature);
  Status send_handshake(Transaction& tx, const FoundSubscription& to, const FoundTopic& topic, Time now,
                        std::string_view type, const std::string& text);
  Status post(const Delivery& delivery);

  std::mutex mutex_;
  std::string endpoint_;
  std::optional<Signer> signer_;
};

// --- where things are --------------------------------------------------------------------------------------------------

std::string topic_arn(const TopicKey& key);
std::string subscription_arn(const SubscriptionKey& key);
// ERRORS: InvalidParameter.
Result<TopicKey> topic_key(std::string_view arn);
Result<SubscriptionKey> subscription_key(std::string_view arn);
// ERRORS: also NotFound.
Result<FoundTopic> find_topic(Call& call, std::string_view arn, Lock lock);
Result<FoundSubscription> find_subscription(Call& call, std::string_view arn, Lock lock);

// The policy in force: the topic's own, or the one that a topic has from the start.
std::string policy_of(const FoundTopic& topic);
// A platform's endpoint; nullopt: there is none of that ARN.
Result<std::optional<AttributesRecord>> find_endpoint(Call& call, const std::string& arn);
// AWS: E.164.
bool is_phone_number(std::string_view text);
Result<Need> right_on_topic(Call& call, std::string_view arn, std::string_view action);

inline Failure invalid(std::string message) {
  return fail(400, "InvalidParameter", "Invalid parameter: " + std::move(message));
}
inline Failure not_found(std::string message) {
  return fail(404, "NotFound", std::move(message));
}

// Where the page after `token` begins: empty for the first one. ERRORS: InvalidParameter.
Result<std::string> page_start(Call& call, std::string_view request, const std::optional<std::string>& token);
constexpr size_t kPage = 100;  // AWS: all of its lists

}  // namespace tarn::sns

#include "services/sns/archive.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"

namespace tarn::sns {
namespace {

constexpr const char* kReplay = "sns.replay";
constexpr size_t kReplayedAtOnce = 100;  // messages of one commit
constexpr size_t kTidyAtOnce = 3;        // what is too old, taken away with each new message
constexpr std::string_view kPolicy = "ArchivePolicy";

Status enqueue_replay(Outbox& outbox, Transaction& tx, const SubscriptionKey& key) {
  const std::string arn = subscription_arn(key);
  return outbox.enqueue(tx, {.type = kReplay, .target = arn, .payload = arn, .give_up_after = 365 * kDay});
}

Result<Time> point_in(const Json& policy, std::string_view name, std::string_view at) {
  const auto point = parse_iso8601(policy[name].as_string());
  if (point) return *point;
  return invalid(fmt::format("{}ReplayPolicy: {} is not a valid timestamp.", at, name));
}

Status check_replay_policy(const FoundTopic& topic, const std::string& text, std::string_view at) {
  const auto wrong = [at](std::string_view why) { return invalid(fmt::format("{}ReplayPolicy: {}", at, why)); };
  const auto policy = Json::parse(text);
  if (!policy || !policy->is_object()) return wrong("failed to parse JSON.");
  for (const auto& [name, member] : policy->members())
    if (name != "PointType" && name != "StartingPoint" && name != "EndingPoint")
      return wrong(fmt::format("invalid JSON. Attribute {} is unknown.", name));
  if ((*policy)["PointType"].as_string() != "Timestamp") return wrong("PointType must be Timestamp.");
  const Time start = TRY(point_in(*policy, "StartingPoint", at));
  if (policy->find("EndingPoint") != nullptr && TRY(point_in(*policy, "EndingPoint", at)) <= start)
    return wrong("EndingPoint must be later than StartingPoint.");
  if (retention_of(topic.record) == 0) return wrong("the topic has no message archive: its ArchivePolicy is not set.");
  return {};
}

Notification notification_of(const FoundTopic& topic, const ArchivedKey& key, const ArchivedRecord& record) {
  return {.id = record.id,
          .topic_arn = topic_arn(topic.key),
          .subject = record.subject,
          .message = record.message,
          .by_protocol = record.by_protocol,
          .attributes = record.attributes,
          .group = record.group,
          .deduplication = record.deduplication,
          .number = key.number,
          .time = record.time,
          .trace = record.trace};
}

}  // namespace

Status check_archive_policy(const TopicRecord& topic, std::string_view value) {
  const auto wrong = [](std::string_view why) { return invalid(fmt::format("ArchivePolicy: {}", why)); };
  if (!topic.fifo) return wrong("message archiving is of FIFO topics only.");
  const auto policy = Json::parse(value);
  if (!policy || !policy->is_object()) return wrong("failed to parse JSON.");
  if (policy->size() == 0) return {};
  for (const auto& [name, member] : policy->members())
    if (name != "MessageRetentionPeriod") return wrong(fmt::format("invalid JSON. Attribute {} is unknown.", name));
  const Json& days = (*policy)["MessageRetentionPeriod"];
  const auto count = parse_int(days.is_string() ? days.as_string() : days.text());
  if (!count || *count < 1 || *count > 365) return wrong("MessageRetentionPeriod must be from 1 to 365 days.");
  return {};
}

Micros retention_of(const TopicRecord& topic) {
  const auto found = topic.settings.find(std::string(kPolicy));
  if (found == topic.settings.end()) return 0;
  const auto policy = Json::parse(found->second);
  if (!policy) return 0;  // it was checked when it was set
  const Json& days = (*policy)["MessageRetentionPeriod"];
  return parse_int(days.is_string() ? days.as_string() : days.text()).value_or(0) * kDay;
}

Time archive_begins(const TopicRecord& topic, Time now) {
  return std::max(topic.archived_since, now + -retention_of(topic));
}

Status keep_in_archive(Call& call, const FoundTopic& topic, const Notification& notification) {
  if (retention_of(topic.record) == 0) return {};
  TRY(call.put(
      kArchived, {notification.topic_arn, notification.number},
      {notification.time, notification.id, notification.subject, notification.message, notification.by_protocol,
       notification.attributes, notification.group, notification.deduplication, notification.trace}));
  const auto oldest =
      TRY(call.tx().scan(kArchived, {.prefix = prefix_of(kArchived, notification.topic_arn), .limit = kTidyAtOnce}));
  const Time begins = archive_begins(topic.record, call.now());
  for (const auto& [key, record] : oldest.entries)
    if (record.time < begins) TRY(call.erase(kArchived, key));
  return {};
}

Status empty_archive(Call& call, const TopicKey& topic) {
  auto at = call.tx().cursor(kArchived, {.prefix = prefix_of(kArchived, topic_arn(topic))});
  for (; at.valid(); at.next()) TRY(call.erase(kArchived, TRY(at.key())));
  return at.status();
}

Status start_replay(Sns& sns, Call& call, const FoundTopic& topic, FoundSubscription& to, std::string_view at) {
  to.record.replay_status.clear();
  if (to.record.replay_policy.empty()) return {};
  TRY(check_replay_policy(topic, to.record.replay_policy, at));
  to.record.replay_status = kReplayPending;
  to.record.replay_begun = call.now();
  to.record.replay_position = 0;
  return to.record.confirmed ? enqueue_replay(sns.door.outbox(), call.tx(), to.key) : Status();
}

void Sns::serve_replays() {
  door.outbox().deliver_to(kReplay, {.deliver = [this](const Delivery& delivery) -> Status {
                             const SubscriptionKey key = TRY(subscription_key(delivery.payload));
                             const auto done = door.store().run([&](Transaction& tx) { return replay(tx, key); });
                             if (!done) return Failure(done.error());
                             return {};
                           }});
}

// Some messages of the archive, and the position behind them, in one commit. Who publishes holds the topic shared: so behind
// the lock there is no message with a smaller number to come.
Status Sns::replay(Transaction& tx, const SubscriptionKey& key) {
  auto topic_record = TRY(tx.get(kTopics, key.topic_key(), Lock::kExclusive));
  auto record = TRY(tx.get(kSubscriptions, key, Lock::kExclusive));
  if (!topic_record || !record || !record->is_replaying()) return {};
  const FoundTopic topic{key.topic_key(), std::move(*topic_record)};
  FoundSubscription to{key, std::move(*record)};
  const Json policy = TRY(Json::parse(to.record.replay_policy));
  const Time start =
      std::max(TRY(point_in(policy, "StartingPoint", "")), archive_begins(topic.record, to.record.replay_begun));
  const Time end = parse_iso8601(policy["EndingPoint"].as_string()).value_or(to.record.replay_begun);
  const std::string arn = topic_arn(topic.key);
  const auto page =
      TRY(tx.scan(kArchived, {.prefix = prefix_of(kArchived, arn),
                              .after = encoded_key(kArchived, ArchivedKey{arn, to.record.replay_position}),
                              .limit = kReplayedAtOnce}));
  std::string signature;
  for (const auto& [place, archived] : page.entries) {
    to.record.replay_position = place.number;
    const bool is_new = archived.time >= to.record.replay_begun;
    if (!is_new && (archived.time < start || archived.time > end)) continue;
    Notification notification = notification_of(topic, place, archived);
    notification.replayed = !is_new;
    TRY(deliver_if_wanted(tx, topic, to, notification, signature));
  }
  to.record.replay_status = page.more ? kReplayInProgress : kReplayCompleted;
  TRY(tx.put(kSubscriptions, key, to.record));
  return page.more ? enqueue_replay(door.outbox(), tx, key) : Status();
}

}  // namespace tarn::sns

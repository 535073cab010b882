// What SNS keeps.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "store/table.h"

namespace tarn::sns {

struct TopicKey {
  std::string owner, region, name;
  friend bool operator==(const TopicKey&, const TopicKey&) = default;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct TopicRecord {
  Time created;
  bool fifo = false, content_based_deduplication = false, deduplicates_by_group = false;
  std::string policy = {};                           // JSON; empty: the default one
  std::map<std::string, std::string> settings = {};  // the other attributes that were set, by name
  int64_t maximum_size = 262'144;                    // bytes
  int64_t signature_version = 1;
  bool throughput_scope_told = false;  // FifoThroughputScope was set
  Time archived_since = {};            // ArchivePolicy was set
  static void fields(auto& self, auto&& visit) {
    visit(self.created, self.fifo, self.content_based_deduplication, self.deduplicates_by_group, self.policy,
          self.settings, self.maximum_size, self.signature_version, self.throughput_scope_told, self.archived_since);
  }
};

constexpr std::string_view kReplayPending = "Pending", kReplayInProgress = "In progress",
                           kReplayCompleted = "Completed";

// A subscription goes with its topic, in one commit.
struct SubscriptionKey {
  std::string owner, region, topic, id;  // of the topic; the id is a UUID
  TopicKey topic_key() const { return {owner, region, topic}; }
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.topic, self.id); }
};
struct SubscriptionRecord {
  std::string protocol, endpoint;
  std::string owner;  // the account that subscribed
  Time created;
  bool confirmed = false;
  bool authenticated = false;        // it was confirmed by a signed request
  bool leaves_by_signature = false;  // nobody unsubscribes it without one
  std::string token = {};            // that confirms it; empty: none is needed
  bool raw = false, filters_body = false;
  std::string filter_policy = {}, redrive_policy = {}, delivery_policy = {};  // JSON; empty: none
  std::string principal = {};                                                 // the ARN of who subscribed
  std::optional<Time> left = {};  // it was ended by its link, and comes back by its token for a while
  std::string replay_policy = {}, replay_status = {};  // JSON; empty: none
  Time replay_begun = {};
  uint64_t replay_position = 0;  // the number of the last message of the archive that was looked at

  bool is_replaying() const { return replay_status == kReplayPending || replay_status == kReplayInProgress; }
  static void fields(auto& self, auto&& visit) {
    visit(self.protocol, self.endpoint, self.owner, self.created, self.confirmed, self.authenticated,
          self.leaves_by_signature, self.token, self.raw, self.filters_body, self.filter_policy, self.redrive_policy,
          self.delivery_policy, self.principal, self.left, self.replay_policy, self.replay_status, self.replay_begun,
          self.replay_position);
  }
};

// What was published to a FIFO topic within the last five minutes. `scope` is the message group where the topic tells
// duplicates apart by group, else empty.
struct PublishedKey {
  std::string topic_arn, scope, deduplication;
  static void fields(auto& self, auto&& visit) { visit(self.topic_arn, self.scope, self.deduplication); }
};
struct PublishedRecord {
  Time published;
  std::string message_id;
  uint64_t number = 0;
  static void fields(auto& self, auto&& visit) { visit(self.published, self.message_id, self.number); }
};
// Nothing is kept under it: whoever publishes to a group locks it, so that deliveries have the order of the commits.
struct GroupKey {
  std::string topic_arn, group;
  static void fields(auto& self, auto&& visit) { visit(self.topic_arn, self.group); }
};
struct GroupRecord {
  static void fields(auto&, auto&&) {}
};

// A message of a topic that keeps them, by its sequence number.
struct ArchivedKey {
  std::string topic_arn;
  uint64_t number = 0;
  static void fields(auto& self, auto&& visit) { visit(self.topic_arn, self.number); }
};
struct ArchivedRecord {
  Time time;
  std::string id, subject, message;
  std::optional<Json> by_protocol;
  Json attributes;
  std::string group, deduplication, trace;
  static void fields(auto& self, auto&& visit) {
    visit(self.time, self.id, self.subject, self.message, self.by_protocol, self.attributes, self.group,
          self.deduplication, self.trace);
  }
};

struct ApplicationKey {
  std::string owner, region, platform, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.platform, self.name); }
};
struct EndpointKey {
  std::string owner, region, platform, application, id;
  static void fields(auto& self, auto&& visit) {
    visit(self.owner, self.region, self.platform, self.application, self.id);
  }
};
struct AttributesRecord {
  std::map<std::string, std::string> attributes;
  static void fields(auto& self, auto&& visit) { visit(self.attributes); }
};
struct RegionKey {
  std::string owner, region;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region); }
};

// The key that messages are signed with, and its certificate; one for all.
struct SignerKey {
  std::string name;
  static void fields(auto& self, auto&& visit) { visit(self.name); }
};
struct SignerRecord {
  std::string key, certificate;  // PEM
  static void fields(auto& self, auto&& visit) { visit(self.key, self.certificate); }
};

inline constexpr Index<SubscriptionKey, SubscriptionRecord> kSubscriptionsByOwner{
    "sns.subscriptions.by_owner", [](const SubscriptionKey& key, const SubscriptionRecord& record, IndexKeys& keys) {
      keys.add(record.owner, key.region, key.owner, key.topic, key.id);
    }};
inline constexpr Index<SubscriptionKey, SubscriptionRecord> kSubscriptionIndexes[] = {kSubscriptionsByOwner};
inline constexpr Index<PublishedKey, PublishedRecord> kPublishedByTime{
    "sns.published.by_time", [](const PublishedKey& key, const PublishedRecord& record, IndexKeys& keys) {
      keys.add(key.topic_arn, record.published);
    }};
inline constexpr Index<PublishedKey, PublishedRecord> kPublishedIndexes[] = {kPublishedByTime};

inline constexpr Table<TopicKey, TopicRecord> kTopics{"sns.topics"};
inline constexpr Table<SubscriptionKey, SubscriptionRecord> kSubscriptions{"sns.subscriptions", kSubscriptionIndexes};
inline constexpr Table<PublishedKey, PublishedRecord> kPublished{"sns.published", kPublishedIndexes};
inline constexpr Table<ArchivedKey, ArchivedRecord> kArchived{"sns.archived"};
inline constexpr Table<GroupKey, GroupRecord> kGroups{"sns.groups"};
inline constexpr Table<ApplicationKey, AttributesRecord> kApplications{"sns.applications"};
inline constexpr Table<EndpointKey, AttributesRecord> kEndpoints{"sns.endpoints"};
inline constexpr Table<RegionKey, AttributesRecord> kPhoneSettings{"sns.phone_settings"};
inline constexpr Table<SignerKey, SignerRecord> kSigners{"sns.signers"};

}  // namespace tarn::sns

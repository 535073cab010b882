// What SQS keeps. Messages hang on their queue's id. Who is looking at a message is not here: live_queue.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "store/table.h"

namespace tarn::sqs {

struct QueueKey {
  std::string owner, region, name;
  friend bool operator==(const QueueKey&, const QueueKey&) = default;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct QueueRecord {
  uint64_t id = 0;
  Time created, modified;
  int64_t visibility_timeout = 30, delay = 0, wait_time = 0;  // seconds
  int64_t maximum_size = 1 << 20;                             // bytes
  int64_t retention = 345'600;                                // seconds
  bool fifo = false, content_based_deduplication = false;
  bool deduplicates_by_group = false, throughput_by_group = false;
  std::string policy = {};          // JSON; empty: none
  std::string redrive_policy = {};  // JSON; empty: none. The two that follow are read out of it
  std::string dead_letter_arn = {};
  int64_t most_receives = 0;
  std::string redrive_allow_policy = {};  // JSON; empty: none
  std::string kms_key = {};               // empty: none
  int64_t kms_reuse = 300;                // seconds
  bool managed_sse = true;
  uint64_t purged_below = 0;  // messages with a smaller number are gone
  std::optional<Time> purged = {};
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.created, self.modified, self.visibility_timeout, self.delay, self.wait_time, self.maximum_size,
          self.retention, self.fifo, self.content_based_deduplication, self.deduplicates_by_group,
          self.throughput_by_group, self.policy, self.redrive_policy, self.dead_letter_arn, self.most_receives,
          self.redrive_allow_policy, self.kms_key, self.kms_reuse, self.managed_sse, self.purged_below, self.purged);
  }
};

struct AttributeRecord {
  std::string type;  // "String", "Number.int", "Binary.gif"
  std::string value;
  static void fields(auto& self, auto&& visit) { visit(self.type, self.value); }
};

// A message's number is its place in the queue: greater than those sent to it (of FIFO queues: to its group) before.
struct MessageKey {
  uint64_t queue_id = 0;
  uint64_t number = 0;
  static void fields(auto& self, auto&& visit) { visit(self.queue_id, self.number); }
};
struct MessageRecord {
  std::string id;
  Time sent;
  Time visible;  // not before that: it was sent with a delay
  std::string sender = {}, body = {};
  std::map<std::string, AttributeRecord> attributes = {};
  std::string trace_header = {};               // empty: none
  std::string group = {}, deduplication = {};  // empty: none
  std::string dead_letter_source = {};         // the ARN of the queue that it was moved here from; empty: none
  int64_t received_elsewhere = 0;              // how often it was received in the queues where it was before
  std::optional<Time> first_received_elsewhere = {};
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.sent, self.visible, self.sender, self.body, self.attributes, self.trace_header, self.group,
          self.deduplication, self.dead_letter_source, self.received_elsewhere, self.first_received_elsewhere);
  }
};

// How often a message was received from this queue; apart from it, so that a receive does not write the body again.
struct ReceivesRecord {
  int64_t count = 0;
  Time first;
  static void fields(auto& self, auto&& visit) { visit(self.count, self.first); }
};

// What was sent to a FIFO queue within the last five minutes. `scope` is the message group where the queue tells
// duplicates apart by group, else empty.
struct SentKey {
  uint64_t queue_id = 0;
  std::string scope, deduplication;
  static void fields(auto& self, auto&& visit) { visit(self.queue_id, self.scope, self.deduplication); }
};
struct SentRecord {
  Time sent;
  std::string message_id;
  uint64_t number = 0;
  static void fields(auto& self, auto&& visit) { visit(self.sent, self.message_id, self.number); }
};

// Nothing is kept under it: whoever sends to a group locks it, so that numbers and commits have one order.
struct GroupKey {
  uint64_t queue_id = 0;
  std::string group;
  static void fields(auto& self, auto&& visit) { visit(self.queue_id, self.group); }
};
struct GroupRecord {
  static void fields(auto&, auto&&) {}
};

// The name of a queue that is gone. AWS: DeleteQueue: for a minute there is no other of it.
struct DeletedRecord {
  Time when;
  static void fields(auto& self, auto&& visit) { visit(self.when); }
};

// A redrive: messages move from a dead-letter queue to another, or to where each came from.
enum class MoveState : uint8_t { kRunning, kCompleted, kCancelled, kFailed };
struct MoveKey {
  std::string source_arn;
  uint64_t number = 0;  // the later ones are greater
  static void fields(auto& self, auto&& visit) { visit(self.source_arn, self.number); }
};
struct MoveRecord {
  MoveState state = MoveState::kRunning;
  std::string destination_arn = {};  // empty: where each came from
  int64_t per_second = 0;            // 0: as fast as it goes
  int64_t moved = 0, to_move = 0;
  std::string failure = {};
  Time started = {};
  uint64_t below = 0;  // only messages that were there when it began: with smaller numbers
  static void fields(auto& self, auto&& visit) {
    visit(self.state, self.destination_arn, self.per_second, self.moved, self.to_move, self.failure, self.started,
          self.below);
  }
};

inline constexpr Index<SentKey, SentRecord> kSentByTime{
    "sqs.sent.by_time",
    [](const SentKey& key, const SentRecord& record, IndexKeys& keys) { keys.add(key.queue_id, record.sent); }};
inline constexpr Index<SentKey, SentRecord> kSentIndexes[] = {kSentByTime};

inline constexpr Table<QueueKey, QueueRecord> kQueues{"sqs.queues"};
inline constexpr Table<QueueKey, DeletedRecord> kDeleted{"sqs.deleted"};
inline constexpr Table<MessageKey, MessageRecord> kMessages{"sqs.messages"};
inline constexpr Table<MessageKey, ReceivesRecord> kReceives{"sqs.receives"};
inline constexpr Table<SentKey, SentRecord> kSent{"sqs.sent", kSentIndexes};
inline constexpr Table<GroupKey, GroupRecord> kGroups{"sqs.groups"};
inline constexpr Table<MoveKey, MoveRecord> kMoves{"sqs.moves"};

}  // namespace tarn::sqs

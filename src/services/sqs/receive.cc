// ReceiveMessage: at once, or when there is something (polls.h).
#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "door/door.h"
#include "services/sqs/message_check.h"
#include "services/sqs/sqs.h"

namespace tarn::sqs {
namespace {

constexpr int64_t kLongestVisibility = 43'200;  // AWS: ReceiveMessage, VisibilityTimeout
constexpr int64_t kLongestWait = 20;            // AWS: ReceiveMessage, WaitTimeSeconds
constexpr size_t kMostInFlight = 120'000;       // AWS: SQS Developer Guide, message quotas

constexpr std::string_view kSystemAttributes[] = {"All",
                                                  "SenderId",
                                                  "SentTimestamp",
                                                  "ApproximateReceiveCount",
                                                  "ApproximateFirstReceiveTimestamp",
                                                  "SequenceNumber",
                                                  "MessageDeduplicationId",
                                                  "MessageGroupId",
                                                  "AWSTraceHeader",
                                                  "DeadLetterQueueSourceArn"};

// "All", "*", ".*", a name, or "name.*" for those that begin so.
bool asks_for(const std::vector<std::string>& wanted, std::string_view name) {
  return std::ranges::any_of(wanted, [&](const std::string& one) {
    if (one == "All" || one == "*" || one == ".*" || one == name) return true;
    return one.ends_with(".*") && name.starts_with(std::string_view(one).substr(0, one.size() - 2));
  });
}

wire::Map<std::string> system_attributes(const Receive& receive, const FoundQueue& queue, const MessageKey& key,
                                         const MessageRecord& message, const ReceivesRecord& receives) {
  const Time first = message.first_received_elsewhere.value_or(receives.first);
  std::vector<std::pair<std::string, std::string>> known{
      {"SenderId", message.sender},
      {"SentTimestamp", std::to_string(message.sent.millis())},
      {"ApproximateReceiveCount", std::to_string(receives.count + message.received_elsewhere)},
      {"ApproximateFirstReceiveTimestamp", std::to_string(first.millis())},
      {"MessageGroupId", message.group},
      {"MessageDeduplicationId", message.deduplication},
      {"AWSTraceHeader", message.trace_header},
      {"DeadLetterQueueSourceArn", message.dead_letter_source}};
  if (queue.record.fifo) known.emplace_back("SequenceNumber", fmt::format("{:020}", key.number));
  wire::Map<std::string> told;
  for (const auto& [name, value] : known)
    if (!value.empty() && asks_for(receive.system_attributes, name)) told[name] = value;
  return told;
}

Message message_of(const Receive& receive, const FoundQueue& queue, const MessageKey& key, const MessageRecord& record,
                   const ReceivesRecord& receives, uint64_t receipt) {
  Message out{.message_id = record.id,
              .receipt_handle = receipt_handle({key.queue_id, key.number, receipt}),
              .md5_of_body = hex(md5(record.body)),
              .body = record.body,
              .attributes = system_attributes(receive, queue, key, record, receives)};
  Attributes told;
  for (const auto& [name, attribute] : record.attributes) {
    if (!asks_for(receive.attributes, name)) continue;
    told[name] = attribute;
    MessageAttributeValue value{.data_type = attribute.type};
    if (attribute.type.starts_with("Binary"))
      value.binary_value = wire::Blob{attribute.value};
    else
      value.string_value = attribute.value;
    out.message_attributes[name] = std::move(value);
  }
  // AWS: the digest is that of the attributes that are returned.
  if (!told.empty()) out.md5_of_message_attributes = md5_of_attributes(told);
  return out;
}

}  // namespace

// --- taking ----------------------------------------------------------------------------------------------------------------

// To the dead-letter queue, where the message has been received often enough and there is one. AWS: SQS Developer Guide,
// "Using dead-letter queues": the message keeps its id, and in a standard queue its age.
Result<bool> Sqs::bury(Transaction& tx, const FoundQueue& queue, const MessageKey& key, const MessageRecord& message,
                       const ReceivesRecord& receives) {
  if (queue.record.dead_letter_arn.empty() || receives.count < queue.record.most_receives) return false;
  const auto target_key = key_of_arn(queue.record.dead_letter_arn);
  const auto target = target_key ? TRY(tx.get(kQueues, *target_key, Lock::kNone)) : std::nullopt;
  if (!target || target->fifo != queue.record.fifo) return false;  // gone since: the message stays
  MessageRecord moved = message;
  const Time now = door.clock().now();
  if (queue.record.fifo) moved.sent = now;
  moved.visible = moved.sent;
  moved.dead_letter_source = queue_arn(queue.key);
  moved.received_elsewhere += receives.count;
  if (!moved.first_received_elsewhere && receives.count > 0) moved.first_received_elsewhere = receives.first;
  TRY(enqueue(tx, {*target_key, *target}, moved));
  TRY(erase_message(tx, TRY(live(queue)), key));
  return true;
}

// One commit: counts the receive, reads what is told. Those that are gone meanwhile, or buried, are left out.
Result<std::vector<Message>> Sqs::hand_out(const Receive& receive, const FoundQueue& queue, LiveQueue& live_queue,
                                           const LiveQueue::Taken& taken, Time now) {
  std::vector<Message> messages;
  const auto count_and_read = [&](Transaction& tx) -> Status {
    messages.clear();
    for (const uint64_t number : taken.numbers) {
      const MessageKey key{queue.record.id, number};
      // Locked, so that who deletes it comes before or behind.
      const auto record = TRY(tx.get(kMessages, key));
      if (!record) {
        live_queue.erase(number);
        continue;
      }
      ReceivesRecord receives = TRY(tx.get(kReceives, key)).value_or(ReceivesRecord{});
      if (!taken.again) {
        if (TRY(bury(tx, queue, key, *record, receives))) continue;
        if (receives.count++ == 0) receives.first = now;
        TRY(tx.put(kReceives, key, receives));
      }
      messages.push_back(message_of(receive, queue, key, *record, receives, taken.receipt));
    }
    return {};
  };
  TRY(door.store().run(count_and_read));
  return messages;
}

Result<std::vector<Message>> Sqs::receive(const Receive& receive, Time now) {
  std::optional<FoundQueue> queue;
  {
    const auto tx = door.store().read();
    queue = TRY(find_queue(*tx, receive.queue, Lock::kNone));
  }
  if (!receive.attempt.empty() && !queue->record.fifo)
    return invalid_value(receive.attempt, "ReceiveRequestAttemptId",
                         "The request include parameter that is not valid for this queue type.");
  const auto live_queue = TRY(live(*queue));
  if (live_queue->closed()) return no_such_queue();
  if (live_queue->counts(now).in_flight >= kMostInFlight) {
    if (queue->record.fifo) return std::vector<Message>{};
    return fail(403, "OverLimit", fmt::format("The queue has {} messages in flight already.", kMostInFlight));
  }
  const int64_t seconds = receive.visibility_timeout.value_or(queue->record.visibility_timeout);
  for (;;) {
    const LiveQueue::Taken taken = live_queue->take({.most = receive.most,
                                                     .now = now,
                                                     .until = now + seconds * kSecond,
                                                     .sent_after = now + -queue->record.retention * kSecond,
                                                     .receipt = door.store().next_id(),
                                                     .attempt = receive.attempt});
    if (taken.numbers.empty()) return std::vector<Message>{};
    auto messages = hand_out(receive, *queue, *live_queue, taken, now);
    if (!messages) live_queue->give_back(taken, now);
    if (!messages || !messages->empty()) return messages;
  }
}

// --- the operation -----------------------------------------------------------------------------------------------------------

namespace {

Result<Receive> read_request(const Call& call, const ReceiveMessageRequest& in) {
  const auto within = [](int64_t value, int64_t least, int64_t most, std::string_view name) -> Status {
    if (value >= least && value <= most) return {};
    const auto words = least == 0 ? fmt::runtime("Must be >= {} and <= {}, if provided.")
                                  : fmt::runtime("Must be between {} and {}, if provided.");
    return invalid_value(std::to_string(value), name, fmt::format(words, least, most));
  };
  Receive receive{.queue = TRY(queue_key(call, *in.queue_url))};
  TRY(within(in.max_number_of_messages.value_or(1), 1, 10, "MaxNumberOfMessages"));
  TRY(within(in.wait_time_seconds.value_or(0), 0, kLongestWait, "WaitTimeSeconds"));
  TRY(within(in.visibility_timeout.value_or(0), 0, kLongestVisibility, "VisibilityTimeout"));
  receive.most = in.max_number_of_messages.value_or(1);
  if (in.visibility_timeout) receive.visibility_timeout = *in.visibility_timeout;
  if (in.receive_request_attempt_id) {
    TRY(check_token(*in.receive_request_attempt_id, "ReceiveRequestAttemptId"));
    receive.attempt = *in.receive_request_attempt_id;
  }
  for (const auto* names : {&in.attribute_names, &in.message_system_attribute_names}) {
    for (const std::string& name : *names) {
      if (std::ranges::find(kSystemAttributes, name) == std::end(kSystemAttributes))
        return fail(400, "InvalidAttributeName", fmt::format("Unknown Attribute {}.", name));
      receive.system_attributes.push_back(name);
    }
  }
  receive.attributes = in.message_attribute_names.items();
  return receive;
}

ReceiveMessageResult result_of(std::vector<Message> messages) {
  ReceiveMessageResult out;
  if (!messages.empty()) out.messages = wire::List<Message>(std::move(messages));
  return out;
}

// How long to wait for a message: what is asked for, else the queue's own.
Result<int64_t> wait_seconds(Sqs& sqs, const Receive& receive, const ReceiveMessageRequest& in,
                             std::shared_ptr<LiveQueue>& queue) {
  const auto tx = sqs.door.store().read();
  const FoundQueue found = TRY(find_queue(*tx, receive.queue, Lock::kNone));
  queue = TRY(sqs.live(found));
  return in.wait_time_seconds ? *in.wait_time_seconds : found.record.wait_time;
}

}  // namespace

Result<std::vector<Need>> receive_message_rights(Sqs&, Call& call, const ReceiveMessageRequest& in) {
  return right_on(call, *in.queue_url, "sqs:ReceiveMessage");
}

void receive_message(Sqs& sqs, Call& call, const ReceiveMessageRequest& in, Reply<ReceiveMessageResult> reply) {
  const auto begin = [&]() -> Status {
    Receive receive = TRY(read_request(call, in));
    std::vector<Message> messages = TRY(sqs.receive(receive, call.now()));
    if (!messages.empty()) {
      reply.give(result_of(std::move(messages)));
      return {};
    }
    Poll poll;
    const int64_t seconds = TRY(wait_seconds(sqs, receive, in, poll.queue));
    if (seconds == 0 || sqs.polls.stopped()) {
      reply.give(ReceiveMessageResult{});
      return {};
    }
    poll.deadline = steady_now() + seconds * kSecond;
    auto left = poll.left;
    if (reply.when_left)
      reply.when_left([&sqs, left] {
        *left = true;
        sqs.polls.poke();
      });
    // (A std::function wants to be copied, which this never is.)
    auto give = std::make_shared<std::move_only_function<void(Result<ReceiveMessageResult>)>>(std::move(reply.give));
    poll.serve = [&sqs, receive = std::move(receive), give, left](bool last) {
      Result<std::vector<Message>> found = std::vector<Message>{};
      if (!*left) found = sqs.receive(receive, sqs.door.clock().now());
      if (found && found->empty() && !last) return false;
      if (found)
        (*give)(result_of(std::move(*found)));
      else
        (*give)(Failure(std::move(found.error())));
      return true;
    };
    sqs.polls.add(std::move(poll));
    return {};
  };
  if (Status begun = begin(); !begun) reply.give(Failure(std::move(begun.error())));
}

}  // namespace tarn::sqs

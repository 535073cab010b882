// SendMessage and its batch.
#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "door/door.h"
#include "os/random.h"
#include "services/sqs/message_check.h"
#include "services/sqs/sqs.h"

namespace tarn::sqs {
namespace {

constexpr int64_t kMostDelay = 900;             // AWS: SendMessage, DelaySeconds
constexpr size_t kMostInRequest = 1 << 20;      // AWS: SendMessageBatch
constexpr Micros kDeduplication = 5 * kMinute;  // AWS: SQS Developer Guide, "Exactly-once processing"

Failure needs_deduplication() {
  return invalid_parameter(
      "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
}

// A message of a request, by the members that single sends and entries of batches share.
template <class In>
Result<MessageRecord> read_message(const Call& call, const QueueRecord& queue, const In& in) {
  MessageRecord message{.id = uuid4(), .sent = call.now(), .visible = call.now()};
  message.body = *in.message_body;
  TRY(check_body(message.body));
  message.attributes = TRY(read_attributes(in.message_attributes));
  message.trace_header = TRY(read_system_attributes(in.message_system_attributes));
  if (message.trace_header.empty()) message.trace_header = call.caller().trace;
  if (message_size(message.body, message.attributes) > static_cast<size_t>(queue.maximum_size)) {
    constexpr bool kInBatch = requires { in.id; };  // then AWS's words differ
    return invalid_parameter(fmt::format("One or more parameters {}. Reason: Message must be shorter than {} bytes.",
                                         kInBatch ? "cannot be validated" : "are invalid", queue.maximum_size));
  }
  if (in.message_group_id) TRY(check_token(*in.message_group_id, "MessageGroupId"));
  if (in.message_deduplication_id) TRY(check_token(*in.message_deduplication_id, "MessageDeduplicationId"));
  const auto unfit = [&](std::string_view value, std::string_view parameter) {
    return invalid_value(value, parameter, "The request include parameter that is not valid for this queue type.");
  };
  if (in.delay_seconds && queue.fifo && *in.delay_seconds != 0)
    return unfit(std::to_string(*in.delay_seconds), "DelaySeconds");
  if (in.message_deduplication_id && !queue.fifo) return unfit(*in.message_deduplication_id, "MessageDeduplicationId");
  const int64_t delay = in.delay_seconds && !queue.fifo ? *in.delay_seconds : queue.delay;
  if (delay < 0 || delay > kMostDelay)
    return invalid_value(std::to_string(delay), "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.");
  message.visible = message.sent + delay * kSecond;
  message.group = in.message_group_id.value_or("");
  if (!queue.fifo) return message;
  if (message.group.empty()) return missing_parameter("MessageGroupId");
  if (!in.message_deduplication_id && !queue.content_based_deduplication) return needs_deduplication();
  message.deduplication = in.message_deduplication_id ? *in.message_deduplication_id : hex(sha256(message.body));
  return message;
}

std::string sender_of(const Principal& who) {
  return who.user_id.empty() ? who.arn : who.user_id;  // a service has no id
}

struct Sent {
  std::string id;
  uint64_t number = 0;
};

// A duplicate is answered as the one before it was, and goes nowhere.
// AWS: SQS Developer Guide, "Using the message deduplication ID".
Result<Sent> send(Sqs& sqs, Call& call, const FoundQueue& queue, const MessageRecord& message) {
  if (!queue.record.fifo) return Sent{message.id, TRY(sqs.enqueue(call.tx(), queue, message))};
  const std::string scope = queue.record.deduplicates_by_group ? message.group : std::string();
  const SentKey key{queue.record.id, scope, message.deduplication};
  const auto before = TRY(call.get(kSent, key));
  const bool is_known = before && before->number >= queue.record.purged_below;  // AWS: a purge forgets them
  if (is_known && before->sent + kDeduplication > call.now()) return Sent{before->message_id, before->number};
  const uint64_t number = TRY(sqs.enqueue(call.tx(), queue, message));
  TRY(call.put(kSent, key, SentRecord{call.now(), message.id, number}));
  return Sent{message.id, number};
}

// What both answers tell of it.
template <class In, class Out>
void tell(Out& out, const In& in, const QueueRecord& queue, const MessageRecord& message, const Sent& sent) {
  out.message_id = sent.id;
  out.md5_of_message_body = hex(md5(message.body));
  if (!message.attributes.empty()) out.md5_of_message_attributes = md5_of_attributes(message.attributes);
  if (!in.message_system_attributes.empty())
    out.md5_of_message_system_attributes = md5_of_attributes(trace_attribute(message.trace_header));
  if (queue.fifo) out.sequence_number = fmt::format("{:020}", sent.number);
}

// In the order of their names, so that no two batches wait for each other.
Status lock_groups(Call& call, const FoundQueue& queue, const SendMessageBatchRequest& in) {
  if (!queue.record.fifo) return {};
  std::vector<std::string> groups;
  for (const SendMessageBatchRequestEntry& entry : in.entries) groups.push_back(entry.message_group_id.value_or(""));
  std::ranges::sort(groups);
  for (const std::string& group : groups) TRY(call.get(kGroups, {queue.record.id, group}));
  return {};
}

// AWS: what every message of a FIFO queue needs is asked of all entries first, and refuses the whole batch.
Status check_fifo_entries(const QueueRecord& queue, const SendMessageBatchRequest& in) {
  if (!queue.fifo) return {};
  for (const SendMessageBatchRequestEntry& entry : in.entries) {
    if (!entry.message_group_id) return invalid_parameter("The request must contain the parameter MessageGroupId.");
    if (!entry.message_deduplication_id && !queue.content_based_deduplication) return needs_deduplication();
  }
  return {};
}

Status check_batch_size(const SendMessageBatchRequest& in) {
  size_t size = 0;
  for (const SendMessageBatchRequestEntry& entry : in.entries) {
    size += entry.message_body->size();
    for (const auto& [name, value] : entry.message_attributes)
      size += name.size() + value.data_type.value_or("").size() + value.string_value.value_or("").size() +
              (value.binary_value ? value.binary_value->bytes.size() : 0);
  }
  if (size <= kMostInRequest) return {};
  return fail(
      400, "BatchRequestTooLong",
      fmt::format("Batch requests cannot be longer than {} bytes. You have sent {} bytes.", kMostInRequest, size));
}

}  // namespace

Result<std::vector<Need>> send_message_rights(Sqs&, Call& call, const SendMessageRequest& in) {
  return right_on(call, *in.queue_url, "sqs:SendMessage");
}

Result<SendMessageResult> send_message(Sqs& sqs, Call& call, const SendMessageRequest& in) {
  const FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kNone));
  MessageRecord message = TRY(read_message(call, queue.record, in));
  message.sender = sender_of(call.principal());
  const Sent sent = TRY(send(sqs, call, queue, message));
  SendMessageResult out;
  tell(out, in, queue.record, message, sent);
  return out;
}

Result<std::vector<Need>> send_message_batch_rights(Sqs&, Call& call, const SendMessageBatchRequest& in) {
  return right_on(call, *in.queue_url, "sqs:SendMessage");
}

Result<SendMessageBatchResult> send_message_batch(Sqs& sqs, Call& call, const SendMessageBatchRequest& in) {
  TRY(check_batch(in.entries));
  const FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kNone));
  TRY(check_batch_size(in));
  TRY(check_fifo_entries(queue.record, in));
  TRY(lock_groups(call, queue, in));
  SendMessageBatchResult out;
  out.successful.set_present();
  out.failed.set_present();
  for (const SendMessageBatchRequestEntry& entry : in.entries) {
    auto message = read_message(call, queue.record, entry);
    if (!message) {
      out.failed.push_back(failed_entry(*entry.id, message.error()));
      continue;
    }
    message->sender = sender_of(call.principal());
    const Sent sent = TRY(send(sqs, call, queue, *message));
    SendMessageBatchResultEntry told{.id = *entry.id};
    tell(told, entry, queue.record, *message, sent);
    out.successful.push_back(std::move(told));
  }
  return out;
}

}  // namespace tarn::sqs

// Redrives: messages move out of a dead-letter queue, some at each firing of a timer, so that a restart goes on with it.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "services/sqs/message_check.h"
#include "services/sqs/sqs.h"

namespace tarn::sqs {
namespace {

constexpr size_t kAtOnce = 100;          // messages in one commit
constexpr int64_t kMostPerSecond = 500;  // AWS: StartMessageMoveTask
constexpr size_t kMostListed = 10;       // AWS: ListMessageMoveTasks
constexpr Micros kLeaseTime = kMinute;

std::string_view state_text(MoveState state) {
  switch (state) {
    case MoveState::kRunning: return "RUNNING";
    case MoveState::kCompleted: return "COMPLETED";
    case MoveState::kCancelled: return "CANCELLED";
    case MoveState::kFailed: return "FAILED";
  }
  return "FAILED";
}

Failure no_such_resource(std::string_view what) {
  return fail(404, "ResourceNotFoundException",
              fmt::format("The resource that you specified for the {} parameter doesn't exist.", what));
}

Result<FoundQueue> queue_of_arn(Call& call, const std::string& arn, std::string_view parameter) {
  const auto key = key_of_arn(arn);
  if (!key)
    return invalid_parameter(fmt::format(
        "You must use this format to specify the {}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>",
        parameter));
  const auto record = TRY(call.get(kQueues, *key, Lock::kNone));
  if (!record) return no_such_resource(parameter);
  return FoundQueue{*key, *record};
}

// Whether it is the dead-letter queue of any. (Queues are looked through: redrives are rare.)
Result<bool> is_dead_letter_queue(Call& call, const QueueKey& key) {
  const std::string arn = queue_arn(key);
  auto at = call.tx().cursor(kQueues, {.prefix = prefix_of(kQueues, key.owner, key.region)});
  for (; at.valid(); at.next())
    if (TRY(at.record()).dead_letter_arn == arn) return true;
  TRY(at.status());
  return false;
}

std::string task_handle(const MoveKey& key) {
  return base64(Json::object({{"taskId", std::to_string(key.number)}, {"sourceArn", key.source_arn}}).text());
}

// An id that is none of ours is no task's: 0.
std::optional<MoveKey> key_of_handle(std::string_view handle) {
  const auto text = unbase64(handle);
  const auto json = text ? Json::parse(*text) : fail(400, "", "");
  if (!json || !json->is_object() || !(*json)["taskId"].is_string() || !(*json)["sourceArn"].is_string())
    return std::nullopt;
  const int64_t number = parse_int((*json)["taskId"].as_string()).value_or(0);
  return MoveKey{(*json)["sourceArn"].as_string(), static_cast<uint64_t>(std::max<int64_t>(number, 0))};
}

Result<Need> right_by_arn(Call& call, const std::string& arn, std::string_view action) {
  if (const auto key = key_of_arn(arn)) return TRY(right_on(call, *key, action));
  return Need{.action = std::string(action), .resource = arn};
}

}  // namespace

// AWS: SQS Developer Guide, "Configuring queue permissions for dead-letter queue redrive".
Result<std::vector<Need>> start_message_move_task_rights(Sqs&, Call& call, const StartMessageMoveTaskRequest& in) {
  std::vector<Need> needs;
  for (const char* action :
       {"sqs:StartMessageMoveTask", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"})
    needs.push_back(TRY(right_by_arn(call, *in.source_arn, action)));
  if (in.destination_arn) needs.push_back(TRY(right_by_arn(call, *in.destination_arn, "sqs:SendMessage")));
  return needs;
}

Result<StartMessageMoveTaskResult> start_message_move_task(Sqs& sqs, Call& call,
                                                           const StartMessageMoveTaskRequest& in) {
  const FoundQueue source = TRY(queue_of_arn(call, *in.source_arn, "SourceArn"));
  if (!TRY(is_dead_letter_queue(call, source.key)))
    return invalid_parameter("Source queue must be configured as a Dead Letter Queue.");
  if (in.destination_arn) {
    const FoundQueue destination = TRY(queue_of_arn(call, *in.destination_arn, "DestinationArn"));
    if (destination.key == source.key)
      return invalid_parameter("Source queue arn and destination queue arn cannot be the same.");
    if (destination.record.fifo != source.record.fifo)
      return invalid_parameter("Source queue and destination queue must be of the same type.");
  }
  const int64_t per_second = in.max_number_of_messages_per_second.value_or(0);
  if (in.max_number_of_messages_per_second && (per_second < 1 || per_second > kMostPerSecond))
    return invalid_parameter(
        fmt::format("Value {} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must specify a value "
                    "from 1 to {}.",
                    per_second, kMostPerSecond));
  TRY(call.get(kQueues, source.key));  // one starts at a time
  const auto earlier =
      TRY(call.tx().scan(kMoves, {.prefix = prefix_of(kMoves, *in.source_arn), .limit = 1, .reverse = true}));
  if (!earlier.entries.empty() && earlier.entries[0].record.state == MoveState::kRunning)
    return invalid_parameter(
        "There is already a task running. Only one active task is allowed for a source queue arn at a given time.");
  const LiveQueue::Counts counts = TRY(sqs.live(source))->counts(call.now());
  const MoveKey key{*in.source_arn, call.door().store().next_id()};
  MoveRecord record{.destination_arn = in.destination_arn.value_or(""), .per_second = per_second};
  record.to_move = static_cast<int64_t>(counts.visible + counts.in_flight + counts.delayed);
  record.started = call.now();
  record.below = key.number;
  TRY(call.put(kMoves, key, record));
  TRY(sqs.move_later(call.tx(), key, call.now()));
  return StartMessageMoveTaskResult{.task_handle = task_handle(key)};
}

Result<std::vector<Need>> cancel_message_move_task_rights(Sqs&, Call& call, const CancelMessageMoveTaskRequest& in) {
  const auto key = key_of_handle(*in.task_handle);
  if (!key) return std::vector<Need>{{.action = "sqs:CancelMessageMoveTask", .resource = "*"}};
  return std::vector<Need>{TRY(right_by_arn(call, key->source_arn, "sqs:CancelMessageMoveTask"))};
}

Result<CancelMessageMoveTaskResult> cancel_message_move_task(Sqs&, Call& call, const CancelMessageMoveTaskRequest& in) {
  const auto key = key_of_handle(*in.task_handle);
  if (!key) return invalid_parameter("Value for parameter TaskHandle is invalid.");
  TRY(queue_of_arn(call, key->source_arn, "SourceArn"));
  auto record = TRY(call.get(kMoves, *key));
  if (!record) return fail(404, "ResourceNotFoundException", "Task does not exist.");
  if (record->state != MoveState::kRunning)
    return fail(400, "UnsupportedOperation", "Only active tasks can be cancelled.");
  record->state = MoveState::kCancelled;
  TRY(call.put(kMoves, *key, *record));
  return CancelMessageMoveTaskResult{.approximate_number_of_messages_moved = record->moved};
}

Result<std::vector<Need>> list_message_move_tasks_rights(Sqs&, Call& call, const ListMessageMoveTasksRequest& in) {
  return std::vector<Need>{TRY(right_by_arn(call, *in.source_arn, "sqs:ListMessageMoveTasks"))};
}

Result<ListMessageMoveTasksResult> list_message_move_tasks(Sqs&, Call& call, const ListMessageMoveTasksRequest& in) {
  TRY(queue_of_arn(call, *in.source_arn, "SourceArn"));
  const int64_t most = in.max_results.value_or(1);
  if (most < 1 || most > static_cast<int64_t>(kMostListed))
    return invalid_parameter(
        fmt::format("Value {} for parameter MaxResults is invalid. Reason: Must be between 1 and 10.", most));
  const auto page = TRY(call.tx().scan(
      kMoves, {.prefix = prefix_of(kMoves, *in.source_arn), .limit = static_cast<size_t>(most), .reverse = true}));
  ListMessageMoveTasksResult out;
  for (const auto& [key, record] : page.entries) {
    ListMessageMoveTasksResultEntry entry{.status = std::string(state_text(record.state)),
                                          .source_arn = key.source_arn,
                                          .approximate_number_of_messages_moved = record.moved,
                                          .approximate_number_of_messages_to_move = record.to_move,
                                          .started_timestamp = record.started.millis()};
    if (record.state == MoveState::kRunning) entry.task_handle = task_handle(key);
    if (!record.destination_arn.empty()) entry.destination_arn = record.destination_arn;
    if (record.per_second > 0) entry.max_number_of_messages_per_second = record.per_second;
    if (!record.failure.empty()) entry.failure_reason = record.failure;
    out.results.push_back(std::move(entry));
  }
  return out;
}

// --- moving ----------------------------------------------------------------------------------------------------------------

namespace {

// The queue that a message goes to; nullopt: it is not there.
Result<std::optional<FoundQueue>> destination(Transaction& tx, const MoveRecord& task, const MessageRecord& message) {
  const auto key = key_of_arn(task.destination_arn.empty() ? message.dead_letter_source : task.destination_arn);
  if (!key) return std::nullopt;
  const auto record = TRY(tx.get(kQueues, *key, Lock::kNone));
  if (!record) return std::nullopt;
  return FoundQueue{*key, *record};
}

}  // namespace

// Some messages, in the timer's transaction. What is taken and not moved becomes visible again: when the commit fails,
// after the lease.
Status Sqs::move_some(Transaction& tx, const Timer& timer) {
  const size_t blank = timer.id.rfind(' ');
  const MoveKey key{timer.id.substr(0, blank), std::stoull(timer.id.substr(blank + 1))};
  auto task = TRY(tx.get(kMoves, key));
  if (!task || task->state != MoveState::kRunning) return {};
  const auto finish = [&](MoveState state, std::string failure) {
    task->state = state;
    task->failure = std::move(failure);
    return tx.put(kMoves, key, *task);
  };
  const auto source_key = key_of_arn(key.source_arn);
  const auto source_record = TRY(tx.get(kQueues, *source_key, Lock::kNone));
  if (!source_record) return finish(MoveState::kFailed, "AWS.SimpleQueueService.NonExistentQueue");
  const FoundQueue source{*source_key, *source_record};
  const auto from = TRY(live(source));
  const Time now = door.clock().now();
  const size_t most = task->per_second > 0 ? static_cast<size_t>(task->per_second) : kAtOnce;
  const LiveQueue::Taken taken = from->take({.most = most,
                                             .now = now,
                                             .until = now + kLeaseTime,
                                             .sent_after = now + -source.record.retention * kSecond,
                                             .receipt = door.store().next_id(),
                                             .attempt = {},
                                             .below = task->below});
  if (taken.numbers.empty()) return finish(MoveState::kCompleted, "");
  for (const uint64_t number : taken.numbers) {
    const MessageKey at{source.record.id, number};
    auto message = TRY(tx.get(kMessages, at));
    if (!message) continue;
    const auto to = TRY(destination(tx, *task, *message));
    if (!to || to->record.fifo != source.record.fifo) {
      from->give_back(taken, now);
      return finish(MoveState::kFailed, to ? "InvalidDestination" : "AWS.SimpleQueueService.NonExistentQueue");
    }
    message->sent = message->visible = now;  // AWS: a redriven message is a new one: its retention begins anew
    message->dead_letter_source.clear();
    message->received_elsewhere = 0;
    message->first_received_elsewhere.reset();
    TRY(enqueue(tx, *to, *message));
    TRY(erase_message(tx, from, at));
    ++task->moved;
  }
  TRY(tx.put(kMoves, key, *task));
  return move_later(tx, key, task->per_second > 0 ? timer.due + kSecond : timer.due);
}

}  // namespace tarn::sqs

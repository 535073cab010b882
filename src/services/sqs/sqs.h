// Amazon SQS: queues, standard and FIFO.
//
// DURABLE: a message that was acknowledged is in the store; a deletion that was acknowledged stays one. That a message is
// being looked at is kept in memory (live_queue.h): after a crash all that is not deleted is visible again. How often a
// message was received is written with the receive, but not waited for: a crash may forget the last second's.
//
// A message can be received from the moment on that it is on the disk, so what a receive tells needs no waiting.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "door/call.h"
#include "gen/sqs/handlers.h"
#include "services/sqs/live_queue.h"
#include "services/sqs/polls.h"
#include "services/sqs/records.h"
#include "store/timers.h"

namespace tarn::sqs {

struct FoundQueue {
  QueueKey key;
  QueueRecord record;
};

// What a receive asks for, once it is known to be in order.
struct Receive {
  QueueKey queue;
  size_t most = 1;
  std::optional<int64_t> visibility_timeout = {};  // seconds; absent: the queue's
  std::string attempt = {};
  std::vector<std::string> system_attributes = {}, attributes = {};  // their names, as they were given
};

class Sqs {
 public:
  // LIFETIME: borrows the door. REQUIRES: its timers are not started yet.
  explicit Sqs(Door& door);
  ~Sqs();  // what was committed is told to the queues first

  // Long polls end with nothing, those to come as well. Before the ways in are closed: they wait for what is under way.
  void stop() { polls.stop(); }

  // The queue as memory knows it; loaded when it is asked for first. Whoever writes messages of a queue has asked before.
  Result<std::shared_ptr<LiveQueue>> live(const FoundQueue& queue);
  // A queue that was deleted.
  void forget(uint64_t queue_id);

  // Puts a message into a queue: it can be received when the transaction is on the disk. Its number.
  // ERRORS: QueueDoesNotExist.
  Result<uint64_t> enqueue(Transaction& tx, const FoundQueue& queue, const MessageRecord& message);
  // Takes messages, or none; those that were received too often go to the dead-letter queue instead.
  // ERRORS: QueueDoesNotExist; OverLimit.
  Result<std::vector<Message>> receive(const Receive& receive, Time now);
  // In the transaction that erases the rows; they are gone from memory with its commit.
  Status erase_message(Transaction& tx, const std::shared_ptr<LiveQueue>& live, const MessageKey& key);
  // Erases the messages with smaller numbers, later.
  Status erase_later(Transaction& tx, uint64_t queue_id, uint64_t below, Time due);
  // The redrive begins, or goes on.
  Status move_later(Transaction& tx, const MoveKey& key, Time due);

  Door& door;
  Polls polls;

 private:
  Status erase_some(Transaction& tx, const Timer& timer);
  Status expire(Transaction& tx, const Timer& timer);
  Status move_some(Transaction& tx, const Timer& timer);
  Status watch_retention(Transaction& tx, const FoundQueue& queue, Time now);
  Result<std::vector<Message>> hand_out(const Receive& receive, const FoundQueue& queue, LiveQueue& live,
                                        const LiveQueue::Taken& taken, Time now);
  Result<bool> bury(Transaction& tx, const FoundQueue& queue, const MessageKey& key, const MessageRecord& message,
                    const ReceivesRecord& receives);

  std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<LiveQueue>> live_;
  std::map<uint64_t, Time> watched_;  // queues whose retention a timer looks after, by then
};

// --- where things are --------------------------------------------------------------------------------------------------

// "arn:aws:sqs:REGION:OWNER:NAME"
std::string queue_arn(const QueueKey& key);
// As the caller reaches this server.
std::string queue_url(const Call& call, const QueueKey& key);
// From a URL whose last two segments are account and name, or from a name alone: a queue of the caller's account.
// ERRORS: InvalidAddress.
Result<QueueKey> queue_key(const Call& call, const std::string& url);
std::optional<QueueKey> key_of_arn(std::string_view arn);
// ERRORS: InvalidAddress, QueueDoesNotExist.
Result<FoundQueue> find_queue(Call& call, const std::string& url, Lock lock);
Result<FoundQueue> find_queue(Transaction& tx, const QueueKey& key, Lock lock);
// The right to do it to that queue.
Result<std::vector<Need>> right_on(Call& call, const std::string& url, std::string_view action);
Result<Need> right_on(Call& call, const QueueKey& key, std::string_view action);

Failure no_such_queue();
Failure invalid_value(std::string_view value, std::string_view parameter, std::string_view reason);
inline Failure missing_parameter(std::string_view name) {
  return fail(400, "MissingParameter", "The request must contain the parameter " + std::string(name) + ".");
}
inline Failure invalid_parameter(std::string message) {
  return fail(400, "InvalidParameterValue", std::move(message));
}

// --- batches -------------------------------------------------------------------------------------------------------------

// ERRORS: EmptyBatchRequest, TooManyEntriesInBatchRequest, InvalidBatchEntryId, BatchEntryIdsNotDistinct.
Status check_batch_ids(const std::vector<std::string>& ids, std::string_view entry);
BatchResultErrorEntry failed_entry(const std::string& id, const Error& error);
template <class Entry>
Status check_batch(const wire::List<Entry>& entries) {
  std::vector<std::string> ids;
  for (const Entry& entry : entries) ids.push_back(*entry.id);
  return check_batch_ids(ids, wire::shape_of<Entry>().name);
}

}  // namespace tarn::sqs

#include "services/sqs/sqs.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"

namespace tarn::sqs {
namespace {

constexpr const char* kEraseTimer = "sqs.erase";
constexpr const char* kRetentionTimer = "sqs.retention";
constexpr const char* kMoveTimer = "sqs.move";
constexpr size_t kEraseAtOnce = 500;            // rows in one commit
constexpr Micros kLookEvery = kHour;            // for what is past its retention, at most
constexpr Micros kDeduplication = 5 * kMinute;  // AWS: SQS Developer Guide, "Exactly-once processing"
constexpr size_t kMostInBatch = 10;

std::string timer_id(const QueueKey& key) {
  return fmt::format("{} {} {}", key.owner, key.region, key.name);
}

std::optional<QueueKey> key_of_timer(const std::string& id) {
  const auto parts = split(id, ' ');
  if (parts.size() != 3) return std::nullopt;
  return QueueKey{std::string(parts[0]), std::string(parts[1]), std::string(parts[2])};
}

}  // namespace

Sqs::Sqs(Door& the_door) : door(the_door), polls(the_door.clock()) {
  Timers& timers = door.timers();
  timers.on(kEraseTimer, [this](Transaction& tx, const Timer& timer) { return erase_some(tx, timer); });
  timers.on(kRetentionTimer, [this](Transaction& tx, const Timer& timer) { return expire(tx, timer); });
  timers.on(kMoveTimer, [this](Transaction& tx, const Timer& timer) { return move_some(tx, timer); });
}

Sqs::~Sqs() {
  (void)door.store().wait_synced(door.store().latest());
}

// --- where things are ----------------------------------------------------------------------------------------------------

std::string queue_arn(const QueueKey& key) {
  return fmt::format("arn:aws:sqs:{}:{}:{}", key.region, key.owner, key.name);
}

std::string queue_url(const Call& call, const QueueKey& key) {
  const Caller& caller = call.caller();
  if (caller.host.empty()) return fmt::format("https://sqs.{}.amazonaws.com/{}/{}", key.region, key.owner, key.name);
  return fmt::format("{}://{}/{}/{}", caller.secure ? "https" : "http", caller.host, key.owner, key.name);
}

Result<QueueKey> queue_key(const Call& call, const std::string& url) {
  if (!url.empty() && url.find('/') == std::string::npos) return QueueKey{call.account(), call.region(), url};
  const size_t name = url.rfind('/');
  const size_t owner = name == std::string::npos || name == 0 ? std::string::npos : url.rfind('/', name - 1);
  if (owner == std::string::npos || name + 1 == url.size() || !is_account_id(url.substr(owner + 1, name - owner - 1)))
    return fail(400, "InvalidAddress",
                fmt::format("The address {} is not valid for this endpoint: it must end with the queue's account and "
                            "name, as in http://HOST/123456789012/NAME.",
                            url));
  return QueueKey{url.substr(owner + 1, name - owner - 1), call.region(), url.substr(name + 1)};
}

std::optional<QueueKey> key_of_arn(std::string_view text) {
  const auto arn = Arn::parse(text);
  if (!arn || arn->service != "sqs" || !is_account_id(arn->account) || arn->region.empty()) return std::nullopt;
  return QueueKey{arn->account, arn->region, arn->resource};
}

// No lock is needed to send to a queue: a message that comes into one that is being deleted is seen by nobody, and goes
// with what the deletion erases later (LiveQueue::close, Sqs::erase_later). A lock would be every sender's.
Result<FoundQueue> find_queue(Transaction& tx, const QueueKey& key, Lock lock) {
  auto record = TRY(tx.get(kQueues, key, lock));
  if (!record) return no_such_queue();
  return FoundQueue{key, std::move(*record)};
}

Result<FoundQueue> find_queue(Call& call, const std::string& url, Lock lock) {
  return find_queue(call.tx(), TRY(queue_key(call, url)), lock);
}

Result<Need> right_on(Call& call, const QueueKey& key, std::string_view action) {
  const auto record = TRY(call.get(kQueues, key, Lock::kNone));
  Need need{.action = std::string(action), .resource = queue_arn(key), .owner = key.owner};
  if (record && !record->policy.empty()) need.resource_policy = record->policy;
  return need;
}

Result<std::vector<Need>> right_on(Call& call, const std::string& url, std::string_view action) {
  return std::vector<Need>{TRY(right_on(call, TRY(queue_key(call, url)), action))};
}

Failure no_such_queue() {
  return fail(400, "QueueDoesNotExist", "The specified queue does not exist.");
}

Failure invalid_value(std::string_view value, std::string_view parameter, std::string_view reason) {
  return invalid_parameter(fmt::format("Value {} for parameter {} is invalid. Reason: {}", value, parameter, reason));
}

// --- batches -------------------------------------------------------------------------------------------------------------

Status check_batch_ids(const std::vector<std::string>& ids, std::string_view entry) {
  if (ids.empty())
    return fail(400, "EmptyBatchRequest", fmt::format("There should be at least one {} in the request.", entry));
  if (ids.size() > kMostInBatch)
    return fail(
        400, "TooManyEntriesInBatchRequest",
        fmt::format("Maximum number of entries per request are {}. You have sent {}.", kMostInBatch, ids.size()));
  std::set<std::string_view> seen;
  for (const std::string& id : ids) {
    const bool letters =
        std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
    if (id.empty() || id.size() > 80 || !letters)
      return fail(
          400, "InvalidBatchEntryId",
          "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most "
          "80 letters long.");
    if (!seen.insert(id).second) return fail(400, "BatchEntryIdsNotDistinct", fmt::format("Id {} repeated.", id));
  }
  return {};
}

BatchResultErrorEntry failed_entry(const std::string& id, const Error& error) {
  return {.id = id, .sender_fault = error.status < 500, .code = error.code, .message = error.message};
}

// --- memory --------------------------------------------------------------------------------------------------------------

Result<std::shared_ptr<LiveQueue>> Sqs::live(const FoundQueue& queue) {
  std::shared_ptr<LiveQueue> live;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<LiveQueue>& known = live_[queue.record.id];
    if (!known) known = std::make_shared<LiveQueue>(queue.record.fifo, [this] { polls.poke(); });
    live = known;
  }
  TRY(live->load_once([&]() -> Result<std::vector<LiveMessage>> {
    const auto tx = door.store().read();
    std::vector<LiveMessage> messages;
    auto at = tx->cursor(kMessages, {.prefix = prefix_of(kMessages, queue.record.id),
                                     .after = encoded_key(kMessages, {queue.record.id, queue.record.purged_below})});
    for (; at.valid(); at.next()) {
      const MessageRecord message = TRY(at.record());
      messages.push_back({TRY(at.key()).number, message.sent, message.visible, message.group});
    }
    TRY(at.status());
    return messages;
  }));
  return live;
}

void Sqs::forget(uint64_t queue_id) {
  std::shared_ptr<LiveQueue> live;
  {
    const std::lock_guard lock(mutex_);
    const auto found = live_.find(queue_id);
    if (found == live_.end()) return;
    live = std::move(found->second);
    live_.erase(found);
    watched_.erase(queue_id);
  }
  live->close();
}

// --- messages ------------------------------------------------------------------------------------------------------------

Result<uint64_t> Sqs::enqueue(Transaction& tx, const FoundQueue& queue, const MessageRecord& message) {
  const auto in_memory = TRY(live(queue));
  // From here to the commit nobody else sends to the group: a greater number is a later commit.
  if (queue.record.fifo) TRY(tx.get(kGroups, {queue.record.id, message.group}));
  const uint64_t number = door.store().next_id();
  auto place = in_memory->reserve({number, message.sent, message.visible, message.group});
  if (!place) return no_such_queue();
  TRY(tx.put(kMessages, {queue.record.id, number}, message));
  tx.on_synced([place = std::move(*place)]() mutable { place.publish(); });
  TRY(watch_retention(tx, queue, message.sent));
  return number;
}

Status Sqs::erase_message(Transaction& tx, const std::shared_ptr<LiveQueue>& live, const MessageKey& key) {
  TRY(tx.erase(kMessages, key));
  TRY(tx.erase(kReceives, key));
  tx.on_commit([live, number = key.number] { live->erase(number); });
  return {};
}

// --- erasing later -------------------------------------------------------------------------------------------------------

Status Sqs::erase_later(Transaction& tx, uint64_t queue_id, uint64_t below, Time due) {
  return door.timers().set(tx, kEraseTimer, fmt::format("{} {}", queue_id, below), due);
}

Status Sqs::erase_some(Transaction& tx, const Timer& timer) {
  const size_t blank = timer.id.find(' ');
  const uint64_t id = std::stoull(timer.id.substr(0, blank)), below = std::stoull(timer.id.substr(blank + 1));
  size_t erased = 0;
  auto at = tx.cursor(kMessages, {.prefix = prefix_of(kMessages, id)});
  std::vector<MessageKey> keys;
  for (; at.valid() && keys.size() < kEraseAtOnce; at.next()) {
    const MessageKey key = TRY(at.key());
    if (key.number >= below) break;
    keys.push_back(key);
  }
  TRY(at.status());
  for (const MessageKey& key : keys) {
    TRY(tx.erase(kMessages, key));
    TRY(tx.erase(kReceives, key));
    ++erased;
  }
  if (below == UINT64_MAX) {  // the whole queue
    const auto sent = TRY(tx.scan(kSent, {.prefix = prefix_of(kSent, id), .limit = kEraseAtOnce}));
    for (const auto& [key, record] : sent.entries) TRY(tx.erase(kSent, key));
    erased = std::max(erased, sent.entries.size());
  }
  if (erased < kEraseAtOnce) return {};
  return erase_later(tx, id, below, timer.due);
}

// --- retention -----------------------------------------------------------------------------------------------------------

// The first message of a queue sets a timer, which looks again for as long as there are messages. (A receive does not
// give out what is too old; this takes it from the disk. After a start the first message sets it anew.)
Status Sqs::watch_retention(Transaction& tx, const FoundQueue& queue, Time now) {
  {
    const std::lock_guard lock(mutex_);
    const auto watched = watched_.find(queue.record.id);
    if (watched != watched_.end() && watched->second > now) return {};
  }
  const Micros wait = queue.record.fifo ? kDeduplication : queue.record.retention * kSecond;
  const Time due = now + wait + kSecond;
  TRY(door.timers().set(tx, kRetentionTimer, timer_id(queue.key), due));
  tx.on_commit([this, id = queue.record.id, due] {
    const std::lock_guard lock(mutex_);
    watched_[id] = due;
  });
  return {};
}

Status Sqs::expire(Transaction& tx, const Timer& timer) {
  const auto key = key_of_timer(timer.id);
  const auto record = key ? TRY(tx.get(kQueues, *key, Lock::kNone)) : std::nullopt;
  if (!record) return {};
  const FoundQueue queue{*key, *record};
  const auto in_memory = TRY(live(queue));
  const Micros retention = record->retention * kSecond;
  in_memory->expire(timer.due + -retention, true);
  for (const uint64_t number : in_memory->expired()) {
    TRY(tx.erase(kMessages, {record->id, number}));
    TRY(tx.erase(kReceives, {record->id, number}));
  }
  const auto sent =
      TRY(tx.scan_index(kSent, kSentByTime, {.prefix = index_prefix(kSentByTime, record->id), .limit = kEraseAtOnce}));
  std::optional<Time> next;
  for (const auto& [sent_key, sent_record] : sent.entries) {
    next = std::max(timer.due + kSecond, sent_record.sent + kDeduplication);
    if (sent_record.sent + kDeduplication > timer.due) break;
    TRY(tx.erase(kSent, sent_key));
    next = sent.more ? std::optional(timer.due + kSecond) : std::nullopt;
  }
  if (const auto oldest = in_memory->oldest()) {
    const Time due = std::max(*oldest + retention + kSecond, timer.due + kLookEvery);
    next = std::min(next.value_or(due), due);
  }
  const std::lock_guard lock(mutex_);
  if (!next) {
    watched_.erase(record->id);
    return {};
  }
  watched_[record->id] = *next;
  return door.timers().set(tx, kRetentionTimer, timer.id, *next);
}

Status Sqs::move_later(Transaction& tx, const MoveKey& key, Time due) {
  return door.timers().set(tx, kMoveTimer, fmt::format("{} {}", key.source_arn, key.number), due);
}

}  // namespace tarn::sqs

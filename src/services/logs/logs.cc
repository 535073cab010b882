#include "services/logs/logs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "services/logs/later.h"
#include "store/page_token.h"

namespace tarn::logs {
namespace {

constexpr const char* kRetentionTimer = "logs.retention";
constexpr size_t kExpireAtOnce = 500;  // chunks in one commit
constexpr Micros kLookEvery = kHour;   // at most so often

std::string timer_id(const GroupKey& key) {
  return fmt::format("{} {} {}", key.owner, key.region, key.name);
}

GroupKey key_of_timer(const std::string& id) {
  const size_t first = id.find(' '), second = id.find(' ', first + 1);
  return {id.substr(0, first), id.substr(first + 1, second - first - 1), id.substr(second + 1)};
}

Micros retention(const GroupRecord& group) {
  return group.retention_days * kDay;
}

}  // namespace

// --- retention -------------------------------------------------------------------------------------------------------

Logs::Logs(Door& door) : door_(door) {
  door.timers().on(kRetentionTimer, [this](Transaction& tx, const Timer& timer) { return expire(tx, timer); });
  door.timers().on(kForgetTimer, forget_query);
  door.outbox().deliver_to(kQueryDelivery,
                           {.deliver = [this](const Delivery& delivery) { return run_query(delivery); }});
  door.outbox().deliver_to(kExportDelivery,
                           {.deliver = [this](const Delivery& delivery) { return run_export(delivery); }});
}

Status Logs::watch_retention(Transaction& tx, const GroupKey& key, Time due) {
  return door_.timers().set(tx, kRetentionTimer, timer_id(key), due);
}

Status Logs::expire(Transaction& tx, const Timer& timer) {
  const GroupKey key = key_of_timer(timer.id);
  const auto group = TRY(tx.get(kGroups, key, Lock::kShared));
  if (!group || group->retention_days == 0) return {};
  const auto limit = *oldest_kept(*group, timer.due);
  const auto page = TRY(tx.scan_index(kChunks, kChunksByTime,
                                      {.prefix = index_prefix(kChunksByTime, group->id), .limit = kExpireAtOnce}));
  // A chunk goes when all of it is too old; those behind it may still be, within a chunk's span.
  std::optional<Time> next;
  for (const auto& [chunk, record] : page.entries) {
    const int64_t last = record.events.back().time;
    if (last < limit) {
      TRY(tx.erase(kChunks, chunk));
    } else if (!next) {
      next = Time::of_millis(last + 1) + retention(*group);
    }
  }
  if (!next)
    next = page.more ? timer.due : timer.due + retention(*group);
  else
    next = std::max(*next, timer.due + kLookEvery);
  return watch_retention(tx, key, *next);
}

std::optional<int64_t> oldest_kept(const GroupRecord& group, Time now) {
  if (group.retention_days == 0) return std::nullopt;
  return (now + -retention(group)).millis();
}

// --- where things are ------------------------------------------------------------------------------------------------

const std::string& owner_of(const Call& call) {
  return call.account().empty() ? call.caller().source_account : call.account();
}

Result<FoundGroup> find_group(Call& call, std::string_view name, Lock lock) {
  GroupKey key{owner_of(call), call.region(), std::string(name)};
  auto record = TRY(call.get(kGroups, key, lock));
  if (!record) return not_found("The specified log group does not exist.");
  return FoundGroup{std::move(key), std::move(*record)};
}

std::string group_name(const OptionalText& name, const OptionalText& identifier) {
  if (name) return *name;
  const auto arn = Arn::parse(identifier.value_or(""));
  if (!arn) return identifier.value_or("");
  constexpr std::string_view kType = "log-group:";
  std::string_view rest = arn->resource;
  if (rest.starts_with(kType)) rest.remove_prefix(kType.size());
  if (rest.ends_with(":*")) rest.remove_suffix(2);
  return std::string(rest);
}

Result<FoundGroup> find_group(Call& call, const OptionalText& name, const OptionalText& identifier, Lock lock) {
  if (name && identifier)
    return fail(400, "ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters.");
  if (!name && !identifier) return invalid("Give exactly one of logGroupName and logGroupIdentifier.");
  if (const auto arn = Arn::parse(identifier.value_or("")); arn && arn->account != call.account())
    return invalid(
        fmt::format("{} is of another account: reading linked accounts' log groups is not supported.", *identifier));
  return find_group(call, group_name(name, identifier), lock);
}

Result<FoundStream> find_stream(Call& call, const FoundGroup& group, std::string_view name, Lock lock) {
  StreamKey key{group.record.id, std::string(name)};
  auto record = TRY(call.get(kStreams, key, lock));
  if (!record) return not_found("The specified log stream does not exist.");
  return FoundStream{std::move(key), std::move(*record)};
}

std::string group_arn(const GroupKey& key) {
  return fmt::format("arn:aws:logs:{}:{}:log-group:{}", key.region, key.owner, key.name);
}

Status erase_chunks(Transaction& tx, uint64_t stream_id) {
  std::vector<ChunkKey> keys;
  auto at = tx.cursor(kChunks, {.prefix = prefix_of(kChunks, stream_id)});
  for (; at.valid(); at.next()) keys.push_back(TRY(at.key()));
  TRY(at.status());
  for (const ChunkKey& key : keys) TRY(tx.erase(kChunks, key));
  return {};
}

Result<std::string> page_start(Call& call, std::string_view request, const OptionalText& token) {
  if (!token || token->empty()) return std::string();
  auto position = page_position(call.door().store(), request, *token);
  if (!position) return invalid("The specified nextToken is invalid.");
  return std::move(*position);
}

}  // namespace tarn::logs

// What archives do by themselves: they take events from their bus, forget them when their time is over, and replay them.
#include <fmt/format.h>

#include "base/text.h"
#include "services/events/events.h"

namespace tarn::events {
namespace {

constexpr size_t kAtOnce = 100;  // events in one commit

// No part of a key has a blank.
template <class Key>
std::string timer_id(const Key& key) {
  return fmt::format("{} {} {}", key.owner, key.region, key.name);
}
template <class Key>
Key key_of(const Timer& timer) {
  const auto parts = split(timer.id, ' ');
  return {std::string(parts[0]), std::string(parts[1]), std::string(parts[2])};
}

}  // namespace

std::string archive_arn(const ArchiveKey& key) {
  return fmt::format("arn:aws:events:{}:{}:archive/{}", key.region, key.owner, key.name);
}

Status Events::plan(Transaction& tx, const ArchiveKey& key, ArchiveRecord& record, bool gone) {
  std::vector<std::string> wanted;
  if (!gone) {
    std::optional<EventPattern> pattern;
    if (record.pattern) pattern = TRY(parse_event_pattern(*record.pattern));
    wanted = sources_of(pattern ? &*pattern : nullptr);
  }
  TRY(subscribe(tx, {key.owner, key.region, record.bus}, archive_arn(key), record.subscriptions, std::move(wanted)));
  const Time now = door_.clock().now();
  if (gone) {
    TRY(door_.timers().cancel(tx, kRetainTimer, timer_id(key)));
    return door_.timers().set(tx, kForgetTimer, std::to_string(record.id), now);
  }
  // The oldest event decides when.
  return record.retention_days > 0 && record.events > 0 ? door_.timers().set(tx, kRetainTimer, timer_id(key), now)
                                                        : door_.timers().cancel(tx, kRetainTimer, timer_id(key));
}

Status Events::archive(Transaction& tx, const Compiled& bus, const Json& event, const FlatEvent& flat, Time ingested) {
  // AWS: what is replayed is not archived again.
  if (event.find("replay-name") != nullptr) return {};
  for (const Compiled::Archive& archive : bus.archives) {
    if (archive.pattern && !archive.pattern->matches(flat)) continue;
    auto record = TRY(tx.get(kArchives, archive.key));
    if (!record) continue;
    const ArchivedKey key{record->id, ingested, event["id"].as_string()};
    const std::string text = event.text();
    TRY(tx.put(kArchived, key, {text}));
    if (record->events == 0 && record->retention_days > 0)
      TRY(door_.timers().set(tx, kRetainTimer, timer_id(archive.key), ingested + record->retention_days * kDay));
    ++record->events;
    record->bytes += static_cast<int64_t>(text.size());
    TRY(tx.put(kArchives, archive.key, *record));
  }
  return {};
}

Status Events::retain(Transaction& tx, const Timer& timer) {
  const auto key = key_of<ArchiveKey>(timer);
  auto record = TRY(tx.get(kArchives, key));
  if (!record || record->retention_days == 0) return {};
  std::optional<Time> next;
  auto at = tx.cursor(kArchived, {.prefix = prefix_of(kArchived, record->id)});
  for (size_t count = 0; at.valid(); at.next(), ++count) {
    const ArchivedKey event = TRY(at.key());
    const Time over = event.time + record->retention_days * kDay;
    if (over > timer.due || count == kAtOnce) {
      next = std::max(over, timer.due);
      break;
    }
    record->bytes -= static_cast<int64_t>(TRY(at.record()).event.size());
    --record->events;
    TRY(tx.erase(kArchived, event));
  }
  TRY(at.status());
  TRY(tx.put(kArchives, key, *record));
  return next ? door_.timers().set(tx, kRetainTimer, timer.id, *next) : Status();
}

Status Events::forget(Transaction& tx, const Timer& timer) {
  const auto id = static_cast<uint64_t>(parse_int(timer.id).value_or(0));
  const auto page = TRY(tx.scan(kArchived, {.prefix = prefix_of(kArchived, id), .limit = kAtOnce}));
  for (const auto& entry : page.entries) TRY(tx.erase(kArchived, entry.key));
  return page.more ? door_.timers().set(tx, kForgetTimer, timer.id, timer.due) : Status();
}

Status Events::replay_soon(Transaction& tx, const ReplayKey& key, Time now) {
  return door_.timers().set(tx, kReplayTimer, timer_id(key), now);
}

Status Events::replay(Transaction& tx, const Timer& timer) {
  const auto key = key_of<ReplayKey>(timer);
  auto replay = TRY(tx.get(kReplays, key));
  if (!replay || replay->ended) return {};
  const auto archive = TRY(tx.get(kArchives, {key.owner, key.region, replay->archive}, Lock::kNone));
  const auto end = [&](const char* state) {
    replay->state = state;
    replay->ended = timer.due;
    return tx.put(kReplays, key, *replay);
  };
  if (!archive) return end("FAILED");
  if (replay->state == "CANCELLING") return end("CANCELLED");
  replay->state = "RUNNING";
  const std::string start =
      replay->position.empty() ? encoded_key(kArchived, ArchivedKey{archive->id, replay->from, ""}) : replay->position;
  auto at = tx.cursor(kArchived, {.prefix = prefix_of(kArchived, archive->id), .after = start});
  for (size_t count = 0; at.valid() && count < kAtOnce; at.next(), ++count) {
    const ArchivedKey event = TRY(at.key());
    if (event.time > replay->to) return end("COMPLETED");
    Json told = TRY(Json::parse(TRY(at.record()).event));
    told.set("replay-name", key.name);
    TRY(post(
        tx, {.bus = {key.owner, key.region, replay->bus}, .event = std::move(told), .only_rules = replay->only_rules}));
    replay->position = at.encoded();
    replay->last = event.time;
  }
  TRY(at.status());
  if (!at.valid()) return end("COMPLETED");
  TRY(tx.put(kReplays, key, *replay));
  return replay_soon(tx, key, timer.due);
}

}  // namespace tarn::events

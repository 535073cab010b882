#include "store/recent_records.h"

#include <algorithm>
#include <functional>

namespace tarn {

namespace {
size_t hash_of(std::string_view key) {
  return std::hash<std::string_view>()(key);
}
}  // namespace

RecentRecords::RecentRecords() : entries_(std::make_unique<Entry[]>(kSlots)) {}

RecentRecords::Slot RecentRecords::slot_of(std::string_view key) {
  return static_cast<Slot>(hash_of(key) % kSlots);
}

std::optional<std::optional<std::string>> RecentRecords::find(std::string_view key, Sequence reader) const {
  const Slot slot = slot_of(key);
  const std::lock_guard lock(lock_of(slot));
  const Entry& entry = entries_[slot];
  if (entry.changing > 0 || reader < entry.read_at || entry.key != key) return std::nullopt;
  return entry.record;
}

void RecentRecords::keep(std::string_view key, const std::optional<std::string>& record, Sequence read_at) {
  if (record && record->size() > kLongest) return;
  const Slot slot = slot_of(key);
  const std::lock_guard lock(lock_of(slot));
  Entry& entry = entries_[slot];
  if (entry.changing > 0 || read_at < entry.changed) return;
  if (const size_t hash = hash_of(key); entry.asked != hash) {
    entry.asked = hash;
    return;
  }
  entry.key = key;
  entry.record = record;
  entry.read_at = read_at;
}

void RecentRecords::close(const std::vector<Slot>& slots) {
  for (const Slot slot : slots) {
    const std::lock_guard lock(lock_of(slot));
    Entry& entry = entries_[slot];
    ++entry.changing;
    entry.key.clear();
    entry.record.reset();
    entry.asked = 0;
  }
}

void RecentRecords::open(const std::vector<Slot>& slots, Sequence newest) {
  for (const Slot slot : slots) {
    const std::lock_guard lock(lock_of(slot));
    Entry& entry = entries_[slot];
    --entry.changing;
    entry.changed = std::max(entry.changed, newest);
  }
}

}  // namespace tarn

// The records that were read lately, as they are committed now: what every call asks for (its bucket, its queue, the
// rules on them) is then read from RocksDB once, not once a call.
//
// A record is kept when it is read for the second time without a change in between: messages and the like come and go. Its
// slot is found by its key's hash; two keys of one slot drive each other out. A commit closes the slots of what
// it writes, empties them, and opens them again when its changes are to be seen: so what stands in an open slot has been
// the committed record since the sequence at which it was read.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/table.h"

namespace tarn {

// THREADS: any.
class RecentRecords {
 public:
  RecentRecords();

  using Slot = uint32_t;
  static Slot slot_of(std::string_view key);

  // The record (an absent one too) as a reader of this sequence sees it; nullopt: not known here. Sequences beyond the
  // newest stand for what is committed now.
  std::optional<std::optional<std::string>> find(std::string_view key, Sequence reader) const;
  // Keeps what was read at the sequence or behind it, unless it has changed since.
  void keep(std::string_view key, const std::optional<std::string>& record, Sequence read_at);

  // Around a commit that changes records of these slots: close() before, open() with the newest sequence behind it, whether
  // it went through or not.
  void close(const std::vector<Slot>& slots);
  void open(const std::vector<Slot>& slots, Sequence newest);

 private:
  struct Entry {
    std::string key;  // empty: no record is kept
    std::optional<std::string> record;
    Sequence read_at = 0;
    Sequence changed = 0;   // the last change of a record of this slot was no later
    uint32_t changing = 0;  // commits under way
    size_t asked = 0;       // the hash of the key that was read last
  };
  static constexpr size_t kSlots = 4096;
  static constexpr size_t kLongest = 1024;  // longer records are not kept
  static constexpr size_t kLocks = 64;
  std::mutex& lock_of(Slot slot) const { return locks_[slot % kLocks]; }

  std::unique_ptr<Entry[]> entries_;
  mutable std::array<std::mutex, kLocks> locks_;
};

}  // namespace tarn

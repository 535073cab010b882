#include <fmt/format.h>
#include <rocksdb/utilities/write_batch_with_index.h>

#include <algorithm>

#include "store/rocks.h"
#include "store/table.h"

namespace tarn {
namespace {

constexpr size_t kMostChecked = 64;  // changes of a transaction; one of more reads all from RocksDB

}  // namespace

// --- cursors --------------------------------------------------------------------------------------------------------

struct RawCursor::State {
  std::string prefix;
  std::string end;           // of the prefix; empty: none
  rocksdb::Slice end_slice;  // what the iterator's upper bound points to
  bool reverse;
  std::unique_ptr<rocksdb::Iterator> at = {};

  // To the range's last entry before `before` (empty: the last of all).
  void seek_before(std::string_view before) {
    if (before.empty()) return at->SeekToLast();
    at->SeekForPrev(slice(before));
    if (at->Valid() && view(at->key()) == before) at->Prev();
  }
};

RawCursor::RawCursor(std::unique_ptr<State> state) : state_(std::move(state)) {}
RawCursor::RawCursor(RawCursor&&) noexcept = default;
RawCursor::~RawCursor() = default;

bool RawCursor::valid() const {
  return state_->at->Valid() && view(state_->at->key()).starts_with(state_->prefix);
}
Status RawCursor::status() const {
  return checked(state_->at->status());
}
std::string_view RawCursor::key() const {
  return view(state_->at->key());
}
std::string_view RawCursor::value() const {
  return view(state_->at->value());
}

void RawCursor::next() {
  if (state_->reverse)
    state_->at->Prev();
  else
    state_->at->Next();
}

void RawCursor::seek(std::string_view encoded) {
  if (state_->reverse) {
    // Nothing beyond the range, also when the key is.
    if (!state_->end.empty() && encoded >= state_->end)
      state_->seek_before(state_->end);
    else
      state_->at->SeekForPrev(slice(encoded));
  } else {
    state_->at->Seek(slice(std::max(encoded, std::string_view(state_->prefix))));
  }
}

void RawCursor::seek_past(std::string_view encoded_prefix) {
  if (state_->reverse) return state_->seek_before(encoded_prefix);
  const std::string end = end_of_prefix(encoded_prefix);
  if (!end.empty()) return seek(end);
  state_->at->SeekToLast();
  if (state_->at->Valid()) state_->at->Next();
}

// --- transactions ---------------------------------------------------------------------------------------------------

// A conflict or a failure breaks the transaction, so that a handler that overlooks it cannot commit half of its work.
Status Transaction::State::note(const rocksdb::Status& status) {
  if (status.ok()) return {};
  const Failure failure(store_error(status));
  if (broken) broken = failure;
  return failure;
}

Transaction::Transaction(std::unique_ptr<State> state) : state_(std::move(state)) {}

Transaction::~Transaction() {
  if (state_->snapshot) state_->in.db->ReleaseSnapshot(state_->snapshot);
}

Store& Transaction::store() const {
  return state_->store;
}
bool Transaction::writes() const {
  return state_->writing != nullptr;
}

Sequence Transaction::seen() const {
  return state_->snapshot ? state_->snapshot->GetSequenceNumber() : state_->in.db->GetLatestSequenceNumber();
}

bool Transaction::State::may_have_changed(RecentRecords::Slot slot) const {
  return changed.size() > kMostChecked || std::ranges::find(changed, slot) != changed.end();
}

void Transaction::State::note_change(std::string_view key) {
  const RecentRecords::Slot slot = RecentRecords::slot_of(key);
  if (changed.size() > kMostChecked || !may_have_changed(slot)) changed.push_back(slot);
}

Result<std::optional<std::string>> Transaction::State::read(Family family, std::string_view key) {
  std::string value;
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  const rocksdb::Status status = writing ? writing->Get(options, in.family(family), slice(key), &value)
                                         : in.db->Get(options, in.family(family), slice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  TRY(note(status));
  return value;
}

Result<std::optional<std::string>> Transaction::State::read_recent(std::string_view key) {
  if (writing && may_have_changed(RecentRecords::slot_of(key))) return read(Family::kState, key);
  if (auto recent = in.recent.find(key, snapshot ? snapshot->GetSequenceNumber() : UINT64_MAX))
    return *std::move(recent);
  const Sequence read_at = snapshot ? snapshot->GetSequenceNumber() : in.db->GetLatestSequenceNumber();
  std::optional<std::string> found = TRY(read(Family::kState, key));
  in.recent.keep(key, found, read_at);
  return found;
}

Result<std::optional<std::string>> Transaction::get_bytes(Family family, std::string_view key, Lock lock) {
  State& s = *state_;
  if (family != Family::kState) return s.read(family, key);  // nobody changes audit and object bytes
  std::string* const only_lock = nullptr;
  if (s.writing && lock != Lock::kNone)
    TRY(s.note(s.writing->GetForUpdate({}, s.in.family(family), slice(key), only_lock, lock == Lock::kExclusive)));
  return s.read_recent(key);
}

namespace {
Failure only_reads() {
  return internal_failure("a read-only operation tried to write");
}
}  // namespace

Status Transaction::put_bytes(Family family, std::string_view key, std::string_view value) {
  State& s = *state_;
  if (!s.writing) return only_reads();
  if (family == Family::kState) {
    s.note_change(key);
    return s.note(s.writing->Put(s.in.family(family), slice(key), slice(value)));
  }
  // Audit and object bytes have keys of their own that nobody else writes: no lock is needed.
  return s.note(s.writing->GetWriteBatch()->Put(s.in.family(family), slice(key), slice(value)));
}

Status Transaction::erase_bytes(Family family, std::string_view key) {
  State& s = *state_;
  if (!s.writing) return only_reads();
  if (family == Family::kState) {
    s.note_change(key);
    return s.note(s.writing->Delete(s.in.family(family), slice(key)));
  }
  return s.note(s.writing->GetWriteBatch()->Delete(s.in.family(family), slice(key)));
}

RawCursor Transaction::cursor_bytes(Family family, std::string_view prefix, std::string_view after, bool reverse) {
  State& s = *state_;
  auto cursor =
      std::make_unique<RawCursor::State>(std::string(prefix), end_of_prefix(prefix), rocksdb::Slice(), reverse);
  rocksdb::ReadOptions options;
  options.snapshot = s.snapshot;
  if (!cursor->end.empty() && !reverse) {  // saves walking over what was erased behind the range
    cursor->end_slice = slice(cursor->end);
    options.iterate_upper_bound = &cursor->end_slice;
  }
  cursor->at.reset(s.writing ? s.writing->GetIterator(options, s.in.family(family))
                             : s.in.db->NewIterator(options, s.in.family(family)));
  if (reverse) {
    const bool within = !after.empty() && (cursor->end.empty() || after < cursor->end);
    cursor->seek_before(within ? after : std::string_view(cursor->end));
  } else if (after.empty() || after < prefix) {
    cursor->at->Seek(slice(prefix));
  } else {
    cursor->at->Seek(slice(after));
    if (cursor->at->Valid() && view(cursor->at->key()) == after) cursor->at->Next();
  }
  return RawCursor(std::move(cursor));
}

Status Transaction::move_index_entries(std::string_view index, std::string_view encoded,
                                       const std::vector<std::string>& before, const std::vector<std::string>& after) {
  const auto entry = [&](const std::string& key) {
    // The record's own key behind the index key, so that records with the same one have entries of their own.
    std::string out = codec::table_prefix(index);
    out += key;
    out += encoded;
    return out;
  };
  for (const std::string& key : before)
    if (std::ranges::find(after, key) == after.end()) TRY(erase_bytes(Family::kState, entry(key)));
  for (const std::string& key : after)
    if (std::ranges::find(before, key) == before.end()) TRY(put_bytes(Family::kState, entry(key), encoded));
  return {};
}

Result<Sequence> Transaction::commit() {
  State& s = *state_;
  if (!s.broken) {
    if (s.writing) (void)s.writing->Rollback();  // gives the locks back
    return Failure(s.broken.error());
  }
  s.broken = internal_failure("the transaction is over");
  const bool changes = s.writing && s.writing->GetWriteBatch()->GetWriteBatch()->Count() > 0;
  if (changes) {
    TRY(s.store.writable());
    s.in.recent.close(s.changed);
    const rocksdb::Status status = s.writing->Commit();
    s.in.recent.open(s.changed, s.in.db->GetLatestSequenceNumber());
    if (!status.ok()) {
      const Error error = store_error(status);
      if (!is_conflict(error)) s.in.sync->fail(error);
      return Failure(error);
    }
    s.in.sync->committed();
  } else if (s.writing) {
    (void)s.writing->Rollback();
  }
  const Sequence sequence = s.snapshot ? s.snapshot->GetSequenceNumber() : s.in.db->GetLatestSequenceNumber();
  for (auto& action : s.committed_actions) action();
  s.committed_actions.clear();
  if (!s.synced_actions.empty())
    s.store.when_synced(sequence, [actions = std::exchange(s.synced_actions, {})](const Status& status) mutable {
      for (auto& action : actions)
        if (status) action();
    });
  return sequence;
}

void Transaction::on_commit(std::move_only_function<void()> action) {
  state_->committed_actions.push_back(std::move(action));
}
void Transaction::on_synced(std::move_only_function<void()> action) {
  state_->synced_actions.push_back(std::move(action));
}

}  // namespace tarn

#include "store/store.h"

#include <fmt/format.h>
#include <rocksdb/utilities/checkpoint.h>

#include <semaphore>

#include "base/digest.h"
#include "base/text.h"
#include "os/random.h"
#include "store/open_rocks.h"
#include "store/rocks.h"

namespace tarn {
namespace {

constexpr int64_t kFormat = 1;  // of the data directory
constexpr std::string_view kFormatWord = "tarn-data ";
constexpr int kRuns = 3;  // of an operation that meets conflicts

struct DirectoryKey {
  std::string name;
  static void fields(auto& self, auto&& visit) { visit(self.name); }
};
struct DirectoryRecord {
  uint64_t generation = 0;
  std::string key;
  static void fields(auto& self, auto&& visit) { visit(self.generation, self.key); }
};
constexpr Table<DirectoryKey, DirectoryRecord> kDirectory{"tarn.directory"};

Status write_format(const std::string& directory) {
  return write_file_atomically(directory + "/format", fmt::format("{}{}\n", kFormatWord, kFormat));
}

// Refuses what this version cannot read; gives a new directory its number.
Status check_format(const std::string& directory) {
  const std::string path = directory + "/format";
  if (!file_exists(path)) {
    if (file_exists(directory + "/store"))
      return internal_failure(path +
                              " is missing: this is no data directory, or a damaged one. Restore it from a backup.");
    return write_format(directory);
  }
  const std::string text = TRY(read_file(path));
  const auto number = text.starts_with(kFormatWord) ? parse_int(trim(text.substr(kFormatWord.size()))) : std::nullopt;
  if (!number || *number < 1) return internal_failure(path + " is damaged: it holds no format number.");
  if (*number > kFormat)
    return fail(
        409, "NewerFormat",
        fmt::format("The directory {} has format {}; this version of tarn knows {} and older. Use a newer tarn.",
                    directory, *number, kFormat));
  return {};  // format 1 is the oldest there is: nothing to upgrade
}

std::string high_water_mark(Sequence sequence) {
  std::string text;
  codec::append_fixed64(text, sequence);
  codec::append_fixed64(text, crc32c(0, text));
  return text;
}

}  // namespace

Error store_error(const rocksdb::Status& status) {
  if (status.IsBusy() || status.IsTimedOut() || status.IsTryAgain() || status.IsExpired())
    return {503, std::string(kTransactionConflict), "Another operation changes the same: " + status.ToString()};
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kNoSpace)
    return {507, "InsufficientStorage", "The disk is full: " + status.ToString()};
  const char* advice = status.IsCorruption() ? ". Restore the data directory from a backup." : "";
  return {500, "InternalFailure", fmt::format("The store failed: {}{}", status.ToString(), advice)};
}

std::string end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) ++end.back();
  return end;
}

// --- open and close -------------------------------------------------------------------------------------------------

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Store>> Store::open(const std::string& directory, StoreOptions options) {
  TRY(make_directories(directory));
  auto state = std::make_unique<State>(TRY(DirectoryLock::take(directory)));
  state->directory = directory;
  state->options = std::move(options);
  TRY(check_format(directory));
  TRY(open_rocks(directory + "/store", state->options, state->stalls, state->db, state->families));
  State& s = *state;
  TRY(s.check_high_water());
  s.sync = std::make_unique<LogSync>([&s] { return s.db->GetLatestSequenceNumber(); },
                                     [&s](Sequence up_to) { return s.sync_log(up_to); });
  s.check_space();

  std::unique_ptr<Store> store(new Store(std::move(state)));
  const auto tx = store->write();
  DirectoryRecord record = TRY(tx->get(kDirectory, {"self"})).value_or(DirectoryRecord{});
  if (record.key.empty()) record.key = random_bytes(32);
  ++record.generation;
  s.generation = record.generation;
  s.key = record.key;
  // Not waited for: whatever commit holds an id of this run stands behind this one in the log. And a full disk shall
  // not keep what is there from being read.
  if (store->writable()) {
    TRY(tx->put(kDirectory, {"self"}, record));
    TRY(tx->commit());
  }
  return store;
}

Store::~Store() = default;

Store::State::~State() {
  sync.reset();
  if (db) close_rocks(*db, families);
}

Status Store::State::sync_log(Sequence up_to) {
  check_space();
  TRY(checked(db->FlushWAL(options.sync)));
  // Not synced itself: whatever value a crash leaves here, all up to it was on the disk before it was written.
  if (high_water) (void)write_all_at(high_water.get(), 0, high_water_mark(up_to), "DIR/synced");
  return {};
}

// Replaying ends silently at the first damaged place of the log: right for what was being written in a crash, a loss of
// acknowledged commits anywhere before.
Status Store::State::check_high_water() {
  const std::string path = directory + "/synced";
  if (const auto text = read_file(path); text && text->size() >= 8) {
    const uint64_t mark = codec::Source{*text}.fixed64();
    if (*text == high_water_mark(mark) && mark > db->GetLatestSequenceNumber())
      return internal_failure(
          fmt::format("The log in {}/store is damaged: {} changes that were acknowledged are missing at its end. "
                      "Restore the directory from a "
                      "backup; or, to go on without them, remove the file {}.",
                      directory, mark - db->GetLatestSequenceNumber(), path));
  }
  if (auto file = open_file(path, file_exists(path) ? OpenMode::kReadWrite : OpenMode::kCreateNew))
    high_water = std::move(*file);
  return {};
}

void Store::State::check_space() {
  const auto space = free_space(directory);
  full = space && *space < options.reserve_bytes;
}

const std::string& Store::directory() const {
  return state_->directory;
}

Status Store::writable() const {
  TRY(state_->sync->health());
  if (!state_->full) return {};
  TRY(room_for(0));  // somebody may have made room since
  state_->full = false;
  return {};
}

bool Store::stalled() const {
  return state_->stalls->load(std::memory_order_relaxed) > 0;
}

Status Store::room_for(uint64_t bytes) const {
  const auto space = free_space(state_->directory);
  if (!space || *space >= state_->options.reserve_bytes + bytes) return {};
  return fail(
      507, "InsufficientStorage",
      fmt::format("The disk under {} is full: {} MiB are left, of which {} MiB are kept in reserve. Make room on it.",
                  state_->directory, *space >> 20, state_->options.reserve_bytes >> 20));
}

// --- transactions ---------------------------------------------------------------------------------------------------

std::unique_ptr<Transaction> Store::read() {
  auto state = std::make_unique<Transaction::State>(*this, *state_);
  state->snapshot = state_->db->GetSnapshot();
  return std::unique_ptr<Transaction>(new Transaction(std::move(state)));
}

std::unique_ptr<Transaction> Store::write() {
  auto state = std::make_unique<Transaction::State>(*this, *state_);
  rocksdb::TransactionOptions options;
  options.deadlock_detect = true;
  options.lock_timeout = state_->options.lock_timeout / 1'000;
  state->writing.reset(state_->db->BeginTransaction(rocksdb::WriteOptions(), options));
  return std::unique_ptr<Transaction>(new Transaction(std::move(state)));
}

Result<Sequence> Store::run(std::move_only_function<Status(Transaction&)> work) {
  for (int left = kRuns;; --left) {
    const auto tx = write();
    Status done = work(*tx);
    Result<Sequence> committed = done ? tx->commit() : Failure(done.error());
    if (committed || left == 1 || !is_conflict(committed.error())) return committed;
  }
}

void Store::when_synced(Sequence sequence, std::move_only_function<void(Status)> then) {
  state_->sync->when_synced(sequence, std::move(then));
}

Status Store::wait_synced(Sequence sequence) {
  if (synced(sequence)) return {};
  Status result;
  std::binary_semaphore done(0);
  when_synced(sequence, [&](Status status) {
    result = std::move(status);
    done.release();
  });
  done.acquire();
  return result;
}

bool Store::synced(Sequence sequence) const {
  return state_->sync->synced(sequence);
}
Sequence Store::latest() const {
  return state_->db->GetLatestSequenceNumber();
}

Sequence Store::oldest_reader() const {
  const Sequence newest = latest();  // first: a reader that comes after this sees at least that much
  uint64_t oldest = 0;
  state_->db->GetIntProperty(rocksdb::DB::Properties::kOldestSnapshotSequence, &oldest);
  return oldest != 0 ? oldest : newest;
}

uint64_t Store::next_id() {
  // 2^22 starts of 2^40 ids.
  return state_->generation << 40 | ++state_->ids;
}

std::string Store::secret(std::string_view purpose) const {
  return hmac_sha256(state_->key, purpose);
}

// --- copies and checks ----------------------------------------------------------------------------------------------

Status Store::checkpoint(const std::string& to) {
  TRY(make_directories(to));
  rocksdb::Checkpoint* checkpoint = nullptr;
  TRY(checked(rocksdb::Checkpoint::Create(state_->db->GetRootDB(), &checkpoint)));
  const std::unique_ptr<rocksdb::Checkpoint> owned(checkpoint);
  TRY(checked(checkpoint->CreateCheckpoint(to + "/store")));
  return write_format(to);
}

Result<Store::Counts> Store::verify() {
  Counts counts;
  TRY(checked(state_->db->VerifyChecksum()));
  const auto tx = read();
  for (const Family family : {Family::kState, Family::kAudit, Family::kBytes}) {
    RawCursor at = tx->cursor_bytes(family, "");
    for (; at.valid(); at.next()) {
      ++counts.records;
      counts.bytes += at.key().size() + at.value().size();
    }
    TRY(at.status());
  }
  return counts;
}

}  // namespace tarn

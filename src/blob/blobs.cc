#include "blob/blobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "blob/state.h"
#include "os/file.h"

namespace tarn {
namespace {

constexpr size_t kReserve = 64;  // ids recorded as pending at a time: one wait for the disk for so many files
constexpr size_t kRecentFiles = 64;

Failure just_gone(BlobId blob) {
  return fail(503, std::string(kTransactionConflict), fmt::format("The blob {:x} has just been deleted.", blob));
}

// The directories that the files spread over, made once, so that no writer has to make and sync one.
Status make_fan_out(const std::string& directory) {
  if (is_directory(directory + "/ff")) return {};
  for (int i = 0; i < 256; ++i) TRY(make_directories(fmt::format("{}/{:02x}", directory, i)));
  TRY(sync_directory(directory));
  return sync_directory(directory + "/..");
}

}  // namespace

std::string bytes_key(BlobId blob) {
  std::string key;
  append_key(key, BlobKey{blob});
  return key;
}

std::string Blobs::file_of(BlobId blob) {
  if (rides_in_store(blob)) return {};
  return fmt::format("blobs/{:02x}/{:016x}", (blob >> 1) & 0xff, blob);
}

std::vector<Segment> StagedBody::segments() const {
  if (blob == 0) return {};
  return {Segment{blob, 0, size}};
}

// --- references -----------------------------------------------------------------------------------------------------

Status Blobs::adopt(Transaction& tx, const StagedBody& body) {
  if (body.blob == 0) return {};
  TRY(tx.put(kBlobs, {body.blob}, {1, body.size}));
  if (body.bytes) return tx.put_bytes(Family::kBytes, bytes_key(body.blob), *body.bytes);
  TRY(tx.erase(kPending, {body.blob}));
  tx.on_commit([file = body.file] { file->adopted(); });
  return {};
}

Status Blobs::retain(Transaction& tx, BlobId blob) {
  std::optional<BlobRecord> record = TRY(tx.get(kBlobs, {blob}));
  if (!record) return just_gone(blob);
  ++record->references;
  return tx.put(kBlobs, {blob}, *record);
}

Status Blobs::release(Transaction& tx, BlobId blob) {
  std::optional<BlobRecord> record = TRY(tx.get(kBlobs, {blob}));
  if (!record || record->references == 0)
    return internal_failure(fmt::format("The blob {:x} has no reference left to be released: run `tarn check`.", blob));
  if (--record->references > 0) return tx.put(kBlobs, {blob}, *record);
  TRY(tx.erase(kBlobs, {blob}));
  if (rides_in_store(blob)) return tx.erase_bytes(Family::kBytes, bytes_key(blob));
  TRY(tx.put(kPending, {blob}, {}));
  tx.on_synced([state = state_, blob] { state->doom(blob, state->store.latest()); });
  return {};
}

Status Blobs::retain(Transaction& tx, const std::vector<Segment>& segments) {
  for (const Segment& segment : segments) TRY(retain(tx, segment.blob));
  return {};
}

Status Blobs::release(Transaction& tx, const std::vector<Segment>& segments) {
  for (const Segment& segment : segments) TRY(release(tx, segment.blob));
  return {};
}

Result<StagedBody> Blobs::stage(std::string_view bytes, const std::vector<DigestKind>& digests) {
  const auto to = writer(digests);
  TRY(to->append(bytes));
  return to->finish();
}

// --- files ----------------------------------------------------------------------------------------------------------

Result<BlobId> Blobs::State::reserve() {
  const std::lock_guard lock(reserve_mutex);
  if (reserved.empty()) {
    std::vector<BlobId> ids;
    ids.reserve(kReserve);
    for (size_t i = 0; i < kReserve; ++i) ids.push_back(store.next_id() * 2);
    const Sequence sequence = TRY(store.run([&](Transaction& tx) -> Status {
      for (const BlobId id : ids) TRY(tx.put(kPending, {id}, {}));
      return {};
    }));
    TRY(store.wait_synced(sequence));
    reserved = std::move(ids);
  }
  const BlobId id = reserved.back();
  reserved.pop_back();
  return id;
}

Result<std::shared_ptr<BlobFile>> Blobs::State::file(BlobId blob) {
  {
    const std::lock_guard lock(mutex);
    if (const auto found = files.find(blob); found != files.end())
      if (auto open = found->second.lock()) return open;
  }
  std::shared_ptr<BlobFile> opened = TRY(BlobFile::open(path(blob)));
  const std::lock_guard lock(mutex);
  std::weak_ptr<BlobFile>& known = files[blob];
  if (auto other = known.lock()) return other;  // opened by another thread meanwhile
  known = opened;
  recent.push_back(opened);
  if (recent.size() > kRecentFiles) {
    recent.pop_front();
    if (files.size() > 4 * kRecentFiles) std::erase_if(files, [](const auto& entry) { return entry.second.expired(); });
  }
  return opened;
}

void Blobs::State::pin(BlobId blob) {
  const std::lock_guard lock(mutex);
  ++pins[blob];
}

void Blobs::State::unpin(const std::vector<BlobId>& blobs) {
  bool last = false;
  {
    const std::lock_guard lock(mutex);
    for (const BlobId blob : blobs)
      if (const auto found = pins.find(blob); --found->second == 0) {
        pins.erase(found);
        last = last || doomed.contains(blob);
      }
  }
  if (last) changed.notify_all();
}

// --- removal --------------------------------------------------------------------------------------------------------

void Blobs::State::doom(BlobId blob, Sequence sequence) {
  {
    const std::lock_guard lock(mutex);
    doomed.emplace(blob, sequence);
  }
  changed.notify_all();
}

std::vector<BlobId> Blobs::State::take_removable(Sequence oldest_reader) {
  std::vector<BlobId> blobs;
  if (keeping > 0) return blobs;
  for (auto at = doomed.begin(); at != doomed.end();) {
    if (at->second > oldest_reader || pins.contains(at->first)) {
      ++at;
    } else {
      blobs.push_back(at->first);
      at = doomed.erase(at);
    }
  }
  removing += static_cast<int>(blobs.size());
  return blobs;
}

void Blobs::State::sweep() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    if (doomed.empty()) {
      changed.wait(lock);
      continue;
    }
    lock.unlock();
    const Sequence oldest = store.oldest_reader();
    lock.lock();
    const std::vector<BlobId> blobs = take_removable(oldest);
    if (blobs.empty()) {
      // Pinned, or seen by a read that is still under way: these are short.
      changed.wait_for(lock, std::chrono::milliseconds(20));
      continue;
    }
    lock.unlock();
    remove(blobs);
    lock.lock();
    removing -= static_cast<int>(blobs.size());
    removed.notify_all();
  }
}

void Blobs::State::remove(const std::vector<BlobId>& blobs) {
  {
    const std::lock_guard lock(mutex);
    for (const BlobId blob : blobs) {
      const auto found = files.find(blob);
      if (found == files.end()) continue;
      if (const auto open = found->second.lock()) std::erase(recent, open);
      files.erase(found);
    }
  }
  std::vector<BlobId> gone;
  for (const BlobId blob : blobs)
    if (remove_file(path(blob))) gone.push_back(blob);
  // What could not be removed or forgotten now stays pending, and is removed at the next start.
  (void)store.run([&](Transaction& tx) -> Status {
    for (const BlobId blob : gone) TRY(tx.erase(kPending, {blob}));
    return {};
  });
}

Status Blobs::State::recover() {
  const auto page = TRY(store.read()->scan(kPending));
  std::vector<BlobId> left;
  left.reserve(page.entries.size());
  for (const auto& entry : page.entries) left.push_back(entry.key.blob);
  if (!left.empty() && store.writable()) remove(left);
  return {};
}

// --- as a whole -----------------------------------------------------------------------------------------------------

Blobs::Blobs(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Blobs>> Blobs::open(Store& store) {
  auto state = std::make_shared<State>(store);
  TRY(make_fan_out(state->directory + "/blobs"));
  TRY(state->recover());
  state->sweeper = std::thread([s = state.get()] { s->sweep(); });
  return std::unique_ptr<Blobs>(new Blobs(std::move(state)));
}

Blobs::~Blobs() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  state_->sweeper.join();
}

void Blobs::settle() {
  State& s = *state_;
  (void)s.store.wait_synced(s.store.latest());
  std::unique_lock lock(s.mutex);
  s.removed.wait(lock, [&] {
    return s.removing == 0 &&
           (s.keeping > 0 || std::ranges::all_of(s.doomed, [&](const auto& d) { return s.pins.contains(d.first); }));
  });
}

std::shared_ptr<void> Blobs::keep_all() {
  {
    const std::lock_guard lock(state_->mutex);
    ++state_->keeping;
  }
  return std::shared_ptr<void>(nullptr, [state = state_](void*) {
    {
      const std::lock_guard lock(state->mutex);
      --state->keeping;
    }
    state->changed.notify_all();
  });
}

Store& Blobs::store() const {
  return state_->store;
}

Status Blobs::each(Transaction& tx, const std::function<Status(const Known&)>& visit) {
  Cursor<BlobKey, BlobRecord> at = tx.cursor(kBlobs);
  for (; at.valid(); at.next()) {
    const BlobRecord record = TRY(at.record());
    TRY(visit({TRY(at.key()).blob, record.size, record.references}));
  }
  return at.status();
}

Status Blobs::verify(Transaction& tx, const Known& known) {
  uint64_t size = 0;
  if (rides_in_store(known.blob)) {
    const auto bytes = TRY(tx.get_bytes(Family::kBytes, bytes_key(known.blob), Lock::kNone));
    if (!bytes)
      return internal_failure(fmt::format("The bytes of the blob {:x} are missing in the store.", known.blob));
    size = bytes->size();
  } else {
    const auto file = TRY(BlobFile::open(state_->path(known.blob)));
    size = file->size();
    TRY(file->check(0, size));
  }
  if (size != known.size)
    return internal_failure(
        fmt::format("The blob {:x} has {} bytes and should have {}.", known.blob, size, known.size));
  return {};
}

}  // namespace tarn

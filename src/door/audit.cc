#include "door/audit.h"

#include <chrono>

#include "os/clock.h"

namespace tarn {
namespace {

constexpr auto kBatchDelay = std::chrono::milliseconds(200);
constexpr size_t kBatchAtOnce = 4096;   // waiting records that are written without more delay
constexpr size_t kMostWaiting = 65536;  // beyond it the writer is waited for: an audit record is never dropped

}  // namespace

Audit::Audit(Store& store) : store_(store), thread_([this] { work(); }) {}

Audit::~Audit() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Audit::unwatch() {
  (void)flush();
  const std::lock_guard flushing(flushing_);
  watcher_ = nullptr;
}

Status Audit::write(Transaction& tx, const AuditRecord& record) {
  if (watcher_ != nullptr && watcher_->wants(record)) TRY(watcher_->tell(tx, record));
  return Store::append_audit(tx, record.time, encode_record(record));
}

void Audit::write_done(const AuditRecord& record) {
  if (watcher_ == nullptr || !watcher_->wants(record)) return write_later(record);
  if (!store_.run([&](Transaction& tx) { return write(tx, record); })) write_later(record);
}

void Audit::write_later(const AuditRecord& record) {
  // Encoded here: one string that another thread frees instead of a dozen.
  AuditEntry entry{record.time, encode_record(record)};
  const bool wanted = watcher_ != nullptr && watcher_->wants(record);
  bool too_many = false;
  {
    const std::lock_guard lock(mutex_);
    if (wanted) telling_.push_back(record);
    waiting_.push_back(std::move(entry));
    too_many = waiting_.size() >= kMostWaiting;
    if (waiting_.size() == 1 || waiting_.size() == kBatchAtOnce) wake_.notify_one();
  }
  if (too_many) (void)flush();  // a store that takes no writes says so to whoever writes next
}

Status Audit::flush() {
  const std::lock_guard flushing(flushing_);  // who reads next sees what another thread is writing now
  std::vector<AuditEntry> batch;
  std::vector<AuditRecord> telling;
  {
    const std::lock_guard lock(mutex_);
    batch.swap(waiting_);
    telling.swap(telling_);
  }
  if (!batch.empty()) TRY(store_.append_audit(batch));
  if (telling.empty() || watcher_ == nullptr) return {};
  const auto told = store_.run([&](Transaction& tx) -> Status {
    for (const AuditRecord& record : telling) TRY(watcher_->tell(tx, record));
    return {};
  });
  return told ? Status() : Status(Failure(told.error()));
}

void Audit::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    wake_.wait_for(lock, kBatchDelay, [this] { return stopping_ || waiting_.size() >= kBatchAtOnce; });
    lock.unlock();
    (void)flush();
    lock.lock();
  }
  lock.unlock();
  (void)flush();
}

Result<std::vector<AuditRecord>> Audit::newest(size_t limit, const std::function<bool(const AuditRecord&)>& wanted) {
  TRY(flush());
  std::vector<AuditRecord> found;
  std::string position;
  for (bool more = true; more && found.size() < limit;) {
    const Store::AuditPage page =
        TRY(store_.read_audit(Time{0}, Time{INT64_MAX / 2}, 1000, /*reverse=*/true, position));
    for (const AuditEntry& entry : page.entries) {
      AuditRecord record = TRY(decode_record<AuditRecord>(entry.record, "audit"));
      if (wanted(record) && found.size() < limit) found.push_back(std::move(record));
    }
    position = page.position;
    more = page.more;
  }
  return found;
}

Result<Audit::Page> Audit::page(const Range& range) {
  TRY(flush());
  Store::AuditPage read = TRY(store_.read_audit(range.from, range.to, range.limit, range.newest_first, range.position));
  Page out{.records = {}, .positions = {}, .position = std::move(read.position), .more = read.more};
  for (AuditEntry& entry : read.entries) {
    out.records.push_back(TRY(decode_record<AuditRecord>(entry.record, "audit")));
    out.positions.push_back(std::move(entry.position));
  }
  return out;
}

}  // namespace tarn

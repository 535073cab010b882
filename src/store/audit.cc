// Audit records: a family of their own, in the order of time, the oldest files dropped by age and size.
#include <rocksdb/write_batch.h>

#include "store/rocks.h"
#include "store/store.h"

namespace tarn {
namespace {

std::string audit_key(Time time, uint64_t id) {
  std::string key;
  codec::append_key_part(key, time);
  codec::append_key_part(key, id);
  return key;
}

std::string time_key(Time time) {
  std::string key;
  codec::append_key_part(key, time);
  return key;
}

}  // namespace

Status Store::append_audit(Transaction& tx, Time time, std::string_view record) {
  return tx.put_bytes(Family::kAudit, audit_key(time, tx.store().next_id()), record);
}

Status Store::append_audit(const std::vector<AuditEntry>& batch) {
  TRY(writable());
  rocksdb::WriteBatch writes;
  for (const AuditEntry& entry : batch)
    TRY(checked(writes.Put(state_->family(Family::kAudit), audit_key(entry.time, next_id()), entry.record)));
  rocksdb::TransactionDBWriteOptimizations nobody_else_writes_these;
  nobody_else_writes_these.skip_concurrency_control = true;
  TRY(checked(state_->db->Write(rocksdb::WriteOptions(), nobody_else_writes_these, &writes)));
  state_->sync->committed();
  return {};
}

Result<Store::AuditPage> Store::read_audit(Time from, Time to, size_t limit, bool reverse, std::string_view position) {
  AuditPage page;
  const auto tx = read();
  const std::string first = time_key(from), end = time_key(to);
  RawCursor at = tx->cursor_bytes(Family::kAudit, "", position, reverse);
  if (position.empty() && !reverse) at.seek(first);
  if (position.empty() && reverse) at.seek_past(end);
  for (; at.valid() && at.key() >= first && at.key() < end; at.next()) {
    if (page.entries.size() == limit) {
      page.more = true;
      break;
    }
    codec::Source key{at.key()};
    Time time;
    codec::read_key_part(key, time);
    page.entries.push_back({time, std::string(at.value()), std::string(at.key())});
    page.position = at.key();
  }
  TRY(at.status());
  return page;
}

}  // namespace tarn

#include "store/open_rocks.h"

#include <fmt/format.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <cstdarg>
#include <cstdio>

#include "base/text.h"
#include "os/file.h"

namespace tarn {
namespace {

constexpr uint64_t kMaxLogBytes = 64 << 20;     // what a restart may have to replay
constexpr uint64_t kCloseFlushBytes = 4 << 20;  // less than this is replayed faster than it is flushed

// RocksDB's warnings, one line each, to whoever runs the server.
class LineLogger final : public rocksdb::Logger {
 public:
  explicit LineLogger(std::function<void(const std::string&)> log)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), log_(std::move(log)) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list args) override {
    if (!log_) return;
    char line[1024];
    std::vsnprintf(line, sizeof line, format, args);
    if (const std::string_view text = trim(line); !text.empty()) log_(fmt::format("store: {}", text));
  }

 private:
  std::function<void(const std::string&)> log_;
};

class StallCounter final : public rocksdb::EventListener {
 public:
  explicit StallCounter(std::shared_ptr<std::atomic<int>> stalls) : stalls_(std::move(stalls)) {}
  void OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) override {
    const auto stalled = [](rocksdb::WriteStallCondition c) { return c == rocksdb::WriteStallCondition::kNormal ? 0 : 1; };
    *stalls_ += stalled(info.condition.cur) - stalled(info.condition.prev);
  }

 private:
  const std::shared_ptr<std::atomic<int>> stalls_;
};

rocksdb::DBOptions database_options(const StoreOptions& options) {
  rocksdb::DBOptions o;
  o.create_if_missing = true;
  o.create_missing_column_families = true;
  o.info_log = std::make_shared<LineLogger>(options.log);
  // The log is written to the file by the sync thread, once for all that wait, not at each commit.
  o.manual_wal_flush = true;
  o.max_total_wal_size = kMaxLogBytes;
  o.db_write_buffer_size = options.write_buffer_bytes;  // of all families together
  // What was replayed stays in memory until it is flushed in the ordinary way: a restart writes nothing.
  o.avoid_flush_during_recovery = true;
  o.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  o.max_open_files = -1;  // as RocksDB wants it for the audit family's kind of compaction
  o.max_file_opening_threads = 2;
  o.max_background_jobs = 2;
  o.skip_stats_update_on_db_open = true;
  o.skip_checking_sst_file_sizes_on_db_open = true;
  o.stats_dump_period_sec = 0;
  o.stats_persist_period_sec = 0;
  o.bytes_per_sync = 1 << 20;  // no burst of writes when a flush or compaction ends
  return o;
}

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache, size_t write_buffer,
                                            rocksdb::CompressionType compression) {
  rocksdb::ColumnFamilyOptions o;
  o.write_buffer_size = write_buffer;
  o.arena_block_size = 64 << 10;
  o.max_write_buffer_number = 3;
  o.compression = compression;
  o.level_compaction_dynamic_level_bytes = true;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return o;
}

std::vector<rocksdb::ColumnFamilyDescriptor> descriptors(const StoreOptions& options) {
  const auto cache = rocksdb::NewLRUCache(16 << 20, 2);
  auto state = family_options(cache, 16 << 20, rocksdb::kLZ4Compression);
  auto audit = family_options(cache, 8 << 20, rocksdb::kLZ4Compression);
  audit.compaction_style = rocksdb::kCompactionStyleFIFO;  // whole files go, the oldest first
  audit.compaction_options_fifo.max_table_files_size = options.audit_max_bytes;
  audit.compaction_options_fifo.allow_compaction = true;
  audit.ttl = static_cast<uint64_t>(options.audit_max_age / kSecond);
  audit.level_compaction_dynamic_level_bytes = false;
  auto bytes = family_options(cache, 32 << 20, rocksdb::kNoCompression);
  // Keys that grow: where the last one went, the next one goes too.
  audit.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
  bytes.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
  // Most reads ask for what is not in memory, or for what is not there at all: a filter of about 16 bits a key answers
  // that without a search of the list.
  state.memtable_prefix_bloom_size_ratio = 0.01;
  bytes.memtable_prefix_bloom_size_ratio = 0.002;
  state.memtable_whole_key_filtering = bytes.memtable_whole_key_filtering = true;
  return {{rocksdb::kDefaultColumnFamilyName, state}, {"audit", audit}, {"bytes", bytes}};
}

}  // namespace

Status open_rocks(const std::string& path, const StoreOptions& options, std::shared_ptr<std::atomic<int>> stalls,
                  std::unique_ptr<rocksdb::TransactionDB>& db, std::array<rocksdb::ColumnFamilyHandle*, 3>& families) {
  TRY(make_directories(path));  // RocksDB would make it too, and say that it was not there
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* plain = nullptr;
  rocksdb::DBOptions database = database_options(options);
  database.listeners.push_back(std::make_shared<StallCounter>(std::move(stalls)));
  rocksdb::Status status = rocksdb::DB::Open(database, path, descriptors(options), &handles, &plain);
  if (status.ok()) {
    // Wrapped by hand, because TransactionDB::Open keeps flushed data in memory for a kind of conflict check that is
    // not used here (every read for writing locks its key), and flushes at each start for two-phase commits.
    rocksdb::TransactionDB* wrapped = nullptr;
    status = rocksdb::TransactionDB::WrapDB(plain, rocksdb::TransactionDBOptions(), {}, handles, &wrapped);
    db.reset(wrapped);
  }
  if (!status.ok()) {
    Error error = store_error(status);
    error.message = fmt::format("The store in {} cannot be opened: {}", path, status.ToString());
    return Failure(std::move(error));
  }
  std::copy(handles.begin(), handles.end(), families.begin());
  return {};
}

void close_rocks(rocksdb::TransactionDB& db, std::array<rocksdb::ColumnFamilyHandle*, 3>& families) {
  uint64_t unflushed = 0;
  for (rocksdb::ColumnFamilyHandle* family : families) {
    uint64_t bytes = 0;
    if (db.GetIntProperty(family, rocksdb::DB::Properties::kCurSizeAllMemTables, &bytes)) unflushed += bytes;
  }
  if (unflushed > kCloseFlushBytes) (void)db.Flush({}, {families.begin(), families.end()});
  for (rocksdb::ColumnFamilyHandle*& family : families) {
    (void)db.DestroyColumnFamilyHandle(family);
    family = nullptr;
  }
  (void)db.Close();
}

}  // namespace tarn

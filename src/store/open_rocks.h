// How RocksDB is set up: small when idle, quick to open, few threads. The store's own; nobody else includes this.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "store/rocks.h"

namespace tarn {

// `stalls` counts the families whose writes are slowed down or stopped.
// ERRORS: what RocksDB says, naming the directory.
Status open_rocks(const std::string& path, const StoreOptions& options, std::shared_ptr<std::atomic<int>> stalls,
                  std::unique_ptr<rocksdb::TransactionDB>& db, std::array<rocksdb::ColumnFamilyHandle*, 3>& families);

// Ends it so that the next open is quick. REQUIRES: no transaction is left.
void close_rocks(rocksdb::TransactionDB& db, std::array<rocksdb::ColumnFamilyHandle*, 3>& families);

}  // namespace tarn

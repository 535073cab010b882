// Copies of a warehouse's databases: what snapshots are made of and restored from. A warehouse is what hangs on a namespace's
// id, of Redshift Serverless or of a cluster.
//
// The services that answer for snapshots say here, in their transaction, what shall be done; redshift_data, whose the
// databases are, does it behind the commit and says here what became of it. What is asked of one warehouse is done in order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "door/door.h"
#include "store/table.h"

namespace tarn {

struct WarehouseCopyKey {
  std::string id;  // a uuid
  static void fields(auto& self, auto&& visit) { visit(self.id); }
};
struct WarehouseCopyRecord {
  std::string state = "CREATING", warehouse, error;  // "AVAILABLE", "FAILED"
  uint64_t bytes = 0;
  Time asked;
  std::optional<Time> done, expires;
  static void fields(auto& self, auto&& visit) {
    visit(self.state, self.warehouse, self.error, self.bytes, self.asked, self.done, self.expires);
  }
};
inline constexpr Table<WarehouseCopyKey, WarehouseCopyRecord> kWarehouseCopies{"warehouse.copies"};

// AWS: CreateSnapshot, retentionPeriod; CreateClusterSnapshot, ManualSnapshotRetentionPeriod: days; -1: for ever.
constexpr int32_t kLongestKept = 3653;
constexpr bool may_be_kept(int32_t days) {
  return days == -1 || (days >= 1 && days <= kLongestKept);
}
constexpr std::optional<Time> kept_until(Time from, int32_t days) {
  if (days == -1) return std::nullopt;
  return from + days * kDay;
}
// Days that have begun count.
constexpr int32_t days_left(Time expires, Time now) {
  return static_cast<int32_t>(std::max<Micros>(0, (expires - now + kDay - 1) / kDay));
}
constexpr double megabytes(const WarehouseCopyRecord& copy) {
  return static_cast<double>(copy.bytes) / (1 << 20);
}

// A warehouse that is being restored; gone when it has been.
struct WarehouseRestoreKey {
  std::string warehouse;
  static void fields(auto& self, auto&& visit) { visit(self.warehouse); }
};
struct WarehouseRestoreRecord {
  std::string copy, error;  // error: it failed, and the warehouse is as it was
  static void fields(auto& self, auto&& visit) { visit(self.copy, self.error); }
};
inline constexpr Table<WarehouseRestoreKey, WarehouseRestoreRecord> kWarehouseRestores{"warehouse.restores"};

constexpr const char* kWarehouseDelivery = "warehouse";
constexpr const char* kWarehouseExpiry = "warehouse.copy";  // the timer

// `expires`: it is dropped then. DURABLE, all: with the transaction's commit.
Status copy_warehouse(Door& door, Transaction& tx, const std::string& copy, const std::string& warehouse,
                      std::optional<Time> expires);
// Another time, or none.
Status set_copy_expiry(Door& door, Transaction& tx, const std::string& copy, std::optional<Time> expires);
// What the warehouse holds is replaced by what the copy holds. REQUIRES: the copy is AVAILABLE.
Status restore_warehouse(Door& door, Transaction& tx, const std::string& copy, const std::string& warehouse);
// The record goes now, the files behind the commit.
Status drop_warehouse_copy(Door& door, Transaction& tx, const std::string& copy);
// The warehouse has been deleted: its databases go, when all that was asked of it before has been done.
Status forget_warehouse(Door& door, Transaction& tx, const std::string& warehouse);

}  // namespace tarn

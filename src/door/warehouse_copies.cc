#include "door/warehouse_copies.h"

#include "base/json.h"

namespace tarn {
namespace {

constexpr int kTries = 5;

Status ask(Door& door, Transaction& tx, const char* what, const std::string& warehouse, const std::string& copy) {
  return door.outbox().enqueue(
      tx, {.type = std::string(kWarehouseDelivery) + ".in-order",
           .target = "warehouse/" + warehouse,
           .payload = Json::object({{"do", what}, {"warehouse", warehouse}, {"copy", copy}}).text(),
           .give_up_after = 7 * kDay,
           .max_attempts = kTries});
}

}  // namespace

Status copy_warehouse(Door& door, Transaction& tx, const std::string& copy, const std::string& warehouse,
                      std::optional<Time> expires) {
  TRY(tx.put(kWarehouseCopies, {copy}, {.warehouse = warehouse, .asked = door.clock().now()}));
  TRY(set_copy_expiry(door, tx, copy, expires));
  return ask(door, tx, "copy", warehouse, copy);
}

Status set_copy_expiry(Door& door, Transaction& tx, const std::string& copy, std::optional<Time> expires) {
  auto record = TRY(tx.get(kWarehouseCopies, {copy}));
  if (!record) return {};
  record->expires = expires;
  TRY(tx.put(kWarehouseCopies, {copy}, *record));
  if (!expires) return door.timers().cancel(tx, kWarehouseExpiry, copy);
  return door.timers().set(tx, kWarehouseExpiry, copy, *expires);
}

Status restore_warehouse(Door& door, Transaction& tx, const std::string& copy, const std::string& warehouse) {
  TRY(tx.put(kWarehouseRestores, {warehouse}, {.copy = copy}));
  return ask(door, tx, "restore", warehouse, copy);
}

Status drop_warehouse_copy(Door& door, Transaction& tx, const std::string& copy) {
  const auto record = TRY(tx.get(kWarehouseCopies, {copy}));
  if (!record) return {};
  TRY(tx.erase(kWarehouseCopies, {copy}));
  TRY(door.timers().cancel(tx, kWarehouseExpiry, copy));
  return ask(door, tx, "drop", record->warehouse, copy);
}

Status forget_warehouse(Door& door, Transaction& tx, const std::string& warehouse) {
  return ask(door, tx, "forget", warehouse, "");
}

}  // namespace tarn

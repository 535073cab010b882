// Copies of namespaces' databases, as door/warehouse_copies.h asks for them: their files and what is defined beside them, in
// DIR/redshift/snapshots/<copy>. Sessions and statements go on while a copy is made.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "door/door.h"

namespace tarn::redshift_data {

class RedshiftData;

// LIFETIME: borrows the service. REQUIRES: made before outbox and timers start.
class Copies {
 public:
  explicit Copies(RedshiftData& data);

  // Adds all databases, snapshots and results to a backup of the data directory.
  Status back_up(const std::string& partial);

 private:
  Status deliver(const Delivery& delivery);
  Status give_up(Transaction& tx, const Delivery& delivery, const Error& error);
  Status expire(Transaction& tx, const Timer& timer);
  Status copy(const std::string& id, const std::string& warehouse);
  // The databases of that many bytes, in the folder.
  Result<uint64_t> copy_databases(const std::string& warehouse, const std::string& to,
                                  std::vector<std::string>& databases);
  Status write_definitions(const std::string& folder, const std::string& warehouse,
                           const std::vector<std::string>& databases);
  Status restore(const std::string& id, const std::string& warehouse);
  Status put_definitions(Transaction& tx, const std::string& id, const std::string& warehouse);
  std::string folder_of(const std::string& copy) const;

  RedshiftData& data_;
};

}  // namespace tarn::redshift_data

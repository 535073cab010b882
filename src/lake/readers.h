// Readers: what an engine asks while it only reads the lake. Each principal reads as a caller.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "door/door.h"
#include "sql/engine_client.h"

namespace tarn::lake {

// THREADS: any. LIFETIME: outlives its engine; borrows the door.
class Readers final : public sql::ServerCallbacks {
 public:
  explicit Readers(Door& door) : door_(door) {}

  // From now on the principal reads so; `files`: the one table that it sees, instead of the Glue catalog's.
  void add(const std::string& principal, Caller as, std::optional<sql::ExternalTable> files = std::nullopt);
  void remove(const std::string& principal);

  Result<std::optional<sql::ExternalTable>> resolve_table(const std::string& principal, const std::string& catalog,
                                                          const std::string& database,
                                                          const std::string& table) override;
  Result<std::vector<sql::ExternalPartition>> list_partitions(const std::string& principal, const std::string& catalog,
                                                              const std::string& database,
                                                              const std::string& table) override;
  Result<std::vector<std::string>> list_tables(const std::string& principal, const std::string& catalog,
                                               const std::string& database) override;
  Result<std::vector<std::vector<sql::ObjectRef>>> list_objects(const std::string& principal,
                                                                const std::vector<std::string>& prefixes) override;
  Result<std::optional<sql::OpenedObject>> open_object(const std::string& principal, const std::string& uri) override;
  Result<sql::StagedObject> create_object(const std::string& principal, const std::string& statement,
                                          const std::string& uri) override;
  Status finish_object(uint64_t handle, uint64_t size) override;
  void abort_object(uint64_t handle) override;
  Status authorise(const std::string& principal, const std::vector<sql::TableUse>& uses) override;
  Result<sql::Rows> system_rows(const std::string& principal, const std::string& view) override;

 private:
  struct Reader {
    Caller as;
    std::optional<sql::ExternalTable> files;
  };
  Result<Reader> reader(const std::string& principal);

  Door& door_;
  std::mutex mutex_;
  std::map<std::string, Reader> readers_;
};

}  // namespace tarn::lake

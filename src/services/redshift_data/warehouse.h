// Warehouse: one namespace's engine, and the answers to what it asks.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/staging.h"
#include "services/redshift_data/activity.h"
#include "services/redshift_data/actor.h"
#include "services/redshift_data/records.h"
#include "sql/engine_client.h"
#include "sql/table_locks.h"

namespace tarn::redshift_data {

// THREADS: any.
class Warehouse final : public sql::ServerCallbacks {
 public:
  Warehouse(Door& door, sql::EngineOptions options);
  ~Warehouse() override;

  sql::Engine& engine() { return *engine_; }

  // Makes the namespace's first database when it is not there.
  Status ensure_database(const std::string& name);

  // From now on the engine's questions with that principal are answered as the actor. Gives the principal.
  std::string enter(std::shared_ptr<Actor> actor, const std::string& database);
  void leave(const std::string& principal);

  sql::TableLocks& locks() { return locks_; }
  Activity& activity() { return activity_; }
  lake::Staging& staging() { return staging_; }

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
  struct Present {
    std::shared_ptr<Actor> actor;
    std::string database;
  };
  Result<Present> present(const std::string& principal);
  // The actor, and a caller as the role of the schema that maps the Glue database.
  Result<std::pair<std::shared_ptr<Actor>, sql::StoredSchema>> reader(const std::string& principal,
                                                                      const std::string& glue_database);
  Result<std::optional<sql::OpenedObject>> open_federated(const std::string& principal, const std::string& uri);

  Door& door_;
  const std::string folder_;  // of the databases: there is room for what is read
  lake::Staging staging_;
  sql::TableLocks locks_;
  Activity activity_;
  std::mutex databases_mutex_;       // held while the engine is asked, so never by an answer to it
  std::set<std::string> databases_;  // known to be there
  std::mutex mutex_;
  std::map<std::string, Present> present_;
  uint64_t next_ = 1;
  std::unique_ptr<sql::Engine> engine_;  // last: it asks until it is gone
};

}  // namespace tarn::redshift_data

// QueryEngine: one workgroup's engine process, and the answers to what it asks: always as the caller of the statement.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/staging.h"
#include "sql/engine_client.h"

namespace tarn::athena {

// As whom, and over which catalogs, a statement's questions are answered.
struct Asking {
  Caller caller;
  std::map<std::string, std::string> catalogs;  // lower-case name: the account's id; empty: the caller's own
};

// THREADS: any. LIFETIME: borrows the door.
class QueryEngine final : public sql::ServerCallbacks {
 public:
  QueryEngine(Door& door, sql::EngineOptions options);
  ~QueryEngine() override;

  sql::Engine& engine() { return *engine_; }
  lake::Staging& staging() { return staging_; }

  // From now on the engine's questions with that principal are answered so. Gives the principal.
  std::string enter(Asking asking);
  void leave(const std::string& principal);

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
  void abort_object(uint64_t handle) override { staging_.abort(handle); }
  Status authorise(const std::string&, const std::vector<sql::TableUse>&) override { return {}; }
  Result<sql::Rows> system_rows(const std::string& principal, const std::string& view) override;

 private:
  struct Place {
    Caller caller;
    std::string account;
  };
  Result<Asking> asking(const std::string& principal);
  Result<Place> place(const std::string& principal, const std::string& catalog);

  Door& door_;
  lake::Staging staging_;
  std::mutex mutex_;
  std::map<std::string, Asking> asking_;
  uint64_t next_ = 1;
  std::unique_ptr<sql::Engine> engine_;  // last: it asks until it is gone
};

}  // namespace tarn::athena

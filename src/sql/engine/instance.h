// Instance: DuckDB's database instance of this process, confined, with the namespace's databases attached.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "sql/engine/duckdb.pch.h"
#include "sql/engine_client.h"

namespace tarn::sql::engine {

class Instance {
 public:
  // Opens the instance and attaches every database file of the folder. ERRORS: InternalFailure, with what and why.
  static Result<std::unique_ptr<Instance>> open(const EngineOptions& options);

  duckdb::DatabaseInstance& database() { return *db_.instance; }
  // Loads the spatial extension, once: it takes longer than all else at start, and few need it. Throws 0A000 without one.
  void load_geometry();
  void load_avro();  // alike

  Status create_database(const std::string& name);
  Status drop_database(const std::string& name);
  std::vector<std::string> list_databases();
  Result<bool> committed(const std::string& database, const std::string& statement_id);

 private:
  explicit Instance(const EngineOptions& options);
  void set_up();
  void attach(const std::string& name);
  void make_rights(const std::string& own);
  void run(const std::string& sql);
  void load(const std::string& extension);
  std::string file_of(const std::string& name) const;

  EngineOptions options_;
  duckdb::DBConfig config_;
  duckdb::DuckDB db_;
  duckdb::Connection own_;
  std::mutex mutex_;  // of own_
  std::atomic<bool> has_geometry_ = false;
  bool has_avro_ = false;
};

// The text as a SQL string and as a quoted name.
std::string quote(const std::string& text);
std::string quote_name(const std::string& name);

// The schema of our own tables in each database file (statements, grants ..), beside the user's schemas.
constexpr const char* kOwnSchema = "tarn_internal";

}  // namespace tarn::sql::engine

// SessionState: what DuckDB's callbacks (file system, catalog, functions) need to know of the statement that runs, hung on
// DuckDB's ClientContext.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sql/engine/duckdb.pch.h"
#include "sql/engine/link.h"
#include "sql/engine/planned_columns.h"

namespace tarn::sql::engine {

class SelectInput;

struct SessionState : duckdb::ClientContextState {
  explicit SessionState(Link& server) : link(server) {}
  static constexpr const char* kName = "tarn";
  // nullptr: a connection of the engine's own.
  static duckdb::shared_ptr<SessionState> of(duckdb::ClientContext& context) {
    return context.registered_state->Get<SessionState>(kName);
  }

  Link& link;
  StatementContext context;
  std::string text;  // of an Athena query, for places in its errors
  std::function<void()> load_geometry = [] {};  // before a function or value of geometry is touched
  std::function<void()> load_avro = [] {};      // before an Avro file is read

  // Forgets all that belongs to one statement.
  void begin(StatementContext next) {
    const std::lock_guard lock(mutex);
    context = std::move(next);
    failure.reset();
    opened.clear();
    kept.clear();
    tables.clear();
    written.clear();
    uses.clear();
    planned.clear();
    parameters.clear();
    object_name = nullptr;
    select.reset();
    select_parquet = false;
    scanned_bytes = 0;
  }

  // Keeps the first error of the server's, which reaches the client instead of what DuckDB makes of the exception.
  [[noreturn]] void raise(const Error& error) {
    {
      const std::lock_guard lock(mutex);
      if (!failure) failure = error;
    }
    throw duckdb::IOException("%s", error.message);
  }

  // An object that has been opened stays open while others do not crowd it out: a statement opens one several times.
  std::shared_ptr<const OpenedObject> keep_open(OpenedObject object) {
    constexpr size_t kKeptOpen = 64;
    auto shared = std::make_shared<const OpenedObject>(std::move(object));
    const std::lock_guard lock(mutex);
    opened[shared->object.uri] = shared;
    kept.push_back(shared);
    if (kept.size() > kKeptOpen) kept.pop_front();
    return shared;
  }

  std::mutex mutex;
  std::optional<Error> failure;
  std::map<std::string, std::weak_ptr<const OpenedObject>> opened;  // by uri
  std::deque<std::shared_ptr<const OpenedObject>> kept;             // the newest of them, kept open
  std::vector<WrittenObject> written;
  std::function<std::string(const std::string&)> object_name;  // the name of a written object for the path DuckDB chose
  std::vector<TableUse> uses;          // the tables that the statement names
  std::vector<PlannedColumn> planned;  // the result columns of the plan that was made last
  // Of a statement that is described: what its parameters without a type are taken for, by name.
  std::map<std::string, duckdb::LogicalType> parameters;
  std::atomic<uint64_t> scanned_bytes = 0;
  // Of S3 Select: the object as CSV or JSON, or whether it is Parquet.
  std::shared_ptr<SelectInput> select;
  bool select_parquet = false;
  // Tables of the external catalog as this statement saw them; they outlive its plans.
  std::map<std::string, duckdb::unique_ptr<duckdb::CatalogEntry>> tables;
};

}  // namespace tarn::sql::engine

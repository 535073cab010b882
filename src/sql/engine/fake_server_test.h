// A server for the engine's tests: objects and external tables in memory, and a session that is asked in text.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "base/digest.h"
#include "base/text.h"
#include "sql/engine_client.h"
#include "sql/spool.h"

namespace tarn::sql::engine {

class FakeServer : public ServerCallbacks {
 public:
  std::map<std::string, ExternalTable> tables;  // "dev.t"
  std::map<std::string, std::vector<ExternalPartition>> partitions;
  std::map<std::string, std::string> objects;  // published: uri -> bytes
  std::map<uint64_t, std::pair<std::string, int>> staged;
  std::vector<std::string> listed, opened;
  std::string denied;  // a uri that may not be opened
  std::string damaged;  // one whose last bytes are not what they were
  std::map<std::string, Rows> system;
  std::mutex mutex;

  void publish(const std::vector<WrittenObject>& written) {
    for (const WrittenObject& object : written) {
      const int fd = staged.at(object.handle).second;
      std::string bytes(object.bytes, '\0');
      [[maybe_unused]] const auto n = ::pread(fd, bytes.data(), bytes.size(), 0);
      objects[object.uri] = std::move(bytes);
    }
  }

  Result<std::optional<ExternalTable>> resolve_table(const std::string&, const std::string&,
                                                     const std::string& database, const std::string& table) override {
    const auto found = tables.find(database + "." + table);
    if (found == tables.end()) return std::nullopt;
    return found->second;
  }
  Result<std::vector<ExternalPartition>> list_partitions(const std::string&, const std::string&,
                                                         const std::string& database,
                                                         const std::string& table) override {
    return partitions[database + "." + table];
  }
  Result<std::vector<std::string>> list_tables(const std::string&, const std::string&, const std::string&) override {
    return std::vector<std::string>{};
  }
  Result<std::vector<std::vector<ObjectRef>>> list_objects(const std::string&,
                                                           const std::vector<std::string>& prefixes) override {
    const std::lock_guard lock(mutex);
    std::vector<std::vector<ObjectRef>> result;
    for (const std::string& prefix : prefixes) {
      listed.push_back(prefix);
      auto& found = result.emplace_back();
      for (const auto& [uri, bytes] : objects) {
        if (uri.starts_with(prefix)) found.push_back({uri, bytes.size(), hex(md5(bytes)), {}});
      }
    }
    return result;
  }
  Result<std::optional<OpenedObject>> open_object(const std::string&, const std::string& uri) override {
    const std::lock_guard lock(mutex);
    if (uri == denied) return fail(403, "AccessDenied", "No s3:GetObject on " + uri);
    const auto found = objects.find(uri);
    if (found == objects.end()) return std::nullopt;
    opened.push_back(uri);
    // In three segments: inline, and two of one file.
    const std::string& bytes = found->second;
    OpenedObject object;
    object.object = {uri, bytes.size(), hex(md5(bytes)), {}};
    const size_t third = bytes.size() / 3;
    Fd file(::memfd_create("object", MFD_CLOEXEC));
    [[maybe_unused]] const auto n = ::pwrite(file.get(), bytes.data() + third, bytes.size() - third, 5);
    object.files.push_back(std::move(file));
    object.segments.push_back({-1, 0, third, bytes.substr(0, third)});
    std::string in_file(bytes.size() - third + 5, '\0');
    [[maybe_unused]] const auto read = ::pread(object.files[0].get(), in_file.data(), in_file.size(), 0);
    const auto add = [&](uint64_t offset, uint64_t length) {
      std::vector<uint32_t> sums;
      for (uint64_t at = offset / kChecksumBlock * kChecksumBlock; at < offset + length; at += kChecksumBlock) {
        sums.push_back(crc32c(0, std::string_view(in_file).substr(at, kChecksumBlock)));
      }
      if (uri == damaged && length > 0) sums.back() ^= 1;
      object.segments.push_back({0, offset, length, "", std::move(sums), in_file.size()});
    };
    add(5, third);
    add(5 + third, bytes.size() - 2 * third);
    return object;
  }
  Result<StagedObject> create_object(const std::string&, const std::string&, const std::string& uri) override {
    const std::lock_guard lock(mutex);
    const int fd = ::memfd_create("staged", MFD_CLOEXEC);
    const uint64_t handle = next_++;
    staged[handle] = {uri, fd};
    return StagedObject{handle, Fd(::dup(fd))};
  }
  Status finish_object(uint64_t, uint64_t) override { return {}; }
  void abort_object(uint64_t handle) override {
    const std::lock_guard lock(mutex);
    staged.erase(handle);
  }
  Status authorise(const std::string&, const std::vector<TableUse>&) override { return {}; }
  Result<Rows> system_rows(const std::string&, const std::string& view) override { return system[view]; }

 private:
  uint64_t next_ = 1;
};

struct Bench {
  static EngineOptions options(const std::string& folder) {
    EngineOptions options;
    options.databases = folder + "/db";
    options.scratch = folder + "/scratch";
    options.memory_bytes = 512ull << 20;
    if (const char* spatial = std::getenv("TARN_SPATIAL")) {
      options.spatial_extension = spatial;
    } else {
      const std::string beside =
          std::filesystem::read_symlink("/proc/self/exe").parent_path() / "spatial.duckdb_extension";
      if (std::filesystem::exists(beside)) options.spatial_extension = beside;
    }
    return options;
  }
  static std::string make_folder() {
    char name[] = "/tmp/tarn-engine-XXXXXX";
    return ::mkdtemp(name);
  }

  Bench() : folder(make_folder()), engine(options(folder), server) {
    context.database = "dev";
    context.user = "IAM:alice";
    context.search_path = {"public"};
    context.external_schemas = {{"redshift_spectrum", "awsdatacatalog", "dev"}};
    context.now = from_civil(2024, 11, 5, 10, 20, 30);
    if (const auto made = engine.create_database("dev"); !made) throw std::runtime_error(made.error().message);
    reopen();
  }
  ~Bench() { std::filesystem::remove_all(folder); }

  void reopen() {
    const auto opened = engine.open_session("dev", Dialect::kRedshift);
    if (!opened) throw std::runtime_error(opened.error().message);
    session = *opened;
  }

  static std::string shown(const Error& error) {
    std::string state = error.code, position;
    for (const auto& [name, value] : error.members) {
      if (name == "sqlstate") state = value;
      if (name == "position") position = " at " + value;
    }
    return state + position + ": " + error.message;
  }

  Result<Outcome> execute(const std::string& sql, const std::string& id, int spool) {
    ExecuteRequest request;
    request.context = context;
    request.context.statement_id = id;
    request.sql = sql;
    request.params = params;
    request.table_attributes = attributes;
    request.spool = spool;
    return engine.execute(session, request);
  }

  Outcome run(const std::string& sql, const std::string& id = "") {
    auto outcome = execute(sql, id, -1);
    if (!outcome) throw std::runtime_error(sql + ": " + shown(outcome.error()));
    return *outcome;
  }
  std::string error(const std::string& sql) {
    const auto outcome = execute(sql, "", -1);
    return outcome ? "no error" : shown(outcome.error());
  }
  std::vector<std::vector<std::string>> rows(const std::string& sql) {
    const Fd file(::memfd_create("spool", MFD_CLOEXEC));
    const auto outcome = execute(sql, "", file.get());
    if (!outcome) return {{shown(outcome.error())}};
    names.clear();
    types.clear();
    for (const auto& column : outcome->columns) {
      names.push_back(column.name);
      types.push_back(column.type);
    }
    return read(file.get());
  }
  // One value, or the error.
  std::string value(const std::string& sql) {
    const auto all = rows(sql);
    return all.empty() ? "no rows" : all[0].empty() ? "no columns" : all[0][0];
  }

  static std::vector<std::vector<std::string>> read(int fd) {
    std::vector<std::vector<std::string>> all;
    const auto reader = SpoolReader::open(fd);
    if (!reader) return {{reader.error().message}};
    for (size_t i = 0; i < reader->pages(); ++i) {
      const auto page = reader->page(i);
      for (uint32_t row = 0; row < page->rows(); ++row) {
        auto& texts = all.emplace_back();
        for (size_t column = 0; column < reader->columns().size(); ++column) {
          const Cell cell = page->cell(row, column);
          texts.push_back(cell.null ? "NULL" : cell.as_text());
        }
      }
    }
    return all;
  }

  std::string folder;
  FakeServer server;
  Engine engine;
  SessionId session;
  StatementContext context;
  std::vector<Param> params;
  TableAttributes attributes;
  std::vector<std::string> names, types;
  std::atomic<bool> done = false;
};

}  // namespace tarn::sql::engine

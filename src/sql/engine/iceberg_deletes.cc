#include "sql/engine/iceberg_deletes.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "duckdb/parallel/thread_context.hpp"
#include "sql/engine/errors.h"
#include "sql/engine/session_state.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ClientContext;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::Value;
using std::string;

constexpr const char* kDeletedPath = "file_path";
constexpr const char* kDeletedPosition = "pos";

// Reads whole Parquet files with a scan of DuckDB's own. `each` gets the wanted columns, in their order; `choose` makes their
// places of the files' names.
void read_parquet(ClientContext& context, const duckdb::vector<Value>& paths,
                  const std::function<std::vector<size_t>(const duckdb::vector<string>&)>& choose,
                  const std::function<void(duckdb::DataChunk&)>& each) {
  duckdb::TableFunction function = engine_function(context, "parquet_scan");
  const auto [bind, names, types] = bound_scan(context, function, paths);
  duckdb::vector<duckdb::column_t> columns;
  duckdb::vector<LogicalType> chosen;
  for (const size_t column : choose(names)) {
    columns.push_back(column);
    chosen.push_back(types[column]);
  }
  duckdb::TableFunctionInitInput init(bind.get(), columns, {}, nullptr);
  const auto global = function.init_global(context, init);
  duckdb::ThreadContext thread(context);
  duckdb::ExecutionContext execution(context, thread, nullptr);
  const auto local = function.init_local(execution, init, global.get());
  duckdb::DataChunk chunk;
  chunk.Initialize(context, chosen);
  while (true) {
    chunk.Reset();
    duckdb::TableFunctionInput data(bind.get(), local.get(), global.get());
    function.function(context, data, chunk);
    if (chunk.size() == 0) return;
    each(chunk);
  }
}

using Found = std::unordered_map<string, Positions>;

void add_named_rows(ClientContext& context, const duckdb::vector<Value>& paths, Found& found) {
  if (paths.empty()) return;
  const auto columns = [&](const duckdb::vector<string>& names) {
    const auto path = std::find(names.begin(), names.end(), kDeletedPath);
    const auto position = std::find(names.begin(), names.end(), kDeletedPosition);
    if (path == names.end() || position == names.end())
      raise_iceberg(context, "ICEBERG_BAD_DATA", "A position delete file lacks the columns file_path and pos.");
    return std::vector<size_t>{static_cast<size_t>(path - names.begin()),
                               static_cast<size_t>(position - names.begin())};
  };
  read_parquet(context, paths, columns, [&](duckdb::DataChunk& chunk) {
    for (idx_t row = 0; row < chunk.size(); ++row)
      found[chunk.GetValue(0, row).ToString()].push_back(chunk.GetValue(1, row).GetValue<int64_t>());
  });
}

// --- equality deletes -----------------------------------------------------------------------------------------------

// The columns that rows are compared by.
struct Compared {
  std::vector<std::set<string>> names;  // each by every name that it ever had
  std::vector<LogicalType> types;
};

Compared columns_of(const IcebergVersion& version, const std::vector<Json>& ids) {
  Compared compared;
  for (const Json& id : ids) {
    std::set<string> names;
    LogicalType type = LogicalType::VARCHAR;
    for (const Json& schema : version.metadata["schemas"].items()) {
      for (const iceberg::Field& field : iceberg::fields_of(schema)) {
        if (field.id != id.as_int()) continue;
        names.insert(field.name);
        type = iceberg_type(field.type);
      }
    }
    compared.names.push_back(std::move(names));
    compared.types.push_back(std::move(type));
  }
  return compared;
}

// keys(position in the file, the row's compared values as one text)
void read_keys(ClientContext& context, const string& path, const Compared& compared,
               const std::function<void(int64_t, string)>& keys) {
  const auto columns = [&](const duckdb::vector<string>& names) {
    std::vector<size_t> places;
    for (const auto& known : compared.names) {
      const auto at =
          std::find_if(names.begin(), names.end(), [&](const string& name) { return known.contains(name); });
      if (at == names.end())
        raise_iceberg(context, "NOT_SUPPORTED",
                      "The file " + path + " lacks a column that an equality delete compares.");
      places.push_back(static_cast<size_t>(at - names.begin()));
    }
    return places;
  };
  int64_t position = 0;
  read_parquet(context, {Value(path)}, columns, [&](duckdb::DataChunk& chunk) {
    for (idx_t row = 0; row < chunk.size(); ++row, ++position) {
      string key;
      for (idx_t i = 0; i < compared.types.size(); ++i) {
        const Value value = chunk.GetValue(i, row);
        const string text = value.IsNull() ? "" : value.DefaultCastAs(compared.types[i]).ToString();
        key += value.IsNull() ? "n" : "v" + std::to_string(text.size()) + ":" + text;  // NULL equals NULL
      }
      keys(position, std::move(key));
    }
  });
}

// Iceberg table spec, scan planning: of older data files, of the same partition unless the delete has none.
bool matches(const IcebergVersion& version, const iceberg::LiveFile& deletes, const iceberg::LiveFile& data) {
  if (data.entry.sequence >= deletes.entry.sequence) return false;
  if (iceberg::partition_fields(iceberg::spec_of(version.metadata, deletes.spec_id)).empty()) return true;
  return iceberg::applies(deletes, data);
}

void add_equal_rows(ClientContext& context, const IcebergVersion& version, const iceberg::LiveFile& deletes,
                    const std::vector<iceberg::LiveFile>& data, Found& found) {
  const Compared compared = columns_of(version, deletes.entry.file["equality_ids"].items());
  if (compared.names.empty())
    raise_iceberg(context, "ICEBERG_BAD_DATA", "An equality delete file compares no columns.");
  std::set<string> gone;
  read_keys(context, deletes.entry.path(), compared, [&](int64_t, string key) { gone.insert(std::move(key)); });
  for (const iceberg::LiveFile& file : data) {
    if (!matches(version, deletes, file)) continue;
    read_keys(context, file.entry.path(), compared, [&](int64_t position, const string& key) {
      if (gone.contains(key)) found[file.entry.path()].push_back(position);
    });
  }
}

}  // namespace

void raise_iceberg(ClientContext& context, const char* code, string message) {
  SessionState::of(context)->raise(iceberg::failure(code, std::move(message)).error());
}

Deleted deleted_rows(ClientContext& context, const IcebergVersion& version, const iceberg::LiveFiles& live) {
  Found found;
  duckdb::vector<Value> named;
  for (const iceberg::LiveFile& file : live.deletes) {
    if (!equals_ignore_case(file.entry.file["file_format"].as_string(), "parquet"))
      raise_iceberg(
          context, "NOT_SUPPORTED",
          "Iceberg delete files of the format " + file.entry.file["file_format"].as_string() + " are not supported.");
    if (file.entry.content() == iceberg::Content::kEqualityDeletes) {
      add_equal_rows(context, version, file, live.data, found);
    } else {
      named.emplace_back(file.entry.path());
    }
  }
  add_named_rows(context, named, found);
  Deleted deleted;
  for (auto& [path, positions] : found) {
    std::sort(positions.begin(), positions.end());
    positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
    deleted[path] = std::make_shared<const Positions>(std::move(positions));
  }
  return deleted;
}

}  // namespace tarn::sql::engine

// OPTIMIZE and VACUUM of Iceberg tables.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "door/door.h"
#include "services/athena/errors.h"
#include "services/athena/glue_words.h"
#include "services/athena/iceberg.h"
#include "sql/lex.h"

namespace tarn::athena {
namespace {

namespace ice = sql::iceberg;

// AWS: Optimize Iceberg tables, compaction properties.
constexpr int64_t kTargetFile = 512ll << 20;
constexpr int64_t kMaxAgeSeconds = 432'000;  // AWS: VACUUM, vacuum_max_snapshot_age_seconds

// The one data file that a position delete file is about; empty: not known to be one.
std::string only_target(const ice::Entry& deletes) {
  constexpr int64_t kPathField = 2147483546;
  const auto bound = [&](std::string_view name) {
    for (const Json& pair : deletes.file[name].items())
      if (pair["key"].as_int() == kPathField) return pair["value"].as_string();
    return std::string();
  };
  const std::string least = bound("lower_bounds");
  return least == bound("upper_bounds") ? least : "";
}

bool is_about(const ice::LiveFile& deletes, const ice::LiveFile& data) {
  const std::string target = only_target(deletes.entry);
  return target.empty() ? ice::applies(deletes, data) : target == data.entry.path();
}

// AWS: OPTIMIZE: only partition columns are allowed in its WHERE.
Status need_partition_columns(const std::string& where, const IcebergTable& table) {
  std::set<int> sources;
  for (const ice::PartitionField& field : ice::partition_fields(ice::current_spec(table.metadata)))
    sources.insert(field.source_id);
  for (const sql::Token& token : TRY(sql::lex(where, {.backslash_escapes = false}))) {
    if (!token.is_name()) continue;
    for (const ice::Field& field : table.fields)
      if (field.name == lower(token.text) && !sources.contains(field.id))
        return ice::failure(
            "NOT_SUPPORTED",
            fmt::format("Unexpected FilterNode found in plan; only partition columns may be in the WHERE of "
                        "OPTIMIZE, and {} is none",
                        field.name));
  }
  return {};
}

std::string string_list(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "'" : ", '") + replace_all(value, "'", "''") + "'";
  return text;
}

// Files worth rewriting: those with deletes, and small ones where several are of one partition.
std::vector<std::string> to_rewrite(const ice::LiveFiles& live, const std::optional<std::set<std::string>>& among,
                                    int64_t small) {
  std::map<std::string, std::vector<std::string>> small_ones;
  std::vector<std::string> chosen;
  for (const ice::LiveFile& data : live.data) {
    const std::string& path = data.entry.path();
    if (among && !among->contains(path)) continue;
    if (std::ranges::any_of(live.deletes, [&](const auto& deletes) { return is_about(deletes, data); }))
      chosen.push_back(path);
    else if (data.entry.bytes() < small)
      small_ones[fmt::format("{} {}", data.spec_id, data.entry.partition().text())].push_back(path);
  }
  for (const auto& [partition, paths] : small_ones)
    if (paths.size() > 1) chosen.insert(chosen.end(), paths.begin(), paths.end());
  return chosen;
}

}  // namespace

Result<Ran> StatementRun::optimize(const sql::athena::Optimize& optimize) {
  const Place place = TRY(place_of(optimize.table));
  const IcebergTable table = TRY(iceberg_table(place));
  const auto snapshot = ice::current_snapshot(table.metadata);
  Ran nothing;
  nothing.columns = {{"rows", "bigint", 19}};
  if (!snapshot) return nothing;
  const std::string name = fmt::format("{}.{}.{}", sql::quoted_name(lower(place.catalog)),
                                       sql::quoted_name(place.database), sql::quoted_name(place.name));
  std::optional<std::set<std::string>> among;
  if (!optimize.where.empty()) {
    TRY(need_partition_columns(optimize.where, table));
    const auto paths =
        TRY(first_column(fmt::format("SELECT DISTINCT \"$path\" FROM {} WHERE {}", name, optimize.where)));
    among.emplace(paths.begin(), paths.end());
  }
  const auto live = TRY(ice::live_files(*snapshot, object_reader(door(), job_.caller)));
  const int64_t small = parse_int(ice::property(table.metadata, "optimize_rewrite_min_data_file_size_bytes"))
                            .value_or(kTargetFile / 4 * 3);
  const std::vector<std::string> chosen = to_rewrite(live, among, small);
  if (chosen.empty()) return nothing;
  ice::Change change{"replace", {}, {chosen.begin(), chosen.end()}};
  // Deletes of rows of these files only are done with.
  for (const ice::LiveFile& deletes : live.deletes) {
    const bool needed = std::ranges::any_of(live.data, [&](const ice::LiveFile& data) {
      return !change.removed.contains(data.entry.path()) && is_about(deletes, data);
    });
    if (!needed) change.removed.insert(deletes.entry.path());
  }
  std::string columns;
  for (const ice::Field& field : table.fields) columns += (columns.empty() ? "" : ", ") + sql::quoted_name(field.name);
  std::vector<WrittenFiles> all;
  all.push_back(TRY(write_rows(
      fmt::format("SELECT {} FROM {} WHERE \"$path\" IN ({})", columns, name, string_list(chosen)), table.metadata)));
  return changed_rows(place, std::move(change), std::move(all), snapshot->id);
}

namespace {

// What snapshots need: their manifest lists, manifests and files.
Status add_reachable(const std::vector<ice::Snapshot>& snapshots, const ice::ReadObject& read,
                     std::set<std::string>& all) {
  std::set<std::string> seen;
  for (const ice::Snapshot& snapshot : snapshots) {
    all.insert(snapshot.manifest_list);
    for (const ice::ManifestFile& manifest : TRY(ice::read_manifest_list(TRY(read(snapshot.manifest_list))))) {
      all.insert(manifest.path);
      if (!seen.insert(manifest.path).second) continue;
      for (const ice::Entry& entry : TRY(ice::read_manifest(TRY(read(manifest.path)), manifest)))
        if (entry.status != ice::EntryStatus::kDeleted) all.insert(entry.path());
    }
  }
  return {};
}

void keep_snapshots(Json& metadata, const std::set<int64_t>& kept) {
  Json snapshots = Json::array(), log = Json::array();
  for (const Json& each : metadata["snapshots"].items())
    if (kept.contains(each["snapshot-id"].as_int())) snapshots.push(each);
  // Iceberg's specification: what is before an expired snapshot leaves the log as well.
  for (const Json& each : metadata["snapshot-log"].items()) {
    if (kept.contains(each["snapshot-id"].as_int()))
      log.push(each);
    else
      log = Json::array();
  }
  metadata.set("snapshots", std::move(snapshots));
  metadata.set("snapshot-log", std::move(log));
}

}  // namespace

Result<Ran> StatementRun::vacuum(const sql::athena::Vacuum& vacuum) {
  const Place place = TRY(place_of(vacuum.table));
  const IcebergTable opened = TRY(iceberg_table(place));
  Ran ran;
  ran.columns = {{"rows", "bigint", 19}};
  const std::string folder = folder_of(opened.glue);
  const Time now = door().clock().now();
  auto removed = std::make_shared<std::vector<std::string>>();
  const auto change = [&service = service_, caller = job_.caller, folder, now,
                       removed](IcebergTable& table) -> Result<std::vector<ice::NewObject>> {
    const auto number = [&](std::string_view name, int64_t otherwise) {
      return parse_int(ice::property(table.metadata, name)).value_or(otherwise);
    };
    const Time oldest = now + -kSecond * number("vacuum_max_snapshot_age_seconds", kMaxAgeSeconds);
    const auto snapshots = ice::snapshots_of(table.metadata);
    std::set<int64_t> kept;
    for (const auto& [name, ref] : table.metadata["refs"].members()) kept.insert(ref["snapshot-id"].as_int());
    int64_t ancestors = 0;
    const int64_t least = std::max<int64_t>(number("vacuum_min_snapshots_to_keep", 1), 1);
    for (auto at = ice::current_snapshot(table.metadata); at; at = ice::find_snapshot(table.metadata, at->parent))
      if (ancestors++ < least || at->made > oldest) kept.insert(at->id);
    std::vector<ice::Snapshot> staying, going;
    for (const ice::Snapshot& each : snapshots) (kept.contains(each.id) ? staying : going).push_back(each);
    const auto read = object_reader(service.door(), caller);
    std::set<std::string> needed, expired;
    TRY(add_reachable(staying, read, needed));
    TRY(add_reachable(going, read, expired));
    needed.insert(table.document);
    for (const Json& each : table.metadata["metadata-log"].items()) needed.insert(each["metadata-file"].as_string());
    const auto objects = lake::list_objects(service.door(), caller, folder);
    if (!objects) return Failure(lake_error(objects.error()));
    removed->clear();
    for (const sql::ObjectRef& object : *objects)
      if (!needed.contains(object.uri) && (expired.contains(object.uri) || object.last_modified < oldest))
        removed->push_back(object.uri);
    keep_snapshots(table.metadata, kept);
    return std::vector<ice::NewObject>();
  };
  auto commit = iceberg_commit(door(), job_.caller, place.account, place.database, place.name, change);
  ran.commit = [commit, removed](lake::Publication& all, Changes& changes) -> Status {
    TRY(commit(all, changes));
    all.remove.insert(all.remove.end(), removed->begin(), removed->end());
    return {};
  };
  return ran;
}

}  // namespace tarn::athena

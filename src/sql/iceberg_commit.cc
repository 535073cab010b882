// A new snapshot: its manifests, its manifest list, and the document that names it.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "sql/avro.h"
#include "sql/iceberg.h"

namespace tarn::sql::iceberg {
namespace {

constexpr int kDeletedPathField = 2147483546;  // the column file_path of position delete files

Json field(const char* name, int id, Json type) {
  return Json::object({{"name", name}, {"type", std::move(type)}, {"field-id", id}});
}
Json optional_field(const char* name, int id, Json type) {
  return Json::object(
      {{"name", name}, {"type", Json::array({"null", std::move(type)})}, {"default", Json()}, {"field-id", id}});
}
Json record(const char* name, std::vector<Json> fields) {
  return Json::object({{"type", "record"}, {"name", name}, {"fields", Json::array(std::move(fields))}});
}
Json list(Json items, int id) {
  return Json::object({{"type", "array"}, {"items", std::move(items)}, {"element-id", id}});
}
// Maps without text as keys are arrays of pairs.
Json map_of(int key_id, int value_id, const char* value) {
  return Json::object({{"type", "array"},
                       {"items", record(fmt::format("k{}_v{}", key_id, value_id).c_str(),
                                        {field("key", key_id, "int"), field("value", value_id, value)})},
                       {"logicalType", "map"}});
}

Json avro_type(const Json& type) {
  const std::string& name = type.as_string();
  if (name == "date") return Json::object({{"type", "int"}, {"logicalType", "date"}});
  if (name == "time") return Json::object({{"type", "long"}, {"logicalType", "time-micros"}});
  if (name == "timestamp" || name == "timestamptz")
    return Json::object(
        {{"type", "long"}, {"logicalType", "timestamp-micros"}, {"adjust-to-utc", name == "timestamptz"}});
  if (name == "binary") return "bytes";
  if (name == "uuid")
    return Json::object({{"type", "fixed"}, {"size", 16}, {"name", "uuid_fixed"}, {"logicalType", "uuid"}});
  if (name.starts_with("fixed[")) {
    const int64_t size = parse_int(std::string_view(name).substr(6, name.size() - 7)).value_or(0);
    return Json::object({{"type", "fixed"}, {"size", size}, {"name", fmt::format("fixed_{}", size)}});
  }
  if (name.starts_with("decimal(")) {
    const auto numbers = split(std::string_view(name).substr(8, name.size() - 9), ',');
    const int64_t precision = parse_int(trim(numbers[0])).value_or(0), scale = parse_int(trim(numbers[1])).value_or(0);
    // The bytes that hold so many digits: of a value that is that long.
    const Json longest = *partition_value("v" + std::string(static_cast<size_t>(precision), '9'), type);
    return Json::object({{"type", "fixed"},
                         {"size", static_cast<int64_t>(longest.as_string().size())},
                         {"name", fmt::format("decimal_{}_{}", precision, scale)},
                         {"logicalType", "decimal"},
                         {"precision", precision},
                         {"scale", scale}});
  }
  return type;
}

Json entry_schema(const Json& metadata, const Json& spec) {
  std::vector<Json> partition;
  for (const PartitionField& each : partition_fields(spec))
    partition.push_back(optional_field(each.name.c_str(), each.field_id,
                                       avro_type(result_type(each, type_of_column(metadata, each.source_id)))));
  Json file = record(
      "r2", {field("content", 134, "int"), field("file_path", 100, "string"), field("file_format", 101, "string"),
             field("partition", 102, record("r102", std::move(partition))), field("record_count", 103, "long"),
             field("file_size_in_bytes", 104, "long"), optional_field("column_sizes", 108, map_of(117, 118, "long")),
             optional_field("value_counts", 109, map_of(119, 120, "long")),
             optional_field("null_value_counts", 110, map_of(121, 122, "long")),
             optional_field("nan_value_counts", 137, map_of(138, 139, "long")),
             optional_field("lower_bounds", 125, map_of(126, 127, "bytes")),
             optional_field("upper_bounds", 128, map_of(129, 130, "bytes")),
             optional_field("key_metadata", 131, "bytes"), optional_field("split_offsets", 132, list("long", 133)),
             optional_field("equality_ids", 135, list("int", 136)), optional_field("sort_order_id", 140, "int")});
  return record("manifest_entry",
                {field("status", 0, "int"), optional_field("snapshot_id", 1, "long"),
                 optional_field("sequence_number", 3, "long"), optional_field("file_sequence_number", 4, "long"),
                 field("data_file", 2, std::move(file))});
}

Json list_schema() {
  Json summary =
      record("r508", {field("contains_null", 509, "boolean"), optional_field("contains_nan", 518, "boolean"),
                      optional_field("lower_bound", 510, "bytes"), optional_field("upper_bound", 511, "bytes")});
  return record(
      "manifest_file",
      {field("manifest_path", 500, "string"), field("manifest_length", 501, "long"),
       field("partition_spec_id", 502, "int"), field("content", 517, "int"), field("sequence_number", 515, "long"),
       field("min_sequence_number", 516, "long"), field("added_snapshot_id", 503, "long"),
       field("added_files_count", 504, "int"), field("existing_files_count", 505, "int"),
       field("deleted_files_count", 506, "int"), field("added_rows_count", 512, "long"),
       field("existing_rows_count", 513, "long"), field("deleted_rows_count", 514, "long"),
       optional_field("partitions", 507, list(std::move(summary), 508)), optional_field("key_metadata", 519, "bytes")});
}

Json list_record(const ManifestFile& manifest) {
  return Json::object({{"manifest_path", manifest.path},
                       {"manifest_length", manifest.length},
                       {"partition_spec_id", manifest.spec_id},
                       {"content", manifest.deletes ? 1 : 0},
                       {"sequence_number", manifest.sequence},
                       {"min_sequence_number", manifest.min_sequence},
                       {"added_snapshot_id", manifest.snapshot_id},
                       {"added_files_count", manifest.added_files},
                       {"existing_files_count", manifest.existing_files},
                       {"deleted_files_count", manifest.deleted_files},
                       {"added_rows_count", manifest.added_rows},
                       {"existing_rows_count", manifest.existing_rows},
                       {"deleted_rows_count", manifest.deleted_rows},
                       {"partitions", manifest.partitions}});
}

Json file_record(const NewFile& file) {
  Json made = Json::object({{"content", static_cast<int>(file.content)},
                            {"file_path", file.path},
                            {"file_format", "PARQUET"},
                            {"partition", file.partition},
                            {"record_count", file.rows},
                            {"file_size_in_bytes", file.bytes}});
  for (const auto& [name, value] : file.metrics.members()) made.set(name, value);
  if (!file.deletes_from.empty()) {  // readers find the one file by its whole path
    for (const char* name : {"lower_bounds", "upper_bounds"}) {
      Json bounds = Json::array({Json::object({{"key", kDeletedPathField}, {"value", file.deletes_from}})});
      for (const Json& bound : made[name].items())
        if (bound["key"].as_int() != kDeletedPathField) bounds.push(bound);
      made.set(name, std::move(bounds));
    }
  }
  return made;
}

// One new snapshot in the making.
class Maker {
 public:
  Maker(const Json& metadata, const Making& making) : metadata_(metadata), making_(making), uuid_(making.random()) {
    folder_ = metadata["location"].as_string();
    while (folder_.ends_with('/')) folder_.pop_back();
    folder_ += "/metadata/";
    const std::string random = replace_all(making.random(), "-", "");
    for (const char c : unhex(random).value_or("").substr(0, 8)) id_ = (id_ << 8) | static_cast<unsigned char>(c);
    id_ &= INT64_MAX;
    sequence_ = metadata["last-sequence-number"].as_int() + 1;
  }

  int64_t id() const { return id_; }
  int64_t sequence() const { return sequence_; }
  std::vector<ManifestFile>& manifests() { return manifests_; }
  std::vector<NewObject>& objects() { return objects_; }

  void add_manifest(int spec_id, bool deletes, const std::vector<Entry>& entries) {
    AvroFile file;
    const Json& spec = spec_of(metadata_, spec_id);
    file.schema = entry_schema(metadata_, spec);
    file.metadata = {{"schema", current_schema(metadata_).text()},
                     {"schema-id", std::to_string(current_schema(metadata_)["schema-id"].as_int())},
                     {"partition-spec", spec["fields"].text()},
                     {"partition-spec-id", std::to_string(spec_id)},
                     {"format-version", "2"},
                     {"content", deletes ? "deletes" : "data"}};
    ManifestFile manifest;
    manifest.spec_id = spec_id;
    manifest.deletes = deletes;
    manifest.sequence = sequence_;
    manifest.min_sequence = sequence_;
    manifest.snapshot_id = id_;
    for (const Entry& entry : entries) {
      // What is added inherits its sequence numbers (Iceberg table spec, sequence number inheritance).
      const bool added = entry.status == EntryStatus::kAdded;
      file.records.push_back(Json::object({{"status", static_cast<int>(entry.status)},
                                           {"snapshot_id", added ? id_ : entry.snapshot_id},
                                           {"sequence_number", added ? Json() : Json(entry.sequence)},
                                           {"file_sequence_number", added ? Json() : Json(entry.file_sequence)},
                                           {"data_file", entry.file}}));
      auto& files = added                                    ? manifest.added_files
                    : entry.status == EntryStatus::kExisting ? manifest.existing_files
                                                             : manifest.deleted_files;
      auto& rows = added                                    ? manifest.added_rows
                   : entry.status == EntryStatus::kExisting ? manifest.existing_rows
                                                            : manifest.deleted_rows;
      ++files;
      rows += entry.rows();
      if (entry.status == EntryStatus::kExisting)
        manifest.min_sequence = std::min(manifest.min_sequence, entry.sequence);
    }
    manifest.partitions = summaries(spec, entries);
    manifest.path = fmt::format("{}{}-m{}.avro", folder_, uuid_, manifests_made_++);
    std::string bytes = write_avro(file, marker());
    manifest.length = static_cast<int64_t>(bytes.size());
    objects_.push_back({manifest.path, std::move(bytes)});
    manifests_.push_back(std::move(manifest));
  }

  std::string add_list(const std::optional<Snapshot>& parent) {
    AvroFile file;
    file.schema = list_schema();
    file.metadata = {{"snapshot-id", std::to_string(id_)},
                     {"parent-snapshot-id", parent ? std::to_string(parent->id) : "null"},
                     {"sequence-number", std::to_string(sequence_)},
                     {"format-version", "2"}};
    for (const ManifestFile& manifest : manifests_) file.records.push_back(list_record(manifest));
    std::string path = fmt::format("{}snap-{}-1-{}.avro", folder_, id_, uuid_);
    objects_.push_back({path, write_avro(file, marker())});
    return path;
  }

 private:
  Json summaries(const Json& spec, const std::vector<Entry>& entries) const {
    Json all = Json::array();
    for (const PartitionField& field : partition_fields(spec)) {
      std::vector<const Json*> values;
      for (const Entry& entry : entries) values.push_back(&entry.partition()[field.name]);
      all.push(partition_summary(values, result_type(field, type_of_column(metadata_, field.source_id))));
    }
    return all;
  }

  std::string marker() const { return unhex(replace_all(making_.random(), "-", "")).value_or(std::string(16, 't')); }

  const Json& metadata_;
  const Making& making_;
  const std::string uuid_;
  std::string folder_;
  int64_t id_ = 0, sequence_ = 0;
  int manifests_made_ = 0;
  std::vector<ManifestFile> manifests_;
  std::vector<NewObject> objects_;
};

// What a summary counts, of files that came and went.
struct Counts {
  int64_t data_files = 0, delete_files = 0, records = 0, position_deletes = 0, equality_deletes = 0, bytes = 0;

  void add(Content content, int64_t rows, int64_t size) {
    (content == Content::kData ? data_files : delete_files) += 1;
    (content == Content::kData              ? records
     : content == Content::kPositionDeletes ? position_deletes
                                            : equality_deletes) += rows;
    bytes += size;
  }
};

Json summary_of(const Change& change, const Counts& added, const Counts& removed,
                const std::optional<Snapshot>& parent) {
  Json summary = Json::object({{"operation", change.operation}});
  const auto total = [&](const char* name, int64_t more, int64_t less) {
    const int64_t before = parent ? parse_int(parent->summary[name].as_string()).value_or(0) : 0;
    summary.set(name, std::to_string(std::max<int64_t>(before + more - less, 0)));
  };
  const auto some = [&](const char* name, int64_t count) {
    if (count > 0) summary.set(name, std::to_string(count));
  };
  some("added-data-files", added.data_files);
  some("added-delete-files", added.delete_files);
  some("added-position-delete-files", added.delete_files);
  some("added-records", added.records);
  some("added-position-deletes", added.position_deletes);
  some("added-files-size", added.bytes);
  some("deleted-data-files", removed.data_files);
  some("removed-delete-files", removed.delete_files);
  some("deleted-records", removed.records);
  some("removed-position-deletes", removed.position_deletes);
  some("removed-files-size", removed.bytes);
  std::set<std::string> partitions;
  for (const NewFile& file : change.added) partitions.insert(file.partition.text());
  some("changed-partition-count", static_cast<int64_t>(partitions.size()));
  total("total-records", added.records, removed.records);
  total("total-files-size", added.bytes, removed.bytes);
  total("total-data-files", added.data_files, removed.data_files);
  total("total-delete-files", added.delete_files, removed.delete_files);
  total("total-position-deletes", added.position_deletes, removed.position_deletes);
  total("total-equality-deletes", 0, removed.equality_deletes);
  return summary;
}

void append(Json& metadata, const char* name, Json value) {
  Json all = metadata[name].is_array() ? metadata[name] : Json::array();
  all.push(std::move(value));
  metadata.set(name, std::move(all));
}

}  // namespace

Result<std::vector<NewObject>> add_snapshot(Json& metadata, const Change& change, const Making& making) {
  const auto parent = current_snapshot(metadata);
  Maker maker(metadata, making);
  Counts added, removed;

  std::map<std::pair<bool, int>, std::vector<Entry>> fresh;
  for (const NewFile& file : change.added) {
    Entry entry;
    entry.file = file_record(file);
    added.add(file.content, file.rows, file.bytes);
    fresh[{file.content != Content::kData, file.spec_id}].push_back(std::move(entry));
  }
  for (const auto& [kind, entries] : fresh) maker.add_manifest(kind.second, kind.first, entries);

  const auto earlier =
      parent ? TRY(read_manifest_list(TRY(making.read(parent->manifest_list)))) : std::vector<ManifestFile>();
  for (const ManifestFile& manifest : earlier) {
    if (change.removed.empty()) {
      maker.manifests().push_back(manifest);
      continue;
    }
    std::vector<Entry> kept;
    bool changed = false;
    for (Entry& entry : TRY(read_manifest(TRY(making.read(manifest.path)), manifest))) {
      if (entry.status == EntryStatus::kDeleted) continue;
      entry.status = EntryStatus::kExisting;
      if (change.removed.contains(entry.path())) {
        changed = true;
        entry.status = EntryStatus::kDeleted;
        entry.snapshot_id = maker.id();
        removed.add(entry.content(), entry.rows(), entry.bytes());
      }
      kept.push_back(std::move(entry));
    }
    if (changed)
      maker.add_manifest(manifest.spec_id, manifest.deletes, kept);
    else if (!kept.empty())
      maker.manifests().push_back(manifest);
  }

  const std::string manifest_list = maker.add_list(parent);
  const int64_t now = std::max(making.now.millis(), metadata["last-updated-ms"].as_int());
  Json snapshot = Json::object({{"sequence-number", maker.sequence()}, {"snapshot-id", maker.id()}});
  if (parent) snapshot.set("parent-snapshot-id", parent->id);
  snapshot.set("timestamp-ms", now);
  snapshot.set("summary", summary_of(change, added, removed, parent));
  snapshot.set("manifest-list", manifest_list);
  snapshot.set("schema-id", current_schema(metadata)["schema-id"].as_int());
  append(metadata, "snapshots", std::move(snapshot));
  append(metadata, "snapshot-log", Json::object({{"timestamp-ms", now}, {"snapshot-id", maker.id()}}));
  Json refs = metadata["refs"].is_object() ? metadata["refs"] : Json::object();
  refs.set("main", Json::object({{"snapshot-id", maker.id()}, {"type", "branch"}}));
  metadata.set("refs", std::move(refs));
  metadata.set("current-snapshot-id", maker.id());
  metadata.set("last-sequence-number", maker.sequence());
  return std::move(maker.objects());
}

}  // namespace tarn::sql::iceberg

// Manifest lists and manifests: which files a snapshot has.
#include <fmt/format.h>

#include "sql/avro.h"
#include "sql/iceberg.h"

namespace tarn::sql::iceberg {
namespace {

// A member under its name in version 2, or the one that it had in version 1.
int64_t number(const Json& record, std::string_view name, std::string_view before = {}) {
  const Json* found = record.find(name);
  if (!found && !before.empty()) found = record.find(before);
  return found ? found->as_int() : 0;
}

Result<AvroFile> avro(std::string_view bytes, const char* what) {
  auto read = read_avro(bytes);
  if (!read) return failure("ICEBERG_BAD_DATA", fmt::format("A {} cannot be read: {}", what, read.error().message));
  return read;
}

}  // namespace

Result<std::vector<ManifestFile>> read_manifest_list(std::string_view bytes) {
  const AvroFile file = TRY(avro(bytes, "manifest list"));
  std::vector<ManifestFile> all;
  for (const Json& record : file.records) {
    ManifestFile manifest;
    manifest.path = record["manifest_path"].as_string();
    manifest.length = number(record, "manifest_length");
    manifest.spec_id = static_cast<int>(number(record, "partition_spec_id"));
    manifest.deletes = number(record, "content") == 1;
    manifest.sequence = number(record, "sequence_number");
    manifest.min_sequence = number(record, "min_sequence_number");
    manifest.snapshot_id = number(record, "added_snapshot_id");
    manifest.added_files = number(record, "added_files_count", "added_data_files_count");
    manifest.existing_files = number(record, "existing_files_count", "existing_data_files_count");
    manifest.deleted_files = number(record, "deleted_files_count", "deleted_data_files_count");
    manifest.added_rows = number(record, "added_rows_count");
    manifest.existing_rows = number(record, "existing_rows_count");
    manifest.deleted_rows = number(record, "deleted_rows_count");
    manifest.partitions = record["partitions"];
    all.push_back(std::move(manifest));
  }
  return all;
}

Result<std::vector<Entry>> read_manifest(std::string_view bytes, const ManifestFile& from) {
  AvroFile file = TRY(avro(bytes, "manifest"));
  std::vector<Entry> all;
  for (Json& record : file.records) {
    Entry entry;
    entry.status = static_cast<EntryStatus>(number(record, "status"));
    entry.snapshot_id = record["snapshot_id"].as_int(from.snapshot_id);
    entry.sequence = record["sequence_number"].as_int(from.sequence);
    entry.file_sequence = record["file_sequence_number"].as_int(from.sequence);
    for (auto& [name, value] : record.members())
      if (name == "data_file") entry.file = std::move(value);
    if (!entry.file.find("file_path"))
      return failure("ICEBERG_BAD_DATA", fmt::format("The manifest {} names a file without a path", from.path));
    all.push_back(std::move(entry));
  }
  return all;
}

Result<LiveFiles> live_files(const Snapshot& snapshot, const ReadObject& read) {
  if (snapshot.manifest_list.empty())
    return failure("NOT_SUPPORTED", "Snapshots without a manifest list (of format version 1) are not supported");
  LiveFiles files;
  for (const ManifestFile& manifest : TRY(read_manifest_list(TRY(read(snapshot.manifest_list))))) {
    if (manifest.added_files + manifest.existing_files == 0 && manifest.deleted_files > 0) continue;
    for (Entry& entry : TRY(read_manifest(TRY(read(manifest.path)), manifest))) {
      if (entry.status == EntryStatus::kDeleted) continue;
      auto& side = manifest.deletes ? files.deletes : files.data;
      side.push_back({std::move(entry), manifest.spec_id});
    }
  }
  return files;
}

bool applies(const LiveFile& deletes, const LiveFile& data) {
  if (deletes.entry.sequence < data.entry.sequence) return false;
  return deletes.spec_id == data.spec_id && deletes.entry.partition() == data.entry.partition();
}

}  // namespace tarn::sql::iceberg

// Iceberg tables: what their metadata documents, manifest lists and manifests say, and how new ones are made. Pure: bytes come
// and go through the caller. The documents stay JSON, so that what others wrote in them and we do not know is kept.
// Format version 2 is written; 1 and 2 are read.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace tarn::sql::iceberg {

// ERRORS, all: SqlError with a member {"trino", ..}: ICEBERG_INVALID_METADATA, ICEBERG_BAD_DATA, NOT_SUPPORTED.
Failure failure(std::string trino_code, std::string message);

// --- the metadata document ------------------------------------------------------------------------------------------

struct Field {
  int id = 0;
  std::string name;
  Json type;  // Iceberg's: "long", {"type": "list", ..}
  bool required = false;
  std::string comment = {};
};
struct PartitionField {
  int source_id = 0, field_id = 0;
  std::string name, transform;  // "identity", "bucket[16]", "day" ..
};
struct Snapshot {
  int64_t id = 0, parent = -1, sequence = 0;
  Time made;
  std::string operation, manifest_list;
  Json summary;
  int schema_id = -1;
};

Result<Json> parse_metadata(std::string_view text);
const Json& schema_of(const Json& metadata, int id);  // null: there is none
const Json& current_schema(const Json& metadata);
std::vector<Field> fields_of(const Json& schema);
const Json& spec_of(const Json& metadata, int id);
const Json& current_spec(const Json& metadata);
std::vector<PartitionField> partition_fields(const Json& spec);
std::vector<Snapshot> snapshots_of(const Json& metadata);
std::optional<Snapshot> find_snapshot(const Json& metadata, int64_t id);
std::optional<Snapshot> current_snapshot(const Json& metadata);
// The one that was current at that moment.
std::optional<Snapshot> snapshot_at(const Json& metadata, Time when);
// The one that a branch or tag of that name means.
std::optional<Snapshot> snapshot_of_ref(const Json& metadata, std::string_view name);
std::string property(const Json& metadata, std::string_view name, std::string otherwise = "");

// --- types ----------------------------------------------------------------------------------------------------------

// "struct<a:int,b:string>", as Glue's columns say it.
std::string hive_type(const Json& type);
// Iceberg's of Hive's; nested fields take ids from behind `last_id`. ERRORS: one that Iceberg has not.
Result<Json> type_of(std::string_view hive, int& last_id);
// May values of type `from` be read as `to`?
bool promotes(const Json& from, const Json& to);
// As the engine's option FIELD_IDS of Parquet files says it: {'a': 1, 'b': {__duckdb_field_id: 2, 'x': 3}}.
std::string field_ids(const std::vector<Field>& fields);

// --- partitions -----------------------------------------------------------------------------------------------------

// "day(ts)", "bucket(16, id)", "region" as a field over the schema. ERRORS: no such column, transform, or one that the column's
// type does not take.
Result<PartitionField> parse_partition(std::string_view text, const std::vector<Field>& fields);
// "day(ts)", "bucket(16, id)".
std::string partition_text(const PartitionField& field, std::string_view column);
// The type of the partition's values.
Json result_type(const PartitionField& field, const Json& source_type);
// The column that a metadata document's history of schemas knows by that id, "string" where none does.
Json type_of_column(const Json& metadata, int id);
// All fields of the table's partitionings, of the newest first, each once.
std::vector<PartitionField> all_partition_fields(const Json& metadata);
// A Trino expression of type varchar over the column that says its partition: 'n' for NULL, else 'v' with the value's text.
// ERRORS: NOT_SUPPORTED.
Result<std::string> partition_expression(const PartitionField& field, const Json& source_type,
                                         const std::string& quoted_column);
// The value as manifests keep it, of what that expression gave.
Result<Json> partition_value(std::string_view text, const Json& type);
// As paths show it: "2024-01-02", "null".
std::string partition_shown(const Json& value, const PartitionField& field, const Json& type);
const Json* source_type(const std::vector<Field>& fields, int id);

// --- manifests ------------------------------------------------------------------------------------------------------

struct ManifestFile {
  std::string path;
  int64_t length = 0;
  int spec_id = 0;
  bool deletes = false;
  int64_t sequence = 0, min_sequence = 0, snapshot_id = 0;
  int64_t added_files = 0, existing_files = 0, deleted_files = 0;
  int64_t added_rows = 0, existing_rows = 0, deleted_rows = 0;
  Json partitions;  // summaries, as they are; null: none
};
enum class EntryStatus : int { kExisting = 0, kAdded = 1, kDeleted = 2 };
enum class Content : int { kData = 0, kPositionDeletes = 1, kEqualityDeletes = 2 };
struct Entry {
  EntryStatus status = EntryStatus::kAdded;
  int64_t snapshot_id = 0, sequence = 0, file_sequence = 0;
  Json file;  // the data_file record, by its Avro names

  const std::string& path() const { return file["file_path"].as_string(); }
  int64_t rows() const { return file["record_count"].as_int(); }
  int64_t bytes() const { return file["file_size_in_bytes"].as_int(); }
  Content content() const { return static_cast<Content>(file["content"].as_int()); }
  const Json& partition() const { return file["partition"]; }
};

Result<std::vector<ManifestFile>> read_manifest_list(std::string_view bytes);
// Entries with what they inherit from the manifest filled in.
Result<std::vector<Entry>> read_manifest(std::string_view bytes, const ManifestFile& from);

using ReadObject = std::function<Result<std::string>(const std::string& uri)>;

struct LiveFile {
  Entry entry;
  int spec_id = 0;
};
struct LiveFiles {
  std::vector<LiveFile> data, deletes;
};
// The files of a snapshot.
Result<LiveFiles> live_files(const Snapshot& snapshot, const ReadObject& read);
// May the rows that `deletes` names be of `data`?
bool applies(const LiveFile& deletes, const LiveFile& data);

// --- what manifests say of values -----------------------------------------------------------------------------------

// A column's values in one row group of a Parquet file, as the file's footer tells of them.
struct ColumnChunk {
  int field_id = -1, physical = -1;  // Parquet's type of the values
  bool repeated = false;             // in a list or a map
  int64_t bytes = 0, values = 0;
  std::optional<int64_t> nulls = {};
  std::optional<std::string> least = {}, most = {};  // in Parquet's plain form
};
// Sizes, counts and bounds of a file's columns: members of the data_file record. Bounds of texts are cut to 16 characters.
Json metrics_of(const std::vector<ColumnChunk>& chunks, const std::vector<Field>& fields);
// A value of its single-value form, as manifests keep partitions' values; null: it is none of the type.
Json value_of_bytes(const std::string& bytes, const Json& type);
// A manifest's field_summary of one partition field, of its files' values.
Json partition_summary(const std::vector<const Json*>& values, const Json& type);

// --- new metadata ---------------------------------------------------------------------------------------------------

struct NewFile {
  std::string path;
  int64_t rows = 0, bytes = 0;
  int spec_id = 0;
  Json partition = Json::object();  // by the partition fields' names
  Content content = Content::kData;
  std::string deletes_from = {};  // of position deletes: the one data file that they are about
  Json metrics = Json::object();  // see metrics_of
};
struct NewObject {
  std::string uri, bytes;
};
// A table's first metadata document.
struct NewTable {
  std::string location, uuid;
  std::vector<Field> fields;
  int last_column_id = 0;
  std::vector<PartitionField> partition;
  std::vector<std::pair<std::string, std::string>> properties;
};
Json new_metadata(const NewTable& table, Time now);

struct Change {
  std::string operation;  // "append", "delete", "overwrite", "replace"
  std::vector<NewFile> added;
  std::set<std::string> removed;  // paths of data and delete files that are no longer
};
// Names of new objects are made of these. `random`: a new UUID at each call.
struct Making {
  Time now;
  std::function<std::string()> random;
  ReadObject read;
};
// The metadata with a new snapshot, and the manifests that it needs. `metadata` becomes the new document.
// REQUIRES: format version 2.
Result<std::vector<NewObject>> add_snapshot(Json& metadata, const Change& change, const Making& making);
// The document's next place: metadata/00003-<uuid>.metadata.json, of the one where it was before.
std::string next_location(const Json& metadata, const std::string& old_location, const std::string& uuid);
// Says when the document was changed and where the one before it is.
void note_change(Json& metadata, const std::string& old_location, Time now);
// The schema with these fields becomes the current one.
void set_schema(Json& metadata, const std::vector<Field>& fields, int last_column_id);

}  // namespace tarn::sql::iceberg

// What a file of data holds: its format, columns and their types, found out by looking into it. Crawlers and profiles
// build tables on it.
//
// AWS: "Adding classifiers to a crawler in AWS Glue": built-in classifiers are asked in an order, custom ones before them;
// text is judged by its first megabyte or thousand records.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tarn::lake {

// A Hive type. Of a struct the members; of an array one, of a map two (key, value), without names.
struct HiveType {
  std::string name;  // "bigint", "decimal(10,2)", "struct", "array", "map"; "": only nulls were seen
  std::vector<std::pair<std::string, HiveType>> members = {};

  std::string text() const;  // "array<struct<a:int>>"; a type that is not known is a string
  friend bool operator==(const HiveType&, const HiveType&) = default;
};
// The narrowest type that holds values of both.
HiveType widened(const HiveType& a, const HiveType& b);

struct FileColumn {
  std::string name;  // lower case
  HiveType type;
  std::string comment = {};
};
// All columns of both, in the order of the first; types widened.
std::vector<FileColumn> merged(const std::vector<FileColumn>& a, const std::vector<FileColumn>& b);

struct FileSchema {
  std::string classification;        // "parquet", "csv", "json", "avro", "xml", "combinedapache" ..; "UNKNOWN"
  std::string compression = "none";  // "gzip", "bzip2"
  std::vector<FileColumn> columns;
  // Of CSV.
  char delimiter = 0, quote = 0;  // quote 0: none is used
  bool header = false;
  std::string serde = {};  // asked for by a custom classifier: "OpenCSVSerDe", "LazySimpleSerDe", "None"
  // Of other text: the row's tag, a grok pattern, a JSON path, Avro's schema; as table parameters or SerDe's.
  std::map<std::string, std::string> parameters = {};
  // What the columns were read from: whole records, and how many bytes (not compressed) they took.
  uint64_t records = 0, record_bytes = 0;
  bool exact = false;  // `records` counts all of the file's

  // Can files of the two be one table at all?
  bool compatible(const FileSchema& other) const;
};
// How much of what the two have is the same: columns of one name and of types of one kind, among all of them; 0 to 1.
double similarity(const FileSchema& a, const FileSchema& b);

// A classifier of the user's. AWS: Glue's "Writing custom classifiers".
struct CustomClassifier {
  enum class Kind : uint8_t { kGrok, kXml, kJson, kCsv } kind = Kind::kGrok;
  std::string name, classification;
  std::string grok_pattern, custom_patterns;
  std::string row_tag;
  std::string json_path;
  char delimiter = 0, quote = 0;
  enum class Header : uint8_t { kUnknown, kPresent, kAbsent } contains_header = Header::kUnknown;
  std::vector<std::string> header;
  bool keep_blanks = false, allow_single_column = false;
  std::vector<std::string> types;  // allowed for the columns; empty: any
  std::string serde;
};

// A file as the classifiers see it.
struct FileView {
  std::string name;  // its ending may tell the compression
  uint64_t size = 0;
  // REQUIRES: offset + length <= size.
  std::function<Result<std::string>(uint64_t offset, uint64_t length)> read;
};

// Never fails for what is in the file: that is "UNKNOWN". ERRORS: those of reading, and of a custom classifier whose
// pattern is wrong.
Result<FileSchema> inspect(const FileView& file, const std::vector<CustomClassifier>& custom = {});

// --- the formats, each by itself; nullopt: it is not of that format --------------------------------------------------

// A text file's beginning, decompressed.
struct Sample {
  std::string_view text;
  bool whole = true;  // the file ends with it
  uint64_t records_at_most = 1000;
};
std::optional<FileSchema> inspect_csv(const Sample& sample, const CustomClassifier* custom = nullptr);
std::optional<FileSchema> inspect_json(const Sample& sample, const std::string& path = {});
std::optional<FileSchema> inspect_xml(const Sample& sample, const std::string& row_tag = {});
Result<std::optional<FileSchema>> inspect_grok(const Sample& sample, const std::string& pattern,
                                               const std::string& custom_patterns, const std::string& classification);
// The known log formats.
Result<std::optional<FileSchema>> inspect_logs(const Sample& sample);
std::optional<FileSchema> inspect_avro(std::string_view head);
// Of a Parquet file's metadata (without its length and magic).
std::optional<FileSchema> inspect_parquet(std::string_view metadata);

}  // namespace tarn::lake

// From the files of a target to tables: which folders are one table, and which of its folders are partitions. Pure.
//
// AWS: "How does a crawler determine when to create partitions?", "Creating a single schema for each Amazon S3 include
// path", "Specifying the table location and partitioning level".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lake/file_schema.h"

namespace tarn::glue {

struct CrawledFile {
  std::string key;  // in the bucket
  uint64_t size = 0;
  std::shared_ptr<const lake::FileSchema> schema;
};

struct PlanOptions {
  std::string bucket;
  std::string root;                 // the include path's key: a folder with its '/', a file, or empty: the whole bucket
  bool combine_compatible = false;  // TableGroupingPolicy
  int table_level = 0;              // TableLevelConfiguration; 0: found out. The bucket is level 1
};

// What a crawler says of some files.
struct FileStatistics {
  uint64_t objects = 0, bytes = 0, records = 0, average_record = 0;
};

struct PlannedPartition {
  std::vector<std::string> values;
  std::string location;  // s3://bucket/folder/
  std::vector<lake::FileColumn> columns;
  FileStatistics statistics;
};

struct PlannedTable {
  std::string name;      // of the folder or file, as the catalog takes it; without a prefix
  std::string location;  // s3://bucket/folder/, or the one file
  lake::FileSchema schema;
  std::vector<std::string> keys;
  std::vector<PlannedPartition> partitions;
  FileStatistics statistics;
};

struct Plan {
  std::vector<PlannedTable> tables;
  std::vector<std::string> remarks;  // what was left out, and why
};

// Files of the classification UNKNOWN are left out.
Plan plan_tables(const std::vector<CrawledFile>& files, const PlanOptions& options);

// Lower case, and '_' for what a table's name has not. AWS: a crawler's table names.
std::string table_name_of(std::string_view text);

// Does an exclusion's glob match this path below the include path? AWS: "Include and exclude patterns":
// * within a folder, ** across folders, ? one character, [a-z] [!a] sets, {a,b} alternatives, \ before a character itself.
bool glob_matches(std::string_view pattern, std::string_view path);

}  // namespace tarn::glue

// The object that S3 Select queries, as a table: one column a field of CSV, or one column with each JSON record.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sql/engine/records.h"
#include "sql/engine_client.h"

namespace tarn::sql::engine {

class SelectInput {
 public:
  // `path`: what follows S3Object in FROM, "[*]", ".a.b[*]". `width`: at least so many CSV columns.
  SelectInput(ByteSource source, const SelectRequest& request, const std::string& path, size_t width);

  bool json() const { return json_; }
  // CSV's columns: their names in the header, or _1, _2 ..
  const std::vector<std::string>& names() const { return names_; }
  size_t width() const { return width_; }
  bool has_header() const { return has_header_; }

  // The next record's fields (nullopt: missing), or the one JSON text. False: no more.
  bool next(std::vector<std::optional<std::string>>& fields);
  uint64_t processed() const { return reader_.consumed(); }

 private:
  bool next_json(std::string& text);

  RecordReader reader_;
  std::vector<std::string> names_;
  std::optional<Record> first_;
  size_t width_ = 0;
  bool json_ = false, by_lines_ = false, has_header_ = false;
  std::vector<std::string> path_;      // member names; "[*]" for each element
  std::vector<std::string> elements_;  // of the document that is being taken apart, last first
  uint64_t end_ = UINT64_MAX;          // records that start at or behind it are not wanted
};

// The statement with what only S3 Select has taken out: FROM S3Object[*].a.b -> FROM s3object, IS MISSING -> IS NULL.
// `path` is what stood behind S3Object. `width`: the highest N of a column _N.
std::string plain_select(const std::string& sql, std::string& path, size_t& width);

}  // namespace tarn::sql::engine

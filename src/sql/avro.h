// Avro's object container files, whole and in memory: for the small ones that describe tables (Iceberg's manifests). Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tarn::sql {

// Values are JSON: records and maps are objects, bytes and fixed are strings of those bytes, a union is its value (when it
// is written, null or its first other branch).
struct AvroFile {
  Json schema;
  std::vector<std::pair<std::string, std::string>> metadata;  // without avro.schema and avro.codec
  std::vector<Json> records;

  // The metadata of that name; empty: there is none.
  std::string of(std::string_view name) const;
};

// ERRORS: SqlError: no Avro file, a damaged one, or one whose codec is neither null nor deflate.
Result<AvroFile> read_avro(std::string_view bytes);

// Compressed with deflate. `marker`: 16 bytes of the caller's choice, the file's sync marker. REQUIRES: the records are of the
// schema.
std::string write_avro(const AvroFile& file, std::string_view marker);

// Avro's codec "deflate": raw, without a header. ERRORS: SqlError: the bytes do not inflate.
Result<std::string> inflate_block(std::string_view bytes);
std::string deflate_block(std::string_view bytes);

}  // namespace tarn::sql

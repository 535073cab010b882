// SelectObjectContent's input, checked and in the engine's terms; and how its records are written. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "gen/s3/selecting.h"
#include "sql/engine_client.h"
#include "sql/spool.h"

namespace tarn::s3 {

// How result records are written.
struct RecordFormat {
  bool json = false;
  std::string record_delimiter = "\n";
  std::string field_delimiter = ",";
  std::string quote = "\"";
  std::string quote_escape = "\"";
  bool always_quoted = false;
};

// Without the object and the spool. `size` is the object's.
// ERRORS: those of "List of SELECT Object Content Error Codes" (Amazon S3 API Reference, Error responses).
Result<sql::SelectRequest> select_request(const SelectObjectContentRequest& in, uint64_t size);
Result<RecordFormat> record_format(const SelectObjectContentRequest& in);

// Appends one result record with its delimiter.
void append_record(std::string& out, const RecordFormat& format, const std::vector<sql::ResultColumn>& columns,
                   const sql::SpoolPage& page, uint32_t row);

// What the engine says of a statement, in S3 Select's codes.
::tarn::Error select_error(::tarn::Error error);

}  // namespace tarn::s3

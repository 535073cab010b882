// SelectObjectContent's input, checked and in the engine's terms. Pure.
#pragma once

#include "base/result.h"
#include "gen/s3/selecting.h"
#include "sql/engine_client.h"
#include "sql/select_format.h"

namespace tarn::s3 {

// Without the object and the spool. `size` is the object's.
// ERRORS: those of "List of SELECT Object Content Error Codes" (Amazon S3 API Reference, Error responses).
Result<sql::SelectRequest> select_request(const SelectObjectContentRequest& in, uint64_t size);
Result<sql::SelectOutput> select_output(const SelectObjectContentRequest& in);

// What the engine says of a statement, in S3 Select's codes.
::tarn::Error select_error(::tarn::Error error);

}  // namespace tarn::s3

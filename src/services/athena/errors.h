// Errors as Athena words and classes them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tarn::athena {

// AWS: Athena error catalog.
enum class ErrorCategory : int { kSystem = 1, kUser = 2, kOther = 3 };

struct ErrorClass {
  ErrorCategory category = ErrorCategory::kUser;
  int type = 1000;
  bool retryable = false;
};

// What the error that ended a statement is.
ErrorClass class_of(const Error& error);

// Its StateChangeReason: "SYNTAX_ERROR: line 1:8: ...". `text` is what its position counts in.
std::string reason_of(const Error& error, std::string_view text);

// An error of Glue or S3 that a query met, as a SqlError in Athena's words.
Error lake_error(const Error& error);

// An error of Glue that a DDL statement met, in Hive's words.
Error ddl_error(const Error& error);
// "FAILED: ..." of Hive's, with a sqlstate of its own.
Failure hive_failure(std::string message);

}  // namespace tarn::athena

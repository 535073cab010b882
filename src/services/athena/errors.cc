#include "services/athena/errors.h"

#include <fmt/format.h>

#include <array>

#include "sql/sql_error.h"
#include "sql/stmt_athena.h"

namespace tarn::athena {
namespace {

struct Rule {
  std::string_view code;  // Trino's, or its beginning
  ErrorClass is;
};
// AWS: Athena error catalog, error types. ASSUMED: which of Trino's codes is of which type.
constexpr std::array<Rule, 19> kTrinoRules = {{
    {"SYNTAX_ERROR", {ErrorCategory::kUser, 1006}},
    {"TYPE_MISMATCH", {ErrorCategory::kUser, 1006}},
    {"FUNCTION_NOT_FOUND", {ErrorCategory::kUser, 1006}},
    {"TABLE_NOT_FOUND", {ErrorCategory::kUser, 1004}},
    {"COLUMN_NOT_FOUND", {ErrorCategory::kUser, 1004}},
    {"SCHEMA_NOT_FOUND", {ErrorCategory::kUser, 1004}},
    {"CATALOG_NOT_FOUND", {ErrorCategory::kUser, 1004}},
    {"HIVE_BAD_DATA", {ErrorCategory::kUser, 1001}},
    {"HIVE_CURSOR_ERROR", {ErrorCategory::kUser, 1001}},
    {"HIVE_", {ErrorCategory::kUser, 1002}},
    {"ICEBERG_", {ErrorCategory::kUser, 1002}},
    {"INVALID_CAST_ARGUMENT", {ErrorCategory::kUser, 1001}},
    {"DIVISION_BY_ZERO", {ErrorCategory::kUser, 1001}},
    {"NUMERIC_VALUE_OUT_OF_RANGE", {ErrorCategory::kUser, 1001}},
    {"PERMISSION_DENIED", {ErrorCategory::kUser, 1000}},
    {"NOT_SUPPORTED", {ErrorCategory::kUser, 1000}},
    {"EXCEEDED_MEMORY_LIMIT", {ErrorCategory::kSystem, 0, true}},
    {"EXCEEDED_TIME_LIMIT", {ErrorCategory::kSystem, 210}},
    {"GENERIC_INTERNAL_ERROR", {ErrorCategory::kSystem, 200}},
}};

// Where the engine has no word of Trino's.
constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kStates = {{
    {"42601", "SYNTAX_ERROR"},
    {"42P01", "TABLE_NOT_FOUND"},
    {"42703", "COLUMN_NOT_FOUND"},
    {"3F000", "SCHEMA_NOT_FOUND"},
    {"42883", "FUNCTION_NOT_FOUND"},
    {"42804", "TYPE_MISMATCH"},
    {"0A000", "NOT_SUPPORTED"},
    {"22P02", "INVALID_CAST_ARGUMENT"},
    {"22012", "DIVISION_BY_ZERO"},
    {"22003", "NUMERIC_VALUE_OUT_OF_RANGE"},
    {"42501", "PERMISSION_DENIED"},
    {"53200", "EXCEEDED_MEMORY_LIMIT"},
    {"XX000", "GENERIC_INTERNAL_ERROR"},
}};

std::string_view code_of_state(std::string_view state) {
  for (const auto& [each, code] : kStates)
    if (each == state) return code;
  return {};
}

std::string trino_code(const Error& error) {
  const std::string own = sql::error_member(error, "trino");
  return own.empty() ? std::string(code_of_state(sql::sqlstate_of(error))) : own;
}

Error worded(std::string sqlstate, std::string trino, std::string message) {
  Error made{400, "SqlError", std::move(message)};
  made.members.emplace_back("sqlstate", std::move(sqlstate));
  if (!trino.empty()) made.members.emplace_back("trino", std::move(trino));
  return made;
}

bool is_hive(const Error& error) {
  return !sql::error_member(error, "hive").empty();
}

}  // namespace

ErrorClass class_of(const Error& error) {
  if (is_hive(error)) return {ErrorCategory::kUser, 1003};
  const std::string state = sql::sqlstate_of(error);
  if (state == "57014") return {ErrorCategory::kUser, 1011};
  if (state == "57P02") return {ErrorCategory::kSystem, 200, true};
  const std::string code = trino_code(error);
  for (const Rule& rule : kTrinoRules)
    if (code.starts_with(rule.code)) return rule.is;
  if (error.status >= 500) return {ErrorCategory::kSystem, 100, true};
  return {};
}

std::string reason_of(const Error& error, std::string_view text) {
  if (is_hive(error)) return error.message;
  if (error.code != "SqlError") return fmt::format("{}: {}", error.code, error.message);
  if (!sql::error_member(error, "path").empty()) return error.message;
  const std::string code = trino_code(error);
  std::string message = error.message;
  const std::string position = sql::error_member(error, "position");
  if (!position.empty() && !message.starts_with("line "))
    message = sql::athena::line_and_column(text, std::stoul(position)) + ": " + message;
  if (code.empty() || message.starts_with(code)) return message;
  return code + ": " + message;
}

// ASSUMED: the wordings around AWS's own sentence.
Error lake_error(const Error& error) {
  if (error.code == "SqlError") return error;
  const std::string path = sql::error_member(error, "path");
  const bool denied = error.status == 403 || error.code.starts_with("AccessDenied");
  if (!path.empty()) {
    Error made = worded(denied ? "42501" : "58030", denied ? "PERMISSION_DENIED" : "HIVE_CANNOT_OPEN_SPLIT",
                        fmt::format("{}: Error opening {}: {} (Service: Amazon S3; Status Code: {}; Error Code: {})",
                                    denied ? "PERMISSION_DENIED" : "HIVE_CANNOT_OPEN_SPLIT", path, error.message,
                                    error.status, error.code));
    made.members.emplace_back("path", path);
    return made;
  }
  if (denied)
    return worded("42501", "PERMISSION_DENIED",
                  "Insufficient permissions to execute the query. " + error.message);
  return worded("58030", "HIVE_METASTORE_ERROR", fmt::format("HIVE_METASTORE_ERROR: {}: {}", error.code, error.message));
}

Error ddl_error(const Error& error) {
  if (error.code == "SqlError") return error;
  const bool denied = error.status == 403 || error.code.starts_with("AccessDenied");
  if (denied || !sql::error_member(error, "path").empty()) return lake_error(error);
  Error made = worded("58030", "",
                      fmt::format("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "
                                  "{}(message:{})",
                                  error.code, error.message));
  made.members.emplace_back("hive", "1");
  return made;
}

Failure hive_failure(std::string message) {
  Error made = worded("58030", "", std::move(message));
  made.members.emplace_back("hive", "1");
  return Failure(std::move(made));
}

}  // namespace tarn::athena

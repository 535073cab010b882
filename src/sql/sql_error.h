// Errors of a SQL statement: code "SqlError" with members {"sqlstate", ..} and, where known, {"position", ..} (1-based,
// in bytes of the statement's text).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tarn::sql {

constexpr std::string_view kSyntaxError = "42601";
constexpr std::string_view kNotSupported = "0A000";
constexpr std::string_view kUndefinedTable = "42P01";
constexpr std::string_view kUndefinedFunction = "42883";
constexpr std::string_view kUndefinedObject = "42704";
constexpr std::string_view kInvalidSchemaName = "3F000";
constexpr std::string_view kDuplicateSchema = "42P06";
constexpr std::string_view kDuplicateTable = "42P07";
constexpr std::string_view kDuplicateFunction = "42723";
constexpr std::string_view kInvalidParameter = "22023";
constexpr std::string_view kNoActiveTransaction = "25P01";
constexpr std::string_view kInsufficientPrivilege = "42501";
constexpr std::string_view kInternalError = "XX000";

inline Failure sql_error(std::string_view sqlstate, std::string message, std::optional<size_t> position = {}) {
  Error error{400, "SqlError", std::move(message)};
  error.members.emplace_back("sqlstate", sqlstate);
  if (position) error.members.emplace_back("position", std::to_string(*position));
  return Failure(std::move(error));
}

// The member's text; empty where the error has none of that name.
inline std::string error_member(const Error& error, std::string_view name) {
  for (const auto& [key, value] : error.members)
    if (key == name) return value;
  return {};
}
inline std::string sqlstate_of(const Error& error) {
  return error_member(error, "sqlstate");
}

}  // namespace tarn::sql

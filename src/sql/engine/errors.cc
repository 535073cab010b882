#include "sql/engine/errors.h"

#include "base/text.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ExceptionType;

struct Rule {
  ExceptionType type;
  const char* contains;  // "" always
  const char* sqlstate;
};
// The first that fits decides.
constexpr Rule kRules[] = {
    {ExceptionType::PARSER, "", "42601"},
    {ExceptionType::SYNTAX, "", "42601"},
    {ExceptionType::CATALOG, "already exists", "42P07"},
    {ExceptionType::CATALOG, "Table with name", "42P01"},
    {ExceptionType::CATALOG, "View with name", "42P01"},
    {ExceptionType::CATALOG, "Schema with name", "3F000"},
    {ExceptionType::CATALOG, "Function with name", "42883"},
    {ExceptionType::CATALOG, "Type with name", "42704"},
    {ExceptionType::CATALOG, "", "42704"},
    {ExceptionType::BINDER, "must appear in the GROUP BY", "42803"},
    {ExceptionType::BINDER, "Ambiguous", "42702"},
    {ExceptionType::BINDER, "No function matches", "42883"},
    {ExceptionType::BINDER, "not found", "42703"},
    {ExceptionType::BINDER, "does not have a column", "42703"},
    {ExceptionType::BINDER, "Referenced column", "42703"},
    {ExceptionType::BINDER, "", "42601"},
    {ExceptionType::CONVERSION, "out of range", "22003"},
    {ExceptionType::CONVERSION, "Could not cast value", "22003"},
    {ExceptionType::CONVERSION, "", "22P02"},
    {ExceptionType::OUT_OF_RANGE, "", "22003"},
    {ExceptionType::DECIMAL, "", "22003"},
    {ExceptionType::DIVIDE_BY_ZERO, "", "22012"},
    {ExceptionType::CONSTRAINT, "NOT NULL", "23502"},
    {ExceptionType::CONSTRAINT, "", "23000"},
    {ExceptionType::DEPENDENCY, "", "2BP01"},
    {ExceptionType::TRANSACTION, "onflict", "40001"},
    {ExceptionType::TRANSACTION, "", "25000"},
    {ExceptionType::INTERRUPT, "", "57014"},
    {ExceptionType::OUT_OF_MEMORY, "", "53200"},
    {ExceptionType::PERMISSION, "", "42501"},
    {ExceptionType::NOT_IMPLEMENTED, "", "0A000"},
    {ExceptionType::INVALID_INPUT, "", "22023"},
    {ExceptionType::FATAL, "", "57P02"},
};

// DuckDB appends candidates, hints and a caret line; they speak of its own names.
std::string first_sentence(std::string text) {
  for (const char* end : {"\nDid you mean", "\nCandidate", "\n\nLINE", "\nLINE", "\n\n", "\n"}) {
    const size_t at = text.find(end);
    if (at != std::string::npos) text.resize(at);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.pop_back();
  return text;
}

std::string quoted_name(const duckdb::ErrorData& error, const std::string& message) {
  const auto found = error.ExtraInfo().find("name");
  if (found != error.ExtraInfo().end()) return found->second;
  const size_t from = message.find('"');
  const size_t to = from == std::string::npos ? from : message.find('"', from + 1);
  return to == std::string::npos ? "" : message.substr(from + 1, to - from - 1);
}

// "Overflow in addition of INT32 (2147483647 + 1)!" and its like, by the type that overflowed.
std::string overflow_words(const std::string& message) {
  struct Words {
    const char *type, *overflow, *cast;
  };
  static constexpr Words kWords[] = {{"INT16", "smallint out of range", "Value out of range for 2 bytes."},
                                     {"INT32", "integer out of range", "Value out of range for 4 bytes."},
                                     {"INT64", "bigint out of range", "Value out of range for 8 bytes."}};
  if (message.find("DECIMAL") != std::string::npos) return "Numeric data overflow (result precision)";
  const bool cast = message.find("destination type") != std::string::npos;
  const size_t from = cast ? message.find("destination type") : 0;
  for (const Words& words : kWords)
    if (message.find(words.type, from) != std::string::npos) return cast ? words.cast : words.overflow;
  return message;
}

std::string in_dialects_words(const std::string& state, const duckdb::ErrorData& error, const std::string& raw) {
  std::string message = first_sentence(raw);
  const std::string name = quoted_name(error, message);
  if (state == "42601" && message.starts_with("syntax error")) return message;
  if (state == "42P01" && error.Type() == ExceptionType::CATALOG) {
    // Table with name x does not exist!
    std::string table = name;
    const size_t from = message.find("name ");
    const size_t to = message.find(" does not exist");
    if (table.empty() && from != std::string::npos && to != std::string::npos)
      table = message.substr(from + 5, to - from - 5);
    return "relation \"" + table + "\" does not exist";
  }
  if (state == "42703" && !name.empty()) return "column \"" + name + "\" does not exist";
  if (state == "57014") return "Query cancelled on user's request";
  if (state == "40001") return "1023: Serializable isolation violation: another transaction changed the same rows.";
  if (state == "22003") return overflow_words(message);
  if (state == "22012") return "Divide by zero";
  if (state == "53200") return "The statement needs more memory than the engine has: " + message;
  if (state == "42P07") {
    const size_t from = message.find("name ");
    const size_t to = message.find(" already exists");
    if (from != std::string::npos && to != std::string::npos) {
      return "Relation " + message.substr(from + 5, to - from - 5) + " already exists";
    }
  }
  return message;
}

}  // namespace

void raise_sql(const char* sqlstate, const std::string& message, duckdb::optional_idx position) {
  std::unordered_map<std::string, std::string> extra = {{"sqlstate", sqlstate}};
  if (position.IsValid()) extra["position"] = std::to_string(position.GetIndex());
  throw duckdb::Exception(ExceptionType::INVALID_INPUT, message,
                          duckdb::unordered_map<std::string, std::string>(extra.begin(), extra.end()));
}

Error sql_error(std::string sqlstate, std::string message) {
  return Error{400, "SqlError", std::move(message), {{"sqlstate", std::move(sqlstate)}}};
}

Error to_error(const duckdb::ErrorData& error, Dialect) {
  const auto& extra = error.ExtraInfo();
  const std::string& raw = error.RawMessage();
  std::string state = "XX000";
  std::string message;
  if (const auto own = extra.find("sqlstate"); own != extra.end()) {
    state = own->second;
    message = raw;
  } else {
    const auto subtype = extra.find("error_subtype");
    const bool no_column = subtype != extra.end() && subtype->second == "COLUMN_NOT_FOUND";
    if (no_column) state = "42703";
    for (const Rule& rule : kRules) {
      if (no_column) break;
      if (rule.type == error.Type() && raw.find(rule.contains) != std::string::npos) {
        state = rule.sqlstate;
        break;
      }
    }
    message = in_dialects_words(state, error, raw);
  }
  Error result = sql_error(std::move(state), std::move(message));
  if (const auto at = extra.find("position"); at != extra.end()) {
    if (const auto position = parse_int(at->second))
      result.members.emplace_back("position", std::to_string(*position + 1));
  }
  return result;
}

}  // namespace tarn::sql::engine

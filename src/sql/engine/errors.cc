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
    {ExceptionType::CONVERSION, "Unimplemented type for cast", "42846"},
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
    {ExceptionType::NOT_IMPLEMENTED, "Unknown TimeZone", "22023"},
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
  if (message.find(' ') == message.find(" is out of range!")) return "overflow";  // VARPOP is out of range!
  if (message.find("DECIMAL") != std::string::npos || message.find("Decimal") != std::string::npos ||
      message.find("HUGEINT") != std::string::npos)
    return "Numeric data overflow (result precision)";
  const bool cast = message.find("destination type") != std::string::npos;
  const size_t from = cast ? message.find("destination type") : 0;
  for (const Words& words : kWords)
    if (message.find(words.type, from) != std::string::npos) return cast ? words.cast : words.overflow;
  return message;
}

}  // namespace

std::string shown_type(std::string name) {
  static constexpr std::pair<const char*, const char*> kNames[] = {
      {"INTEGER_LITERAL", "integer"}, {"STRING_LITERAL", "character varying"}, {"VARCHAR", "character varying"},
      {"DOUBLE", "double precision"}, {"FLOAT", "real"}, {"JSON", "super"}, {"BLOB", "binary varying"},
      {"HUGEINT", "numeric"}, {"BOOL", "boolean"}, {"INT16", "smallint"}, {"INT32", "integer"}, {"INT64", "bigint"},
      {"TIMESTAMP", "timestamp without time zone"}, {"TIME", "time without time zone"}, {"\"NULL\"", "unknown"}};
  if (name.starts_with("DECIMAL")) return "numeric";
  for (const auto& [engine, shown] : kNames)
    if (name == engine) return shown;
  return lower(name);
}

namespace {

// No function matches the given name and argument types 'f(INTEGER, DECIMAL(18,0))'. ..
std::string no_such_function(const std::string& message) {
  const size_t begin = message.find('\''), end = message.rfind(")'"), open = message.find('(', begin);
  if (begin == std::string::npos || end == std::string::npos || open > end) return message;
  const std::string name = message.substr(begin + 1, open - begin - 1);
  std::vector<std::string> types(1);
  int depth = 0;
  for (const char c : message.substr(open + 1, end - open - 1)) {
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == ',' && depth == 0) {
      types.emplace_back();
    } else if (c != ' ' || !types.back().empty()) {
      types.back() += c;
    }
  }
  for (std::string& type : types) type = shown_type(type);
  if (name == "nonzero") return "operator does not exist: numeric / " + types[0];  // a divisor, see fn_arithmetic.cc
  if (std::isalpha(static_cast<unsigned char>(name[0]))) {
    std::string all;
    for (const std::string& type : types) all += (all.empty() ? "" : ", ") + type;
    return "function " + name + "(" + all + ") does not exist";
  }
  const bool one = types.size() == 1;
  return "operator does not exist: " + (one ? name + " " + types[0] : types[0] + " " + name + " " + types.back());
}

// What stands between the first of `from` and the next `to`.
std::string between(const std::string& text, std::string_view from, std::string_view to) {
  const size_t begin = text.find(from);
  if (begin == std::string::npos) return "";
  const size_t end = text.find(to, begin + from.size());
  return end == std::string::npos ? "" : text.substr(begin + from.size(), end - begin - from.size());
}

// Could not convert string 'x' to INT32; invalid date field format: "x", expected ..
std::string bad_value(const std::string& message) {
  if (message.starts_with("Could not convert string ")) {
    const char mark = message[std::string_view("Could not convert string ").size()];
    const std::string value = between(message, std::string(1, mark), std::string(1, mark) + " to ");
    std::string type = message.substr(message.rfind(" to ") + 4);
    type.resize(std::min(type.find(" when "), type.size()));
    const bool whole = type.starts_with("INT") || type.starts_with("BIGINT") || type.starts_with("SMALLINT");
    return std::string("invalid input syntax for ") + (whole ? "integer" : "type " + shown_type(type)) + ": \"" + value + "\"";
  }
  if (message.starts_with("time field value out of range: \""))
    return "invalid input syntax for type time: \"" + between(message, ": \"", "\"") + "\"";
  if (message.starts_with("Unable to cast '"))
    return "invalid input syntax for type " + shown_type(message.substr(message.rfind(" to ") + 4)) + ": \"" +
           between(message, "'", "' to ") + "\"";
  if (message.starts_with("Failed to cast value to numerical")) return "invalid input syntax for type numeric";
  if (message.starts_with("Malformed JSON")) return "invalid input syntax for type super";
  for (const char* type : {"date", "timestamp", "time"}) {
    const std::string start = std::string("invalid ") + type + " field format: \"";
    if (message.starts_with(start)) {
      return std::string("invalid input syntax for type ") + type + ": \"" + between(message, start, "\"") + "\"";
    }
  }
  return message;
}

// Messages of the engine, and Redshift's for the same.
constexpr std::pair<std::string_view, const char*> kWords[] = {
    {"WHERE clause cannot contain aggregates", "aggregates not allowed in WHERE clause"},
    {"WHERE clause cannot contain window functions", "window functions not allowed in WHERE clause"},
    {"HAVING clause cannot contain window functions", "window functions not allowed in HAVING clause"},
    {"GROUP BY clause cannot contain aggregates", "aggregates not allowed in GROUP BY clause"},
    {"GROUP BY clause cannot contain window functions", "window functions not allowed in GROUP BY clause"},
    {"More than one row returned by a subquery", "single-row subquery returns more than one row"},
    {"Set operations can only apply to expressions with the same number",
     "each UNION query must have the same number of columns"},
    {"Expected geometry type at position", "parse error - invalid geometry"},
    {"Can only delete from base table", "cannot delete from a view"},
    {"Can only update base table", "cannot update a view"},
};

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
  if (state == "3F000")
    return "schema \"" + between(message, "Schema with name ", " does not exist") + "\" does not exist";
  if (message.starts_with("Schema with name "))
    return "schema \"" + name + "\" already exists";
  if (message.ends_with(" is not an table")) return "cannot insert into a view";
  if (message.starts_with("ORDER term out of range")) return "ORDER BY position is not in select list";
  if (message.starts_with("Duplicate column name ")) return "column \"" + name + "\" specified more than once";
  if (message.starts_with("Referenced update column "))
    return "column \"" + between(message, "column ", " not found") + "\" does not exist";
  if (state == "2BP01")
    return "cannot drop schema " + name +
           " because other objects depend on it\n  Hint: Use DROP ... CASCADE to drop the dependent objects too.";
  if (message.find("values were supplied") != std::string::npos) {  // .. has 2 columns but 1 values were supplied
    const auto number = [&](size_t end) {
      const size_t last = message.find_last_of("0123456789", end);
      const size_t first = last == std::string::npos ? last : message.find_last_not_of("0123456789", last) + 1;
      return last == std::string::npos ? 0 : parse_int(message.substr(first, last + 1 - first)).value_or(0);
    };
    const bool fewer = number(message.find("values were supplied")) < number(message.find(" column"));
    return fewer ? "INSERT has more target columns than expressions" : "INSERT has more expressions than target columns";
  }
  for (const auto& [words, shown] : kWords)
    if (message.find(words) != std::string::npos) return shown;
  if (message.find("does not have a column with name") != std::string::npos) {  // of an INSERT, ALTER
    return "column \"" + between(message, "with name \"", "\"") + "\" of relation \"" +
           between(message, "able \"", "\"") + "\" does not exist";
  }
  if (message.find("does not have a column named") != std::string::npos) {
    return "column " + between(message, "able \"", "\"") + "." + between(message, "named \"", "\"") + " does not exist";
  }
  if (message.starts_with("Referenced table")) return "missing FROM-clause entry for table \"" + between(message, "\"", "\"") + "\"";
  if (state == "42703" && !name.empty()) return "column \"" + name + "\" does not exist";
  if (state == "42883" && message.starts_with("No function matches")) return no_such_function(message);
  if (state == "22P02" || state == "22007") return bad_value(message);
  if (message.starts_with("Cannot compare values of type ")) {
    return "operator does not exist: " + shown_type(between(message, "of type ", " and ")) + " = " +
           shown_type(between(message, "and type ", " - "));
  }
  if (state == "42804" && message.starts_with("Cannot combine types of ")) {
    return "types " + shown_type(between(message, "types of ", " and ")) + " and " + shown_type(between(message, " and ", " - ")) +
           " cannot be matched";
  }
  if (state == "42804" && message.starts_with("Cannot mix values of type ")) {
    const bool in_case = message.find(" in CASE") != std::string::npos;
    const bool coalesced = message.find(" in COALESCE") != std::string::npos;
    const std::string second = between(message, " and ", in_case || coalesced ? " in " : " - ");
    return std::string(in_case ? "CASE " : coalesced ? "COALESCE " : "") + "types " +
           shown_type(between(message, "of type ", " and ")) + " and " + shown_type(second) + " cannot be matched";
  }
  if (state == "42725") {
    const std::string called = lower(between(message, "\"", "("));
    const bool function = !called.empty() && std::isalpha(static_cast<unsigned char>(called[0]));
    return (function ? "function " : "operator ") + called + " is not unique: cast its arguments";
  }
  if (state == "42702") return "column reference \"" + between(message, "column name \"", "\"") + "\" is ambiguous";
  if (state == "42803" && message.starts_with("column \"")) {
    return message.substr(0, message.find("must appear")) + "must appear in the GROUP BY clause or be used in an aggregate function";
  }
  if (state == "42846") {
    return "cannot cast type " + shown_type(between(message, "cast (", " -> ")) + " to " + shown_type(between(message, " -> ", ")"));
  }
  if (state == "23502") {
    return "Cannot insert a NULL value into column " + message.substr(message.rfind('.') + 1);
  }
  if (message.starts_with("Unknown TimeZone")) return "time zone \"" + between(message, "'", "'") + "\" not recognized";
  if (state == "57014") return "Query cancelled on user's request";
  if (state == "40001") return "1023: Serializable isolation violation: another transaction changed the same rows.";
  if (state == "22003") return overflow_words(message);
  if (state == "22012") return "Divide by zero";
  if (state == "53200") return "The statement needs more memory than the engine has: " + message;
  if (state == "42P07" && message.starts_with("Column with name ")) {
    return "column \"" + between(message, "Column with name ", " already exists") + "\" already exists";
  }
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
    // Whoever says it: while a constant is worked out it may be the binder.
    if (raw.starts_with("Could not convert string ") || raw.starts_with("Unable to cast '") ||
        raw.starts_with("Failed to cast value to numerical") || raw.starts_with("Malformed JSON"))
      state = "22P02";
    if (raw.find("out of range for the destination type") != std::string::npos) state = "22003";
    if (raw.starts_with("Cannot compare values of type ")) state = "42883";
    if (raw.starts_with("Cannot combine types of ") || raw.starts_with("Cannot mix values of type ")) state = "42804";
    if (raw.find(' ') != std::string::npos && raw.find(' ') == raw.find(" is out of range!")) state = "22003";
    if (raw.starts_with("Could not choose a best candidate")) state = "42725";
    for (const Rule& rule : kRules) {
      if (no_column || state != "XX000") break;
      if (rule.type == error.Type() && raw.find(rule.contains) != std::string::npos) {
        state = rule.sqlstate;
        break;
      }
    }
    message = in_dialects_words(state, error, raw);
  }
  std::optional<size_t> position;
  if (const auto at = extra.find("position"); at != extra.end())
    if (const auto from_zero = parse_int(at->second)) position = static_cast<size_t>(*from_zero + 1);
  return sql_error(state, std::move(message), position).error();
}

}  // namespace tarn::sql::engine

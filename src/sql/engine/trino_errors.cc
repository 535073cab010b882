// Trino's errors: code, place in the text, words.
#include "base/regex.h"
#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/trino.h"

namespace tarn::sql::engine::trino {

using duckdb::ExceptionType;
using std::string;

namespace {

// SQLSTATEs of what the engine raises without knowing the dialect, and of Trino's codes for those who look at them.
struct State {
  const char *code, *sqlstate;
};
constexpr State kStates[] = {
    {"SYNTAX_ERROR", "42601"},      {"COLUMN_NOT_FOUND", "42703"},      {"TABLE_NOT_FOUND", "42P01"},
    {"SCHEMA_NOT_FOUND", "3F000"},  {"FUNCTION_NOT_FOUND", "42883"},    {"TYPE_MISMATCH", "42804"},
    {"DIVISION_BY_ZERO", "22012"},  {"INVALID_CAST_ARGUMENT", "22P02"}, {"NUMERIC_VALUE_OUT_OF_RANGE", "22003"},
    {"NOT_SUPPORTED", "0A000"},     {"AMBIGUOUS_NAME", "42702"},        {"EXPRESSION_NOT_AGGREGATE", "42803"},
    {"EXCEEDED_TIME_LIMIT", "57014"}, {"USER_CANCELED", "57014"},       {"INVALID_FUNCTION_ARGUMENT", "22023"},
    {"EXCEEDED_LOCAL_MEMORY_LIMIT", "53200"}, {"PERMISSION_DENIED", "42501"}, {"TYPE_NOT_FOUND", "42704"}};

struct Found {
  string code, message;
};

string first_line(string text) {
  for (const char* end : {"\nDid you mean", "\nCandidate", "\n"}) {
    if (const size_t at = text.find(end); at != string::npos) text.resize(at);
  }
  return string(trim(text));
}

string quoted(const string& text) {
  const size_t from = text.find('"'), to = from == string::npos ? from : text.find('"', from + 1);
  return to == string::npos ? "" : text.substr(from + 1, to - from - 1);
}

string between(const string& text, char quote) {
  const size_t from = text.find(quote), to = from == string::npos ? from : text.find(quote, from + 1);
  return to == string::npos ? "" : text.substr(from + 1, to - from - 1);
}

const char* integer_name(const string& engines) {
  if (engines == "INT8") return "tinyint";
  if (engines == "INT16") return "smallint";
  if (engines == "INT32") return "integer";
  return "bigint";
}

// One of the engine's messages. It may hold names and texts of users, of any length.
class Words {
 public:
  explicit Words(const char* expression) : regex_(*Regex::compile(expression)) {}
  // Its groups behind all that matched; none: it is another message.
  std::vector<string> in(const string& message) const {
    RegexMatch match(regex_);
    std::vector<string> groups;
    if (match.find(message) != RegexMatch::Found::kYes) return groups;
    for (size_t i = 0; i <= regex_.groups(); ++i) groups.emplace_back(match.text(i));
    return groups;
  }

 private:
  Regex regex_;
};

// "Overflow in addition of INT32 (2147483647 + 1)!"
Found out_of_range(const string& raw) {
  static const Words kOverflow(R"(Overflow in (\w+) of (\w+) \((-?\d+) (.) (-?\d+)\))");
  if (const auto match = kOverflow.in(raw); !match.empty()) {
    return {"NUMERIC_VALUE_OUT_OF_RANGE",
            integer_name(match[2]) + (" " + match[1]) + " overflow: " + match[3] + " " + match[4] + " " + match[5]};
  }
  if (raw.find("of DECIMAL(") != string::npos) return {"NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow"};
  static const Words kAbs(R"(Overflow on abs\((-\d+)\))");
  if (const auto match = kAbs.in(raw); !match.empty()) {  // the least value says which type it is of
    const string& value = match[1];
    const char* type = value == "-128" ? "tinyint" : value == "-32768" ? "smallint" : value == "-2147483648" ? "integer" : "bigint";
    return {"NUMERIC_VALUE_OUT_OF_RANGE", "Value " + value + " is out of range for abs(" + type + ")"};
  }
  return {"NUMERIC_VALUE_OUT_OF_RANGE", first_line(raw)};
}

// "Type INT64 with value 3000000000 can't be cast because the value is out of range for the destination type INT32"
Found bad_conversion(const string& raw) {
  static const Words kRange(R"(with value (\S+) can't be cast .* destination type (\w+))");
  if (raw.ends_with("to INT128") && raw.starts_with("Could not convert string")) {
    return {"INVALID_CAST_ARGUMENT", "Cannot cast value to UUID: " + between(raw, '\'')};
  }
  // Only sums are so wide.
  if (raw.find("Type INT128") != string::npos && raw.find("destination type INT64") != string::npos) {
    return {"NUMERIC_VALUE_OUT_OF_RANGE", "bigint addition overflow"};
  }
  if (const auto match = kRange.in(raw); !match.empty()) {
    return {"INVALID_CAST_ARGUMENT", string("Out of range for ") + integer_name(match[2]) + ": " + match[1]};
  }
  static const Words kDecimal(
      R"rx((?:Could not cast value|Casting value) "?([^ "]+)"? to (?:type )?DECIMAL\((\d+),(\d+)\))rx");
  if (const auto match = kDecimal.in(raw); !match.empty()) {
    const string& value = match[1];
    const bool decimal = raw.starts_with("Casting");
    const auto whole = parse_int(value);
    const char* from = decimal                                               ? "DECIMAL"
                       : !whole                                              ? "DOUBLE"
                       : *whole == static_cast<int64_t>(static_cast<int32_t>(*whole)) ? "INTEGER"
                                                                             : "BIGINT";
    return {"INVALID_CAST_ARGUMENT",
            string("Cannot cast ") + from + " '" + value + "' to DECIMAL(" + match[2] + ", " + match[3] + ")"};
  }
  return {"INVALID_CAST_ARGUMENT", first_line(raw)};
}

// "table "t" has 1 columns available but 2 columns specified", "Column "z" does not exist on left side of join!"
// "No function matches the given name and argument types 'bool_and(INTEGER)'. .."
std::optional<Found> bad_names(const string& raw) {
  static const Words kAliases(R"rx(table "(.*)" has (\d+) columns available but (\d+) columns specified)rx");
  static const Words kUsing(R"rx(Column "(.*)" does not exist on (left|right) side of join)rx");
  static const Words kFunction(R"rx(No function matches the given name and argument types '([^(]*)\((.*)\)')rx");
  if (const auto match = kAliases.in(raw); !match.empty()) {
    return Found{"MISMATCHED_COLUMN_ALIASES", "Column alias list has " + match[3] + " entries but '" + match[1] +
                                                  "' has " + match[2] + " columns available"};
  }
  if (const auto match = kUsing.in(raw); !match.empty()) {
    return Found{"COLUMN_NOT_FOUND", "Column '" + match[1] + "' is missing from " + match[2] + " side of join"};
  }
  if (const auto match = kFunction.in(raw); !match.empty()) {
    return Found{"FUNCTION_NOT_FOUND", "Unexpected parameters (" + lower(match[2]) + ") for function " + lower(match[1])};
  }
  return std::nullopt;
}

// What the engine's functions say of their arguments, and its readers of files.
Found bad_input(const string& raw) {
  if (raw.find("More than one row returned by a subquery") != string::npos)
    return {"SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows"};
  if (raw.find("must be a constant") != string::npos)
    return {"NOT_SUPPORTED", "A format or separator that is not a literal is not supported here."};
  for (const char* of_files : {"arquet", "magic bytes", "Failed to read", "Avro", "avro"})
    if (raw.find(of_files) != string::npos) return {"HIVE_BAD_DATA", first_line(raw)};
  return {"INVALID_FUNCTION_ARGUMENT", first_line(raw)};
}

// Where the name first stands in the text, as a word; -1: nowhere.
int64_t place_of_name(const string& text, const string& name) {
  const auto in_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  for (size_t at = 0; !name.empty() && (at = lower(text).find(lower(name), at)) != string::npos; ++at) {
    const bool starts = at == 0 || !in_word(text[at - 1]);
    const size_t end = at + name.size();
    if (starts && (end >= text.size() || !in_word(text[end]))) return static_cast<int64_t>(at);
  }
  return -1;
}

// The name that stands there with its table's: t.a, where the engine says a or t.
string whole_name(const string& text, std::optional<int64_t> at, const string& part) {
  if (!at || *at < 0) return part;
  string name;
  for (size_t i = static_cast<size_t>(*at); i < text.size(); ++i) {
    const char c = text[i];
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.' && c != '"' && c != '$') break;
    if (c != '"') name += c;
  }
  name = lower(name);
  const string wanted = lower(part);
  const bool is_it = name.starts_with(wanted + ".") || name.ends_with("." + wanted);
  return is_it ? name : part;
}

Found classify(const duckdb::ErrorData& error) {
  const string& raw = error.RawMessage();
  const auto& extra = error.ExtraInfo();
  const auto subtype = extra.find("error_subtype");
  if (subtype != extra.end() && subtype->second == "COLUMN_NOT_FOUND") {
    const auto name = extra.find("name");
    return {"COLUMN_NOT_FOUND", name == extra.end() ? quoted(raw) : name->second};
  }
  switch (error.Type()) {
    case ExceptionType::BINDER:
      if (raw.find("Ambiguous reference") != string::npos) {
        return {"AMBIGUOUS_NAME", "Column '" + quoted(raw) + "' is ambiguous"};
      }
      if (raw.find("cannot be referenced before it is defined") != string::npos) {
        return {"COLUMN_NOT_FOUND", quoted(raw)};
      }
      if (raw.find("must appear in the GROUP BY") != string::npos) {
        return {"EXPRESSION_NOT_AGGREGATE",
                "'" + quoted(raw) + "' must be an aggregate expression or appear in GROUP BY clause"};
      }
      if (raw.find("Referenced table") != string::npos || raw.find("not found in FROM") != string::npos ||
          raw.find("does not have a column") != string::npos) {
        return {"COLUMN_NOT_FOUND", quoted(raw)};
      }
      for (const char* clause : {"WHERE", "HAVING", "GROUP BY", "JOIN"}) {
        const bool windows = raw.find("window functions") != string::npos && std::string_view(clause) != "GROUP BY";
        const bool aggregates = raw.find("aggregate") != string::npos && std::string_view(clause) != "HAVING";
        if (raw.find(clause) == string::npos || (!windows && !aggregates)) continue;
        return {"EXPRESSION_NOT_SCALAR", string(clause) + " clause cannot contain aggregations, window functions or grouping operations"};
      }
      if (raw.starts_with("Invalid LIST argument during lambda")) {
        return {"FUNCTION_NOT_FOUND", "Unexpected parameters: a function with a lambda expression needs an array or a map"};
      }
      if (raw.starts_with("GROUPING statement cannot be used")) {
        return {"MISSING_GROUP_BY",
                "A GROUPING() operation can only be used with a corresponding GROUPING SET/CUBE/ROLLUP/GROUP BY clause"};
      }
      if (raw.starts_with("Subquery returns ")) {
        const string columns = raw.substr(17, raw.find(' ', 17) - 17);
        return {"NOT_SUPPORTED", "Multiple columns returned by subquery are not yet supported. Found " + columns};
      }
      if (raw.starts_with("Cannot extract field")) {
        return {"TYPE_MISMATCH", "Expression " + quoted(raw) + " is not of type ROW"};
      }
      if (raw.find("More than one row") != string::npos) break;
      if (raw.find("term out of range") != string::npos) {
        return {"INVALID_COLUMN_REFERENCE", "A position in ORDER BY or GROUP BY is not in the select list: " + first_line(raw)};
      }
      if (raw.find("calls cannot be nested") != string::npos) {
        return {"NESTED_AGGREGATION", "Cannot nest aggregations or window functions inside aggregations"};
      }
      if (raw.find("must be a constant") != string::npos) return bad_input(raw);
      if (auto named = bad_names(raw)) return *named;
      return {"TYPE_MISMATCH", first_line(raw)};
    case ExceptionType::PARSER:
    case ExceptionType::SYNTAX: return {"SYNTAX_ERROR", first_line(raw)};
    case ExceptionType::DIVIDE_BY_ZERO: return {"DIVISION_BY_ZERO", "Division by zero"};
    case ExceptionType::OUT_OF_RANGE: return out_of_range(raw);
    case ExceptionType::DECIMAL: return {"NUMERIC_VALUE_OUT_OF_RANGE", first_line(raw)};
    case ExceptionType::CONVERSION: return bad_conversion(raw);
    case ExceptionType::OUT_OF_MEMORY:
      return {"EXCEEDED_LOCAL_MEMORY_LIMIT", "Query exhausted resources at this scale factor: " + first_line(raw)};
    case ExceptionType::PERMISSION: return {"PERMISSION_DENIED", first_line(raw)};
    case ExceptionType::NOT_IMPLEMENTED:
      if (raw.find("Unknown TimeZone") != string::npos) {
        return {"INVALID_FUNCTION_ARGUMENT", "'" + between(raw, '\'') + "' is not a valid time zone"};
      }
      return {"NOT_SUPPORTED", first_line(raw)};
    case ExceptionType::INVALID_INPUT: return bad_input(raw);
    case ExceptionType::INTERRUPT: return {"USER_CANCELED", "Query was canceled"};
    case ExceptionType::CATALOG: return {"NOT_FOUND", first_line(raw)};
    default: break;
  }
  if (raw.find("More than one row returned by a subquery") != string::npos) {
    return {"SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows"};
  }
  return {"GENERIC_INTERNAL_ERROR", first_line(raw)};
}

}  // namespace

void raise(const char* code, const string& message, duckdb::optional_idx position) {
  duckdb::unordered_map<string, string> extra = {{"trino", code}};
  if (position.IsValid()) extra["position"] = std::to_string(position.GetIndex());
  throw duckdb::Exception(ExceptionType::INVALID_INPUT, message, extra);
}

Error to_error(const duckdb::ErrorData& error, const string& text) {
  const auto& extra = error.ExtraInfo();
  Found found;
  if (const auto own = extra.find("trino"); own != extra.end()) {
    found = {own->second, error.RawMessage()};
  } else if (const auto state = extra.find("sqlstate"); state != extra.end()) {
    found = {"GENERIC_INTERNAL_ERROR", error.RawMessage()};
    for (const State& known : kStates) {
      if (state->second == known.sqlstate) {
        found.code = known.code;
        break;
      }
    }
    if (state->second == "HIVE_BAD_DATA" || state->second == "58030") found.code = "HIVE_BAD_DATA";
    // What reads files says Hive's own code before its text.
    if (const size_t colon = found.message.find(": "); found.message.starts_with("HIVE_") && colon != string::npos) {
      found.code = found.message.substr(0, colon);
      found.message.erase(0, colon + 2);
    }
  } else {
    found = classify(error);
    const auto at = extra.find("position");
    if (found.code == "COLUMN_NOT_FOUND" && at != extra.end()) found.message = whole_name(text, parse_int(at->second), found.message);
    if (found.code == "COLUMN_NOT_FOUND" && found.message.find(' ') == string::npos) {
      // AWS: Athena says why it may not be there.
      found.message = "Column '" + found.message +
                      "' cannot be resolved or requester is not authorized to access requested resources";
    }
  }
  string place;
  int64_t position = -1;  // none
  if (const auto at = extra.find("position"); at != extra.end()) position = parse_int(at->second).value_or(-1);
  const bool at_run_time = error.Type() == ExceptionType::CONVERSION || error.Type() == ExceptionType::OUT_OF_RANGE;
  if (at_run_time) position = -1;  // of a value, not of the text
  if (position < 0 && found.code == "AMBIGUOUS_NAME") position = place_of_name(text, between(found.message, '\''));
  if (position >= 0 && static_cast<size_t>(position) <= text.size()) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < static_cast<size_t>(position); ++i) {
      if (text[i] == '\n') {
        ++line;
        column = 1;
      } else if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
        ++column;
      }
    }
    place = "line " + std::to_string(line) + ":" + std::to_string(column) + ": ";
  }
  string sqlstate = "XX000";
  for (const State& known : kStates) {
    if (found.code == known.code) sqlstate = known.sqlstate;
  }
  Error result{400, "SqlError", place + found.message, {{"sqlstate", sqlstate}}};
  result.members.emplace_back("trino", found.code);
  if (position >= 0) result.members.emplace_back("position", std::to_string(position + 1));
  return result;
}

}  // namespace tarn::sql::engine::trino

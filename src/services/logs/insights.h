// Queries of CloudWatch Logs Insights: read, and run over events.
//
//   fields @timestamp, @message | filter level = "ERROR" and ms > 5 | parse @message "user *," as user
//   | stats count(*) as n, pct(ms, 99) by user, bin(5m) | sort n desc | limit 20
//
// AWS: CloudWatch Logs User Guide, "CloudWatch Logs Insights language query syntax". An absent field makes a comparison
// false.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "services/logs/insights_value.h"
#include "services/logs/regex.h"

namespace tarn::logs::insights {

// One event, or one row of what a command made of them.
class Row {
 public:
  Row() = default;
  // Of an event.
  Row(std::string message, std::string stream, std::string log, int64_t timestamp, int64_t ingested,
      std::string pointer);

  Value get(std::string_view field) const;
  void set(std::string_view field, Value value);
  // About what it takes to hold.
  size_t bytes() const { return 256 + message_.size(); }
  // All names that it has of itself, without those of JSON.
  std::vector<std::string> discovered() const;

 private:
  std::optional<Value> own(std::string_view field) const;
  const Json& json() const;
  void discover_lambda() const;

  bool event_ = false;
  std::string message_, stream_, log_, pointer_;
  int64_t timestamp_ = 0, ingested_ = 0;
  std::vector<std::pair<std::string, Value>> set_;
  mutable std::optional<Json> json_;  // of a message that is a JSON object
  mutable std::optional<std::vector<std::pair<std::string, Value>>> lambda_;
};

// --- expressions --------------------------------------------------------------------------------------------------------

struct Expression {
  enum class Kind : uint8_t {
    kField,
    kLiteral,
    kRegex,
    kList,
    kCall,
    kNot,
    kAnd,
    kOr,
    kCompare,
    kLike,
    kIn,
    kArithmetic,
    kNegate,
    kPeriod,
    kPart,  // of a structure: [0], ["name"]
  };
  Kind kind = Kind::kLiteral;
  std::string name;  // of a field, function or operator
  Value literal;
  std::optional<Regex> regex;
  int64_t period = 0;  // milliseconds; of `months` then none
  int32_t months = 0;
  std::vector<Expression> parts;
};

struct Named {
  Expression expression;
  std::string name;  // the alias, or the text as it is written
};

struct Context {
  int64_t now = 0;  // milliseconds
};
Value evaluate(const Expression& expression, const Row& row, const Context& context);
// Aggregates of a stats command by their names and numbers of arguments: count(*), pct(f, 99) ..
bool is_aggregate(std::string_view function);
// ERRORS: MalformedQueryException: no such function, or not so many arguments.
Status check_function(std::string_view name, size_t arguments);

// --- queries ------------------------------------------------------------------------------------------------------------

struct Command {
  enum class Kind : uint8_t { kFields, kDisplay, kFilter, kParse, kStats, kSort, kLimit, kDedup, kUnnest, kPattern };
  Kind kind;
  std::vector<Named> expressions =
      {};  // fields, display; a stats' columns; sort's and dedup's keys; filter's one; parse's source
  std::vector<Named> by = {};         // of stats
  std::vector<bool> descending = {};  // of sort
  size_t limit = 0;
  std::optional<Regex> regex = {};      // of parse
  std::vector<std::string> names = {};  // what parse and unnest make
};

struct Query {
  std::vector<Command> commands;
  // SOURCE logGroups(namePrefix: [..]): the log groups whose names begin so, instead of those that the call names.
  std::vector<std::string> prefixes = {};
  // The fields of filterIndex: only log groups that have an index on all of them are read.
  std::vector<std::string> indexed = {};
};

// ERRORS: MalformedQueryException: what is wrong where; a command that is not supported, by its name.
Result<Query> parse(std::string_view text);

using Cells = std::vector<std::pair<std::string, std::string>>;  // field, value
struct Outcome {
  std::vector<Cells> rows;
  uint64_t scanned = 0, matched = 0;
};

// Takes events one by one, the newest first, and tells what became of them.
class Run {
 public:
  // `limit`: of a query without one.
  Run(const Query& query, Context context, size_t limit);
  ~Run();
  Run(const Run&) = delete;
  // False: no more events are needed. ERRORS: LimitExceededException: too much to hold.
  Result<bool> take(Row row);
  Outcome finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tarn::logs::insights

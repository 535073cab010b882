// Running a query: its commands one after the other, row by row as long as they need no more than that.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "services/logs/insights.h"
#include "services/logs/insights_pattern.h"

namespace tarn::logs::insights {
namespace {

constexpr size_t kMostHeld = 500'000, kMostBytes = 256 << 20;  // rows that wait for a sort, or groups of a stats

// --- aggregates -----------------------------------------------------------------------------------------------------------

// One aggregate of one group, fed with the group's rows.
struct Tally {
  uint64_t count = 0;
  double sum = 0, squares = 0;
  Value least, greatest, earliest, latest, first, last;
  double earliest_time = 0, latest_time = 0;
  std::vector<double> numbers;  // of percentiles
  std::set<std::string> distinct;

  void add(const Expression& of, const Row& row, const Context& context) {
    if (of.parts.empty()) {
      ++count;
      return;
    }
    const Value value = evaluate(of.parts[0], row, context);
    if (value.absent()) return;
    ++count;
    if (of.name == "count_distinct") distinct.insert(value.text());
    if (of.name == "earliest" || of.name == "latest") add_by_time(value, row.get("@timestamp").number().value_or(0));
    if (of.name == "sortsfirst" && (first.absent() || Value::compare(value, first) < 0)) first = value;
    if (of.name == "sortslast" && (last.absent() || Value::compare(value, last) > 0)) last = value;
    if (of.name == "min" && (least.absent() || Value::compare(value, least) < 0)) least = value;
    if (of.name == "max" && (greatest.absent() || Value::compare(value, greatest) > 0)) greatest = value;
    const auto number = value.number();
    if (!number) return;
    sum += *number;
    squares += *number * *number;
    if (of.name == "pct" || of.name == "percentile" || of.name == "median") numbers.push_back(*number);
    ++counted;
  }

  Value result(const Expression& of, const Context& context) {
    const auto n = static_cast<double>(counted);
    if (of.name == "count") return static_cast<double>(count);
    if (of.name == "count_distinct") return static_cast<double>(distinct.size());
    if (of.name == "min") return least;
    if (of.name == "max") return greatest;
    if (of.name == "earliest") return earliest;
    if (of.name == "latest") return latest;
    if (of.name == "sortsfirst") return first;
    if (of.name == "sortslast") return last;
    if (counted == 0) return {};
    if (of.name == "sum") return sum;
    if (of.name == "avg") return sum / n;
    if (of.name == "stddev") return counted < 2 ? 0.0 : std::sqrt(std::max(0.0, (squares - sum * sum / n) / (n - 1)));
    const double percent = of.name == "median" ? 50 : evaluate(of.parts[1], Row(), context).number().value_or(50);
    // The value at the rank, as it is in the data.
    const auto rank = static_cast<size_t>(std::clamp(std::ceil(percent / 100 * n), 1.0, n)) - 1;
    std::nth_element(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(rank), numbers.end());
    return numbers[rank];
  }

 private:
  uint64_t counted = 0;  // numbers

  void add_by_time(const Value& value, double time) {
    if (earliest.absent() || time < earliest_time) {
      earliest = value;
      earliest_time = time;
    }
    if (latest.absent() || time >= latest_time) {
      latest = value;
      latest_time = time;
    }
  }
};

// The aggregates within a stats' columns, each once; what they came to is put where their calls stand.
void collect(const Expression& expression, std::vector<const Expression*>& found) {
  if (expression.kind == Expression::Kind::kCall && is_aggregate(expression.name)) return found.push_back(&expression);
  for (const Expression& part : expression.parts) collect(part, found);
}

Value evaluate_over(const Expression& expression, const Row& key, std::map<const Expression*, Tally>& tallies,
                    const Context& context) {
  if (expression.kind == Expression::Kind::kCall && is_aggregate(expression.name))
    return tallies[&expression].result(expression, context);
  Expression inner = expression;
  for (Expression& part : inner.parts) {
    const Value value =
        evaluate_over(expression.parts[static_cast<size_t>(&part - inner.parts.data())], key, tallies, context);
    part = Expression{.kind = Expression::Kind::kLiteral, .literal = value};
  }
  return evaluate(inner, key, context);
}

struct Group {
  Row key;
  std::map<const Expression*, Tally> tallies;
};

// --- stages ---------------------------------------------------------------------------------------------------------------

// A command at work. Rows come in one by one, and go on at once or at the end.
class Stage {
 public:
  Stage(const Command& command, Context context) : command_(command), context_(context) {
    for (const Named& column : command.expressions) collect(column.expression, aggregates_);
  }

  // Rows that go on now. False: none will go on any more.
  Result<bool> take(Row row, std::vector<Row>& out) {
    switch (command_.kind) {
      case Command::Kind::kFields:
      case Command::Kind::kDisplay:
        for (const Named& one : command_.expressions)
          if (one.expression.kind != Expression::Kind::kField || one.expression.name != one.name)
            row.set(one.name, evaluate(one.expression, row, context_));
        break;
      case Command::Kind::kFilter:
        if (!evaluate(command_.expressions[0].expression, row, context_).true_()) return true;
        break;
      case Command::Kind::kParse: parse(row); break;
      case Command::Kind::kLimit:
        if (taken_++ >= command_.limit) return false;
        break;
      case Command::Kind::kDedup:
        if (!seen_.insert(key_of(command_.expressions, row)).second) return true;
        TRY(check(seen_.size()));
        break;
      case Command::Kind::kSort:
        held_bytes_ += row.bytes();
        held_.push_back(std::move(row));
        return check(held_.size());
      case Command::Kind::kStats: return add(row);
      case Command::Kind::kPattern:
        return patterns_.add(evaluate(command_.expressions[0].expression, row, context_).text());
      case Command::Kind::kUnnest: unnest(row, out); return true;
    }
    out.push_back(std::move(row));
    return command_.kind != Command::Kind::kLimit || taken_ < command_.limit;
  }

  // Rows that waited for the end.
  std::vector<Row> finish() {
    if (command_.kind == Command::Kind::kSort) sort();
    if (command_.kind == Command::Kind::kStats) summarise();
    if (command_.kind == Command::Kind::kPattern) held_ = patterns_.rows();
    return std::move(held_);
  }

 private:
  Result<bool> check(size_t held) const {
    if (held > kMostHeld || held_bytes_ > kMostBytes)
      return fail(400, "LimitExceededException",
                  "The query holds too many rows or groups at once: narrow it by time or by a filter.");
    return true;
  }

  // Absent values differ from empty ones.
  std::string key_of(const std::vector<Named>& of, const Row& row) const {
    std::string key;
    for (const Named& one : of) {
      const Value value = evaluate(one.expression, row, context_);
      key += value.absent() ? std::string(1, '\0') : '\x01' + value.text();
      key += '\x02';
    }
    return key;
  }

  void parse(Row& row) {
    const Value source = evaluate(command_.expressions[0].expression, row, context_);
    if (source.absent()) return;
    const std::string text = source.text();
    RegexMatch match(*command_.regex);
    if (match.find(text) != RegexMatch::Found::kYes) return;
    for (size_t i = 0; i < command_.names.size(); ++i)
      if (!command_.names[i].empty() && match.has(i + 1)) row.set(command_.names[i], std::string(match.text(i + 1)));
  }

  // A row for each item; what is no list is one of one item. AWS: "unnest".
  void unnest(const Row& row, std::vector<Row>& out) const {
    const Value value = evaluate(command_.expressions[0].expression, row, context_);
    const Json* structure = value.structure();
    const bool list = structure != nullptr && structure->is_array();
    for (size_t i = 0; i < (list ? structure->size() : 1); ++i) {
      Row one = row;
      one.set(command_.names[0], list ? value_of(structure->at(i)) : value);
      out.push_back(std::move(one));
    }
  }

  Result<bool> add(const Row& row) {
    const std::string key = key_of(command_.by, row);
    auto found = places_.find(key);
    if (found == places_.end()) {
      found = places_.emplace(key, groups_.size()).first;
      Group group;
      for (const Named& one : command_.by) group.key.set(one.name, evaluate(one.expression, row, context_));
      groups_.push_back(std::move(group));
    }
    for (const Expression* one : aggregates_) groups_[found->second].tallies[one].add(*one, row, context_);
    return check(groups_.size());
  }

  void summarise() {
    // Without groups there is one row, of nothing as well.
    if (command_.by.empty() && groups_.empty()) groups_.emplace_back();
    for (Group& group : groups_) {
      Row row = group.key;
      for (const Named& column : command_.expressions)
        row.set(column.name, evaluate_over(column.expression, group.key, group.tallies, context_));
      held_.push_back(std::move(row));
    }
  }

  void sort() {
    std::stable_sort(held_.begin(), held_.end(), [&](const Row& a, const Row& b) {
      for (size_t i = 0; i < command_.expressions.size(); ++i) {
        const Expression& key = command_.expressions[i].expression;
        const Value x = by_name(command_.expressions[i], key, a), y = by_name(command_.expressions[i], key, b);
        // What is absent stands behind, whichever way.
        if (x.absent() || y.absent()) {
          if (x.absent() != y.absent()) return y.absent();
          continue;
        }
        const int order = Value::compare(x, y);
        if (order != 0) return command_.descending[i] ? order > 0 : order < 0;
      }
      return false;
    });
  }
  // A column of a stats before it is sorted by its text, "count(*)".
  Value by_name(const Named& named, const Expression& key, const Row& row) const {
    Value value = row.get(named.name);
    return value.absent() ? evaluate(key, row, context_) : value;
  }

  const Command& command_;
  const Context context_;
  std::vector<const Expression*> aggregates_;
  size_t taken_ = 0;
  std::set<std::string> seen_;
  std::vector<Row> held_;
  size_t held_bytes_ = 0;
  std::map<std::string, size_t> places_;
  std::vector<Group> groups_;
  Patterns patterns_;
};

}  // namespace

// --- the whole --------------------------------------------------------------------------------------------------------------

struct Run::State {
  State(const Query& q, Context c, size_t l) : query(q), limit(l) {
    for (const Command& command : q.commands) {
      stages.emplace_back(command, c);
      aggregated |= command.kind == Command::Kind::kStats || command.kind == Command::Kind::kPattern;
    }
  }

  // Sends the rows through the stages from `from` on. False: the query needs no more.
  Result<bool> send(std::vector<Row> rows, size_t from) {
    bool more = true;
    for (size_t i = from; i < stages.size(); ++i) {
      std::vector<Row> next;
      for (Row& row : rows)
        if (more = TRY(stages[i].take(std::move(row), next)); !more) break;
      rows = std::move(next);
      if (!more) ended = true;
    }
    for (Row& row : rows)
      if (out.size() < limit) out.push_back(std::move(row));
    return !ended && out.size() < limit;
  }

  // The columns of the result, in their order.
  std::vector<std::string> columns() const {
    std::vector<std::string> names;
    const auto add = [&](const std::vector<Named>& list) {
      for (const Named& one : list)
        if (std::ranges::find(names, one.name) == names.end()) names.push_back(one.name);
    };
    bool chosen = false;
    for (const Command& command : query.commands) {
      if (command.kind == Command::Kind::kDisplay || command.kind == Command::Kind::kStats) names.clear();
      if (command.kind == Command::Kind::kStats) add(command.by);
      if (command.kind == Command::Kind::kPattern) names = Patterns::columns();
      if (command.kind == Command::Kind::kFields || command.kind == Command::Kind::kDisplay ||
          command.kind == Command::Kind::kStats)
        add(command.expressions);
      chosen |= !names.empty();
      if (command.kind == Command::Kind::kParse && !chosen) continue;
    }
    // AWS: without fields a query shows these.
    if (!chosen) names = {"@timestamp", "@message"};
    return names;
  }

  const Query& query;
  const size_t limit;
  std::vector<Stage> stages;
  bool aggregated = false, ended = false;
  std::vector<Row> out;
  uint64_t scanned = 0;
};

Run::Run(const Query& query, Context context, size_t limit) : state_(std::make_unique<State>(query, context, limit)) {}
Run::~Run() = default;

Result<bool> Run::take(Row row) {
  ++state_->scanned;
  std::vector<Row> rows;
  rows.push_back(std::move(row));
  return state_->send(std::move(rows), 0);
}

Outcome Run::finish() {
  State& s = *state_;
  s.ended = false;
  for (size_t i = 0; i < s.stages.size(); ++i) {
    std::vector<Row> held = s.stages[i].finish();
    if (!held.empty()) (void)s.send(std::move(held), i + 1);  // what is held is bounded already
  }
  Outcome out{.rows = {}, .scanned = s.scanned, .matched = s.out.size()};
  std::vector<std::string> columns = s.columns();
  if (!s.aggregated) columns.push_back("@ptr");
  for (const Row& row : s.out) {
    Cells cells;
    for (const std::string& column : columns)
      if (const Value value = row.get(column); !value.absent()) cells.emplace_back(column, value.text());
    out.rows.push_back(std::move(cells));
  }
  return out;
}

}  // namespace tarn::logs::insights

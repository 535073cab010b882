// The call "match": finds a pattern in the rows of a partition. trino_match.h says what it is given.
#include "sql/engine/trino_match.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/json.h"
#include "base/text.h"
#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/planner/expression_iterator.hpp"

namespace tarn::sql::engine::trino {

using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::make_uniq;
using duckdb::unique_ptr;
using duckdb::Value;
using duckdb::Vector;
using std::string;

namespace {

constexpr size_t kWorkBetweenLooks = 1 << 20;
constexpr size_t kWorkOfExpression = 256;  // a step of the pattern, or a row looked at, is 1
// From here on an attempt remembers where it has failed.
constexpr uint64_t kStepsWithoutMemory = 4096;

Json json_of(const std::vector<size_t>& numbers) {
  Json list = Json::array();
  for (const size_t n : numbers) list.push(static_cast<uint64_t>(n));
  return list;
}
std::vector<size_t> numbers_of(const Json& list) {
  std::vector<size_t> numbers;
  for (const Json& n : list.items()) numbers.push_back(static_cast<size_t>(n.as_int()));
  return numbers;
}

// What the parser wrote.
struct Plan {
  Pattern pattern;
  MatchRows rows = MatchRows::kOne;
  MatchSkip skip = MatchSkip::kPastLast;
  std::vector<size_t> skip_to;
  std::vector<Leaf> leaves;
  std::vector<size_t> defined;

  explicit Plan(const Json& json)
      : pattern(read_pattern(json["pattern"].as_string(), {})),
        rows(static_cast<MatchRows>(json["rows"].as_int())),
        skip(static_cast<MatchSkip>(json["skip"].as_int())),
        skip_to(numbers_of(json["skip_to"])),
        defined(numbers_of(json["defined"])) {
    for (const Json& leaf : json["leaves"].items()) {
      leaves.push_back({static_cast<Leaf::Kind>(leaf["kind"].as_int()), leaf["final"].as_bool(),
                        leaf["first"].as_bool(), leaf["logical"].as_int(), leaf["physical"].as_int(),
                        numbers_of(leaf["labels"]), static_cast<size_t>(leaf["column"].as_int())});
    }
  }
};

// An expression over the leaves that it reads.
struct Judged {
  explicit Judged(unique_ptr<duckdb::Expression> e) : expression(std::move(e)) {}
  unique_ptr<duckdb::Expression> expression;
  std::vector<size_t> leaves;
  duckdb::vector<LogicalType> types;  // of them
};

struct MatchData : duckdb::FunctionData {
  MatchData(string text, std::vector<Judged> of_define, std::vector<Judged> of_measures)
      : spec(std::move(text)),
        plan(*Json::parse(spec)),
        define(std::move(of_define)),
        measures(std::move(of_measures)) {
    for (size_t i = 0; i < define.size(); ++i) {
      for (const size_t leaf : define[i].leaves)
        forgetful = forgetful && reads_place_only(plan.leaves[leaf], plan.defined[i]);
    }
  }

  // Whether its value for a row that may be `label` is the same, whatever the rows before it are.
  static bool reads_place_only(const Leaf& leaf, size_t label) {
    if (leaf.kind == Leaf::Kind::kNumber) return true;
    const bool current =
        leaf.labels.empty() || std::find(leaf.labels.begin(), leaf.labels.end(), label) != leaf.labels.end();
    return leaf.kind == Leaf::Kind::kValue && !leaf.first && leaf.logical == 0 && current;
  }

  static std::vector<Judged> copied(const std::vector<Judged>& list) {
    std::vector<Judged> copy;
    for (const Judged& judged : list) {
      copy.emplace_back(judged.expression->Copy());
      copy.back().leaves = judged.leaves;
      copy.back().types = judged.types;
    }
    return copy;
  }
  unique_ptr<FunctionData> Copy() const override {
    return make_uniq<MatchData>(spec, copied(define), copied(measures));
  }
  bool Equals(const FunctionData& other) const override {
    const auto& that = other.Cast<MatchData>();
    const auto same = [](const std::vector<Judged>& a, const std::vector<Judged>& b) {
      return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Judged& x, const Judged& y) {
        return x.leaves == y.leaves && duckdb::Expression::Equals(*x.expression, *y.expression);
      });
    };
    return spec == that.spec && same(define, that.define) && same(measures, that.measures);
  }

  string spec;
  Plan plan;
  std::vector<Judged> define, measures;
  bool forgetful = true;  // no condition looks at what the rows before are
};

// What evaluates one expression on one thread.
struct Evaluator {
  Evaluator(duckdb::ClientContext& context, const Judged& what) : judged(what), executor(context, *what.expression) {
    if (!what.types.empty()) input.Initialize(context, what.types, 1);
    output.Initialize(context, {what.expression->return_type}, 1);
  }
  const Judged& judged;
  duckdb::ExpressionExecutor executor;
  duckdb::DataChunk input, output;
};

struct MatchState : duckdb::FunctionLocalState {
  MatchState(duckdb::ClientContext& client, const MatchData& data) : context(client) {
    for (const Judged& judged : data.define) define.push_back(make_uniq<Evaluator>(client, judged));
    for (const Judged& judged : data.measures) measures.push_back(make_uniq<Evaluator>(client, judged));
  }
  duckdb::ClientContext& context;
  std::vector<unique_ptr<Evaluator>> define, measures;
};

// The rows of the result.
struct Found {
  std::vector<std::vector<Value>> measures;
  std::vector<duckdb::sel_t> rows;  // of the input
};

// One partition.
class Matcher {
 public:
  Matcher(const MatchData& data, MatchState& state, const duckdb::vector<unique_ptr<Vector>>& columns, size_t offset,
          size_t size)
      : plan_(data.plan),
        forgetful_(data.forgetful),
        state_(state),
        columns_(columns),
        offset_(offset),
        size_(size),
        loops_(plan_.pattern.loops) {
    defined_.assign(plan_.pattern.labels.size(), nullptr);
    for (size_t i = 0; i < plan_.defined.size(); ++i) defined_[plan_.defined[i]] = state.define[i].get();
  }

  void run(Found& found) {
    size_t next_unmatched = 0;  // rows before it were part of a match
    for (start_ = 0; start_ < size_;) {
      ++number_;
      if (!match()) {
        --number_;
        labels_.clear();
        if (plan_.rows == MatchRows::kUnmatched && start_ >= next_unmatched) unmatched(found);
        ++start_;
        continue;
      }
      emit(found);
      if (labels_.empty()) {
        ++start_;
        continue;
      }
      next_unmatched = std::max(next_unmatched, start_ + labels_.size());
      start_ = after_match();
    }
  }

 private:
  struct Choice {  // what is tried if all else fails
    size_t step, taken, rounds;
    int hidden;
  };
  struct Round {  // where the round of the loop before this one began
    size_t loop, began;
  };

  // Whether the pattern fits from start_ on; labels_ are those of its rows.
  bool match() {
    labels_.clear();
    shown_.clear();
    std::vector<Choice> choices;
    std::vector<Round> rounds;  // that have begun, to be taken back
    std::set<std::tuple<size_t, size_t, std::vector<bool>>> seen;  // steps, rows taken, whose round has taken none
    size_t step = 0;
    int hidden = 0;
    for (uint64_t tried = 0;; ++tried) {
      worked(1);
      const Step& now = plan_.pattern.steps[step];
      bool good = true;
      switch (now.kind) {
        case Step::Kind::kDone: return true;
        case Step::Kind::kRow:
          good = start_ + labels_.size() < size_;
          if (!good) break;
          labels_.push_back(now.a);
          shown_.push_back(hidden == 0);
          good = holds(now.a);
          break;
        case Step::Kind::kEither:
          // Who comes here a second time has failed the first time.
          if (forgetful_ && tried > kStepsWithoutMemory)
            good = seen.emplace(step, labels_.size(), fresh_rounds()).second;
          if (good) choices.push_back({now.b, labels_.size(), rounds.size(), hidden});
          break;
        case Step::Kind::kFirst: good = start_ + labels_.size() == 0; break;
        case Step::Kind::kLast: good = start_ + labels_.size() == size_; break;
        case Step::Kind::kHide: ++hidden; break;
        case Step::Kind::kShow: --hidden; break;
        case Step::Kind::kEnter:
          rounds.push_back({now.a, loops_[now.a]});
          loops_[now.a] = labels_.size();
          break;
        case Step::Kind::kAgain: good = loops_[now.a] != labels_.size(); break;
        case Step::Kind::kGo: break;
      }
      if (good) {
        step = now.kind == Step::Kind::kEither || now.kind == Step::Kind::kGo ? now.a : step + 1;
        continue;
      }
      if (choices.empty()) return false;
      const Choice last = choices.back();
      choices.pop_back();
      step = last.step;
      hidden = last.hidden;
      labels_.resize(last.taken);
      shown_.resize(last.taken);
      for (; rounds.size() > last.rounds; rounds.pop_back()) loops_[rounds.back().loop] = rounds.back().began;
    }
  }

  std::vector<bool> fresh_rounds() const {
    std::vector<bool> fresh;
    for (const size_t began : loops_) fresh.push_back(began == labels_.size());
    return fresh;
  }

  // A pattern may try very many ways, and look at many rows in each: it can be interrupted.
  void worked(size_t work) {
    work_ += work;
    if (work_ < kWorkBetweenLooks) return;
    work_ = 0;
    if (state_.context.interrupted) throw duckdb::InterruptException();
  }

  // Whether the last of labels_ may be what it is.
  bool holds(size_t label) {
    if (!defined_[label]) return true;
    const Value value = evaluate(*defined_[label], static_cast<int64_t>(labels_.size()) - 1);
    return !value.IsNull() && duckdb::BooleanValue::Get(value);
  }

  Value evaluate(Evaluator& evaluator, int64_t current) {
    worked(kWorkOfExpression);
    const Judged& judged = evaluator.judged;
    evaluator.input.Reset();
    for (size_t i = 0; i < judged.leaves.size(); ++i) {
      const Leaf& leaf = plan_.leaves[judged.leaves[i]];
      Vector& into = evaluator.input.data[i];
      if (leaf.kind == Leaf::Kind::kValues || leaf.kind == Leaf::Kind::kLabels)
        put_list(leaf, current, into);
      else
        into.SetValue(0, value_of(leaf, judged.types[i], current));
    }
    evaluator.input.SetCardinality(1);
    evaluator.output.Reset();  // a NULL of the last time would stay
    evaluator.executor.ExecuteExpression(evaluator.input, evaluator.output.data[0]);
    return evaluator.output.data[0].GetValue(0);
  }

  bool counts(const Leaf& leaf, int64_t at) const {
    return leaf.labels.empty() ||
           std::find(leaf.labels.begin(), leaf.labels.end(), labels_[static_cast<size_t>(at)]) != leaf.labels.end();
  }

  // The last row of the match that a leaf sees when `current` is looked at.
  int64_t last_seen(const Leaf& leaf, int64_t current) const {
    return leaf.final ? static_cast<int64_t>(labels_.size()) - 1 : current;
  }

  // What an aggregate is of: copied as vectors are, since a list for each row of a long match is much.
  void put_list(const Leaf& leaf, int64_t current, Vector& list) {
    const int64_t last = last_seen(leaf, current);
    rows_.clear();
    for (int64_t at = 0; at <= last; ++at) {
      if (counts(leaf, at)) rows_.push_back(static_cast<duckdb::sel_t>(at));
    }
    worked(static_cast<size_t>(last + 1) + rows_.size());
    const idx_t size = rows_.size();
    duckdb::ListVector::Reserve(list, size);
    Vector& items = duckdb::ListVector::GetEntry(list);
    if (leaf.kind == Leaf::Kind::kLabels) {
      auto* texts = duckdb::FlatVector::GetData<duckdb::string_t>(items);
      for (idx_t i = 0; i < size; ++i) texts[i] = duckdb::string_t(plan_.pattern.labels[labels_[rows_[i]]]);
    } else if (size > 0) {
      for (duckdb::sel_t& row : rows_) row += static_cast<duckdb::sel_t>(offset_ + start_);
      duckdb::VectorOperations::Copy(*columns_[leaf.column], items, duckdb::SelectionVector(rows_.data()), size, 0, 0);
    }
    duckdb::ListVector::SetListSize(list, size);
    duckdb::FlatVector::GetData<duckdb::list_entry_t>(list)[0] = {0, size};
  }

  // `current`: the row of the match that is looked at; -1 of a match without rows.
  Value value_of(const Leaf& leaf, const LogicalType& type, int64_t current) {
    if (leaf.kind == Leaf::Kind::kNumber) return Value::BIGINT(number_);
    const auto taken = static_cast<int64_t>(labels_.size());
    int64_t at = logical(leaf, last_seen(leaf, current));
    if (at < 0) return Value(type);
    at += leaf.physical;
    if (leaf.kind == Leaf::Kind::kLabel) return at < 0 || at >= taken ? Value(type) : label(at);
    const int64_t row = static_cast<int64_t>(start_) + at;
    return row < 0 || row >= static_cast<int64_t>(size_) ? Value(type) : value(leaf.column, at);
  }

  // The row of the match that FIRST or LAST leads to; -1: none.
  int64_t logical(const Leaf& leaf, int64_t last) {
    int64_t left = leaf.logical;
    for (int64_t behind = 0; behind <= last; ++behind) {
      worked(1);
      const int64_t at = leaf.first ? behind : last - behind;
      if (counts(leaf, at) && left-- == 0) return at;
    }
    return -1;
  }

  Value label(int64_t at) const { return Value(plan_.pattern.labels[labels_[static_cast<size_t>(at)]]); }
  Value value(size_t column, int64_t at) const {
    return columns_[column]->GetValue(static_cast<idx_t>(static_cast<int64_t>(offset_ + start_) + at));
  }

  void add(Found& found, int64_t current, size_t row) {
    for (size_t i = 0; i < state_.measures.size(); ++i) {
      found.measures[i].push_back(evaluate(*state_.measures[i], current));
    }
    found.rows.push_back(static_cast<duckdb::sel_t>(offset_ + row));
  }

  void unmatched(Found& found) {
    for (size_t i = 0; i < state_.measures.size(); ++i) {
      found.measures[i].emplace_back(state_.measures[i]->judged.expression->return_type);
    }
    found.rows.push_back(static_cast<duckdb::sel_t>(offset_ + start_));
  }

  void emit(Found& found) {
    const auto taken = static_cast<int64_t>(labels_.size());
    if (plan_.rows == MatchRows::kOne || taken == 0) {
      if (plan_.rows != MatchRows::kOmitEmpty || taken > 0) add(found, taken - 1, start_);
      return;
    }
    for (int64_t at = 0; at < taken; ++at) {
      if (shown_[static_cast<size_t>(at)]) add(found, at, start_ + static_cast<size_t>(at));
    }
  }

  size_t after_match() {
    if (plan_.skip == MatchSkip::kPastLast) return start_ + labels_.size();
    if (plan_.skip == MatchSkip::kNext) return start_ + 1;
    const Leaf target{.first = plan_.skip == MatchSkip::kFirst, .labels = plan_.skip_to};
    const int64_t at = logical(target, static_cast<int64_t>(labels_.size()) - 1);
    if (at < 0) raise("GENERIC_USER_ERROR", "AFTER MATCH SKIP failed: pattern variable is not present in match");
    if (at == 0) raise("GENERIC_USER_ERROR", "AFTER MATCH SKIP failed: cannot skip to first row of match");
    return start_ + static_cast<size_t>(at);
  }

  const Plan& plan_;
  bool forgetful_;
  MatchState& state_;
  const duckdb::vector<unique_ptr<Vector>>& columns_;
  size_t offset_, size_;
  std::vector<Evaluator*> defined_;  // by label
  std::vector<size_t> loops_;        // where each loop's round began
  size_t start_ = 0;
  int64_t number_ = 0;
  std::vector<size_t> labels_;
  std::vector<bool> shown_;
  size_t work_ = 0;                  // since interruption was last looked for
  std::vector<duckdb::sel_t> rows_;  // of a list
};

unique_ptr<duckdb::FunctionLocalState> make_state(duckdb::ExpressionState& state,
                                                  const duckdb::BoundFunctionExpression&, duckdb::FunctionData* data) {
  return make_uniq<MatchState>(state.GetContext(), data->Cast<MatchData>());
}

// A list of structs: the measures m0, m1 .. and the row r.
void run_match(duckdb::DataChunk& input, duckdb::ExpressionState& state, Vector& result) {
  const auto& data = state.expr.Cast<duckdb::BoundFunctionExpression>().bind_info->Cast<MatchData>();
  auto& local = duckdb::ExecuteFunctionState::GetFunctionState(state)->Cast<MatchState>();
  Vector& lists = input.data[0];
  lists.Flatten(input.size());
  const auto* entries = duckdb::FlatVector::GetData<duckdb::list_entry_t>(lists);
  Vector& rows = duckdb::ListVector::GetEntry(lists);
  rows.Flatten(duckdb::ListVector::GetListSize(lists));
  const auto& columns = duckdb::StructVector::GetEntries(rows);
  for (const auto& column : columns) column->Flatten(duckdb::ListVector::GetListSize(lists));

  Found found;
  found.measures.resize(data.measures.size());
  auto* made = duckdb::FlatVector::GetData<duckdb::list_entry_t>(result);
  for (idx_t i = 0; i < input.size(); ++i) {
    const size_t before = found.rows.size();
    if (!duckdb::FlatVector::IsNull(lists, i)) {
      Matcher(data, local, columns, entries[i].offset, entries[i].length).run(found);
    }
    made[i] = {before, found.rows.size() - before};
  }
  const size_t total = found.rows.size();
  duckdb::ListVector::Reserve(result, total);
  const auto& fields = duckdb::StructVector::GetEntries(duckdb::ListVector::GetEntry(result));
  for (size_t i = 0; i < data.measures.size(); ++i) {
    for (size_t row = 0; row < total; ++row) fields[i]->SetValue(row, found.measures[i][row]);
  }
  if (total > 0) {
    duckdb::VectorOperations::Copy(*columns.back(), *fields.back(), duckdb::SelectionVector(found.rows.data()), total,
                                   0, 0);
  }
  duckdb::ListVector::SetListSize(result, total);
}

// --- binding ---------------------------------------------------------------------------------------------------------

// match(what, rows, number of leaves, leaves .., number of conditions, conditions .., measures ..)
class MatchBinder {
 public:
  explicit MatchBinder(BindInput& input) : input_(input) {}

  BoundPtr bind() {
    const string spec = constant(0).ToString();
    const auto leaves = static_cast<size_t>(constant(2).GetValue<int64_t>());
    for (size_t i = 0; i < leaves; ++i) {
      leaves_.push_back(input_.arguments[3 + i]->Cast<duckdb::BoundColumnRefExpression>().binding);
    }
    const size_t behind = 3 + leaves;
    const auto conditions = static_cast<size_t>(constant(behind).GetValue<int64_t>());
    std::vector<Judged> define, measures;
    duckdb::child_list_t<LogicalType> fields;
    for (size_t i = behind + 1; i < input_.arguments.size(); ++i) {
      auto& list = i <= behind + conditions ? define : measures;
      list.push_back(judged(std::move(input_.arguments[i])));
      if (&list == &measures) {
        fields.emplace_back("m" + std::to_string(measures.size() - 1), list.back().expression->return_type);
      }
    }
    const LogicalType row = duckdb::ListType::GetChildType(input_.arguments[1]->return_type);
    fields.emplace_back("r", duckdb::StructType::GetChildTypes(row).back().second);
    const LogicalType type = LogicalType::LIST(LogicalType::STRUCT(std::move(fields)));

    duckdb::ScalarFunction function("match", {input_.arguments[1]->return_type}, type, run_match, nullptr, nullptr,
                                    nullptr, make_state);
    function.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
    return make_uniq<duckdb::BoundFunctionExpression>(
        type, function, bound_items(std::move(input_.arguments[1])),
        make_uniq<MatchData>(spec, std::move(define), std::move(measures)));
  }

 private:
  const Value& constant(size_t i) const { return input_.arguments[i]->Cast<duckdb::BoundConstantExpression>().value; }

  // Its leaves become references to the columns of a chunk.
  Judged judged(BoundPtr expression) {
    Judged result(std::move(expression));
    const std::function<void(BoundPtr&)> refer = [&](BoundPtr& e) {
      const auto kind = e->GetExpressionClass();
      if (kind == duckdb::ExpressionClass::BOUND_SUBQUERY) {
        raise("NOT_SUPPORTED", "Subqueries in MEASURES and DEFINE of MATCH_RECOGNIZE are not supported.", input_.place);
      }
      if (kind != duckdb::ExpressionClass::BOUND_COLUMN_REF) {
        duckdb::ExpressionIterator::EnumerateChildren(*e, refer);
        return;
      }
      const auto& column = e->Cast<duckdb::BoundColumnRefExpression>();
      const auto found = std::find(leaves_.begin(), leaves_.end(), column.binding);
      if (column.depth > 0 || found == leaves_.end()) {
        raise("NOT_SUPPORTED", "Window functions and columns of outer queries in MATCH_RECOGNIZE are not supported.",
              input_.place);
      }
      const auto leaf = static_cast<size_t>(found - leaves_.begin());
      const auto known = std::find(result.leaves.begin(), result.leaves.end(), leaf);
      const auto at = static_cast<idx_t>(known - result.leaves.begin());
      if (known == result.leaves.end()) {
        result.leaves.push_back(leaf);
        result.types.push_back(e->return_type);
      }
      e = make_uniq<duckdb::BoundReferenceExpression>(e->return_type, at);
    };
    refer(result.expression);
    return result;
  }

  BindInput& input_;
  std::vector<duckdb::ColumnBinding> leaves_;
};

BoundPtr bind_match(BindInput& input) {
  return MatchBinder(input).bind();
}

}  // namespace

std::optional<std::vector<size_t>> Recognition::labels_of(const string& name) const {
  const auto found = std::find(pattern.labels.begin(), pattern.labels.end(), name);
  if (found != pattern.labels.end()) return std::vector{static_cast<size_t>(found - pattern.labels.begin())};
  const auto subset = subsets.find(name);
  if (subset != subsets.end()) return subset->second;
  return std::nullopt;
}

string written(const Recognition& recognition, const string& pattern_text) {
  Json leaves = Json::array();
  for (const Leaf& leaf : recognition.leaves) {
    leaves.push(Json::object({{"kind", static_cast<int>(leaf.kind)},
                              {"final", leaf.final},
                              {"first", leaf.first},
                              {"logical", leaf.logical},
                              {"physical", leaf.physical},
                              {"labels", json_of(leaf.labels)},
                              {"column", static_cast<uint64_t>(leaf.column)}}));
  }
  return Json::object({{"pattern", pattern_text},
                       {"rows", static_cast<int>(recognition.rows)},
                       {"skip", static_cast<int>(recognition.skip)},
                       {"skip_to", json_of(recognition.skip_to)},
                       {"defined", json_of(recognition.defined)},
                       {"leaves", std::move(leaves)}})
      .text();
}

std::vector<Special> match_specials() {
  return {{"match", 4, -1, bind_match}};
}

}  // namespace tarn::sql::engine::trino

// LIKE and regular expressions.
#include "base/regex.h"
#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::Expression;
using duckdb::FunctionBindExpressionInput;
using duckdb::LogicalType;
using duckdb::string_t;
using duckdb::StringVector;
using duckdb::unique_ptr;

constexpr uint32_t kSteps = 10'000'000;  // of one match

// A compiled pattern; recompiled only when another one comes.
class Pattern {
 public:
  void set(std::string_view pattern, bool ignore_case) {
    if (match_ && pattern_ == pattern && ignore_case == ignore_case_) return;
    auto regex = Regex::compile(pattern, {.ignore_case = ignore_case, .steps = kSteps});
    if (!regex)
      raise_sql("2201B", "invalid regular expression: " + regex.error().why + " at offset " +
                             std::to_string(regex.error().at));
    match_.emplace(*std::move(regex));
    pattern_ = pattern;
    ignore_case_ = ignore_case;
  }
  // The next match at or behind `from`.
  bool find(std::string_view text, size_t from) {
    const auto found = match_->find(text, from);
    if (found == RegexMatch::Found::kTooManySteps)
      raise_sql("54001", "The regular expression needs too many steps on this value.");
    return found == RegexMatch::Found::kYes;
  }
  const RegexMatch& match() const { return *match_; }
  // Where to look for the match behind this one.
  size_t next() const { return match_->end() > match_->begin() ? match_->end() : match_->end() + 1; }

 private:
  std::string pattern_;
  bool ignore_case_ = false;
  std::optional<RegexMatch> match_;
};

// One for each thread that evaluates the expression.
struct PatternState : duckdb::FunctionLocalState {
  Pattern pattern;
};
unique_ptr<duckdb::FunctionLocalState> make_state(duckdb::ExpressionState&, const duckdb::BoundFunctionExpression&,
                                                  duckdb::FunctionData*) {
  return duckdb::make_uniq<PatternState>();
}
Pattern& pattern_of(duckdb::ExpressionState& state) {
  return duckdb::ExecuteFunctionState::GetFunctionState(state)->Cast<PatternState>().pattern;
}

void matches_run(duckdb::DataChunk& input, duckdb::ExpressionState& state, duckdb::Vector& result) {
  Pattern& compiled = pattern_of(state);
  duckdb::BinaryExecutor::Execute<string_t, string_t, bool>(input.data[0], input.data[1], result, input.size(),
                                                            [&](string_t text, string_t pattern) {
                                                              compiled.set(view(pattern), false);
                                                              return compiled.find(view(text), 0);
                                                            });
}

// Text arguments by row, of functions with three and more.
struct Arguments {
  duckdb::DataChunk& input;
  duckdb::idx_t row;
  std::string text(size_t i) const { return input.data[i].GetValue(row).ToString(); }
  int64_t number(size_t i, int64_t otherwise) const {
    return i < input.ColumnCount() ? input.data[i].GetValue(row).GetValue<int64_t>() : otherwise;
  }
  bool any_null() const {
    for (duckdb::idx_t i = 0; i < input.ColumnCount(); ++i) {
      if (input.data[i].GetValue(row).IsNull()) return true;
    }
    return false;
  }
};

template <class Run>
void by_row(duckdb::DataChunk& input, duckdb::Vector& result, Run run) {
  for (duckdb::idx_t row = 0; row < input.size(); ++row) {
    const Arguments arguments{input, row};
    result.SetValue(row, arguments.any_null() ? duckdb::Value(result.GetType()) : run(arguments));
  }
  if (input.AllConstant()) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

bool ignores_case(const std::string& parameters) {
  return parameters.find('i') != std::string::npos;
}

size_t start_of(const std::string& text, int64_t position) {
  if (position < 1) raise_sql("22023", "The position must be 1 or more.");
  size_t at = 0;
  for (; position > 1 && at < text.size(); --position) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  }
  return position > 1 ? text.size() + 1 : at;
}

void count_run(duckdb::DataChunk& input, duckdb::ExpressionState& state, duckdb::Vector& result) {
  Pattern& pattern = pattern_of(state);
  by_row(input, result, [&](const Arguments& a) {
    pattern.set(a.text(1), a.input.ColumnCount() > 3 && ignores_case(a.text(3)));
    const std::string text = a.text(0);
    int32_t count = 0;
    for (size_t at = start_of(text, a.number(2, 1)); pattern.find(text, at); at = pattern.next()) ++count;
    return duckdb::Value::INTEGER(count);
  });
}

void instr_run(duckdb::DataChunk& input, duckdb::ExpressionState& state, duckdb::Vector& result) {
  Pattern& pattern = pattern_of(state);
  by_row(input, result, [&](const Arguments& a) {
    const std::string parameters = a.input.ColumnCount() > 5 ? a.text(5) : "";
    pattern.set(a.text(1), ignores_case(parameters));
    const std::string text = a.text(0);
    const size_t group = parameters.find('e') != std::string::npos ? 1 : 0;
    const bool behind = a.number(4, 0) == 1;
    int64_t occurrence = a.number(3, 1);
    for (size_t at = start_of(text, a.number(2, 1)); pattern.find(text, at); at = pattern.next()) {
      if (--occurrence > 0) continue;
      if (!pattern.match().has(group)) break;
      const size_t byte = behind ? pattern.match().end(group) : pattern.match().begin(group);
      return duckdb::Value::INTEGER(static_cast<int32_t>(utf8_length(std::string_view(text).substr(0, byte))) + 1);
    }
    return duckdb::Value::INTEGER(0);
  });
}

void substr_run(duckdb::DataChunk& input, duckdb::ExpressionState& state, duckdb::Vector& result) {
  Pattern& pattern = pattern_of(state);
  by_row(input, result, [&](const Arguments& a) {
    const std::string parameters = a.input.ColumnCount() > 4 ? a.text(4) : "";
    pattern.set(a.text(1), ignores_case(parameters));
    const std::string text = a.text(0);
    const size_t group = parameters.find('e') != std::string::npos ? 1 : 0;
    int64_t occurrence = a.number(3, 1);
    // AWS: REGEXP_SUBSTR, occurrence
    if (occurrence < 1 || occurrence > static_cast<int64_t>(utf8_length(text))) return duckdb::Value(duckdb::LogicalType::VARCHAR);
    for (size_t at = start_of(text, a.number(2, 1)); pattern.find(text, at); at = pattern.next()) {
      if (--occurrence > 0) continue;
      return duckdb::Value(pattern.match().has(group) ? std::string(pattern.match().text(group)) : "");
    }
    return duckdb::Value("");
  });
}

// $1, and \1, are the groups.
void replace_run(duckdb::DataChunk& input, duckdb::ExpressionState& state, duckdb::Vector& result) {
  Pattern& pattern = pattern_of(state);
  by_row(input, result, [&](const Arguments& a) {
    pattern.set(a.text(1), a.input.ColumnCount() > 4 && ignores_case(a.text(4)));
    const std::string text = a.text(0), with = a.input.ColumnCount() > 2 ? a.text(2) : "";
    size_t at = start_of(text, a.number(3, 1));
    std::string replaced = text.substr(0, std::min(at, text.size()));
    size_t copied = replaced.size();
    for (; pattern.find(text, at); at = pattern.next()) {
      replaced += text.substr(copied, pattern.match().begin() - copied);
      for (size_t i = 0; i < with.size(); ++i) {
        const bool reference = (with[i] == '$' || with[i] == '\\') && i + 1 < with.size() &&
                               std::isdigit(static_cast<unsigned char>(with[i + 1]));
        if (!reference) {
          replaced += with[i];
          continue;
        }
        const size_t group = static_cast<size_t>(with[++i] - '0');
        if (pattern.match().has(group)) replaced += pattern.match().text(group);
      }
      copied = pattern.match().end();
    }
    return duckdb::Value(replaced + (copied < text.size() ? text.substr(copied) : ""));
  });
}

// LIKE with backslash as its escape. A constant pattern without one is DuckDB's own LIKE, which knows faster ways.
template <bool any_case>
unique_ptr<Expression> bind_like(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto text = as_text(context, std::move(input.children[0])), pattern = as_text(context, std::move(input.children[1]));
  auto escape = input.children.size() > 2 ? as_text(context, std::move(input.children[2])) : nullptr;
  if (!escape && pattern->GetExpressionType() == duckdb::ExpressionType::VALUE_CONSTANT) {
    const auto& value = pattern->Cast<duckdb::BoundConstantExpression>().value;
    if (value.IsNull() || duckdb::StringValue::Get(value).find('\\') == std::string::npos) {
      return call(context, "main", any_case ? "~~*" : "~~", arguments(std::move(text), std::move(pattern)), true);
    }
  }
  auto list = arguments(std::move(text), std::move(pattern));
  list.push_back(escape ? std::move(escape) : constant(duckdb::Value("\\")));
  return call(context, "main", any_case ? "ilike_escape" : "like_escape", std::move(list));
}

unique_ptr<Expression> bind_matches(FunctionBindExpressionInput& input) {
  return call(input.context, kFunctionSchema, "matches_run",
              arguments(as_text(input.context, std::move(input.children[0])),
                        as_text(input.context, std::move(input.children[1]))));
}

template <const char* const* run>
unique_ptr<Expression> bind_regexp(FunctionBindExpressionInput& input) {
  duckdb::vector<unique_ptr<Expression>> list;
  for (auto& child : input.children) {
    list.push_back(child->return_type.IsNumeric() && !list.empty() ? std::move(child)
                                                                   : as_text(input.context, std::move(child)));
  }
  return call(input.context, kFunctionSchema, *run, std::move(list));
}
constexpr const char* kCount = "regexp_count_run";
constexpr const char* kInstr = "regexp_instr_run";
constexpr const char* kSubstr = "regexp_substr_run";
constexpr const char* kReplace = "regexp_replace_run";

duckdb::ScalarFunction run(const char* name, LogicalType returns, duckdb::scalar_function_t function) {
  duckdb::ScalarFunction scalar(name, {LogicalType::VARCHAR, LogicalType::VARCHAR}, std::move(returns),
                                std::move(function));
  scalar.varargs = LogicalType::ANY;
  scalar.init_local_state = make_state;
  scalar.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
  scalar.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  return scalar;
}

}  // namespace

void add_patterns(Registry& registry) {
  registry.add(typed_variadic("like", bind_like<false>));
  registry.add(typed_variadic("ilike", bind_like<true>));
  registry.add(typed("matches", 2, bind_matches));
  registry.add(typed_variadic("regexp_count", bind_regexp<&kCount>));
  registry.add(typed_variadic("regexp_instr", bind_regexp<&kInstr>));
  registry.add(typed_variadic("regexp_substr", bind_regexp<&kSubstr>));
  registry.add(typed_variadic("regexp_replace", bind_regexp<&kReplace>));
  duckdb::ScalarFunction matches("matches_run", {LogicalType::VARCHAR, LogicalType::VARCHAR}, LogicalType::BOOLEAN,
                                 matches_run);
  matches.init_local_state = make_state;
  matches.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
  registry.add(matches);
  registry.add(run(kCount, LogicalType::INTEGER, count_run));
  registry.add(run(kInstr, LogicalType::INTEGER, instr_run));
  registry.add(run(kSubstr, LogicalType::VARCHAR, substr_run));
  registry.add(run(kReplace, LogicalType::VARCHAR, replace_run));
}

}  // namespace tarn::sql::engine

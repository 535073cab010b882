// Regular expressions in Java's words.
#include "base/regex.h"
#include "base/text.h"
#include "sql/engine/trino_functions.h"

namespace tarn::sql::engine::trino {
namespace {

using duckdb::DataChunk;
using duckdb::ExpressionState;
using duckdb::LogicalType;
using duckdb::ScalarFunction;
using duckdb::Value;
using duckdb::Vector;
using std::string;

constexpr uint32_t kSteps = 10'000'000;  // of one match

// A compiled pattern; compiled anew only when another one comes.
class Pattern {
 public:
  void set(std::string_view pattern) {
    if (match_ && pattern_ == pattern) return;
    auto regex = Regex::compile(pattern, {.steps = kSteps});
    if (!regex)
      raise("INVALID_FUNCTION_ARGUMENT", "Invalid regular expression '" + string(pattern) + "': " + regex.error().why +
                                             " near index " + std::to_string(regex.error().at));
    match_.emplace(*std::move(regex));
    pattern_ = pattern;
  }

  bool find(std::string_view text, size_t from) {
    const auto found = match_->find(text, from);
    if (found == RegexMatch::Found::kTooManySteps)
      raise("GENERIC_USER_ERROR", "The regular expression needs too many steps on this value: '" + pattern_ + "'");
    text_ = text;
    return found == RegexMatch::Found::kYes;
  }
  const RegexMatch& match() const { return *match_; }
  size_t groups() const { return match_->regex().groups(); }
  // Where to look for the match behind this one.
  size_t next() const {
    const size_t end = match_->end();
    if (end > match_->begin()) return end;
    return end < text_.size() ? end + character_size(text_[end]) : end + 1;
  }

 private:
  string pattern_;
  std::string_view text_;
  std::optional<RegexMatch> match_;
};

// One for each thread that evaluates the expression.
struct PatternState : duckdb::FunctionLocalState {
  Pattern pattern;
};
duckdb::unique_ptr<duckdb::FunctionLocalState> make_state(duckdb::ExpressionState&,
                                                          const duckdb::BoundFunctionExpression&,
                                                          duckdb::FunctionData*) {
  return duckdb::make_uniq<PatternState>();
}

const string& text_of(const Value& value) {
  return duckdb::StringValue::Get(value);
}

using PatternFunction = std::function<Value(Pattern&, const duckdb::vector<Value>&)>;

ScalarFunction pattern_function(const char* name, duckdb::vector<LogicalType> arguments, LogicalType returns,
                                PatternFunction run) {
  const auto loop = [run](DataChunk& input, ExpressionState& state, Vector& result) {
    Pattern& pattern = duckdb::ExecuteFunctionState::GetFunctionState(state)->Cast<PatternState>().pattern;
    duckdb::vector<Value> values(input.ColumnCount());
    const bool constant = input.AllConstant();
    for (duckdb::idx_t row = 0; row < (constant ? 1 : input.size()); ++row) {
      bool null = false;
      for (duckdb::idx_t i = 0; i < input.ColumnCount(); ++i) {
        values[i] = input.data[i].GetValue(row);
        null = null || values[i].IsNull();
      }
      if (null) {
        result.SetValue(row, Value(result.GetType()));
        continue;
      }
      pattern.set(text_of(values[1]));
      result.SetValue(row, run(pattern, values));
    }
    if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  };
  ScalarFunction function(name, std::move(arguments), std::move(returns), loop);
  function.init_local_state = make_state;
  return function;
}

void like_run(DataChunk& input, ExpressionState& state, Vector& result) {
  Pattern& pattern = duckdb::ExecuteFunctionState::GetFunctionState(state)->Cast<PatternState>().pattern;
  duckdb::BinaryExecutor::Execute<duckdb::string_t, duckdb::string_t, bool>(
      input.data[0], input.data[1], result, input.size(), [&](duckdb::string_t text, duckdb::string_t wanted) {
        pattern.set(view(wanted));
        return pattern.find(view(text), 0);
      });
}

size_t group_of(const Pattern& pattern, const Value& value) {
  const int64_t group = value.GetValue<int64_t>();
  if (group < 0) raise("INVALID_FUNCTION_ARGUMENT", "Group cannot be negative");
  if (static_cast<size_t>(group) > pattern.groups()) {
    raise("INVALID_FUNCTION_ARGUMENT", "Pattern has " + std::to_string(pattern.groups()) +
          " groups. Cannot access group " + std::to_string(group));
  }
  return static_cast<size_t>(group);
}

Value group_value(const Pattern& pattern, size_t group) {
  return pattern.match().has(group) ? Value(string(pattern.match().text(group))) : Value(LogicalType::VARCHAR);
}

// $1, ${name}, \$ of Java's replacement.
string expanded(const Pattern& pattern, const string& with) {
  string out;
  for (size_t i = 0; i < with.size(); ++i) {
    if (with[i] == '\\') {
      if (i + 1 == with.size()) raise("INVALID_FUNCTION_ARGUMENT", "Incomplete escape sequence: " + with);
      out += with[++i];
      continue;
    }
    if (with[i] != '$') {
      out += with[i];
      continue;
    }
    size_t group = 0;
    if (i + 1 < with.size() && with[i + 1] == '{') {
      const size_t end = with.find('}', i);
      const string name = with.substr(i + 2, end == string::npos ? 0 : end - i - 2);
      const auto number = pattern.match().regex().group_named(name);
      if (end == string::npos || !number) {
        raise("INVALID_FUNCTION_ARGUMENT", "Illegal replacement sequence: unknown group { " + name + " }");
      }
      group = *number;
      i = end;
    } else {
      size_t at = i + 1;
      if (at >= with.size() || !std::isdigit(static_cast<unsigned char>(with[at]))) {
        raise("INVALID_FUNCTION_ARGUMENT", "Illegal replacement sequence: " + with);
      }
      group = static_cast<size_t>(with[at++] - '0');
      // As many digits as still name a group.
      while (at < with.size() && std::isdigit(static_cast<unsigned char>(with[at])) &&
             group * 10 + static_cast<size_t>(with[at] - '0') <= pattern.groups()) {
        group = group * 10 + static_cast<size_t>(with[at++] - '0');
      }
      if (group > pattern.groups()) {
        raise("INVALID_FUNCTION_ARGUMENT", "Illegal replacement sequence: unknown group " + std::to_string(group));
      }
      i = at - 1;
    }
    if (pattern.match().has(group)) out += pattern.match().text(group);
  }
  return out;
}

// Calls `each` at every match; what is between goes to `between`.
template <class Between, class Each>
void matches(Pattern& pattern, const string& text, Between between, Each each) {
  size_t copied = 0;
  for (size_t at = 0; pattern.find(text, at); at = pattern.next()) {
    between(text.substr(copied, pattern.match().begin() - copied));
    copied = pattern.match().end();
    each();
  }
  between(text.substr(std::min(copied, text.size())));
}

}  // namespace

void add_pattern_functions(Adder& adder) {
  const LogicalType text = LogicalType::VARCHAR, number = LogicalType::BIGINT;
  const LogicalType list = LogicalType::LIST(text);
  ScalarFunction like("t_regexp_like", {text, text}, LogicalType::BOOLEAN, like_run);
  like.init_local_state = make_state;
  adder.add(like);
  adder.add(pattern_function("t_regexp_extract", {text, text, number}, text, [](Pattern& pattern, const auto& a) {
    const size_t group = group_of(pattern, a[2]);
    const string subject = text_of(a[0]);
    return pattern.find(subject, 0) ? group_value(pattern, group) : Value(LogicalType::VARCHAR);
  }));
  adder.add(pattern_function("t_regexp_extract_all", {text, text, number}, list, [](Pattern& pattern, const auto& a) {
    const size_t group = group_of(pattern, a[2]);
    duckdb::vector<Value> all;
    const string subject = text_of(a[0]);
    matches(pattern, subject, [](const string&) {}, [&] { all.push_back(group_value(pattern, group)); });
    return Value::LIST(LogicalType::VARCHAR, std::move(all));
  }));
  adder.add(pattern_function("t_regexp_replace", {text, text, text}, text, [](Pattern& pattern, const auto& a) {
    string out;
    const string subject = text_of(a[0]), with = text_of(a[2]);
    matches(pattern, subject, [&](const string& between) { out += between; }, [&] { out += expanded(pattern, with); });
    return Value(out);
  }));
  adder.add(pattern_function("t_regexp_split", {text, text}, list, [](Pattern& pattern, const auto& a) {
    duckdb::vector<Value> all;
    const string subject = text_of(a[0]);
    matches(pattern, subject, [&](const string& between) { all.push_back(Value(between)); }, [] {});
    return Value::LIST(LogicalType::VARCHAR, std::move(all));
  }));
  adder.add(pattern_function("t_regexp_count", {text, text}, number, [](Pattern& pattern, const auto& a) {
    int64_t n = 0;
    const string subject = text_of(a[0]);
    matches(pattern, subject, [](const string&) {}, [&] { ++n; });
    return Value::BIGINT(n);
  }));
  adder.add(pattern_function("t_regexp_position", {text, text, number, number}, number,
                             [](Pattern& pattern, const auto& a) {
    const int64_t start = a[2].template GetValue<int64_t>(), occurrence = a[3].template GetValue<int64_t>();
    if (start < 1) raise("INVALID_FUNCTION_ARGUMENT", "start position cannot be smaller than 1");
    if (occurrence < 1) raise("INVALID_FUNCTION_ARGUMENT", "occurrence cannot be smaller than 1");
    const string subject = text_of(a[0]);
    size_t at = 0;
    for (int64_t i = 1; i < start && at < subject.size(); ++i) at += character_size(subject[at]);
    if (start > 1 && at >= subject.size()) return Value::BIGINT(-1);
    int64_t left = occurrence;
    for (; pattern.find(subject, at); at = pattern.next()) {
      if (--left == 0) {
        return Value::BIGINT(static_cast<int64_t>(utf8_length(subject.substr(0, pattern.match().begin()))) + 1);
      }
    }
    return Value::BIGINT(-1);
  }));
  // For regexp_replace with a lambda: each match's groups, and the text with other pieces in the matches' places.
  adder.add(pattern_function("t_regexp_groups", {text, text}, LogicalType::LIST(list), [](Pattern& pattern, const auto& a) {
    duckdb::vector<Value> all;
    const string subject = text_of(a[0]);
    matches(pattern, subject, [](const string&) {}, [&] {
      duckdb::vector<Value> groups;
      for (size_t i = 1; i <= pattern.groups(); ++i) groups.push_back(group_value(pattern, i));
      all.push_back(Value::LIST(LogicalType::VARCHAR, std::move(groups)));
    });
    return Value::LIST(LogicalType::LIST(LogicalType::VARCHAR), std::move(all));
  }));
  adder.add(pattern_function("t_regexp_joined", {text, text, list}, text, [](Pattern& pattern, const auto& a) {
    string out;
    size_t i = 0;
    const auto& pieces = duckdb::ListValue::GetChildren(a[2]);
    for (const Value& piece : pieces) {
      if (piece.IsNull()) return Value(LogicalType::VARCHAR);  // one of NULL makes all of it NULL
    }
    const string subject = text_of(a[0]);
    matches(pattern, subject, [&](const string& between) { out += between; }, [&] {
      if (i < pieces.size()) out += text_of(pieces[i]);
      ++i;
    });
    return Value(out);
  }));
}

}  // namespace tarn::sql::engine::trino

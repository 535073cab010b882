// Regular expressions in Java's words, run by PCRE2 with a match limit: no pattern can hang a query.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

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

constexpr uint32_t kMatchLimit = 10'000'000;

// A compiled pattern; compiled anew only when another one comes.
class Pattern {
 public:
  Pattern() = default;
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  ~Pattern() { free(); }

  void set(std::string_view pattern) {
    if (code_ && pattern_ == pattern) return;
    free();
    pattern_ = pattern;
    int error = 0;
    PCRE2_SIZE at = 0;
    code_ = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                          PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &error, &at, nullptr);
    if (!code_) {
      PCRE2_UCHAR message[200];
      pcre2_get_error_message(error, message, sizeof message);
      raise("INVALID_FUNCTION_ARGUMENT", "Invalid regular expression '" + pattern_ + "': " +
            reinterpret_cast<const char*>(message) + " near index " + std::to_string(at));
    }
    pcre2_jit_compile(code_, PCRE2_JIT_COMPLETE);
    match_ = pcre2_match_data_create_from_pattern(code_, nullptr);
    limits_ = pcre2_match_context_create(nullptr);
    pcre2_set_match_limit(limits_, kMatchLimit);
    uint32_t count = 0;
    pcre2_pattern_info(code_, PCRE2_INFO_CAPTURECOUNT, &count);
    group_count = count;
  }

  bool find(std::string_view text, size_t from) {
    if (from > text.size()) return false;
    const int n = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from, 0, match_, limits_);
    if (n == PCRE2_ERROR_NOMATCH) return false;
    if (n < 0) raise("GENERIC_USER_ERROR", "The regular expression needs too many steps on this value: '" + pattern_ + "'");
    found_ = static_cast<size_t>(n);
    text_ = text;
    return true;
  }
  size_t start(size_t group = 0) const { return pcre2_get_ovector_pointer(match_)[2 * group]; }
  size_t end(size_t group = 0) const { return pcre2_get_ovector_pointer(match_)[2 * group + 1]; }
  bool has(size_t group) const { return group < found_ && start(group) != PCRE2_UNSET; }
  string text(size_t group) const { return string(text_.substr(start(group), end(group) - start(group))); }
  // Where to look for the match behind this one.
  size_t next() const {
    if (end() > start()) return end();
    return end() < text_.size() ? end() + character_size(text_[end()]) : end() + 1;
  }
  // The number of a named group.
  int named(const string& name) const {
    return pcre2_substring_number_from_name(code_, reinterpret_cast<PCRE2_SPTR>(name.c_str()));
  }

  size_t group_count = 0;

 private:
  void free() {
    pcre2_match_data_free(match_);
    pcre2_match_context_free(limits_);
    pcre2_code_free(code_);
    match_ = nullptr;
    limits_ = nullptr;
    code_ = nullptr;
  }
  string pattern_;
  std::string_view text_;
  size_t found_ = 0;
  pcre2_code* code_ = nullptr;
  pcre2_match_data* match_ = nullptr;
  pcre2_match_context* limits_ = nullptr;
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
  if (static_cast<size_t>(group) > pattern.group_count) {
    raise("INVALID_FUNCTION_ARGUMENT", "Pattern has " + std::to_string(pattern.group_count) +
          " groups. Cannot access group " + std::to_string(group));
  }
  return static_cast<size_t>(group);
}

Value group_value(const Pattern& pattern, size_t group) {
  return pattern.has(group) ? Value(pattern.text(group)) : Value(LogicalType::VARCHAR);
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
      const int number = pattern.named(name);
      if (end == string::npos || number < 0) {
        raise("INVALID_FUNCTION_ARGUMENT", "Illegal replacement sequence: unknown group { " + name + " }");
      }
      group = static_cast<size_t>(number);
      i = end;
    } else {
      size_t at = i + 1;
      if (at >= with.size() || !std::isdigit(static_cast<unsigned char>(with[at]))) {
        raise("INVALID_FUNCTION_ARGUMENT", "Illegal replacement sequence: " + with);
      }
      group = static_cast<size_t>(with[at++] - '0');
      // As many digits as still name a group.
      while (at < with.size() && std::isdigit(static_cast<unsigned char>(with[at])) &&
             group * 10 + static_cast<size_t>(with[at] - '0') <= pattern.group_count) {
        group = group * 10 + static_cast<size_t>(with[at++] - '0');
      }
      if (group > pattern.group_count) {
        raise("INVALID_FUNCTION_ARGUMENT", "Illegal replacement sequence: unknown group " + std::to_string(group));
      }
      i = at - 1;
    }
    if (pattern.has(group)) out += pattern.text(group);
  }
  return out;
}

// Calls `each` at every match; what is between goes to `between`.
template <class Between, class Each>
void matches(Pattern& pattern, const string& text, Between between, Each each) {
  size_t copied = 0;
  for (size_t at = 0; pattern.find(text, at); at = pattern.next()) {
    between(text.substr(copied, pattern.start() - copied));
    copied = pattern.end();
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
        return Value::BIGINT(static_cast<int64_t>(utf8_length(subject.substr(0, pattern.start()))) + 1);
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
      for (size_t i = 1; i <= pattern.group_count; ++i) groups.push_back(group_value(pattern, i));
      all.push_back(Value::LIST(LogicalType::VARCHAR, std::move(groups)));
    });
    return Value::LIST(LogicalType::LIST(LogicalType::VARCHAR), std::move(all));
  }));
  adder.add(pattern_function("t_regexp_joined", {text, text, list}, text, [](Pattern& pattern, const auto& a) {
    string out;
    size_t i = 0;
    const auto& pieces = duckdb::ListValue::GetChildren(a[2]);
    const string subject = text_of(a[0]);
    matches(pattern, subject, [&](const string& between) { out += between; }, [&] {
      if (i < pieces.size() && !pieces[i].IsNull()) out += text_of(pieces[i]);
      ++i;
    });
    return Value(out);
  }));
}

}  // namespace tarn::sql::engine::trino

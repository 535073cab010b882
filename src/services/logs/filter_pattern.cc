#include "services/logs/filter_pattern.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "services/logs/filter_forms.h"

namespace tarn::logs {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// --- words ------------------------------------------------------------------------------------------------------------

struct Term {
  std::string text;
  std::optional<Regex> regex;
  bool in(std::string_view message) const {
    return regex ? regex->matches(message) : message.find(text) != std::string_view::npos;
  }
};

class Words final : public PatternForm {
 public:
  std::vector<Term> required, excluded, optional;

  bool matches(std::string_view message) const override {
    const auto in_message = [&](const Term& term) { return term.in(message); };
    return std::ranges::all_of(required, in_message) && std::ranges::none_of(excluded, in_message) &&
           (optional.empty() || std::ranges::any_of(optional, in_message));
  }
  std::map<std::string, std::string> extract(std::string_view) const override { return {}; }
};

}  // namespace

Result<std::unique_ptr<const PatternForm>> parse_words(std::string_view text) {
  auto words = std::make_unique<Words>();
  PatternReader reader(text);
  while (!reader.at_end()) {
    std::vector<Term>* kind = &words->required;
    if (reader.take("-")) kind = &words->excluded;
    if (kind == &words->required && reader.take("?")) kind = &words->optional;
    Term term;
    if (reader.peek() == '%') {
      term.regex = TRY(reader.take_operand("")).regex;
    } else if (reader.peek() == '"') {
      term.text = TRY(reader.take_quoted());
    } else {
      term.text = reader.take_until(kBlanks);
    }
    if (term.regex || !term.text.empty()) kind->push_back(std::move(term));
  }
  // AWS: with other terms beside them, those with a question mark are not looked at.
  if (!words->required.empty() || !words->excluded.empty()) words->optional.clear();
  return words;
}

Result<FilterPattern> FilterPattern::parse(std::string_view text) {
  text = trim(text);
  FilterPattern pattern;
  if (text.starts_with('{'))
    pattern.form_ = TRY(parse_json_fields(text));
  else if (text.starts_with('['))
    pattern.form_ = TRY(parse_blank_fields(text));
  else
    pattern.form_ = TRY(parse_words(text));
  return pattern;
}

// --- reading ----------------------------------------------------------------------------------------------------------

void PatternReader::skip_blanks() {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size()));
}

bool PatternReader::at_end() {
  skip_blanks();
  return rest_.empty();
}

char PatternReader::peek() {
  skip_blanks();
  return rest_.empty() ? '\0' : rest_.front();
}

bool PatternReader::take(std::string_view text) {
  skip_blanks();
  if (!rest_.starts_with(text)) return false;
  rest_.remove_prefix(text.size());
  return true;
}

bool PatternReader::take_word(std::string_view word) {
  skip_blanks();
  if (!equals_ignore_case(rest_.substr(0, word.size()), word)) return false;
  if (rest_.size() > word.size() && std::isalnum(static_cast<unsigned char>(rest_[word.size()]))) return false;
  rest_.remove_prefix(word.size());
  return true;
}

std::optional<Comparison> PatternReader::take_comparison() {
  if (take("!=")) return Comparison::kUnequal;
  if (take("<=")) return Comparison::kLessOrEqual;
  if (take(">=")) return Comparison::kGreaterOrEqual;
  if (take("=")) return Comparison::kEqual;
  if (take("<")) return Comparison::kLess;
  if (take(">")) return Comparison::kGreater;
  return std::nullopt;
}

std::string PatternReader::take_until(std::string_view ends) {
  const size_t end = std::min(rest_.find_first_of(ends), rest_.size());
  std::string out(rest_.substr(0, end));
  rest_.remove_prefix(end);
  return out;
}

Result<std::string> PatternReader::take_quoted() {
  std::string out;
  for (size_t i = 1; i < rest_.size(); ++i) {
    if (rest_[i] == '"') {
      rest_.remove_prefix(i + 1);
      return out;
    }
    if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
    out += rest_[i];
  }
  return invalid_pattern("a quoted phrase has no closing quote.");
}

Result<Operand> PatternReader::take_operand(std::string_view stops) {
  skip_blanks();
  Operand out;
  if (rest_.starts_with('%')) {
    const size_t end = rest_.find('%', 1);
    if (end == std::string_view::npos || end == 1) return invalid_pattern("a %regular expression% has no closing %.");
    out.text = rest_.substr(1, end - 1);
    out.regex = TRY(regex_of(out.text));
    rest_.remove_prefix(end + 1);
    return out;
  }
  if (rest_.starts_with('"')) {
    out.text = TRY(take_quoted());
    return out;
  }
  out.text = take_until(std::string(kBlanks) + std::string(stops));
  if (out.text.empty()) return invalid_pattern("a comparison has no value.");
  out.number = parse_double(out.text);
  return out;
}

// --- comparing --------------------------------------------------------------------------------------------------------

bool holds(Comparison comparison, const Operand& operand, std::string_view value, bool value_is_number) {
  const auto number = value_is_number || operand.number ? parse_double(value) : std::nullopt;
  if (comparison == Comparison::kEqual || comparison == Comparison::kUnequal) {
    bool equal = false;
    if (operand.regex)
      equal = operand.regex->matches(value);
    else if (operand.number && number)
      equal = *operand.number == *number;
    else if (operand.text.find('*') != std::string::npos)
      equal = wildcard_match(replace_all(replace_all(operand.text, "\\*", "*"), "?", "\x01"),
                             replace_all(std::string(value), "?", "\x01"));
    else
      equal = operand.text == value;
    return equal == (comparison == Comparison::kEqual);
  }
  if (!operand.number || !number) return false;
  if (comparison == Comparison::kLess) return *number < *operand.number;
  if (comparison == Comparison::kLessOrEqual) return *number <= *operand.number;
  if (comparison == Comparison::kGreater) return *number > *operand.number;
  return *number >= *operand.number;
}

}  // namespace tarn::logs

#include "services/logs/filter_pattern.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace tarn::logs {
namespace {

Failure invalid_pattern(std::string why) {
  return fail(400, "InvalidParameterException", "Invalid filter pattern: " + std::move(why));
}

bool contains(std::string_view message, const std::string& term) {
  return message.find(term) != std::string_view::npos;
}

// Takes one term, quoted or up to the next blank, from the front.
Result<std::string> take_term(std::string_view& rest) {
  std::string term;
  if (!rest.starts_with('"')) {
    const size_t end = std::min(rest.find_first_of(" \t\r\n"), rest.size());
    term = rest.substr(0, end);
    rest.remove_prefix(end);
    return term;
  }
  for (size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return term;
    }
    if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
    term += rest[i];
  }
  return invalid_pattern("a quoted phrase has no closing quote.");
}

}  // namespace

Result<FilterPattern> FilterPattern::parse(std::string_view text) {
  FilterPattern pattern;
  std::string_view rest = trim(text);
  if (rest.starts_with('{')) return invalid_pattern("patterns of JSON fields, { $.field = value }, are not supported.");
  if (rest.starts_with('[')) return invalid_pattern("patterns of blank-separated fields, [a, b], are not supported.");
  while (!rest.empty()) {
    std::vector<std::string>* kind = &pattern.required_;
    if (rest.starts_with('-')) kind = &pattern.excluded_;
    if (rest.starts_with('?')) kind = &pattern.optional_;
    if (kind != &pattern.required_) rest.remove_prefix(1);
    if (rest.starts_with('%')) return invalid_pattern("regular expressions, %expression%, are not supported.");
    std::string term = TRY(take_term(rest));
    if (!term.empty()) kind->push_back(std::move(term));
    rest = trim(rest);
  }
  // AWS: with other terms beside them, those with a question mark are not looked at.
  if (!pattern.required_.empty() || !pattern.excluded_.empty()) pattern.optional_.clear();
  return pattern;
}

bool FilterPattern::matches(std::string_view message) const {
  const auto in_message = [&](const std::string& term) { return contains(message, term); };
  return std::ranges::all_of(required_, in_message) && std::ranges::none_of(excluded_, in_message) &&
         (optional_.empty() || std::ranges::any_of(optional_, in_message));
}

}  // namespace tarn::logs

#include "services/glue/name_pattern.h"

#include <fmt/format.h>

#include "base/text.h"

namespace tarn::glue {

// Enough steps for any sane pattern on a name of 255 characters; a pattern made to run for ever ends in milliseconds.
constexpr uint32_t kSteps = 100'000;

Result<NamePattern> NamePattern::compile(std::string_view pattern) {
  NamePattern made;
  made.text_ = pattern;
  if (auto regex = Regex::compile(pattern, {.place = RegexOptions::Place::kWhole, .steps = kSteps}))
    made.regex_ = *std::move(regex);
  else if (pattern.find('*') == std::string_view::npos)
    return fail(400, "InvalidInputException",
                fmt::format("'{}' is not a regular expression: {}, at position {}.", pattern, regex.error().why,
                            regex.error().at + 1));
  return made;
}

Result<bool> NamePattern::matches(std::string_view name) const {
  if (wildcard_match(text_, name)) return true;
  if (!regex_) return false;
  const auto found = RegexMatch(*regex_).find(name);
  if (found == RegexMatch::Found::kTooManySteps)
    return fail(400, "InvalidInputException",
                fmt::format("The regular expression '{}' takes too long to match: simplify it.", text_));
  return found == RegexMatch::Found::kYes;
}

}  // namespace tarn::glue

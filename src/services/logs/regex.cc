#include "services/logs/regex.h"

#include <fmt/format.h>

namespace tarn::logs {

constexpr uint32_t kSteps = 200'000;  // of one match: a text is no more than an event

Result<Regex> regex_of(std::string_view expression) {
  auto regex = Regex::compile(expression, {.steps = kSteps});
  if (!regex)
    return fail(400, "InvalidParameterException",
                fmt::format("'{}' is not a regular expression: {}, at position {}.", expression, regex.error().why,
                            regex.error().at + 1));
  return *std::move(regex);
}

}  // namespace tarn::logs

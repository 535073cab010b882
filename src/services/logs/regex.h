// Regular expressions of filter patterns and Insights queries.
#pragma once

#include "base/regex.h"
#include "base/result.h"

namespace tarn::logs {

// ERRORS: InvalidParameterException: what is wrong with the expression, and where.
Result<Regex> regex_of(std::string_view expression);

}  // namespace tarn::logs

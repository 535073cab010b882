// Filter patterns that look for words in events: ERROR "two words" -excluded ?either ?or.
// AWS: "Filter pattern syntax", unstructured log events. Case counts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tarn::logs {

// THREADS: immutable.
class FilterPattern {
 public:
  // ERRORS: InvalidParameterException: a quote without an end; a form that is not for words ({ $.x = 1 }, [a, b],
  // %regex%), by its name.
  static Result<FilterPattern> parse(std::string_view text);
  // An empty pattern matches all.
  bool matches(std::string_view message) const;

 private:
  std::vector<std::string> required_, excluded_, optional_;
};

}  // namespace tarn::logs

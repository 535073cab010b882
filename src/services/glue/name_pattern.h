// Patterns that choose tables and functions by name: regular expressions, of the whole name; and Hive's, in which '*' alone is
// any text: AWS's own library asks with "*name*" and "prefix*" (awswrangler.catalog.get_tables). A name is chosen by either.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/regex.h"
#include "base/result.h"

namespace tarn::glue {

class NamePattern {
 public:
  // ERRORS: InvalidInputException: what is wrong with the pattern, and where.
  static Result<NamePattern> compile(std::string_view pattern);
  // ERRORS: InvalidInputException: the pattern takes too long on this name.
  Result<bool> matches(std::string_view name) const;

 private:
  std::string text_;
  std::optional<Regex> regex_;  // none: the pattern is one of Hive's only
};

}  // namespace tarn::glue

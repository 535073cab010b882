// Regular expressions of filter patterns and Insights queries.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tarn::logs {

// THREADS: immutable.
class Regex {
 public:
  // ERRORS: InvalidParameterException: what is wrong with the expression, and where.
  static Result<Regex> compile(std::string_view expression, bool ignore_case = false);

  // Anywhere in the text. One that takes too long does not match: a text is no more than an event.
  bool matches(std::string_view text) const;
  // Where the first match lies; nullopt: there is none.
  struct Match {
    size_t begin = 0, end = 0;
    std::vector<std::optional<std::string>> groups;  // from the first on
  };
  std::optional<Match> find(std::string_view text, size_t from = 0) const;
  // The names of groups that have one, by their places.
  const std::vector<std::pair<size_t, std::string>>& names() const { return names_; }
  size_t groups() const { return groups_; }

 private:
  struct Code;
  std::shared_ptr<const Code> code_;
  std::vector<std::pair<size_t, std::string>> names_;  // from 0 on
  size_t groups_ = 0;
};

}  // namespace tarn::logs

// Filter patterns: which events FilterLogEvents, subscription filters, metric filters and live tails choose.
//
//   ERROR "two words" -excluded ?either ?or %regex%          words
//   { $.level = "E*" && ($.ms > 100 || $.tags[0] IS NULL) }   JSON fields
//   [ip, user, ..., status = 4* && status != 404, bytes > 1]  fields between blanks
//
// AWS: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter log events,
// and Live Tail". Case counts.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tarn::logs {

// One form of pattern, compiled.
class PatternForm {
 public:
  virtual ~PatternForm() = default;
  virtual bool matches(std::string_view message) const = 0;
  // What the pattern names, with its values in the message: "$.level", "$status".
  virtual std::map<std::string, std::string> extract(std::string_view message) const = 0;
};

// THREADS: immutable.
class FilterPattern {
 public:
  // ERRORS: InvalidParameterException: what is wrong where.
  static Result<FilterPattern> parse(std::string_view text);
  // An empty pattern matches all.
  bool matches(std::string_view message) const { return form_->matches(message); }
  // REQUIRES: matches(message).
  std::map<std::string, std::string> extract(std::string_view message) const { return form_->extract(message); }

 private:
  std::shared_ptr<const PatternForm> form_;
};

}  // namespace tarn::logs

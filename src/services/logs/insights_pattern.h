// The command pattern: texts of one shape counted together. What changes from text to text (numbers, addresses, times, ids)
// becomes a place with a name.
// AWS: CloudWatch Logs User Guide, "pattern": what it shows. How AWS finds its patterns is not documented. ASSUMED: a word
// with a digit is such a place, and all others must be the same.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/logs/insights.h"

namespace tarn::logs::insights {

class Patterns {
 public:
  // ERRORS: LimitExceededException: too many of them.
  Result<bool> add(std::string_view text);
  // The most frequent first: @pattern, @ratio, @sampleCount, @severityLabel.
  std::vector<Row> rows() const;
  static std::vector<std::string> columns();

 private:
  std::map<std::string, uint64_t> counts_;
  uint64_t total_ = 0;
};

// "user 7 from 10.0.0.1" -> "user <Number-1> from <IPAddress-2>"
std::string pattern_of(std::string_view text);

}  // namespace tarn::logs::insights

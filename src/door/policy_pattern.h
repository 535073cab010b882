// Patterns of policies: texts with the wildcards '*' and '?' and with policy variables such as ${aws:username}.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tarn {

// The request's context: condition keys in lower case, each with its values. A key without values counts as absent.
using PolicyContext = std::map<std::string, std::vector<std::string>>;

class PolicyPattern {
 public:
  enum class Mode : uint8_t {
    kExact,     // '*' and '?' are themselves (StringEquals)
    kText,      // '*' any run, '?' one character
    kResource,  // a Resource element: within the first five parts of an ARN a '*' stays in its part, unless it ends it
    kArn,       // ArnLike: the six parts are compared each for itself
  };

  PolicyPattern() = default;
  // `variables`: ${...} is replaced (policy version 2012-10-17); else it is text as any other.
  PolicyPattern(std::string_view text, Mode mode, bool variables, bool ignore_case = false);

  // Whether the text is matched. A variable that the context lacks, or has several values of, and that has no default
  // makes the pattern match nothing. What a variable stands for is never read as a wildcard.
  bool matches(std::string_view text, const PolicyContext& context) const;
  // The condition keys (lower case) that its variables name.
  std::vector<std::string> variables() const;

 private:
  struct Piece {
    std::u16string tokens;                // bytes, and the marks of policy_pattern.cc
    std::string variable;                 // then this key's value, where it is not empty
    std::optional<std::string> fallback;  // or this
  };
  Mode mode_ = Mode::kText;
  bool ignore_case_ = false;
  bool exact_head_ = true;            // whole-text matching gives the right answer
  std::optional<std::string> plain_;  // the pattern for wildcard_match, where it has no variable or ${*}
  std::vector<Piece> pieces_;

  std::optional<std::u16string> expand(const PolicyContext& context) const;
};

}  // namespace tarn

// The forms of filter patterns, and what they share: comparing a text with what a pattern says of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/logs/filter_pattern.h"
#include "services/logs/regex.h"

namespace tarn::logs {

inline Failure invalid_pattern(std::string why) {
  return fail(400, "InvalidParameterException", "Invalid filter pattern: " + std::move(why));
}

Result<std::unique_ptr<const PatternForm>> parse_words(std::string_view text);
Result<std::unique_ptr<const PatternForm>> parse_json_fields(std::string_view text);
Result<std::unique_ptr<const PatternForm>> parse_blank_fields(std::string_view text);

// The right side of a comparison: a text with * at its ends or within, a number, or %regex%.
struct Operand {
  std::string text;
  std::optional<double> number;  // of one that is written as a number, without quotes
  std::optional<Regex> regex;
};

enum class Comparison : uint8_t { kEqual, kUnequal, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

// Reads a pattern from its front. LIFETIME: borrows the text.
class PatternReader {
 public:
  explicit PatternReader(std::string_view text) : rest_(text) {}

  void skip_blanks();
  bool at_end();
  // Takes the text if it stands next.
  bool take(std::string_view text);
  // Takes the word, in any case, if it stands next as a whole word.
  bool take_word(std::string_view word);
  std::optional<Comparison> take_comparison();
  // `stops`: letters that end an unquoted text, beside blanks.
  Result<Operand> take_operand(std::string_view stops);
  // Up to the first letter that `ends` has, or to the end.
  std::string take_until(std::string_view ends);
  // "Quoted", with \" and \\.
  Result<std::string> take_quoted();
  char peek();
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

bool holds(Comparison comparison, const Operand& operand, std::string_view value, bool value_is_number);

}  // namespace tarn::logs

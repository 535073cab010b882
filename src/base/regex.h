// Regular expressions that users write (PCRE2). A match ends after a number of steps: no expression can hang a caller. Text is
// UTF-8; what is none in it matches nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tarn {

struct RegexOptions {
  enum class Place : uint8_t { kAnywhere, kAtStart, kWhole };
  bool ignore_case = false;
  Place place = Place::kAnywhere;
  uint32_t steps = 1'000'000;  // of one match, about
};

struct RegexFault {
  std::string why;  // "missing closing parenthesis"
  size_t at = 0;    // behind so many bytes
};

// THREADS: immutable.
class Regex {
 public:
  // ERRORS: what is wrong with the expression.
  static std::expected<Regex, RegexFault> compile(std::string_view expression, const RegexOptions& options = {});

  // False, too, where that takes too many steps.
  bool matches(std::string_view text) const;
  // Without group 0, which is all that matched.
  size_t groups() const;
  // Those that have a name.
  const std::vector<std::pair<size_t, std::string>>& names() const;
  std::optional<size_t> group_named(std::string_view name) const;

 private:
  friend class RegexMatch;
  struct Code;
  std::shared_ptr<const Code> code_;
};

// Looks for a regular expression in text after text. THREADS: one.
class RegexMatch {
 public:
  enum class Found : uint8_t { kNo, kYes, kTooManySteps };

  explicit RegexMatch(Regex regex);
  RegexMatch(RegexMatch&&) noexcept;
  RegexMatch& operator=(RegexMatch&&) noexcept;
  ~RegexMatch();

  // The first match that begins at `from` or behind it. LIFETIME: what is below is of the last text, which is borrowed.
  Found find(std::string_view text, size_t from = 0);

  // REQUIRES, all: something was found; but for has(): the group took part.
  bool has(size_t group) const;
  size_t begin(size_t group = 0) const;
  size_t end(size_t group = 0) const;
  std::string_view text(size_t group = 0) const { return text_.substr(begin(group), end(group) - begin(group)); }

  const Regex& regex() const { return regex_; }

 private:
  struct Data;
  Regex regex_;
  std::unique_ptr<Data> data_;
  std::string_view text_;
  size_t found_ = 0;  // groups from 0 on that may have taken part
};

}  // namespace tarn

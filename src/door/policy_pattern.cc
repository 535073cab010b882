#include "door/policy_pattern.h"

#include "base/text.h"

namespace tarn {

namespace {

// Tokens beyond the 256 bytes.
constexpr char16_t kStar = 0x100;       // any run
constexpr char16_t kPartStar = 0x101;   // any run within one part of an ARN's head
constexpr char16_t kOne = 0x102;        // one character, not a colon of the head
constexpr char16_t kHeadColon = 0x103;  // one of the first five colons
constexpr int kHeadColons = 5;

// ${key} or ${key, 'default'} or ${*} ${?} ${$} at the start of `text`; its length, or 0 when it is none.
struct Variable {
  size_t length = 0;
  std::string key;
  std::optional<std::string> fallback;
};

Variable read_variable(std::string_view text) {
  if (!text.starts_with("${")) return {};
  const size_t end = text.find('}');
  if (end == std::string_view::npos) return {};
  const std::string_view inside = text.substr(2, end - 2);
  const size_t comma = inside.find(',');
  Variable variable{end + 1, lower(trim(inside.substr(0, comma))), std::nullopt};
  if (comma == std::string_view::npos) return variable;
  std::string_view value = trim(inside.substr(comma + 1));
  if (value.size() < 2 || value.front() != '\'' || value.back() != '\'') return {};
  variable.fallback = std::string(value.substr(1, value.size() - 2));
  return variable;
}

char16_t byte_of(char c) {
  return static_cast<unsigned char>(c);
}

// The text with its first five colons marked.
std::u16string marked(std::string_view text, bool arn) {
  std::u16string out;
  out.reserve(text.size());
  int colons = 0;
  for (const char c : text) out.push_back(arn && c == ':' && colons++ < kHeadColons ? kHeadColon : byte_of(c));
  return out;
}

bool token_takes(char16_t token, char16_t c) {
  if (token == kOne) return c != kHeadColon;
  return token == c || (token == ':' && c == kHeadColon);
}

// Follows all ways through the pattern at once: never worse than pattern times text.
bool tokens_match(const std::u16string& pattern, const std::u16string& text) {
  const auto star = [&](size_t i) { return pattern[i] == kStar || pattern[i] == kPartStar; };
  std::vector<char> at(pattern.size() + 1, 0), next;
  const auto skip_stars = [&](std::vector<char>& states) {
    for (size_t i = 0; i < pattern.size(); ++i)
      if (states[i] && star(i)) states[i + 1] = 1;
  };
  at[0] = 1;
  skip_stars(at);
  for (const char16_t c : text) {
    next.assign(pattern.size() + 1, 0);
    for (size_t i = 0; i < pattern.size(); ++i) {
      if (!at[i]) continue;
      if (star(i)) {
        if (pattern[i] == kStar || c != kHeadColon) next[i] = 1;
      } else if (token_takes(pattern[i], c)) {
        next[i + 1] = 1;
      }
    }
    skip_stars(next);
    at.swap(next);
  }
  return at[pattern.size()];
}

}  // namespace

PolicyPattern::PolicyPattern(std::string_view text, Mode mode, bool variables, bool ignore_case)
    : mode_(mode), ignore_case_(ignore_case), pieces_(1) {
  const bool arn = mode == Mode::kResource || mode == Mode::kArn;
  int colons = 0;
  bool only_plain = true;
  for (size_t i = 0; i < text.size();) {
    const bool head = arn && colons < kHeadColons;
    if (const Variable found = variables ? read_variable(text.substr(i)) : Variable{}; found.length > 0) {
      if (found.key == "*" || found.key == "?" || found.key == "$") {
        pieces_.back().tokens.push_back(byte_of(found.key[0]));
      } else {
        pieces_.back().variable = found.key;
        pieces_.back().fallback = found.fallback;
        pieces_.emplace_back();
        if (head) exact_head_ = false;
      }
      only_plain = false;
      i += found.length;
      continue;
    }
    const char c = text[i++];
    const bool ends_part = i == text.size() || text[i] == ':';
    // AWS: IAM User Guide, "IAM JSON policy elements: Resource": a '*' that ends a part may run on past the colon.
    const bool free = !head || i == text.size() || (mode == Mode::kResource && ends_part);
    char16_t token = byte_of(c);
    if (mode != Mode::kExact && c == '*') token = free ? kStar : kPartStar;
    if (mode != Mode::kExact && c == '?') token = kOne;
    if (head && c == ':') {
      ++colons;
      if (mode == Mode::kArn) token = kHeadColon;
    }
    if (head && (token == kPartStar || token == kOne)) exact_head_ = false;
    pieces_.back().tokens.push_back(token);
  }
  if (only_plain && exact_head_) plain_ = ignore_case ? lower(text) : std::string(text);
}

std::optional<std::u16string> PolicyPattern::expand(const PolicyContext& context) const {
  std::u16string out;
  for (const Piece& piece : pieces_) {
    out += piece.tokens;
    if (piece.variable.empty()) continue;
    const auto found = context.find(piece.variable);
    const bool has_one = found != context.end() && found->second.size() == 1;
    if (!has_one && !piece.fallback) return std::nullopt;
    for (const char c : has_one ? found->second.front() : *piece.fallback) out.push_back(byte_of(c));
  }
  return out;
}

bool PolicyPattern::matches(std::string_view given, const PolicyContext& context) const {
  const std::string folded = ignore_case_ ? lower(given) : std::string();
  const std::string_view text = ignore_case_ ? std::string_view(folded) : given;
  if (plain_) return mode_ == Mode::kExact ? *plain_ == text : wildcard_match(*plain_, text);

  auto pattern = expand(context);
  if (!pattern) return false;
  if (ignore_case_)
    for (char16_t& token : *pattern)
      if (token >= 'A' && token <= 'Z') token += 'a' - 'A';
  return tokens_match(*pattern, marked(text, mode_ == Mode::kResource || mode_ == Mode::kArn));
}

std::vector<std::string> PolicyPattern::variables() const {
  std::vector<std::string> keys;
  for (const Piece& piece : pieces_)
    if (!piece.variable.empty()) keys.push_back(piece.variable);
  return keys;
}

}  // namespace tarn

#include "door/event_pattern_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace tarn {
namespace {

// Finds a part in JSON text that has been read. It trusts the text no further than its length.
class Locator {
 public:
  // Before the document there may be what its reader passes over (a byte order mark).
  explicit Locator(std::string_view text) : text_(text), at_(std::min(text.find_first_of("{["), text.size())) {}

  size_t offset(const Way& way, Edge edge) {
    for (const Step& step : way) step_into(step);
    blanks();
    const bool plain = here() != '"' && here() != '{' && here() != '[';
    if (edge == Edge::kEnd || plain)
      skip();
    else
      next();
    return at_;
  }

 private:
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool ended() const { return at_ >= text_.size(); }
  void next() { at_ += !ended(); }
  bool is_one_of(std::string_view signs) const { return !ended() && signs.contains(here()); }
  void blanks() {
    while (is_one_of(" \t\r\n")) next();
  }
  void skip_string() {
    for (next(); !ended() && here() != '"'; next())
      if (here() == '\\') next();
    next();
  }
  void skip() {
    blanks();
    int depth = 0;
    do {
      const char c = here();
      if (c == '"') {
        skip_string();
        continue;
      }
      depth += (c == '{' || c == '[') - (c == '}' || c == ']');
      next();
      if (depth == 0 && c != '}' && c != ']')
        while (!ended() && !is_one_of(" \t\r\n,]}")) next();
    } while (depth > 0 && !ended());
  }
  void step_into(const Step& step) {
    blanks();
    next();
    size_t found = at_;
    for (size_t i = 0;; ++i) {
      blanks();
      if (ended() || here() == '}' || here() == ']') break;
      if (here() == ',') next();
      blanks();
      if (!step.item) {
        const size_t begin = at_;
        skip_string();
        const auto written = Json::parse(text_.substr(begin, at_ - begin));
        blanks();
        next();  // the colon
        if (written && written->as_string() == step.name) found = at_;
      } else if (i == step.index) {
        found = at_;
        break;
      }
      skip();
    }
    at_ = found;
  }

  std::string_view text_;
  size_t at_;
};

}  // namespace

size_t offset_of(std::string_view text, const Way& way, Edge edge) {
  return Locator(text).offset(way, edge);
}

std::string placed(std::string_view reason, std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const size_t line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("{}\n at [Source: (String)\"{}\"; line: {}, column: {}]", reason, text, line, offset - start + 1);
}

std::optional<std::string> not_json(std::string_view text) {
  std::string open;   // the brackets that are open
  char before = ':';  // the last sign that counts, a value's being 'v'
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (std::string_view(" \t\r\n").contains(c)) continue;
    const bool wants_name = open.ends_with('{') && (before == '{' || before == ',');
    if (c == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\';
      before = wants_name ? 'n' : 'v';
    } else if (c == '{' || c == '[') {
      open += before = c;
    } else if (c == '}' || c == ']') {
      if (open.empty()) return std::nullopt;
      open.pop_back();
      before = 'v';
    } else if (c == ',' || c == ':') {
      before = c;
    } else if (wants_name) {
      return placed(fmt::format("Unexpected character ('{}' (code {})): was expecting double-quote to start field name",
                                c, static_cast<unsigned char>(c)),
                    text, at);
    } else {
      const size_t end = std::min(text.find_first_of(" \t\r\n,:{}[]\"", at), text.size());
      const std::string_view word = text.substr(at, end - at);
      if (!Json::parse(word))
        return placed(fmt::format("Unrecognized token '{}': was expecting (JSON String, Number, Array, Object or token "
                                  "'null', 'true' or 'false')",
                                  word),
                      text, end);
      at = end - 1;
      before = 'v';
    }
  }
  return std::nullopt;
}

}  // namespace tarn

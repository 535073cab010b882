#include "services/logs/insights_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace tarn::logs::insights {
namespace {

constexpr size_t kMostPatterns = 50'000;
constexpr size_t kLongest = 2048;  // of a text that is looked at
constexpr size_t kUuid = 36;

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

// What a word with a digit stands for.
std::string_view kind_of(std::string_view word) {
  const auto all_of = [&](std::string_view others, auto also) {
    return std::ranges::all_of(word, [&](char c) { return also(c) || others.find(c) != std::string_view::npos; });
  };
  const auto count = [&](char c) { return std::ranges::count(word, c); };
  const auto hex_digit = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  if (all_of(".", is_digit) && count('.') == 3) return "IPAddress";
  if (word.size() == kUuid && count('-') == 4 && all_of("-", hex_digit)) return "UUID";
  if (word.size() >= 10 && is_digit(word[0]) && count('-') >= 2 && count(':') >= 1) return "Timestamp";
  if (all_of("-/", is_digit) && (count('-') == 2 || count('/') == 2)) return "Date";
  if (all_of(":.", is_digit) && count(':') >= 1) return "Time";
  if (all_of(".-+", is_digit)) return "Number";
  return "Token";
}

bool word_letter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) || byte >= 0x80 || std::string_view("_.:-/+@").find(c) != std::string_view::npos;
}

const char* severity_of(std::string_view pattern) {
  const std::string text = lower(pattern);
  const auto has = [&](std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string::npos; });
  };
  if (has({"error", "exception", "fatal", "fail"})) return "ERROR";
  if (has({"warn"})) return "WARN";
  if (has({"info"})) return "INFO";
  if (has({"debug", "trace"})) return "DEBUG";
  return "NONE";
}

}  // namespace

std::string pattern_of(std::string_view text) {
  text = trim(text.substr(0, kLongest));
  std::string out;
  int places = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && word_letter(text[end])) ++end;
    if (end == at) {
      out += text[at++];
      continue;
    }
    // The marks behind a word belong to the sentence.
    size_t last = end;
    while (last > at + 1 && std::string_view(".:-/").find(text[last - 1]) != std::string_view::npos) --last;
    const std::string_view word = text.substr(at, last - at);
    if (std::ranges::any_of(word, is_digit))
      out += fmt::format("<{}-{}>", kind_of(word), ++places);
    else
      out += word;
    at = last;
    while (at < end) out += text[at++];
  }
  return out;
}

Result<bool> Patterns::add(std::string_view text) {
  ++total_;
  ++counts_[pattern_of(text)];
  if (counts_.size() > kMostPatterns)
    return fail(400, "LimitExceededException", "The query finds too many patterns: narrow it by time or by a filter.");
  return true;
}

std::vector<Row> Patterns::rows() const {
  std::vector<std::pair<std::string, uint64_t>> sorted(counts_.begin(), counts_.end());
  std::ranges::stable_sort(sorted, [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<Row> out;
  for (const auto& [pattern, count] : sorted) {
    Row row;
    row.set("@pattern", pattern);
    row.set("@ratio", static_cast<double>(count) / static_cast<double>(total_));
    row.set("@sampleCount", static_cast<double>(count));
    row.set("@severityLabel", std::string(severity_of(pattern)));
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<std::string> Patterns::columns() {
  return {"@pattern", "@ratio", "@sampleCount", "@severityLabel"};
}

}  // namespace tarn::logs::insights

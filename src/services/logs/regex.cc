#define PCRE2_CODE_UNIT_WIDTH 8
#include "services/logs/regex.h"

#include <fmt/format.h>
#include <pcre2.h>

namespace tarn::logs {
namespace {

constexpr uint32_t kMatchLimit = 200'000;

PCRE2_SPTR bytes(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

struct MatchData {
  explicit MatchData(const pcre2_code* code)
      : data(pcre2_match_data_create_from_pattern(code, nullptr)), context(pcre2_match_context_create(nullptr)) {
    pcre2_set_match_limit(context, kMatchLimit);
  }
  ~MatchData() {
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
  }
  MatchData(const MatchData&) = delete;
  pcre2_match_data* data;
  pcre2_match_context* context;
};

}  // namespace

struct Regex::Code {
  explicit Code(pcre2_code* c) : code(c) {}
  ~Code() { pcre2_code_free(code); }
  Code(const Code&) = delete;
  pcre2_code* code;
};

Result<Regex> Regex::compile(std::string_view expression, bool ignore_case) {
  int error = 0;
  size_t offset = 0;
  pcre2_code* code =
      pcre2_compile(bytes(expression), expression.size(),
                    PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | (ignore_case ? PCRE2_CASELESS : 0), &error, &offset, nullptr);
  if (code == nullptr) {
    char why[200] = "";
    pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(why), sizeof why);
    return fail(400, "InvalidParameterException",
                fmt::format("'{}' is not a regular expression: {}, at position {}.", expression, why, offset + 1));
  }
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  Regex out;
  out.code_ = std::make_shared<const Code>(code);
  uint32_t groups = 0, count = 0, size = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
  pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count);
  pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &size);
  pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
  out.groups_ = groups;
  for (uint32_t i = 0; i < count; ++i, table += size)
    out.names_.emplace_back(static_cast<size_t>(table[0] << 8 | table[1]) - 1,
                            reinterpret_cast<const char*>(table + 2));
  return out;
}

bool Regex::matches(std::string_view text) const {
  const MatchData match(code_->code);
  return pcre2_match(code_->code, bytes(text), text.size(), 0, 0, match.data, match.context) >= 0;
}

std::optional<Regex::Match> Regex::find(std::string_view text, size_t from) const {
  const MatchData match(code_->code);
  if (pcre2_match(code_->code, bytes(text), text.size(), from, 0, match.data, match.context) < 0) return std::nullopt;
  const size_t* places = pcre2_get_ovector_pointer(match.data);
  Match out{.begin = places[0], .end = places[1], .groups = {}};
  for (size_t i = 1; i <= groups_; ++i) {
    if (places[2 * i] == PCRE2_UNSET)
      out.groups.emplace_back();
    else
      out.groups.emplace_back(std::string(text.substr(places[2 * i], places[2 * i + 1] - places[2 * i])));
  }
  return out;
}

}  // namespace tarn::logs

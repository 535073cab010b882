#include "base/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace tarn {
namespace {

PCRE2_SPTR bytes(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

uint32_t flags_of(const RegexOptions& options) {
  uint32_t flags = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
  if (options.ignore_case) flags |= PCRE2_CASELESS;
  if (options.place != RegexOptions::Place::kAnywhere) flags |= PCRE2_ANCHORED;
  if (options.place == RegexOptions::Place::kWhole) flags |= PCRE2_ENDANCHORED;
  return flags;
}

}  // namespace

struct Regex::Code {
  Code(pcre2_code* compiled, uint32_t steps) : code(compiled), limits(pcre2_match_context_create(nullptr)) {
    pcre2_set_match_limit(limits, steps);
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
    uint32_t count = 0, size = 0;
    PCRE2_SPTR entry = nullptr;
    pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, static_cast<void*>(&entry));
    for (uint32_t i = 0; i < count; ++i, entry += size)
      names.emplace_back(static_cast<size_t>(entry[0] << 8 | entry[1]), reinterpret_cast<const char*>(entry + 2));
  }
  Code(const Code&) = delete;
  ~Code() {
    pcre2_match_context_free(limits);
    pcre2_code_free(code);
  }

  pcre2_code* const code;
  pcre2_match_context* const limits;
  uint32_t groups = 0;
  std::vector<std::pair<size_t, std::string>> names;
};

struct RegexMatch::Data {
  explicit Data(const pcre2_code* code) : data(pcre2_match_data_create_from_pattern(code, nullptr)) {}
  Data(const Data&) = delete;
  ~Data() { pcre2_match_data_free(data); }

  pcre2_match_data* const data;
};

std::expected<Regex, RegexFault> Regex::compile(std::string_view expression, const RegexOptions& options) {
  int error = 0;
  size_t at = 0;
  pcre2_code* code = pcre2_compile(bytes(expression), expression.size(), flags_of(options), &error, &at, nullptr);
  if (code == nullptr) {
    char why[256] = "";
    pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(why), sizeof why);
    return std::unexpected(RegexFault{why, at});
  }
  Regex made;
  made.code_ = std::make_shared<const Code>(code, options.steps);
  return made;
}

bool Regex::matches(std::string_view text) const {
  return RegexMatch(*this).find(text) == RegexMatch::Found::kYes;
}

size_t Regex::groups() const {
  return code_->groups;
}

const std::vector<std::pair<size_t, std::string>>& Regex::names() const {
  return code_->names;
}

std::optional<size_t> Regex::group_named(std::string_view name) const {
  for (const auto& [group, own] : code_->names)
    if (own == name) return group;
  return std::nullopt;
}

RegexMatch::RegexMatch(Regex regex) : regex_(std::move(regex)), data_(std::make_unique<Data>(regex_.code_->code)) {}
RegexMatch::RegexMatch(RegexMatch&&) noexcept = default;
RegexMatch& RegexMatch::operator=(RegexMatch&&) noexcept = default;
RegexMatch::~RegexMatch() = default;

RegexMatch::Found RegexMatch::find(std::string_view text, size_t from) {
  text_ = text;
  found_ = 0;
  if (from > text.size()) return Found::kNo;
  const Regex::Code& code = *regex_.code_;
  const int found = pcre2_match(code.code, bytes(text), text.size(), from, 0, data_->data, code.limits);
  if (found == PCRE2_ERROR_NOMATCH) return Found::kNo;
  if (found < 0) return Found::kTooManySteps;
  found_ = static_cast<size_t>(found);
  return Found::kYes;
}

bool RegexMatch::has(size_t group) const {
  return group < found_ && begin(group) != PCRE2_UNSET;
}

size_t RegexMatch::begin(size_t group) const {
  return pcre2_get_ovector_pointer(data_->data)[2 * group];
}

size_t RegexMatch::end(size_t group) const {
  return pcre2_get_ovector_pointer(data_->data)[2 * group + 1];
}

}  // namespace tarn

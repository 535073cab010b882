#include "services/glue/name_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include "base/text.h"

namespace tarn::glue {
namespace {

// Enough for any sane pattern on a name of 255 characters; a pattern made to run for ever ends in milliseconds.
constexpr uint32_t kMatchLimit = 100'000;

}  // namespace

struct NamePattern::Compiled {
  std::string text;
  pcre2_code* code = nullptr;  // nullptr: it is one of Hive's only
  ~Compiled() { pcre2_code_free(code); }
};

Result<NamePattern> NamePattern::compile(std::string_view pattern) {
  int error = 0;
  size_t offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                   PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF, &error, &offset, nullptr);
  if (code == nullptr && pattern.find('*') == std::string_view::npos) {
    char why[200] = "";
    pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(why), sizeof why);
    return fail(400, "InvalidInputException",
                fmt::format("'{}' is not a regular expression: {}, at position {}.", pattern, why, offset + 1));
  }
  auto compiled = std::make_shared<Compiled>();
  compiled->text = pattern;
  compiled->code = code;
  NamePattern result;
  result.compiled_ = std::move(compiled);
  return result;
}

Result<bool> NamePattern::matches(std::string_view name) const {
  if (wildcard_match(compiled_->text, name)) return true;
  if (compiled_->code == nullptr) return false;
  pcre2_match_data* data = pcre2_match_data_create_from_pattern(compiled_->code, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(context, kMatchLimit);
  const int found =
      pcre2_match(compiled_->code, reinterpret_cast<PCRE2_SPTR>(name.data()), name.size(), 0, 0, data, context);
  pcre2_match_context_free(context);
  pcre2_match_data_free(data);
  if (found >= 0) return true;
  if (found == PCRE2_ERROR_NOMATCH) return false;
  return fail(400, "InvalidInputException",
              fmt::format("The regular expression '{}' takes too long to match: simplify it.", compiled_->text));
}

}  // namespace tarn::glue

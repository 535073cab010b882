// Patterns of the models, compiled when first needed and kept by their shape.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "wire/validate.h"

namespace tarn::wire {
namespace {

// What a pattern may cost before it gives up; the longest texts that models bound need far less.
constexpr uint32_t kMatchLimit = 1'000'000;

template <auto release>
struct Release {
  template <class T>
  void operator()(T* value) const {
    release(value);
  }
};
using Code = std::unique_ptr<pcre2_code, Release<pcre2_code_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Release<pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Release<pcre2_match_context_free>>;

// The generator compiles each pattern too, so that one which does not compile never gets here.
Code compile(std::string_view pattern) {
  const std::string whole = "\\A(?:" + std::string(pattern) + ")\\z";
  int number = 0;
  size_t offset = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(whole.data()), whole.size(), PCRE2_UTF | PCRE2_DOLLAR_ENDONLY,
                          &number, &offset, nullptr));
  if (code) pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  return code;
}

class Patterns {
 public:
  const pcre2_code* of(const Shape& shape) {
    {
      const std::shared_lock lock(mutex_);
      const auto at = codes_.find(&shape);
      if (at != codes_.end()) return at->second.get();
    }
    Code code = compile(shape.pattern);
    const std::unique_lock lock(mutex_);
    return codes_.try_emplace(&shape, std::move(code)).first->second.get();
  }

 private:
  std::shared_mutex mutex_;
  std::unordered_map<const Shape*, Code> codes_;
};

}  // namespace

bool matches_pattern(const Shape& shape, std::string_view text) {
  static Patterns patterns;  // a memo of immutable descriptors: nothing can tell that it is there
  const pcre2_code* code = patterns.of(shape);
  if (code == nullptr) return false;
  const MatchData data(pcre2_match_data_create(1, nullptr));
  const MatchContext context(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), kMatchLimit);
  return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0, data.get(), context.get()) >=
         0;
}

}  // namespace tarn::wire

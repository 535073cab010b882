// Patterns of the models, compiled when first needed and kept by their shape.
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

#include "base/regex.h"
#include "wire/validate.h"

namespace tarn::wire {
namespace {

class Patterns {
 public:
  // The generator compiles each pattern too, so that one which does not compile never gets here.
  const std::optional<Regex>& of(const Shape& shape) {
    {
      const std::shared_lock lock(mutex_);
      const auto at = compiled_.find(&shape);
      if (at != compiled_.end()) return at->second;
    }
    std::optional<Regex> made;
    if (auto regex = Regex::compile(shape.pattern, {.place = RegexOptions::Place::kWhole})) made = *std::move(regex);
    const std::unique_lock lock(mutex_);
    return compiled_.try_emplace(&shape, std::move(made)).first->second;
  }

 private:
  std::shared_mutex mutex_;
  std::unordered_map<const Shape*, std::optional<Regex>> compiled_;
};

}  // namespace

bool matches_pattern(const Shape& shape, std::string_view text) {
  static Patterns patterns;  // a memo of immutable descriptors: nothing can tell that it is there
  const auto& regex = patterns.of(shape);
  return regex && regex->matches(text);
}

}  // namespace tarn::wire

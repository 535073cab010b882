// Event patterns: a pattern, a byte 0, an event. What is refused says why and where; what is accepted explains an event exactly
// when it does not match it.
#include "base/json.h"
#include "door/event_pattern.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tarn;
  const std::string_view input = fuzz::text_of(data, size);
  const size_t end = input.find('\0');
  const auto pattern = EventPattern::compile(input.substr(0, end));
  if (!pattern) {
    fuzz::require(!pattern.error().empty());
    return 0;
  }
  const auto event = Json::parse(end == std::string_view::npos ? "{}" : input.substr(end + 1));
  if (!event || !event->is_object()) return 0;
  const FlatEvent flat(*event);
  const bool matches = pattern->matches(flat);
  fuzz::planted_fault(matches && pattern->branches().size() > 1);
  const auto why = pattern->why_not(flat);
  fuzz::require(matches == !why);
  if (why) fuzz::require(!why->text().empty());
  return 0;
}

// Chains of calls that come back to a function: a trace's header counts, for each function, how often it was called in it.
// AWS: Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops"; X-Ray Developer Guide, "Tracing
// header": "Lineage=a87bd80c:1|68fd508a:5". Pure, but for the ids of a trace that begins.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"

namespace tarn::lambda {

constexpr int kMostInChain = 16;  // calls of a function in one chain; the next is stopped

struct ChainedCall {
  std::string trace;  // that the function passes on
  int calls = 1;      // of the function in this chain, this one included
};
// `trace`: that the call came with; empty, or none: a chain begins.
ChainedCall chained_call(std::string_view trace, std::string_view function_arn, Time now);

}  // namespace tarn::lambda

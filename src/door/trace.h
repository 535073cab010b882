// The trace that a call belongs to: what X-Amzn-Trace-Id said of it. It goes along with what the call causes (messages, later
// calls), so that a chain of calls knows itself. It has no say in who may do what.
// AWS: X-Ray Developer Guide, "Tracing header".
#pragma once

#include <string>

namespace tarn {

// While it lives, what this thread does belongs to that trace; empty: to none. LIFETIME: one within the other.
class TraceScope {
 public:
  explicit TraceScope(std::string trace);
  ~TraceScope();
  TraceScope(const TraceScope&) = delete;

 private:
  std::string outer_;
};

const std::string& current_trace();

}  // namespace tarn

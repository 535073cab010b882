#include "door/trace.h"

#include <utility>

namespace tarn {
namespace {

thread_local std::string trace_of_thread;

}  // namespace

TraceScope::TraceScope(std::string trace) : outer_(std::exchange(trace_of_thread, std::move(trace))) {}

TraceScope::~TraceScope() {
  trace_of_thread = std::move(outer_);
}

const std::string& current_trace() {
  return trace_of_thread;
}

}  // namespace tarn

// How somebody outside reaches into a task: through its callers, and at its side output.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace tarn::run {

// Connects to a port of the task's 127.0.0.1, sends the bytes and reads what comes until the other side closes, or so much
// of it that the rest does not matter. Waits `most` at most. The caller may be used again afterwards, one call at a time.
// ERRORS: CallFailed (502): nobody listens, it ended early, it took too long.
Result<std::string> call_through(int caller, uint16_t port, std::string_view bytes, Micros most);

// Waits for what is written next. Empty: all who could write have ended.
std::string read_next(int side_output);

}  // namespace tarn::run

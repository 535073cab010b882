// A blocking HTTP/1.1 client for the command line: one request, one answer, one connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "http/message.h"

namespace tarn::http {

// Sends `request` (Host and Content-Length are added where missing) and reads the whole answer.
// ERRORS: 503 Unreachable (names host, port and reason), 504 TimedOut after `timeout` in all, 502 BadAnswer when what
// came is no HTTP answer, was cut, or its body is over `max_body`.
// THREADS: any; blocks the caller.
Result<Response> send(const std::string& host, uint16_t port, const Request& request, std::chrono::milliseconds timeout,
                      size_t max_body = 64 << 20);

}  // namespace tarn::http

// Outputs and errors become answers, by whichever protocol their service speaks.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "wire/any.h"
#include "wire/shape.h"

namespace tarn::wire {

// The answer with its status, headers and body. Of an operation whose body is streamed (body-out, events) the head alone:
// its body is empty, and headers such as Content-Length are those that the output's members name.
http::Response write_output(const Operation& operation, const Any& output, std::string_view request_id);

// The answer to an error: its status, code, message and members in the protocol's form. `head`: the request's method was
// HEAD, so that there is no body (a code that has no other place is then in x-amzn-errortype).
// 304 has no body either. A member named "header:<name>" is sent as that header and not in the body.
http::Response write_error(const Service& service, const Error& error, std::string_view request_id, bool head = false);

}  // namespace tarn::wire

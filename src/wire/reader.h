// A request becomes the operation's typed input, by whichever protocol its service speaks.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "wire/any.h"
#include "wire/shape.h"

namespace tarn::wire {

// The input of an operation that has been routed. `body` is the whole body, and empty for an operation whose body is
// streamed. S3: the path is in path style ("/bucket/key"). Constraints are not checked here: see validate.h.
// ERRORS: SerializationException (json, rest-json), MalformedXML, InvalidArgument, InvalidURI (rest-xml),
// MalformedQueryString, MalformedInput (query, ec2): always 400, saying which member and why.
// THREADS: any.
Result<Any> read_input(const Operation& operation, const http::RequestHead& head, std::string_view body);

}  // namespace tarn::wire

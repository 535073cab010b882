// The places of a rest request or answer outside its body: path labels, query string, headers, status.
#pragma once

#include "base/result.h"
#include "http/message.h"
#include "wire/shape.h"

namespace tarn::wire {

// Fills the members of the operation's input that are bound to the path, the query string or headers.
// ERRORS: SerializationException (rest-json) or InvalidArgument (rest-xml) where a text is no value of its kind;
// InvalidURI where the path or query is not UTF-8 or the path is not one of the operation's.
Status read_bound_members(const Operation& operation, const http::RequestHead& head, void* input);

// Sets the headers and the status of the output's members that are bound to them.
void write_bound_members(const Shape& output, const void* value, http::Response& response);

// A JSON or timestamp or number or list as one header's text.
std::string header_text(const Field& field, const void* value);

}  // namespace tarn::wire

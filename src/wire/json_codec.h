// Structures as JSON: the bodies of json 1.0, json 1.1 and rest-json.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "wire/shape.h"

namespace tarn::wire {

// Reads a JSON value into a plain value of the shape. Members that the shape does not know, that are bound to another
// place of the request, or that are null are passed over.
// ERRORS: SerializationException where a JSON value is of another type than the member.
Status read_json(const Shape& shape, const Json& json, void* value);

// Reads an operation's parameters as SDKs spell them, wherever they travel on the wire: by the model's member names, with
// the first letter large or as the model has it. A blob is the text itself, or a JSON value as its text; a timestamp may
// be ISO 8601. What schedules and state machines hold. ERRORS: as read_json.
Status read_parameters(const Shape& shape, const Json& json, void* value);

// Appends the plain value. Of a structure only the members that travel in a body are written.
void write_json(std::string& out, const Shape& shape, const void* value);

}  // namespace tarn::wire

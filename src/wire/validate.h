// The constraints of the service model (and of the service's patch), checked before a handler runs.
#pragma once

#include <string_view>

#include "base/result.h"
#include "wire/any.h"
#include "wire/shape.h"

namespace tarn::wire {

// Checks every member of `input`, the operation's input structure: required, length, range, pattern, enum. All that is
// violated is in one message, in AWS's words ("2 validation errors detected: Value '' at 'name' failed to
// satisfy constraint: ...").
// ERRORS: ValidationException (json, rest-json), ValidationError (query), MissingParameter and InvalidParameterValue (ec2,
// the first violation only). S3: MalformedXML for what the body holds, else InvalidArgument.
// THREADS: any.
Status validate(const Operation& operation, const void* input);

// Whether the whole text matches the shape's pattern. A pattern that gives up (match limit) does not match.
// REQUIRES: the shape has a pattern and lives as long as the program. THREADS: any.
bool matches_pattern(const Shape& shape, std::string_view text);

}  // namespace tarn::wire

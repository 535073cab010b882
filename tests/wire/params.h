// A wire structure as JSON by the model's member names, as botocore's cases write parameters: blobs as plain text,
// timestamps as seconds, and no regard to where a member travels.
#pragma once

#include "base/json.h"
#include "wire/any.h"

namespace tarn::wire {

Json params_of(const Shape& shape, const void* value);
// REQUIRES: the JSON is of the shape (the cases are).
void fill_params(const Shape& shape, const Json& json, void* value);

}  // namespace tarn::wire

// Structures as form parameters: the requests of query and ec2 query.
#pragma once

#include <string_view>

#include "base/result.h"
#include "wire/shape.h"

namespace tarn::wire {

// Reads a form ("Action=X&Tags.member.1.Key=k&...") into a structure. Parameters that the shape does not know are passed
// over. `ec2`: names as ec2 query has them, lists without ".member".
// ERRORS: MalformedQueryString, also for a name of more than 64 parts; MalformedInput where a text is no value of its kind.
Status read_query(const Shape& shape, bool ec2, std::string_view form, void* value);

}  // namespace tarn::wire

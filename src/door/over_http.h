// What all have in common that take requests over HTTP and answer them through the door: the gateway, and those whose
// requests are no operations of a model (websites, forms, function URLs).
#pragma once

#include <string>

#include "door/call.h"
#include "http/server.h"

namespace tarn {

// Whoever sent that request, before it is known who it is: nobody, in no region.
Caller caller_of(const http::RequestHead& head, std::string request_id);

// The range's bytes, one after the other. REQUIRES: range.body
http::BodySource body_source(BlobRange range);

}  // namespace tarn

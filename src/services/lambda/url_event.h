// A function URL's request and answer as the function sees them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "door/principal.h"
#include "http/message.h"

namespace tarn::lambda {

struct UrlRequest {
  const http::RequestHead& head;
  std::string_view body;
  std::string_view url_id, host, request_id;
  const Principal* principal = nullptr;  // of AuthType AWS_IAM
  Time time;
};
// The event in payload format 2.0.
Json url_event(const UrlRequest& request);

// The answer to what a function returned. AWS: without a statusCode the whole value is the body.
http::Response url_answer(const std::string& payload);

// What a streaming function tells before its body: {"statusCode", "headers", "cookies"}; nullopt: it is none.
std::optional<http::Response> url_prelude(std::string_view json);

}  // namespace tarn::lambda

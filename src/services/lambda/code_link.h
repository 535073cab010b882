// Links to packages, as GetFunction and GetLayerVersion give them: whoever has one may fetch the zip for ten minutes.
// AWS: GetFunction, "Location": a presigned URL.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "http/server.h"
#include "services/lambda/lambda.h"

namespace tarn::lambda {

std::string code_link(Lambda& lambda, const Call& call, const std::vector<Segment>& code);

bool is_code_link(const http::RequestHead& head);
void send_code(Lambda& lambda, std::shared_ptr<http::Exchange> exchange);

}  // namespace tarn::lambda

// S3's errors as S3 words them, with the members that its XML carries beside code and message.
// AWS: Amazon S3 API Reference, "Error responses".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tarn::s3 {

using ErrorMembers = std::vector<std::pair<std::string, std::string>>;

Failure refuse(int status, std::string code, std::string message, ErrorMembers members = {});

Failure no_such_bucket(std::string_view bucket);
Failure invalid_bucket_name(std::string_view bucket);
Failure no_such_key(std::string_view key);
Failure no_such_upload(std::string_view upload_id);
Failure no_such_version(std::string_view key, std::string_view version_id);
Failure invalid_argument(std::string message, std::string_view name, std::string_view value);
Failure invalid_request(std::string message);
Failure malformed_xml();
Failure access_denied(std::string message);
// What AWS has and this server has not: `what` names it, e.g. "x-amz-server-side-encryption: aws:kms".
Failure not_implemented(std::string_view what);

}  // namespace tarn::s3

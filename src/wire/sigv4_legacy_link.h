// S3's older presigned links (Signature Version 2, AWSAccessKeyId, Expires and Signature in the query). boto3 makes these,
// unless told otherwise, in every region that is older than 2014, us-east-1 among them. Internal to sigv4.
#pragma once

#include <string>
#include <string_view>

#include "wire/sigv4.h"

namespace tarn::wire {

// What Signature Version 2 is made of; forms sign with it too.
std::string hmac_sha1(std::string_view key, std::string_view bytes);

bool is_legacy_link(std::string_view query);
// REQUIRES: is_legacy_link(head.query)
AuthResult<Presented> parse_legacy_link(const http::RequestHead& head);
// `path` has the bucket in it.
AuthResult<Signing> verify_legacy_link(const Presented& presented, const http::RequestHead& head, std::string_view path,
                                       std::string_view secret, Time now);

}  // namespace tarn::wire

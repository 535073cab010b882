// Names of buckets and objects: what S3 accepts. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace tarn::s3 {

// Whether a general purpose bucket may have this name.
// AWS: S3 User Guide, "General purpose bucket naming rules".
bool valid_bucket_name(std::string_view name);

// ERRORS: KeyTooLongError (over 1,024 bytes), InvalidURI (not UTF-8).
Status check_key(std::string_view key);

// The key as notifications tell it, and listings with encoding-type=url: percent-encoded but for slashes, with '+' for a space.
std::string told_key(std::string_view key);

// "/bucket/key?versionId=v", percent-encoded, as x-amz-copy-source has it.
struct CopySource {
  std::string bucket;
  std::string key;
  std::optional<std::string> version_id;

  // ERRORS: InvalidArgument.
  static Result<CopySource> parse(std::string_view header);
};

// Of a bucket's website: <bucket>.s3-website.<region>.<domain>, or with '-' before the region, as AWS has both.
constexpr std::string_view kWebsiteLabel = ".s3-website";

// The bucket that a request addresses, by its host or its path, and whether it is about an object in it.
std::pair<std::string, bool> addressed(const http::RequestHead& head, const std::vector<std::string>& base_domains);

}  // namespace tarn::s3

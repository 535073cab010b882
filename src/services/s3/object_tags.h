// Tags of objects and buckets as requests carry them, and their limits. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/s3/records.h"

namespace tarn::s3 {

constexpr size_t kMostObjectTags = 10;
constexpr size_t kMostBucketTags = 50;

// AWS: S3 User Guide, "Categorizing your objects using tags"; API Reference, "Tagging-related error codes".
// ERRORS: InvalidTag, BadRequest (too many).
Result<std::map<std::string, std::string>> check_tags(const Pairs& tags, size_t most);

// x-amz-tagging: "k1=v1&k2=v2", percent-encoded.
// ERRORS: InvalidArgument (a name twice), InvalidTag, BadRequest.
Result<std::map<std::string, std::string>> parse_tagging_header(std::string_view header);

}  // namespace tarn::s3

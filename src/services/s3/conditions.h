// Conditional requests: If-Match and its kin on reads, writes and copy sources. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace tarn::s3 {

struct Conditions {
  std::optional<std::string> if_match;
  std::optional<std::string> if_none_match;
  std::optional<Time> if_modified_since;
  std::optional<Time> if_unmodified_since;
};

// What they are compared with. `etag` as stored, without quotes.
struct Version {
  std::string_view etag;
  Time modified;
};

// Whether one of the ETags in the header (a list, quoted or not, weak or not, or "*") is that one.
bool etag_matches(std::string_view header, std::string_view etag);

// AWS: GetObject, "If both ... are present": If-Match outweighs If-Unmodified-Since, If-None-Match outweighs
// If-Modified-Since, which counts only where it is not later than now. Times compare in whole seconds.
// ERRORS: PreconditionFailed (412); NotModified (304).
Status check_read(const Conditions& conditions, const Version& version, Time now);
// The same of a copy's source, where all failures are PreconditionFailed.
Status check_copy_source(const Conditions& conditions, const Version& version, Time now);

// Conditional writes: If-None-Match is "*" or refused; If-Match names the ETag of the object under the key.
// `existing` is nullptr where there is no such object.
// ERRORS: PreconditionFailed (412), NoSuchKey (404, If-Match without an object), NotImplemented (501).
Status check_write(const std::optional<std::string>& if_match, const std::optional<std::string>& if_none_match,
                   std::string_view key, const Version* existing);
// Conditional deletes: If-Match is "*", any object, or the ETag of the object. AWS: "How to perform conditional deletes".
// ERRORS: PreconditionFailed (412), NoSuchKey (404).
Status check_delete(const std::optional<std::string>& if_match, std::string_view key, const Version* existing);

}  // namespace tarn::s3

// What the handlers that make, read and copy objects share.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "door/call.h"
#include "services/s3/access.h"
#include "services/s3/conditions.h"
#include "services/s3/records.h"
#include "services/s3/s3.h"

namespace tarn::s3 {

constexpr uint64_t kMaxPutBytes = uint64_t{5} << 30;  // of one PutObject, UploadPart or CopyObject

// AWS: "Error responses". ERRORS: EntityTooLarge.
Status check_put_size(uint64_t size);

inline std::string quoted(std::string_view etag) {
  return '"' + std::string(etag) + '"';
}
inline Version version_of(const ObjectRecord& object) {
  return {object.etag, object.modified};
}

// What is there under the key before a write, after its conditions were checked. ERRORS: those of check_write.
Result<std::optional<ObjectRecord>> check_replaced(Call& call, const FoundBucket& bucket, const std::string& key,
                                                   const std::optional<std::string>& if_match,
                                                   const std::optional<std::string>& if_none_match);

// Makes the object the latest version of its key, as the bucket keeps versions (versions.h: make_way), and tells of it:
// `name` is "ObjectCreated:Put" or its like. REQUIRES: the object's segments are adopted or retained.
Status place_object(S3& s3, Call& call, const FoundBucket& bucket, const std::string& key, ObjectRecord& object,
                    const std::optional<ObjectRecord>& replaced, std::string_view name);

// The id of a version just made, for its answer. Observed: without one where versioning is suspended.
inline std::optional<std::string> made_version(const ObjectRecord& object) {
  return object.version_id.empty() ? std::nullopt : std::optional(object.version_id);
}

// The part [offset, offset + length) of the segments. REQUIRES: they have it.
std::vector<Segment> slice(const std::vector<Segment>& segments, uint64_t offset, uint64_t length);

// Digests of stored bytes: reads all of them.
Result<std::map<DigestKind, std::string>> digests_of(S3& s3, Call& call, const std::vector<Segment>& segments,
                                                     const std::vector<DigestKind>& kinds);

}  // namespace tarn::s3

// Versions of objects. A key's latest version, if it is an object, is the row of kObjects that all reads and listings go
// by; the versions before it, and all delete markers, are rows of kVersions. Whoever changes any version of a key locks
// its row of kObjects exclusively, there or not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "door/call.h"
#include "services/s3/access.h"
#include "services/s3/records.h"
#include "services/s3/s3.h"

namespace tarn::s3 {

inline bool keeps_versions(const BucketRecord& bucket) {
  return bucket.versioning == kVersioningEnabled;
}
// Now or before: then answers name versions.
inline bool has_versions(const BucketRecord& bucket) {
  return !bucket.versioning.empty();
}

// Ids as clients see them. They hold the version's order, and whether one is made up shows.
std::string new_version_id(uint64_t order);
std::optional<uint64_t> order_of(std::string_view version_id);

// The version's name in an answer: its id or "null"; none where the bucket never had versions.
std::optional<std::string> told_version(const FoundBucket& bucket, const ObjectRecord& object);

struct FoundVersion {
  ObjectRecord object;
  bool current = false;  // the row of kObjects
  bool delete_marker = false;
};
// ERRORS: InvalidArgument: the id is none of this server's.
Result<std::optional<FoundVersion>> find_version(Call& call, const FoundBucket& bucket, const std::string& key,
                                                 const std::string& version_id, Lock lock = Lock::kExclusive);
// The version of which something is asked or set that is no part of its content: the latest, or the one of that id.
// ERRORS: those of find_version; NoSuchKey, NoSuchVersion; MethodNotAllowed (405): a delete marker.
Result<FoundVersion> asked_version(Call& call, const FoundBucket& bucket, const std::string& key,
                                   const std::optional<std::string>& version_id, std::string_view method);
// The latest version where it is a delete marker. REQUIRES: kObjects has no row of the key.
Result<std::optional<ObjectRecord>> latest_marker(Call& call, const FoundBucket& bucket, const std::string& key);

// Gives the object its place behind all other versions of the key, and an id where the bucket keeps versions.
void stamp_version(Call& call, const FoundBucket& bucket, ObjectRecord& object);
// Before a new latest version is put: without versioning the current object goes, with its bytes; with it, it stays as a
// version before; where versioning is suspended the null version goes, wherever it is. kObjects keeps its row.
Status make_way(S3& s3, Call& call, const FoundBucket& bucket, const std::string& key,
                const std::optional<ObjectRecord>& current);
// Takes the version away, with its bytes; what is then the latest becomes current.
Status remove_version(S3& s3, Call& call, const FoundBucket& bucket, const std::string& key,
                      const FoundVersion& version);
// Puts a changed version in its place.
Status save_version(Call& call, const FoundBucket& bucket, const std::string& key, const FoundVersion& version);

// ERRORS: MethodNotAllowed (405): of a delete marker nothing but its deletion can be asked.
Failure refuse_marker(const FoundBucket& bucket, const ObjectRecord& marker, std::string_view method);

}  // namespace tarn::s3

// Object Lock: versions that nobody may delete for a time, or as long as they are held.
// AWS: S3 User Guide, "Locking objects with Object Lock".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "door/call.h"
#include "services/s3/access.h"
#include "services/s3/records.h"

namespace tarn::s3 {

inline constexpr const char* kGovernance = "GOVERNANCE";
inline constexpr const char* kCompliance = "COMPLIANCE";

// The members that PutObject, CopyObject and CreateMultipartUpload share.
struct LockHeaders {
  const std::optional<std::string>& mode;
  const std::optional<Time>& until;
  const std::optional<std::string>& legal_hold;
};
template <class In>
LockHeaders lock_headers(const In& in) {
  return {in.object_lock_mode, in.object_lock_retain_until_date, in.object_lock_legal_hold_status};
}

// The lock of a new object: what its headers say, else the bucket's default.
// ERRORS: InvalidRequest: the bucket locks nothing; InvalidArgument.
Result<ObjectLock> lock_of(const Call& call, const FoundBucket& bucket, const LockHeaders& headers);
// What a write with these headers needs besides the right to write.
std::vector<Need> lock_needs(const Call& call, const FoundBucket& bucket, const std::string& key,
                             const LockHeaders& headers);

// Of a mode that some may set aside.
bool is_governed(const ObjectLock& lock, Time now);
// ERRORS: AccessDenied. `bypass`: a governed one goes nevertheless.
Status check_deletable(const ObjectLock& lock, Time now, bool bypass);
// The header that asks for `bypass`. ERRORS: InvalidArgument: the bucket locks nothing.
Status check_bypass(const FoundBucket& bucket, const std::optional<bool>& bypass);

}  // namespace tarn::s3

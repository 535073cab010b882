// Who may do what in which bucket: finding a bucket, and the needs of operations on it and on its objects.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "door/call.h"
#include "services/s3/records.h"

namespace tarn::s3 {

struct FoundBucket {
  std::string name;
  BucketRecord record;

  std::string arn() const;
  std::string arn_of(std::string_view key) const;
};

// The bucket as an operation addresses it. Writers that make or change something in it lock it shared, those that change
// the bucket itself or decide by what is in it exclusively.
// ERRORS: NoSuchBucket, InvalidBucketName; PermanentRedirect (it lives in another region); AccessDenied (it belongs to
// another account than `expected_owner`).
Result<FoundBucket> find_bucket(Call& call, const std::string& name, const std::optional<std::string>& expected_owner,
                                Lock lock = Lock::kShared);
// The same wherever it lives: the source of a copy.
Result<FoundBucket> find_bucket_anywhere(Call& call, const std::string& name,
                                         const std::optional<std::string>& expected_owner, Lock lock = Lock::kShared);
template <class In>
Result<FoundBucket> find_bucket(Call& call, const In& in, Lock lock = Lock::kShared) {
  return find_bucket(call, *in.bucket, in.expected_bucket_owner, lock);
}

// A right on the bucket, and one on an object in it. The bucket's policy takes part in the decision.
Need need_on_bucket(const Call& call, const FoundBucket& bucket, std::string action, ContextKeys context = {});
Need need_on_object(const Call& call, const FoundBucket& bucket, std::string_view key, std::string action,
                    ContextKeys context = {});

// One right on the bucket that the input names: most rights functions.
template <class In>
Result<std::vector<Need>> rights_on_bucket(Call& call, const In& in, std::string action, Lock lock = Lock::kShared) {
  const FoundBucket bucket = TRY(find_bucket(call, in, lock));
  return std::vector<Need>{need_on_bucket(call, bucket, std::move(action))};
}

// The rights to read an object. Whoever may not list the bucket is not told whether the object is there: AWS, GetObject,
// "Permissions". ERRORS: KeyTooLongError.
Result<std::vector<Need>> rights_to_read(Call& call, const FoundBucket& bucket, const std::string& key,
                                         std::string action, const std::optional<std::string>& version_id = {},
                                         Lock lock = Lock::kExclusive);

// The object under the key, or that version of it.
// ERRORS: NoSuchKey, NoSuchVersion, InvalidArgument (an id that is none); MethodNotAllowed (405): a delete marker.
Result<ObjectRecord> find_object(Call& call, const FoundBucket& bucket, const std::string& key,
                                 const std::optional<std::string>& version_id = {}, Lock lock = Lock::kExclusive);

}  // namespace tarn::s3

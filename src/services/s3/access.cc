#include "services/s3/access.h"

#include <fmt/format.h>

#include "services/s3/errors.h"
#include "services/s3/names.h"
#include "services/s3/versions.h"

namespace tarn::s3 {
namespace {

// AWS: the root user of the owner's account may always mend a bucket policy that locks everyone out. S3 User Guide,
// "Bucket policies": "the root user ... can perform ... even if the bucket policy explicitly denies".
bool mends_policy(const Call& call, const FoundBucket& bucket, std::string_view action) {
  return call.principal().kind == Principal::Kind::kRoot && call.account() == bucket.record.owner &&
         (action == "s3:GetBucketPolicy" || action == "s3:PutBucketPolicy" || action == "s3:DeleteBucketPolicy");
}

// AWS: S3 User Guide, "Blocking public access", RestrictPublicBuckets: a public policy then grants nothing outside the
// owner's account, but to services. Without an Allow from the policy all outside are refused, so it is left out whole.
bool policy_is_restricted(const Call& call, const FoundBucket& bucket) {
  return bucket.record.policy_is_public && bucket.record.public_access_block &&
         bucket.record.public_access_block->restrict_public_buckets && call.account() != bucket.record.owner &&
         call.principal().kind != Principal::Kind::kService;
}

Failure redirect_to(const FoundBucket& bucket) {
  return refuse(301, "PermanentRedirect",
                "The bucket you are attempting to access must be addressed using the specified endpoint. Please send "
                "all future requests to this endpoint.",
                {{"Endpoint", fmt::format("s3.{}.amazonaws.com", bucket.record.region)},
                 {"Bucket", bucket.name},
                 {"Region", bucket.record.region},
                 {"header:x-amz-bucket-region", bucket.record.region}});
}

}  // namespace

std::string FoundBucket::arn() const {
  return "arn:aws:s3:::" + name;
}
std::string FoundBucket::arn_of(std::string_view key) const {
  return fmt::format("arn:aws:s3:::{}/{}", name, key);
}

Result<FoundBucket> find_bucket(Call& call, const std::string& name, const std::optional<std::string>& expected_owner,
                                Lock lock) {
  FoundBucket bucket = TRY(find_bucket_anywhere(call, name, expected_owner, lock));
  // An unsigned request names no region, so it is at the right one.
  const bool unsigned_request = call.principal().kind == Principal::Kind::kAnonymous;
  if (bucket.record.region != call.region() && !unsigned_request) return redirect_to(bucket);
  return bucket;
}

Result<FoundBucket> find_bucket_anywhere(Call& call, const std::string& name,
                                         const std::optional<std::string>& expected_owner, Lock lock) {
  std::optional<BucketRecord> record = TRY(call.get(kBuckets, {name}, lock));
  if (!record) return valid_bucket_name(name) ? no_such_bucket(name) : invalid_bucket_name(name);
  FoundBucket bucket{name, std::move(*record)};
  if (expected_owner && *expected_owner != bucket.record.owner) return access_denied("Access Denied");
  return bucket;
}

Need need_on_bucket(const Call& call, const FoundBucket& bucket, std::string action, ContextKeys context) {
  Need need{.action = std::move(action),
            .resource = bucket.arn(),
            .owner = bucket.record.owner,
            .context = std::move(context)};
  need.context["s3:ResourceAccount"] = {bucket.record.owner};
  if (bucket.record.policy && !mends_policy(call, bucket, need.action) && !policy_is_restricted(call, bucket))
    need.resource_policy = bucket.record.bound_policy.empty() ? *bucket.record.policy : bucket.record.bound_policy;
  return need;
}

Need need_on_object(const Call& call, const FoundBucket& bucket, std::string_view key, std::string action,
                    ContextKeys context) {
  Need need = need_on_bucket(call, bucket, std::move(action), std::move(context));
  need.resource = bucket.arn_of(key);
  return need;
}

Result<std::vector<Need>> rights_to_read(Call& call, const FoundBucket& bucket, const std::string& key,
                                         std::string action, const std::optional<std::string>& version_id, Lock lock) {
  TRY(check_key(key));
  std::optional<ObjectRecord> object;
  if (version_id) {
    if (auto found = TRY(find_version(call, bucket, key, *version_id, lock))) object = std::move(found->object);
  } else {
    object = TRY(call.get(kObjects, {bucket.record.id, key}, lock));
  }
  ContextKeys context;
  if (version_id) context["s3:VersionId"] = {*version_id};
  if (object)
    for (const auto& [name, value] : object->settings.tags) context["s3:ExistingObjectTag/" + name] = {value};
  std::vector<Need> needs;
  needs.push_back(need_on_object(call, bucket, key, std::move(action), std::move(context)));
  // ASSUMED: as for a listing without a prefix, so that a right to list some prefixes alone does not tell.
  if (!object) needs.push_back(need_on_bucket(call, bucket, "s3:ListBucket"));
  return needs;
}

Result<ObjectRecord> find_object(Call& call, const FoundBucket& bucket, const std::string& key,
                                 const std::optional<std::string>& version_id, Lock lock) {
  if (version_id) {
    auto found = TRY(find_version(call, bucket, key, *version_id, lock));
    if (!found) return no_such_version(key, *version_id);
    if (found->delete_marker) return refuse_marker(bucket, found->object, "GET");
    return std::move(found->object);
  }
  std::optional<ObjectRecord> object = TRY(call.get(kObjects, {bucket.record.id, key}, lock));
  if (object) return std::move(*object);
  const auto marker = TRY(latest_marker(call, bucket, key));
  if (!marker) return no_such_key(key);
  return refuse(404, "NoSuchKey", "The specified key does not exist.",
                {{"Key", key},
                 {"header:x-amz-delete-marker", "true"},
                 {"header:x-amz-version-id", told_version(bucket, *marker).value_or("null")}});
}

}  // namespace tarn::s3

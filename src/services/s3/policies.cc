// Bucket policies and the public access block.
#include "door/arn.h"
#include "door/door.h"
#include "door/policy_binding.h"
#include "gen/s3/handlers.h"
#include "services/s3/access.h"
#include "services/s3/bucket_policy.h"
#include "services/s3/errors.h"
#include "services/s3/s3.h"

namespace tarn::s3 {
namespace {

Failure no_such_policy(const FoundBucket& bucket) {
  return refuse(404, "NoSuchBucketPolicy", "The bucket policy does not exist", {{"BucketName", bucket.name}});
}

// AWS: PutBucketPolicy: with the permission, but from another account than the bucket's, 405.
Status check_own(const Call& call, const FoundBucket& bucket, std::string_view method) {
  if (call.account() == bucket.record.owner) return {};
  return refuse(405, "MethodNotAllowed", "The specified method is not allowed against this resource.",
                {{"Method", std::string(method)}, {"ResourceType", "BUCKETPOLICY"}});
}

}  // namespace

// --- policy -----------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> put_bucket_policy_rights(S3&, Call& call, const PutBucketPolicyRequest& in) {
  return rights_on_bucket(call, in, "s3:PutBucketPolicy", Lock::kExclusive);
}

Result<PutBucketPolicyOutput> put_bucket_policy(S3&, Call& call, const PutBucketPolicyRequest& in) {
  FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  TRY(check_own(call, bucket, "PUT"));
  TRY(check_bucket_policy(*in.policy, bucket.name));
  const bool is_public = is_public_policy(*in.policy);
  if (is_public && bucket.record.public_access_block && bucket.record.public_access_block->block_public_policy)
    return access_denied("User: " + call.principal().arn +
                         " is not authorized to perform: s3:PutBucketPolicy on resource: \"" + bucket.arn() +
                         "\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block "
                         "Public Access.");
  auto principals = named_principals(call.door().identities(), call.tx(), *in.policy, PolicyKind::kResource);
  if (!principals)
    return refuse(400, "MalformedPolicy", "Invalid principal in policy", {{"Detail", principals.error().message}});
  bucket.record.policy = *in.policy;
  bucket.record.policy_is_public = is_public;
  bucket.record.policy_principals = std::move(*principals);
  bucket.record.bound_policy = with_principals(*in.policy, bucket.record.policy_principals);
  TRY(call.put(kBuckets, {bucket.name}, bucket.record));
  return PutBucketPolicyOutput{};
}

Result<std::vector<Need>> get_bucket_policy_rights(S3&, Call& call, const GetBucketPolicyRequest& in) {
  return rights_on_bucket(call, in, "s3:GetBucketPolicy");
}

Result<GetBucketPolicyOutput> get_bucket_policy(S3&, Call& call, const GetBucketPolicyRequest& in) {
  FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(check_own(call, bucket, "GET"));
  if (!bucket.record.policy) return no_such_policy(bucket);
  return GetBucketPolicyOutput{.policy = TRY(shown_policy(call.door().identities(), call.tx(), *bucket.record.policy,
                                                          bucket.record.policy_principals))};
}

Result<std::vector<Need>> delete_bucket_policy_rights(S3&, Call& call, const DeleteBucketPolicyRequest& in) {
  return rights_on_bucket(call, in, "s3:DeleteBucketPolicy", Lock::kExclusive);
}

Result<DeleteBucketPolicyOutput> delete_bucket_policy(S3&, Call& call, const DeleteBucketPolicyRequest& in) {
  FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  TRY(check_own(call, bucket, "DELETE"));
  bucket.record.policy.reset();
  bucket.record.bound_policy.clear();
  bucket.record.policy_principals.clear();
  bucket.record.policy_is_public = false;
  TRY(call.put(kBuckets, {bucket.name}, bucket.record));
  return DeleteBucketPolicyOutput{};
}

Result<std::vector<Need>> get_bucket_policy_status_rights(S3&, Call& call, const GetBucketPolicyStatusRequest& in) {
  return rights_on_bucket(call, in, "s3:GetBucketPolicyStatus");
}

Result<GetBucketPolicyStatusOutput> get_bucket_policy_status(S3&, Call& call, const GetBucketPolicyStatusRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  if (!bucket.record.policy) return no_such_policy(bucket);
  return GetBucketPolicyStatusOutput{.policy_status = PolicyStatus{.is_public = bucket.record.policy_is_public}};
}

// --- public access block ----------------------------------------------------------------------------------------------

Result<std::vector<Need>> put_public_access_block_rights(S3&, Call& call, const PutPublicAccessBlockRequest& in) {
  return rights_on_bucket(call, in, "s3:PutBucketPublicAccessBlock", Lock::kExclusive);
}

Result<PutPublicAccessBlockOutput> put_public_access_block(S3&, Call& call, const PutPublicAccessBlockRequest& in) {
  FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  const PublicAccessBlockConfiguration& wanted = *in.public_access_block_configuration;
  if (!wanted.block_public_acls && !wanted.ignore_public_acls && !wanted.block_public_policy &&
      !wanted.restrict_public_buckets)
    return invalid_request("Must specify at least one configuration.");
  bucket.record.public_access_block =
      PublicAccessBlock{.block_public_acls = wanted.block_public_acls.value_or(false),
                        .ignore_public_acls = wanted.ignore_public_acls.value_or(false),
                        .block_public_policy = wanted.block_public_policy.value_or(false),
                        .restrict_public_buckets = wanted.restrict_public_buckets.value_or(false)};
  TRY(call.put(kBuckets, {bucket.name}, bucket.record));
  return PutPublicAccessBlockOutput{};
}

Result<std::vector<Need>> get_public_access_block_rights(S3&, Call& call, const GetPublicAccessBlockRequest& in) {
  return rights_on_bucket(call, in, "s3:GetBucketPublicAccessBlock");
}

Result<GetPublicAccessBlockOutput> get_public_access_block(S3&, Call& call, const GetPublicAccessBlockRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  const auto& block = bucket.record.public_access_block;
  if (!block)
    return refuse(404, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found",
                  {{"BucketName", bucket.name}});
  return GetPublicAccessBlockOutput{.public_access_block_configuration = PublicAccessBlockConfiguration{
                                        .block_public_acls = block->block_public_acls,
                                        .ignore_public_acls = block->ignore_public_acls,
                                        .block_public_policy = block->block_public_policy,
                                        .restrict_public_buckets = block->restrict_public_buckets}};
}

// AWS: DeletePublicAccessBlock has no permission of its own.
Result<std::vector<Need>> delete_public_access_block_rights(S3&, Call& call, const DeletePublicAccessBlockRequest& in) {
  return rights_on_bucket(call, in, "s3:PutBucketPublicAccessBlock", Lock::kExclusive);
}

Result<DeletePublicAccessBlockOutput> delete_public_access_block(S3&, Call& call,
                                                                 const DeletePublicAccessBlockRequest& in) {
  FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  bucket.record.public_access_block.reset();
  TRY(call.put(kBuckets, {bucket.name}, bucket.record));
  return DeletePublicAccessBlockOutput{};
}

}  // namespace tarn::s3

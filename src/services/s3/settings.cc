// Settings of buckets as they are told: what every bucket is (encrypted, without access control lists), and what none has
// (website, replication, ..). Tools that manage buckets read them all. (Changing them is setting_changes.cc.)
#include "door/arn.h"
#include "gen/s3/handlers.h"
#include "services/s3/access.h"
#include "services/s3/errors.h"
#include "services/s3/object_settings.h"
#include "services/s3/s3.h"

namespace tarn::s3 {
namespace {

Owner owner_of(const FoundBucket& bucket) {
  return Owner{.id = canonical_user_id(bucket.record.owner)};
}

// With access control lists off, the bucket's owner owns and controls everything in it.
wire::List<Grant> full_control(const FoundBucket& bucket) {
  return {Grant{.grantee = Grantee{.id = canonical_user_id(bucket.record.owner), .type = "CanonicalUser"},
                .permission = "FULL_CONTROL"}};
}

}  // namespace

// --- what every bucket is ---------------------------------------------------------------------------------------------

Result<std::vector<Need>> get_bucket_acl_rights(S3&, Call& call, const GetBucketAclRequest& in) {
  return rights_on_bucket(call, in, "s3:GetBucketAcl");
}

Result<GetBucketAclOutput> get_bucket_acl(S3&, Call& call, const GetBucketAclRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  return GetBucketAclOutput{.owner = owner_of(bucket), .grants = full_control(bucket)};
}

Result<std::vector<Need>> get_object_acl_rights(S3&, Call& call, const GetObjectAclRequest& in) {
  return rights_to_read(call, TRY(find_bucket(call, in)), *in.key,
                        in.version_id ? "s3:GetObjectVersionAcl" : "s3:GetObjectAcl", in.version_id);
}

Result<GetObjectAclOutput> get_object_acl(S3&, Call& call, const GetObjectAclRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(find_object(call, bucket, *in.key, in.version_id));
  return GetObjectAclOutput{.owner = owner_of(bucket), .grants = full_control(bucket)};
}

Result<std::vector<Need>> get_bucket_versioning_rights(S3&, Call& call, const GetBucketVersioningRequest& in) {
  return rights_on_bucket(call, in, "s3:GetBucketVersioning");
}

Result<GetBucketVersioningOutput> get_bucket_versioning(S3&, Call& call, const GetBucketVersioningRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  if (bucket.record.versioning.empty()) return GetBucketVersioningOutput{};  // AWS: without a status
  return GetBucketVersioningOutput{.status = bucket.record.versioning};
}

Result<std::vector<Need>> get_bucket_encryption_rights(S3&, Call& call, const GetBucketEncryptionRequest& in) {
  return rights_on_bucket(call, in, "s3:GetEncryptionConfiguration");
}

Result<GetBucketEncryptionOutput> get_bucket_encryption(S3&, Call& call, const GetBucketEncryptionRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  const ServerSideEncryptionRule rule{
      .apply_server_side_encryption_by_default = ServerSideEncryptionByDefault{.sse_algorithm = kServerSideEncryption},
      .bucket_key_enabled = bucket.record.bucket_key};
  return GetBucketEncryptionOutput{.server_side_encryption_configuration =
                                       ServerSideEncryptionConfiguration{.rules = {rule}}};
}

Result<std::vector<Need>> get_bucket_ownership_controls_rights(S3&, Call& call,
                                                               const GetBucketOwnershipControlsRequest& in) {
  return rights_on_bucket(call, in, "s3:GetBucketOwnershipControls");
}

Result<GetBucketOwnershipControlsOutput> get_bucket_ownership_controls(S3&, Call& call,
                                                                       const GetBucketOwnershipControlsRequest& in) {
  TRY(find_bucket(call, in));
  return GetBucketOwnershipControlsOutput{
      .ownership_controls =
          OwnershipControls{.rules = {OwnershipControlsRule{.object_ownership = "BucketOwnerEnforced"}}}};
}

Result<std::vector<Need>> get_bucket_logging_rights(S3&, Call& call, const GetBucketLoggingRequest& in) {
  return rights_on_bucket(call, in, "s3:GetBucketLogging");
}

Result<GetBucketLoggingOutput> get_bucket_logging(S3&, Call& call, const GetBucketLoggingRequest& in) {
  TRY(find_bucket(call, in));
  return GetBucketLoggingOutput{};  // AWS: empty while logging is off
}

Result<std::vector<Need>> get_bucket_request_payment_rights(S3&, Call& call, const GetBucketRequestPaymentRequest& in) {
  return rights_on_bucket(call, in, "s3:GetBucketRequestPayment");
}

Result<GetBucketRequestPaymentOutput> get_bucket_request_payment(S3&, Call& call,
                                                                 const GetBucketRequestPaymentRequest& in) {
  TRY(find_bucket(call, in));
  return GetBucketRequestPaymentOutput{.payer = "BucketOwner"};
}

Result<std::vector<Need>> get_bucket_accelerate_configuration_rights(
    S3&, Call& call, const GetBucketAccelerateConfigurationRequest& in) {
  return rights_on_bucket(call, in, "s3:GetAccelerateConfiguration");
}

Result<GetBucketAccelerateConfigurationOutput> get_bucket_accelerate_configuration(
    S3&, Call& call, const GetBucketAccelerateConfigurationRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  if (bucket.record.acceleration.empty()) return GetBucketAccelerateConfigurationOutput{};
  return GetBucketAccelerateConfigurationOutput{.status = bucket.record.acceleration};
}

// --- what no bucket has -----------------------------------------------------------------------------------------------

Result<std::vector<Need>> get_bucket_replication_rights(S3&, Call& call, const GetBucketReplicationRequest& in) {
  return rights_on_bucket(call, in, "s3:GetReplicationConfiguration");
}

Result<GetBucketReplicationOutput> get_bucket_replication(S3&, Call& call, const GetBucketReplicationRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  return refuse(404, "ReplicationConfigurationNotFoundError", "The replication configuration was not found",
                {{"BucketName", bucket.name}});
}

}  // namespace tarn::s3

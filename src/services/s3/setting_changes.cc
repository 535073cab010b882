// Changing a bucket's settings: versioning, and those that have one value here, which may be set to it. What would need what
// this server has not (customer keys, access control lists, logs of accesses ..) is refused by name.
#include "gen/s3/handlers.h"
#include "services/s3/access.h"
#include "services/s3/errors.h"
#include "services/s3/object_settings.h"
#include "services/s3/s3.h"

namespace tarn::s3 {
namespace {

// AWS: S3 User Guide, "Controlling ownership of objects": with BucketOwnerEnforced requests to set ACLs fail.
Failure no_access_control_lists() {
  return refuse(400, "AccessControlListNotSupported", "The bucket does not allow ACLs");
}

template <class Out, class In>
Result<Out> nothing_to_delete(Call& call, const In& in) {
  TRY(find_bucket(call, in));
  return Out{};
}

template <class In>
Result<std::vector<Need>> rights_to_change(Call& call, const In& in, const char* action) {
  return rights_on_bucket(call, in, action, Lock::kExclusive);
}

}  // namespace

// --- versioning -------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> put_bucket_versioning_rights(S3&, Call& call, const PutBucketVersioningRequest& in) {
  return rights_to_change(call, in, "s3:PutBucketVersioning");
}

Result<PutBucketVersioningOutput> put_bucket_versioning(S3&, Call& call, const PutBucketVersioningRequest& in) {
  FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  const VersioningConfiguration& wanted = *in.versioning_configuration;
  if (!wanted.status)
    return refuse(400, "IllegalVersioningConfigurationException", "The Versioning element must be specified");
  if (wanted.mfa_delete == "Enabled") return not_implemented("MFA delete");
  if (bucket.record.locks_objects && *wanted.status != kVersioningEnabled)
    return refuse(409, "InvalidBucketState",
                  "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.");
  bucket.record.versioning = *wanted.status;
  TRY(call.put(kBuckets, {bucket.name}, bucket.record));
  return PutBucketVersioningOutput{};
}

// --- what has one value -----------------------------------------------------------------------------------------------

Result<std::vector<Need>> put_bucket_encryption_rights(S3&, Call& call, const PutBucketEncryptionRequest& in) {
  return rights_to_change(call, in, "s3:PutEncryptionConfiguration");
}

Result<PutBucketEncryptionOutput> put_bucket_encryption(S3&, Call& call, const PutBucketEncryptionRequest& in) {
  FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  const auto& rules = in.server_side_encryption_configuration->rules;
  if (rules.size() != 1) return malformed_xml();
  const ServerSideEncryptionRule& rule = rules.items().front();
  const auto& wanted = rule.apply_server_side_encryption_by_default;
  if (wanted && wanted->sse_algorithm != kServerSideEncryption) {
    if (!wanted->sse_algorithm->starts_with("aws:")) return malformed_xml();
    return not_implemented("server-side encryption: " + *wanted->sse_algorithm);
  }
  if (wanted && wanted->kms_master_key_id)
    return refuse(400, "InvalidArgument",
                  "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
                  {{"ArgumentName", "ApplyServerSideEncryptionByDefault"}});
  if (rule.blocked_encryption_types) return not_implemented("BlockedEncryptionTypes");
  bucket.record.bucket_key = rule.bucket_key_enabled.value_or(false);  // has a meaning with KMS only
  TRY(call.put(kBuckets, {bucket.name}, bucket.record));
  return PutBucketEncryptionOutput{};
}

// AWS: DeleteBucketEncryption: the bucket is back at Amazon S3's own keys.
Result<std::vector<Need>> delete_bucket_encryption_rights(S3&, Call& call, const DeleteBucketEncryptionRequest& in) {
  return rights_to_change(call, in, "s3:PutEncryptionConfiguration");
}

Result<DeleteBucketEncryptionOutput> delete_bucket_encryption(S3&, Call& call,
                                                              const DeleteBucketEncryptionRequest& in) {
  FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  bucket.record.bucket_key = false;
  TRY(call.put(kBuckets, {bucket.name}, bucket.record));
  return DeleteBucketEncryptionOutput{};
}

Result<std::vector<Need>> put_bucket_ownership_controls_rights(S3&, Call& call,
                                                               const PutBucketOwnershipControlsRequest& in) {
  return rights_to_change(call, in, "s3:PutBucketOwnershipControls");
}

Result<PutBucketOwnershipControlsOutput> put_bucket_ownership_controls(S3&, Call& call,
                                                                       const PutBucketOwnershipControlsRequest& in) {
  TRY(find_bucket(call, in, Lock::kExclusive));
  const auto& rules = in.ownership_controls->rules;
  if (rules.size() != 1) return malformed_xml();
  const std::string& wanted = *rules.items().front().object_ownership;
  if (wanted == "BucketOwnerPreferred" || wanted == "ObjectWriter")
    return not_implemented("ObjectOwnership: " + wanted);
  if (wanted != "BucketOwnerEnforced") return malformed_xml();
  return PutBucketOwnershipControlsOutput{};
}

Result<std::vector<Need>> put_bucket_acl_rights(S3&, Call& call, const PutBucketAclRequest& in) {
  return rights_to_change(call, in, "s3:PutBucketAcl");
}

Result<PutBucketAclOutput> put_bucket_acl(S3&, Call& call, const PutBucketAclRequest& in) {
  TRY(find_bucket(call, in, Lock::kExclusive));
  return no_access_control_lists();
}

Result<std::vector<Need>> put_object_acl_rights(S3&, Call& call, const PutObjectAclRequest& in) {
  return rights_to_read(call, TRY(find_bucket(call, in)), *in.key,
                        in.version_id ? "s3:PutObjectVersionAcl" : "s3:PutObjectAcl", in.version_id);
}

Result<PutObjectAclOutput> put_object_acl(S3&, Call& call, const PutObjectAclRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(find_object(call, bucket, *in.key, in.version_id));
  if (in.acl == "bucket-owner-full-control") return PutObjectAclOutput{};
  return no_access_control_lists();
}

Result<std::vector<Need>> put_bucket_request_payment_rights(S3&, Call& call, const PutBucketRequestPaymentRequest& in) {
  return rights_to_change(call, in, "s3:PutBucketRequestPayment");
}

Result<PutBucketRequestPaymentOutput> put_bucket_request_payment(S3&, Call& call,
                                                                 const PutBucketRequestPaymentRequest& in) {
  TRY(find_bucket(call, in, Lock::kExclusive));
  if (in.request_payment_configuration->payer != "BucketOwner") return not_implemented("Payer: Requester");
  return PutBucketRequestPaymentOutput{};
}

Result<std::vector<Need>> put_bucket_accelerate_configuration_rights(
    S3&, Call& call, const PutBucketAccelerateConfigurationRequest& in) {
  return rights_to_change(call, in, "s3:PutAccelerateConfiguration");
}

Result<PutBucketAccelerateConfigurationOutput> put_bucket_accelerate_configuration(
    S3&, Call& call, const PutBucketAccelerateConfigurationRequest& in) {
  FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  const auto& wanted = in.accelerate_configuration->status;
  if (!wanted) return malformed_xml();
  if (*wanted != "Suspended") return not_implemented("transfer acceleration");
  bucket.record.acceleration = *wanted;
  TRY(call.put(kBuckets, {bucket.name}, bucket.record));
  return PutBucketAccelerateConfigurationOutput{};
}

Result<std::vector<Need>> put_bucket_logging_rights(S3&, Call& call, const PutBucketLoggingRequest& in) {
  return rights_to_change(call, in, "s3:PutBucketLogging");
}

Result<PutBucketLoggingOutput> put_bucket_logging(S3&, Call& call, const PutBucketLoggingRequest& in) {
  TRY(find_bucket(call, in, Lock::kExclusive));
  if (in.bucket_logging_status->logging_enabled) return not_implemented("LoggingEnabled");
  return PutBucketLoggingOutput{};
}

// --- taking away what is not there ------------------------------------------------------------------------------------

Result<std::vector<Need>> delete_bucket_replication_rights(S3&, Call& call, const DeleteBucketReplicationRequest& in) {
  return rights_to_change(call, in, "s3:PutReplicationConfiguration");
}
Result<DeleteBucketReplicationOutput> delete_bucket_replication(S3&, Call& call,
                                                                const DeleteBucketReplicationRequest& in) {
  return nothing_to_delete<DeleteBucketReplicationOutput>(call, in);
}

// --- configurations of analytics, inventories, metrics and tiering: there are none -------------------------------------

namespace {

template <class Out, class In>
Result<Out> none_of_them(Call& call, const In& in) {
  TRY(find_bucket(call, in));
  return Out{.is_truncated = false};
}

template <class In>
Failure no_such_configuration(Call& call, const In& in) {
  const Result<FoundBucket> bucket = find_bucket(call, in);
  if (!bucket) return Failure(bucket.error());
  return refuse(404, "NoSuchConfiguration", "The specified configuration does not exist.");
}

}  // namespace

Result<std::vector<Need>> list_bucket_analytics_configurations_rights(
    S3&, Call& call, const ListBucketAnalyticsConfigurationsRequest& in) {
  return rights_on_bucket(call, in, "s3:GetAnalyticsConfiguration");
}
Result<ListBucketAnalyticsConfigurationsOutput> list_bucket_analytics_configurations(
    S3&, Call& call, const ListBucketAnalyticsConfigurationsRequest& in) {
  return none_of_them<ListBucketAnalyticsConfigurationsOutput>(call, in);
}

Result<std::vector<Need>> list_bucket_inventory_configurations_rights(
    S3&, Call& call, const ListBucketInventoryConfigurationsRequest& in) {
  return rights_on_bucket(call, in, "s3:GetInventoryConfiguration");
}
Result<ListBucketInventoryConfigurationsOutput> list_bucket_inventory_configurations(
    S3&, Call& call, const ListBucketInventoryConfigurationsRequest& in) {
  return none_of_them<ListBucketInventoryConfigurationsOutput>(call, in);
}

Result<std::vector<Need>> list_bucket_metrics_configurations_rights(S3&, Call& call,
                                                                    const ListBucketMetricsConfigurationsRequest& in) {
  return rights_on_bucket(call, in, "s3:GetMetricsConfiguration");
}
Result<ListBucketMetricsConfigurationsOutput> list_bucket_metrics_configurations(
    S3&, Call& call, const ListBucketMetricsConfigurationsRequest& in) {
  return none_of_them<ListBucketMetricsConfigurationsOutput>(call, in);
}

Result<std::vector<Need>> list_bucket_intelligent_tiering_configurations_rights(
    S3&, Call& call, const ListBucketIntelligentTieringConfigurationsRequest& in) {
  return rights_on_bucket(call, in, "s3:GetIntelligentTieringConfiguration");
}
Result<ListBucketIntelligentTieringConfigurationsOutput> list_bucket_intelligent_tiering_configurations(
    S3&, Call& call, const ListBucketIntelligentTieringConfigurationsRequest& in) {
  return none_of_them<ListBucketIntelligentTieringConfigurationsOutput>(call, in);
}

Result<std::vector<Need>> get_bucket_analytics_configuration_rights(S3&, Call& call,
                                                                    const GetBucketAnalyticsConfigurationRequest& in) {
  return rights_on_bucket(call, in, "s3:GetAnalyticsConfiguration");
}
Result<GetBucketAnalyticsConfigurationOutput> get_bucket_analytics_configuration(
    S3&, Call& call, const GetBucketAnalyticsConfigurationRequest& in) {
  return no_such_configuration(call, in);
}

Result<std::vector<Need>> get_bucket_inventory_configuration_rights(S3&, Call& call,
                                                                    const GetBucketInventoryConfigurationRequest& in) {
  return rights_on_bucket(call, in, "s3:GetInventoryConfiguration");
}
Result<GetBucketInventoryConfigurationOutput> get_bucket_inventory_configuration(
    S3&, Call& call, const GetBucketInventoryConfigurationRequest& in) {
  return no_such_configuration(call, in);
}

Result<std::vector<Need>> get_bucket_metrics_configuration_rights(S3&, Call& call,
                                                                  const GetBucketMetricsConfigurationRequest& in) {
  return rights_on_bucket(call, in, "s3:GetMetricsConfiguration");
}
Result<GetBucketMetricsConfigurationOutput> get_bucket_metrics_configuration(
    S3&, Call& call, const GetBucketMetricsConfigurationRequest& in) {
  return no_such_configuration(call, in);
}

Result<std::vector<Need>> get_bucket_intelligent_tiering_configuration_rights(
    S3&, Call& call, const GetBucketIntelligentTieringConfigurationRequest& in) {
  return rights_on_bucket(call, in, "s3:GetIntelligentTieringConfiguration");
}
Result<GetBucketIntelligentTieringConfigurationOutput> get_bucket_intelligent_tiering_configuration(
    S3&, Call& call, const GetBucketIntelligentTieringConfigurationRequest& in) {
  return no_such_configuration(call, in);
}

}  // namespace tarn::s3

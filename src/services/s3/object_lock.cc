#include "services/s3/object_lock.h"

#include <fmt/format.h>

#include "gen/s3/handlers.h"
#include "services/s3/errors.h"
#include "services/s3/s3.h"
#include "services/s3/versions.h"

namespace tarn::s3 {
namespace {

constexpr int32_t kMostDays = 36'500, kMostYears = 100;  // AWS: "Object Lock considerations"
constexpr const char* kOn = "ON";

Failure no_object_lock() {
  return invalid_request("Bucket is missing Object Lock Configuration");
}

Failure locked() {
  return refuse(403, "AccessDenied", "Access Denied because object protected by object lock.");
}

// Recorded from AWS: of an object without the one that is asked for.
Failure not_locked() {
  return refuse(404, "NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration");
}

bool is_retained(const ObjectLock& lock, Time now) {
  return !lock.mode.empty() && now < lock.until;
}

Failure not_in_future(std::string_view argument, Time until) {
  return invalid_argument("The retain until date must be in the future!", argument, iso8601(until));
}

template <class In>
Result<FoundBucket> find_locking_bucket(Call& call, const In& in) {
  FoundBucket bucket = TRY(find_bucket(call, in));
  if (!bucket.record.locks_objects) return no_object_lock();
  return bucket;
}

// AWS: "Retention modes": a retention that runs may be made longer by whoever may set one; all else only where it is of
// governance, by those who may bypass that.
Status check_change(const ObjectLock& lock, const std::string& mode, Time until, Time now, bool bypass) {
  if (!is_retained(lock, now) || (mode == lock.mode && until >= lock.until)) return {};
  return bypass && lock.mode == kGovernance ? Status() : Status(locked());
}

Result<RetentionRule> default_of(const ObjectLockRule& rule) {
  if (!rule.default_retention) return malformed_xml();
  const auto& wanted = *rule.default_retention;
  if (!wanted.mode || wanted.days.has_value() == wanted.years.has_value()) return malformed_xml();
  if (wanted.default_event_hold) return not_implemented("DefaultEventHold");
  const int32_t days = wanted.days.value_or(0), years = wanted.years.value_or(0);
  // ASSUMED: the code.
  if (wanted.days.value_or(1) < 1 || wanted.years.value_or(1) < 1)
    return refuse(400, "InvalidArgument", "Default retention period must be a positive integer value.");
  if (days > kMostDays || years > kMostYears)
    return refuse(400, "InvalidArgument", "Default retention period is too large.");
  return RetentionRule{*wanted.mode, days, years};
}

}  // namespace

Result<ObjectLock> lock_of(const Call& call, const FoundBucket& bucket, const LockHeaders& headers) {
  if (!bucket.record.locks_objects) {
    if (headers.mode || headers.until || headers.legal_hold) return no_object_lock();
    return ObjectLock{};
  }
  ObjectLock lock{.legal_hold = headers.legal_hold.value_or("")};
  if (!lock.legal_hold.empty() && lock.legal_hold != kOn && lock.legal_hold != "OFF")
    return invalid_argument("Legal Hold must be either of 'ON' or 'OFF'", "x-amz-object-lock-legal-hold",
                            lock.legal_hold);
  if (headers.mode.has_value() != headers.until.has_value())
    return invalid_argument("x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
                            headers.mode ? "x-amz-object-lock-retain-until-date" : "x-amz-object-lock-mode", "");
  if (headers.mode) {
    if (*headers.mode != kGovernance && *headers.mode != kCompliance)
      return invalid_argument("Unknown wormMode directive.", "x-amz-object-lock-mode", *headers.mode);
    if (*headers.until <= call.now()) return not_in_future("x-amz-object-lock-retain-until-date", *headers.until);
    lock.mode = *headers.mode;
    lock.until = *headers.until;
  } else if (const auto& given = bucket.record.default_retention) {
    lock.mode = given->mode;
    lock.until = call.now() + (given->days + int64_t{365} * given->years) * kDay;  // ASSUMED: how long a year is
  }
  return lock;
}

std::vector<Need> lock_needs(const Call& call, const FoundBucket& bucket, const std::string& key,
                             const LockHeaders& headers) {
  std::vector<Need> needs;
  ContextKeys context;
  if (headers.mode) context["s3:object-lock-mode"] = {*headers.mode};
  if (headers.until) {
    context["s3:object-lock-retain-until-date"] = {iso8601(*headers.until)};
    context["s3:object-lock-remaining-retention-days"] = {
        std::to_string((headers.until->micros - call.now().micros) / kDay)};
  }
  if (headers.mode || headers.until)
    needs.push_back(need_on_object(call, bucket, key, "s3:PutObjectRetention", context));
  if (headers.legal_hold)
    needs.push_back(need_on_object(call, bucket, key, "s3:PutObjectLegalHold",
                                   {{"s3:object-lock-legal-hold", {*headers.legal_hold}}}));
  return needs;
}

bool is_governed(const ObjectLock& lock, Time now) {
  return is_retained(lock, now) && lock.mode == kGovernance;
}

Status check_deletable(const ObjectLock& lock, Time now, bool bypass) {
  if (lock.legal_hold == kOn) return locked();
  if (is_retained(lock, now) && !(bypass && lock.mode == kGovernance)) return locked();
  return {};
}

// Recorded from AWS: also where the header says no.
Status check_bypass(const FoundBucket& bucket, const std::optional<bool>& bypass) {
  if (!bypass || bucket.record.locks_objects) return {};
  return refuse(400, "InvalidArgument",
                "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
                {{"ArgumentName", "x-amz-bypass-governance-retention"}});
}

// --- the bucket's configuration ---------------------------------------------------------------------------------------

Result<std::vector<Need>> put_object_lock_configuration_rights(S3&, Call& call,
                                                               const PutObjectLockConfigurationRequest& in) {
  return rights_on_bucket(call, in, "s3:PutBucketObjectLockConfiguration", Lock::kExclusive);
}

Result<PutObjectLockConfigurationOutput> put_object_lock_configuration(S3&, Call& call,
                                                                       const PutObjectLockConfigurationRequest& in) {
  FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  if (!in.object_lock_configuration || !in.object_lock_configuration->object_lock_enabled) return malformed_xml();
  std::optional<RetentionRule> retention;
  if (in.object_lock_configuration->rule) retention = TRY(default_of(*in.object_lock_configuration->rule));
  if (!keeps_versions(bucket.record))
    return refuse(409, "InvalidBucketState",
                  "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration");
  bucket.record.locks_objects = true;
  bucket.record.default_retention = std::move(retention);
  TRY(call.put(kBuckets, {bucket.name}, bucket.record));
  return PutObjectLockConfigurationOutput{};
}

Result<std::vector<Need>> get_object_lock_configuration_rights(S3&, Call& call,
                                                               const GetObjectLockConfigurationRequest& in) {
  return rights_on_bucket(call, in, "s3:GetBucketObjectLockConfiguration");
}

Result<GetObjectLockConfigurationOutput> get_object_lock_configuration(S3&, Call& call,
                                                                       const GetObjectLockConfigurationRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  if (!bucket.record.locks_objects)
    return refuse(404, "ObjectLockConfigurationNotFoundError",
                  "Object Lock configuration does not exist for this bucket", {{"BucketName", bucket.name}});
  ObjectLockConfiguration told{.object_lock_enabled = "Enabled"};
  if (const auto& given = bucket.record.default_retention) {
    DefaultRetention retention{.mode = given->mode};
    if (given->days > 0) retention.days = given->days;
    if (given->years > 0) retention.years = given->years;
    told.rule = ObjectLockRule{.default_retention = std::move(retention)};
  }
  return GetObjectLockConfigurationOutput{.object_lock_configuration = std::move(told)};
}

// --- retention of an object -------------------------------------------------------------------------------------------

Result<std::vector<Need>> put_object_retention_rights(S3&, Call& call, const PutObjectRetentionRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  std::vector<Need> needs = TRY(rights_to_read(call, bucket, *in.key, "s3:PutObjectRetention", in.version_id));
  if (in.retention)
    for (const Need& need :
         lock_needs(call, bucket, *in.key, {in.retention->mode, in.retention->retain_until_date, std::nullopt}))
      needs.front().context.insert(need.context.begin(), need.context.end());
  if (!in.bypass_governance_retention.value_or(false)) return needs;
  const auto version = find_object(call, bucket, *in.key, in.version_id);
  if (version && is_governed(version->settings.lock, call.now()))
    needs.push_back(need_on_object(call, bucket, *in.key, "s3:BypassGovernanceRetention"));
  return needs;
}

Result<PutObjectRetentionOutput> put_object_retention(S3&, Call& call, const PutObjectRetentionRequest& in) {
  const FoundBucket bucket = TRY(find_locking_bucket(call, in));
  if (!in.retention) return malformed_xml();
  const ObjectLockRetention& wanted = *in.retention;
  if (wanted.event_hold || wanted.event_hold_duration) return not_implemented("EventHold");
  if (wanted.mode.has_value() != wanted.retain_until_date.has_value()) return malformed_xml();
  FoundVersion version = TRY(asked_version(call, bucket, *in.key, in.version_id, "PUT"));
  const Time until = wanted.retain_until_date.value_or(Time{});
  if (wanted.mode && until <= call.now()) return not_in_future("RetainUntilDate", until);
  ObjectLock& lock = version.object.settings.lock;
  const std::string mode = wanted.mode.value_or("");
  TRY(check_change(lock, mode, until, call.now(), in.bypass_governance_retention.value_or(false)));
  lock.mode = mode;
  lock.until = until;
  TRY(save_version(call, bucket, *in.key, version));
  return PutObjectRetentionOutput{};
}

Result<std::vector<Need>> get_object_retention_rights(S3&, Call& call, const GetObjectRetentionRequest& in) {
  return rights_to_read(call, TRY(find_bucket(call, in)), *in.key, "s3:GetObjectRetention", in.version_id);
}

Result<GetObjectRetentionOutput> get_object_retention(S3&, Call& call, const GetObjectRetentionRequest& in) {
  const FoundBucket bucket = TRY(find_locking_bucket(call, in));
  const FoundVersion version = TRY(asked_version(call, bucket, *in.key, in.version_id, "GET"));
  const ObjectLock& lock = version.object.settings.lock;
  if (lock.mode.empty()) return not_locked();
  return GetObjectRetentionOutput{.retention = ObjectLockRetention{.mode = lock.mode, .retain_until_date = lock.until}};
}

// --- holds ------------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> put_object_legal_hold_rights(S3&, Call& call, const PutObjectLegalHoldRequest& in) {
  std::vector<Need> needs =
      TRY(rights_to_read(call, TRY(find_bucket(call, in)), *in.key, "s3:PutObjectLegalHold", in.version_id));
  if (in.legal_hold && in.legal_hold->status)
    needs.front().context["s3:object-lock-legal-hold"] = {*in.legal_hold->status};
  return needs;
}

Result<PutObjectLegalHoldOutput> put_object_legal_hold(S3&, Call& call, const PutObjectLegalHoldRequest& in) {
  const FoundBucket bucket = TRY(find_locking_bucket(call, in));
  if (!in.legal_hold || (in.legal_hold->status != kOn && in.legal_hold->status != "OFF")) return malformed_xml();
  FoundVersion version = TRY(asked_version(call, bucket, *in.key, in.version_id, "PUT"));
  version.object.settings.lock.legal_hold = *in.legal_hold->status;
  TRY(save_version(call, bucket, *in.key, version));
  return PutObjectLegalHoldOutput{};
}

Result<std::vector<Need>> get_object_legal_hold_rights(S3&, Call& call, const GetObjectLegalHoldRequest& in) {
  return rights_to_read(call, TRY(find_bucket(call, in)), *in.key, "s3:GetObjectLegalHold", in.version_id);
}

Result<GetObjectLegalHoldOutput> get_object_legal_hold(S3&, Call& call, const GetObjectLegalHoldRequest& in) {
  const FoundBucket bucket = TRY(find_locking_bucket(call, in));
  const FoundVersion version = TRY(asked_version(call, bucket, *in.key, in.version_id, "GET"));
  const std::string& hold = version.object.settings.lock.legal_hold;
  if (hold.empty()) return not_locked();
  return GetObjectLegalHoldOutput{.legal_hold = ObjectLockLegalHold{.status = hold}};
}

}  // namespace tarn::s3

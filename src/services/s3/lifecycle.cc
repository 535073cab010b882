// A bucket's lifecycle rules, as clients write and read them.
#include "services/s3/lifecycle.h"

#include <fmt/format.h>

#include <set>

#include "base/text.h"
#include "gen/s3/handlers.h"
#include "os/random.h"
#include "services/s3/access.h"
#include "services/s3/errors.h"

namespace tarn::s3 {
namespace {

constexpr const char* kLeastTransitionSize = "all_storage_classes_128K";  // AWS: the default
constexpr size_t kMostRules = 1000, kMostIdLetters = 255;  // AWS: S3 User Guide, "Lifecycle configuration elements"

Failure wrong(std::string message) {
  return refuse(400, "InvalidArgument", std::move(message));
}

Status check_positive(const std::optional<int32_t>& days, const char* member, const char* action) {
  if (!days || *days > 0) return {};
  return wrong("'" + std::string(member) + "' for " + action + " action must be a positive integer");
}

void add_tag(const Tag& tag, ExpiryRule& out) {
  out.tags.emplace_back(tag.key.value_or(""), tag.value.value_or(""));
}

Status read_filter(const LifecycleRule& in, ExpiryRule& out) {
  out.filter = static_cast<bool>(in.filter);
  if (out.filter == in.prefix.has_value()) return malformed_xml();  // one of the two
  if (in.prefix) out.prefix = in.prefix;
  if (!in.filter) return {};
  const LifecycleRuleFilter& filter = *in.filter;
  const int given = (filter.prefix ? 1 : 0) + (filter.tag ? 1 : 0) + (filter.object_size_greater_than ? 1 : 0) +
                    (filter.object_size_less_than ? 1 : 0) + (filter.and_ ? 1 : 0);
  if (given > 1) return malformed_xml();  // several conditions are written in And
  out.prefix = filter.prefix;
  out.greater_than = filter.object_size_greater_than;
  out.less_than = filter.object_size_less_than;
  if (filter.tag) add_tag(*filter.tag, out);
  if (!filter.and_) return {};
  const LifecycleRuleAndOperator& all = *filter.and_;
  out.all_of = true;
  out.prefix = all.prefix;
  out.greater_than = all.object_size_greater_than;
  out.less_than = all.object_size_less_than;
  std::set<std::string> keys;
  for (const Tag& tag : all.tags) {
    add_tag(tag, out);
    if (!keys.insert(tag.key.value_or("")).second)
      return refuse(400, "InvalidRequest", "Duplicate Tag Keys are not allowed.");
  }
  if (out.greater_than && out.less_than && *out.less_than <= *out.greater_than)
    return refuse(400, "InvalidRequest",
                  "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.");
  return {};
}

Status read_expiration(const LifecycleRule& in, ExpiryRule& out) {
  if (in.expiration) {
    out.days = in.expiration->days;
    out.date = in.expiration->date;
    out.lone_markers = in.expiration->expired_object_delete_marker;
    if ((out.days ? 1 : 0) + (out.date ? 1 : 0) + (out.lone_markers ? 1 : 0) != 1) return malformed_xml();
    TRY(check_positive(out.days, "Days", "Expiration"));
    if (out.date && out.date->seconds() % (kDay / kSecond) != 0) return wrong("'Date' must be at midnight GMT");
    if (out.lone_markers && !out.tags.empty())
      return refuse(400, "InvalidRequest", "ExpiredObjectDeleteMarker cannot be specified with Tags.");
  }
  if (in.noncurrent_version_expiration) {
    out.noncurrent_days = in.noncurrent_version_expiration->noncurrent_days;
    out.newer_noncurrent = in.noncurrent_version_expiration->newer_noncurrent_versions;
    if (!out.noncurrent_days) return malformed_xml();
    TRY(check_positive(out.noncurrent_days, "NoncurrentDays", "NoncurrentVersionExpiration"));
  }
  if (in.abort_incomplete_multipart_upload) {
    out.abort_days = in.abort_incomplete_multipart_upload->days_after_initiation;
    if (!out.abort_days) return malformed_xml();
    TRY(check_positive(out.abort_days, "DaysAfterInitiation", "AbortIncompleteMultipartUpload"));
    if (!out.tags.empty())
      return refuse(400, "InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Tags.");
  }
  const bool any = in.expiration || in.noncurrent_version_expiration || in.abort_incomplete_multipart_upload;
  if (!any) return refuse(400, "InvalidRequest", "At least one action needs to be specified in a rule");
  return {};
}

Result<ExpiryRule> read_rule(const LifecycleRule& in) {
  if (!in.transitions.empty() || !in.noncurrent_version_transitions.empty())
    return not_implemented("Transition: objects stay in the storage class that they were put in");
  if (in.status != "Enabled" && in.status != "Disabled") return malformed_xml();
  ExpiryRule out{.id = in.id && !in.id->empty() ? *in.id : random_hex(48), .enabled = in.status == "Enabled"};
  if (out.id.size() > kMostIdLetters) return wrong("ID length should not exceed allowed limit of 255");
  TRY(read_filter(in, out));
  TRY(read_expiration(in, out));
  return out;
}

Tag to_wire(const std::pair<std::string, std::string>& tag) {
  return {.key = tag.first, .value = tag.second};
}

LifecycleRule to_wire(const ExpiryRule& rule) {
  LifecycleRule out{.id = rule.id, .status = rule.enabled ? "Enabled" : "Disabled"};
  if (rule.days || rule.date || rule.lone_markers)
    out.expiration =
        LifecycleExpiration{.date = rule.date, .days = rule.days, .expired_object_delete_marker = rule.lone_markers};
  if (rule.noncurrent_days)
    out.noncurrent_version_expiration = NoncurrentVersionExpiration{
        .noncurrent_days = rule.noncurrent_days, .newer_noncurrent_versions = rule.newer_noncurrent};
  if (rule.abort_days)
    out.abort_incomplete_multipart_upload = AbortIncompleteMultipartUpload{.days_after_initiation = rule.abort_days};
  if (!rule.filter) {
    out.prefix = rule.prefix;
    return out;
  }
  LifecycleRuleFilter filter;
  if (rule.all_of) {
    LifecycleRuleAndOperator all{.prefix = rule.prefix,
                                 .object_size_greater_than = rule.greater_than,
                                 .object_size_less_than = rule.less_than};
    for (const auto& tag : rule.tags) all.tags.push_back(to_wire(tag));
    filter.and_ = std::move(all);
  } else {
    filter.prefix = rule.prefix;
    filter.object_size_greater_than = rule.greater_than;
    filter.object_size_less_than = rule.less_than;
    if (!rule.tags.empty()) filter.tag = to_wire(rule.tags.front());
  }
  out.filter = std::move(filter);
  return out;
}

std::string timer_id(const FoundBucket& bucket) {
  return std::to_string(bucket.record.id);
}

}  // namespace

Result<std::optional<std::string>> told_expiration(Call& call, const FoundBucket& bucket, std::string_view key,
                                                   const ObjectRecord& object) {
  const auto lifecycle = TRY(call.get(kLifecycles, {bucket.record.id}, Lock::kNone));
  if (!lifecycle) return std::nullopt;
  const ExpiryRule* first = nullptr;
  std::optional<Time> end;
  for (const ExpiryRule& rule : lifecycle->rules) {
    const auto one = rule.enabled && applies(rule, key, object) ? expiry(rule, object.modified) : std::nullopt;
    if (!one || (end && *end <= *one)) continue;
    first = &rule;
    end = one;
  }
  if (!first) return std::nullopt;
  return fmt::format("expiry-date=\"{}\", rule-id=\"{}\"", http_date(*end), uri_encode(first->id));
}

Status forget_lifecycle(Call& call, const FoundBucket& bucket) {
  TRY(call.erase(kLifecycles, {bucket.record.id}));
  return call.door().timers().cancel(call.tx(), kLifecycleTimer, timer_id(bucket));
}

Result<std::vector<Need>> put_bucket_lifecycle_configuration_rights(S3&, Call& call,
                                                                    const PutBucketLifecycleConfigurationRequest& in) {
  return rights_on_bucket(call, in, "s3:PutLifecycleConfiguration", Lock::kExclusive);
}

Result<PutBucketLifecycleConfigurationOutput> put_bucket_lifecycle_configuration(
    S3&, Call& call, const PutBucketLifecycleConfigurationRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  if (!in.lifecycle_configuration || in.lifecycle_configuration->rules.empty()) return malformed_xml();
  if (in.lifecycle_configuration->rules.size() > kMostRules) return malformed_xml();
  LifecycleRecord record{
      .bucket_name = bucket.name,
      .rules = {},
      .least_transition_size = in.transition_default_minimum_object_size.value_or(kLeastTransitionSize)};
  std::set<std::string> ids;
  for (const LifecycleRule& rule : in.lifecycle_configuration->rules) {
    record.rules.push_back(TRY(read_rule(rule)));
    if (!ids.insert(record.rules.back().id).second)
      return wrong("Rule ID must be unique. Found same ID for more than one rule");
  }
  TRY(call.put(kLifecycles, {bucket.record.id}, record));
  const Time midnight = Time{(call.now().micros / kDay + 1) * kDay};
  TRY(call.door().timers().set(call.tx(), kLifecycleTimer, timer_id(bucket), midnight));
  return PutBucketLifecycleConfigurationOutput{.transition_default_minimum_object_size = record.least_transition_size};
}

Result<std::vector<Need>> get_bucket_lifecycle_configuration_rights(S3&, Call& call,
                                                                    const GetBucketLifecycleConfigurationRequest& in) {
  return rights_on_bucket(call, in, "s3:GetLifecycleConfiguration");
}

Result<GetBucketLifecycleConfigurationOutput> get_bucket_lifecycle_configuration(
    S3&, Call& call, const GetBucketLifecycleConfigurationRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  const auto lifecycle = TRY(call.get(kLifecycles, {bucket.record.id}));
  if (!lifecycle)
    return refuse(404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist",
                  {{"BucketName", bucket.name}});
  GetBucketLifecycleConfigurationOutput out{.transition_default_minimum_object_size =
                                                lifecycle->least_transition_size};
  for (const ExpiryRule& rule : lifecycle->rules) out.rules.push_back(to_wire(rule));
  return out;
}

Result<std::vector<Need>> delete_bucket_lifecycle_rights(S3&, Call& call, const DeleteBucketLifecycleRequest& in) {
  return rights_on_bucket(call, in, "s3:PutLifecycleConfiguration", Lock::kExclusive);
}

Result<DeleteBucketLifecycleOutput> delete_bucket_lifecycle(S3&, Call& call, const DeleteBucketLifecycleRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  TRY(forget_lifecycle(call, bucket));
  return DeleteBucketLifecycleOutput{};
}

}  // namespace tarn::s3

// Trails: made, changed, shown, started and stopped.
#include <fmt/format.h>

#include <algorithm>

#include "door/door.h"
#include "door/rights.h"
#include "door/tags.h"
#include "gen/s3/objects.h"
#include "gen/s3/settings.h"
#include "services/cloudtrail/cloudtrail.h"
#include "services/cloudtrail/digests.h"
#include "services/cloudtrail/tag_lists.h"
#include "services/cloudtrail/telling.h"
#include "store/page_token.h"

namespace tarn::cloudtrail {
namespace {

constexpr size_t kMostTrails = 5;  // AWS: of one region
constexpr size_t kPage = 100;
constexpr Micros kFirstFile = 5 * kMinute;

// What is not there, by name. REQUIRES: `In` is CreateTrail's or UpdateTrail's input.
template <class In>
Status check_supported(const In& in) {
  const auto refuse = [](std::string_view what) {
    return fail(400, "UnsupportedOperationException", fmt::format("{} is not supported by this server.", what));
  };
  if (in.is_organization_trail.value_or(false)) return refuse("IsOrganizationTrail");
  if (in.kms_key_id && !in.kms_key_id->empty()) return refuse("KmsKeyId");
  return {};
}

// Whether CloudTrail may write the trail's files; finds out where the bucket lives.
// ERRORS: S3BucketDoesNotExistException, InsufficientS3BucketPolicyException.
Status check_bucket(CloudTrail& trails, Door& door, const TrailKey& key, TrailRecord& record) {
  record.bucket_region = key.region;
  const s3::GetBucketAclRequest ask{.bucket = record.bucket};
  auto answer = door.call(trails.caller_for(key, record), ask);
  if (!answer && answer.error().code == "PermanentRedirect") {
    for (const auto& [name, value] : answer.error().members)
      if (name == "Region") record.bucket_region = value;
    answer = door.call(trails.caller_for(key, record), ask);
  }
  if (!answer && (answer.error().code == "NoSuchBucket" || answer.error().code == "InvalidBucketName"))
    return fail(400, "S3BucketDoesNotExistException", fmt::format("S3 bucket {} does not exist!", record.bucket));
  const std::string prefix = record.prefix ? *record.prefix + "/" : "";
  const s3::PutObjectRequest put{.acl = "bucket-owner-full-control",
                                 .bucket = record.bucket,
                                 .key = fmt::format("{}AWSLogs/{}/CloudTrail/", prefix, key.owner)};
  if (!answer ||
      !door.admit(trails.caller_for(key, record), wire::OperationOf<s3::PutObjectRequest>::operation(), &put))
    return fail(400, "InsufficientS3BucketPolicyException",
                fmt::format("Incorrect S3 bucket policy is detected for bucket: {}", record.bucket));
  return {};
}

template <class In>
Status set_given(const TrailKey& key, const In& in, TrailRecord& record) {
  if (in.s3_key_prefix) record.prefix = in.s3_key_prefix->empty() ? std::nullopt : in.s3_key_prefix;
  if (in.include_global_service_events) record.global_events = *in.include_global_service_events;
  if (in.is_multi_region_trail) record.all_regions = *in.is_multi_region_trail;
  if (in.enable_log_file_validation) record.validates = *in.enable_log_file_validation;
  if (in.cloud_watch_logs_log_group_arn) record.log_group = *in.cloud_watch_logs_log_group_arn;
  if (in.cloud_watch_logs_role_arn) record.log_role = *in.cloud_watch_logs_role_arn;
  if (in.sns_topic_name) {
    record.topic_name = *in.sns_topic_name;
    record.topic_arn = TRY(topic_arn_of(key, record.topic_name));
  }
  return {};
}

// What the trail is to write to is tried before it is kept.
Status check_destinations(CloudTrail& trails, Door& door, const TrailKey& key, TrailRecord& record) {
  TRY(check_bucket(trails, door, key, record));
  TRY(check_log_group(door, key, record));
  return check_topic(door, trails.caller_for(key, record), record);
}

Status check_combination(const TrailRecord& record) {
  if (record.all_regions && !record.global_events)
    return fail(400, "InvalidParameterCombinationException", "Multi-Region trail must include global service events.");
  if (record.prefix && record.prefix->size() > 200)
    return fail(400, "InvalidS3PrefixException", "The S3KeyPrefix has more than 200 characters.");
  return {};
}

// REQUIRES: `In` is CreateTrail's or UpdateTrail's input.
template <class In>
Result<std::vector<Need>> rights_to_set(Call& call, const In& in, std::string_view action) {
  std::vector<Need> needs = TRY(rights_on(call, *in.name, action));
  if (in.cloud_watch_logs_role_arn && !in.cloud_watch_logs_role_arn->empty())
    needs.push_back(pass_role(*in.cloud_watch_logs_role_arn, kPrincipal));
  return needs;
}

template <class Out>
Out answer_of(const TrailKey& key, const TrailRecord& record) {
  Out out;
  out.name = key.name;
  out.s3_bucket_name = record.bucket;
  out.s3_key_prefix = record.prefix;
  out.include_global_service_events = record.global_events;
  out.is_multi_region_trail = record.all_regions;
  out.trail_arn = trail_arn(key);
  if (!record.topic_arn.empty()) {
    out.sns_topic_name = record.topic_name;
    out.sns_topic_arn = record.topic_arn;
  }
  if (!record.log_group.empty()) {
    out.cloud_watch_logs_log_group_arn = record.log_group;
    out.cloud_watch_logs_role_arn = record.log_role;
  }
  out.log_file_validation_enabled = record.validates;
  out.is_organization_trail = false;
  return out;
}

Trail to_wire(const TrailKey& key, const TrailRecord& record) {
  Trail out = answer_of<Trail>(key, record);
  out.home_region = key.region;
  out.has_custom_event_selectors = !record.basic.empty() || !record.advanced.empty();
  out.has_insight_selectors = false;
  return out;
}

}  // namespace

Result<std::vector<Need>> create_trail_rights(CloudTrail&, Call& call, const CreateTrailRequest& in) {
  return rights_to_set(call, in, "cloudtrail:CreateTrail");
}

Result<CreateTrailResponse> create_trail(CloudTrail& trails, Call& call, const CreateTrailRequest& in) {
  if (in.name->starts_with("arn:"))
    return fail(400, "InvalidTrailNameException", "A new trail is named by its name, not by an ARN.");
  const TrailKey key = TRY(trail_key(call, *in.name));
  TRY(check_supported(in));
  TrailRecord record{.bucket = *in.s3_bucket_name};
  TRY(set_given(key, in, record));
  TRY(check_combination(record));
  TRY(check_destinations(trails, call.door(), key, record));
  const tarn::Tags tags = TRY(tags_of_list(in.tags_list));
  Store& store = call.door().store();
  const Sequence written = TRY(store.run([&](Transaction& tx) -> Status {
    if (TRY(tx.get(kTrails, key)))
      return fail(400, "TrailAlreadyExistsException",
                  fmt::format("Trail {} already exists for customer: {}", key.name, key.owner));
    const auto others = TRY(tx.scan(kTrails, {.prefix = prefix_of(kTrails, key.owner, key.region)}));
    if (others.entries.size() >= kMostTrails)
      return fail(400, "MaximumNumberOfTrailsExceededException",
                  fmt::format("User: {} already has {} trails in {}.", key.owner, kMostTrails, key.region));
    TRY(set_tags(tx, trail_arn(key), tags));
    return trails.put(tx, key, record);
  }));
  TRY(store.wait_synced(written));
  return answer_of<CreateTrailResponse>(key, record);
}

Result<std::vector<Need>> update_trail_rights(CloudTrail&, Call& call, const UpdateTrailRequest& in) {
  return rights_to_set(call, in, "cloudtrail:UpdateTrail");
}

Result<UpdateTrailResponse> update_trail(CloudTrail& trails, Call& call, const UpdateTrailRequest& in) {
  TRY(check_supported(in));
  Store& store = call.door().store();
  TrailRecord wanted;
  TrailKey key;
  const auto change = [&](TrailRecord& record) -> Status {
    if (in.s3_bucket_name) record.bucket = *in.s3_bucket_name;
    return set_given(key, in, record);
  };
  {
    const auto tx = store.read();
    Call reading(call.door(), call.caller(), tx.get(), call.now());
    FoundTrail found = TRY(find_trail(reading, *in.name, Lock::kNone));
    key = found.key;
    wanted = std::move(found.record);
    TRY(change(wanted));
  }
  TRY(check_combination(wanted));
  TRY(check_destinations(trails, call.door(), key, wanted));
  const Sequence written = TRY(store.run([&](Transaction& tx) -> Status {
    Call writing(call.door(), call.caller(), &tx, call.now());
    TrailRecord record = TRY(find_trail(writing, *in.name, Lock::kExclusive)).record;
    const bool validated = record.validates;
    TRY(change(record));
    if (record.validates && !validated) begin_digests(record, call.now());
    record.bucket_region = wanted.bucket_region;
    return trails.put(tx, key, record);
  }));
  TRY(store.wait_synced(written));
  return answer_of<UpdateTrailResponse>(key, wanted);
}

Result<std::vector<Need>> delete_trail_rights(CloudTrail&, Call& call, const DeleteTrailRequest& in) {
  return rights_on(call, *in.name, "cloudtrail:DeleteTrail");
}

Result<DeleteTrailResponse> delete_trail(CloudTrail& trails, Call& call, const DeleteTrailRequest& in) {
  const FoundTrail found = TRY(find_trail(call, *in.name, Lock::kExclusive));
  TRY(set_tags(call.tx(), trail_arn(found.key), {}));
  TRY(trails.erase(call.tx(), found.key));
  return DeleteTrailResponse{};
}

Result<std::vector<Need>> get_trail_rights(CloudTrail&, Call& call, const GetTrailRequest& in) {
  return rights_on(call, *in.name, "cloudtrail:GetTrail");
}

Result<GetTrailResponse> get_trail(CloudTrail&, Call& call, const GetTrailRequest& in) {
  const auto record = TRY(call.get(kTrails, TRY(trail_key(call, *in.name)), Lock::kNone));
  // AWS: this operation alone tells the name as it was given.
  if (!record)
    return fail(400, "TrailNotFoundException",
                fmt::format("Unknown trail: {} for the user: {}", *in.name, call.account()));
  const FoundTrail found = TRY(find_trail(call, *in.name, Lock::kNone));
  return GetTrailResponse{.trail = to_wire(found.key, found.record)};
}

// Trails of the region, and (shadows) those of other regions that take all of them. AWS: a name that is not there is left
// out.
Result<DescribeTrailsResponse> describe_trails(CloudTrail&, Call& call, const DescribeTrailsRequest& in) {
  DescribeTrailsResponse out;
  out.trail_list.set_present();
  const bool shadows = in.include_shadow_trails.value_or(true);
  const auto page = TRY(call.tx().scan(kTrails, {.prefix = prefix_of(kTrails, call.account())}));
  for (const auto& [key, record] : page.entries) {
    const bool named = std::ranges::any_of(in.trail_name_list, [&](const std::string& name) {
      return name == trail_arn(key) || (name == key.name && (key.region == call.region() || record.all_regions));
    });
    const bool here = key.region == call.region() || (shadows && record.all_regions);
    if (in.trail_name_list.empty() ? here : named) out.trail_list.push_back(to_wire(key, record));
  }
  return out;
}

Result<ListTrailsResponse> list_trails(CloudTrail&, Call& call, const ListTrailsRequest& in) {
  const std::string request = "ListTrails " + call.account();
  std::string after;
  if (in.next_token) {
    auto position = page_position(call.door().store(), request, *in.next_token);
    if (!position) return fail(400, "InvalidNextTokenException", "The NextToken is not one that ListTrails gave.");
    after = std::move(*position);
  }
  const auto page =
      TRY(call.tx().scan(kTrails, {.prefix = prefix_of(kTrails, call.account()), .after = after, .limit = kPage}));
  ListTrailsResponse out;
  out.trails.set_present();
  for (const auto& [key, record] : page.entries)
    out.trails.push_back({.trail_arn = trail_arn(key), .name = key.name, .home_region = key.region});
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

// --- logging ----------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> start_logging_rights(CloudTrail&, Call& call, const StartLoggingRequest& in) {
  return rights_on(call, *in.name, "cloudtrail:StartLogging");
}

Result<StartLoggingResponse> start_logging(CloudTrail& trails, Call& call, const StartLoggingRequest& in) {
  FoundTrail found = TRY(find_trail(call, *in.name, Lock::kExclusive));
  if (found.record.logging) return StartLoggingResponse{};
  found.record.logging = true;
  found.record.started = call.now();
  found.record.ends.reset();
  found.record.written_until = system_now();
  begin_digests(found.record, call.now());
  TRY(trails.put(call.tx(), found.key, found.record));
  TRY(trails.write_file_in(call.tx(), found.key, kFirstFile));
  return StartLoggingResponse{};
}

Result<std::vector<Need>> stop_logging_rights(CloudTrail&, Call& call, const StopLoggingRequest& in) {
  return rights_on(call, *in.name, "cloudtrail:StopLogging");
}

Result<StopLoggingResponse> stop_logging(CloudTrail& trails, Call& call, const StopLoggingRequest& in) {
  FoundTrail found = TRY(find_trail(call, *in.name, Lock::kExclusive));
  if (!found.record.logging) return StopLoggingResponse{};
  found.record.logging = false;
  found.record.stopped = call.now();
  found.record.ends = system_now();
  TRY(trails.put(call.tx(), found.key, found.record));
  return StopLoggingResponse{};
}

Result<std::vector<Need>> get_trail_status_rights(CloudTrail&, Call& call, const GetTrailStatusRequest& in) {
  return rights_on(call, *in.name, "cloudtrail:GetTrailStatus");
}

Result<GetTrailStatusResponse> get_trail_status(CloudTrail&, Call& call, const GetTrailStatusRequest& in) {
  const TrailRecord record = TRY(find_trail(call, *in.name, Lock::kNone)).record;
  const auto text = [](const std::optional<Time>& time) { return time ? iso8601(*time) : std::string(); };
  GetTrailStatusResponse out{.is_logging = record.logging,
                             .latest_delivery_time = record.delivered,
                             .start_logging_time = record.started,
                             .stop_logging_time = record.stopped,
                             .latest_delivery_attempt_time = text(record.delivered),
                             .latest_notification_attempt_time = text(record.notified),
                             .latest_notification_attempt_succeeded = text(record.notified),
                             .latest_delivery_attempt_succeeded = text(record.delivered),
                             .time_logging_started = text(record.started),
                             .time_logging_stopped = text(record.stopped)};
  if (!record.delivery_error.empty()) out.latest_delivery_error = record.delivery_error;
  out.latest_notification_time = record.notified;
  if (!record.topic_error.empty()) out.latest_notification_error = record.topic_error;
  out.latest_digest_delivery_time = record.digested;
  if (!record.digest_error.empty()) out.latest_digest_delivery_error = record.digest_error;
  out.latest_cloud_watch_logs_delivery_time = record.logged;
  if (!record.log_error.empty()) out.latest_cloud_watch_logs_delivery_error = record.log_error;
  return out;
}

}  // namespace tarn::cloudtrail

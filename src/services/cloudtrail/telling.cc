#include "services/cloudtrail/telling.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "door/arn.h"
#include "gen/logs/events.h"
#include "gen/logs/streams.h"
#include "gen/sns/publishing.h"
#include "os/random.h"
#include "services/cloudtrail/cloudtrail.h"

namespace tarn::cloudtrail {
namespace {

// AWS: PutLogEvents: events in a batch; bytes, 26 for each event beside its text.
constexpr size_t kMostEvents = 10'000, kMostBytes = 1'048'576, kEventBytes = 26;

Failure wrong_group(std::string message) {
  return fail(400, "InvalidCloudWatchLogsLogGroupArnException", std::move(message));
}

struct LogPlace {
  std::string group, region;
};

// "arn:aws:logs:us-east-1:123456789012:log-group:NAME:*"
Result<LogPlace> log_place(const TrailKey& key, const std::string& text) {
  const auto arn = Arn::parse(text);
  if (!arn || arn->service != "logs" || arn->resource_type() != "log-group" || arn->account != key.owner)
    return wrong_group("CloudTrail cannot validate the specified log group ARN.");
  std::string group(arn->resource_id());
  if (group.ends_with(":*")) group.resize(group.size() - 2);
  return LogPlace{std::move(group), arn->region};
}

Result<Caller> as_role(Door& door, const TrailKey& key, const TrailRecord& record, const LogPlace& place) {
  Caller service;
  service.region = place.region;
  service.source_arn = trail_arn(key);
  service.source_account = key.owner;
  service.request_id = uuid4();
  return door.assume_as_service(service, record.log_role, kPrincipal, "CLOUDWATCH_LOGS_DELIVERY");
}

Caller where_topic_is(Caller trail, const TrailRecord& record) {
  if (const auto arn = Arn::parse(record.topic_arn)) trail.region = arn->region;
  return trail;
}

// AWS: "CloudWatch log group and log stream naming for CloudTrail".
std::string stream_of(const TrailKey& key, const std::string& region) {
  return fmt::format("{}_CloudTrail_{}", key.owner, region);
}

Status make_stream(Door& door, const Caller& role, const LogPlace& place, const std::string& stream) {
  const auto made =
      door.call(role, logs::CreateLogStreamRequest{.log_group_name = place.group, .log_stream_name = stream});
  if (made || made.error().code == "ResourceAlreadyExistsException") return {};
  return Failure(made.error());
}

}  // namespace

Result<std::string> topic_arn_of(const TrailKey& key, const std::string& name) {
  if (name.empty()) return std::string();
  if (const auto arn = Arn::parse(name)) {
    if (arn->service == "sns" && !arn->resource.empty()) return name;
  } else if (name.size() <= 256 &&
             std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; })) {
    return fmt::format("arn:aws:sns:{}:{}:{}", key.region, key.owner, name);
  }
  return fail(400, "InvalidSnsTopicNameException", fmt::format("SNS topic name {} is not valid.", name));
}

Status check_log_group(Door& door, const TrailKey& key, const TrailRecord& record) {
  if (record.log_group.empty() && record.log_role.empty()) return {};
  if (record.log_role.empty() || record.log_group.empty())
    return fail(400, "InvalidParameterCombinationException",
                "CloudWatchLogsLogGroupArn and CloudWatchLogsRoleArn must be given together.");
  const LogPlace place = TRY(log_place(key, record.log_group));
  const auto role = as_role(door, key, record, place);
  if (!role)
    return fail(400, "InvalidCloudWatchLogsRoleArnException",
                "Access denied. Check the trust relationships for your role.");
  const Status made = make_stream(door, *role, place, stream_of(key, key.region));
  if (made) return {};
  return made.error().code == "ResourceNotFoundException"
             ? wrong_group("CloudTrail cannot validate the specified log group ARN.")
             : wrong_group("Access denied. Check the permissions for your role.");
}

Status check_topic(Door& door, const Caller& trail, const TrailRecord& record) {
  if (record.topic_arn.empty()) return {};
  const Caller caller = where_topic_is(trail, record);
  const sns::PublishInput publish{.topic_arn = record.topic_arn, .message = "{}"};
  if (door.admit(caller, wire::OperationOf<sns::PublishInput>::operation(), &publish)) return {};
  return fail(400, "InsufficientSnsTopicPolicyException", "SNS Topic does not exist or the topic policy is incorrect!");
}

Status put_in_log_group(Door& door, const TrailKey& key, const TrailRecord& record, const std::string& region,
                        const std::vector<ToldEvent>& events) {
  const LogPlace place = TRY(log_place(key, record.log_group));
  const Caller role = TRY(as_role(door, key, record, place));
  const std::string stream = stream_of(key, region);
  logs::PutLogEventsRequest request{.log_group_name = place.group, .log_stream_name = stream};
  size_t bytes = 0;
  const auto put = [&]() -> Status {
    if (request.log_events.empty()) return {};
    auto done = door.call(role, request);
    if (!done && done.error().code == "ResourceNotFoundException") {
      TRY(make_stream(door, role, place, stream));
      done = door.call(role, request);
    }
    if (!done) return Failure(done.error());
    request.log_events = {};
    bytes = 0;
    return {};
  };
  for (const ToldEvent& told : events) {
    std::string text = told.event.text();
    if (request.log_events.size() == kMostEvents || bytes + text.size() + kEventBytes > kMostBytes) TRY(put());
    bytes += text.size() + kEventBytes;
    request.log_events.push_back({.timestamp = told.time.millis(), .message = std::move(text)});
  }
  return put();
}

Status tell_topic(Door& door, const Caller& trail, const TrailRecord& record, const std::string& object_key) {
  const Caller caller = where_topic_is(trail, record);
  const Json message = Json::object({{"s3Bucket", record.bucket}, {"s3ObjectKey", Json::array({Json(object_key)})}});
  const auto done = door.call(caller, sns::PublishInput{.topic_arn = record.topic_arn, .message = message.text()});
  if (!done) return Failure(done.error());
  return {};
}

}  // namespace tarn::cloudtrail

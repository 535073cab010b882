// A bucket's notification settings: checked against each other, and each target asked whether it lets S3 in.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "door/arn.h"
#include "door/bus.h"
#include "door/door.h"
#include "gen/s3/handlers.h"
#include "gen/sns/topics.h"
#include "gen/sqs/queues.h"
#include "os/random.h"
#include "services/s3/errors.h"
#include "services/s3/notifications.h"
#include "services/s3/s3.h"

namespace tarn::s3 {
namespace {

constexpr size_t kMostRules = 100;     // AWS: quotas of event notifications
constexpr size_t kMostLetters = 1024;  // of a filter's value

Failure refused(std::string message) {
  return refuse(400, "InvalidArgument", std::move(message));
}
Failure refused(std::string message, const std::string& argument, const std::string& value) {
  return refuse(400, "InvalidArgument", std::move(message), {{"ArgumentName", argument}, {"ArgumentValue", value}});
}

// --- reading what is asked for ----------------------------------------------------------------------------------------

Status read_filter(const wire::Box<NotificationConfigurationFilter>& in, NotificationRule& out) {
  if (!in || !in->key) return {};
  for (const FilterRule& filter : in->key->filter_rules) {
    const std::string name = lower(filter.name.value_or(""));
    if (name != "prefix" && name != "suffix")
      return refused("filter rule name must be either prefix or suffix", "FilterRule.Name", filter.name.value_or(""));
    auto& place = name == "prefix" ? out.prefix : out.suffix;
    if (place) return refused(fmt::format("Cannot specify more than one {} rule in a filter.", name));
    place = filter.value.value_or("");
    if (place->size() > kMostLetters)
      return refused(fmt::format("Size of filter rule value cannot exceed {} bytes", kMostLetters));
  }
  return {};
}

template <class Configuration>
Status read_rules(const wire::List<Configuration>& in, std::optional<std::string> Configuration::* arn,
                  std::string_view service, const char* element, std::vector<NotificationRule>& out) {
  for (const Configuration& one : in) {
    NotificationRule rule{.id = one.id.value_or(uuid4()), .arn = *(one.*arn)};
    const auto parsed = Arn::parse(rule.arn);
    if (!parsed || parsed->service != service) return refused("The ARN could not be parsed", element, rule.arn);
    if (service != "lambda" && parsed->resource.ends_with(".fifo"))
      return refused("FIFO queues and topics cannot be the destination of notifications.");
    if (one.events.empty()) return refused("A notification configuration needs at least one event.");
    for (const std::string& event : one.events) rule.events.push_back(event);
    TRY(read_filter(one.filter, rule));
    out.push_back(std::move(rule));
  }
  return {};
}

Status check_together(const std::vector<NotificationRule>& rules, const FoundBucket& bucket) {
  if (rules.size() > kMostRules)
    return refused(fmt::format("A bucket has at most {} notification configurations.", kMostRules));
  std::set<std::string> ids;
  for (size_t i = 0; i < rules.size(); ++i) {
    if (!ids.insert(rules[i].id).second) return refused("Same ID used for multiple configurations. IDs must be unique");
    if (Arn::parse(rules[i].arn)->region != bucket.record.region)
      return refused("The notification destination service region is not valid for the bucket location constraint");
    for (size_t j = 0; j < i; ++j)
      if (overlap(rules[i], rules[j]))
        return refused(
            "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
            "overlapping for the same event type.");
  }
  return {};
}

Result<NotificationsRecord> settings_of(const NotificationConfiguration& in, const FoundBucket& bucket) {
  NotificationsRecord out{.rules = {}, .event_bridge = in.event_bridge_configuration.has_value()};
  TRY(read_rules(in.lambda_function_configurations, &LambdaFunctionConfiguration::lambda_function_arn, "lambda",
                 "CloudFunction", out.rules));
  TRY(read_rules(in.queue_configurations, &QueueConfiguration::queue_arn, "sqs", "Queue", out.rules));
  TRY(read_rules(in.topic_configurations, &TopicConfiguration::topic_arn, "sns", "Topic", out.rules));
  TRY(check_together(out.rules, bucket));
  return out;
}

// --- asking the targets -----------------------------------------------------------------------------------------------

// AWS: S3 User Guide, "Event message structure": queues and topics get a test message when they are named.
std::string test_event(const Call& call, const FoundBucket& bucket) {
  return Json::object({{"Service", "Amazon S3"},
                       {"Event", "s3:TestEvent"},
                       {"Time", iso8601_millis(call.now())},
                       {"Bucket", bucket.name},
                       {"RequestId", call.request_id()},
                       {"HostId", "tarn"}})
      .text();
}

// Whether the caller learns that there is no such queue or topic: S3 itself is refused by both.
bool is_missing(Call& call, const Arn& arn) {
  Caller asking = call.caller();
  asking.region = arn.region;
  if (arn.service == "sqs") {
    const auto found = call.door().call(
        asking, sqs::GetQueueUrlRequest{.queue_name = arn.resource, .queue_owner_aws_account_id = arn.account});
    return !found && found.error().code == "QueueDoesNotExist";
  }
  const auto found = call.door().call(asking, sns::GetTopicAttributesInput{.topic_arn = arn.text()});
  return !found && found.error().status == 404;
}

// Why the target cannot be told; empty: it can.
std::string obstacle(Call& call, const FoundBucket& bucket, const std::string& arn) {
  LaterCall asking = notification_call(bucket, arn, test_event(call, bucket));
  asking.request_id = call.request_id();
  const bool function = asking.service == "lambda";
  if (function) asking.input.set("InvocationType", "DryRun");
  const Status done = make_call(call.door(), asking);
  if (done) return {};
  // Recorded from AWS: also where there is no function.
  if (function) return fmt::format("Not authorized to invoke function [{}]", arn);
  const std::string kind = asking.service == "sqs" ? "queue" : "topic";
  if (is_missing(call, *Arn::parse(arn))) return fmt::format("The destination {} does not exist", kind);
  return fmt::format("Permissions on the destination {} do not allow S3 to publish notifications from this bucket",
                     kind);
}

Status ask_targets(Call& call, const FoundBucket& bucket, const std::vector<NotificationRule>& rules) {
  std::set<std::string> asked;
  ErrorMembers members;
  for (const NotificationRule& rule : rules) {
    if (!asked.insert(rule.arn).second) continue;
    const std::string why = obstacle(call, bucket, rule.arn);
    if (why.empty()) continue;
    const size_t number = members.size() / 2 + 1;
    // Recorded from AWS, which asks a function with something that it does not have.
    const bool function = Arn::parse(rule.arn)->service == "lambda";
    members.emplace_back(fmt::format("ArgumentName{}", number), rule.arn + (function ? ", null" : ""));
    members.emplace_back(fmt::format("ArgumentValue{}", number), why);
  }
  if (members.empty()) return {};
  return refuse(400, "InvalidArgument", "Unable to validate the following destination configurations",
                std::move(members));
}

// --- as they are shown ------------------------------------------------------------------------------------------------

template <class Configuration>
Configuration to_wire(const NotificationRule& rule, std::optional<std::string> Configuration::* arn) {
  Configuration out;
  out.id = rule.id;
  out.*arn = rule.arn;
  out.events = rule.events;
  if (!rule.prefix && !rule.suffix) return out;
  S3KeyFilter filter;
  // AWS: the names come back with a capital.
  if (rule.prefix) filter.filter_rules.push_back({.name = "Prefix", .value = *rule.prefix});
  if (rule.suffix) filter.filter_rules.push_back({.name = "Suffix", .value = *rule.suffix});
  out.filter = NotificationConfigurationFilter{.key = std::move(filter)};
  return out;
}

}  // namespace

Result<std::vector<Need>> put_bucket_notification_configuration_rights(
    S3&, Call& call, const PutBucketNotificationConfigurationRequest& in) {
  return rights_on_bucket(call, in, "s3:PutBucketNotification");
}

Result<PutBucketNotificationConfigurationOutput> put_bucket_notification_configuration(
    S3&, Call& call, const PutBucketNotificationConfigurationRequest& in) {
  Store& store = call.door().store();
  FoundBucket bucket;
  {
    const auto tx = store.read();
    Call reading(call.door(), call.caller(), tx.get(), call.now());
    bucket = TRY(find_bucket(reading, in));
  }
  const NotificationsRecord settings = TRY(settings_of(*in.notification_configuration, bucket));
  if (!in.skip_destination_validation.value_or(false)) TRY(ask_targets(call, bucket, settings.rules));
  const Sequence written = TRY(store.run([&](Transaction& tx) -> Status {
    Call writing(call.door(), call.caller(), &tx, call.now());
    const FoundBucket still = TRY(find_bucket(writing, in));
    if (still.record.id != bucket.record.id) return no_such_bucket(bucket.name);  // another one, under the old name
    if (settings.rules.empty() && !settings.event_bridge) return tx.erase(kNotifications, {bucket.record.id});
    return tx.put(kNotifications, {bucket.record.id}, settings);
  }));
  TRY(store.wait_synced(written));
  return PutBucketNotificationConfigurationOutput{};
}

Result<std::vector<Need>> get_bucket_notification_configuration_rights(
    S3&, Call& call, const GetBucketNotificationConfigurationRequest& in) {
  return rights_on_bucket(call, in, "s3:GetBucketNotification");
}

Result<NotificationConfiguration> get_bucket_notification_configuration(
    S3&, Call& call, const GetBucketNotificationConfigurationRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  const auto settings = TRY(call.get(kNotifications, {bucket.record.id}, Lock::kNone));
  NotificationConfiguration out;
  if (!settings) return out;
  for (const NotificationRule& rule : settings->rules) {
    const std::string service = Arn::parse(rule.arn)->service;
    if (service == "lambda")
      out.lambda_function_configurations.push_back(to_wire(rule, &LambdaFunctionConfiguration::lambda_function_arn));
    else if (service == "sqs")
      out.queue_configurations.push_back(to_wire(rule, &QueueConfiguration::queue_arn));
    else
      out.topic_configurations.push_back(to_wire(rule, &TopicConfiguration::topic_arn));
  }
  if (settings->event_bridge) out.event_bridge_configuration = EventBridgeConfiguration{};
  return out;
}

}  // namespace tarn::s3

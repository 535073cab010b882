#include "services/s3/notifications.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "door/arn.h"
#include "door/bus.h"
#include "door/door.h"
#include "door/event_envelope.h"
#include "services/s3/names.h"

namespace tarn::s3 {
namespace {

constexpr const char* kPrincipal = "s3.amazonaws.com";

// "s3:ObjectCreated:*" and "s3:ObjectCreated:Put" share an event; so does each with itself.
bool same_event(std::string_view a, std::string_view b) {
  if (a.ends_with(":*")) return b.starts_with(a.substr(0, a.size() - 1));
  if (b.ends_with(":*")) return same_event(b, a);
  return a == b;
}

// --- the record that functions, queues and topics get -----------------------------------------------------------------

bool is_about(const Happening& happening) {
  return happening.name.starts_with("ObjectTagging:") || happening.name.starts_with("ObjectAcl:");
}

bool is_removal(const Happening& happening) {
  return happening.name.starts_with("ObjectRemoved:") || happening.name.starts_with("LifecycleExpiration:");
}

// AWS: S3 User Guide, "Event message structure".
Json record_of(const Call& call, const FoundBucket& bucket, const Happening& happening, const std::string& sequencer) {
  Json object = Json::object({{"key", told_key(happening.key)}});
  const bool marker = happening.name.ends_with(":DeleteMarkerCreated");
  // AWS: what became of an object's tags or rights has neither its size nor a place in the order, and a version of its own.
  const bool about = is_about(happening);
  if (!about && !is_removal(happening)) object.set("size", happening.object.size);
  // Observed: a delete marker's is that of no bytes.
  if (marker)
    object.set("eTag", hex(md5("")));
  else if (!is_removal(happening))
    object.set("eTag", happening.object.etag);
  if (!happening.object.version_id.empty()) object.set("versionId", happening.object.version_id);
  if (!about) object.set("sequencer", sequencer);
  const Principal& who = call.principal();
  const std::string name = who.user_id.empty() ? who.arn : who.user_id;
  const bool service = who.kind == Principal::Kind::kService;  // that of lifecycle rules
  // The owner's "retail customer id": 14 letters, the same for the same account.
  const std::string owner = "A" + upper(hex(sha256("s3 owner " + bucket.record.owner)).substr(0, 13));
  return Json::object(
      {{"eventVersion", about ? "2.3" : "2.1"},
       {"eventSource", "aws:s3"},
       {"awsRegion", bucket.record.region},
       {"eventTime", iso8601_millis(call.now())},
       {"eventName", happening.name},
       {"userIdentity", Json::object({{"principalId", service ? name : "AWS:" + name}})},
       {"requestParameters", Json::object({{"sourceIPAddress", service ? name : call.caller().source_ip}})},
       {"responseElements", Json::object({{"x-amz-request-id", call.request_id()}, {"x-amz-id-2", "tarn"}})},
       {"s3", Json::object({{"s3SchemaVersion", "1.0"},
                            {"configurationId", ""},
                            {"bucket", Json::object({{"name", bucket.name},
                                                     {"ownerIdentity", Json::object({{"principalId", owner}})},
                                                     {"arn", bucket.arn()}})},
                            {"object", std::move(object)}})}});
}

// --- the event that EventBridge gets ----------------------------------------------------------------------------------

struct BridgeWords {
  std::string_view name, type, reason, deletion;
};
// AWS: S3 User Guide, "EventBridge event message structure".
constexpr BridgeWords kBridgeWords[] = {
    {"ObjectCreated:Put", "Object Created", "PutObject", ""},
    {"ObjectCreated:Copy", "Object Created", "CopyObject", ""},
    {"ObjectCreated:CompleteMultipartUpload", "Object Created", "CompleteMultipartUpload", ""},
    {"ObjectRemoved:Delete", "Object Deleted", "DeleteObject", "Permanently Deleted"},
    {"ObjectRemoved:DeleteMarkerCreated", "Object Deleted", "DeleteObject", "Delete Marker Created"},
    {"LifecycleExpiration:Delete", "Object Deleted", "Lifecycle Expiration", "Permanently Deleted"},
    {"LifecycleExpiration:DeleteMarkerCreated", "Object Deleted", "Lifecycle Expiration", "Delete Marker Created"},
    {"ObjectTagging:Put", "Object Tags Added", "", ""},
    {"ObjectTagging:Delete", "Object Tags Deleted", "", ""},
};

Status tell_event_bridge(Call& call, const FoundBucket& bucket, const Happening& happening,
                         const std::string& sequencer) {
  const auto* words = std::ranges::find(kBridgeWords, happening.name, &BridgeWords::name);
  if (words == std::end(kBridgeWords)) return {};
  Json object = Json::object({{"key", happening.key}});
  const bool about = is_about(happening);
  if (words->deletion.empty() && !about) object.set("size", happening.object.size);
  // AWS: of what is gone for good it is not told.
  if (words->deletion != "Permanently Deleted")
    object.set("etag", happening.object.etag.empty() ? hex(md5("")) : happening.object.etag);
  if (!happening.object.version_id.empty()) object.set("version-id", happening.object.version_id);
  if (!about) object.set("sequencer", sequencer);
  const Principal& who = call.principal();
  Json detail = Json::object({{"version", "0"},
                              {"bucket", Json::object({{"name", bucket.name}})},
                              {"object", std::move(object)},
                              {"request-id", call.request_id()},
                              {"requester", who.account.empty() ? who.arn : who.account}});
  if (!call.caller().source_ip.empty()) detail.set("source-ip-address", call.caller().source_ip);
  if (!words->reason.empty()) detail.set("reason", words->reason);
  if (!words->deletion.empty()) detail.set("deletion-type", words->deletion);
  return emit_service_event(call.door().outbox(), call.tx(),
                            {.source = "aws.s3",
                             .detail_type = std::string(words->type),
                             .account = bucket.record.owner,
                             .region = bucket.record.region,
                             .resources = {bucket.arn()},
                             .detail = std::move(detail)});
}

}  // namespace

// --- rules ------------------------------------------------------------------------------------------------------------

bool wants(const NotificationRule& rule, std::string_view event, std::string_view key) {
  return key.starts_with(rule.prefix.value_or("")) && key.ends_with(rule.suffix.value_or("")) &&
         std::ranges::any_of(rule.events, [&](const std::string& one) { return same_event(one, event); });
}

bool overlap(const NotificationRule& a, const NotificationRule& b) {
  const std::string prefix_a = a.prefix.value_or(""), prefix_b = b.prefix.value_or("");
  const std::string suffix_a = a.suffix.value_or(""), suffix_b = b.suffix.value_or("");
  if (!prefix_a.starts_with(prefix_b) && !prefix_b.starts_with(prefix_a)) return false;
  if (!suffix_a.ends_with(suffix_b) && !suffix_b.ends_with(suffix_a)) return false;
  return std::ranges::any_of(a.events, [&](const std::string& one) {
    return std::ranges::any_of(b.events, [&](const std::string& other) { return same_event(one, other); });
  });
}

// --- telling ----------------------------------------------------------------------------------------------------------

LaterCall notification_call(const FoundBucket& bucket, const std::string& arn, const std::string& message) {
  LaterCall out{.account = bucket.record.owner,
                .region = bucket.record.region,
                .principal = kPrincipal,
                .source_arn = bucket.arn(),
                .source_account = bucket.record.owner};
  const auto parsed = Arn::parse(arn);
  if (parsed->service == "lambda") {
    out.service = "lambda";
    out.operation = "Invoke";
    out.input = Json::object({{"FunctionName", arn}, {"InvocationType", "Event"}, {"Payload", message}});
  } else if (parsed->service == "sqs") {
    out.service = "sqs";
    out.operation = "SendMessage";
    out.input = Json::object({{"QueueUrl", queue_url_of(arn)}, {"MessageBody", message}});
  } else {
    out.service = "sns";
    out.operation = "Publish";
    out.input = Json::object({{"TopicArn", arn}, {"Subject", "Amazon S3 Notification"}, {"Message", message}});
  }
  return out;
}

Status tell(Call& call, const FoundBucket& bucket, const Happening& happening) {
  const auto settings = TRY(call.get(kNotifications, {bucket.record.id}, Lock::kNone));
  if (!settings) return {};
  // Orders the events of one key.
  const std::string sequencer = fmt::format("{:016X}", call.tx().store().next_id());
  if (settings->event_bridge) TRY(tell_event_bridge(call, bucket, happening, sequencer));
  const std::string event = fmt::format("s3:{}", happening.name);
  for (const NotificationRule& rule : settings->rules) {
    if (!wants(rule, event, happening.key)) continue;
    Json record = record_of(call, bucket, happening, sequencer);
    Json s3 = record["s3"];
    s3.set("configurationId", rule.id);
    record.set("s3", std::move(s3));
    const std::string message = Json::object({{"Records", Json::array({std::move(record)})}}).text();
    LaterCall telling = notification_call(bucket, rule.arn, message);
    telling.trace = call.caller().trace;
    TRY(call.door().outbox().enqueue(call.tx(), delivery_of(telling, rule.arn)));
  }
  return {};
}

}  // namespace tarn::s3

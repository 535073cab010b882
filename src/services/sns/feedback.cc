#include "services/sns/feedback.h"

#include <fmt/format.h>

#include <array>

#include "base/digest.h"
#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "gen/logs/events.h"
#include "gen/logs/groups.h"
#include "gen/logs/streams.h"
#include "os/random.h"

namespace tarn::sns {
namespace {

constexpr std::string_view kSuccessRole = "SuccessFeedbackRoleArn", kFailureRole = "FailureFeedbackRoleArn",
                           kSampleRate = "SuccessFeedbackSampleRate";

// The word that a protocol's attributes begin with.
std::string_view word_of(std::string_view protocol) {
  if (protocol == "lambda") return "Lambda";
  if (protocol == "sqs") return "SQS";
  return protocol.starts_with("http") ? "HTTP" : "";
}

std::string setting(const FoundTopic& topic, std::string_view word, std::string_view name) {
  const auto found = topic.record.settings.find(std::string(word) + std::string(name));
  return found == topic.record.settings.end() ? "" : found->second;
}

// ASSUMED: without a rate every success is told.
bool is_in_sample(const std::string& rate) {
  const int64_t percent = parse_int(rate).value_or(100);
  return static_cast<int64_t>(static_cast<unsigned char>(random_bytes(1)[0])) * 100 < percent * 256;
}

// "2016-01-04 02:28:03.712": AWS: "Amazon SNS mobile app attributes", its example.
std::string stamp(Time time) {
  const CivilTime at = civil(time);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}", at.year, at.month, at.day, at.hour, at.minute,
                     at.second, time.micros / 1000 % 1000);
}

// What the endpoint answered. ASSUMED: the members, as logs of AWS have been shown.
Json provider_response(const Json& report) {
  const std::string& protocol = report["of"]["protocol"].as_string();
  const Json *answer = report.find("answer"), *error = report.find("error");
  if (protocol == "http" || protocol == "https") return answer != nullptr ? *answer : (*error)["message"];
  const bool queue = protocol == "sqs";
  const char* request = queue ? "sqsRequestId" : "lambdaRequestId";
  Json told = Json::object();
  if (answer != nullptr) {
    told.set(request, report["requestId"]);
    if (queue) told.set("sqsMessageId", (*answer)["MessageId"]);
  } else {
    told.set("ErrorCode", (*error)["code"]);
    told.set("ErrorMessage", (*error)["message"]);
    told.set(request, "Unrecoverable");
  }
  return told.text();
}

int64_t status_code(const Json& report) {
  if (const Json* error = report.find("error"))  // of a refusal SQS and Lambda tell different ones by their protocols
    return (*error)["code"].as_string().starts_with("AccessDenied") ? 403 : (*error)["status"].as_int();
  return report["of"]["protocol"].as_string() == "lambda" ? 202 : 200;
}

Json log_entry(const Json& report) {
  const Json& of = report["of"];
  const Time published{of["published"].as_int()}, begun{report["begun"].as_int()};
  return Json::object({{"notification", Json::object({{"messageMD5Sum", of["md5"]},
                                                      {"messageId", of["messageId"]},
                                                      {"topicArn", of["topic"]},
                                                      {"timestamp", stamp(published)}})},
                       {"delivery", Json::object({{"deliveryId", of["deliveryId"]},
                                                  {"destination", of["endpoint"]},
                                                  {"providerResponse", provider_response(report)},
                                                  {"dwellTimeMs", (begun - published) / 1000},
                                                  {"attempts", report["attempts"]},
                                                  {"statusCode", status_code(report)}})},
                       {"status", report.find("error") != nullptr ? "FAILURE" : "SUCCESS"}});
}

// "sns/us-east-1/123456789012/topic", failures beside it. ASSUMED: the stream's name, a UUID, is the same for all of a topic.
std::string group_of(const Arn& topic, bool failure) {
  return fmt::format("sns/{}/{}/{}{}", topic.region, topic.account, topic.resource, failure ? "/Failure" : "");
}
std::string stream_of(const std::string& group) {
  const std::string digest = hex(sha256(group));
  return fmt::format("{}-{}-{}-{}-{}", digest.substr(0, 8), digest.substr(8, 4), digest.substr(12, 4),
                     digest.substr(16, 4), digest.substr(20, 12));
}

Status make_stream(Door& door, const Caller& role, const std::string& group, const std::string& stream) {
  (void)door.call(role, logs::CreateLogGroupRequest{.log_group_name = group});  // it may be there already
  const auto made = door.call(role, logs::CreateLogStreamRequest{.log_group_name = group, .log_stream_name = stream});
  if (made || made.error().code == "ResourceAlreadyExistsException") return {};
  return Failure(made.error());
}

Status write(Door& door, const Json& report) {
  const Json& of = report["of"];
  const auto topic = Arn::parse(of["topic"].as_string());
  if (!topic) return {};
  const bool failure = report.find("error") != nullptr;
  Caller service;
  service.region = topic->region;
  service.source_arn = of["topic"].as_string();
  service.source_account = topic->account;
  service.request_id = uuid4();
  const Caller role = TRY(door.assume_as_service(service, of[failure ? "failureRole" : "successRole"].as_string(),
                                                 kPrincipal, "sns"));
  const std::string group = group_of(*topic, failure), stream = stream_of(group);
  logs::PutLogEventsRequest put{.log_group_name = group, .log_stream_name = stream};
  put.log_events.push_back({.timestamp = door.clock().now().micros / 1000, .message = log_entry(report).text()});
  const auto done = door.call(role, put);
  if (done) return {};
  if (done.error().code != "ResourceNotFoundException") return Failure(done.error());
  TRY(make_stream(door, role, group, stream));
  TRY(door.call(role, put));
  return {};
}

}  // namespace

bool is_feedback_attribute(std::string_view name) {
  return name.ends_with("FeedbackRoleArn") || name.ends_with("FeedbackSampleRate");
}

Status check_feedback_attribute(std::string_view name, std::string_view value) {
  constexpr std::array<std::string_view, 3> kWords{"HTTP", "Lambda", "SQS"},
      kEnds{kSuccessRole, kFailureRole, kSampleRate};
  bool known = false;
  for (const std::string_view end : kEnds)
    for (const std::string_view word : kWords) known |= name == std::string(word) + std::string(end);
  if (!known && (name.starts_with("Application") || name.starts_with("Firehose")))
    return invalid(fmt::format("AttributeName Reason: {} is not supported by this server.", name));
  if (!known) return invalid("AttributeName");
  if (value.empty()) return {};
  if (name.ends_with(kSampleRate)) {
    const auto rate = parse_int(value);
    if (rate && *rate >= 0 && *rate <= 100) return {};
    return invalid(fmt::format("Attributes Reason: {}: must be an integer from 0 to 100.", name));
  }
  const auto arn = Arn::parse(value);
  if (arn && arn->service == "iam" && arn->resource.starts_with("role/")) return {};
  return invalid(fmt::format("Attributes Reason: {}: '{}' is no role's ARN.", name, value));
}

std::optional<CallReport> feedback_of(const FoundTopic& topic, const Notification& notification,
                                      std::string_view protocol, const std::string& endpoint) {
  if (topic.record.settings.empty()) return std::nullopt;
  const std::string_view word = word_of(protocol);
  const std::string success = setting(topic, word, kSuccessRole), failure = setting(topic, word, kFailureRole);
  CallReport report{.type = kFeedback, .target = notification.topic_arn, .of = {}};
  report.of_success = !success.empty() && is_in_sample(setting(topic, word, kSampleRate));
  report.of_failure = !failure.empty();
  if (!report.of_success && !report.of_failure) return std::nullopt;
  report.of = Json::object({{"topic", notification.topic_arn},
                            {"protocol", protocol},
                            {"endpoint", endpoint},
                            {"messageId", notification.id},
                            {"md5", hex(md5(notification.text_for(protocol)))},
                            {"published", notification.time.micros},
                            {"deliveryId", uuid4()},
                            {"successRole", report.of_success ? success : ""},
                            {"failureRole", failure}});
  return report;
}

NewDelivery feedback_delivery(const Json& of, Time begun, int64_t attempts, const char* end, Json what) {
  const Json payload =
      Json::object({{"of", of}, {"begun", begun.micros}, {"attempts", attempts}, {end, std::move(what)}});
  return {.type = kFeedback, .target = of["topic"].as_string(), .payload = payload.text()};
}

void Sns::serve_feedback() {
  door.outbox().deliver_to(kFeedback, {.deliver = [this](const Delivery& delivery) -> Status {
                                         return write(door, TRY(Json::parse(delivery.payload)));
                                       },
                                       .may_pass = may_pass});
}

}  // namespace tarn::sns

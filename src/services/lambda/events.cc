// Asynchronous calls: deliveries of the outbox that are begun side by side, tried again on tarn's clock, and told to their
// destination at the end. AWS: Developer Guide, "Invoking a Lambda function asynchronously" and its pages on errors and
// records.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "door/arn.h"
#include "door/bus.h"
#include "door/door.h"
#include "os/random.h"
#include "services/lambda/lambda.h"

namespace tarn::lambda {
namespace {

constexpr const char* kDelivery = "lambda";
constexpr int32_t kRetries = 2;
constexpr int32_t kSeconds = 6 * 3600;
constexpr Micros kMostPause = 5 * kMinute;  // between tries of a call that is throttled
constexpr size_t kMostSideBySide = 64;      // of all functions: each has a process of its own
constexpr size_t kMostErrorMessage = 1024;  // of a dead letter's attribute

// An accepted call, as it lies in its delivery.
struct EventCall {
  std::string function, qualifier, payload, request_id, trace;
  Time accepted;
  int64_t failures = 0;   // errors of the function
  int64_t throttled = 0;  // how often it did not get to run

  Json json() const {
    return Json::object({{"function", function},
                         {"qualifier", qualifier},
                         {"payload", payload},
                         {"requestId", request_id},
                         {"trace", trace},
                         {"accepted", accepted.micros},
                         {"failures", failures},
                         {"throttled", throttled}});
  }
  static Result<EventCall> parse(const std::string& text) {
    const Json json = TRY(Json::parse(text));
    return EventCall{.function = json["function"].as_string(),
                     .qualifier = json["qualifier"].as_string(),
                     .payload = json["payload"].as_string(),
                     .request_id = json["requestId"].as_string(),
                     .trace = json["trace"].as_string(),
                     .accepted = Time{json["accepted"].as_int()},
                     .failures = json["failures"].as_int(),
                     .throttled = json["throttled"].as_int()};
  }
  std::string target() const { return qualifier.empty() ? function : function + ":" + qualifier; }
  NewDelivery delivery(Micros delay) const {
    return {.type = kDelivery, .target = target(), .payload = json().text(), .give_up_after = kDay, .delay = delay};
  }
};

// One try.
struct Attempt {
  EventCall call;
  Settle settle;
  Found found = {};
  EventConfigRecord config = {};
  Time now = {};

  Micros most_age() const { return config.seconds.value_or(kSeconds) * kSecond; }
};

// --- what is told -------------------------------------------------------------------------------------------------------

Json parsed(const std::string& text) {
  auto json = Json::parse(text);
  return json ? std::move(*json) : Json(text);
}

// AWS: Developer Guide, "Capturing records of Lambda asynchronous invocations".
Json record_of(const Attempt& attempt, std::string_view condition, const Result<InvocationResult>* result) {
  const EventCall& call = attempt.call;
  const bool ran = result != nullptr && result->has_value();
  const int64_t runs = call.failures + (condition == "Success" ? 1 : 0);
  Json record =
      Json::object({{"version", "1.0"},
                    {"timestamp", iso8601_millis(attempt.now)},
                    {"requestContext",
                     Json::object({{"requestId", call.request_id},
                                   {"functionArn", call.qualifier.empty() ? call.function + ":$LATEST" : call.target()},
                                   {"condition", condition},
                                   {"approximateInvokeCount", runs}})},
                    {"requestPayload", parsed(call.payload)}});
  if (!ran) return record;
  Json response = Json::object({{"statusCode", 200}, {"executedVersion", version_text(attempt.found.version)}});
  if (!(*result)->error.empty()) response.set("functionError", (*result)->error);
  record.set("responseContext", std::move(response));
  record.set("responsePayload", parsed((*result)->payload));
  return record;
}

// A call as the function's role.
LaterCall call_as_function(const Attempt& attempt, const Arn& target, std::string service, std::string operation,
                           Json input) {
  const FunctionKey& key = attempt.found.name.key;
  return {.service = std::move(service),
          .operation = std::move(operation),
          .input = std::move(input),
          .account = key.account,
          .region = target.region.empty() ? key.region : target.region,
          .principal = "lambda.amazonaws.com",
          .role_arn = attempt.found.record.role,
          .source_arn = attempt.found.name.arn(),
          .source_account = key.account};
}

std::string object_key(const Attempt& attempt) {
  const CivilTime at = civil(attempt.now);
  return fmt::format("aws/lambda/async/{}/{:04}/{:02}/{:02}/{:04}-{:02}-{:02}T{:02}.{:02}.{:02}-{}",
                     attempt.found.name.key.name, at.year, at.month, at.day, at.year, at.month, at.day, at.hour,
                     at.minute, at.second, uuid4());
}

NewDelivery to_destination(const Attempt& attempt, const std::string& destination, const Json& record, bool success) {
  const Arn arn = *Arn::parse(destination);  // is_destination() has seen it
  const auto send = [&](const char* service, const char* operation, Json input) {
    return delivery_of(call_as_function(attempt, arn, service, operation, std::move(input)), destination);
  };
  if (arn.service == "sqs")
    return send("sqs", "SendMessage",
                Json::object({{"QueueUrl", queue_url_of(destination)}, {"MessageBody", record.text()}}));
  if (arn.service == "sns")
    return send("sns", "Publish", Json::object({{"TopicArn", destination}, {"Message", record.text()}}));
  if (arn.service == "lambda")
    return send("lambda", "Invoke",
                Json::object({{"FunctionName", destination}, {"InvocationType", "Event"}, {"Payload", record.text()}}));
  if (arn.service == "s3")
    return send("s3", "PutObject",
                Json::object({{"Bucket", arn.resource}, {"Key", object_key(attempt)}, {"Body", record.text()}}));
  return send(
      "events", "PutEvents",
      Json::object({{"Entries", Json::array({Json::object(
                                    {{"EventBusName", destination},
                                     {"Source", "lambda"},
                                     {"DetailType", success ? "Lambda Function Invocation Result - Success"
                                                            : "Lambda Function Invocation Result - Failure"},
                                     {"Resources", Json::array({record["requestContext"]["functionArn"], destination})},
                                     {"Detail", record.text()}})})}}));
}

// The event itself, and why. AWS: "Adding a dead-letter queue".
NewDelivery to_dead_letters(const Attempt& attempt, const std::string& target, const Result<InvocationResult>* result) {
  const Arn arn = *Arn::parse(target);
  int status = 200;
  std::string message;
  if (result != nullptr && result->has_value()) {
    message = parsed((*result)->payload)["errorMessage"].as_string();
  } else if (result != nullptr) {
    status = result->error().status;
    message = result->error().message;
  }
  const auto attribute = [](const char* type, std::string value) {
    return Json::object({{"DataType", type}, {"StringValue", std::move(value)}});
  };
  Json attributes = Json::object({{"RequestID", attribute("String", attempt.call.request_id)},
                                  {"ErrorCode", attribute("Number", std::to_string(status))}});
  if (!message.empty()) attributes.set("ErrorMessage", attribute("String", message.substr(0, kMostErrorMessage)));
  const bool queue = arn.service == "sqs";
  Json input = queue ? Json::object({{"QueueUrl", queue_url_of(target)}, {"MessageBody", attempt.call.payload}})
                     : Json::object({{"TopicArn", target}, {"Message", attempt.call.payload}});
  input.set("MessageAttributes", std::move(attributes));
  return delivery_of(
      call_as_function(attempt, arn, queue ? "sqs" : "sns", queue ? "SendMessage" : "Publish", std::move(input)),
      target);
}

// --- how a try ends -----------------------------------------------------------------------------------------------------

void settle_with(Lambda& lambda, Attempt& attempt, std::vector<NewDelivery> deliveries) {
  if (deliveries.empty()) return attempt.settle({});
  attempt.settle([&lambda, deliveries = std::move(deliveries)](Transaction& tx) -> Status {
    for (const NewDelivery& delivery : deliveries) TRY(lambda.door.outbox().enqueue(tx, delivery));
    return {};
  });
}

void give_up(Lambda& lambda, Attempt& attempt, std::string_view condition, const Result<InvocationResult>* result) {
  // The owner's destinations are told as the function's role, whose rights may be what is missing.
  lambda.note(fmt::format("asynchronous call {} of {}: given up ({}){}", attempt.call.request_id, attempt.call.target(),
                          condition, result == nullptr || *result ? "" : ": " + result->error().message));
  std::vector<NewDelivery> told;
  if (!attempt.config.on_failure.empty())
    told.push_back(to_destination(attempt, attempt.config.on_failure, record_of(attempt, condition, result), false));
  if (const std::string& target = attempt.found.record.dead_letter_target; !target.empty())
    told.push_back(to_dead_letters(attempt, target, result));
  settle_with(lambda, attempt, std::move(told));
}

void conclude(Lambda& lambda, Attempt& attempt, const Result<InvocationResult>& result) {
  attempt.now = lambda.door.clock().now();
  if (result && result->error.empty()) {
    std::vector<NewDelivery> told;
    if (!attempt.config.on_success.empty())
      told.push_back(to_destination(attempt, attempt.config.on_success, record_of(attempt, "Success", &result), true));
    return settle_with(lambda, attempt, std::move(told));
  }
  // ASSUMED: the condition's word.
  if (!result && result.error().code == kRecursion) return give_up(lambda, attempt, "RecursiveInvocation", &result);
  Micros pause;
  if (result) {
    ++attempt.call.failures;
    if (attempt.call.failures > attempt.config.retries.value_or(kRetries))
      return give_up(lambda, attempt, "RetriesExhausted", &result);
    pause = attempt.call.failures * kMinute;
  } else {
    // Throttled, or a fault of ours: no try at all.
    pause = std::min(kMostPause, kSecond << std::min<int64_t>(attempt.call.throttled++, 10));
  }
  if (attempt.now + pause > attempt.call.accepted + attempt.most_age())
    return give_up(lambda, attempt, "EventAgeExceeded", &result);
  settle_with(lambda, attempt, {attempt.call.delivery(pause)});
}

// The function and its settings as they are now. A version of an alias is chosen for each try.
Status look_up(Lambda& lambda, Attempt& attempt) {
  const auto tx = lambda.door.store().read();
  Caller anyone;
  if (const auto arn = Arn::parse(attempt.call.function)) anyone.region = arn->region;
  Call call(lambda.door, anyone, tx.get(), lambda.door.clock().now());
  attempt.now = call.now();
  const std::string& qualifier = attempt.call.qualifier;
  attempt.found = TRY(find_called(
      call,
      TRY(function_name(call, attempt.call.function, qualifier.empty() ? OptionalText() : OptionalText(qualifier)))));
  const EventConfigKey key{attempt.found.function.id, qualifier.empty() ? "$LATEST" : qualifier};
  attempt.config = TRY(call.get(kEventConfigs, key, Lock::kNone)).value_or(EventConfigRecord{});
  return {};
}

void begin(Lambda& lambda, const Delivery& delivery, Settle settle) {
  auto call = EventCall::parse(delivery.payload);
  if (!call) return settle({});
  auto attempt = std::make_shared<Attempt>(std::move(*call), std::move(settle));
  if (const Status there = look_up(lambda, *attempt); !there) {
    if (there.error().status == 404) return attempt->settle({});  // it is gone, and its calls with it
    return conclude(lambda, *attempt, Failure(there.error()));
  }
  if (attempt->now > attempt->call.accepted + attempt->most_age())
    return give_up(lambda, *attempt, "EventAgeExceeded", nullptr);
  // AWS: "Configuring reserved concurrency": with none at all events go to the destination at once.
  if (attempt->found.function.reserved_concurrency == 0)
    return give_up(lambda, *attempt, "ZeroReservedConcurrency", nullptr);
  const Found& found = attempt->found;
  lambda.environments.invoke(
      program_of(found),
      {.request_id = attempt->call.request_id,
       .arn = found.name.qualified_arn(),
       .payload = attempt->call.payload,
       .client_context = {},
       .trace = attempt->call.trace},
      [&lambda, attempt](const Result<InvocationResult>& result) { conclude(lambda, *attempt, result); });
}

}  // namespace

Status accept_event(Lambda& lambda, const Found& found, const std::string& payload, const Caller& caller) {
  const EventCall call{.function = found.name.arn(),
                       .qualifier = found.name.qualifier,
                       .payload = payload,
                       .request_id = caller.request_id,
                       .trace = caller.trace,
                       .accepted = lambda.door.clock().now()};
  return lambda.door.store().wait_synced(TRY(
      lambda.door.store().run([&](Transaction& tx) { return lambda.door.outbox().enqueue(tx, call.delivery(0)); })));
}

void start_events(Lambda& lambda) {
  lambda.door.outbox().deliver_to(
      kDelivery,
      {.deliver = {},
       .begin = [&lambda](const Delivery& delivery, Settle settle) { begin(lambda, delivery, std::move(settle)); },
       .most_begun = kMostSideBySide});
}

bool is_destination(const std::string& arn, bool failure) {
  static constexpr std::string_view kServices[] = {"sqs", "sns", "lambda", "events"};
  const auto parsed = Arn::parse(arn);
  const bool known = parsed && (std::ranges::find(kServices, parsed->service) != std::end(kServices) ||
                                (failure && parsed->service == "s3"));
  return known && !arn.ends_with(".fifo");  // AWS: Developer Guide: a standard queue or topic
}

}  // namespace tarn::lambda

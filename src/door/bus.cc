#include "door/bus.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "door/arn.h"
#include "door/call_log.h"
#include "door/door.h"
#include "wire/json_codec.h"

namespace tarn {
namespace {

constexpr const char* kType = "call";
constexpr size_t kMostAttributes = 10;  // AWS: SQS, SendMessage
constexpr std::string_view kScheduler = "scheduler.amazonaws.com", kEvents = "events.amazonaws.com";

// --- bytes that are no text --------------------------------------------------------------------------------------------

// They lie in the delivery as {"bytes": base64}: JSON text has no other place for them.
bool is_text(const Json& value) {
  if (value.is_string()) return valid_utf8(value.as_string());
  return std::ranges::all_of(value.items(), is_text) &&
         std::ranges::all_of(value.members(), [](const auto& member) { return is_text(member.second); });
}

Json packed(const Json& value) {
  if (value.is_string() && !is_text(value)) return Json::object({{"bytes", base64(value.as_string())}});
  if (!value.is_array() && !value.is_object()) return value;
  Json out = value.is_array() ? Json::array() : Json::object();
  for (const Json& item : value.items()) out.push(packed(item));
  for (const auto& [name, member] : value.members()) out.set(name, packed(member));
  return out;
}

Json unpacked(const Json& value) {
  if (!value.is_array() && !value.is_object()) return value;
  if (const Json* bytes = value.find("bytes"); bytes != nullptr && value.size() == 1)
    return Json(unbase64(bytes->as_string()).value_or(""));
  Json out = value.is_array() ? Json::array() : Json::object();
  for (const Json& item : value.items()) out.push(unpacked(item));
  for (const auto& [name, member] : value.members()) out.set(name, unpacked(member));
  return out;
}

// --- how a call lies in its delivery ------------------------------------------------------------------------------------

Json to_json(const LaterCall& call) {
  Json json = Json::object({{"service", call.service},
                            {"operation", call.operation},
                            {"input", is_text(call.input) ? call.input : packed(call.input)},
                            {"account", call.account},
                            {"region", call.region},
                            {"principal", call.principal},
                            {"roleArn", call.role_arn},
                            {"sourceArn", call.source_arn},
                            {"cause", call.cause},
                            {"sourceAccount", call.source_account},
                            {"requestId", call.request_id}});
  if (!call.trace.empty()) json.set("trace", call.trace);
  if (!is_text(call.input)) json.set("packed", true);
  if (call.dead_letter) {
    Json attributes = Json::object();
    for (const auto& [name, value] : call.dead_letter->attributes) attributes.set(name, value);
    json.set("deadLetter", Json::object({{"queue", call.dead_letter->queue_arn},
                                         {"body", call.dead_letter->body},
                                         {"attributes", std::move(attributes)},
                                         {"explain", call.dead_letter->explain},
                                         {"byRole", call.dead_letter->by_role}}));
  }
  if (call.report)
    json.set("report", Json::object({{"type", call.report->type},
                                     {"target", call.report->target},
                                     {"of", call.report->of},
                                     {"ofSuccess", call.report->of_success},
                                     {"ofFailure", call.report->of_failure}}));
  return json;
}

// AWS: Scheduler User Guide, "Adding context attributes": a schedule's input may tell which attempt it is.
std::string with_attempt(std::string payload, int attempt) {
  return replace_all(std::move(payload), "<aws.scheduler.attempt-number>", std::to_string(attempt));
}

Result<LaterCall> later_call(const Delivery& delivery, int attempt) {
  Json json = TRY(Json::parse(delivery.payload));
  if (json["principal"].as_string() == kScheduler) json = TRY(Json::parse(with_attempt(delivery.payload, attempt)));
  LaterCall call{.service = json["service"].as_string(),
                 .operation = json["operation"].as_string(),
                 .input = json["packed"].as_bool() ? unpacked(json["input"]) : json["input"],
                 .account = json["account"].as_string(),
                 .region = json["region"].as_string(),
                 .principal = json["principal"].as_string(),
                 .role_arn = json["roleArn"].as_string(),
                 .source_arn = json["sourceArn"].as_string(),
                 .cause = json["cause"].as_string(),
                 .source_account = json["sourceAccount"].as_string(),
                 .request_id = json["requestId"].as_string(),
                 .trace = json["trace"].as_string()};
  if (call.request_id.empty()) call.request_id = delivery.id;
  if (const Json* letter = json.find("deadLetter")) {
    call.dead_letter = DeadLetter{.queue_arn = (*letter)["queue"].as_string(),
                                  .body = (*letter)["body"].as_string(),
                                  .explain = (*letter)["explain"].as_bool(),
                                  .by_role = (*letter)["byRole"].as_bool()};
    for (const auto& [name, value] : (*letter)["attributes"].members())
      call.dead_letter->attributes[name] = value.as_string();
  }
  if (const Json* report = json.find("report"))
    call.report = CallReport{.type = (*report)["type"].as_string(),
                             .target = (*report)["target"].as_string(),
                             .of = (*report)["of"],
                             .of_success = (*report)["ofSuccess"].as_bool(),
                             .of_failure = (*report)["ofFailure"].as_bool()};
  return call;
}

// --- making one ---------------------------------------------------------------------------------------------------------

// "Redshift Data", "redshift-data" and "redshiftdata" are one service. Asked for each call: it makes no text.
bool same_letters(std::string_view a, std::string_view b) {
  const auto next = [](std::string_view& text) {  // its next letter or digit, '\0' at the end
    while (!text.empty()) {
      const unsigned char c = static_cast<unsigned char>(text.front());
      text.remove_prefix(1);
      if (std::isalnum(c)) return std::tolower(c);
    }
    return 0;
  };
  while (true) {
    const int from_a = next(a), from_b = next(b);
    if (from_a != from_b) return false;
    if (from_a == 0) return true;
  }
}

Result<const wire::Operation*> operation_of(const Door& door, const LaterCall& call) {
  for (const wire::Service* one : door.services()) {
    const std::string_view names[] = {one->name, one->id, one->signing_name, one->endpoint_prefix};
    if (std::ranges::none_of(names, [&](std::string_view name) { return same_letters(name, call.service); })) continue;
    for (const wire::Operation& answered : one->operations)
      if (same_letters(answered.name, call.operation)) return &answered;
  }
  return fail(400, "UnknownOperationException",
              fmt::format("{}:{} is not answered by this server.", call.service, call.operation));
}

Result<Caller> caller_of(Door& door, const LaterCall& call) {
  Caller caller{.principal = {.kind = Principal::Kind::kService, .arn = call.principal},
                .region = call.region,
                .request_id = call.request_id,
                .source_ip = {},
                .user_agent = call.principal,
                .host = {},
                .source_arn = call.source_arn,
                .source_account = call.source_account,
                .called_via = {},
                .trace = call.trace};
  if (call.role_arn.empty()) return caller;
  const std::string session_name = call.principal.substr(0, call.principal.find('.'));
  return door.assume_as_service(caller, call.role_arn, call.principal, session_name);
}

Result<wire::Any> execute_with_body(Door& door, const Caller& caller, const wire::Operation& operation,
                                    const LaterCall& call, const void* in, Sequence& seen) {
  std::string bytes;  // of the streamed member, which travels beside the input's structure
  for (const auto& [name, value] : call.input.members())
    if (same_letters(name, operation.streaming_input)) bytes = value.is_string() ? value.as_string() : value.text();
  const StagedBody body = TRY(door.blobs().stage(bytes));
  auto answered = door.execute(caller, operation, in, body);
  seen = answered.seen;
  return std::move(answered.result);
}

Result<wire::Any> execute(Door& door, const wire::Operation& operation, const LaterCall& call, Sequence& seen) {
  if (operation.form == wire::Form::kBodyOut || operation.form == wire::Form::kEvents)
    return fail(
        400, "UnsupportedOperation",
        fmt::format("{}:{} answers with a stream: it cannot be called by a service.", call.service, call.operation));
  wire::Any in(*operation.input);
  TRY(wire::read_parameters(*operation.input, call.input, in.get()));
  const Caller caller = TRY(caller_of(door, call));
  if (operation.form == wire::Form::kBodyIn) return execute_with_body(door, caller, operation, call, in.get(), seen);
  auto answered = door.execute(caller, operation, in.get());
  seen = answered.seen;
  return std::move(answered.result);
}

NewDelivery report_of(const LaterCall& call, Time begun, int attempts, const char* end, Json what) {
  const Json payload = Json::object({{"of", call.report->of},
                                     {"requestId", call.request_id},
                                     {"begun", begun.micros},
                                     {"attempts", attempts},
                                     {end, std::move(what)}});
  return {.type = call.report->type, .target = call.report->target, .payload = payload.text()};
}

// A delivery's call does not wait for the disk: the delivery goes in a later commit of the same log, so that a crash that
// loses what the call wrote brings the delivery back. Nor does what caused it, where the call is one commit into the store.
Status deliver(Door& door, const LaterCall& call, int attempts) {
  const wire::Operation* operation = TRY(operation_of(door, call));
  if (operation->form != wire::Form::kWrite) TRY(door.store().wait_synced(door.store().latest()));
  const Time begun = door.clock().now();
  Sequence seen = 0;
  const wire::Any answer = TRY(execute(door, *operation, call, seen));
  if (!call.report || !call.report->of_success) return {};
  std::string text;
  wire::write_json(text, *operation->output, answer.get());
  const NewDelivery report = report_of(call, begun, attempts, "answer", TRY(Json::parse(text)));
  TRY(door.store().run([&](Transaction& tx) { return door.outbox().enqueue(tx, report); }));
  return {};
}

// --- giving up ----------------------------------------------------------------------------------------------------------

Json attribute(std::string_view type, std::string_view value) {
  return Json::object({{"DataType", type}, {"StringValue", value}});
}

// AWS: EventBridge User Guide, "Using dead-letter queues to process undelivered events": the codes that it lists.
// ASSUMED: which of a target's errors comes to which.
std::string event_error(const Error& error) {
  const auto tells = [&error](std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words,
                               [&](std::string_view word) { return error.code.find(word) != std::string::npos; });
  };
  if (error.status == 403 && error.message.find("sts:AssumeRole") != std::string::npos) return "FAILED_TO_ASSUME_ROLE";
  if (error.status == 403 || tells({"AccessDenied", "NotAuthorized"})) return "NO_PERMISSIONS";
  if (tells({"ApiDestinationError"})) return "ERROR_FROM_TARGET";
  if (error.status == 404 || tells({"NotFound", "NonExistent", "NoSuch", "UnknownOperation"})) return "NO_RESOURCE";
  if (error.status == 429 || tells({"Throttl", "TooManyRequests", "SlowDown"})) return "THROTTLING";
  if (tells({"LimitExceeded"})) return "RESOURCE_LIMIT_EXCEEDED";
  if (tells({"AlreadyExists"})) return "RESOURCE_ALREADY_EXISTS";
  if (tells({"TimedOut"})) return "TIMEOUT";
  if (tells({"Unreachable"})) return "CONNECTION_FAILURE";
  if (tells({"Serialization", "InvalidRequestContent"})) return "INVALID_JSON";
  if (error.status >= 500) return "INTERNAL_ERROR";
  return "INVALID_PARAMETER";
}

Status bury(Door& door, Transaction& tx, const Delivery& delivery, const Error& error) {
  LaterCall call = TRY(later_call(delivery, std::max(1, delivery.attempts)));
  if (call.report && call.report->of_failure) {
    Json what = Json::object({{"status", error.status}, {"code", error.code}, {"message", error.message}});
    TRY(door.outbox().enqueue(tx, report_of(call, door.clock().now(), delivery.attempts, "error", std::move(what))));
  }
  if (!call.dead_letter) return {};
  const DeadLetter letter = std::move(*call.dead_letter);
  Json attributes = Json::object();
  for (const auto& [name, value] : letter.attributes) attributes.set(name, attribute("String", value));
  if (letter.explain) {
    // AWS: EventBridge User Guide, "Using dead-letter queues to process undelivered events".
    attributes.set("ERROR_CODE", attribute("String", call.principal == kEvents ? event_error(error) : error.code));
    attributes.set("ERROR_MESSAGE", attribute("String", error.message.empty() ? error.code : error.message));
    attributes.set("RETRY_ATTEMPTS", attribute("Number", std::to_string(std::max(0, delivery.attempts - 1))));
    if (may_pass(error))
      attributes.set("EXHAUSTED_RETRY_CONDITION",
                     attribute("String", delivery.attempts >= delivery.max_attempts ? "MaximumRetryAttempts"
                                                                                    : "MaximumEventAgeInSeconds"));
  }
  // What a topic would have sent as it was published keeps its attributes, as many as a message may have.
  const Json own = call.service == "sqs" && !letter.explain ? call.input["MessageAttributes"] : Json();
  if (own.is_object() && own.size() <= kMostAttributes) attributes = own;
  call.service = "sqs";
  call.operation = "SendMessage";
  call.input = Json::object({{"QueueUrl", queue_url_of(letter.queue_arn)}, {"MessageBody", letter.body}});
  if (attributes.size() > 0) call.input.set("MessageAttributes", std::move(attributes));
  if (letter.queue_arn.ends_with(".fifo")) {
    call.input.set("MessageGroupId", delivery.id);
    call.input.set("MessageDeduplicationId", delivery.id);
  }
  if (const auto arn = Arn::parse(letter.queue_arn)) call.region = arn->region;
  if (!letter.by_role) call.role_arn.clear();
  call.dead_letter.reset();
  call.report.reset();
  return door.outbox().enqueue(tx, delivery_of(call, letter.queue_arn));
}

}  // namespace

NewDelivery delivery_of(const LaterCall& call, std::string target, const RetryPolicy& retry) {
  return {.type = kType,
          .target = std::move(target),
          .payload = to_json(call).text(),
          .give_up_after = retry.give_up_after,
          .max_attempts = retry.max_attempts,
          .delay = retry.delay};
}

Status make_call(Door& door, const LaterCall& call) {
  const wire::Operation* operation = TRY(operation_of(door, call));
  Sequence seen = 0;
  const Result<wire::Any> answer = execute(door, *operation, call, seen);
  TRY(door.store().wait_synced(seen));
  if (!answer) return Failure(answer.error());
  return {};
}

bool may_pass(const Error& error) {
  static constexpr std::string_view kPassing[] = {"Throttl", "TooManyRequests", "SlowDown", "LimitExceeded",
                                                  "Unavailable"};
  return error.status >= 500 || error.status == 429 || std::ranges::any_of(kPassing, [&](std::string_view word) {
           return error.code.find(word) != std::string::npos;
         });
}

void start_bus(Door& door, CallLog& log) {
  door.outbox().deliver_to(
      kType, {.deliver = [&door, &log](const Delivery& delivery) -> Status {
                const LaterCall call = TRY(later_call(delivery, delivery.attempts + 1));
                Status done = deliver(door, call, delivery.attempts + 1);
                const Error error = done ? Error{} : done.error();
                log.add({door.clock().now(), call.account, call.cause.empty() ? call.source_arn : call.cause,
                         delivery.target, call.service + ":" + call.operation, call.request_id, error.code,
                         error.message, delivery.attempts + 1});
                return done;
              },
              .may_pass = may_pass,
              .gave_up = [&door](Transaction& tx, const Delivery& delivery,
                                 const Error& error) { return bury(door, tx, delivery, error); },
              .after_sync = false});
}

std::string queue_url_of(std::string_view queue_arn) {
  const auto arn = Arn::parse(queue_arn);
  if (!arn) return std::string(queue_arn);  // refused by the operation, by that name
  return fmt::format("https://sqs.{}.amazonaws.com/{}/{}", arn->region, arn->account, arn->resource);
}

}  // namespace tarn

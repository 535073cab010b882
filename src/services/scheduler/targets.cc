#include "services/scheduler/targets.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "door/arn.h"
#include "services/scheduler/scheduler.h"

namespace tarn::scheduler {
namespace {

constexpr size_t kMostInput = 256 << 10;  // AWS: Target, "Input"
constexpr std::string_view kUniversal = "arn:aws:scheduler:::aws-sdk:";

// AWS: Scheduler User Guide, "Using universal targets": operations that only read are not called.
constexpr std::string_view kReading[] = {"get",
                                         "describe",
                                         "list",
                                         "poll",
                                         "receive",
                                         "search",
                                         "scan",
                                         "query",
                                         "select",
                                         "read",
                                         "lookup",
                                         "discover",
                                         "validate",
                                         "batchget",
                                         "batchdescribe",
                                         "batchread",
                                         "transactget",
                                         "adminget",
                                         "adminlist",
                                         "testmigration",
                                         "retrieve",
                                         "testconnection",
                                         "translatedocument",
                                         "isauthorized",
                                         "invokemodel"};

struct Universal {
  std::string_view service, operation;
};

std::optional<Universal> universal(std::string_view arn) {
  if (!arn.starts_with(kUniversal)) return std::nullopt;
  arn.remove_prefix(kUniversal.size());
  const size_t colon = arn.find(':');
  if (colon == std::string_view::npos) return Universal{arn, {}};
  return Universal{arn.substr(0, colon), arn.substr(colon + 1)};
}

Failure not_correct(const std::string& arn) {
  return invalid(fmt::format("Provided Arn is not in correct format: {}", arn));
}

Status check_json(const TargetRecord& target) {
  if (!target.input) return {};
  if (const auto json = Json::parse(*target.input); !json)
    return invalid(fmt::format("The Input of a target {} must be JSON: {}", target.arn, json.error().message));
  return {};
}

Status check_universal(const TargetRecord& target, const Universal& call) {
  if (call.service.empty() || call.operation.empty() || call.operation.find(':') != std::string_view::npos)
    return not_correct(target.arn);
  const std::string operation = lower(call.operation);
  if (std::ranges::any_of(kReading, [&](std::string_view word) { return operation.starts_with(word); }))
    return invalid(fmt::format("{} is not a supported api for service {}: operations that only read are not targets.",
                               call.operation, call.service));
  TRY(check_json(target));
  if (target.input && !TRY(Json::parse(*target.input)).is_object())
    return invalid("The Input of a universal target is a JSON object of the operation's parameters.");
  return {};
}

// AWS: Scheduler User Guide, "Adding context attributes": "2022-03-22T18:59:43Z", also where a rate gave a fraction.
std::string whole_seconds(Time moment) {
  return iso8601(Time::of_seconds(moment.seconds()));
}

// What is told to a target without an input. AWS: Target, "Input": a default notification.
std::string default_notification(const Firing& firing) {
  const std::string id = hex(md5(firing.execution_id + schedule_arn(firing.key)));
  return Json::object({{"version", "0"},
                       {"id", fmt::format("{}-{}-{}-{}-{}", id.substr(0, 8), id.substr(8, 4), id.substr(12, 4),
                                          id.substr(16, 4), id.substr(20))},
                       {"detail-type", "Scheduled Event"},
                       {"source", "aws.scheduler"},
                       {"account", firing.key.owner},
                       {"time", whole_seconds(firing.moment)},
                       {"region", firing.key.region},
                       {"resources", Json::array({schedule_arn(firing.key)})},
                       {"detail", "{}"}})
      .text();
}

// AWS: Scheduler User Guide, "Adding context attributes".
std::string with_context(std::string text, const Firing& firing) {
  if (text.find("<aws.scheduler.") == std::string::npos) return text;
  text = replace_all(std::move(text), "<aws.scheduler.schedule-arn>", schedule_arn(firing.key));
  text = replace_all(std::move(text), "<aws.scheduler.scheduled-time>", whole_seconds(firing.moment));
  // The number of the attempt is put in when there is one (door/bus.cc).
  return replace_all(std::move(text), "<aws.scheduler.execution-id>", firing.execution_id);
}

// Service, operation and parameters of a templated target.
void fill_templated(const TargetRecord& target, const Arn& arn, const std::string& input, LaterCall& call) {
  if (arn.service == "lambda") {
    call.service = "lambda";
    call.operation = "Invoke";
    call.input = Json::object({{"FunctionName", target.arn}, {"InvocationType", "Event"}, {"Payload", input}});
  } else if (arn.service == "sqs") {
    call.service = "sqs";
    call.operation = "SendMessage";
    call.input = Json::object({{"QueueUrl", queue_url_of(target.arn)}, {"MessageBody", input}});
    if (target.message_group) call.input.set("MessageGroupId", *target.message_group);
  } else if (arn.service == "sns") {
    call.service = "sns";
    call.operation = "Publish";
    call.input = Json::object({{"TopicArn", target.arn}, {"Message", input}});
  } else if (arn.service == "states") {
    call.service = "sfn";
    call.operation = "StartExecution";
    call.input = Json::object({{"stateMachineArn", target.arn}, {"input", input}});
  } else {
    call.service = "eventbridge";
    call.operation = "PutEvents";
    call.input = Json::object({{"Entries", Json::array({Json::object({{"EventBusName", target.arn},
                                                                      {"Source", target.source.value_or("")},
                                                                      {"DetailType", target.detail_type.value_or("")},
                                                                      {"Detail", input}})})}});
  }
}

}  // namespace

Status check_target(const TargetRecord& target) {
  if (target.input && target.input->size() > kMostInput)
    return invalid(fmt::format("The target's Input has {} bytes; {} are the most.", target.input->size(), kMostInput));
  if (const auto call = universal(target.arn)) return check_universal(target, *call);
  const auto arn = Arn::parse(target.arn);
  if (!arn || arn->region.empty() || !is_account_id(arn->account)) return not_correct(target.arn);
  const bool bus = arn->service == "events" && arn->resource.starts_with("event-bus/");
  if (arn->service == "sqs") {
    if (arn->resource.ends_with(".fifo") != target.message_group.has_value())
      return invalid("SqsParameters with a MessageGroupId are for FIFO queues, which need them.");
    return {};
  }
  if (arn->service == "sns") return {};
  if (bus && !target.source)
    return invalid("EventBridgeParameters must be specified for a target that is an event bus.");
  if (bus || (arn->service == "lambda" && arn->resource.starts_with("function:")) ||
      (arn->service == "states" && arn->resource.starts_with("stateMachine:")))
    return check_json(target);
  return invalid(fmt::format(
      "Targets of this kind are not supported by this server: {}. Those of Lambda, SQS, SNS, EventBridge and "
      "Step Functions are, and arn:aws:scheduler:::aws-sdk:service:operation.",
      target.arn));
}

NewDelivery delivery_of(const Firing& firing) {
  const TargetRecord& target = firing.target;
  LaterCall call{.account = firing.key.owner,
                 .region = firing.key.region,
                 .principal = std::string(kPrincipal),
                 .role_arn = target.role_arn,
                 // AWS: Scheduler User Guide, "Confused deputy prevention": the schedule's group.
                 .source_arn = group_arn({firing.key.owner, firing.key.region, firing.key.group}),
                 .cause = schedule_arn(firing.key),
                 .source_account = firing.key.owner};
  // Calls of one target go one after the other; what universal targets do may take long, and is each schedule's own.
  std::string queue = target.arn;
  std::string input;
  if (const auto operation = universal(target.arn)) {
    input = with_context(target.input.value_or("{}"), firing);
    call.service = operation->service;
    call.operation = operation->operation;
    call.input = Json::parse(input).value_or(Json::object());
    queue = schedule_arn(firing.key);
  } else {
    input = with_context(target.input.value_or(default_notification(firing)), firing);
    const auto arn = Arn::parse(target.arn);
    call.region = arn->region;
    fill_templated(target, *arn, input, call);
  }
  if (target.dead_letter_queue)
    call.dead_letter = DeadLetter{.queue_arn = *target.dead_letter_queue,
                                  .body = std::move(input),
                                  .attributes = {{"SCHEDULE_ARN", schedule_arn(firing.key)},
                                                 {"TARGET_ARN", target.arn},
                                                 {"SCHEDULED_TIME", whole_seconds(firing.moment)},
                                                 {"EXECUTION_ID", firing.execution_id},
                                                 {"IS_PAYLOAD_TRUNCATED", "false"}},
                                  .explain = true};
  return tarn::delivery_of(
      call, std::move(queue),
      {.max_attempts = target.retries + 1, .give_up_after = target.event_age_seconds * kSecond, .delay = 0});
}

}  // namespace tarn::scheduler

#include "services/events/deliveries.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "door/bus.h"
#include "services/events/transform.h"

namespace tarn::events {
namespace {

Failure invalid(std::string message) {
  return fail(400, "ValidationException", std::move(message));
}

// AWS: "Predefined variables".
constexpr std::string_view kPredefined[] = {"aws.events.rule-arn", "aws.events.rule-name",
                                            "aws.events.event.ingestion-time", "aws.events.event",
                                            "aws.events.event.json"};

// --- inputs ----------------------------------------------------------------------------------------------------------

// AWS: "Predefined variables".
Variables variables_of(const Firing& firing, const TransformerRecord& transformer) {
  // Without the detail; the names and the time as AWS fills them in.
  Json without_detail = Json::object();
  for (const auto& [name, from] : {std::pair{"id", "id"},
                                   {"account", "account"},
                                   {"detailType", "detail-type"},
                                   {"time", ""},
                                   {"source", "source"},
                                   {"region", "region"},
                                   {"resources", "resources"},
                                   {"version", "version"}})
    without_detail.set(name, *from == '\0' ? Json(iso8601_millis(firing.ingested)) : firing.event[from]);
  Variables variables = {{"aws.events.rule-arn", Json(rule_arn(firing.rule))},
                         {"aws.events.rule-name", Json(firing.rule.name)},
                         {"aws.events.event.ingestion-time", Json(iso8601_millis(firing.ingested))},
                         {"aws.events.event", std::move(without_detail)},
                         {"aws.events.event.json", firing.event}};
  for (const auto& [name, path] : transformer.paths) variables.insert_or_assign(name, at_path(firing.event, path));
  return variables;
}

std::string input_of(const Firing& firing, const TargetRecord& target) {
  if (target.input) return *target.input;
  // ASSUMED: a path that leads nowhere gives null.
  if (target.input_path) return at_path(firing.event, *target.input_path).value_or(Json()).text();
  if (target.transformer) return fill_template(target.transformer->text, variables_of(firing, *target.transformer));
  return firing.event.text();
}

// A parameter that may be a path into the event: "$.detail.id". AWS: "Dynamic path parameters".
std::string resolved(const Firing& firing, const std::string& text) {
  if (!text.starts_with("$.")) return text;
  const auto value = at_path(firing.event, text);
  if (!value) return text;
  return value->is_string() ? value->as_string() : value->text();
}

// --- what a target's ARN means ---------------------------------------------------------------------------------------

struct Operation {
  std::string service, name;
  Json input;
};

Operation redshift_statement(const Firing& firing, const Arn& arn, const TargetRecord& target) {
  const RedshiftRecord& from = *target.redshift;
  Json input = Json::object({{"Database", resolved(firing, from.database)}});
  if (arn.service == "redshift")
    input.set("ClusterIdentifier", std::string(arn.resource_name()));
  else
    input.set("WorkgroupName", target.arn);
  if (from.secret) input.set("SecretArn", resolved(firing, *from.secret));
  if (from.db_user) input.set("DbUser", *from.db_user);
  if (from.statement_name) input.set("StatementName", *from.statement_name);
  if (from.with_event) input.set("WithEvent", *from.with_event);
  if (from.sql) {
    input.set("Sql", *from.sql);
    return {"redshift-data", "ExecuteStatement", std::move(input)};
  }
  Json sqls = Json::array();
  for (const std::string& sql : from.sqls) sqls.push(sql);
  input.set("Sqls", std::move(sqls));
  return {"redshift-data", "BatchExecuteStatement", std::move(input)};
}

Operation batch_job(const TargetRecord& target) {
  Json input = Json::object(
      {{"jobQueue", target.arn}, {"jobDefinition", target.batch->definition}, {"jobName", target.batch->name}});
  if (target.batch->array_size)
    input.set("arrayProperties", Json::object({{"size", int64_t{*target.batch->array_size}}}));
  if (target.batch->attempts)
    input.set("retryStrategy", Json::object({{"attempts", int64_t{*target.batch->attempts}}}));
  return {"batch", "SubmitJob", std::move(input)};
}

// An event that goes on to another bus stays the same event: PutEvents, asked by a rule, takes the whole of it as detail.
Operation forwarded(const Firing& firing, const TargetRecord& target) {
  const Json entry = Json::object({{"EventBusName", target.arn},
                                   {"Source", firing.event["source"]},
                                   {"DetailType", firing.event["detail-type"]},
                                   {"Detail", firing.event.text()},
                                   {"TraceHeader", fmt::format("Hops={}", firing.hops + 1)}});
  return {"events", "PutEvents", Json::object({{"Entries", Json::array({entry})}})};
}

Operation stream_record(const Firing& firing, const Arn& arn, const TargetRecord& target, const std::string& input) {
  if (arn.service == "firehose")
    return {"firehose", "PutRecord",
            Json::object({{"DeliveryStreamName", std::string(arn.resource_name())},
                          {"Record", Json::object({{"Data", input + "\n"}})}})};
  const std::string key =
      target.partition_key_path ? resolved(firing, *target.partition_key_path) : firing.event["id"].as_string();
  return {"kinesis", "PutRecord",
          Json::object({{"StreamName", std::string(arn.resource_name())}, {"Data", input}, {"PartitionKey", key}})};
}

Json string_map(const std::map<std::string, std::string>& from, const Firing& firing) {
  Json out = Json::object();
  for (const auto& [name, value] : from) out.set(name, resolved(firing, value));
  return out;
}

Operation http_call(const Firing& firing, const TargetRecord& target, const std::string& input) {
  const HttpRecord from = target.http.value_or(HttpRecord{});
  Json paths = Json::array();
  for (const std::string& value : from.path_values) paths.push(resolved(firing, value));
  return {"tarn", "InvokeApiDestination",
          Json::object({{"ApiDestinationArn", target.arn},
                        {"PathParameterValues", std::move(paths)},
                        {"HeaderParameters", string_map(from.headers, firing)},
                        {"QueryStringParameters", string_map(from.query, firing)},
                        {"Body", input}})};
}

// The group's stream for this event. ASSUMED: the stream's name; AWS makes new ones as well.
std::vector<Operation> log_event(const Firing& firing, const Arn& arn, const std::string& input) {
  std::string group = std::string(arn.resource_id());
  if (group.ends_with(":*")) group.resize(group.size() - 2);
  const std::string stream = firing.event["id"].as_string();
  std::string message = input;
  int64_t when = firing.ingested.millis();
  // AWS: a transformer's output for a log group is {"timestamp": .., "message": ..}.
  if (const auto given = Json::parse(input); given && given->is_object() && given->size() == 2)
    if (given->find("timestamp") != nullptr && given->find("message") != nullptr) {
      message = (*given)["message"].is_string() ? (*given)["message"].as_string() : (*given)["message"].text();
      when = (*given)["timestamp"].as_int(when);
    }
  const Json entry = Json::object({{"timestamp", when}, {"message", message}});
  return {{"logs", "CreateLogStream", Json::object({{"logGroupName", group}, {"logStreamName", stream}})},
          {"logs", "PutLogEvents",
           Json::object({{"logGroupName", group}, {"logStreamName", stream}, {"logEvents", Json::array({entry})}})}};
}

enum class Kind : uint8_t {
  kNone,
  kLambda,
  kQueue,
  kTopic,
  kLogs,
  kBus,
  kApi,
  kStates,
  kBatch,
  kWorkflow,
  kRedshift,
  kStream,
  kBuild
};

Kind kind_of(const Arn& arn) {
  const std::string_view type = arn.resource_type();
  if (arn.service == "lambda" && type == "function") return Kind::kLambda;
  if (arn.service == "sqs") return Kind::kQueue;
  if (arn.service == "sns") return Kind::kTopic;
  if (arn.service == "logs" && type == "log-group") return Kind::kLogs;
  if (arn.service == "events" && type == "event-bus") return Kind::kBus;
  if (arn.service == "events" && type == "api-destination") return Kind::kApi;
  if (arn.service == "states" && type == "stateMachine") return Kind::kStates;
  if (arn.service == "batch" && type == "job-queue") return Kind::kBatch;
  if (arn.service == "glue" && type == "workflow") return Kind::kWorkflow;
  if (arn.service == "redshift" && type == "cluster") return Kind::kRedshift;
  if (arn.service == "redshift-serverless" && type == "workgroup") return Kind::kRedshift;
  if ((arn.service == "kinesis" && type == "stream") || (arn.service == "firehose" && type == "deliverystream"))
    return Kind::kStream;
  if (arn.service == "codebuild" && type == "project") return Kind::kBuild;
  return Kind::kNone;
}

std::vector<Operation> operations_of(const Firing& firing, const Arn& arn, const TargetRecord& target) {
  const std::string input = input_of(firing, target);
  switch (kind_of(arn)) {
    case Kind::kLambda:
      return {{"lambda", "Invoke",
               Json::object({{"FunctionName", target.arn}, {"InvocationType", "Event"}, {"Payload", input}})}};
    case Kind::kQueue: {
      Json message = Json::object({{"QueueUrl", queue_url_of(target.arn)}, {"MessageBody", input}});
      if (target.message_group) message.set("MessageGroupId", resolved(firing, *target.message_group));
      return {{"sqs", "SendMessage", std::move(message)}};
    }
    case Kind::kTopic: {
      Json message = Json::object({{"TopicArn", target.arn}, {"Message", input}});
      if (target.message_group) message.set("MessageGroupId", resolved(firing, *target.message_group));
      return {{"sns", "Publish", std::move(message)}};
    }
    case Kind::kLogs: return log_event(firing, arn, input);
    case Kind::kBus: return {forwarded(firing, target)};
    case Kind::kApi: return {http_call(firing, target, input)};
    case Kind::kStates:
      return {{"states", "StartExecution", Json::object({{"stateMachineArn", target.arn}, {"input", input}})}};
    case Kind::kBatch: return {batch_job(target)};
    case Kind::kWorkflow:
      return {{"glue", "StartWorkflowRun", Json::object({{"Name", std::string(arn.resource_name())}})}};
    case Kind::kRedshift: return {redshift_statement(firing, arn, target)};
    case Kind::kStream: return {stream_record(firing, arn, target, input)};
    case Kind::kBuild:
      return {{"codebuild", "StartBuild", Json::object({{"projectName", std::string(arn.resource_name())}})}};
    case Kind::kNone: break;
  }
  return {};
}

}  // namespace

std::string bus_arn(const BusKey& key) {
  return fmt::format("arn:aws:events:{}:{}:event-bus/{}", key.region, key.owner, key.name);
}

std::string rule_arn(const RuleKey& key) {
  if (key.bus == kDefaultBus) return fmt::format("arn:aws:events:{}:{}:rule/{}", key.region, key.owner, key.name);
  return fmt::format("arn:aws:events:{}:{}:rule/{}/{}", key.region, key.owner, key.bus, key.name);
}

std::vector<NewDelivery> deliveries_of(const Firing& firing, const std::vector<TargetEntry>& targets,
                                       std::vector<EventLog::Sent>& sent) {
  const std::string rule = rule_arn(firing.rule);
  std::vector<NewDelivery> deliveries;
  for (const auto& [id, target] : targets) {
    const auto arn = Arn::parse(target.arn);
    if (!arn) continue;
    std::vector<Operation> operations = operations_of(firing, *arn, target);
    for (Operation& operation : operations) {
      LaterCall call{.service = std::move(operation.service),
                     .operation = std::move(operation.name),
                     .input = std::move(operation.input),
                     .account = firing.rule.owner,
                     .region = arn->region.empty() ? firing.rule.region : arn->region,
                     .principal = kPrincipal,
                     .role_arn = target.role_arn.value_or(""),
                     .source_arn = rule,
                     .source_account = firing.rule.owner,
                     .request_id = fmt::format("{}-{}", firing.event["id"].as_string(), sent.size() + 1)};
      // Only the last of several tells of the event.
      if (target.dead_letter_queue && &operation == &operations.back())
        call.dead_letter = DeadLetter{.queue_arn = *target.dead_letter_queue,
                                      .body = firing.event.text(),
                                      .attributes = {{"RULE_ARN", rule}, {"TARGET_ARN", target.arn}},
                                      .explain = true,
                                      .by_role = false};
      sent.push_back({rule, target.arn, call.request_id});
      // AWS: RetryPolicy's defaults, 185 retries in 24 hours.
      NewDelivery& delivery =
          deliveries.emplace_back(delivery_of(call, target.arn,
                                              {.max_attempts = target.retries.value_or(185) + 1,
                                               .give_up_after = target.age_seconds.value_or(86'400) * kSecond}));
      // A FIFO queue's messages wait for the earlier ones, and a log event for its stream.
      if (arn->resource.ends_with(".fifo") || operations.size() > 1) delivery.type += ".in-order";
    }
  }
  return deliveries;
}

// --- checks ----------------------------------------------------------------------------------------------------------

namespace {

Status check_input(const TargetEntry& entry) {
  const TargetRecord& target = entry.record;
  if (target.input.has_value() + target.input_path.has_value() + target.transformer.has_value() > 1)
    return invalid(
        fmt::format("Only one of Input, InputPath, or InputTransformer must be provided for target {}.", entry.id));
  if (target.input && !Json::parse(*target.input))
    return invalid(fmt::format("JSON syntax error in input for target {}.", entry.id));
  if (target.input_path && !is_path(*target.input_path))
    return invalid(fmt::format("Invalid InputPath for target {}.", entry.id));
  if (!target.transformer) return {};
  for (const auto& [name, path] : target.transformer->paths) {
    if (lower(name).starts_with("aws"))
      return invalid(fmt::format("Invalid InputPathsMap for target {} : the key {} is reserved.", entry.id, name));
    if (!is_path(path))
      return invalid(fmt::format("Invalid InputPathsMap for target {} : {} is no path.", entry.id, path));
  }
  for (const std::string_view name : placeholders_of(target.transformer->text))
    if (!target.transformer->paths.contains(std::string(name)) &&
        std::ranges::find(kPredefined, name) == std::end(kPredefined))
      return invalid(fmt::format("InputTemplate for target {} contains invalid placeholder {}.", entry.id, name));
  return {};
}

}  // namespace

Status check_target(const std::string& bus, const TargetEntry& entry) {
  const TargetRecord& target = entry.record;
  const auto arn = Arn::parse(target.arn);
  if (!arn) return invalid("Parameter " + target.arn + " is not valid. Reason: Provided Arn is not in correct format.");
  const Kind kind = kind_of(*arn);
  if (kind == Kind::kNone)
    return invalid(fmt::format(
        "Parameter {} is not valid. Reason: targets of this kind are not supported by this server.", target.arn));
  const bool needs_role = kind == Kind::kStates || kind == Kind::kBatch || kind == Kind::kRedshift ||
                          kind == Kind::kStream || kind == Kind::kBuild || kind == Kind::kApi ||
                          kind == Kind::kWorkflow;
  if (needs_role && !target.role_arn) return invalid(fmt::format("RoleArn is required for target {}.", target.arn));
  if (kind == Kind::kQueue && arn->resource.ends_with(".fifo") && !target.message_group)
    return invalid(fmt::format("Parameter(s) SqsParameters must be specified for target: {}.", entry.id));
  if (kind == Kind::kRedshift &&
      (!target.redshift || target.redshift->sql.has_value() == !target.redshift->sqls.empty()))
    return invalid(fmt::format(
        "Parameter(s) RedshiftDataParameters with either Sql or Sqls must be specified for target: {}.", entry.id));
  if (kind == Kind::kBatch && !target.batch)
    return invalid(fmt::format("Parameter(s) BatchParameters must be specified for target: {}.", entry.id));
  if (kind == Kind::kBus && (target.input || target.input_path || target.transformer))
    return invalid(
        fmt::format("Input, InputPath and InputTransformer are not supported for the event bus target {}.", entry.id));
  if (target.arn == bus)
    return invalid(
        fmt::format("Parameter {} is not valid. Reason: a bus cannot be a target of its own rules.", target.arn));
  if (target.dead_letter_queue) {
    const auto queue = Arn::parse(*target.dead_letter_queue);
    if (!queue || queue->service != "sqs")
      return invalid(fmt::format("DeadLetterConfig of target {} must name the ARN of an SQS queue.", entry.id));
    // AWS: Rule event retry policy and dead-letter queues: FIFO queues are not supported.
    if (queue->resource.ends_with(".fifo"))
      return invalid(fmt::format("DeadLetterConfig of target {} must name a standard queue.", entry.id));
  }
  return check_input(entry);
}

}  // namespace tarn::events

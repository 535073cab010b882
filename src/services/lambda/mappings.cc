// Event source mappings: making, changing, showing and deleting them. What they do is event_sources.h.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "door/bus.h"
#include "door/door.h"
#include "door/event_pattern.h"
#include "door/tags.h"
#include "gen/sqs/attributes.h"
#include "os/random.h"
#include "services/lambda/lambda.h"
#include "store/page_token.h"

namespace tarn::lambda {
namespace {

constexpr int32_t kPage = 100;
constexpr int32_t kMostFifo = 10;  // AWS: Developer Guide, SQS mappings: messages of a FIFO queue in a batch
constexpr size_t kMostFilters = 5;

std::string mapping_arn(const MappingKey& key) {
  return fmt::format("arn:aws:lambda:{}:{}:event-source-mapping:{}", key.region, key.account, key.uuid);
}

MappingKey key_of(const Call& call, const std::string& uuid) {
  return {call.account(), call.region(), uuid};
}

Failure no_mapping() {
  return not_found("The resource you requested does not exist.");
}

EventSourceMappingConfiguration to_wire(Lambda& lambda, const MappingKey& key, const MappingRecord& record,
                                        std::string_view state = {}) {
  EventSourceMappingConfiguration out{.uuid = key.uuid, .batch_size = record.batch_size};
  out.maximum_batching_window_in_seconds = record.window;
  out.event_source_arn = record.source;
  if (!record.filters.empty()) {
    FilterCriteria criteria;
    for (const std::string& filter : record.filters) criteria.filters.push_back({.pattern = filter});
    out.filter_criteria = std::move(criteria);
  }
  if (record.most_running) out.scaling_config = ScalingConfig{.maximum_concurrency = record.most_running};
  out.function_arn = record.qualifier.empty() ? record.function : record.function + ":" + record.qualifier;
  out.last_modified = record.modified;
  // Recorded from AWS (February 2023): it is absent where there has been nothing to process.
  if (const std::string result = lambda.event_sources.last_result(key); record.enabled && !result.empty())
    out.last_processing_result = result;
  out.state = state.empty() ? (record.enabled ? "Enabled" : "Disabled") : std::string(state);
  out.state_transition_reason = "USER_INITIATED";
  out.function_response_types.set_present();
  if (record.reports_failures) out.function_response_types.push_back("ReportBatchItemFailures");
  out.event_source_mapping_arn = mapping_arn(key);
  return out;
}

// --- what is asked for --------------------------------------------------------------------------------------------------

// What belongs to streams and brokers.
template <class In>
Status refuse_unsupported(const In& in) {
  const auto refuse = [](bool there, std::string_view what) -> Status {
    if (!there) return {};
    return invalid_parameter(fmt::format("{} is not supported for an event source mapping of a queue.", what));
  };
  TRY(refuse(in.parallelization_factor.has_value(), "ParallelizationFactor"));
  TRY(refuse(in.destination_config.has_value(), "DestinationConfig"));
  TRY(refuse(in.maximum_record_age_in_seconds.has_value(), "MaximumRecordAgeInSeconds"));
  TRY(refuse(in.bisect_batch_on_function_error.has_value(), "BisectBatchOnFunctionError"));
  TRY(refuse(in.maximum_retry_attempts.has_value(), "MaximumRetryAttempts"));
  TRY(refuse(in.tumbling_window_in_seconds.has_value(), "TumblingWindowInSeconds"));
  TRY(refuse(in.source_access_configurations.has_value(), "SourceAccessConfigurations"));
  TRY(refuse(in.kms_key_arn.has_value(), "KMSKeyArn"));
  return refuse(in.provisioned_poller_config.has_value(), "ProvisionedPollerConfig");
}

Status check_source(const OptionalText& source) {
  if (!source) return invalid_parameter("Unrecognized event source.");
  const auto arn = Arn::parse(*source);
  if (arn && arn->service == "sqs") return {};
  return invalid_parameter(
      fmt::format("The event source {} is not supported by this server: queues of SQS are.", *source));
}

template <class In>
Status configure(const In& in, MappingRecord& record) {
  TRY(refuse_unsupported(in));
  const bool fifo = record.source.ends_with(".fifo");
  if (in.batch_size) record.batch_size = *in.batch_size;
  if (in.maximum_batching_window_in_seconds) record.window = *in.maximum_batching_window_in_seconds;
  if (fifo && record.window > 0) return invalid_parameter("Batching window is not supported for FIFO queues");
  if (fifo && record.batch_size > kMostFifo)
    return invalid_parameter(fmt::format("BatchSize may be at most {} for a FIFO queue.", kMostFifo));
  if (record.batch_size > kMostFifo && record.window == 0)
    return invalid_parameter(
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10");
  if (in.enabled) record.enabled = *in.enabled;
  if (in.scaling_config) record.most_running = in.scaling_config->maximum_concurrency;
  if (in.filter_criteria) {
    record.filters.clear();
    for (const Filter& filter : in.filter_criteria->filters) record.filters.push_back(filter.pattern.value_or("{}"));
    if (record.filters.size() > kMostFilters)
      return invalid_parameter(fmt::format("At most {} filters are allowed.", kMostFilters));
    for (const std::string& filter : record.filters)
      if (const auto pattern = EventPattern::compile(filter); !pattern)
        return invalid_parameter("Invalid filter pattern definition. " + pattern.error());
  }
  if (in.function_response_types.has_value()) record.reports_failures = !in.function_response_types.empty();
  return {};
}

// AWS: CreateEventSourceMapping: the role must be able to read the queue, and have the time that the function takes.
Status check_queue(Lambda& lambda, Call& call, const Found& found, const std::string& source) {
  for (const char* action : {"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"})
    if (!role_may(lambda, call.caller(), found.record.role, std::string("sqs:") + action, source))
      return invalid_parameter(
          fmt::format("The function execution role does not have permissions to call {} on SQS", action));
  const Caller role =
      TRY(lambda.door.assume_as_service(call.caller(), found.record.role, "lambda.amazonaws.com", found.name.key.name));
  const auto queue = lambda.door.call(role, sqs::GetQueueAttributesRequest{.queue_url = queue_url_of(source),
                                                                           .attribute_names = {"VisibilityTimeout"}});
  if (!queue)
    return invalid_parameter(
        fmt::format("Error occurred while ReceiveMessage. SQS Error Code: {}. SQS Error Message: {}",
                    queue.error().code, queue.error().message));
  const std::string* timeout = queue->attributes.find("VisibilityTimeout");
  const int64_t visible = timeout == nullptr ? 30 : parse_int(*timeout).value_or(30);
  if (visible < found.record.timeout)
    return invalid_parameter(
        fmt::format("Queue visibility timeout: {} seconds is less than Function timeout: {} seconds", visible,
                    found.record.timeout));
  return {};
}

Result<std::vector<Need>> rights_on(Call& call, const std::string& uuid, std::string_view action) {
  const MappingKey key = key_of(call, uuid);
  Need need{.action = std::string(action), .resource = mapping_arn(key)};
  if (const auto record = TRY(call.get(kMappings, key, Lock::kNone)))
    need.context["lambda:FunctionArn"] = {record->function};
  return std::vector<Need>{std::move(need)};
}

void point_to(MappingRecord& record, const Found& found) {
  record.function = found.name.arn();
  record.qualifier = found.name.qualifier;
}

}  // namespace

Status role_may(Lambda& lambda, const Caller& from, const std::string& role, std::string_view action,
                const std::string& resource) {
  const auto arn = Arn::parse(resource);
  const Caller as_role = TRY(lambda.door.assume_as_service(from, role, "lambda.amazonaws.com", "check"));
  const auto tx = lambda.door.store().read();
  Judgement judgement;
  return judge(*tx, lambda.door.identities(), lambda.policies, as_role,
               {{.action = std::string(action), .resource = resource, .owner = arn ? arn->account : ""}},
               caller_context(as_role, lambda.door.clock().now()), &kService, judgement);
}

// --- CreateEventSourceMapping -----------------------------------------------------------------------------------------

Result<std::vector<Need>> create_event_source_mapping_rights(Lambda&, Call& call,
                                                             const CreateEventSourceMappingRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  return std::vector<Need>{{.action = "lambda:CreateEventSourceMapping",
                            .resource = "*",
                            .context = {{"lambda:FunctionArn", {name.arn()}}}}};
}

Result<EventSourceMappingConfiguration> create_event_source_mapping(Lambda& lambda, Call& call,
                                                                    const CreateEventSourceMappingRequest& in) {
  TRY(check_source(in.event_source_arn));
  if (in.starting_position) return invalid_parameter("StartingPosition is not valid for SQS event sources.");
  if (in.metrics_config || in.logging_config)
    return invalid_parameter("Metrics and logging of a mapping are not supported by this server.");
  auto there = find_now(lambda.door, call.caller(), *in.function_name, {});
  if (!there && there.error().status == 404) return invalid_parameter("Function does not exist");
  const Found found = TRY(std::move(there));
  MappingRecord record{.source = *in.event_source_arn,
                       .function = {},
                       .qualifier = {},
                       .most_running = {},
                       .filters = {},
                       .modified = call.now()};
  point_to(record, found);
  TRY(configure(in, record));
  TRY(check_queue(lambda, call, found, record.source));
  const MappingKey key = key_of(call, uuid4());
  TRY(committed(call, [&](Transaction& tx) -> Status {
    TRY(tx.get(kFunctions, found.name.key));  // one after the other: the scan decides
    const auto all = TRY(tx.scan(kMappings, {.prefix = prefix_of(kMappings, key.account, key.region)}));
    for (const auto& [other, mapping] : all.entries)
      if (mapping.source == record.source && mapping.function == record.function &&
          mapping.qualifier == record.qualifier)
        return conflict(
            fmt::format("The event source arn (\" {} \") and function (\" {} \") provided mapping already exists. "
                        "Please update or delete the existing mapping with UUID {}",
                        record.source, found.name.key.name, other.uuid));
    if (!in.tags.empty()) TRY(set_tags(tx, mapping_arn(key), Tags(in.tags.begin(), in.tags.end())));
    return tx.put(kMappings, key, record);
  }));
  lambda.event_sources.look_again(key);
  return to_wire(lambda, key, record, "Creating");
}

// --- UpdateEventSourceMapping -----------------------------------------------------------------------------------------

Result<std::vector<Need>> update_event_source_mapping_rights(Lambda&, Call& call,
                                                             const UpdateEventSourceMappingRequest& in) {
  return rights_on(call, *in.uuid, "lambda:UpdateEventSourceMapping");
}

Result<EventSourceMappingConfiguration> update_event_source_mapping(Lambda& lambda, Call& call,
                                                                    const UpdateEventSourceMappingRequest& in) {
  const MappingKey key = key_of(call, *in.uuid);
  std::optional<Found> found;
  if (in.function_name) found = TRY(find_now(lambda.door, call.caller(), *in.function_name, {}));
  MappingRecord changed;
  std::string_view state;
  TRY(committed(call, [&](Transaction& tx) -> Status {
    auto record = TRY(tx.get(kMappings, key));
    if (!record) return no_mapping();
    const bool was = record->enabled;
    TRY(configure(in, *record));
    state = record->enabled == was ? "Updating" : was ? "Disabling" : "Enabling";
    if (found) point_to(*record, *found);
    record->modified = call.now();
    changed = *record;
    return tx.put(kMappings, key, *record);
  }));
  lambda.event_sources.look_again(key);
  return to_wire(lambda, key, changed, state);
}

// --- showing and deleting ---------------------------------------------------------------------------------------------

Result<std::vector<Need>> get_event_source_mapping_rights(Lambda&, Call& call, const GetEventSourceMappingRequest& in) {
  return rights_on(call, *in.uuid, "lambda:GetEventSourceMapping");
}

Result<EventSourceMappingConfiguration> get_event_source_mapping(Lambda& lambda, Call& call,
                                                                 const GetEventSourceMappingRequest& in) {
  const MappingKey key = key_of(call, *in.uuid);
  const auto record = TRY(call.get(kMappings, key, Lock::kNone));
  if (!record) return no_mapping();
  return to_wire(lambda, key, *record);
}

Result<std::vector<Need>> delete_event_source_mapping_rights(Lambda&, Call& call,
                                                             const DeleteEventSourceMappingRequest& in) {
  return rights_on(call, *in.uuid, "lambda:DeleteEventSourceMapping");
}

Result<EventSourceMappingConfiguration> delete_event_source_mapping(Lambda& lambda, Call& call,
                                                                    const DeleteEventSourceMappingRequest& in) {
  const MappingKey key = key_of(call, *in.uuid);
  const auto record = TRY(call.get(kMappings, key));
  if (!record) return no_mapping();
  TRY(set_tags(call.tx(), mapping_arn(key), {}));
  TRY(call.erase(kMappings, key));
  call.tx().on_commit([&lambda, key] { lambda.event_sources.look_again(key); });
  return to_wire(lambda, key, *record, "Deleting");
}

Result<ListEventSourceMappingsResponse> list_event_source_mappings(Lambda& lambda, Call& call,
                                                                   const ListEventSourceMappingsRequest& in) {
  std::string function;
  if (in.function_name) function = TRY(function_name(call, *in.function_name)).qualified_arn();
  const std::string request = fmt::format("ListEventSourceMappings {} {} {} {}", call.account(), call.region(),
                                          function, in.event_source_arn.value_or(""));
  const auto page =
      TRY(call.tx().scan(kMappings, {.prefix = prefix_of(kMappings, call.account(), call.region()),
                                     .after = TRY(position_of(call, request, in.marker)),
                                     .limit = static_cast<size_t>(std::min(in.max_items.value_or(kPage), kPage))}));
  ListEventSourceMappingsResponse out;
  out.event_source_mappings.set_present();
  for (const auto& [key, record] : page.entries) {
    const EventSourceMappingConfiguration mapping = to_wire(lambda, key, record);
    if ((function.empty() || mapping.function_arn == function) &&
        (!in.event_source_arn || record.source == *in.event_source_arn))
      out.event_source_mappings.push_back(mapping);
  }
  if (page.more)
    out.next_marker = page_token(call.door().store(), request, encoded_key(kMappings, page.entries.back().key));
  return out;
}

}  // namespace tarn::lambda

// Subscription and metric filters.
#include <fmt/format.h>

#include <algorithm>

#include "base/gzip.h"
#include "base/json.h"
#include "base/text.h"
#include "door/arn.h"
#include "door/bus.h"
#include "door/door.h"
#include "services/logs/account_policies.h"
#include "services/logs/filter_pattern.h"
#include "services/logs/logs.h"
#include "services/logs/subscriptions.h"
#include "store/page_token.h"

namespace tarn::logs {
namespace {

constexpr int32_t kMostSubscriptions = 2, kMostMetricFilters = 100;  // AWS: CloudWatch Logs quotas, of a group
constexpr int32_t kPage = 50;
constexpr size_t kMostPayload = 240 << 10;  // of what a function gets at once

// --- calling subscribers ------------------------------------------------------------------------------------------------

LaterCall call_of(const GroupKey& group, const SubscriptionRecord& filter, const Json& payload) {
  return {
      .service = "lambda",
      .operation = "Invoke",
      .input = Json::object({{"FunctionName", filter.destination}, {"InvocationType", "Event"}, {"Payload", payload}}),
      .account = group.owner,
      .region = group.region,
      .principal = filter.principal,
      .source_arn = group_arn(group) + ":*",
      .source_account = group.owner};
}

// A filter at work: of the group, or of its account.
struct Told {
  const std::string& name;
  const SubscriptionRecord& filter;
  bool of_account;
};

// AWS: CloudWatch Logs User Guide, "Subscription filters with Lambda": gzip of JSON, in base64, in a JSON object.
Json payload_of(const GroupKey& group, const std::string& stream, const Told& told,
                const std::vector<const NewEvent*>& events) {
  Json list = Json::array();
  for (const NewEvent* event : events)
    list.push(Json::object({{"id", event->id}, {"timestamp", event->time}, {"message", event->message}}));
  Json data = Json::object({{"messageType", "DATA_MESSAGE"},
                            {"owner", group.owner},
                            {"logGroup", group.name},
                            {"logStream", stream},
                            {"subscriptionFilters", Json::array({told.name})},
                            {"logEvents", std::move(list)}});
  if (told.of_account) data.set("policyLevel", "ACCOUNT_LEVEL_POLICY");
  return Json::object({{"awslogs", Json::object({{"data", base64(gzip(data.text()))}})}});
}

// In halves where it is too much for one call.
Status send(Call& call, const FoundGroup& group, const std::string& stream, const Told& told,
            const std::vector<const NewEvent*>& events) {
  Json payload = payload_of(group.key, stream, told, events);
  if (events.size() > 1 && payload["awslogs"]["data"].as_string().size() > kMostPayload) {
    const auto middle = events.begin() + static_cast<std::ptrdiff_t>(events.size() / 2);
    TRY(send(call, group, stream, told, {events.begin(), middle}));
    return send(call, group, stream, told, {middle, events.end()});
  }
  LaterCall telling = call_of(group.key, told.filter, payload);
  telling.trace = call.caller().trace;
  return call.door().outbox().enqueue(call.tx(), delivery_of(telling, told.filter.destination));
}

Status send_chosen(Call& call, const FoundGroup& group, const std::string& stream, const Told& told,
                   const std::vector<NewEvent>& events) {
  const FilterPattern pattern = TRY(FilterPattern::parse(told.filter.pattern));
  std::vector<const NewEvent*> chosen;
  for (const NewEvent& event : events)
    if (pattern.matches(event.message)) chosen.push_back(&event);
  return chosen.empty() ? Status() : send(call, group, stream, told, chosen);
}

// As which of its two names CloudWatch Logs may call the function. ERRORS: InvalidParameterException: as neither.
Result<std::string> allowed_principal(Call& call, const GroupKey& group, const std::string& function) {
  for (const std::string& principal :
       {std::string("logs.amazonaws.com"), fmt::format("logs.{}.amazonaws.com", group.region)}) {
    LaterCall asking =
        call_of(group, {.pattern = "", .destination = function, .principal = principal, .created = {}}, {});
    asking.input.set("InvocationType", "DryRun");
    asking.request_id = call.request_id();
    if (make_call(call.door(), asking)) return principal;
  }
  return invalid(
      "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your "
      "function.");
}

Status refuse(bool present, std::string_view member) {
  if (present) return invalid(fmt::format("{} is not supported by this server.", member));
  return {};
}

template <class Record>
Result<Page<FilterKey, Record>> page_of(Call& call, const Table<FilterKey, Record>& table, uint64_t group,
                                        const OptionalText& prefix, const OptionalText& token,
                                        const std::optional<int32_t>& limit, std::string_view request) {
  return call.tx().scan(table, {.prefix = prefix_of(table, group, Starts{prefix.value_or("")}),
                                .after = TRY(page_start(call, request, token)),
                                .limit = static_cast<size_t>(limit.value_or(kPage))});
}

template <class K, class R>
Status erase_all(Transaction& tx, const Table<K, R>& table, uint64_t group_id) {
  const auto page = TRY(tx.scan(table, {.prefix = prefix_of(table, group_id)}));
  for (const auto& [key, record] : page.entries) TRY(tx.erase(table, key));
  return {};
}

}  // namespace

Status tell_subscribers(Call& call, const FoundGroup& group, const std::string& stream,
                        const std::vector<NewEvent>& events) {
  if (group.record.subscriptions > 0) {
    const auto filters =
        TRY(call.tx().scan(kSubscriptionFilters, {.prefix = prefix_of(kSubscriptionFilters, group.record.id)}));
    for (const auto& [key, filter] : filters.entries)
      TRY(send_chosen(call, group, stream, {key.name, filter, false}, events));
  }
  if (const auto account = TRY(account_filter(call.tx(), group.key)))
    TRY(send_chosen(call, group, stream, {account->name, account->filter, true}, events));
  return {};
}

Status erase_filters(Transaction& tx, uint64_t group_id) {
  TRY(tx.erase(kGroupIndexes, GroupIdKey{group_id}));
  TRY(erase_all(tx, kSubscriptionFilters, group_id));
  return erase_all(tx, kMetricFilters, group_id);
}

// --- subscription filters -------------------------------------------------------------------------------------------------

Result<SubscriptionRecord> checked_subscription(Call& call, const GroupKey& group, const std::string& pattern,
                                                const std::string& destination) {
  TRY(FilterPattern::parse(pattern));
  const auto arn = Arn::parse(destination);
  if (!arn || arn->service != "lambda" || arn->resource_type() != "function")
    return invalid(
        fmt::format("destinationArn: {} is no Lambda function; other destinations are not supported.", destination));
  if (arn->account != call.account())
    return fail(400, "AccessDeniedException",
                "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create "
                "cross account lambda triggers.");
  return SubscriptionRecord{.pattern = pattern,
                            .destination = destination,
                            .principal = TRY(allowed_principal(call, group, destination)),
                            .created = call.now()};
}

Result<PutSubscriptionFilterOutput> put_subscription_filter(Logs&, Call& call, const PutSubscriptionFilterRequest& in) {
  TRY(refuse(in.role_arn.has_value(), "roleArn (functions are called by their resource policy)"));
  TRY(refuse(in.apply_on_transformed_logs.value_or(false), "applyOnTransformedLogs"));
  TRY(refuse(in.field_selection_criteria.has_value(), "fieldSelectionCriteria"));
  TRY(refuse(!in.emit_system_fields.empty(), "emitSystemFields"));
  Store& store = call.door().store();
  {
    const auto tx = store.read();
    Call reading(call.door(), call.caller(), tx.get(), call.now());
    TRY(find_group(reading, *in.log_group_name, Lock::kNone));
  }
  const SubscriptionRecord record = TRY(checked_subscription(call, {call.account(), call.region(), *in.log_group_name},
                                                             *in.filter_pattern, *in.destination_arn));
  const Sequence written = TRY(store.run([&](Transaction& tx) -> Status {
    Call writing(call.door(), call.caller(), &tx, call.now());
    FoundGroup group = TRY(find_group(writing, *in.log_group_name, Lock::kExclusive));
    const FilterKey key{group.record.id, *in.filter_name};
    if (!TRY(tx.get(kSubscriptionFilters, key))) {
      if (group.record.subscriptions >= kMostSubscriptions)
        return fail(400, "LimitExceededException", "Resource limit exceeded.");
      ++group.record.subscriptions;
      TRY(tx.put(kGroups, group.key, group.record));
    }
    return tx.put(kSubscriptionFilters, key, record);
  }));
  TRY(store.wait_synced(written));
  return PutSubscriptionFilterOutput{};
}

Result<DeleteSubscriptionFilterOutput> delete_subscription_filter(Logs&, Call& call,
                                                                  const DeleteSubscriptionFilterRequest& in) {
  FoundGroup group = TRY(find_group(call, *in.log_group_name, Lock::kExclusive));
  const FilterKey key{group.record.id, *in.filter_name};
  if (!TRY(call.get(kSubscriptionFilters, key))) return not_found("The specified subscription filter does not exist.");
  TRY(call.erase(kSubscriptionFilters, key));
  --group.record.subscriptions;
  TRY(call.put(kGroups, group.key, group.record));
  return DeleteSubscriptionFilterOutput{};
}

Result<DescribeSubscriptionFiltersResponse> describe_subscription_filters(
    Logs&, Call& call, const DescribeSubscriptionFiltersRequest& in) {
  const FoundGroup group = TRY(find_group(call, *in.log_group_name, Lock::kNone));
  const std::string request =
      fmt::format("DescribeSubscriptionFilters {} {}", group.record.id, in.filter_name_prefix.value_or(""));
  const auto page = TRY(
      page_of(call, kSubscriptionFilters, group.record.id, in.filter_name_prefix, in.next_token, in.limit, request));
  DescribeSubscriptionFiltersResponse out;
  out.subscription_filters.set_present();
  for (const auto& [key, record] : page.entries)
    out.subscription_filters.push_back({.filter_name = key.name,
                                        .log_group_name = group.key.name,
                                        .filter_pattern = record.pattern,
                                        .destination_arn = record.destination,
                                        .distribution = "ByLogStream",
                                        .apply_on_transformed_logs = false,
                                        .creation_time = record.created.millis()});
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

// --- metric filters -------------------------------------------------------------------------------------------------------

namespace {

MetricFilter to_wire(const std::string& name, const MetricFilterRecord& record) {
  MetricFilter out{.filter_name = name,
                   .filter_pattern = record.pattern,
                   .creation_time = record.created.millis(),
                   .log_group_name = record.group,
                   .apply_on_transformed_logs = false};
  for (const TransformationRecord& one : record.transformations) {
    MetricTransformation transformation{.metric_name = one.metric,
                                        .metric_namespace = one.space,
                                        .metric_value = one.value,
                                        .default_value = one.default_value,
                                        .unit = one.unit};
    for (const auto& [dimension, value] : one.dimensions) transformation.dimensions[dimension] = value;
    out.metric_transformations.push_back(std::move(transformation));
  }
  return out;
}

}  // namespace

Result<PutMetricFilterOutput> put_metric_filter(Logs&, Call& call, const PutMetricFilterRequest& in) {
  TRY(FilterPattern::parse(*in.filter_pattern));
  TRY(refuse(in.apply_on_transformed_logs.value_or(false), "applyOnTransformedLogs"));
  TRY(refuse(in.field_selection_criteria.has_value(), "fieldSelectionCriteria"));
  TRY(refuse(!in.emit_system_field_dimensions.empty(), "emitSystemFieldDimensions"));
  FoundGroup group = TRY(find_group(call, *in.log_group_name, Lock::kExclusive));
  MetricFilterRecord record{
      .pattern = *in.filter_pattern, .group = group.key.name, .transformations = {}, .created = call.now()};
  for (const MetricTransformation& one : in.metric_transformations) {
    if (one.default_value && !one.dimensions.empty())
      return invalid("Invalid metric transformation: dimensions and a default value exclude each other.");
    TransformationRecord made{.metric = *one.metric_name,
                              .space = *one.metric_namespace,
                              .value = *one.metric_value,
                              .default_value = one.default_value,
                              .dimensions = {},
                              .unit = one.unit};
    for (const auto& [dimension, value] : one.dimensions) made.dimensions[dimension] = value;
    record.transformations.push_back(std::move(made));
  }
  const FilterKey key{group.record.id, *in.filter_name};
  if (!TRY(call.get(kMetricFilters, key))) {
    if (group.record.metric_filters >= kMostMetricFilters)
      return fail(400, "LimitExceededException",
                  "Resource limit exceeded: a log group has 100 metric filters at most.");
    ++group.record.metric_filters;
    TRY(call.put(kGroups, group.key, group.record));
  }
  TRY(call.put(kMetricFilters, key, record));
  return PutMetricFilterOutput{};
}

Result<DeleteMetricFilterOutput> delete_metric_filter(Logs&, Call& call, const DeleteMetricFilterRequest& in) {
  FoundGroup group = TRY(find_group(call, *in.log_group_name, Lock::kExclusive));
  const FilterKey key{group.record.id, *in.filter_name};
  if (!TRY(call.get(kMetricFilters, key))) return not_found("The specified metric filter does not exist.");
  TRY(call.erase(kMetricFilters, key));
  --group.record.metric_filters;
  TRY(call.put(kGroups, group.key, group.record));
  return DeleteMetricFilterOutput{};
}

Result<std::vector<Need>> describe_metric_filters_rights(Logs&, Call& call, const DescribeMetricFiltersRequest& in) {
  return stream_need(call, "logs:DescribeMetricFilters", in.log_group_name.value_or(""), "");
}

// Of one group, or of all of them.
Result<DescribeMetricFiltersResponse> describe_metric_filters(Logs&, Call& call,
                                                              const DescribeMetricFiltersRequest& in) {
  if (in.metric_name.has_value() != in.metric_namespace.has_value())
    return invalid("Give metricName and metricNamespace together.");
  std::vector<uint64_t> groups;
  if (in.log_group_name) {
    groups.push_back(TRY(find_group(call, *in.log_group_name, Lock::kNone)).record.id);
  } else {
    const auto all = TRY(call.tx().scan(kGroups, {.prefix = prefix_of(kGroups, call.account(), call.region())}));
    for (const auto& [key, record] : all.entries)
      if (record.metric_filters > 0) groups.push_back(record.id);
    std::ranges::sort(groups);
  }
  const std::string request = fmt::format("DescribeMetricFilters {} {} {} {} {} {}", call.account(), call.region(),
                                          in.log_group_name.value_or(""), in.filter_name_prefix.value_or(""),
                                          in.metric_name.value_or(""), in.metric_namespace.value_or(""));
  const std::string after = TRY(page_start(call, request, in.next_token));
  const auto limit = static_cast<size_t>(in.limit.value_or(kPage));
  DescribeMetricFiltersResponse out;
  out.metric_filters.set_present();
  std::string last;
  for (const uint64_t group : groups) {
    const auto page = TRY(call.tx().scan(
        kMetricFilters, {.prefix = prefix_of(kMetricFilters, group, Starts{in.filter_name_prefix.value_or("")})}));
    for (const auto& [key, record] : page.entries) {
      const std::string here = encoded_key(kMetricFilters, key);
      if (here <= after) continue;
      const bool named =
          !in.metric_name || std::ranges::any_of(record.transformations, [&](const TransformationRecord& one) {
            return one.metric == *in.metric_name && one.space == *in.metric_namespace;
          });
      if (!named) continue;
      if (out.metric_filters.size() == limit) {
        out.next_token = page_token(call.door().store(), request, last);
        return out;
      }
      last = here;
      out.metric_filters.push_back(to_wire(key.name, record));
    }
  }
  return out;
}

Result<TestMetricFilterResponse> test_metric_filter(Logs&, Call&, const TestMetricFilterRequest& in) {
  const FilterPattern pattern = TRY(FilterPattern::parse(*in.filter_pattern));
  TestMetricFilterResponse out;
  out.matches.set_present();
  for (size_t i = 0; i < in.log_event_messages.size(); ++i) {
    const std::string& message = in.log_event_messages[i];
    if (!pattern.matches(message)) continue;
    MetricFilterMatchRecord match{.event_number = static_cast<int64_t>(i + 1), .event_message = message};
    match.extracted_values.set_present();
    for (const auto& [name, value] : pattern.extract(message)) match.extracted_values[name] = value;
    out.matches.push_back(std::move(match));
  }
  return out;
}

}  // namespace tarn::logs

// What becomes of asynchronous calls: how often and how long they are tried, and who is told.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "door/arn.h"
#include "door/door.h"
#include "services/lambda/lambda.h"
#include "store/page_token.h"

namespace tarn::lambda {
namespace {

constexpr int32_t kPage = 50;

struct FoundConfig {
  Found found;
  EventConfigKey key;
  std::string arn;
};

constexpr const char* kNoFunction = "The function doesn't exist.";

Failure no_config(const std::string& arn) {
  return not_found(fmt::format("The function {} doesn't have an EventInvokeConfig", arn));
}

// Recorded from AWS: what only looks says that there is no configuration, also where there is no function.
enum class Miss : uint8_t { kNoFunction, kNoConfig };

Result<FoundConfig> find(Call& call, const std::string& function, const OptionalText& qualifier, Lock lock, Miss miss) {
  const FunctionName name = TRY(function_name(call, function, qualifier));
  auto there = find_version(call, name, lock);
  if (!there && there.error().code == "ResourceNotFoundException" && miss == Miss::kNoConfig)
    return no_config(name.arn() + ":" + (name.qualifier.empty() ? "$LATEST" : name.qualifier));
  Found found = TRY(worded(std::move(there), kNoFunction));
  const std::string of = found.name.qualifier.empty() ? "$LATEST" : found.name.qualifier;
  const EventConfigKey key{found.function.id, of};
  std::string arn = found.name.arn() + ":" + of;
  return FoundConfig{std::move(found), key, std::move(arn)};
}

FunctionEventInvokeConfig to_wire(const std::string& arn, const EventConfigRecord& record) {
  FunctionEventInvokeConfig out{.last_modified = record.modified, .function_arn = arn};
  out.maximum_retry_attempts = record.retries;
  out.maximum_event_age_in_seconds = record.seconds;
  DestinationConfig destinations;
  destinations.on_success.emplace();
  destinations.on_failure.emplace();
  if (!record.on_success.empty()) destinations.on_success->destination = record.on_success;
  if (!record.on_failure.empty()) destinations.on_failure->destination = record.on_failure;
  out.destination_config = std::move(destinations);
  return out;
}

// What is sent on success or, else, on failure.
Status check_destination(Call& call, const FunctionName& own, const std::string& arn, bool failure) {
  if (arn.empty()) return {};
  if (!is_destination(arn, failure))
    return invalid_parameter(
        fmt::format("The provided destination config DestinationConfig(onSuccess={}, onFailure={}) is invalid.",
                    failure ? "null" : fmt::format("OnSuccess(destination={})", arn),
                    failure ? fmt::format("OnFailure(destination={})", arn) : "null"));
  if (Arn::parse(arn)->service != "lambda") return {};
  const FunctionName to = TRY(function_name(call, arn));
  if (to.arn() == own.arn()) return invalid_parameter("You can't specify the function as a destination for itself.");
  if (!TRY(call.get(kFunctions, to.key, Lock::kNone)))
    return invalid_parameter(fmt::format("The destination ARN {} is invalid.", arn));
  return {};
}

// The members of Put and Update that are there.
template <class In>
Status apply(Call& call, const FunctionName& own, const In& in, EventConfigRecord& record) {
  if (!in.maximum_retry_attempts && !in.maximum_event_age_in_seconds && !in.destination_config)
    return invalid_parameter("You must specify at least one of error handling or destination setting.");
  if (in.maximum_retry_attempts) record.retries = in.maximum_retry_attempts;
  if (in.maximum_event_age_in_seconds) record.seconds = in.maximum_event_age_in_seconds;
  if (!in.destination_config) return {};
  const DestinationConfig& given = *in.destination_config;
  if (given.on_success) record.on_success = given.on_success->destination.value_or("");
  if (given.on_failure) record.on_failure = given.on_failure->destination.value_or("");
  TRY(check_destination(call, own, record.on_success, false));
  return check_destination(call, own, record.on_failure, true);
}

// AWS: PutFunctionEventInvokeConfig: the function's role must be able to send there.
Status check_role(Lambda& lambda, Call& call, const std::string& role, const std::string& destination) {
  static const std::map<std::string, std::string> kActions = {{"sqs", "sqs:SendMessage"},
                                                              {"sns", "sns:Publish"},
                                                              {"lambda", "lambda:InvokeFunction"},
                                                              {"events", "events:PutEvents"},
                                                              {"s3", "s3:PutObject"}};
  if (destination.empty()) return {};
  const std::string service = Arn::parse(destination)->service, action = kActions.at(service);
  if (role_may(lambda, call.caller(), role, action, service == "s3" ? destination + "/aws/lambda/async/" : destination))
    return {};
  return invalid_parameter(fmt::format("The function's execution role does not have permissions to call {} on {}",
                                       action.substr(action.find(':') + 1), destination));
}

template <class In>
Result<FunctionEventInvokeConfig> store(Lambda& lambda, Call& call, const In& in, bool fresh) {
  const FoundConfig at = TRY(find(call, *in.function_name, in.qualifier, Lock::kShared, Miss::kNoFunction));
  EventConfigRecord record;
  if (!fresh) {
    auto old = TRY(call.get(kEventConfigs, at.key));
    if (!old) return no_config(at.arn);
    record = std::move(*old);
  }
  TRY(apply(call, at.found.name, in, record));
  if (in.destination_config)
    for (const std::string& destination : {record.on_success, record.on_failure})
      TRY(check_role(lambda, call, at.found.record.role, destination));
  record.modified = call.now();
  TRY(call.put(kEventConfigs, at.key, record));
  return to_wire(at.arn, record);
}

}  // namespace

Result<std::vector<Need>> put_function_event_invoke_config_rights(Lambda&, Call& call,
                                                                  const PutFunctionEventInvokeConfigRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:PutFunctionEventInvokeConfig");
}

Result<FunctionEventInvokeConfig> put_function_event_invoke_config(Lambda& lambda, Call& call,
                                                                   const PutFunctionEventInvokeConfigRequest& in) {
  return store(lambda, call, in, true);
}

Result<std::vector<Need>> update_function_event_invoke_config_rights(Lambda&, Call& call,
                                                                     const UpdateFunctionEventInvokeConfigRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:UpdateFunctionEventInvokeConfig");
}

Result<FunctionEventInvokeConfig> update_function_event_invoke_config(
    Lambda& lambda, Call& call, const UpdateFunctionEventInvokeConfigRequest& in) {
  return store(lambda, call, in, false);
}

Result<std::vector<Need>> get_function_event_invoke_config_rights(Lambda&, Call& call,
                                                                  const GetFunctionEventInvokeConfigRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:GetFunctionEventInvokeConfig");
}

Result<FunctionEventInvokeConfig> get_function_event_invoke_config(Lambda&, Call& call,
                                                                   const GetFunctionEventInvokeConfigRequest& in) {
  const FoundConfig at = TRY(find(call, *in.function_name, in.qualifier, Lock::kNone, Miss::kNoConfig));
  const auto record = TRY(call.get(kEventConfigs, at.key, Lock::kNone));
  if (!record) return no_config(at.arn);
  return to_wire(at.arn, *record);
}

Result<std::vector<Need>> delete_function_event_invoke_config_rights(Lambda&, Call& call,
                                                                     const DeleteFunctionEventInvokeConfigRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:DeleteFunctionEventInvokeConfig");
}

Result<DeleteFunctionEventInvokeConfigOutput> delete_function_event_invoke_config(
    Lambda&, Call& call, const DeleteFunctionEventInvokeConfigRequest& in) {
  const FoundConfig at = TRY(find(call, *in.function_name, in.qualifier, Lock::kShared, Miss::kNoConfig));
  if (!TRY(call.get(kEventConfigs, at.key))) return no_config(at.arn);
  TRY(call.erase(kEventConfigs, at.key));
  return DeleteFunctionEventInvokeConfigOutput{};
}

Result<std::vector<Need>> list_function_event_invoke_configs_rights(Lambda&, Call& call,
                                                                    const ListFunctionEventInvokeConfigsRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:ListFunctionEventInvokeConfigs");
}

Result<ListFunctionEventInvokeConfigsResponse> list_function_event_invoke_configs(
    Lambda&, Call& call, const ListFunctionEventInvokeConfigsRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  const FunctionRecord function = TRY(worded(find_function(call, name, Lock::kNone), kNoFunction));
  const std::string request = fmt::format("ListFunctionEventInvokeConfigs {}", function.id);
  const auto page =
      TRY(call.tx().scan(kEventConfigs, {.prefix = prefix_of(kEventConfigs, function.id),
                                         .after = TRY(position_of(call, request, in.marker)),
                                         .limit = static_cast<size_t>(std::min(in.max_items.value_or(kPage), kPage))}));
  ListFunctionEventInvokeConfigsResponse out;
  out.function_event_invoke_configs.set_present();
  for (const auto& [key, record] : page.entries)
    out.function_event_invoke_configs.push_back(to_wire(name.arn() + ":" + key.qualifier, record));
  if (page.more)
    out.next_marker = page_token(call.door().store(), request, encoded_key(kEventConfigs, page.entries.back().key));
  return out;
}

}  // namespace tarn::lambda

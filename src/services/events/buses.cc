// Buses, and who may put events on them.
#include <fmt/format.h>

#include <algorithm>

#include "door/arn.h"
#include "door/policy.h"
#include "door/tags.h"
#include "services/events/events.h"
#include "store/page_token.h"

namespace tarn::events {
namespace {

constexpr size_t kLongestPolicy = 10'240;  // AWS: PutPermission
constexpr int32_t kPage = 100;
constexpr size_t kMostBuses = 100;  // AWS: EventBridge quotas

Status check_encryption(const std::optional<std::string>& key) {
  if (key && !key->empty()) return invalid("KmsKeyIdentifier is not supported by this server.");
  return {};
}

template <class In>
Status take(BusRecord& record, const In& in) {
  TRY(check_encryption(in.kms_key_identifier));
  if (in.description) record.description = in.description;
  if (in.dead_letter_config) record.dead_letter_queue = in.dead_letter_config->arn;
  if (in.log_config) {
    if (in.log_config->level.value_or("OFF") != "OFF")
      return invalid("LogConfig: logs of event buses are not supported by this server.");
    record.log_level = in.log_config->level;
    record.log_detail = in.log_config->include_detail;
  }
  return {};
}

template <class Out>
void show(const BusRecord& record, Out& out) {
  out.description = record.description;
  if (record.dead_letter_queue) out.dead_letter_config = DeadLetterConfig{.arn = record.dead_letter_queue};
  if (record.log_level) out.log_config = LogConfig{.include_detail = record.log_detail, .level = record.log_level};
}

Json principal_json(const std::string& who) {
  if (who == "*") return who;
  return Json::object({{"AWS", fmt::format("arn:aws:iam::{}:root", who)}});
}

Result<Json> statement_of(const BusKey& key, const PutPermissionRequest& in) {
  if (!in.statement_id || !in.action || !in.principal)
    return invalid("Parameter(s) StatementId, Action and Principal, or Policy, must be specified.");
  Json statement = Json::object({{"Sid", *in.statement_id},
                                 {"Effect", "Allow"},
                                 {"Principal", principal_json(*in.principal)},
                                 {"Action", *in.action},
                                 {"Resource", bus_arn(key)}});
  if (in.condition)
    statement.set("Condition",
                  Json::object({{*in.condition->type, Json::object({{*in.condition->key, *in.condition->value}})}}));
  return statement;
}

Json policy_of(const BusRecord& record) {
  if (record.policy)
    if (auto policy = Json::parse(*record.policy)) return std::move(*policy);
  return Json::object({{"Version", "2012-10-17"}, {"Statement", Json::array()}});
}

std::vector<Json> statements_of(const Json& policy) {
  const Json& statements = policy["Statement"];
  return statements.is_array() ? statements.items() : std::vector<Json>{statements};
}

}  // namespace

Result<CreateEventBusResponse> create_event_bus(Events&, Call& call, const CreateEventBusRequest& in) {
  const BusKey key{call.account(), call.region(), *in.name};
  if (in.event_source_name) return invalid("EventSourceName: partner event sources are not supported by this server.");
  if (key.name.find('/') != std::string::npos)
    return invalid(
        "Parameter Name is not valid. Reason: only the buses of partner event sources have a '/' in their names.");
  if (key.name == kDefaultBus || TRY(call.get(kBuses, key)))
    return exists_already(fmt::format("Event bus {} already exists.", key.name));
  BusRecord record{.created = call.now(), .modified = call.now()};
  TRY(take(record, in));
  TRY(check_quota(call, kBuses, prefix_of(kBuses, key.owner, key.region), kMostBuses));
  TRY(call.put(kBuses, key, record));
  Tags tags;
  for (const Tag& tag : in.tags) tags[*tag.key] = *tag.value;
  if (!tags.empty()) TRY(set_tags(call.tx(), bus_arn(key), tags));
  CreateEventBusResponse out{.event_bus_arn = bus_arn(key)};
  show(record, out);
  return out;
}

Result<std::vector<Need>> update_event_bus_rights(Events&, Call& call, const UpdateEventBusRequest& in) {
  return rights_on_bus(call, "UpdateEventBus", in.name);
}
Result<UpdateEventBusResponse> update_event_bus(Events&, Call& call, const UpdateEventBusRequest& in) {
  const BusKey key = bus_key(call, in.name);
  BusRecord record = TRY(find_bus(call, key, Lock::kExclusive));
  TRY(take(record, in));
  record.modified = call.now();
  TRY(call.put(kBuses, key, record));
  UpdateEventBusResponse out{.arn = bus_arn(key), .name = key.name};
  show(record, out);
  return out;
}

Result<DeleteEventBusOutput> delete_event_bus(Events&, Call& call, const DeleteEventBusRequest& in) {
  const BusKey key{call.account(), call.region(), *in.name};
  if (key.name == kDefaultBus) return invalid("Cannot delete event bus default.");
  if (!TRY(call.get(kBuses, key))) return DeleteEventBusOutput{};
  const auto rules =
      TRY(call.tx().scan(kRules, {.prefix = prefix_of(kRules, key.owner, key.region, key.name), .limit = 1}));
  if (!rules.entries.empty())
    return invalid(fmt::format("Event bus {} can't be deleted since it has rules.", key.name));
  TRY(call.erase(kBuses, key));
  TRY(set_tags(call.tx(), bus_arn(key), {}));
  return DeleteEventBusOutput{};
}

Result<std::vector<Need>> describe_event_bus_rights(Events&, Call& call, const DescribeEventBusRequest& in) {
  return rights_on_bus(call, "DescribeEventBus", in.name);
}
Result<DescribeEventBusResponse> describe_event_bus(Events&, Call& call, const DescribeEventBusRequest& in) {
  const BusKey key = bus_key(call, in.name);
  const BusRecord record = TRY(find_bus(call, key, Lock::kNone));
  DescribeEventBusResponse out{.name = key.name, .arn = bus_arn(key), .policy = record.policy};
  show(record, out);
  if (record.created != Time{}) out.creation_time = record.created;
  if (record.modified != Time{}) out.last_modified_time = record.modified;
  return out;
}

Result<ListEventBusesResponse> list_event_buses(Events&, Call& call, const ListEventBusesRequest& in) {
  const std::string request =
      fmt::format("ListEventBuses {} {} {}", call.account(), call.region(), in.name_prefix.value_or(""));
  const auto limit = static_cast<size_t>(in.limit.value_or(kPage));
  const std::string start = TRY(page_start(call, request, in.next_token));
  ListEventBusesResponse out;
  out.event_buses.set_present();
  const auto add = [&](const BusKey& key, const BusRecord& record) {
    EventBus& bus = out.event_buses.emplace_back();
    bus.name = key.name;
    bus.arn = bus_arn(key);
    bus.description = record.description;
    bus.policy = record.policy;
    if (record.created != Time{}) bus.creation_time = record.created;
    if (record.modified != Time{}) bus.last_modified_time = record.modified;
  };
  // The default bus comes first, also where it has no record.
  const BusKey first{call.account(), call.region(), kDefaultBus};
  const bool named = std::string(kDefaultBus).starts_with(in.name_prefix.value_or(""));
  if (start.empty() && named) add(first, TRY(find_bus(call, first, Lock::kNone)));
  const std::string prefix = prefix_of(kBuses, call.account(), call.region(), Starts{in.name_prefix.value_or("")});
  auto at = call.tx().cursor(kBuses, {.prefix = prefix, .after = start});
  for (std::string last = start.empty() ? prefix : start; at.valid(); at.next()) {
    const BusKey key = TRY(at.key());
    if (key.name == kDefaultBus) continue;
    if (out.event_buses.size() >= limit) {
      out.next_token = page_token(call.door().store(), request, last);
      break;
    }
    add(key, TRY(at.record()));
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

// --- policies --------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> put_permission_rights(Events&, Call& call, const PutPermissionRequest& in) {
  return rights_on_bus(call, "PutPermission", in.event_bus_name);
}
Result<PutPermissionOutput> put_permission(Events&, Call& call, const PutPermissionRequest& in) {
  const BusKey key = bus_key(call, in.event_bus_name);
  BusRecord record = TRY(find_bus(call, key, Lock::kExclusive));
  if (in.policy) {
    record.policy = *in.policy;
  } else {
    if (in.action && *in.action != "events:PutEvents")
      return invalid("Provided value in parameter 'action' is not supported.");
    Json statement = TRY(statement_of(key, in));
    Json policy = policy_of(record);
    std::vector<Json> statements = statements_of(policy);
    std::erase_if(statements, [&](const Json& other) { return other["Sid"].as_string() == *in.statement_id; });
    statements.push_back(std::move(statement));
    policy.set("Statement", Json::array(std::move(statements)));
    record.policy = policy.text();
  }
  if (record.policy->size() > kLongestPolicy)
    return fail(400, "PolicyLengthExceededException",
                fmt::format("The policy of event bus {} is longer than {} bytes.", key.name, kLongestPolicy));
  if (const auto policy = Policy::parse(*record.policy, PolicyKind::kResource); !policy)
    return invalid("The policy is not valid: " + policy.error().message);
  record.modified = call.now();
  TRY(call.put(kBuses, key, record));
  return PutPermissionOutput{};
}

Result<std::vector<Need>> remove_permission_rights(Events&, Call& call, const RemovePermissionRequest& in) {
  return rights_on_bus(call, "RemovePermission", in.event_bus_name);
}
Result<RemovePermissionOutput> remove_permission(Events&, Call& call, const RemovePermissionRequest& in) {
  const BusKey key = bus_key(call, in.event_bus_name);
  BusRecord record = TRY(find_bus(call, key, Lock::kExclusive));
  if (!in.remove_all_permissions.value_or(false)) {
    if (!in.statement_id) return invalid("Parameter StatementId or RemoveAllPermissions must be specified.");
    if (!record.policy) return not_found("EventBus does not have a policy.");
    Json policy = policy_of(record);
    std::vector<Json> statements = statements_of(policy);
    if (std::erase_if(statements, [&](const Json& other) { return other["Sid"].as_string() == *in.statement_id; }) == 0)
      return not_found("Statement with the provided id does not exist.");
    const bool empty = statements.empty();
    policy.set("Statement", Json::array(std::move(statements)));
    record.policy = empty ? std::nullopt : std::optional(policy.text());
  } else {
    record.policy.reset();
  }
  record.modified = call.now();
  TRY(call.put(kBuses, key, record));
  return RemovePermissionOutput{};
}

}  // namespace tarn::events

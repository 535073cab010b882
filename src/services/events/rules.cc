// Rules: which events, or which moments, tell the targets.
#include <fmt/format.h>

#include "door/arn.h"
#include "door/rights.h"
#include "door/tags.h"
#include "services/events/events.h"
#include "store/page_token.h"

namespace tarn::events {
namespace {

constexpr int32_t kPage = 100;
// AWS: EventBridge quotas: 300 rules on a bus, more when they are asked for. ASSUMED: up to so many.
constexpr size_t kMostRules = 2'000;

template <class Out>
void show(const RuleKey& key, const RuleRecord& record, Out& out) {
  out.name = key.name;
  out.arn = rule_arn(key);
  out.event_pattern = record.pattern;
  out.schedule_expression = record.schedule;
  out.state = record.state;
  out.description = record.description;
  out.role_arn = record.role_arn;
  out.event_bus_name = key.bus;
}

Status check(const RuleKey& key, const RuleRecord& record) {
  if (!record.pattern && !record.schedule)
    return invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
  if (record.pattern) TRY(parse_event_pattern(*record.pattern));
  if (!record.schedule) return {};
  if (key.bus != kDefaultBus) return invalid("ScheduleExpression is supported only on the default event bus.");
  return check_schedule(*record.schedule);
}

Result<std::vector<Need>> put_rights(Call& call, const PutRuleRequest& in) {
  std::vector<Need> needs = TRY(rights_on_rule(call, "PutRule", in.event_bus_name, *in.name));
  if (!in.tags.empty()) {
    needs.push_back(needs[0]);
    needs.back().action = "events:TagResource";
  }
  if (in.role_arn) needs.push_back(pass_role(*in.role_arn, kPrincipal));
  return needs;
}

Status set_state(Events& events, Call& call, const std::optional<std::string>& bus,
                 const std::optional<std::string>& name, std::string_view state) {
  FoundRule found = TRY(find_rule(call, bus, name, Lock::kExclusive));
  found.record.state = state;
  TRY(events.plan(call.tx(), found.key, found.record, call.now()));
  return call.put(kRules, found.key, found.record);
}

}  // namespace

Result<std::vector<Need>> put_rule_rights(Events&, Call& call, const PutRuleRequest& in) {
  return put_rights(call, in);
}
Result<PutRuleResponse> put_rule(Events& events, Call& call, const PutRuleRequest& in) {
  const BusKey bus = bus_key(call, in.event_bus_name);
  TRY(find_bus(call, bus, Lock::kShared));
  const RuleKey key{bus.owner, bus.region, bus.name, *in.name};
  const auto old = TRY(call.get(kRules, key));
  RuleRecord record{.id = old ? old->id : call.door().store().next_id(),
                    .pattern = in.event_pattern,
                    .schedule = in.schedule_expression,
                    .description = in.description,
                    .role_arn = in.role_arn,
                    .state = in.state.value_or("ENABLED"),
                    .created_by = old ? old->created_by : call.account(),
                    .subscriptions = old ? old->subscriptions : std::vector<std::string>()};
  TRY(check(key, record));
  if (!old) TRY(check_quota(call, kRules, prefix_of(kRules, bus.owner, bus.region, bus.name), kMostRules));
  // AWS: tags are taken when a rule is made, and passed over when it is changed.
  Tags tags;
  for (const Tag& tag : in.tags) tags[*tag.key] = *tag.value;
  if (!old && !tags.empty()) TRY(set_tags(call.tx(), rule_arn(key), tags));
  TRY(events.plan(call.tx(), key, record, call.now()));
  TRY(call.put(kRules, key, record));
  return PutRuleResponse{.rule_arn = rule_arn(key)};
}

Result<std::vector<Need>> describe_rule_rights(Events&, Call& call, const DescribeRuleRequest& in) {
  return rights_on_rule(call, "DescribeRule", in.event_bus_name, *in.name);
}
Result<DescribeRuleResponse> describe_rule(Events&, Call& call, const DescribeRuleRequest& in) {
  const FoundRule found = TRY(find_rule(call, in.event_bus_name, in.name, Lock::kNone));
  DescribeRuleResponse out;
  show(found.key, found.record, out);
  out.created_by = found.record.created_by;
  return out;
}

Result<std::vector<Need>> delete_rule_rights(Events&, Call& call, const DeleteRuleRequest& in) {
  return rights_on_rule(call, "DeleteRule", in.event_bus_name, *in.name);
}
Result<DeleteRuleOutput> delete_rule(Events& events, Call& call, const DeleteRuleRequest& in) {
  const BusKey bus = bus_key(call, in.event_bus_name);
  TRY(find_bus(call, bus, Lock::kNone));
  const RuleKey key{bus.owner, bus.region, bus.name, *in.name};
  auto record = TRY(call.get(kRules, key));
  if (!record) return DeleteRuleOutput{};  // AWS: no error
  if (!TRY(targets_of(call.tx(), record->id)).empty()) return invalid("Rule can't be deleted since it has targets.");
  record->state = "DISABLED";
  TRY(events.plan(call.tx(), key, *record, call.now()));
  TRY(call.erase(kRules, key));
  TRY(set_tags(call.tx(), rule_arn(key), {}));
  return DeleteRuleOutput{};
}

Result<std::vector<Need>> enable_rule_rights(Events&, Call& call, const EnableRuleRequest& in) {
  return rights_on_rule(call, "EnableRule", in.event_bus_name, *in.name);
}
Result<EnableRuleOutput> enable_rule(Events& events, Call& call, const EnableRuleRequest& in) {
  TRY(set_state(events, call, in.event_bus_name, in.name, "ENABLED"));
  return EnableRuleOutput{};
}

Result<std::vector<Need>> disable_rule_rights(Events&, Call& call, const DisableRuleRequest& in) {
  return rights_on_rule(call, "DisableRule", in.event_bus_name, *in.name);
}
Result<DisableRuleOutput> disable_rule(Events& events, Call& call, const DisableRuleRequest& in) {
  TRY(set_state(events, call, in.event_bus_name, in.name, "DISABLED"));
  return DisableRuleOutput{};
}

Result<std::vector<Need>> list_rules_rights(Events&, Call& call, const ListRulesRequest& in) {
  return rights_on_rule(call, "ListRules", in.event_bus_name, "*");
}
Result<ListRulesResponse> list_rules(Events&, Call& call, const ListRulesRequest& in) {
  const BusKey bus = bus_key(call, in.event_bus_name);
  TRY(find_bus(call, bus, Lock::kNone));
  const std::string prefix = in.name_prefix.value_or("");
  const std::string request = fmt::format("ListRules {} {}", bus_arn(bus), prefix);
  const auto page =
      TRY(call.tx().scan(kRules, {.prefix = prefix_of(kRules, bus.owner, bus.region, bus.name, Starts{prefix}),
                                  .after = TRY(page_start(call, request, in.next_token)),
                                  .limit = static_cast<size_t>(in.limit.value_or(kPage))}));
  ListRulesResponse out;
  out.rules.set_present();
  for (const auto& [key, record] : page.entries) show(key, record, out.rules.emplace_back());
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

Result<std::vector<Need>> list_rule_names_by_target_rights(Events&, Call& call,
                                                           const ListRuleNamesByTargetRequest& in) {
  return rights_on_rule(call, "ListRuleNamesByTarget", in.event_bus_name, "*");
}
Result<ListRuleNamesByTargetResponse> list_rule_names_by_target(Events&, Call& call,
                                                                const ListRuleNamesByTargetRequest& in) {
  const BusKey bus = bus_key(call, in.event_bus_name);
  TRY(find_bus(call, bus, Lock::kNone));
  const std::string request = fmt::format("ListRuleNamesByTarget {} {}", bus_arn(bus), *in.target_arn);
  ListRuleNamesByTargetResponse out;
  out.rule_names.set_present();
  auto at = call.tx().cursor(kRules, {.prefix = prefix_of(kRules, bus.owner, bus.region, bus.name),
                                      .after = TRY(page_start(call, request, in.next_token))});
  for (std::string last; at.valid(); at.next()) {
    bool has = false;
    for (const TargetEntry& target : TRY(targets_of(call.tx(), TRY(at.record()).id)))
      has = has || target.record.arn == *in.target_arn;
    if (!has) continue;
    if (out.rule_names.size() >= static_cast<size_t>(in.limit.value_or(kPage))) {
      out.next_token = page_token(call.door().store(), request, last);
      break;
    }
    out.rule_names.push_back(TRY(at.key()).name);
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

// AWS: the event must have the members of the envelope; it is taken without its resources and detail.
Result<TestEventPatternResponse> test_event_pattern(Events&, Call&, const TestEventPatternRequest& in) {
  const EventPattern pattern = TRY(parse_event_pattern(*in.event_pattern));
  const auto event = Json::parse(*in.event);
  bool whole = event && event->is_object();
  for (const char* name : {"id", "account", "source", "time", "region", "detail-type"})
    whole = whole && event->find(name) != nullptr;
  if (!whole) return invalid("Parameter Event is not valid.");
  return TestEventPatternResponse{.result = pattern.matches(FlatEvent(*event))};
}

}  // namespace tarn::events

// What became of events: for each of the last ones on a rule's bus, why the rule did not take it, or what its targets said.
#include <fmt/format.h>

#include <map>

#include "door/api_destinations.h"
#include "door/arn.h"
#include "door/door.h"
#include "door/event_pattern.h"
#include "gen/admin/handlers.h"
#include "gen/cloudtrail/shapes.h"
#include "gen/events/shapes.h"
#include "services/admin/admin.h"

namespace tarn::admin {
namespace {

constexpr int32_t kEvents = 20;
constexpr std::string_view kTrailType = "AWS API Call via CloudTrail";

struct CallSummary {
  int attempts = 0;
  std::string outcome;
};

std::map<std::string, CallSummary> outcomes_of(const CallLog& log, const std::string& rule_arn) {
  std::map<std::string, CallSummary> outcomes;
  for (const CallLog::Entry& call : log.since(0)) {
    if (call.cause != rule_arn) continue;
    CallSummary& summary = outcomes[call.request_id];
    summary.attempts = call.attempt;
    summary.outcome = call.error_code.empty() ? "ok" : call.error_code + ": " + call.error_message;
  }
  return outcomes;
}

// arn:aws:events:REGION:ACCOUNT:rule/[BUS/]NAME
std::string bus_of(const std::string& rule_arn) {
  auto arn = Arn::parse(rule_arn);
  if (!arn) return {};
  const std::string id(arn->resource_id());
  const size_t slash = id.rfind('/');
  arn->resource = "event-bus/" + (slash == std::string::npos ? std::string("default") : id.substr(0, slash));
  return arn->text();
}

bool names(const EventPattern::Field& field, std::string_view value) {
  for (const ValueTest& test : field.any_of)
    if (test.kind == ValueTest::Kind::kLiteral && test.text == value) return true;
  return false;
}

bool has_trail(Call& call) {
  const auto trails = call.door().call(call.caller(), cloudtrail::DescribeTrailsRequest{});
  return !trails || !trails->trail_list.empty();  // who may not look is told nothing
}

// What no event of this server can be.
void note_field(Call& call, const EventPattern::Field& field, wire::List<std::string>& notes) {
  const bool bucket_name = field.path == "detail.bucket.name" || field.path == "detail.requestParameters.bucketName";
  for (const ValueTest& test : field.any_of)
    if (bucket_name && (test.kind == ValueTest::Kind::kLiteral || test.kind == ValueTest::Kind::kPrefix) &&
        test.text.starts_with("arn:"))
      notes.push_back(fmt::format("{} wants \"{}\": a bucket's name stands there, never an ARN, so no event can match.",
                                  field.path, test.text));
  if (field.path == "detail-type" && names(field, kTrailType) && !has_trail(call))
    notes.push_back(
        fmt::format("\"{}\" needs a trail that logs, and there is none in this account and region "
                    "(cloudtrail create-trail, start-logging).",
                    kTrailType));
  if (field.path == "detail-type" && (names(field, "Object Created") || names(field, "Object Deleted")))
    notes.push_back(
        "S3 tells EventBridge only of buckets whose notification configuration has an "
        "EventBridgeConfiguration.");
}

wire::List<std::string> notes_of(Call& call, const events::DescribeRuleResponse& rule,
                                 const std::optional<EventPattern>& pattern, bool has_targets) {
  wire::List<std::string> notes;
  notes.set_present();
  if (rule.state == "DISABLED") notes.push_back("The rule is disabled.");
  if (!has_targets) notes.push_back("The rule has no targets.");
  if (!pattern) return notes;
  for (const EventPattern::Branch& branch : pattern->branches())
    for (const EventPattern::Field& field : branch) note_field(call, field, notes);
  return notes;
}

ExplainedEvent explained(const EventLog::Entry& entry, const std::string& rule_arn,
                         const std::optional<EventPattern>& pattern,
                         const std::map<std::string, CallSummary>& outcomes) {
  const Json event = Json::parse(entry.event).value_or(Json());
  ExplainedEvent out{.time = entry.time,
                     .id = event["id"].as_string(),
                     .source = event["source"].as_string(),
                     .detail_type = event["detail-type"].as_string(),
                     .matched = true};
  if (pattern)
    if (const auto why = pattern->why_not(FlatEvent(event))) {
      out.matched = false;
      out.failed = why->text();
    }
  out.deliveries.set_present();
  for (const EventLog::Sent& sent : entry.sent) {
    if (sent.rule_arn != rule_arn) continue;
    const auto found = outcomes.find(sent.request_id);
    out.deliveries.push_back({.target = sent.target_arn,
                              .attempts = found == outcomes.end() ? 0 : found->second.attempts,
                              .outcome = found == outcomes.end() ? "waiting" : found->second.outcome});
  }
  return out;
}

}  // namespace

// What it looks up, it looks up as the caller.
Result<std::vector<Need>> explain_rule_rights(Administration&, Call& call, const ExplainRuleRequest& in) {
  const auto bus = Arn::parse(in.event_bus_name.value_or(""));
  const std::string name = bus ? std::string(bus->resource_id()) : in.event_bus_name.value_or("default");
  const std::string rule = name == "default" ? "rule/" + *in.name : fmt::format("rule/{}/{}", name, *in.name);
  const std::string arn =
      bus ? fmt::format("arn:aws:events:{}:{}:{}", bus->region, bus->account, rule) : call.arn("events", rule);
  return std::vector<Need>{{.action = "tarn:ExplainRule", .resource = "*"},
                           {.action = "events:DescribeRule", .resource = arn},
                           {.action = "events:ListTargetsByRule", .resource = arn}};
}

Result<ExplainRuleResult> explain_rule(Administration& admin, Call& call, const ExplainRuleRequest& in) {
  const auto rule = TRY(call.door().call(
      call.caller(), events::DescribeRuleRequest{.name = in.name, .event_bus_name = in.event_bus_name}));
  const auto targets = TRY(call.door().call(
      call.caller(), events::ListTargetsByRuleRequest{.rule = in.name, .event_bus_name = in.event_bus_name}));
  std::optional<EventPattern> pattern;
  if (rule.event_pattern) pattern = TRY(parse_event_pattern(*rule.event_pattern));
  ExplainRuleResult out{.rule_arn = rule.arn,
                        .state = rule.state,
                        .event_pattern = rule.event_pattern,
                        .schedule_expression = rule.schedule_expression,
                        .notes = notes_of(call, rule, pattern, !targets.targets.empty())};
  out.events.set_present();
  const auto outcomes = outcomes_of(admin.calls(), *rule.arn);
  for (const EventLog::Entry& entry :
       admin.events().last(bus_of(*rule.arn), static_cast<size_t>(in.max_results.value_or(kEvents)))) {
    // A rule with a schedule alone has its own events only.
    const bool own = std::ranges::any_of(entry.sent, [&](const auto& sent) { return sent.rule_arn == *rule.arn; });
    if (pattern || own) out.events.push_back(explained(entry, *rule.arn, pattern, outcomes));
  }
  return out;
}

Result<InvokeApiDestinationResult> invoke_api_destination(Administration& admin, Call& call,
                                                          const InvokeApiDestinationRequest& in) {
  TRY(call_api(call.door().store(), *in.api_destination_arn,
               {.path_values = in.path_parameter_values.items(),
                .headers = {in.header_parameters.begin(), in.header_parameters.end()},
                .query = {in.query_string_parameters.begin(), in.query_string_parameters.end()},
                .body = in.body.value_or("")},
               call.now(), admin.virtual_clock() == nullptr));
  return InvokeApiDestinationResult{};
}

}  // namespace tarn::admin

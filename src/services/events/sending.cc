// Events that users put on buses, and those that go on from one bus to another.
#include <fmt/format.h>

#include "base/text.h"
#include "door/arn.h"
#include "services/events/events.h"

namespace tarn::events {
namespace {

constexpr size_t kLargestRequest = 256 << 10;  // AWS: "Calculating PutEvents event entry size"
constexpr int kMostHops = 10;                  // ASSUMED: AWS stops events that go round as well

size_t size_of(const PutEventsRequestEntry& entry) {
  size_t size = entry.time ? 14 : 0;
  for (const auto* text : {&entry.source, &entry.detail_type, &entry.detail})
    if (*text) size += (*text)->size();
  for (const std::string& arn : entry.resources) size += arn.size();
  return size;
}

// A rule sends it on: then the whole event is in the detail, and nothing of it changes (see deliveries.cc).
bool is_forwarded(const Call& call) {
  const auto source = Arn::parse(call.caller().source_arn);
  return source && source->service == "events" && call.caller().source_ip.empty();
}

std::optional<tarn::Error> wrong_with(const PutEventsRequestEntry& entry) {
  const auto missing = [](const char* name) {
    return tarn::Error{400, "InvalidArgument",
                       fmt::format("Parameter {0} is not valid. Reason: {0} is a required argument.", name)};
  };
  if (entry.source.value_or("").empty()) return missing("Source");
  if (entry.detail_type.value_or("").empty()) return missing("DetailType");
  if (entry.detail.value_or("").empty()) return missing("Detail");
  if (lower(*entry.source).starts_with("aws."))
    return tarn::Error{400, "NotAuthorizedForSourceException", "Not authorized for the source."};
  const auto detail = Json::parse(*entry.detail);
  if (!detail || !detail->is_object()) return tarn::Error{400, "MalformedDetail", "Detail is malformed."};
  return std::nullopt;
}

Result<std::string> put(Events& events, Call& call, const PutEventsRequestEntry& entry) {
  const BusKey bus = bus_key(call, entry.event_bus_name);
  // AWS: a bus that is not there takes the event, and nothing comes of it.
  if (!find_bus(call, bus, Lock::kNone)) return call.request_id();
  Json resources = Json::array();
  for (const std::string& arn : entry.resources) resources.push(arn);
  Json event = Json::object({{"version", "0"},
                             {"id", ""},
                             {"detail-type", *entry.detail_type},
                             {"source", *entry.source},
                             {"account", call.account()},
                             {"time", iso8601(Time::of_seconds(entry.time.value_or(call.now()).seconds()))},
                             {"region", bus.region},
                             {"resources", std::move(resources)},
                             {"detail", TRY(Json::parse(*entry.detail))}});
  return events.post(call.tx(), {.bus = bus, .event = std::move(event)});
}

Result<PutEventsResponse> forward(Events& events, Call& call, const PutEventsRequest& in) {
  const PutEventsRequestEntry& entry = in.entries.front();
  const BusKey bus = bus_key(call, entry.event_bus_name);
  TRY(find_bus(call, bus, Lock::kNone));
  const std::string trace = entry.trace_header.value_or("");
  const auto hops = parse_int(trace.substr(std::min(trace.size(), trace.find('=') + 1))).value_or(0);
  if (hops > kMostHops)
    return fail(400, "LimitExceededException",
                fmt::format("The event has gone from bus to bus {} times: its rules go round.", kMostHops));
  const std::string id = TRY(
      events.post(call.tx(), {.bus = bus, .event = TRY(Json::parse(*entry.detail)), .hops = static_cast<int>(hops)}));
  PutEventsResponse out{.failed_entry_count = 0};
  out.entries.push_back({.event_id = id});
  return out;
}

}  // namespace

Result<std::vector<Need>> put_events_rights(Events&, Call& call, const PutEventsRequest& in) {
  std::vector<Need> needs;
  for (const PutEventsRequestEntry& entry : in.entries) {
    Need need = TRY(rights_on_bus(call, "PutEvents", entry.event_bus_name))[0];
    if (entry.source) need.context["events:source"] = {*entry.source};
    if (entry.detail_type) need.context["events:detail-type"] = {*entry.detail_type};
    need.context["events:eventBusInvocation"] = {is_forwarded(call) ? "true" : "false"};
    needs.push_back(std::move(need));
  }
  return needs;
}

Result<PutEventsResponse> put_events(Events& events, Call& call, const PutEventsRequest& in) {
  if (in.endpoint_id) return invalid("EndpointId: global endpoints are not supported by this server.");
  if (is_forwarded(call) && in.entries.size() == 1) return forward(events, call, in);
  size_t size = 0;
  for (const PutEventsRequestEntry& entry : in.entries) size += size_of(entry);
  if (size > kLargestRequest) return invalid("Total size of the entries in the request is over the limit.");
  PutEventsResponse out{.failed_entry_count = 0};
  for (const PutEventsRequestEntry& entry : in.entries) {
    PutEventsResultEntry& result = out.entries.emplace_back();
    if (auto wrong = wrong_with(entry)) {
      result.error_code = std::move(wrong->code);
      result.error_message = std::move(wrong->message);
      ++*out.failed_entry_count;
    } else {
      result.event_id = TRY(put(events, call, entry));
    }
  }
  return out;
}

}  // namespace tarn::events

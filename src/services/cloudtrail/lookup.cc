// LookupEvents: the management events of the last 90 days, out of the audit log.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "services/cloudtrail/cloudtrail.h"
#include "services/cloudtrail/event_json.h"
#include "store/page_token.h"

namespace tarn::cloudtrail {
namespace {

constexpr int32_t kPage = 50;
constexpr Micros kKept = 90 * kDay;
constexpr size_t kReadAtOnce = 1000, kMostRead = 50'000;  // then a page ends, however little is on it

bool matches(const LookupAttribute& attribute, const AuditRecord& record, const Facts& facts) {
  const std::string& key = *attribute.attribute_key;
  const std::string& value = *attribute.attribute_value;
  if (key == "EventId") return event_id(record) == value;
  if (key == "EventName") return facts.name == value;
  if (key == "EventSource") return facts.source == value;
  if (key == "ReadOnly") return (record.read_only ? "true" : "false") == lower(value);
  if (key == "Username") return user_name_of(record) == value;
  if (key == "AccessKeyId") return record.access_key == value;
  const auto resources = resources_of(record);
  return std::ranges::any_of(resources, [&](const TypedResource& one) {
    return key == "ResourceType" ? one.type == value : one.name == value || one.arn == value;
  });
}

cloudtrail::Event to_wire(CloudTrail& trails, const AuditRecord& record, const Facts& facts) {
  cloudtrail::Event out{.event_id = event_id(record),
                        .event_name = facts.name,
                        .read_only = record.read_only ? "true" : "false",
                        .event_time = Time::of_seconds(record.time.seconds()),
                        .event_source = facts.source,
                        .username = user_name_of(record),
                        .cloud_trail_event = trails.event(record).text()};
  if (!record.access_key.empty()) out.access_key_id = record.access_key;
  out.resources.set_present();
  for (const TypedResource& one : resources_of(record))
    if (!one.type.empty()) out.resources.push_back({.resource_type = one.type, .resource_name = one.name});
  return out;
}

}  // namespace

Result<LookupEventsResponse> lookup_events(CloudTrail& trails, Call& call, const LookupEventsRequest& in) {
  if (in.lookup_attributes.size() > 1)
    return fail(400, "InvalidLookupAttributesException", "LookupAttributes holds one attribute at most.");
  if (in.start_time && in.end_time && *in.start_time > *in.end_time)
    return fail(400, "InvalidTimeRangeException", "The StartTime lies behind the EndTime.");
  LookupEventsResponse out;
  out.events.set_present();
  if (in.event_category) return out;  // "insight": there are none

  const Time from = std::max(in.start_time.value_or(Time{}), system_now() + -kKept);
  const Time to = in.end_time ? *in.end_time + kSecond : system_now() + kDay;
  std::string request = fmt::format("LookupEvents {} {}", call.account(), call.region());
  for (const LookupAttribute& one : in.lookup_attributes)
    request += fmt::format(" {} {}", *one.attribute_key, *one.attribute_value);
  std::string position;
  if (in.next_token) {
    auto given = page_position(call.door().store(), request, *in.next_token);
    if (!given) return fail(400, "InvalidNextTokenException", "The NextToken is not one that this request gave.");
    position = std::move(*given);
  }
  // One by one towards the page's end, so that the next page goes on just behind the last event of this one.
  const auto limit = static_cast<size_t>(in.max_results.value_or(kPage));
  size_t read = 0;
  for (bool more = true; more;) {
    const Audit::Page page = TRY(call.door().audit().page({from, to, kReadAtOnce, /*newest_first=*/true, position}));
    more = page.more;
    for (size_t i = 0; i < page.records.size(); ++i) {
      const AuditRecord& record = page.records[i];
      position = page.positions[i];
      ++read;
      const Facts facts = facts_of(record, trails.service_of(record));
      if (record.account != call.account() || record.region != call.region() || !facts.management) continue;
      if (!in.lookup_attributes.empty() && !matches(in.lookup_attributes.front(), record, facts)) continue;
      out.events.push_back(to_wire(trails, record, facts));
      if (out.events.size() < limit) continue;
      if (more || i + 1 < page.records.size()) out.next_token = page_token(call.door().store(), request, position);
      return out;
    }
    if (more && read >= kMostRead) {
      out.next_token = page_token(call.door().store(), request, position);
      return out;
    }
  }
  return out;
}

}  // namespace tarn::cloudtrail

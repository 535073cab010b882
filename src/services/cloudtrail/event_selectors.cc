// PutEventSelectors and GetEventSelectors: between the wire and the records.
#include "door/door.h"
#include "services/cloudtrail/cloudtrail.h"
#include "services/cloudtrail/selectors.h"

namespace tarn::cloudtrail {
namespace {

BasicRecord record_of(const EventSelector& in) {
  BasicRecord out{.read_write = in.read_write_type.value_or("All"),
                  .management = in.include_management_events.value_or(true),
                  .data = {},
                  .excluded = in.exclude_management_event_sources.items()};
  for (const DataResource& data : in.data_resources) out.data.push_back({data.type.value_or(""), data.values.items()});
  return out;
}

EventSelector to_wire(const BasicRecord& record) {
  EventSelector out{.read_write_type = record.read_write, .include_management_events = record.management};
  out.data_resources.set_present();
  for (const DataRecord& data : record.data) out.data_resources.push_back({.type = data.type, .values = data.values});
  out.exclude_management_event_sources = record.excluded;
  return out;
}

AdvancedRecord record_of(const AdvancedEventSelector& in) {
  AdvancedRecord out{.name = in.name};
  for (const AdvancedFieldSelector& one : in.field_selectors)
    out.conditions.push_back({*one.field, one.equals.items(), one.starts_with.items(), one.ends_with.items(),
                              one.not_equals.items(), one.not_starts_with.items(), one.not_ends_with.items()});
  return out;
}

AdvancedEventSelector to_wire(const AdvancedRecord& record) {
  AdvancedEventSelector out{.name = record.name};
  const auto list = [](const std::vector<std::string>& values) {
    return values.empty() ? wire::List<std::string>() : wire::List<std::string>(values);
  };
  for (const FieldRecord& one : record.conditions)
    out.field_selectors.push_back({.field = one.field,
                                   .equals = list(one.equals),
                                   .starts_with = list(one.starts),
                                   .ends_with = list(one.ends),
                                   .not_equals = list(one.not_equals),
                                   .not_starts_with = list(one.not_starts),
                                   .not_ends_with = list(one.not_ends)});
  return out;
}

template <class Out>
Out answer_of(const FoundTrail& trail) {
  Out out;
  out.trail_arn = trail_arn(trail.key);
  for (const AdvancedRecord& one : trail.record.advanced) out.advanced_event_selectors.push_back(to_wire(one));
  for (const BasicRecord& one : trail.record.basic) out.event_selectors.push_back(to_wire(one));
  return out;
}

}  // namespace

Result<std::vector<Need>> put_event_selectors_rights(CloudTrail&, Call& call, const PutEventSelectorsRequest& in) {
  return rights_on(call, *in.trail_name, "cloudtrail:PutEventSelectors");
}

Result<PutEventSelectorsResponse> put_event_selectors(CloudTrail& trails, Call& call,
                                                      const PutEventSelectorsRequest& in) {
  FoundTrail trail = TRY(find_trail(call, *in.trail_name, Lock::kExclusive));
  if (in.event_selectors.empty() == in.advanced_event_selectors.empty())
    return fail(400, "InvalidEventSelectorsException",
                "Give either EventSelectors or AdvancedEventSelectors, with at least one selector.");
  trail.record.basic.clear();
  trail.record.advanced.clear();
  for (const EventSelector& one : in.event_selectors) trail.record.basic.push_back(record_of(one));
  for (const AdvancedEventSelector& one : in.advanced_event_selectors) trail.record.advanced.push_back(record_of(one));
  TRY(check(trail.record.basic));
  TRY(check(trail.record.advanced));
  TRY(trails.put(call.tx(), trail.key, trail.record));
  return answer_of<PutEventSelectorsResponse>(trail);
}

Result<std::vector<Need>> get_event_selectors_rights(CloudTrail&, Call& call, const GetEventSelectorsRequest& in) {
  return rights_on(call, *in.trail_name, "cloudtrail:GetEventSelectors");
}

Result<GetEventSelectorsResponse> get_event_selectors(CloudTrail&, Call& call, const GetEventSelectorsRequest& in) {
  FoundTrail trail = TRY(find_trail(call, *in.trail_name, Lock::kNone));
  if (trail.record.basic.empty() && trail.record.advanced.empty()) trail.record.basic.push_back({});  // the default
  return answer_of<GetEventSelectorsResponse>(trail);
}

}  // namespace tarn::cloudtrail

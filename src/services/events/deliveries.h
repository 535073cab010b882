// How a target is told: the call of an AWS operation that its ARN means, with its input.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "door/event_log.h"
#include "services/events/records.h"
#include "store/outbox.h"

namespace tarn::events {

constexpr const char* kPrincipal = "events.amazonaws.com";

// What has a rule tell its targets.
struct Firing {
  const RuleKey& rule;
  const Json& event;  // the envelope
  Time ingested;
  int hops = 0;  // from bus to bus, so far
};

struct TargetEntry {
  std::string id;
  TargetRecord record;
};

// The deliveries to a rule's targets, in their order; `sent` tells of them for the log.
std::vector<NewDelivery> deliveries_of(const Firing& firing, const std::vector<TargetEntry>& targets,
                                       std::vector<EventLog::Sent>& sent);

// Whether a target of that ARN can be told anything, with these parameters.
// ERRORS: ValidationException naming what is missing, or that the kind of target is not supported.
Status check_target(const std::string& bus_arn, const TargetEntry& target);

std::string bus_arn(const BusKey& key);
std::string rule_arn(const RuleKey& key);

}  // namespace tarn::events

// Targets: which call a schedule makes, out of its target's ARN and input.
#pragma once

#include <string>

#include "base/result.h"
#include "door/bus.h"
#include "services/scheduler/records.h"

namespace tarn::scheduler {

// ERRORS: ValidationException: an ARN that is no target, an input that the target cannot take, or a target that this
// server does not know.
Status check_target(const TargetRecord& target);

// One firing.
struct Firing {
  const ScheduleKey& key;
  const TargetRecord& target;
  Time moment;               // that the schedule named
  std::string execution_id;  // 16 letters
};

// The call with its dead letter, and what waits in whose queue. REQUIRES: check_target.
NewDelivery delivery_of(const Firing& firing);

}  // namespace tarn::scheduler

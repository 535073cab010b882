// Event selectors: which events a trail records. Pure.
#pragma once

#include "base/result.h"
#include "services/cloudtrail/event_json.h"
#include "services/cloudtrail/records.h"

namespace tarn::cloudtrail {

// ERRORS: InvalidEventSelectorsException.
Status check(const std::vector<BasicRecord>& basic);
Status check(const std::vector<AdvancedRecord>& advanced);

// AWS: CloudTrail User Guide, "Logging management events", "Logging data events". Trails without selectors take all
// management events.
bool takes(const TrailRecord& trail, const AuditRecord& record, const Facts& facts);

}  // namespace tarn::cloudtrail

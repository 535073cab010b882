// Digest files: each names the log files of an hour with their hashes, is signed, and names the digest before it.
// AWS: CloudTrail User Guide, "Validating CloudTrail log file integrity", "CloudTrail digest file structure".
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "door/door.h"
#include "services/cloudtrail/records.h"

namespace tarn::cloudtrail {

// The first digest has none before it.
void begin_digests(TrailRecord& record, Time now);

// Those that are due, in the trail's bucket; the record takes what is to be kept. REQUIRES: no transaction is open.
Status write_digests(Door& door, const Caller& trail, const TrailKey& key, TrailRecord& record);

}  // namespace tarn::cloudtrail

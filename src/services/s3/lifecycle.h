// Lifecycle rules of buckets: what goes by itself, and when. Once a day, at midnight of the server's clock, each bucket with
// rules is looked through.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "door/door.h"
#include "services/s3/access.h"
#include "services/s3/records.h"
#include "services/s3/s3.h"

namespace tarn::s3 {

struct ExpiryRule {
  std::string id;
  bool enabled = false;
  bool filter = false;  // written as Filter, not as the older Prefix
  bool all_of = false;  // the filter has its conditions in And
  std::optional<std::string> prefix;
  Pairs tags;
  std::optional<int64_t> greater_than, less_than;
  std::optional<int32_t> days;
  std::optional<Time> date;
  std::optional<bool> lone_markers;  // ExpiredObjectDeleteMarker
  std::optional<int32_t> noncurrent_days, newer_noncurrent;
  std::optional<int32_t> abort_days;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.enabled, self.filter, self.all_of, self.prefix, self.tags, self.greater_than, self.less_than,
          self.days, self.date, self.lone_markers, self.noncurrent_days, self.newer_noncurrent, self.abort_days);
  }
};
struct LifecycleKey {
  uint64_t bucket = 0;
  static void fields(auto& self, auto&& visit) { visit(self.bucket); }
};
struct LifecycleRecord {
  std::string bucket_name;
  std::vector<ExpiryRule> rules;
  std::string least_transition_size;  // said, and without an effect where nothing is moved
  static void fields(auto& self, auto&& visit) { visit(self.bucket_name, self.rules, self.least_transition_size); }
};
inline constexpr std::string_view kLifecycleTimer = "s3.lifecycle";  // one of each bucket with rules, by its number
inline constexpr Table<LifecycleKey, LifecycleRecord> kLifecycles{"s3.lifecycles"};

// Pure: whether a rule is about the object, and whether at `now` (a midnight) the object's time is over.
bool applies(const ExpiryRule& rule, std::string_view key, const ObjectRecord& object);
bool expired(const ExpiryRule& rule, Time modified, Time now);
// The midnight at which it takes what was made then.
std::optional<Time> expiry(const ExpiryRule& rule, Time modified);

// The x-amz-expiration header of a latest version: when the first of the rules takes it, and which one that is.
Result<std::optional<std::string>> told_expiration(Call& call, const FoundBucket& bucket, std::string_view key,
                                                   const ObjectRecord& object);

// The bucket has no rules any more.
Status forget_lifecycle(Call& call, const FoundBucket& bucket);

// REQUIRES: the door's timers are not started yet. LIFETIME: both outlive the timers.
void start_lifecycles(S3& s3, Door& door);

}  // namespace tarn::s3

// What EventBridge Scheduler keeps. When a schedule fires next is its timer's to know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "store/table.h"

namespace tarn::scheduler {

inline constexpr std::string_view kDefaultGroup = "default";  // is always there, and has no record

struct GroupKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct GroupRecord {
  Time created, modified;
  bool deleting = false;  // its schedules are being deleted; then it goes
  static void fields(auto& self, auto&& visit) { visit(self.created, self.modified, self.deleting); }
};

struct TargetRecord {
  std::string arn, role_arn;
  std::optional<std::string> input, dead_letter_queue, message_group, detail_type, source;
  int32_t event_age_seconds = 86'400;  // AWS: RetryPolicy's defaults
  int32_t retries = 185;
  static void fields(auto& self, auto&& visit) {
    visit(self.arn, self.role_arn, self.input, self.dead_letter_queue, self.message_group, self.detail_type,
          self.source, self.event_age_seconds, self.retries);
  }
};

struct ScheduleKey {
  std::string owner, region, group, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.group, self.name); }
};
struct ScheduleRecord {
  std::string expression, zone = "UTC";
  std::optional<std::string> description;
  std::optional<Time> start, end;
  Time created, modified;
  bool enabled = true;
  bool delete_when_done = false;
  std::optional<int32_t> window_minutes;  // of a flexible time window
  TargetRecord target;
  static void fields(auto& self, auto&& visit) {
    visit(self.expression, self.zone, self.description, self.start, self.end, self.created, self.modified, self.enabled,
          self.delete_when_done, self.window_minutes, self.target);
  }
};

inline constexpr Table<GroupKey, GroupRecord> kGroups{"scheduler.groups"};
inline constexpr Table<ScheduleKey, ScheduleRecord> kSchedules{"scheduler.schedules"};

}  // namespace tarn::scheduler

// Who is told what happens to a bucket's objects: Lambda functions, queues and topics by rules, and EventBridge.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "door/bus.h"
#include "door/call.h"
#include "services/s3/access.h"
#include "services/s3/records.h"

namespace tarn::s3 {

struct NotificationRule {
  std::string id, arn;              // of a function, queue or topic
  std::vector<std::string> events;  // "s3:ObjectCreated:*"
  std::optional<std::string> prefix, suffix;
  static void fields(auto& self, auto&& visit) { visit(self.id, self.arn, self.events, self.prefix, self.suffix); }
};
struct NotificationsKey {
  uint64_t bucket = 0;
  static void fields(auto& self, auto&& visit) { visit(self.bucket); }
};
struct NotificationsRecord {
  std::vector<NotificationRule> rules;
  bool event_bridge = false;
  static void fields(auto& self, auto&& visit) { visit(self.rules, self.event_bridge); }
};
inline constexpr Table<NotificationsKey, NotificationsRecord> kNotifications{"s3.notifications"};

// What happened: "ObjectCreated:Put", with the object's record as it is now (of a deletion, as it was).
struct Happening {
  std::string_view name;
  const std::string& key;
  const ObjectRecord& object;
};

// Tells of it, in the call's commit: to each rule's target as a later call, to EventBridge as an event.
Status tell(Call& call, const FoundBucket& bucket, const Happening& happening);

// The call that brings a message to a function, queue or topic. REQUIRES: the ARN is one of those.
LaterCall notification_call(const FoundBucket& bucket, const std::string& arn, const std::string& message);

// Pure: which rules the happening is told to; whether two rules could both be told of one.
bool wants(const NotificationRule& rule, std::string_view event, std::string_view key);
bool overlap(const NotificationRule& a, const NotificationRule& b);

}  // namespace tarn::s3

// What CloudWatch Logs does later: the names of its timers and deliveries, and what is erased in time.
#pragma once

#include "store/timers.h"

namespace tarn::logs {

constexpr const char* kQueryDelivery = "logs.query";
constexpr const char* kExportDelivery = "logs.export";
constexpr const char* kForgetTimer = "logs.forget_query";

// "ACCOUNT REGION ID", as the timers' and deliveries' payloads name a query or export.
struct LaterName {
  std::string owner, region, id;
};
LaterName later_name(std::string_view text);

Status forget_query(Transaction& tx, const Timer& timer);

}  // namespace tarn::logs

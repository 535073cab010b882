// Delivery policies: when an HTTP delivery that failed is tried again. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tarn::sns {

// AWS: SNS Developer Guide, "Amazon SNS message delivery retries".
struct Retries {
  int least = 20, most = 20, count = 3;  // seconds, seconds, retries in all
  int at_once = 0, by_least = 0, by_most = 0;
  std::string backoff = "linear";

  // The seconds before each retry, in their order.
  std::vector<int> delays() const;
  Json json() const;
};

// ERRORS: InvalidParameter. Empty: there is none.
Status check_topic_delivery_policy(std::string_view policy);
Status check_subscription_delivery_policy(std::string_view policy);

// The policies as they are told where they were set: every member is there. REQUIRES: each was checked.
std::string told_topic_policy(std::string_view policy);
std::string told_subscription_policy(std::string_view policy);

// What holds for a subscription; each may be empty.
Retries retries_of(std::string_view topic_policy, std::string_view subscription_policy);
std::string effective_topic_policy(std::string_view policy);
std::string effective_subscription_policy(std::string_view topic_policy, std::string_view subscription_policy);
// The Content-Type that the policies want; the default is "text/plain; charset=UTF-8".
std::string content_type_of(std::string_view topic_policy, std::string_view subscription_policy);

}  // namespace tarn::sns

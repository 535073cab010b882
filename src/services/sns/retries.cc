#include "services/sns/retries.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tarn::sns {
namespace {

constexpr int kLongestDelay = 3'600, kMostRetries = 100;  // AWS: as retries.h says, "Delivery policies"

Failure invalid(std::string_view why) {
  return fail(400, "InvalidParameter", fmt::format("Invalid parameter: DeliveryPolicy: {}", why));
}

Result<Retries> read_retries(const Json& json) {
  Retries out;
  if (json.is_null()) return out;
  if (!json.is_object()) return invalid("a retry policy is a JSON object.");
  const std::pair<std::string_view, int Retries::*> numbers[] = {{"minDelayTarget", &Retries::least},
                                                                 {"maxDelayTarget", &Retries::most},
                                                                 {"numRetries", &Retries::count},
                                                                 {"numNoDelayRetries", &Retries::at_once},
                                                                 {"numMinDelayRetries", &Retries::by_least},
                                                                 {"numMaxDelayRetries", &Retries::by_most}};
  for (const auto& [name, member] : numbers)
    if (const Json* value = json.find(name); value != nullptr && !value->is_null()) {
      const int64_t number = value->as_int(-1);
      if (number < 0 || number > kLongestDelay)
        return invalid(fmt::format("{} is a number from 0 to {}.", name, kLongestDelay));
      out.*member = static_cast<int>(number);
    }
  if (const Json* backoff = json.find("backoffFunction"); backoff != nullptr && !backoff->is_null())
    out.backoff = backoff->as_string();
  constexpr std::string_view kFunctions[] = {"linear", "arithmetic", "geometric", "exponential"};
  if (std::ranges::find(kFunctions, out.backoff) == std::end(kFunctions))
    return invalid("backoffFunction is linear, arithmetic, geometric or exponential.");
  if (out.least < 1 || out.most < out.least) return invalid("minDelayTarget is at least 1 and at most maxDelayTarget.");
  if (out.count > kMostRetries || out.at_once + out.by_least + out.by_most > out.count)
    return invalid(fmt::format("numRetries is at most {}, and at least the sum of the phases' retries.", kMostRetries));
  return out;
}

// The object that a text holds, or null.
Json parsed(std::string_view policy) {
  auto json = policy.empty() ? Result<Json>(Json()) : Json::parse(policy);
  return json && json->is_object() ? std::move(*json) : Json();
}

}  // namespace

std::vector<int> Retries::delays() const {
  std::vector<int> out(static_cast<size_t>(at_once), 0);
  out.insert(out.end(), static_cast<size_t>(by_least), least);
  const int backing_off = count - at_once - by_least - by_most;
  for (int i = 1; i <= backing_off; ++i) {
    const double part = static_cast<double>(i) / backing_off;
    // AWS documents the curves by a picture. ASSUMED: all go from least to most; these formulas.
    double share = part;
    if (backoff == "arithmetic") share = part * (i + 1) / (backing_off + 1);
    if (backoff == "geometric") share = part * part;
    if (backoff == "exponential") share = (std::exp2(i) - 1) / (std::exp2(backing_off) - 1);
    out.push_back(least + static_cast<int>(std::lround(share * (most - least))));
  }
  out.insert(out.end(), static_cast<size_t>(by_most), most);
  return out;
}

Json Retries::json() const {
  return Json::object({{"minDelayTarget", least},
                       {"maxDelayTarget", most},
                       {"numRetries", count},
                       {"numMaxDelayRetries", by_most},
                       {"numNoDelayRetries", at_once},
                       {"numMinDelayRetries", by_least},
                       {"backoffFunction", backoff}});
}

Status check_topic_delivery_policy(std::string_view policy) {
  if (policy.empty()) return {};
  const auto json = Json::parse(policy);
  if (!json || !json->is_object()) return invalid("failed to parse JSON.");
  TRY(read_retries((*json)["http"]["defaultHealthyRetryPolicy"]));
  return {};
}

Status check_subscription_delivery_policy(std::string_view policy) {
  if (policy.empty()) return {};
  const auto json = Json::parse(policy);
  if (!json || !json->is_object()) return invalid("failed to parse JSON.");
  TRY(read_retries((*json)["healthyRetryPolicy"]));
  return {};
}

Retries retries_of(std::string_view topic_policy, std::string_view subscription_policy) {
  const Json topic = parsed(topic_policy)["http"], own = parsed(subscription_policy)["healthyRetryPolicy"];
  const bool overridden = own.is_object() && !topic["disableSubscriptionOverrides"].as_bool();
  return read_retries(overridden ? own : topic["defaultHealthyRetryPolicy"]).value_or(Retries{});
}

std::string content_type_of(std::string_view topic_policy, std::string_view subscription_policy) {
  const Json topic = parsed(topic_policy)["http"], own = parsed(subscription_policy)["requestPolicy"];
  for (const Json* policy : {&own, &topic["defaultRequestPolicy"]})
    if (const std::string& type = (*policy)["headerContentType"].as_string(); !type.empty()) return type;
  return "text/plain; charset=UTF-8";
}

// AWS: what GetTopicAttributes answers: the members that were given.
std::string told_topic_policy(std::string_view policy) {
  const Json http = parsed(policy)["http"];
  Json out = Json::object();
  if (http["defaultHealthyRetryPolicy"].is_object())
    out.set("defaultHealthyRetryPolicy", http["defaultHealthyRetryPolicy"]);
  out.set("disableSubscriptionOverrides", http["disableSubscriptionOverrides"].as_bool());
  for (const char* name : {"defaultThrottlePolicy", "defaultRequestPolicy"})
    if (!http[name].is_null()) out.set(name, http[name]);
  return Json::object({{"http", std::move(out)}}).text();
}

std::string told_subscription_policy(std::string_view policy) {
  const Json own = parsed(policy);
  return Json::object({{"healthyRetryPolicy", own["healthyRetryPolicy"]},
                       {"sicklyRetryPolicy", Json()},
                       {"throttlePolicy", own["throttlePolicy"]},
                       {"requestPolicy", own["requestPolicy"]},
                       {"guaranteed", false}})
      .text();
}

std::string effective_topic_policy(std::string_view policy) {
  const Json http = parsed(policy)["http"];
  Json out = Json::object({{"defaultHealthyRetryPolicy", retries_of(policy, "").json()},
                           {"disableSubscriptionOverrides", http["disableSubscriptionOverrides"].as_bool()}});
  if (!http["defaultThrottlePolicy"].is_null()) out.set("defaultThrottlePolicy", http["defaultThrottlePolicy"]);
  out.set("defaultRequestPolicy", Json::object({{"headerContentType", content_type_of(policy, "")}}));
  return Json::object({{"http", std::move(out)}}).text();
}

std::string effective_subscription_policy(std::string_view topic_policy, std::string_view subscription_policy) {
  const Json topic = parsed(topic_policy)["http"], own = parsed(subscription_policy);
  return Json::object({{"healthyRetryPolicy", retries_of(topic_policy, subscription_policy).json()},
                       {"sicklyRetryPolicy", Json()},
                       {"throttlePolicy",
                        own["throttlePolicy"].is_null() ? topic["defaultThrottlePolicy"] : own["throttlePolicy"]},
                       {"requestPolicy",
                        Json::object({{"headerContentType", content_type_of(topic_policy, subscription_policy)}})},
                       {"guaranteed", false}})
      .text();
}

}  // namespace tarn::sns

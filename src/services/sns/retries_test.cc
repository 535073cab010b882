// Why: when a delivery is tried again is decided once, when it is enqueued; what is wrong here hammers an endpoint or forgets it.
#include "services/sns/retries.h"

#include <gtest/gtest.h>

namespace tarn::sns {
namespace {

using Delays = std::vector<int>;

TEST(RetriesTest, TheDefaultIsThreeTimesTwentySeconds) {
  EXPECT_EQ(retries_of("", "").delays(), (Delays{20, 20, 20}));
}

TEST(RetriesTest, PhasesFollowEachOther) {
  const Retries retries =
      retries_of("", R"({"healthyRetryPolicy": {"minDelayTarget": 5, "maxDelayTarget": 11, "numRetries": 7,
      "numNoDelayRetries": 1, "numMinDelayRetries": 2, "numMaxDelayRetries": 1, "backoffFunction": "linear"}})");
  EXPECT_EQ(retries.delays(), (Delays{0, 5, 5, 7, 9, 11, 11}));
}

TEST(RetriesTest, EveryCurveEndsAtTheMost) {
  for (const char* backoff : {"linear", "arithmetic", "geometric", "exponential"}) {
    const Retries retries{.least = 1, .most = 60, .count = 5, .backoff = backoff};
    const Delays delays = retries.delays();
    EXPECT_EQ(delays.back(), 60) << backoff;
    EXPECT_TRUE(std::is_sorted(delays.begin(), delays.end())) << backoff;
  }
}

TEST(RetriesTest, ATopicDecidesWhoDecides) {
  const char* own = R"({"healthyRetryPolicy": {"minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": 1}})";
  const char* topic =
      R"({"http": {"defaultHealthyRetryPolicy": {"minDelayTarget": 2, "maxDelayTarget": 2, "numRetries": 2}}})";
  EXPECT_EQ(retries_of(topic, "").delays(), (Delays{2, 2}));
  EXPECT_EQ(retries_of(topic, own).delays(), Delays{1});
  const char* strict =
      R"({"http": {"disableSubscriptionOverrides": true,
                   "defaultHealthyRetryPolicy": {"minDelayTarget": 2, "maxDelayTarget": 2, "numRetries": 2}}})";
  EXPECT_EQ(retries_of(strict, own).delays(), (Delays{2, 2}));
}

TEST(RetriesTest, WhatIsNoPolicyIsRefused) {
  for (const char* policy :
       {"[]", "{", R"({"healthyRetryPolicy": 5})", R"({"healthyRetryPolicy": {"numRetries": 101}})",
        R"({"healthyRetryPolicy": {"minDelayTarget": 9, "maxDelayTarget": 3}})",
        R"({"healthyRetryPolicy": {"backoffFunction": "sudden"}})"})
    EXPECT_FALSE(check_subscription_delivery_policy(policy)) << policy;
  EXPECT_TRUE(check_subscription_delivery_policy(""));
}

}  // namespace
}  // namespace tarn::sns

// Which rule is told of what, and which rules cannot stand together: a rule that matches too much or too little is a
// pipeline that runs twice or never.
#include "services/s3/notifications.h"

#include <gtest/gtest.h>

namespace tarn::s3 {
namespace {

NotificationRule rule(std::vector<std::string> events, std::optional<std::string> prefix = {},
                      std::optional<std::string> suffix = {}) {
  return {
      .id = "r", .arn = "arn", .events = std::move(events), .prefix = std::move(prefix), .suffix = std::move(suffix)};
}

TEST(Notifications, RulesAndKeys) {
  const auto all = rule({"s3:ObjectCreated:*"});
  EXPECT_TRUE(wants(all, "s3:ObjectCreated:Put", "k"));
  EXPECT_FALSE(wants(all, "s3:ObjectRemoved:Delete", "k"));
  const auto one = rule({"s3:ObjectCreated:Copy", "s3:ObjectRemoved:*"}, "in/", ".csv");
  EXPECT_FALSE(wants(one, "s3:ObjectCreated:Put", "in/a.csv"));
  EXPECT_TRUE(wants(one, "s3:ObjectCreated:Copy", "in/a.csv"));
  EXPECT_TRUE(wants(one, "s3:ObjectRemoved:Delete", "in/.csv"));
  EXPECT_FALSE(wants(one, "s3:ObjectCreated:Copy", "In/a.csv"));
  EXPECT_FALSE(wants(one, "s3:ObjectCreated:Copy", "in/a.csv.gz"));
}

TEST(Notifications, Overlap) {
  const std::vector<std::string> put{"s3:ObjectCreated:Put"}, all{"s3:ObjectCreated:*"}, gone{"s3:ObjectRemoved:*"};
  struct Case {
    NotificationRule a, b;
    bool overlap;
  };
  const Case cases[] = {
      {rule(put), rule(all), true},
      {rule(put), rule(gone), false},
      {rule(put, "a/"), rule(put, "b/"), false},
      {rule(put, "a/"), rule(put, "a/b/"), true},
      {rule(put, "a/", ".csv"), rule(put, "a/b/", ".gz"), false},
      {rule(put, "a/", ".csv.gz"), rule(put, "a/b/", ".gz"), true},
      {rule(put, {}, ".csv"), rule(put, "a/"), true},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(overlap(c.a, c.b), c.overlap);
    EXPECT_EQ(overlap(c.b, c.a), c.overlap);
  }
}

}  // namespace
}  // namespace tarn::s3

// Why: caches and optimistic writers rely on these; a wrong "not modified" is stale data, a wrong match a lost update.
#include "services/s3/conditions.h"

#include <gtest/gtest.h>

namespace tarn::s3 {
namespace {

const Version kVersion{"abc", Time::of_seconds(1000)};
constexpr Time kNow = Time::of_seconds(5000);
constexpr Time kBefore = Time::of_seconds(999), kSame = Time::of_seconds(1000), kAfter = Time::of_seconds(1001);

int status_of(const Status& status) {
  return status ? 200 : status.error().status;
}

TEST(Conditions, OfReads) {
  struct Case {
    const char* why;
    Conditions conditions;
    int status;
  };
  const std::vector<Case> cases = {
      {"none", {}, 200},
      {"match", {.if_match = "\"abc\""}, 200},
      {"match without quotes", {.if_match = "abc"}, 200},
      {"match in a list", {.if_match = "\"x\", \"abc\""}, 200},
      {"any", {.if_match = "*"}, 200},
      {"no match", {.if_match = "\"x\""}, 412},
      {"none match", {.if_none_match = "\"abc\""}, 304},
      {"none match, weak", {.if_none_match = "W/\"abc\""}, 304},
      {"none match, other", {.if_none_match = "\"x\""}, 200},
      {"modified since", {.if_modified_since = kBefore}, 200},
      {"not modified since", {.if_modified_since = kSame}, 304},
      {"not modified since a time that is to come", {.if_modified_since = Time::of_seconds(5001)}, 200},
      {"unmodified since", {.if_unmodified_since = kSame}, 200},
      {"modified since then", {.if_unmodified_since = kBefore}, 412},
      {"match outweighs unmodified", {.if_match = "\"abc\"", .if_unmodified_since = kBefore}, 200},
      {"none match outweighs modified", {.if_none_match = "\"x\"", .if_modified_since = kAfter}, 200},
      {"a failed match comes first", {.if_match = "\"x\"", .if_none_match = "\"abc\""}, 412},
  };
  for (const Case& c : cases) EXPECT_EQ(status_of(check_read(c.conditions, kVersion, kNow)), c.status) << c.why;
  EXPECT_EQ(status_of(check_copy_source({.if_none_match = "\"abc\""}, kVersion, kNow)), 412);
  EXPECT_EQ(status_of(check_copy_source({.if_modified_since = kSame}, kVersion, kNow)), 412);
  const Status unmodified = check_copy_source({.if_unmodified_since = kBefore}, kVersion, kNow);
  ASSERT_FALSE(unmodified);
  EXPECT_EQ(unmodified.error().members.front().second, "x-amz-copy-source-If-Unmodified-Since");
}

TEST(Conditions, OfWrites) {
  EXPECT_EQ(status_of(check_write({}, {}, "k", nullptr)), 200);
  EXPECT_EQ(status_of(check_write({}, {}, "k", &kVersion)), 200);
  EXPECT_EQ(status_of(check_write({}, "*", "k", nullptr)), 200);
  EXPECT_EQ(status_of(check_write({}, "*", "k", &kVersion)), 412);
  EXPECT_EQ(status_of(check_write({}, "\"abc\"", "k", &kVersion)), 501);
  EXPECT_EQ(status_of(check_write("\"abc\"", {}, "k", &kVersion)), 200);
  EXPECT_EQ(status_of(check_write("\"x\"", {}, "k", &kVersion)), 412);
  EXPECT_EQ(status_of(check_write("\"abc\"", {}, "k", nullptr)), 404);
  EXPECT_EQ(status_of(check_write("*", {}, "k", &kVersion)), 501);
  EXPECT_EQ(status_of(check_write("\"abc\"", "*", "k", &kVersion)), 501);
  EXPECT_EQ(status_of(check_delete({}, "k", nullptr)), 200);
  EXPECT_EQ(status_of(check_delete("*", "k", &kVersion)), 200);
  EXPECT_EQ(status_of(check_delete("*", "k", nullptr)), 404);
  EXPECT_EQ(status_of(check_delete("\"abc\"", "k", &kVersion)), 200);
  EXPECT_EQ(status_of(check_delete("\"x\"", "k", &kVersion)), 412);
}

}  // namespace
}  // namespace tarn::s3

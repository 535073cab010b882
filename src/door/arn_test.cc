// ARNs come from users' policies and calls: what is taken for one decides whose resource it is.
#include "door/arn.h"

#include <gtest/gtest.h>

namespace tarn {
namespace {

TEST(Arn, ReadsItsParts) {
  const auto arn = Arn::parse("arn:aws:logs:us-east-1:123456789012:log-group:/aws/x:stream:y");
  ASSERT_TRUE(arn);
  EXPECT_EQ(*arn, (Arn{"aws", "logs", "us-east-1", "123456789012", "log-group:/aws/x:stream:y"}));
  EXPECT_EQ(arn->text(), "arn:aws:logs:us-east-1:123456789012:log-group:/aws/x:stream:y");
  EXPECT_EQ(arn->resource_type(), "log-group");
  EXPECT_EQ(arn->resource_id(), "/aws/x:stream:y");
}

TEST(Arn, ResourceWithAPath) {
  const auto arn = Arn::parse("arn:aws:iam::123456789012:role/a/b/name");
  ASSERT_TRUE(arn);
  EXPECT_EQ(arn->resource_type(), "role");
  EXPECT_EQ(arn->resource_id(), "a/b/name");
  EXPECT_EQ(arn->resource_name(), "name");
  const auto bucket = Arn::parse("arn:aws:s3:::bucket");
  ASSERT_TRUE(bucket);
  EXPECT_EQ(bucket->resource_type(), "bucket");
  EXPECT_EQ(bucket->resource_id(), "");
  EXPECT_EQ(bucket->resource_name(), "bucket");
}

TEST(Arn, RefusesWhatIsNone) {
  for (const char* text :
       {"", "arn", "arn:aws:s3::", "arn:aws:s3:::", "arn::s3:::b", "arn:aws::::b", "xrn:aws:s3:::b", "arn:aws:s3:b"})
    EXPECT_FALSE(Arn::parse(text)) << text;
}

TEST(Arn, AccountIds) {
  EXPECT_TRUE(is_account_id("012345678901"));
  EXPECT_FALSE(is_account_id("01234567890"));
  EXPECT_FALSE(is_account_id("01234567890a"));
  EXPECT_EQ(canonical_user_id("012345678901").size(), 64u);
  EXPECT_NE(canonical_user_id("012345678901"), canonical_user_id("012345678902"));
}

}  // namespace
}  // namespace tarn

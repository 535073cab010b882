// Why: a bucket's name and a copy's source come from strangers, and a name that is let through wrongly can never be
// addressed as a host afterwards.
#include "services/s3/names.h"

#include <gtest/gtest.h>

namespace tarn::s3 {
namespace {

TEST(BucketNames, FollowTheRules) {
  const std::vector<std::string> good = {
      "abc", "my-bucket", "a.b.c", "0bucket9", std::string(63, 'a'), "1.2.3", "a1.2.3.4", "gbif-open-data-us-east-1"};
  const std::vector<std::string> bad = {"",          "ab",          std::string(64, 'a'),
                                        "My-bucket", "my_bucket",   "-abc",
                                        "abc-",      ".abc",        "abc.",
                                        "a..b",      "192.168.5.4", "xn--abc",
                                        "sthree-ab", "a-s3alias",   "abc--ol-s3",
                                        "abc--x-s3", "abc.mrap",    "a b",
                                        "a/b",       "b\xC3\xBC"};
  for (const std::string& name : good) EXPECT_TRUE(valid_bucket_name(name)) << name;
  for (const std::string& name : bad) EXPECT_FALSE(valid_bucket_name(name)) << name;
}

TEST(Keys, AreAnyTextOf1024Bytes) {
  for (const std::string& key : {std::string("../../x"), std::string("a//b"), std::string(" "), std::string(1024, 'k'),
                                 std::string("\x01"), std::string("\xE2\x98\x83")})
    EXPECT_TRUE(check_key(key)) << key;
  EXPECT_EQ(check_key(std::string(1025, 'k')).error().code, "KeyTooLongError");
  EXPECT_EQ(check_key("\xFF").error().code, "InvalidURI");
}

TEST(CopySources, AreSplitAndDecoded) {
  struct Case {
    std::string header, bucket, key;
    std::optional<std::string> version;
  };
  const std::vector<Case> cases = {
      {"b/k", "b", "k", {}},
      {"/b/k/with/slashes", "b", "k/with/slashes", {}},
      {"b%2Fk%20x", "b", "k x", {}},
      {"/b/a+b%2Bc", "b", "a+b+c", {}},
      {"b/k?versionId=null", "b", "k", "null"},
      {"b/k%3FversionId=x", "b", "k?versionId=x", {}},
      {"/b//k", "b", "/k", {}},
  };
  for (const Case& c : cases) {
    const auto source = CopySource::parse(c.header);
    ASSERT_TRUE(source) << c.header;
    EXPECT_EQ(source->bucket, c.bucket) << c.header;
    EXPECT_EQ(source->key, c.key) << c.header;
    EXPECT_EQ(source->version_id, c.version) << c.header;
  }
  for (const std::string header : {"", "/", "b", "/b/", "//k"})
    EXPECT_EQ(CopySource::parse(header).error().code, "InvalidArgument") << header;
}

// As AWS was seen to answer: a space is '+' in listings too, so that the two cannot be taken for one another.
TEST(Names, keys_are_told_as_forms_encode) {
  EXPECT_EQ(told_key("a b/c+d"), "a+b/c%2Bd");
  EXPECT_EQ(told_key("\xC3\xA4=1"), "%C3%A4%3D1");
  EXPECT_EQ(told_key("100%.csv"), "100%25.csv");
}

}  // namespace
}  // namespace tarn::s3

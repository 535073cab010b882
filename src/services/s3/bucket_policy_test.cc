// Why: whether a policy is public decides whether S3's public access block refuses it; a mistake opens a bucket.
#include "services/s3/bucket_policy.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace tarn::s3 {
namespace {

std::string policy(std::string_view statement) {
  return fmt::format(R"({{"Version":"2012-10-17","Statement":[{{{}}}]}})", statement);
}

constexpr std::string_view kRead = R"("Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*")";

TEST(BucketPolicies, MeaningOfPublic) {
  struct Case {
    std::string statement;
    bool is_public;
  };
  const std::string read(kRead);
  const std::vector<Case> cases = {
      {read + R"(,"Principal":"*")", true},
      {read + R"(,"Principal":{"AWS":"*"})", true},
      {read + R"(,"Principal":{"AWS":["111122223333","*"]})", true},
      {read + R"(,"Principal":{"AWS":"111122223333"})", false},
      {read + R"(,"Principal":{"Service":"logging.s3.amazonaws.com"})", false},
      {read + R"(,"NotPrincipal":{"AWS":"111122223333"})", true},
      {R"("Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Principal":"*")", false},
      {read + R"(,"Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}})", false},
      {read + R"(,"Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}})", true},
      {read + R"(,"Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","0.0.0.0/1"]}})", true},
      {read + R"(,"Principal":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}})", true},
      {read + R"(,"Principal":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abc"}})", false},
      {read + R"(,"Principal":"*","Condition":{"StringLike":{"aws:SourceVpc":"vpc-*"}})", true},
      {read + R"(,"Principal":"*","Condition":{"StringEquals":{"aws:SourceAccount":"${aws:username}"}})", true},
      {read + R"(,"Principal":"*","Condition":{"StringEqualsIfExists":{"aws:SourceAccount":"111122223333"}})", true},
      {read + R"(,"Principal":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}})", true},
      {read + R"(,"Principal":"*","Condition":{"StringEquals":{"s3:prefix":"x"}})", true},
  };
  for (const Case& c : cases) EXPECT_EQ(is_public_policy(policy(c.statement)), c.is_public) << c.statement;
}

TEST(BucketPolicies, Malformed) {
  struct Case {
    std::string document, message;
  };
  const std::string everyone = R"(,"Principal":{"AWS":"111122223333"})";
  const std::vector<Case> cases = {
      {"", "Policies must be valid JSON and the first byte must be '{'"},
      {"{", "Policies must be valid JSON and the first byte must be '{'"},
      {" {}", "Policies must be valid JSON and the first byte must be '{'"},
      {"[]", "Policies must be valid JSON and the first byte must be '{'"},
      {policy(std::string(kRead)), "Missing required field Principal"},
      {policy(R"("Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::other/*")" + everyone),
       "Policy has invalid resource"},
      {policy(R"("Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:s3:::b/*")" + everyone),
       "Policy has invalid action"},
      {policy(R"("Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b")" + everyone),
       "Action does not apply to any resource(s) in statement"},
      {policy(R"("Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b/*")" + everyone),
       "Action does not apply to any resource(s) in statement"},
  };
  for (const Case& c : cases) {
    const Status checked = check_bucket_policy(c.document, "b");
    ASSERT_FALSE(checked) << c.document;
    EXPECT_EQ(checked.error().code, "MalformedPolicy") << c.document;
    EXPECT_EQ(checked.error().message, c.message) << c.document;
  }
  for (const std::string resource : {"arn:aws:s3:::b/*", "arn:aws:s3:::*", "*", "arn:aws:s3:::b*"})
    EXPECT_TRUE(check_bucket_policy(
        policy(fmt::format(R"("Effect":"Allow","Action":"s3:GetObject","Resource":"{}"{})", resource, everyone)), "b"))
        << resource;
  EXPECT_TRUE(check_bucket_policy(
      policy(
          R"("Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"])" +
          everyone),
      "b"));
  EXPECT_EQ(check_bucket_policy("{" + std::string(20 << 10, ' ') + "}", "b").error().code, "PolicyTooLarge");
}

}  // namespace
}  // namespace tarn::s3

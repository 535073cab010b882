// What is refused when a policy is stored can never decide a request wrongly: IAM's checks, with its error texts.
#include <gtest/gtest.h>

#include "door/policy.h"

namespace tarn {
namespace {

struct Case {
  const char* document;
  PolicyKind kind;
  const char* message;  // the error's beginning; nullptr: it is taken
};

std::string with(const std::string& statement) {
  return R"({"Version":"2012-10-17","Statement":[)" + statement + "]}";
}

TEST(PolicyParse, DocumentsAndTheirErrors) {
  using enum PolicyKind;
  const Case cases[] = {
      {R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}})", kIdentity, nullptr},
      {R"({"Statement":[{"Effect":"Deny","NotAction":["iam:*"],"NotResource":["arn:aws:s3:::b"]}]})", kIdentity,
       nullptr},
      {R"({"Version":"2012-10-17","Id":"x","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})", kIdentity,
       nullptr},
      {"", kIdentity, "Syntax errors in policy."},
      {"[]", kIdentity, "Syntax errors in policy."},
      {"{", kTrust, "This policy contains invalid Json"},
      {"{}", kIdentity, "Syntax errors in policy."},
      {R"({"Version":"2012-10-17","Statement":[]})", kIdentity, "Syntax errors in policy."},
      {R"({"Version":"2013-10-17","Statement":[]})", kIdentity,
       "Policy document must be version 2012-10-17 or greater."},
      {R"({"Version":"2012-10-17","Statement":[],"Extra":1})", kIdentity,
       "Syntax errors in policy. The document has an unknown element \"Extra\"."},
      {R"({"Statement":[{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}]})", kIdentity,
       "Syntax errors in policy. Statement 1 has \"Effect\" twice."},
      {R"({"Statement":[{"Action":"s3:*","Resource":"*"}]})", kIdentity, "Missing required field Effect"},
      {R"({"Statement":[{"Effect":"allow","Action":"s3:*","Resource":"*"}]})", kIdentity, "Invalid effect: allow"},
      {R"({"Statement":[{"Effect":"Allow","Resource":"*"}]})", kIdentity, "Policy statement must contain actions."},
      {R"({"Statement":[{"Effect":"Allow","Action":[],"Resource":"*"}]})", kIdentity,
       "Policy statement must contain actions."},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*"}]})", kIdentity, "Policy statement must contain resources."},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":[]}]})", kIdentity,
       "Policy statement must contain resources."},
      {R"({"Statement":[{"Effect":"Allow","Action":"GetObject","Resource":"*"}]})", kIdentity,
       "Actions/Conditions must be prefaced by a vendor"},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:Get:Object","Resource":"*"}]})", kIdentity,
       "Actions/Condition can contain only one colon."},
      {R"({"Statement":[{"Effect":"Allow","Action":"s 3:Get","Resource":"*"}]})", kIdentity, "Vendor s 3 is not valid"},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"bucket"}]})", kIdentity,
       "Resource bucket must be in ARN format or \"*\"."},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3"}]})", kIdentity,
       "Resource arn:aws:s3 must be in ARN format or \"*\"."},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}]})", kIdentity,
       "Policy document should not specify a principal."},
      {R"({"Statement":[{"Sid":"a b","Effect":"Allow","Action":"s3:*","Resource":"*"}]})", kIdentity,
       "Statement IDs (SID) must be alpha-numeric."},
      {R"({"Statement":[{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"}]})",
       kIdentity, "Statement IDs (SID) in a single policy must be unique."},
      {R"({"Statement":[{"Sid":"a b","Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b","Principal":"*"}]})",
       kResource, nullptr},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]})", kResource,
       "Missing required field Principal"},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"x"}]})", kResource,
       "Invalid principal in policy."},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"AWS":"bob"}}]})", kResource,
       "Invalid principal in policy: \"AWS\":\"bob\""},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"AWS":"arn:aws:iam::123456789012:group/g"}}]})",
       kResource, "Invalid principal in policy: \"AWS\":"},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"AWS":"arn:aws:iam::123456789012:user/*"}}]})",
       kResource, "Invalid principal in policy: \"AWS\":"},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"Robot":"x"}}]})", kResource,
       "Invalid principal in policy: \"Robot\":\"x\""},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"AWS":["123456789012","arn:aws:sts::123456789012:assumed-role/r/s"],"Service":"lambda.amazonaws.com","CanonicalUser":"abc","Federated":"accounts.google.com"}}]})",
       kResource, nullptr},
      {R"({"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"}}]})", kTrust, nullptr},
      {R"({"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"},"Resource":"*"}]})", kTrust,
       "Has prohibited field Resource"},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Principal":{"AWS":"*"}}]})", kTrust,
       "AssumeRole policy may only specify STS AssumeRole actions."},
      {R"({"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]})", kTrust, "Missing required field Principal"},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringAlike":{"s3:prefix":"x"}}}]})",
       kIdentity, "Invalid Condition type : StringAlike."},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NullIfExists":{"s3:prefix":"true"}}}]})",
       kIdentity, "Invalid Condition type : NullIfExists."},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"s3:x":"maybe"}}}]})",
       kIdentity, "Invalid value maybe for condition key s3:x"},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/33"}}}]})",
       kIdentity, "Invalid value 10.0.0.0/33"},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"prefix":"x"}}}]})",
       kIdentity, "Actions/Conditions must be prefaced by a vendor"},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:prefix":{"a":1}}}}]})",
       kIdentity, "Syntax errors in policy."},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true},"NumericLessThan":{"s3:max-keys":10}}}]})",
       kIdentity, nullptr},
  };
  for (const Case& c : cases) {
    const auto policy = Policy::parse(c.document, c.kind);
    if (c.message == nullptr) {
      EXPECT_TRUE(policy) << c.document << ": " << policy.error().message;
      continue;
    }
    ASSERT_FALSE(policy) << c.document;
    EXPECT_EQ(policy.error().code, "MalformedPolicyDocument");
    EXPECT_EQ(policy.error().message.substr(0, std::string_view(c.message).size()), c.message) << c.document;
  }
}

TEST(PolicyParse, KeepsTheStatements) {
  const auto policy = Policy::parse(
      with(
          R"({"Sid":"S","Effect":"Allow","Action":["S3:GetObject","s3:List*"],"Resource":"arn:aws:s3:::${aws:username}/*",
               "Condition":{"StringLike":{"S3:Prefix":["${aws:PrincipalTag/Team}/*"]}}})"),
      PolicyKind::kIdentity);
  ASSERT_TRUE(policy) << policy.error().message;
  ASSERT_EQ(policy->statements.size(), 1u);
  EXPECT_EQ(policy->statements[0].sid, "S");
  EXPECT_EQ(policy->statements[0].actions, (std::vector<std::string>{"s3:getobject", "s3:list*"}));
  EXPECT_EQ(policy->context_keys(), (std::set<std::string>{"aws:principaltag/team", "aws:username", "s3:prefix"}));
}

}  // namespace
}  // namespace tarn

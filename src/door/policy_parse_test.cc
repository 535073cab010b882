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
       "Syntax errors in policy."},
      {R"({"Version":"2012-10-17","Statement":[],"Extra":1})", kIdentity, "Syntax errors in policy."},
      {R"({"Statement":[{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}]})", kIdentity,
       "Syntax errors in policy."},
      {R"({"Statement":[{"Action":"s3:*","Resource":"*"}]})", kIdentity, "Syntax errors in policy."},
      {R"({"Statement":[{"Action":"s3:*","Resource":"*","Principal":"*"}]})", kResource,
       "Missing required field Effect"},
      {R"({"Statement":[{"Effect":"allow","Action":"s3:*","Resource":"*"}]})", kIdentity,
       "The policy failed legacy parsing"},
      {R"({"Statement":[{"Effect":"allow","Action":"s3:*","Resource":"*","Principal":"*"}]})", kResource,
       "Invalid effect: allow"},
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
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3","Principal":"*"}]})", kResource,
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
       kIdentity, "Syntax errors in policy."},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*","Condition":{"StringAlike":{"s3:prefix":"x"}}}]})",
       kResource, "Invalid Condition type : StringAlike."},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NullIfExists":{"s3:prefix":"true"}}}]})",
       kIdentity, "Syntax errors in policy."},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"s3:x":"maybe"}}}]})",
       kIdentity, "Invalid value maybe for condition key s3:x"},
      {R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/33"}}}]})",
       kIdentity, "Invalid value 10.0.0.0/33"},
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

// What AWS was seen to answer to CreatePolicy, fault by fault: which of several it names, too.
TEST(PolicyParse, NamesTheFaultThatIamNames) {
  constexpr const char* kSyntax = "Syntax errors in policy.";
  constexpr const char* kLegacy = "The policy failed legacy parsing";
  constexpr const char* kActions = "Policy statement must contain actions.";
  constexpr const char* kVendor = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
  struct Fault {
    const char* statement;
    const char* message;  // nullptr: none
  };
  const Fault faults[] = {
      {R"("afd")", kSyntax},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"arn:aws:s3:::b","Extra":"x"})", kSyntax},
      {R"({"Effect":"invalid","Action":"s3:L","Resource":"arn:aws:s3:::b"})", kSyntax},
      {R"({"Effect":"denY","Action":"s3:L","Resource":"arn:aws:s3:::b"})", kLegacy},
      {R"({"Effect":"allow","Resource":"arn:aws:s3:us-east-1::b"})", kLegacy},
      {R"({"Sid":{},"Effect":"Allow","Action":"s3:L","Resource":"*"})", kSyntax},
      {R"({"Sid":"s","Effect":"Allow","Action":"s3:L","Resource":"*"},{"Sid":"s","Effect":"Allow"})",
       "Statement IDs (SID) in a single policy must be unique."},
      {R"({"Sid":"s","Effect":"aLLow","Action":"s3:L","Resource":"*"},{"Sid":"s","Effect":"Allow"})", kLegacy},
      {R"({"Effect":"Deny"},{"Effect":"Allow","Action":"s3:L","Resource":"*"})", kActions},
      {R"({"Effect":"Allow","Action":"invalid"})", kVendor},
      {R"({"Effect":"Allow","NotAction":"","Resource":"*"})", kVendor},
      {R"({"Effect":"Allow","Action":"a a:L","Resource":"*"})", "Vendor a a is not valid"},
      {R"({"Effect":"Allow","Action":"s3:L:B","Resource":"*"})", "Actions/Condition can contain only one colon."},
      {R"({"Effect":"Allow","Action":"s3.s:L","Resource":"*"})", nullptr},
      {R"({"Effect":"Allow","Action":"iam: asdf safdsf af ","Resource":"*"})", nullptr},
      {R"({"Effect":"Allow","Action":{},"Resource":"*"})", kSyntax},
      {R"({"Effect":"Deny","Action":[[]],"Resource":"*"})", kSyntax},
      {R"({"Effect":"Allow","NotAction":"s3:L","Action":[],"Resource":"*"})", kSyntax},
      {R"({"Effect":"Allow","Action":"s:3:L","Resource":"sdf"})", "Resource sdf must be in ARN format or \"*\"."},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":""})", "Resource  must be in ARN format or \"*\"."},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":{"a":"arn:aws:s3:::b"}})", kSyntax},
      {R"({"Effect":"Deny","Action":"s3:L","Resource":["adfdf",{}]})", kSyntax},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"*","NotResource":[]})", kSyntax},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"a:xy"})",
       "Partition \"xy\" is not valid for resource \"arn:xy:*:*:*:*\"."},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"a:b:c:d:e:f:g:h"})",
       "Partition \"b\" is not valid for resource \"arn:b:c:d:e:f:g:h\"."},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"aws:s3:::b"})",
       "Partition \"s3\" is not valid for resource \"arn:s3:::b:*\"."},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"arn:aws"})",
       "Resource vendor must be fully qualified and cannot contain regexes."},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"arn:aws:fdsasf"})", nullptr},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"arn:aws::fdsasf"})", kLegacy},
      {R"({"Effect":"Allow","Resource":"arn:aws:s3::b"})", kLegacy},
      {R"({"Effect":"Allow","Action":"s3:L","NotResource":"arn:aws:s3::b"})", kLegacy},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"arn:aws::::b"})", kLegacy},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"arn:aws:s3:us-east-1::b"})",
       "Resource arn:aws:s3:us-east-1::b can not contain region information."},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"arn:aws:s3:us-west-2:123456789012:accesspoint/a"})", nullptr},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"arn:aws:iam:us-east-1::b"})",
       "IAM resource arn:aws:iam:us-east-1::b cannot contain region information."},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"arn:aws:iam:::b"})",
       "IAM resource path must either be \"*\" or start with user/,"},
      {R"({"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/${aws:username}"})", nullptr},
      {R"({"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::${aws:PrincipalAccount}:role/r"})", nullptr},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"*","Condition":[]})", kSyntax},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"*","Condition":{"a":"b"}})", kSyntax},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"*","Condition":{"a":{}}})", nullptr},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"*","Condition":{"x":{"a":"1"}}})", kSyntax},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"*","Condition":{"ForAnyValue::StringEquals":{"a":"x"}}})",
       kSyntax},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"*","Condition":{"StringEqualsIfExists":{"a":"x"}}})", nullptr},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"*","Condition":{"DateGreaterThan":{"a":[]}}})", nullptr},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"*","Condition":{"DateGreaterThan":{"a":{}}}})", kSyntax},
      {R"({"Effect":"Allow","Condition":{"DateGreaterThan":{"a":"sdfdsf"}}})", kLegacy},
      {R"({"Effect":"Allow","Action":"s3:L","Resource":"arn:error:s3:::b","Condition":{"DateGreaterThan":{"a":"x"}}})",
       kLegacy},
  };
  for (const Fault& fault : faults) {
    const auto policy = Policy::parse(with(fault.statement), PolicyKind::kIdentity);
    const std::string said = policy ? "" : policy.error().message;
    const std::string wanted = fault.message == nullptr ? "" : fault.message;
    EXPECT_EQ(said.substr(0, wanted.empty() ? said.size() : wanted.size()), wanted) << fault.statement;
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

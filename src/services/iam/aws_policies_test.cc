// The table of AWS's policies is typed in by hand: each must be a policy, found by its ARN, in order of names.
#include "services/iam/aws_policies.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "door/policy.h"

namespace tarn::iam {
namespace {

TEST(AwsPolicies, EachIsAPolicyAndFoundByItsArn) {
  for (const AwsPolicy& policy : aws_policies()) {
    const auto parsed = ::tarn::Policy::parse(policy.document, PolicyKind::kIdentity);
    EXPECT_TRUE(parsed) << policy.name << ": " << parsed.error().message;
    EXPECT_EQ(find_aws_policy(policy.arn()), &policy) << policy.arn();
    EXPECT_GT(policy.time().micros, 0) << policy.name;
    EXPECT_EQ(policy.id().size(), 21u);
  }
  EXPECT_TRUE(std::ranges::is_sorted(aws_policies(), {}, &AwsPolicy::name));
}

TEST(AwsPolicies, PathsAreThoseOfAws) {
  EXPECT_NE(find_aws_policy("arn:aws:iam::aws:policy/AdministratorAccess"), nullptr);
  EXPECT_NE(find_aws_policy("arn:aws:iam::aws:policy/AmazonRedshiftAllCommandsFullAccess"), nullptr);
  EXPECT_NE(find_aws_policy("arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"), nullptr);
  EXPECT_EQ(find_aws_policy("arn:aws:iam::aws:policy/AWSGlueServiceRole"), nullptr);
  EXPECT_EQ(find_aws_policy("arn:aws:iam::aws:policy/NoSuchPolicy"), nullptr);
  EXPECT_EQ(find_aws_policy("arn:aws:iam::123456789012:policy/AdministratorAccess"), nullptr);
}

// What the policies say, asked of the evaluation: a typing error in an action or a resource shows here.
TEST(AwsPolicies, AllowWhatTheyAreAttachedFor) {
  const struct {
    const char *policy, *action, *resource;
    bool allowed;
  } cases[] = {
      {"AdministratorAccess", "iam:CreateUser", "arn:aws:iam::1:user/x", true},
      {"PowerUserAccess", "iam:CreateUser", "arn:aws:iam::1:user/x", false},
      {"PowerUserAccess", "s3:PutObject", "arn:aws:s3:::b/k", true},
      {"PowerUserAccess", "iam:ListRoles", "arn:aws:iam::1:role/", true},
      {"AmazonS3ReadOnlyAccess", "s3:GetObject", "arn:aws:s3:::b/k", true},
      {"AmazonS3ReadOnlyAccess", "s3:PutObject", "arn:aws:s3:::b/k", false},
      {"AmazonRedshiftAllCommandsFullAccess", "s3:PutObject", "arn:aws:s3:::my-redshift-data/k", true},
      {"AmazonRedshiftAllCommandsFullAccess", "s3:GetObject", "arn:aws:s3:::gbif-open-data-us-east-1/k", false},
      {"AmazonRedshiftAllCommandsFullAccess", "glue:GetTable", "arn:aws:glue:us-east-1:1:catalog", true},
      {"AmazonRedshiftAllCommandsFullAccess", "glue:GetTable", "arn:aws:glue:us-east-1:1:table/redshift_spectrum/t",
       true},
      {"AmazonRedshiftAllCommandsFullAccess", "glue:GetTable", "arn:aws:glue:us-east-1:1:table/dev/t", false},
      {"AWSGlueServiceRole", "s3:GetObject", "arn:aws:s3:::aws-glue-assets/x", true},
      {"AWSGlueServiceRole", "s3:GetObject", "arn:aws:s3:::data/x", false},
      {"AWSLambdaBasicExecutionRole", "logs:PutLogEvents", "arn:aws:logs:us-east-1:1:log-group:x:log-stream:y", true},
      {"AWSBatchServiceRole", "ecs:TagResource", "arn:aws:ecs:us-east-1:1:task/c_Batch_x/1", true},
      {"AWSGlueConsoleFullAccess", "glue:StartJobRun", "arn:aws:glue:us-east-1:1:job/j", true},
      {"AWSGlueConsoleFullAccess", "s3:PutObject", "arn:aws:s3:::data/k", false},
      {"AWSLambda_FullAccess", "lambda:InvokeFunction", "arn:aws:lambda:us-east-1:1:function:f", true},
      {"AWSLambda_FullAccess", "logs:GetLogEvents", "arn:aws:logs:us-east-1:1:log-group:/aws/lambda/f:log-stream:s",
       true},
      {"AWSLambda_FullAccess", "logs:GetLogEvents", "arn:aws:logs:us-east-1:1:log-group:other:log-stream:s", false},
      {"AmazonRedshiftDataFullAccess", "redshift-data:ExecuteStatement", "*", true},
      {"AmazonRedshiftDataFullAccess", "redshift:CreateClusterUser",
       "arn:aws:redshift:us-east-1:1:dbuser:c/redshift_data_api_user", false},
  };
  for (const auto& c : cases) {
    const auto found = std::ranges::find(aws_policies(), std::string_view(c.policy), &AwsPolicy::name);
    ASSERT_NE(found, aws_policies().end()) << c.policy;
    const auto policy = ::tarn::Policy::parse(found->document, PolicyKind::kIdentity);
    ASSERT_TRUE(policy);
    const Principal who{.kind = Principal::Kind::kUser, .account = "1", .arn = "arn:aws:iam::1:user/u"};
    const PolicyContext context;
    const AccessRequest request{who, c.action, c.resource, "", context};
    EXPECT_EQ(evaluate(request, {.identity = {{"p", &*policy}}}).allowed(), c.allowed) << c.policy << " " << c.action;
  }
}

}  // namespace
}  // namespace tarn::iam

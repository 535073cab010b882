// What a trail takes, and how a call reads as an event: rules and audits are written against both.
#include "services/cloudtrail/selectors.h"

#include <gtest/gtest.h>

namespace tarn::cloudtrail {
namespace {

AuditRecord call(std::string service, std::string operation, bool read_only, std::vector<std::string> resources = {}) {
  AuditRecord out{.time = Time::of_seconds(1'700'000'000),
                  .service = std::move(service),
                  .operation = std::move(operation),
                  .request_id = "r",
                  .principal_arn = "arn:aws:sts::1:assumed-role/role/session",
                  .principal_kind = "AssumedRole",
                  .account = "1",
                  .role_arn = "arn:aws:iam::1:role/path/role",
                  .region = "us-east-1",
                  .source_ip = "1.2.3.4",
                  .parameters = R"({"Bucket":"b","Key":"k"})"};
  out.resources = std::move(resources);
  out.read_only = read_only;
  return out;
}

bool taken(const TrailRecord& trail, const AuditRecord& record) {
  return takes(trail, record, facts_of(record, nullptr));
}

const AuditRecord kCreate = call("iam", "CreateUser", false), kList = call("iam", "ListUsers", true);
const AuditRecord kPut = call("s3", "PutObject", false, {"arn:aws:s3:::b/in/k"});
const AuditRecord kGet = call("s3", "GetObject", true, {"arn:aws:s3:::b/in/k"});
const AuditRecord kInvoke = call("lambda", "Invoke", false, {"arn:aws:lambda:us-east-1:1:function:f"});

TEST(Selectors, WithoutAnyATrailTakesManagementEvents) {
  EXPECT_TRUE(taken({}, kCreate));
  EXPECT_TRUE(taken({}, kList));
  EXPECT_FALSE(taken({}, kPut));
}

TEST(Selectors, Basic) {
  TrailRecord trail;
  trail.basic = {{.read_write = "WriteOnly",
                  .management = true,
                  .data = {{"AWS::S3::Object", {"arn:aws:s3:::b/in/"}}, {"AWS::Lambda::Function", {"arn:aws:lambda"}}},
                  .excluded = {}}};
  EXPECT_TRUE(taken(trail, kCreate));
  EXPECT_FALSE(taken(trail, kList));
  EXPECT_TRUE(taken(trail, kPut));
  EXPECT_FALSE(taken(trail, kGet));
  EXPECT_FALSE(taken(trail, call("s3", "PutObject", false, {"arn:aws:s3:::b/out/k"})));
  EXPECT_TRUE(taken(trail, kInvoke));
  trail.basic[0].data[1].values = {"arn:aws:lambda:us-east-1:1:function:other"};
  EXPECT_FALSE(taken(trail, kInvoke));
  trail.basic[0].management = false;
  EXPECT_FALSE(taken(trail, kCreate));
}

TEST(Selectors, Advanced) {
  const auto field = [](std::string name, std::vector<std::string> equals) {
    FieldRecord out;
    out.field = std::move(name);
    out.equals = std::move(equals);
    return out;
  };
  TrailRecord trail;
  trail.advanced = {{.name = {}, .conditions = {field("eventCategory", {"Management"}), field("readOnly", {"false"})}}};
  EXPECT_TRUE(taken(trail, kCreate));
  EXPECT_FALSE(taken(trail, kList));
  EXPECT_FALSE(taken(trail, kPut));
  FieldRecord arn;
  arn.field = "resources.ARN";
  arn.starts = {"arn:aws:s3:::b/"};
  trail.advanced = {
      {.name = {},
       .conditions = {field("eventCategory", {"Data"}), field("resources.type", {"AWS::S3::Object"}), arn}}};
  EXPECT_TRUE(taken(trail, kPut));
  EXPECT_TRUE(taken(trail, kGet));
  EXPECT_FALSE(taken(trail, kInvoke));
  FieldRecord not_get;
  not_get.field = "eventName";
  not_get.not_equals = {"GetObject"};
  trail.advanced[0].conditions.push_back(not_get);
  EXPECT_FALSE(taken(trail, kGet));
  EXPECT_TRUE(taken(trail, kPut));
  EXPECT_TRUE(check(trail.advanced));
  trail.advanced[0].conditions.push_back(field("bucketName", {"b"}));
  EXPECT_FALSE(check(trail.advanced));
}

TEST(Events, ReadAsCloudTrailWritesThem) {
  const Json event = event_of(kPut, nullptr, [](std::string_view) { return std::optional<std::string>("AROA1"); });
  EXPECT_EQ(event["eventSource"].as_string(), "s3.amazonaws.com");
  EXPECT_EQ(event["eventTime"].as_string(), "2023-11-14T22:13:20Z");
  EXPECT_EQ(event["userIdentity"]["principalId"].as_string(), "AROA1:session");
  EXPECT_EQ(event["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"].as_string(), "role");
  EXPECT_EQ(event["eventCategory"].as_string(), "Data");
  EXPECT_FALSE(event["managementEvent"].as_bool());
  EXPECT_EQ(event["resources"].at(0)["type"].as_string(), "AWS::S3::Object");
  EXPECT_EQ(event["eventID"].as_string(), event_id(kPut));
  EXPECT_NE(event_id(kPut), event_id(kGet));
  EXPECT_EQ(facts_of(call("lambda", "CreateFunction", false), nullptr).name, "CreateFunction20150331");
}

}  // namespace
}  // namespace tarn::cloudtrail

// The rules of AWS's policy evaluation, one table for each page of its documentation: who is let in, who is not, and
// what a denial says.
#include "door/policy.h"

#include <gtest/gtest.h>

#include <optional>

#include "door/arn.h"

namespace tarn {
namespace {

const std::string kAccount = "111111111111", kOther = "222222222222";

Principal user(const std::string& name = "alice", const std::string& account = kAccount) {
  return {.kind = Principal::Kind::kUser,
          .account = account,
          .arn = "arn:aws:iam::" + account + ":user/" + name,
          .user_id = "AIDAAAAAAAAAAAAAAAAAA",
          .user_name = name};
}
Principal session(const std::string& account = kAccount) {
  return {.kind = Principal::Kind::kAssumedRole,
          .account = account,
          .arn = "arn:aws:sts::" + account + ":assumed-role/r/s",
          .user_id = "AROAAAAAAAAAAAAAAAAAA:s",
          .role_arn = "arn:aws:iam::" + account + ":role/path/r",
          .session_name = "s"};
}
Principal root(const std::string& account = kAccount) {
  return {.kind = Principal::Kind::kRoot, .account = account, .arn = "arn:aws:iam::" + account + ":root"};
}
Principal service(const std::string& name) {
  return {.kind = Principal::Kind::kService, .arn = name};
}

// A document of one statement, or several joined by commas.
std::string document(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}
std::string allow(const std::string& rest = R"("Action":"s3:*","Resource":"*")") {
  return document(R"({"Sid":"A","Effect":"Allow",)" + rest + "}");
}
std::string deny(const std::string& rest = R"("Action":"s3:*","Resource":"*")") {
  return document(R"({"Sid":"D","Effect":"Deny",)" + rest + "}");
}
std::string bucket(const std::string& effect, const std::string& principal) {
  return document(R"({"Sid":"B","Effect":")" + effect + R"(",)" + principal +
                  R"(,"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"})");
}

struct Given {
  Principal who = user();
  std::vector<std::string> identity = {};
  std::string boundary = {};
  std::vector<std::string> session = {};
  std::string resource = {};
  bool trust = false;
  std::string owner = {};
  std::string action = "s3:GetObject";
  std::string target = "arn:aws:s3:::b/k";
  PolicyContext context = {};
};

struct Outcome {
  Decision decision;
  std::string message;  // of a denial
};

Outcome ask(const Given& given) {
  std::vector<std::unique_ptr<Policy>> alive;
  const auto compile = [&](const std::string& text, PolicyKind kind) {
    auto policy = Policy::parse(text, kind);
    EXPECT_TRUE(policy) << policy.error().message << " " << text;
    alive.push_back(std::make_unique<Policy>(policy.value_or(Policy{})));
    return NamedPolicy{"the-policy", alive.back().get()};
  };
  PolicySet set;
  for (const auto& text : given.identity) set.identity.push_back(compile(text, PolicyKind::kIdentity));
  if (!given.boundary.empty()) set.boundary = compile(given.boundary, PolicyKind::kBoundary);
  for (const auto& text : given.session) set.session.push_back(compile(text, PolicyKind::kSession));
  if (!given.resource.empty())
    set.resource = compile(given.resource, given.trust ? PolicyKind::kTrust : PolicyKind::kResource);
  set.resource_must_allow = given.trust;
  const AccessRequest request{given.who, given.action, given.target, given.owner, given.context};
  Outcome outcome{evaluate(request, set), {}};
  if (!outcome.decision.allowed()) outcome.message = denial_message(request, outcome.decision);
  return outcome;
}

// AWS: IAM User Guide, "Policy evaluation logic".
TEST(Policy, WithinAnAccount) {
  const std::string names_user = bucket("Allow", R"("Principal":{"AWS":"arn:aws:iam::111111111111:user/alice"})");
  const std::string names_role = bucket("Allow", R"("Principal":{"AWS":"arn:aws:iam::111111111111:role/path/r"})");
  const std::string names_session =
      bucket("Allow", R"("Principal":{"AWS":"arn:aws:sts::111111111111:assumed-role/r/s"})");
  const std::string names_account = bucket("Allow", R"("Principal":{"AWS":"111111111111"})");
  const std::string names_all = bucket("Allow", R"("Principal":"*")");
  const std::string other = allow(R"("Action":"ec2:*","Resource":"*")");
  const struct {
    const char* what;
    Given given;
    bool allowed;
  } cases[] = {
      {"nothing allows", {}, false},
      {"identity allows", {.identity = {allow()}}, true},
      {"identity denies too", {.identity = {allow(), deny()}}, false},
      {"boundary alone grants nothing", {.boundary = allow()}, false},
      {"both allow", {.identity = {allow()}, .boundary = allow()}, true},
      {"boundary lacks it", {.identity = {allow()}, .boundary = other}, false},
      {"boundary denies", {.identity = {allow()}, .boundary = deny()}, false},
      {"session lacks it", {.who = session(), .identity = {allow()}, .session = {other}}, false},
      {"one of the session's allows", {.who = session(), .identity = {allow()}, .session = {other, allow()}}, true},
      {"session denies", {.who = session(), .identity = {allow()}, .session = {allow(), deny()}}, false},
      {"bucket names the user", {.resource = names_user}, true},
      {"bucket names the user, boundary lacks it", {.boundary = other, .resource = names_user}, true},
      {"bucket names the user, boundary denies", {.boundary = deny(), .resource = names_user}, false},
      {"bucket names another", {.who = user("bob"), .resource = names_user}, false},
      {"bucket names the account", {.resource = names_account}, false},
      {"bucket names the account, identity allows", {.identity = {allow()}, .resource = names_account}, true},
      {"bucket names everyone", {.boundary = other, .resource = names_all}, true},
      {"bucket names the role", {.who = session(), .resource = names_role}, true},
      {"the role, boundary lacks it", {.who = session(), .boundary = other, .resource = names_role}, false},
      {"the role, session lacks it", {.who = session(), .session = {other}, .resource = names_role}, false},
      {"bucket names the session", {.who = session(), .session = {other}, .resource = names_session}, true},
      {"the session, boundary lacks it", {.who = session(), .boundary = other, .resource = names_session}, true},
      {"bucket denies",
       {.identity = {allow()}, .resource = bucket("Deny", R"("Principal":{"AWS":"111111111111"})")},
       false},
      {"root", {.who = root()}, true},
      {"root, bucket denies", {.who = root(), .resource = bucket("Deny", R"("Principal":"*")")}, false},
      {"root, bucket silent", {.who = root(), .resource = names_user}, true},
      {"anonymous", {.who = {}}, false},
      {"anonymous, bucket names everyone", {.who = {}, .resource = names_all, .owner = kAccount}, true},
      {"anonymous, bucket names the account", {.who = {}, .resource = names_account, .owner = kAccount}, false},
  };
  for (const auto& c : cases) EXPECT_EQ(ask(c.given).decision.allowed(), c.allowed) << c.what;
}

TEST(Policy, AcrossAccounts) {
  const std::string names_user = bucket("Allow", R"("Principal":{"AWS":"arn:aws:iam::222222222222:user/alice"})");
  const std::string names_account = bucket("Allow", R"("Principal":{"AWS":"arn:aws:iam::222222222222:root"})");
  const std::string canonical =
      bucket("Allow", R"("Principal":{"CanonicalUser":")" + canonical_user_id(kOther) + "\"}");
  const Principal stranger = user("alice", kOther);
  const struct {
    const char* what;
    Given given;
    bool allowed;
    const char* because;
  } cases[] = {
      {"neither", {.who = stranger, .owner = kAccount}, false, "no identity-based policy"},
      {"identity only", {.who = stranger, .identity = {allow()}, .owner = kAccount}, false, "no resource-based policy"},
      {"bucket only", {.who = stranger, .resource = names_user, .owner = kAccount}, false, "no identity-based policy"},
      {"both", {.who = stranger, .identity = {allow()}, .resource = names_user, .owner = kAccount}, true, ""},
      {"the account", {.who = stranger, .identity = {allow()}, .resource = names_account, .owner = kAccount}, true, ""},
      {"canonical", {.who = stranger, .identity = {allow()}, .resource = canonical, .owner = kAccount}, true, ""},
      {"root without a bucket policy", {.who = root(kOther), .owner = kAccount}, false, "no resource-based policy"},
      {"root", {.who = root(kOther), .resource = names_account, .owner = kAccount}, true, ""},
      {"boundary",
       {.who = stranger,
        .identity = {allow()},
        .boundary = allow(R"("Action":"ec2:*","Resource":"*")"),
        .resource = names_user,
        .owner = kAccount},
       false,
       "no permissions boundary"},
  };
  for (const auto& c : cases) {
    const Outcome outcome = ask(c.given);
    EXPECT_EQ(outcome.decision.allowed(), c.allowed) << c.what;
    EXPECT_NE(outcome.message.find(c.because), std::string::npos) << c.what << ": " << outcome.message;
  }
}

TEST(Policy, TrustPoliciesMustAllow) {
  const auto trust = [](const std::string& principal, const std::string& more = "") {
    return document(R"({"Effect":"Allow","Action":"sts:AssumeRole","Principal":)" + principal + more + "}");
  };
  const std::string may = allow(R"("Action":"sts:AssumeRole","Resource":"*")");
  const Given base{.trust = true, .action = "sts:AssumeRole", .target = "arn:aws:iam::111111111111:role/r"};
  const auto with = [&](Principal who, std::vector<std::string> identity, std::string policy,
                        PolicyContext context = {}) {
    Given given = base;
    given.who = std::move(who);
    given.identity = std::move(identity);
    given.resource = std::move(policy);
    given.owner = kAccount;
    given.context = std::move(context);
    return ask(given);
  };
  const std::string account = trust(R"({"AWS":"111111111111"})"),
                    alice = trust(R"({"AWS":"arn:aws:iam::111111111111:user/alice"})");
  EXPECT_FALSE(with(user(), {}, account).decision.allowed());
  EXPECT_TRUE(with(user(), {may}, account).decision.allowed());
  EXPECT_TRUE(with(user(), {}, alice).decision.allowed());
  EXPECT_EQ(with(user("bob"), {may}, alice).message,
            "User: arn:aws:iam::111111111111:user/bob is not authorized to perform: sts:AssumeRole on resource: "
            "arn:aws:iam::111111111111:role/r because no role trust policy allows the sts:AssumeRole action");
  const std::string lambda = trust(R"({"Service":"lambda.amazonaws.com"})");
  EXPECT_TRUE(with(service("lambda.amazonaws.com"), {}, lambda).decision.allowed());
  EXPECT_FALSE(with(service("glue.amazonaws.com"), {}, lambda).decision.allowed());
  const std::string external =
      trust(R"({"AWS":"222222222222"})", R"(,"Condition":{"StringEquals":{"sts:ExternalId":"x"}})");
  EXPECT_FALSE(with(user("alice", kOther), {may}, external).decision.allowed());
  EXPECT_TRUE(with(user("alice", kOther), {may}, external, {{"sts:externalid", {"x"}}}).decision.allowed());
}

// AWS: IAM User Guide, "IAM JSON policy elements: NotPrincipal".
TEST(Policy, NotPrincipal) {
  const auto denied = [](const Principal& who, const std::string& entries) {
    return !ask({.who = who,
                 .identity = {allow()},
                 .resource = bucket("Deny", R"("NotPrincipal":{"AWS":)" + entries + "}")})
                .decision.allowed();
  };
  const std::string alice_and_account = R"(["arn:aws:iam::111111111111:user/alice","arn:aws:iam::111111111111:root"])";
  EXPECT_FALSE(denied(user("alice"), alice_and_account));
  EXPECT_TRUE(denied(user("bob"), alice_and_account));
  EXPECT_TRUE(denied(user("alice"), R"("arn:aws:iam::111111111111:user/alice")"));
  EXPECT_TRUE(denied(session(), R"(["111111111111","arn:aws:iam::111111111111:role/path/r"])"));
  EXPECT_FALSE(denied(
      session(),
      R"(["111111111111","arn:aws:iam::111111111111:role/path/r","arn:aws:sts::111111111111:assumed-role/r/s"])"));
  EXPECT_FALSE(denied(root(), R"("111111111111")"));
}

TEST(Policy, ServicesNeedAResourcePolicy) {
  const std::string sns = document(
      R"({"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"SNS:Publish","Resource":"*",
          "Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:b"}}})");
  Given given{.who = service("s3.amazonaws.com"),
              .resource = sns,
              .action = "sns:Publish",
              .target = "arn:aws:sns:us-east-1:111111111111:t",
              .context = {{"aws:sourcearn", {"arn:aws:s3:::b"}}}};
  EXPECT_TRUE(ask(given).decision.allowed());
  given.context = {{"aws:sourcearn", {"arn:aws:s3:::c"}}};
  EXPECT_FALSE(ask(given).decision.allowed());
  given.resource.clear();
  EXPECT_FALSE(ask(given).decision.allowed());
}

struct Match {
  const char* statement;  // the rest of an Allow statement
  const char* action;
  const char* resource;
  bool matches;
};

TEST(Policy, ActionsAndResources) {
  const Match cases[] = {
      {R"("Action":"S3:getobject","Resource":"*")", "s3:GetObject", "arn:aws:s3:::b/k", true},
      {R"("Action":"s3:Get*","Resource":"*")", "s3:GetObjectTagging", "arn:aws:s3:::b/k", true},
      {R"("Action":"s3:*Object","Resource":"*")", "s3:GetObjectTagging", "arn:aws:s3:::b/k", false},
      {R"("Action":"s3:?etObject","Resource":"*")", "s3:GetObject", "arn:aws:s3:::b/k", true},
      {R"("NotAction":"iam:*","Resource":"*")", "s3:GetObject", "arn:aws:s3:::b/k", true},
      {R"("NotAction":["iam:*","S3:*"],"Resource":"*")", "s3:GetObject", "arn:aws:s3:::b/k", false},
      {R"("Action":"*","Resource":"arn:aws:s3:::b/*")", "s3:GetObject", "arn:aws:s3:::b/a/b/c", true},
      {R"("Action":"*","Resource":"arn:aws:s3:::b/*")", "s3:ListBucket", "arn:aws:s3:::b", false},
      {R"("Action":"*","Resource":"arn:aws:s3:::B/*")", "s3:GetObject", "arn:aws:s3:::b/k", false},
      {R"("Action":"*","NotResource":"arn:aws:s3:::b/*")", "s3:GetObject", "arn:aws:s3:::b/k", false},
      {R"("Action":"*","NotResource":"arn:aws:s3:::b/*")", "s3:GetObject", "arn:aws:s3:::c/k", true},
      {R"("Action":"*","Resource":"arn:aws:s3:::b/*/test/*")", "s3:GetObject", "arn:aws:s3:::b/1/2/test/3/object.jpg",
       true},
      {R"("Action":"*","Resource":"arn:aws:s3:::b/x*z")", "s3:GetObject", "arn:aws:s3:::b/x:y:z", true},
      {R"("Action":"*","Resource":"arn:aws:glue:*:111111111111:table/d/*")", "glue:GetTable",
       "arn:aws:glue:eu-west-1:111111111111:table/d/t", true},
      {R"("Action":"*","Resource":"arn:aws:glue:eu-*:111111111111:table/d/*")", "glue:GetTable",
       "arn:aws:glue:us-east-1:111111111111:table/d/t", false},
      {R"("Action":"*","Resource":"arn:aws:glue:e*1:111111111111:t")", "glue:GetTable",
       "arn:aws:glue:eu-west-1:111111111111:t", true},
      {R"("Action":"*","Resource":"arn:aws:glue:e*1:t*")", "glue:GetTable", "arn:aws:glue:eu-west-1:111111111111:t",
       false},
      {R"("Action":"*","Resource":"arn:aws:dynamodb:*:table/x")", "dynamodb:GetItem",
       "arn:aws:dynamodb:eu-west-1:111111111111:table/x", true},
      {R"("Action":"*","Resource":"arn:aws:s3:::${aws:username}/*")", "s3:GetObject", "arn:aws:s3:::alice/k", true},
      {R"("Action":"*","Resource":"arn:aws:s3:::${aws:username}/*")", "s3:GetObject", "arn:aws:s3:::bob/k", false},
      {R"("Action":"*","Resource":"arn:aws:s3:::${aws:PrincipalTag/team, 'all'}/*")", "s3:GetObject",
       "arn:aws:s3:::all/k", true},
      {R"("Action":"*","Resource":"arn:aws:s3:::${aws:PrincipalTag/team}/*")", "s3:GetObject", "arn:aws:s3:::all/k",
       false},
      {R"("Action":"*","Resource":"arn:aws:s3:::b/${s3:wild}")", "s3:GetObject", "arn:aws:s3:::b/k", false},
      {R"("Action":"*","Resource":"arn:aws:s3:::b/${s3:wild}")", "s3:GetObject", "arn:aws:s3:::b/*", true},
      {R"("Action":"*","Resource":"arn:aws:s3:::b/${*}")", "s3:GetObject", "arn:aws:s3:::b/*", true},
      {R"("Action":"*","Resource":"arn:aws:s3:::b/${*}")", "s3:GetObject", "arn:aws:s3:::b/k", false},
      {R"("Action":"*","Resource":"arn:aws:s3:::b/${?}${$}")", "s3:GetObject", "arn:aws:s3:::b/?$", true},
      {R"("Action":"*","Resource":"arn:aws:s3:::b/${s3:many}")", "s3:GetObject", "arn:aws:s3:::b/x", false},
  };
  for (const Match& c : cases) {
    const Given given{.identity = {allow(c.statement)},
                      .action = c.action,
                      .target = c.resource,
                      .context = {{"aws:username", {"alice"}}, {"s3:wild", {"*"}}, {"s3:many", {"x", "y"}}}};
    EXPECT_EQ(ask(given).decision.allowed(), c.matches) << c.statement << " " << c.resource;
  }
}

TEST(Policy, TheOlderVersionKnowsNoVariables) {
  const std::string old = R"({"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}})";
  const PolicyContext context = {{"aws:username", {"alice"}}};
  EXPECT_FALSE(ask({.identity = {old}, .target = "arn:aws:s3:::alice", .context = context}).decision.allowed());
  EXPECT_TRUE(
      ask({.identity = {old}, .target = "arn:aws:s3:::${aws:username}", .context = context}).decision.allowed());
}

struct Asked {
  const char* condition;
  std::vector<std::string> values;  // of the key s3:k; none: it is absent
  bool holds;
};

// AWS: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Single-valued vs. multivalued context keys".
TEST(Policy, Conditions) {
  const Asked cases[] = {
      {R"("StringEquals":{"s3:k":["a","b"]})", {"b"}, true},
      {R"("StringEquals":{"s3:k":"a"})", {"A"}, false},
      {R"("StringEquals":{"S3:K":"a"})", {"a"}, true},
      {R"("StringEquals":{"s3:k":"a*"})", {"ab"}, false},
      {R"("StringEquals":{"s3:k":"a"})", {}, false},
      {R"("StringEqualsIfExists":{"s3:k":"a"})", {}, true},
      {R"("StringEqualsIfExists":{"s3:k":"a"})", {"b"}, false},
      {R"("StringNotEquals":{"s3:k":["a","b"]})", {"c"}, true},
      {R"("StringNotEquals":{"s3:k":["a","b"]})", {"b"}, false},
      {R"("StringNotEquals":{"s3:k":"a"})", {}, true},
      {R"("StringEqualsIgnoreCase":{"s3:k":"aB"})", {"Ab"}, true},
      {R"("StringNotEqualsIgnoreCase":{"s3:k":"aB"})", {"Ab"}, false},
      {R"("StringLike":{"s3:k":"a/*/?"})", {"a/b/c/d"}, true},
      {R"("StringLike":{"s3:k":"a*"})", {"Ab"}, false},
      {R"("StringNotLike":{"s3:k":"a*"})", {"ab"}, false},
      {R"("StringLike":{"s3:k":"${s3:other}"})", {"o"}, true},
      {R"("StringLike":{"s3:k":"${s3:missing}"})", {"o"}, false},
      {R"("NumericLessThan":{"s3:k":10})", {"9"}, true},
      {R"("NumericLessThan":{"s3:k":"10"})", {"10"}, false},
      {R"("NumericLessThanEquals":{"s3:k":"10"})", {"10.0"}, true},
      {R"("NumericGreaterThan":{"s3:k":"9"})", {"10"}, true},
      {R"("NumericEquals":{"s3:k":"9"})", {"x"}, false},
      {R"("NumericNotEquals":{"s3:k":"9"})", {"9"}, false},
      {R"("NumericLessThan":{"s3:k":"9"})", {}, false},
      {R"("DateGreaterThan":{"s3:k":"2024-01-01T00:00:00Z"})", {"2024-01-01T00:00:01Z"}, true},
      {R"("DateLessThan":{"s3:k":"2024-01-01"})", {"2024-01-01T00:00:00Z"}, false},
      {R"("DateEquals":{"s3:k":"1704067200"})", {"2024-01-01T00:00:00Z"}, true},
      {R"("Bool":{"s3:k":"true"})", {"True"}, true},
      {R"("Bool":{"s3:k":false})", {"true"}, false},
      {R"("Bool":{"s3:k":"false"})", {}, false},
      {R"("BoolIfExists":{"s3:k":"false"})", {}, true},
      {R"("BinaryEquals":{"s3:k":"QUJD"})", {"QUJD"}, true},
      {R"("BinaryEquals":{"s3:k":"QUJD"})", {"QUJE"}, false},
      {R"("IpAddress":{"s3:k":"203.0.113.0/24"})", {"203.0.113.7"}, true},
      {R"("IpAddress":{"s3:k":"203.0.113.0/25"})", {"203.0.113.200"}, false},
      {R"("IpAddress":{"s3:k":"203.0.113.7"})", {"203.0.113.7"}, true},
      {R"("IpAddress":{"s3:k":"2001:DB8:1234:5678::/64"})", {"2001:db8:1234:5678::1"}, true},
      {R"("IpAddress":{"s3:k":"2001:DB8:1234:5678::/64"})", {"2001:db8:1234:5679::1"}, false},
      {R"("IpAddress":{"s3:k":"0.0.0.0/0"})", {"2001:db8::1"}, false},
      {R"("NotIpAddress":{"s3:k":["10.0.0.0/8","192.168.0.0/16"]})", {"192.168.3.4"}, false},
      {R"("NotIpAddress":{"s3:k":"10.0.0.0/8"})", {"11.0.0.1"}, true},
      {R"("ArnEquals":{"s3:k":"arn:aws:sns:*:111111111111:t-*"})", {"arn:aws:sns:eu-west-1:111111111111:t-1"}, true},
      {R"("ArnLike":{"s3:k":"arn:aws:sns:*:t"})", {"arn:aws:sns:eu-west-1:111111111111:t"}, false},
      {R"("ArnLike":{"s3:k":"arn:aws:s3:::b"})", {"arn:aws:s3:::B"}, false},
      {R"("ArnNotLike":{"s3:k":"arn:aws:sns:*:*:*"})", {"arn:aws:sqs:::q"}, true},
      {R"("Null":{"s3:k":"true"})", {}, true},
      {R"("Null":{"s3:k":"true"})", {"x"}, false},
      {R"("Null":{"s3:k":"false"})", {"x"}, true},
      {R"("Null":{"s3:k":false})", {}, false},
      {R"("ForAllValues:StringEquals":{"s3:k":["a","b"]})", {"a", "b"}, true},
      {R"("ForAllValues:StringEquals":{"s3:k":["a","b"]})", {"a", "c"}, false},
      {R"("ForAllValues:StringEquals":{"s3:k":["a","b"]})", {}, true},
      {R"("ForAllValues:StringEquals":{"s3:k":["a","b"]})", {""}, true},
      {R"("ForAllValues:StringNotEquals":{"s3:k":["a","b"]})", {"c", "d"}, true},
      {R"("ForAllValues:StringNotEquals":{"s3:k":["a","b"]})", {"c", "a"}, false},
      {R"("ForAnyValue:StringEquals":{"s3:k":["a","b"]})", {"c", "a"}, true},
      {R"("ForAnyValue:StringEquals":{"s3:k":["a","b"]})", {"c"}, false},
      {R"("ForAnyValue:StringEquals":{"s3:k":["a","b"]})", {}, false},
      {R"("ForAnyValue:StringEqualsIfExists":{"s3:k":["a","b"]})", {}, true},
      {R"("ForAnyValue:StringLike":{"s3:k":"a*"})", {"c", "ab"}, true},
      {R"("ForAnyValue:StringNotEquals":{"s3:k":"a"})", {"a", "b"}, true},
      {R"("ForAnyValue:StringNotEquals":{"s3:k":"a"})", {"a"}, false},
      {R"("StringEquals":{"s3:k":"a","s3:other":"o"})", {"a"}, true},
      {R"("StringEquals":{"s3:k":"a","s3:other":"p"})", {"a"}, false},
      {R"("StringEquals":{"s3:k":"a"},"StringLike":{"s3:other":"p*"})", {"a"}, false},
  };
  for (const Asked& c : cases) {
    PolicyContext context = {{"s3:other", {"o"}}};
    if (!c.values.empty()) context["s3:k"] = c.values;
    const std::string rest = R"("Action":"*","Resource":"*","Condition":{)" + std::string(c.condition) + "}";
    EXPECT_EQ(ask({.identity = {allow(rest)}, .context = context}).decision.allowed(), c.holds)
        << c.condition << " with " << c.values.size() << " values";
    EXPECT_EQ(ask({.identity = {allow(), deny(rest)}, .context = context}).decision.allowed(), !c.holds) << c.condition;
  }
}

// AWS: IAM User Guide, "Troubleshoot access denied error messages".
TEST(Policy, DenialsSayWhoWhatWhereAndWhy) {
  const std::string head =
      "User: arn:aws:iam::111111111111:user/alice is not authorized to perform: s3:GetObject on resource: "
      "\"arn:aws:s3:::b/k\" ";
  const std::string other = allow(R"("Action":"ec2:*","Resource":"*")");
  EXPECT_EQ(ask({}).message, head + "because no identity-based policy allows the s3:GetObject action");
  EXPECT_EQ(ask({.identity = {deny()}}).message, head + "with an explicit deny in an identity-based policy");
  EXPECT_EQ(ask({.identity = {allow()}, .boundary = other}).message,
            head + "because no permissions boundary allows the s3:GetObject action");
  EXPECT_EQ(ask({.identity = {allow()}, .boundary = deny()}).message,
            head + "with an explicit deny in a permissions boundary");
  EXPECT_EQ(ask({.identity = {allow()}, .session = {other}}).message,
            head + "because no session policy allows the s3:GetObject action");
  EXPECT_EQ(ask({.resource = bucket("Deny", R"("Principal":"*")")}).message,
            head + "with an explicit deny in a resource-based policy");
  EXPECT_EQ(ask({.action = "glue:GetTable", .target = "*"}).message,
            "User: arn:aws:iam::111111111111:user/alice is not authorized to perform: glue:GetTable on resource: * "
            "because no identity-based policy allows the glue:GetTable action");
  EXPECT_EQ(ask({.who = {}}).message,
            "User: anonymous is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::b/k\" because no "
            "resource-based policy allows the s3:GetObject action");
}

TEST(Policy, TheDecisionNamesItsStatement) {
  const Decision allowed = ask({.identity = {deny(R"("Action":"ec2:*","Resource":"*")"), allow()}}).decision;
  EXPECT_EQ(allowed.kind, PolicyKind::kIdentity);
  EXPECT_EQ(allowed.policy, "the-policy");
  EXPECT_EQ(allowed.sid, "A");
  EXPECT_EQ(allowed.statement, 0);
  const Decision denied = ask({.identity = {allow()}, .resource = bucket("Deny", R"("Principal":"*")")}).decision;
  EXPECT_EQ(denied.outcome, Decision::Outcome::kExplicitDeny);
  EXPECT_EQ(denied.kind, PolicyKind::kResource);
  EXPECT_EQ(denied.sid, "B");
}

// A pattern of many stars against a long text: linear work each, never exponential.
TEST(Policy, HostilePatternsStayQuick) {
  std::string stars, text(3000, 'a');
  for (int i = 0; i < 1000; ++i) stars += "a*";
  const Given given{.identity = {allow(R"("Action":"*","Resource":"arn:aws:sqs:x*y:1:)" + stars + R"(${*}b")")},
                    .target = "arn:aws:sqs:xy:1:" + text};
  EXPECT_FALSE(ask(given).decision.allowed());
}

}  // namespace
}  // namespace tarn

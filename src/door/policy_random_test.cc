// Generated policies and requests, from fixed seeds: the evaluator and the naive one must agree on every one. The words
// are few, so that patterns, principals and conditions meet often.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "door/policy.h"
#include "door/policy_naive.h"

namespace tarn {
namespace {

constexpr const char* kA = "111111111111";
constexpr const char* kB = "222222222222";

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  size_t below(size_t n) { return random_() % n; }
  bool chance(int percent) { return below(100) < static_cast<size_t>(percent); }
  std::string one_of(std::initializer_list<const char*> words) { return *(words.begin() + below(words.size())); }

  std::string action() { return one_of({"s3:GetObject", "s3:PutObject", "s3:ListBucket", "glue:GetTable"}); }
  std::string resource() {
    return one_of(
        {"arn:aws:s3:::b/k", "arn:aws:s3:::b/alice/x", "arn:aws:s3:::c/*", "arn:aws:glue:eu-west-1:111111111111:t"});
  }

  Json list(auto&& make) {
    if (chance(40)) return Json(make());
    std::vector<Json> items;
    for (size_t i = 0, n = 1 + below(3); i < n; ++i) items.emplace_back(make());
    return Json::array(std::move(items));
  }

  Json principals() {
    if (chance(15)) return "*";
    Json object = Json::object();
    object.set(
        "AWS", list([&] {
          return one_of({"111111111111", "arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:user/alice",
                         "arn:aws:iam::111111111111:role/r", "arn:aws:sts::111111111111:assumed-role/r/s",
                         "222222222222", "arn:aws:iam::222222222222:user/alice", "*"});
        }));
    if (chance(30)) object.set("Service", list([&] { return one_of({"glue.amazonaws.com", "lambda.amazonaws.com"}); }));
    return object;
  }

  void add_condition(Json& conditions) {
    struct Form {
      std::initializer_list<const char*> operators, keys, values;
    };
    static const Form kForms[] = {
        {{"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
          "StringNotLike"},
         {"aws:username", "AWS:UserName", "s3:prefix", "aws:TagKeys"},
         {"alice", "Alice", "al*", "a?ice", "${aws:username}", "${s3:prefix, 'alice'}", "a${*}", "", "x"}},
        {{"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
          "NumericGreaterThanEquals"},
         {"s3:max-keys"},
         {"5", "10", "5.0", "-1"}},
        {{"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
          "DateGreaterThanEquals"},
         {"aws:CurrentTime"},
         {"2024-01-01T00:00:00Z", "2024-06-01T12:00:00Z", "1717243200"}},
        {{"Bool"}, {"aws:SecureTransport"}, {"true", "false"}},
        {{"BinaryEquals"}, {"s3:blob"}, {"QUJD", "QUJE"}},
        {{"IpAddress", "NotIpAddress"}, {"aws:SourceIp"}, {"10.0.0.0/8", "10.1.2.3", "192.168.0.0/16", "0.0.0.0/0"}},
        {{"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"},
         {"aws:SourceArn"},
         {"arn:aws:s3:::b", "arn:aws:*:::b", "arn:aws:s3:*:*:?", "arn:aws:sns:*:111111111111:*",
          "arn:aws:s3:::${aws:username}"}},
        {{"Null"}, {"aws:username", "s3:prefix", "aws:TagKeys"}, {"true", "false"}},
    };
    const Form& form = kForms[below(std::size(kForms))];
    std::string op = one_of(form.operators);
    if (op != "Null") {
      if (chance(30)) op += "IfExists";
      if (chance(30)) op = one_of({"ForAllValues:", "ForAnyValue:"}) + op;
    }
    Json keys = Json::object();
    keys.set(one_of(form.keys), list([&] { return one_of(form.values); }));
    conditions.set(op, keys);
  }

  Json statement(PolicyKind kind) {
    Json out = Json::object();
    out.set("Effect", chance(75) ? "Allow" : "Deny");
    out.set(chance(85) ? "Action" : "NotAction",
            list([&] { return chance(40) ? action() : one_of({"*", "s3:*", "S3:Get*", "s3:??tObject", "glue:*"}); }));
    if (kind == PolicyKind::kResource) out.set(chance(85) ? "Principal" : "NotPrincipal", principals());
    out.set(chance(85) ? "Resource" : "NotResource", list([&] {
              return chance(40)
                         ? resource()
                         : one_of({"*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::?/k",
                                   "arn:aws:s3:::b/${aws:PrincipalTag/team, 'k'}", "arn:aws:glue:eu-*1:1111*1:t",
                                   "arn:aws:s3:::c/${*}", "arn:aws:g?ue:eu-west-1:111111111111:*"});
            }));
    if (chance(50)) {
      Json conditions = Json::object();
      for (size_t i = 0, n = 1 + below(2); i < n; ++i) add_condition(conditions);
      out.set("Condition", conditions);
    }
    return out;
  }

  std::string policy(PolicyKind kind) {
    Json out = Json::object();
    if (chance(85)) out.set("Version", "2012-10-17");
    Json statements = Json::array();
    for (size_t i = 0, n = 1 + below(3); i < n; ++i) statements.push(statement(kind));
    out.set("Statement", statements.size() == 1 && chance(50) ? statements.at(0) : statements);
    return out.text();
  }

  Principal principal() {
    using enum Principal::Kind;
    switch (below(7)) {
      case 0: return {.kind = kAnonymous};
      case 1: return {.kind = kRoot, .account = kA, .arn = "arn:aws:iam::111111111111:root", .user_id = kA};
      case 2: return {.kind = kService, .arn = "glue.amazonaws.com"};
      case 3:
        return {.kind = kUser, .account = kB, .arn = "arn:aws:iam::222222222222:user/alice", .user_name = "alice"};
      case 4:
      case 5:
        return {.kind = kUser, .account = kA, .arn = "arn:aws:iam::111111111111:user/alice", .user_name = "alice"};
      default:
        return {.kind = kAssumedRole,
                .account = kA,
                .arn = "arn:aws:sts::111111111111:assumed-role/r/s",
                .role_arn = "arn:aws:iam::111111111111:role/r",
                .session_name = "s"};
    }
  }

  PolicyContext context(const Principal& who) {
    PolicyContext keys;
    if (!who.user_name.empty()) keys["aws:username"] = {who.user_name};
    const auto maybe = [&](const char* key, std::initializer_list<const char*> values) {
      if (chance(60)) keys[key] = {one_of(values)};
    };
    maybe("s3:prefix", {"alice", "Alice", "a*", "", "x"});
    maybe("s3:max-keys", {"5", "7", "10", "many"});
    maybe("aws:currenttime", {"2024-01-01T00:00:00Z", "2024-06-01T12:00:00Z"});
    maybe("aws:securetransport", {"true", "false"});
    maybe("s3:blob", {"QUJD"});
    maybe("aws:sourceip", {"10.1.2.3", "10.9.9.9", "192.168.1.1"});
    maybe("aws:sourcearn", {"arn:aws:s3:::b", "arn:aws:sns:eu-west-1:111111111111:t", "b"});
    maybe("aws:principaltag/team", {"k", "z"});
    if (chance(50)) {
      std::vector<std::string>& tags = keys["aws:tagkeys"];
      for (size_t i = 0, n = below(4); i < n; ++i) tags.push_back(one_of({"alice", "x", "", "al*"}));
    }
    return keys;
  }

 private:
  std::mt19937 random_;
};

TEST(PolicyRandom, TheNaiveEvaluatorAgrees) {
  size_t allowed = 0, denied = 0, lacking = 0;
  for (uint32_t seed = 0; seed < 10'000; ++seed) {
    Generator g(seed);
    naive::Documents documents;
    for (size_t i = 0, n = g.below(3); i < n; ++i) documents.identity.push_back(g.policy(PolicyKind::kIdentity));
    if (g.chance(25)) documents.boundary = g.policy(PolicyKind::kBoundary);
    if (g.chance(25)) documents.session.push_back(g.policy(PolicyKind::kSession));
    if (g.chance(50)) documents.resource = g.policy(PolicyKind::kResource);
    documents.trust = g.chance(20);

    std::vector<std::unique_ptr<Policy>> compiled;
    const auto compile = [&](const std::string& text, PolicyKind kind) {
      auto policy = Policy::parse(text, kind);
      EXPECT_TRUE(policy) << policy.error().message << "\n" << text;
      compiled.push_back(std::make_unique<Policy>(policy ? *policy : Policy{}));
      return NamedPolicy{"p", compiled.back().get()};
    };
    PolicySet set;
    for (const std::string& text : documents.identity) set.identity.push_back(compile(text, PolicyKind::kIdentity));
    if (documents.boundary) set.boundary = compile(*documents.boundary, PolicyKind::kBoundary);
    for (const std::string& text : documents.session) set.session.push_back(compile(text, PolicyKind::kSession));
    if (documents.resource) set.resource = compile(*documents.resource, PolicyKind::kResource);
    set.resource_must_allow = documents.trust;

    for (int i = 0; i < 4; ++i) {
      const Principal who = g.principal();
      const PolicyContext context = g.context(who);
      const std::string action = g.action(), resource = g.resource(), owner = g.one_of({"", kA, kA, kB});
      const AccessRequest request{who, action, resource, owner, context};
      const Decision decision = evaluate(request, set);
      const naive::Verdict verdict = naive::evaluate(request, documents);
      const naive::Verdict mine{decision.allowed(), decision.outcome == Decision::Outcome::kExplicitDeny};
      ASSERT_EQ(mine, verdict) << "seed " << seed << " " << who.arn << " " << action << " " << resource << " owner "
                               << owner << "\nidentity " << fmt::format("{}", fmt::join(documents.identity, "\n  "))
                               << "\nboundary " << documents.boundary.value_or("-") << "\nresource "
                               << documents.resource.value_or("-");
      (mine.allowed ? allowed : mine.explicit_deny ? denied : lacking) += 1;
    }
  }
  // All three ends are met often, else the words above are badly chosen.
  EXPECT_GT(allowed, 5'000u);
  EXPECT_GT(denied, 5'000u);
  EXPECT_GT(lacking, 5'000u);
}

}  // namespace
}  // namespace tarn

// Why: a form is public; its policy is all that keeps whoever has it to what its signer meant.
#include "services/s3/form_policy.h"

#include <gtest/gtest.h>

namespace tarn::s3 {
namespace {

TEST(FormPolicy, LetsThroughWhatItSays) {
  struct Case {
    const char* conditions;
    const char* code;  // nullptr: it holds
  };
  const FormValues values = {
      {"bucket", "b"}, {"key", "user/eric/1"}, {"acl", "private"}, {"x-ignore-me", "1"}, {"policy", "p"}};
  const Case cases[] = {
      {R"([{"bucket":"b"},["eq","$key","user/eric/1"],{"acl":"private"}])", nullptr},
      {R"([{"bucket":"b"},["starts-with","$Key","user/eric/"],["starts-with","$acl",""]])", nullptr},
      {R"([{"bucket":"b"},["starts-with","$key",""],{"acl":"private"},["content-length-range",5,10]])", nullptr},
      {R"([{"bucket":"c"},["starts-with","$key",""],{"acl":"private"}])", "AccessDenied"},
      {R"([{"bucket":"b"},["starts-with","$key","x"],{"acl":"private"}])", "AccessDenied"},
      {R"([{"bucket":"b"},["eq","$key","user/"],{"acl":"private"}])", "AccessDenied"},
      {R"([{"bucket":"b"},["starts-with","$key",""]])", "AccessDenied"},  // acl is one field too many
      {R"([{"bucket":"b"},["starts-with","$key",""],{"acl":"private"},["content-length-range",8,10]])", "EntityTooSmall"},
      {R"([{"bucket":"b"},["starts-with","$key",""],{"acl":"private"},["content-length-range",0,6]])", "EntityTooLarge"},
      {R"([{"bucket":"b"},["starts-with","$key",""],{"acl":"private"},["content-length-range","x",6]])", "InvalidPolicyDocument"},
      {R"([["starts-with","$key",""],{"acl":"private"}])", "AccessDenied"},  // the bucket is a field as well
      {R"([["like","$key",""],{"acl":"private"}])", "InvalidPolicyDocument"},
      {R"([["eq","key","x"]])", "InvalidPolicyDocument"},
      {R"([7])", "InvalidPolicyDocument"},
      {R"({})", "InvalidPolicyDocument"},
  };
  for (const Case& c : cases) {
    const std::string policy =
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":)" + std::string(c.conditions) + "}";
    const Status checked = check_form_policy(policy, values, 7, Time::of_seconds(1'700'000'000));
    EXPECT_EQ(checked ? "" : checked.error().code, c.code ? c.code : "") << c.conditions;
  }
  for (const char* policy : {"", "[]", "{}", R"({"expiration":"never","conditions":[]})",
                             R"({"expiration":"2030-01-01 00:00:00Z","conditions":[]})",
                             R"({"expiration":"2030-01-01T00:00:00+00:00","conditions":[]})", R"({"conditions":[]})"})
    EXPECT_EQ(check_form_policy(policy, {}, 0, Time::of_seconds(0)).error().code, "InvalidPolicyDocument") << policy;
  const Status late = check_form_policy(R"({"expiration":"2020-01-01T00:00:00Z","conditions":[]})", {}, 0,
                                        Time::of_seconds(1'700'000'000));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().message, "Invalid according to Policy: Policy expired.");
}

}  // namespace
}  // namespace tarn::s3

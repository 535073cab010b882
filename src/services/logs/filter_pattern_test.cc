// Which events a pattern chooses: people alert on these, so a wrong answer hides an error from them.
#include "services/logs/filter_pattern.h"

#include <gtest/gtest.h>

namespace tarn::logs {
namespace {

struct Case {
  const char* pattern;
  const char* message;
  bool matches;
};

void check(std::initializer_list<Case> cases) {
  for (const Case& each : cases) {
    const auto pattern = FilterPattern::parse(each.pattern);
    ASSERT_TRUE(pattern) << each.pattern << ": " << pattern.error().message;
    EXPECT_EQ(pattern->matches(each.message), each.matches) << each.pattern << " on " << each.message;
  }
}

TEST(FilterPattern, Words) {
  check({
      {"", "anything", true},
      {"  ", "anything", true},
      {"ERROR", "an ERROR here", true},
      {"ERROR", "an error here", false},
      {"ERROR Exception", "Exception: ERROR", true},
      {"ERROR Exception", "ERROR only", false},
      {"\"two words\"", "the two words here", true},
      {"\"two words\"", "two  words", false},
      {"\"a \\\"b\\\"\"", "x a \"b\" y", true},
      {"ERROR -timeout", "ERROR: disk", true},
      {"ERROR -timeout", "ERROR: timeout", false},
      {"ERROR -\"no disk\"", "ERROR: no disk", false},
      {"?ERROR ?WARN", "a WARN", true},
      {"?ERROR ?WARN", "an INFO", false},
      {"?ERROR disk", "disk", true},  // the optional term is not looked at
      {"-DEBUG", "INFO", true},
      {"-DEBUG", "DEBUG", false},
      {"%status 5\\d\\d%", "status 503", true},
      {"%status 5\\d\\d%", "status 50", false},
      {"ERROR -%t.*t%", "ERROR timeout", false},
      {"?%^a% ?%b$%", "xb", true},
  });
}

TEST(FilterPattern, JsonFields) {
  const char* event =
      R"({"level":"ERROR","ms":12.5,"ok":true,"none":null,"user":{"name":"a b","tags":["x","y"]},"n":"7","a-b":1})";
  check({
      {"{ $.level = \"ERROR\" }", event, true},
      {"{ $.level = ERROR }", event, true},
      {"{$.level=ERR*}", event, true},
      {"{ $.level = \"*RO*\" }", event, true},
      {"{ $.level = \"RO\" }", event, false},
      {"{ $.level = %^E.+R$% }", event, true},
      {"{ $.level != \"INFO\" }", event, true},
      {"{ $.level != \"ERROR\" }", event, false},
      {"{ $.missing != \"x\" }", event, false},
      {"{ $.missing = * }", event, false},
      {"{ $.level = * }", event, true},
      {"{ $.ms = 12.5 }", event, true},
      {"{ $.ms = 1.25e1 }", event, true},
      {"{ $.ms > 12 && $.ms <= 12.5 }", event, true},
      {"{ $.ms < 12 || $.ok IS TRUE }", event, true},
      {"{ $.ok IS FALSE }", event, false},
      {"{ $.none IS NULL }", event, true},
      {"{ $.level IS NULL }", event, false},
      {"{ $.none NOT EXISTS }", event, false},
      {"{ $.missing NOT EXISTS }", event, true},
      {"{ $.user.name = \"a b\" }", event, true},
      {"{ $.user.tags[1] = y }", event, true},
      {"{ $.user.tags[2] = y }", event, false},
      {"{ $.user.tags[*] = y }", event, true},
      {"{ $['a-b'] = 1 }", event, true},
      {"{ $.a-b = 1 }", event, true},
      {"{ $.level = INFO || $.ms > 1 && $.ok IS FALSE }", event, false},
      {"{ ($.level = INFO || $.ms > 1) && $.ok IS TRUE }", event, true},
      {"{ $.n > 6 }", event, true},  // a text that is a number
      {"{ $.user = * }", event, false},
      {"{ $.level = ERROR }", "level ERROR", false},
      {"{ $.level = ERROR }", "{not json", false},
  });
}

TEST(FilterPattern, BlankFields) {
  const char* line = "127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] \"GET /index.html HTTP/1.0\" 404 1534";
  check({
      {"[ip, user, username, timestamp, request, status_code, bytes]", line, true},
      {"[ip, user, username, timestamp, request, status_code = 4*, bytes]", line, true},
      {"[ip, user, username, timestamp, request = *.html*, status_code = 4*, bytes]", line, true},
      {"[ip, user, username, timestamp, request, status_code = 5*, bytes]", line, false},
      {"[ip, user, username]", line, false},
      {"[ip, ...]", line, true},
      {"[..., status_code = 404, bytes > 1000]", line, true},
      {"[ip, ..., bytes > 1534]", line, false},
      {"[ip, ..., status_code = 404 || status_code = 410, bytes]", line, true},
      {"[..., status_code = 4* && status_code != 404, bytes]", line, false},
      {"[ip = %127\\.0\\.0\\.[1-9]%, ...]", line, true},
      {"[ip != \"127.0.0.1\", ...]", line, false},
      {"[,,, timestamp = 10/Oct*, ...]", line, true},
  });
}

TEST(FilterPattern, ExtractsWhatItNames) {
  using Values = std::map<std::string, std::string>;
  EXPECT_EQ(FilterPattern::parse("{ $.a > 1 && $.b = * }")->extract(R"({"a":2,"b":"x","c":1})"),
            (Values{{"$.a", "2"}, {"$.b", "x"}}));
  EXPECT_EQ(FilterPattern::parse("[a, ..., z = 3]")->extract("1 2 2 3"), (Values{{"$a", "1"}, {"$z", "3"}}));
  EXPECT_EQ(FilterPattern::parse("word")->extract("a word"), Values{});
}

TEST(FilterPattern, RefusesWhatIsNoPattern) {
  for (const char* pattern :
       {"\"open", "{ $.a = 1", "{ $.a }", "{ a = 1 }", "{ $.a > x }", "{ $.a IS MAYBE }", "{ ($.a = 1 }", "{ $.a = }",
        "[a, b", "[a b]", "[a = 1 && b = 2]", "[..., a, ...]", "%x+", "%(%", "{ $.a = 1 } x", "{ $.a[ = 1 }"}) {
    const auto parsed = FilterPattern::parse(pattern);
    ASSERT_FALSE(parsed) << pattern;
    EXPECT_EQ(parsed.error().code, "InvalidParameterException");
  }
}

}  // namespace
}  // namespace tarn::logs

// Which events a pattern of words chooses: people alert on these, so a wrong answer hides an error from them.
#include "services/logs/filter_pattern.h"

#include <gtest/gtest.h>

namespace tarn::logs {
namespace {

struct Case {
  const char* pattern;
  const char* message;
  bool matches;
};

TEST(FilterPattern, Words) {
  const Case cases[] = {
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
  };
  for (const Case& each : cases) {
    const auto pattern = FilterPattern::parse(each.pattern);
    ASSERT_TRUE(pattern) << each.pattern;
    EXPECT_EQ(pattern->matches(each.message), each.matches) << each.pattern << " on " << each.message;
  }
}

TEST(FilterPattern, RefusesByName) {
  for (const char* pattern : {"\"open", "{ $.a = 1 }", "[a, b]", "%x+%"}) {
    const auto parsed = FilterPattern::parse(pattern);
    ASSERT_FALSE(parsed) << pattern;
    EXPECT_EQ(parsed.error().code, "InvalidParameterException");
  }
}

}  // namespace
}  // namespace tarn::logs

// Regular expressions: what users' expressions find, where, and that none of them can hang its caller.
#include "base/regex.h"

#include <gtest/gtest.h>

namespace tarn {
namespace {

using Place = RegexOptions::Place;

RegexMatch match_of(std::string_view expression, const RegexOptions& options = {}) {
  return RegexMatch(Regex::compile(expression, options).value());
}

}  // namespace

TEST(Regex, matches_where_it_is_to) {
  const struct {
    const char* expression;
    RegexOptions options;
    const char* text;
    bool matches;
  } cases[] = {
      {"b+", {}, "abbc", true},
      {"B", {}, "abbc", false},
      {"B", {.ignore_case = true}, "abbc", true},
      {"b", {.place = Place::kAtStart}, "abbc", false},
      {"a", {.place = Place::kAtStart}, "abbc", true},
      {"ab+", {.place = Place::kWhole}, "abbc", false},
      {"ab|abbc", {.place = Place::kWhole}, "abbc", true},
      {"abc$", {.place = Place::kWhole}, "abc\n", false},
      {"^.$", {}, "\xc3\xa9", true},
      {"b",
       {},
       "\xff"
       "b",
       true},
      {".", {}, "\xff", false},
      {"", {}, "", true},
  };
  for (const auto& each : cases)
    EXPECT_EQ(Regex::compile(each.expression, each.options).value().matches(each.text), each.matches)
        << each.expression;
}

TEST(Regex, finds_groups_from_a_place_on) {
  auto match = match_of("(?<first>a)?(b)(c)?");
  EXPECT_EQ(match.regex().groups(), 3U);
  EXPECT_EQ(match.regex().group_named("first"), 1U);
  EXPECT_EQ(match.regex().group_named("second"), std::nullopt);
  const std::string text = "ab, b";
  ASSERT_EQ(match.find(text), RegexMatch::Found::kYes);
  EXPECT_EQ(match.text(), "ab");
  EXPECT_TRUE(match.has(1) && match.has(2));
  EXPECT_FALSE(match.has(3));
  ASSERT_EQ(match.find(text, match.end()), RegexMatch::Found::kYes);
  EXPECT_EQ(match.begin(), 4U);
  EXPECT_FALSE(match.has(1));
  EXPECT_EQ(match.find(text, match.end()), RegexMatch::Found::kNo);
  EXPECT_EQ(match.find(text, 99), RegexMatch::Found::kNo);
}

TEST(Regex, says_what_is_wrong_and_where) {
  const auto bad = Regex::compile("ab(c");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().why, "missing closing parenthesis");
  EXPECT_EQ(bad.error().at, 4U);
}

TEST(Regex, gives_up) {
  auto match = match_of("(a+)+$", {.steps = 10'000});
  const std::string text = std::string(100, 'a') + "b";
  EXPECT_EQ(match.find(text), RegexMatch::Found::kTooManySteps);
  EXPECT_FALSE(match.regex().matches(text));
}

}  // namespace tarn

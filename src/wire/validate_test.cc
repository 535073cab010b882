// Constraints are checked in one place for every operation, so that their texts, which users see, are held here.
#include "wire/validate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "wire/testing_shapes.h"

namespace tarn::wire {
namespace {

using testing::Part;
using testing::Widget;

std::string violations(Widget widget, const Operation& operation = testing::kJsonPut) {
  const Status status = validate(operation, Any(*operation.input, new Widget(std::move(widget))).get());
  return status ? "" : status.error().message;
}

Map<std::string> labels(std::string key, std::string value) {
  Map<std::string> map;
  map[key] = std::move(value);
  return map;
}

constexpr std::string_view kElement =
    "[Member must have length less than or equal to 8, Member must have length greater than or equal to 1, "
    "Member must satisfy regular expression pattern: [a-z]*]";

TEST(Validate, EachConstraint) {
  const std::string one = "1 validation error detected: ", all(kElement);
  const std::pair<Widget, std::string> kCases[] = {
      {{.name = "ok"}, ""},
      {{}, one + "Value null at 'name' failed to satisfy constraint: Member must not be null"},
      {{.name = ""},
       one + "Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1"},
      {{.name = "abcdefghi"},
       one +
           "Value 'abcdefghi' at 'name' failed to satisfy constraint: Member must have length less than or equal to 8"},
      {{.name = "A"},
       one +
           "Value 'A' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]*"},
      {{.name = "a\n"},
       one + "Value 'a\n' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: "
             "[a-z]*"},
      {{.name = "a", .count = 0},
       one + "Value '0' at 'count' failed to satisfy constraint: Member must have value greater than or equal to 1"},
      {{.name = "a", .count = 101},
       one + "Value '101' at 'count' failed to satisfy constraint: Member must have value less than or equal to 100"},
      {{.name = "a", .password = "short"},
       one + "Value at 'password' failed to satisfy constraint: Member must have length greater than or equal to 6"},
      {{.name = "a", .color = "blue"},
       one + "Value 'blue' at 'color' failed to satisfy constraint: Member must satisfy enum value set: [red, green]"},
      {{.name = "a", .part = Part{}},
       one + "Value null at 'part.id' failed to satisfy constraint: Member must not be null"},
      {{.name = "a", .parts = {Part{.id = "x"}, Part{}}},
       one + "Value null at 'parts.2.member.id' failed to satisfy constraint: Member must not be null"},
      {{.name = "a", .words = {"x", "Y"}},
       one + "Value '[x, Y]' at 'words' failed to satisfy constraint: Member must satisfy constraint: " + all},
      {{.name = "a", .words = {"a", "b", "c", "d"}},
       one + "Value '[a, b, c, d]' at 'words' failed to satisfy constraint: Member must have length less than or equal "
             "to 3"},
      {{.name = "a", .labels = labels("K", "v")},
       one + "Value '{K=v}' at 'labels' failed to satisfy constraint: Map keys must satisfy constraint: " + all},
      {{.name = "a", .labels = labels("k", "V")},
       one + "Value '{k=V}' at 'labels' failed to satisfy constraint: Map value must satisfy constraint: " + all},
      {{.name = "", .count = 0},
       "2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater "
       "than or equal to 1; "
       "Value '0' at 'count' failed to satisfy constraint: Member must have value greater than or equal to 1"},
  };
  for (const auto& [widget, message] : kCases) EXPECT_EQ(violations(widget), message);
}

// Lengths count characters, not bytes.
TEST(Validate, LengthCountsCodePoints) {
  EXPECT_EQ(violations({.name = "a", .password = "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"}), "");
  EXPECT_NE(violations({.name = "a", .password = "\xC3\xA4\xC3\xA4\xC3\xA4"}), "");
}

TEST(Validate, CodesByProtocol) {
  const auto code = [](const Operation& operation, Widget widget) {
    return validate(operation, Any(*operation.input, new Widget(std::move(widget))).get()).error().code;
  };
  EXPECT_EQ(code(testing::kJsonPut, {}), "ValidationException");
  EXPECT_EQ(code(testing::kRestJsonPut, {}), "ValidationException");
  EXPECT_EQ(code(testing::kQueryPut, {}), "ValidationError");
  EXPECT_EQ(code(testing::kEc2Put, {}), "MissingParameter");
  EXPECT_EQ(code(testing::kEc2Put, {.name = "a", .count = 0}), "InvalidParameterValue");
  EXPECT_EQ(code(testing::kS3Put, {.name = "a", .color = "blue"}), "MalformedXML");
  EXPECT_EQ(code(testing::kS3Put, {.name = "a", .count = 0}), "InvalidArgument");
}

// A pattern that could run for ever gives up: the text does not match.
TEST(Validate, PatternGivesUp) {
  static constexpr Shape kSlow = {.name = "Slow", .kind = Kind::kString, .pattern = "(a|aa)*(a|aa)*(a|aa)*b"};
  EXPECT_FALSE(matches_pattern(kSlow, std::string(5000, 'a')));
  EXPECT_TRUE(matches_pattern(kSlow, "aab"));
}

TEST(Validate, PatternsAreCompiledOnceByManyThreads) {
  static constexpr Shape kWord = {.name = "Word", .kind = Kind::kString, .pattern = R"([\x{10000}-\x{10FFFF}]+)"};
  std::vector<std::thread> threads;
  std::atomic<int> matched = 0;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { matched += matches_pattern(kWord, "\xF0\x9F\x98\xB9"); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(matched, 8);
}

}  // namespace
}  // namespace tarn::wire

// Why: tags decide rights (s3:ExistingObjectTag), so what is no tag must be refused and not half read.
#include "services/s3/object_tags.h"

#include <gtest/gtest.h>

namespace tarn::s3 {
namespace {

using Map = std::map<std::string, std::string>;

std::string code_of(const Result<Map>& result) {
  return result ? "ok" : result.error().code;
}

TEST(Tags, OfTheHeader) {
  EXPECT_EQ(*parse_tagging_header(""), Map{});
  EXPECT_EQ(*parse_tagging_header("a=1&b=2"), (Map{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(*parse_tagging_header("a"), (Map{{"a", ""}}));
  EXPECT_EQ(*parse_tagging_header("a+b=c%2Bd&e=%C3%BC"), (Map{{"a b", "c+d"}, {"e", "\xC3\xBC"}}));
  EXPECT_EQ(code_of(parse_tagging_header("a=1&a=2")), "InvalidArgument");
  EXPECT_EQ(code_of(parse_tagging_header("a=%7B")), "InvalidTag");
  EXPECT_EQ(code_of(parse_tagging_header("=x")), "InvalidTag");
  EXPECT_EQ(code_of(parse_tagging_header("1&2&3&4&5&6&7&8&9&10")), "ok");
  EXPECT_EQ(code_of(parse_tagging_header("1&2&3&4&5&6&7&8&9&10&11")), "BadRequest");
}

TEST(Tags, HaveLimits) {
  const auto code = [](const std::string& name, const std::string& value) {
    return code_of(check_tags({{name, value}}, 10));
  };
  EXPECT_EQ(code(std::string(128, 'k'), std::string(256, 'v')), "ok");
  EXPECT_EQ(code(std::string(129, 'k'), "v"), "InvalidTag");
  EXPECT_EQ(code("k", std::string(257, 'v')), "InvalidTag");
  EXPECT_EQ(code("aws:x", "v"), "InvalidTag");
  EXPECT_EQ(code("k", "a{b"), "InvalidTag");
  EXPECT_EQ(code("k", "\xFF"), "InvalidTag");
  EXPECT_EQ(code_of(check_tags({{"k", "1"}, {"k", "2"}}, 10)), "InvalidTag");
}

}  // namespace
}  // namespace tarn::s3

// The index must answer what asking every pattern answers: made-up patterns and events, and both compared.
#include "services/events/rule_index.h"

#include <gtest/gtest.h>

#include <random>

namespace tarn::events {
namespace {

std::string pick(std::mt19937& random, std::initializer_list<const char*> of) {
  return *(of.begin() + random() % of.size());
}

std::string made_pattern(std::mt19937& random) {
  const auto test = [&] {
    return pick(random, {R"(["a"])", R"(["a", "b"])", R"(["c", 1])", R"([{"prefix": "a"}])",
                         R"([{"prefix": "ab"}, "c"])", R"([{"prefix": ""}])", R"([{"exists": false}])",
                         R"([{"anything-but": ["a"]}])", R"(["10.0.0.1"])", R"([null])"});
  };
  std::string text = "{\"source\": " + test();
  if (random() % 2) text += ", \"detail\": {\"x\": " + test() + ", \"y\": " + test() + "}";
  if (random() % 3 == 0) text += ", \"$or\": [{\"z\": " + test() + "}, {\"w\": " + test() + "}]";
  return text + "}";
}

std::string made_event(std::mt19937& random) {
  const auto value = [&] {
    return pick(random, {R"("a")", R"("b")", R"("c")", "1", "null", R"(["a", "c"])", R"("10.0.0.1")", R"("abc")"});
  };
  std::string text = "{\"source\": " + value() + ", \"detail\": {\"x\": " + value();
  if (random() % 2) text += ", \"y\": " + value();
  text += "}";
  if (random() % 2) text += ", \"z\": " + value();
  if (random() % 2) text += ", \"w\": " + value();
  return text + "}";
}

TEST(RuleIndex, FindsWhatAskingAllFinds) {
  std::mt19937 random(7);
  RuleIndex index;
  std::vector<EventPattern> patterns;
  for (int i = 0; i < 300; ++i) {
    const std::string text = made_pattern(random);
    auto pattern = EventPattern::compile(text);
    ASSERT_TRUE(pattern) << text << pattern.error();
    patterns.push_back(*pattern);
    index.add(std::move(*pattern));
  }
  size_t matches = 0;
  for (int i = 0; i < 500; ++i) {
    const std::string text = made_event(random);
    const FlatEvent event(*Json::parse(text));
    std::vector<size_t> wanted;
    for (size_t p = 0; p < patterns.size(); ++p)
      if (patterns[p].matches(event)) wanted.push_back(p);
    EXPECT_EQ(index.match(event), wanted) << text;
    matches += wanted.size();
  }
  EXPECT_GT(matches, 1000u);  // else nothing was tried
}

}  // namespace
}  // namespace tarn::events

// What a target gets is what its program reads: paths and templates, against what AWS documents.
#include "services/events/transform.h"

#include <gtest/gtest.h>

namespace tarn::events {
namespace {

const Json kEvent = *Json::parse(R"({"source": "x", "detail": {"id": "i-1", "n": 2, "note": "a \"b\"",
    "list": [{"k": 1}, {"k": 2}], "none": null, "a-b_c": true}})");

TEST(Transform, Paths) {
  const std::pair<const char*, const char*> cases[] = {
      {"$.source", R"("x")"},          {"$.detail.id", R"("i-1")"}, {"$.detail.list[1].k", "2"},
      {"$.detail.list[*].k", "[1,2]"}, {"$.detail.a-b_c", "true"},  {"$['detail']['n']", "2"},
      {"$.detail.none", "null"},       {"$.detail.list[7]", ""},    {"$.nothing.there", ""},
      {"$.detail.list.k", ""},
  };
  for (const auto& [path, wanted] : cases) {
    ASSERT_TRUE(is_path(path)) << path;
    const auto found = at_path(kEvent, path);
    EXPECT_EQ(found ? found->text() : "", wanted) << path;
  }
  EXPECT_EQ(at_path(kEvent, "$")->text(), kEvent.text());
  for (const char* path : {"", "detail", "$detail", "$.", "$.a[", "$.a[x]", "$..a"})
    EXPECT_FALSE(is_path(path)) << path;
}

TEST(Transform, Templates) {
  const Variables variables = {{"id", Json("i-1")},
                               {"n", Json(2)},
                               {"note", Json("a \"b\"")},
                               {"all", *Json::parse(R"({"k": "v"})")},
                               {"gone", std::nullopt}};
  const std::pair<const char*, const char*> cases[] = {
      {R"("<id> is <n>")", R"("i-1 is 2")"},
      {R"({"id": <id>, "n": <n>, "all": <all>})", R"({"id": "i-1", "n": 2, "all": {"k":"v"}})"},
      {R"({"id": "<id>", "text": "n=<n>!"})", R"({"id": "i-1", "text": "n=2!"})"},
      {R"({"note": <note>})", R"({"note": "a \"b\""})"},
      {R"({"note": "<note>"})", R"({"note": "a \"b\""})"},
      {R"("all <all>")", R"("all {k:v}")"},
      {R"("say \"<id>\"")", R"("say \"i-1\"")"},
      {R"(<id> is <n>)", R"(i-1 is 2)"},
      {R"(<id>)", R"("i-1")"},
      {R"(<all>)", R"({"k":"v"})"},
      {R"({"gone": <gone>, "in": "<gone>"})", R"({"gone": "", "in": ""})"},
      {R"("<unknown> < 3 > <id>")", R"("<unknown> < 3 > i-1")"},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(fill_template(text, variables), wanted) << text;
}

}  // namespace
}  // namespace tarn::events

// Why: webhooks and browsers send whatever they like to a function's URL, and functions return whatever they like; each must come
// out as AWS's form, never as a broken answer.
#include "services/lambda/url_event.h"

#include <gtest/gtest.h>

namespace tarn::lambda {
namespace {

struct AnswerCase {
  const char* name;
  const char* payload;
  int status;
  const char* type;
  const char* body;
};

TEST(UrlEventTest, AnswersOfAllForms) {
  const AnswerCase cases[] = {
      {"an object without a status", R"({"a":1})", 200, "application/json", R"({"a":1})"},
      {"a string", R"("text")", 200, "application/json", "text"},
      {"nothing", "null", 200, "application/json", "null"},
      {"what is no JSON", "<x/>", 200, "application/json", "<x/>"},
      {"a status", R"({"statusCode":404,"body":"gone"})", 404, "application/json", "gone"},
      {"a status as text", R"({"statusCode":"201","body":"b"})", 201, "application/json", "b"},
      {"its own type", R"({"statusCode":200,"headers":{"content-type":"text/html"},"body":"<p>"})", 200, "text/html",
       "<p>"},
      {"bytes", R"({"statusCode":200,"isBase64Encoded":true,"body":"AAE="})", 200, "application/json", nullptr},
      {"bytes that are none", R"({"statusCode":200,"isBase64Encoded":true,"body":"!"})", 502, "application/json",
       R"({"Message":"Internal Server Error"})"},
      {"a status that is none", R"({"statusCode":9999})", 502, "application/json", ""},
      {"a body that is an object", R"({"statusCode":200,"body":{"a":1}})", 200, "application/json", R"({"a":1})"},
  };
  for (const AnswerCase& one : cases) {
    const http::Response answer = url_answer(one.payload);
    EXPECT_EQ(answer.status, one.status) << one.name;
    EXPECT_EQ(answer.headers.get("content-type"), one.type) << one.name;
    EXPECT_EQ(answer.body, one.body == nullptr ? std::string("\0\1", 2) : one.body) << one.name;
  }
}

TEST(UrlEventTest, BodiesAreTextOrBytes) {
  const std::tuple<const char*, std::string, const char*, bool> cases[] = {
      {"application/json; charset=utf-8", "{}", "{}", false},
      {"text/plain", "a", "a", false},
      {"application/x+json", "a", "a", false},
      {"application/x-www-form-urlencoded", "a=1", "YT0x", true},
      {"text/plain", "\xff", "/w==", true},
      {"", "a", "YQ==", true},
  };
  for (const auto& [type, sent, body, encoded] : cases) {
    http::RequestHead head{.method = "POST", .path = "/", .query = "", .headers = {{"content-type", type}}};
    const Json event =
        url_event({.head = head, .body = sent, .url_id = "id", .host = "id.x:1", .request_id = "r", .time = {}});
    EXPECT_EQ(event["body"].as_string(), body) << type;
    EXPECT_EQ(event["isBase64Encoded"].as_bool(), encoded) << type;
  }
}

TEST(UrlEventTest, PreludesOfStreams) {
  const auto head = url_prelude(R"({"statusCode":203,"headers":{"x":"y"},"cookies":["a=b"]})");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 203);
  EXPECT_EQ(head->headers.get("x"), "y");
  EXPECT_EQ(head->headers.get("set-cookie"), "a=b");
  EXPECT_FALSE(url_prelude("[1]"));
  EXPECT_FALSE(url_prelude("{"));
}

}  // namespace
}  // namespace tarn::lambda

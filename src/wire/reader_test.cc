// Requests that are odd or wrong: what each protocol makes of them, and in which words it refuses. The regular ones are the
// protocol cases of tests/wire.
#include "wire/reader.h"

#include <gtest/gtest.h>

#include "wire/json_codec.h"
#include "wire/testing_shapes.h"

namespace tarn::wire {
namespace {

using testing::Widget;

Result<Any> read(const Operation& operation, std::string_view body, http::RequestHead head = {}) {
  if (head.path.empty()) head.path = "/";
  return read_input(operation, head, body);
}

std::string repeated(std::string_view text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

struct Refused {
  const Operation* operation;
  std::string body;
  std::string code;
  std::string message;  // a part of it
};

TEST(Reader, RefusesWhatIsNotOfTheModel) {
  const Refused kCases[] = {
      {&testing::kJsonPut, R"({"Name": 1})", "SerializationException",
       "NUMBER_VALUE cannot be converted to String (member Name)"},
      {&testing::kJsonPut, R"({"Name": true})", "SerializationException", "TRUE_VALUE cannot be converted to String"},
      {&testing::kJsonPut, R"({"Count": "1"})", "SerializationException",
       "STRING_VALUE cannot be converted to Integer"},
      {&testing::kJsonPut, R"({"Count": 1.5})", "SerializationException",
       "DECIMAL_VALUE cannot be converted to Integer"},
      {&testing::kJsonPut, R"({"Count": 2147483648})", "SerializationException",
       "NUMBER_VALUE cannot be converted to Integer"},
      {&testing::kJsonPut, R"({"Name": {}})", "SerializationException",
       "Start of structure or map found where not expected"},
      {&testing::kJsonPut, R"({"Name": []})", "SerializationException", "Start of list found where not expected"},
      {&testing::kJsonPut, R"({"Words": "a"})", "SerializationException", "Expected list or null (member Words)"},
      {&testing::kJsonPut, R"({"Labels": 3})", "SerializationException", "Expected map or null"},
      {&testing::kJsonPut, R"({"Parts": [{"Id": "a"}, {"Id": 2}]})", "SerializationException", "(member Parts.1.Id)"},
      {&testing::kJsonPut, R"({"Image": "%%"})", "SerializationException", "STRING_VALUE cannot be converted to Blob"},
      {&testing::kJsonPut, R"({"Made": "2024-01-01T00:00:00Z"})", "SerializationException",
       "cannot be converted to Timestamp"},
      {&testing::kJsonPut, R"([1])", "SerializationException", "Start of list found where not expected"},
      {&testing::kJsonPut, R"({"Name": "a")", "SerializationException", ""},
      {&testing::kJsonPut, repeated("{\"Part\":", 2000), "SerializationException", ""},
      {&testing::kQueryPut, "Count=x", "MalformedInput", "'x' is no Integer for the parameter Count"},
      {&testing::kQueryPut, "Active=yes", "MalformedInput", "'yes' is no Boolean"},
      {&testing::kQueryPut, "Name=%FF", "MalformedQueryString", "not UTF-8"},
      {&testing::kQueryPut, "Labels.entry.1.key=a", "MalformedQueryString", "lacks its key or its value"},
      {&testing::kQueryPut, "A" + repeated(".b", 100) + "=1", "MalformedQueryString", "too many parts"},
  };
  for (const Refused& c : kCases) {
    const auto input = read(*c.operation, c.body);
    ASSERT_FALSE(input.has_value()) << c.body.substr(0, 80);
    EXPECT_EQ(input.error().code, c.code) << c.body.substr(0, 80);
    EXPECT_EQ(input.error().status, 400);
    EXPECT_NE(input.error().message.find(c.message), std::string::npos) << input.error().message;
  }
}

TEST(Reader, RefusesBadXml) {
  const std::string kCases[] = {
      "<Widget>",
      "x",
      "<Widget/><Widget/>",
      "<Other/>",
      "<!DOCTYPE a [<!ENTITY x \"y\">]><Widget>&x;</Widget>",
      "<!DOCTYPE a><Widget/>",
      "<Widget><Color>&nbsp;</Color></Widget>",
      "<Widget><Parts><part/></Parts></Widget>",
      std::string("<Widget>\0</Widget>", 18),
      "<Widget>\xFF</Widget>",
      "<Widget>" + repeated("<Parts><member>", 300) + repeated("</member></Parts>", 300) + "</Widget>",
  };
  for (const std::string& body : kCases) {
    const auto input = read(testing::kS3Put, body, {.method = "PUT", .path = "/w/a"});
    ASSERT_FALSE(input.has_value()) << body.substr(0, 80);
    EXPECT_EQ(input.error().code, "MalformedXML") << body.substr(0, 80);
  }
}

// Nothing in a document may cost more than its bytes, however deep it goes.
TEST(Reader, SurvivesDepth) {
  const std::string deep = repeated("<a>", 200'000);
  EXPECT_FALSE(read(testing::kS3Put, "<Widget>" + deep, {.method = "PUT", .path = "/w/a"}).has_value());
  const std::string closed = "<Widget>" + repeated("<a>", 20'000) + repeated("</a>", 20'000) + "</Widget>";
  EXPECT_TRUE(read(testing::kS3Put, closed, {.method = "PUT", .path = "/w/a"}).has_value());  // unknown: passed over
}

TEST(Reader, TakesWhatAwsTakes) {
  EXPECT_TRUE(read(testing::kJsonPut, "").has_value());
  EXPECT_TRUE(read(testing::kJsonPut, "{}").has_value());
  const auto odd =
      read(testing::kJsonPut, R"({"Unknown": [1], "Name": null, "Count": 3.0, "Weight": "NaN", "Words": []})");
  ASSERT_TRUE(odd.has_value());
  const Widget& widget = odd->as<Widget>();
  EXPECT_FALSE(widget.name);
  EXPECT_EQ(widget.count, 3);
  EXPECT_NE(widget.weight, widget.weight);
  EXPECT_TRUE(widget.words.has_value());
  EXPECT_TRUE(widget.words.empty());
  EXPECT_FALSE(widget.labels.has_value());
}

TEST(Reader, ParametersComeInSdksSpelling) {
  Any widget(testing::kWidget);
  const Json json =
      Json::parse(R"({"Name": "a", "Image": {"raw": 1}, "Made": "2024-01-31T09:00:00Z", "count": 3})").value();
  ASSERT_TRUE(read_parameters(testing::kWidget, json, widget.get()));
  EXPECT_EQ(widget.as<Widget>().name, "a");
  EXPECT_EQ(widget.as<Widget>().image->bytes, R"({"raw":1})");
  EXPECT_EQ(widget.as<Widget>().made, Time::of_seconds(1'706'691'600));
  EXPECT_FALSE(widget.as<Widget>().count) << "small where the model's is large";
  EXPECT_EQ(read_parameters(testing::kWidget, Json("text"), widget.get()).error().code, "SerializationException");
  EXPECT_EQ(read_parameters(testing::kWidget, Json::parse(R"({"Count": "x"})").value(), widget.get()).error().code,
            "SerializationException");
}

TEST(Reader, QueryListsComeInTheirNumbersOrder) {
  const auto input = read(testing::kQueryPut, "Words.member.10=c&Words.member.2=b&Words.member.1=a&Name=x+y%2B&Parts=");
  ASSERT_TRUE(input.has_value());
  EXPECT_EQ(input->as<Widget>().words.items(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(input->as<Widget>().name, "x y+");
  EXPECT_TRUE(input->as<Widget>().parts.has_value());
  // A GET carries the parameters in its query string.
  EXPECT_EQ(read(testing::kQueryPut, "", {.path = "/", .query = "Name=q"})->as<Widget>().name, "q");
}

TEST(Reader, Ec2ListsHaveNoMember) {
  const auto input = read(testing::kEc2Put, "Words.1=a&Words.2=b&Part.Id=p");
  ASSERT_TRUE(input.has_value());
  EXPECT_EQ(input->as<Widget>().words.items(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(input->as<Widget>().part->id, "p");
}

TEST(Reader, KeysOfAnyKindComeOutOfThePath) {
  const std::pair<std::string, std::string> kCases[] = {
      {"/w/a", "a"},           {"/w/a/b/", "a/b/"},
      {"/w//a//b", "/a//b"},   {"/w/../../x", "../../x"},
      {"/w/a%2Fb", "a/b"},     {"/w/%C3%A4%20+", "\xC3\xA4 +"},
      {"/w/%25%32%35", "%25"}, {"/w/a?b", "a?b"},
  };
  for (const auto& [path, key] : kCases) {
    const auto input = read(testing::kRestJsonPut, "", {.method = "PUT", .path = path});
    ASSERT_TRUE(input.has_value()) << path;
    EXPECT_EQ(input->as<Widget>().name, key);
  }
  EXPECT_EQ(read(testing::kRestJsonPut, "", {.path = "/w/%FF"}).error().code, "InvalidURI");
  EXPECT_EQ(read(testing::kRestJsonPut, "", {.path = "/other/a"}).error().code, "InvalidURI");
}

TEST(Reader, BoundMembers) {
  http::RequestHead head{.method = "PUT", .path = "/w/a", .query = "max-count=7&x=1"};
  head.headers.add("X-Amz-Header", "h");
  head.headers.add("x-amz-numbers", "1, 2");
  head.headers.add("X-Amz-Numbers", "3");
  head.headers.add("x-amz-meta-One", "eins");
  const auto input = read(testing::kS3Put, "", head);
  ASSERT_TRUE(input.has_value());
  const Widget& widget = input->as<Widget>();
  EXPECT_EQ(widget.count, 7);
  EXPECT_EQ(widget.header, "h");
  EXPECT_EQ(widget.numbers.items(), (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(*widget.labels.find("One"), "eins");
}

TEST(Reader, BoundMembersThatAreNone) {
  const auto s3 = read(testing::kS3Put, "", {.path = "/w/a", .query = "max-count=x"});
  EXPECT_EQ(s3.error(), (Error{400,
                               "InvalidArgument",
                               "Provided max-count not an integer or within integer range",
                               {{"ArgumentName", "max-count"}, {"ArgumentValue", "x"}}}));
  EXPECT_EQ(read(testing::kRestJsonPut, "", {.path = "/w/a", .query = "max-count=x"}).error().code,
            "SerializationException");
}

}  // namespace
}  // namespace tarn::wire

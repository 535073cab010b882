// The parts of answers that the protocol cases of tests/wire do not have: S3's own forms, errors of each protocol, and the
// values that JSON or XML cannot say directly.
#include "wire/writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "wire/testing_shapes.h"

namespace tarn::wire {
namespace {

using testing::Widget;

Any widget(const Operation& operation, Widget value) {
  return Any(*operation.output, new Widget(std::move(value)));
}

const Error kError{
    400, "TooMany", "Too <many>", {{"Limit", "7"}, {"x-where", "here"}, {"header:x-amz-bucket-region", "eu-west-1"}}};

TEST(Writer, JsonSaysWhatJsonCannot) {
  Widget value;
  value.weight = std::numeric_limits<double>::infinity();
  value.made = Time{1'700'000'000'123'456};
  value.image = Blob{"\x01\xFF"};
  value.extra = *Json::parse(R"({"b":1.50,"a":null})");
  value.words.set_present();
  EXPECT_EQ(write_output(testing::kJsonPut, widget(testing::kJsonPut, value), "id").body,
            R"({"Weight":"Infinity","Made":1700000000.123,"Image":"Af8=","Extra":{"b":1.50,"a":null},"Words":[]})");
}

TEST(Writer, QueryAnswer) {
  const http::Response response = write_output(testing::kQueryPut, widget(testing::kQueryPut, {.name = "a&b"}), "id-1");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.get("x-amzn-requestid"), "id-1");
  EXPECT_EQ(response.body,
            "<PutWidgetResponse xmlns=\"https://test/\"><PutWidgetResult><Name>a&amp;b</Name></PutWidgetResult>"
            "<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></PutWidgetResponse>");
}

TEST(Writer, XmlTextThatXmlCannotHold) {
  const http::Response response =
      write_output(testing::kQueryPut, widget(testing::kQueryPut, {.name = "\x01\r\n\"<>"}), "i");
  EXPECT_NE(response.body.find("<Name>\xEF\xBF\xBD&#xD;\n&quot;&lt;&gt;</Name>"), std::string::npos) << response.body;
}

TEST(Writer, S3Answer) {
  Widget value{.color = "red", .header = "h"};
  value.numbers = {1, 2};
  value.labels["one"] = "eins";
  const http::Response response = write_output(testing::kS3Put, widget(testing::kS3Put, value), "id-1");
  EXPECT_EQ(response.headers.get("x-amz-request-id"), "id-1");
  EXPECT_EQ(response.headers.get("x-amz-header"), "h");
  EXPECT_EQ(response.headers.get("x-amz-numbers"), "1, 2");
  EXPECT_EQ(response.headers.get("x-amz-meta-one"), "eins");
  EXPECT_EQ(response.headers.get("content-type"), "application/xml");
  EXPECT_EQ(response.body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Bound xmlns=\"https://test/\"><Color>red</Color></Bound>");
}

TEST(Writer, NoBodyWhereNoneMayBe) {
  Operation head = testing::kS3Put;
  head.method = "HEAD";
  EXPECT_EQ(write_output(head, widget(head, {.color = "red"}), "i").body, "");
  Operation gone = testing::kS3Put;
  gone.success_status = 204;
  EXPECT_EQ(write_output(gone, widget(gone, {.color = "red"}), "i").body, "");
  EXPECT_EQ(write_error(testing::kS3Service, Error{404, "NoSuchKey", "m", {}}, "i", true).body, "");
  const http::Response unchanged =
      write_error(testing::kS3Service, Error{304, "NotModified", "m", {{"header:ETag", "\"e\""}}}, "i");
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(unchanged.body, "");
  EXPECT_EQ(unchanged.headers.get("etag"), "\"e\"");
}

TEST(Writer, JsonError) {
  const http::Response response = write_error(testing::kJsonService, kError, "id-1");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, R"({"__type":"TooMany","Message":"Too <many>","Limit":7})");
  EXPECT_EQ(response.headers.get("x-amzn-errortype"), "TooMany");
  EXPECT_EQ(response.headers.get("x-where"), "here");
  EXPECT_EQ(response.headers.get("x-amz-bucket-region"), "eu-west-1");
  EXPECT_EQ(write_error(testing::kRestJsonService, Error{403, "AccessDeniedException", "no", {}}, "i").body,
            R"({"message":"no"})");
}

TEST(Writer, QueryCompatibleError) {
  Service service = testing::kJsonService;
  service.query_compatible = true;
  for (const char* code : {"TooMany", "Widget.TooMany"}) {
    const http::Response response = write_error(service, Error{400, code, "m", {}}, "i");
    EXPECT_EQ(response.body, R"({"__type":"TooMany","Message":"m"})");
    EXPECT_EQ(response.headers.get("x-amzn-query-error"), "Widget.TooMany;Sender");
  }
}

TEST(Writer, XmlErrors) {
  const std::string declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  EXPECT_EQ(write_error(testing::kQueryService, Error{500, "InternalFailure", "m", {}}, "i").body,
            "<ErrorResponse "
            "xmlns=\"https://test/\"><Error><Type>Receiver</Type><Code>InternalFailure</Code><Message>m</Message>"
            "</Error><RequestId>i</RequestId></ErrorResponse>");
  EXPECT_EQ(write_error(testing::kEc2Service, Error{400, "A", "m", {}}, "i").body,
            declaration +
                "<Response><Errors><Error><Code>A</Code><Message>m</Message></Error></Errors>"
                "<RequestID>i</RequestID></Response>");
  EXPECT_EQ(write_error(testing::kS3Service, kError, "i").body,
            declaration +
                "<Error><Code>TooMany</Code><Message>Too &lt;many&gt;</Message><Limit>7</Limit>"
                "<RequestId>i</RequestId><HostId>tarn</HostId></Error>");
  const http::Response internal = write_error(testing::kS3Service, Error{500, "InternalFailure", "m", {}}, "i");
  EXPECT_TRUE(internal.body.contains("<Code>InternalError</Code>")) << internal.body;
}

}  // namespace
}  // namespace tarn::wire

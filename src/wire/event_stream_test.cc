// Event streams are binary and checksummed: a wrong byte would reach clients as a broken stream and nothing else.
#include "wire/event_stream.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "wire/testing_shapes.h"

namespace tarn::wire {
namespace {

TEST(EventStream, KnownBytes) {
  // An empty message, as the format's description gives it.
  EXPECT_EQ(hex(encode_message({})), "000000100000000005c248eb7d98c8ff");
  EXPECT_EQ(hex(encode_message({{{":event-type", "End"}}, "x"})).substr(0, 16), "0000002300000012");
}

TEST(EventStream, RoundTripWithMoreBehind) {
  const EventMessage message{{{":event-type", "Records"}, {":content-type", ""}}, std::string(100'000, 'x')};
  const std::string bytes = encode_message(message) + "more";
  const auto decoded = decode_message(bytes);
  ASSERT_TRUE(decoded.has_value() && decoded->has_value());
  EXPECT_EQ((*decoded)->first, message);
  EXPECT_EQ((*decoded)->second, bytes.size() - 4);
}

TEST(EventStream, EveryCutWaitsAndEveryFlippedByteIsSeen) {
  const std::string bytes = encode_message({{{":a", "b"}}, "payload"});
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto cut = decode_message(std::string_view(bytes).substr(0, size));
    EXPECT_TRUE(cut.has_value() && !cut->has_value()) << size;
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string broken = bytes;
    broken[i] = static_cast<char>(broken[i] ^ 0x20);
    EXPECT_FALSE(decode_message(broken).has_value()) << i;
  }
}

struct Details {
  std::optional<int32_t> bytes;
};
struct Stats {
  Box<Details> details;
};
struct Records {
  std::optional<Blob> payload;
};
struct End {};
struct Stream {
  Box<Records> records;
  Box<Stats> stats;
  Box<End> end;
};

constexpr Field payload(Field field) {
  field.event_payload = true;
  return field;
}
using testing::field;
constexpr Field kDetailsFields[] = {TARN_TEST_FIELD(Details, bytes, "Bytes", testing::kInteger)};
constexpr Shape kDetails = {.name = "Stats", .kind = Kind::kStructure, .fields = kDetailsFields};
constexpr Field kStatsFields[] = {payload(TARN_TEST_FIELD(Stats, details, "Details", kDetails))};
constexpr Shape kStats = {.name = "StatsEvent", .kind = Kind::kStructure, .fields = kStatsFields};
constexpr Field kRecordsFields[] = {payload(TARN_TEST_FIELD(Records, payload, "Payload", testing::kBlob))};
constexpr Shape kRecords = {.name = "RecordsEvent", .kind = Kind::kStructure, .fields = kRecordsFields};
constexpr Shape kEnd = {.name = "EndEvent", .kind = Kind::kStructure};
constexpr Field kStreamFields[] = {TARN_TEST_FIELD(Stream, records, "Records", kRecords),
                                   TARN_TEST_FIELD(Stream, stats, "Stats", kStats),
                                   TARN_TEST_FIELD(Stream, end, "End", kEnd)};
constexpr Shape kStream = {
    .name = "Stream", .kind = Kind::kStructure, .fields = kStreamFields, .is_event_stream = true};
constexpr Operation kSelect = {.service = &testing::kS3Service, .name = "Select", .event_stream = &kStream};

EventMessage event(const Stream& stream) {
  return (*decode_message(encode_event(kSelect, &stream)))->first;
}

TEST(EventStream, Events) {
  const EventMessage records = event({.records = Records{Blob{"a,b\n"}}});
  EXPECT_EQ(records.header(":message-type"), "event");
  EXPECT_EQ(records.header(":event-type"), "Records");
  EXPECT_EQ(records.header(":content-type"), "application/octet-stream");
  EXPECT_EQ(records.payload, "a,b\n");
  const EventMessage stats = event({.stats = Stats{Details{7}}});
  EXPECT_EQ(stats.header(":content-type"), "text/xml");
  EXPECT_EQ(stats.payload, "<Stats><Bytes>7</Bytes></Stats>");
  const EventMessage end = event({.end = End{}});
  EXPECT_EQ(end.header(":event-type"), "End");
  EXPECT_EQ(end.payload, "");
}

TEST(EventStream, Error) {
  const EventMessage error = (*decode_message(encode_event_error("InternalError", "m")))->first;
  EXPECT_EQ(error.header(":message-type"), "error");
  EXPECT_EQ(error.header(":error-code"), "InternalError");
  EXPECT_EQ(error.header(":error-message"), "m");
}

}  // namespace
}  // namespace tarn::wire

// Uploads are taken apart here, from bytes that a client chose: what S3's documentation gives as an example must come out,
// cut at any place, and nothing else may.
#include "wire/aws_chunked.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace tarn::wire {
namespace {

// AWS: "Signature calculations for the Authorization header: Transferring payload in multiple chunks" and "... including
// trailing headers": the examples' key, scope, signatures and 65 KiB of 'a'.
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr std::string_view kScope = "20130524/us-east-1/s3/aws4_request", kTimestamp = "20130524T000000Z";

std::string a(size_t n) {
  return std::string(n, 'a');
}

Signing signing(std::string_view seed) {
  SigningKeys keys;
  return {keys.get(kSecret, "20130524", "us-east-1", "s3"), std::string(kTimestamp), std::string(kScope),
          std::string(seed)};
}

struct Upload {
  std::string payload, body, decoded;
  std::string seed = {};
  std::string trailer_names = {};
  std::string length = {};
};

const Upload kSignedChunks{
    std::string(kStreamingSigned),
    "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" + a(65536) +
        "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" + a(1024) +
        "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n",
    a(66560), "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"};

const Upload kSignedTrailers{
    std::string(kStreamingSignedTrailer),
    "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" + a(65536) +
        "\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" + a(1024) +
        "\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
        "x-amz-checksum-crc32c:sOO8/Q==\r\n"
        "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n",
    a(66560), "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e", "x-amz-checksum-crc32c"};

const Upload kUnsignedTrailer{std::string(kStreamingUnsignedTrailer),
                              "5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n", "hello world",
                              "", "x-amz-checksum-crc32"};

// Feeds the body in pieces of that size; what came out, or the error's code.
struct Outcome {
  std::string bytes, code, checksum;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};
void PrintTo(const Outcome& o, std::ostream* out) {
  *out << o.bytes.size() << " bytes, " << o.code << ", " << o.checksum;
}

Outcome decode(const Upload& u, size_t piece = std::string::npos) {
  http::RequestHead head;
  const std::string length = u.length.empty() ? std::to_string(u.decoded.size()) : u.length;
  head.headers.add(u.payload.starts_with("STREAMING") ? "x-amz-decoded-content-length" : "Content-Length", length);
  if (!u.trailer_names.empty()) head.headers.add("X-Amz-Trailer", u.trailer_names);
  Presented presented;
  presented.payload = u.payload;
  const Signing from = signing(u.seed);
  auto decoder = PayloadDecoder::start(presented, head, u.seed.empty() ? nullptr : &from);
  Outcome outcome;
  if (!decoder) return {"", decoder.error().code, ""};
  const auto sink = [&](std::string_view bytes) -> Status {
    outcome.bytes += bytes;
    return {};
  };
  for (size_t at = 0; at < u.body.size();) {
    const std::string_view next = std::string_view(u.body).substr(at, piece);
    if (auto fed = decoder->feed(next, sink); !fed) return {"", fed.error().code, ""};
    at += next.size();
  }
  if (auto finished = decoder->finish(); !finished) return {"", finished.error().code, ""};
  for (const auto& [name, value] : decoder->trailers()) outcome.checksum += value;
  return outcome;
}

TEST(AwsChunked, DecodesTheDocumentedExamples) {
  for (const size_t piece : {std::string::npos, size_t{1}, size_t{7}, size_t{8192}}) {
    EXPECT_EQ(decode(kSignedChunks, piece), (Outcome{a(66560), "", ""})) << piece;
    EXPECT_EQ(decode(kSignedTrailers, piece), (Outcome{a(66560), "", "sOO8/Q=="})) << piece;
    EXPECT_EQ(decode(kUnsignedTrailer, piece), (Outcome{"hello world", "", "DUoRhQ=="})) << piece;
  }
}

TEST(AwsChunked, RefusesChangedChunks) {
  for (const Upload& original : {kSignedChunks, kSignedTrailers}) {
    for (const size_t at : {size_t{200}, size_t{65536 + 90 + 300}}) {  // in the first and in the second chunk
      Upload changed = original;
      changed.body[at] = 'b';
      EXPECT_EQ(decode(changed).code, "SignatureDoesNotMatch") << at;
    }
    Upload other_seed = original;
    other_seed.seed.back() ^= 1;
    EXPECT_EQ(decode(other_seed).code, "SignatureDoesNotMatch");
    Upload swapped = original;  // a signature in place of the last chunk's
    swapped.body.replace(swapped.body.find("\r\n0;chunk-signature=") + 20, 64, std::string(64, '0'));
    EXPECT_EQ(decode(swapped).code, "SignatureDoesNotMatch");
  }
  Upload trailer = kSignedTrailers;
  trailer.body.replace(trailer.body.find("sOO8"), 4, "sOO9");
  EXPECT_EQ(decode(trailer).code, "SignatureDoesNotMatch");
}

TEST(AwsChunked, RefusesCutBodies) {
  for (const Upload& original : {kSignedChunks, kSignedTrailers, kUnsignedTrailer}) {
    for (size_t cut = 1; cut < original.body.size(); cut = cut < 300 ? cut + 1 : cut * 2) {
      Upload u = original;
      u.body.resize(u.body.size() - cut);
      EXPECT_EQ(decode(u).code, "IncompleteBody") << cut;
    }
  }
}

TEST(AwsChunked, RefusesMalformedBodies) {
  struct Case {
    std::string body, code;
    std::string length = "5";
    std::string trailer_names = "";
  };
  const Case cases[] = {
      {"x\r\nhello\r\n0\r\n\r\n", "InvalidRequest"},
      {"-5\r\nhello\r\n0\r\n\r\n", "InvalidRequest"},
      {"\r\nhello\r\n0\r\n\r\n", "InvalidRequest"},
      {"11111111111111111\r\nhello\r\n0\r\n\r\n", "InvalidRequest"},
      {"ffffffffffffffff\r\nhello\r\n0\r\n\r\n", "IncompleteBody"},
      {"6\r\nhello!\r\n0\r\n\r\n", "IncompleteBody"},
      {"4\r\nhello\r\n0\r\n\r\n", "InvalidRequest"},
      {"4\r\nhell\r\n0\r\n\r\n", "IncompleteBody"},
      {"5\r\nhello\r\n0\r\n\r\nmore", "InvalidRequest"},
      {"5;" + std::string(5000, 'x'), "InvalidRequest"},
      {"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:a\r\n\r\n", "MalformedTrailerError"},
      {"5\r\nhello\r\n0\r\nnothing\r\n\r\n", "MalformedTrailerError", "5", "nothing"},
      {"5\r\nhello\r\n0\r\n\r\n", "MalformedTrailerError", "5", "x-amz-checksum-crc32"},
      {"5\r\nhello\r\n0\r\na:1\r\na:2\r\n\r\n", "MalformedTrailerError", "5", "a"},
      {"", "MissingContentLength", "-1"},
      {"", "MissingContentLength", "x"},
  };
  for (const Case& c : cases) {
    const Upload u{std::string(kStreamingUnsignedTrailer), c.body, "", "", c.trailer_names, c.length};
    EXPECT_EQ(decode(u).code, c.code) << c.body.substr(0, 60);
  }
}

TEST(AwsChunked, WantsASignatureWhereOneIsDeclared) {
  Upload bare{std::string(kStreamingSigned), "5\r\nhello\r\n0\r\n\r\n", "hello", "seed"};
  EXPECT_EQ(decode(bare).code, "InvalidRequest");
  Upload anonymous = kSignedChunks;
  anonymous.seed.clear();
  EXPECT_EQ(decode(anonymous).code, "InvalidRequest");
  Upload no_trailer_signature = kSignedTrailers;
  const size_t at = no_trailer_signature.body.find("x-amz-trailer-signature");
  no_trailer_signature.body.replace(at, std::string::npos, "\r\n");
  EXPECT_EQ(decode(no_trailer_signature).code, "MalformedTrailerError");
}

TEST(AwsChunked, ChecksPlainBodies) {
  const std::string hash = hex(sha256("hello"));
  EXPECT_EQ(decode({hash, "hello", "hello"}), (Outcome{"hello", "", ""}));
  EXPECT_EQ(decode({hash, "hellO", "hellO"}).code, "XAmzContentSHA256Mismatch");
  EXPECT_EQ(decode({hash, "hell", "hello"}).code, "IncompleteBody");
  EXPECT_EQ(decode({std::string(kUnsignedPayload), "hello", "hello"}), (Outcome{"hello", "", ""}));
  EXPECT_EQ(decode({"", "hello", "hello"}), (Outcome{"hello", "", ""}));
}

TEST(AwsChunked, StopsWhenTheSinkDoes) {
  http::RequestHead head;
  head.headers.add("x-amz-decoded-content-length", "5");
  Presented presented;
  presented.payload = kStreamingUnsignedTrailer;
  auto decoder = PayloadDecoder::start(presented, head, nullptr);
  const auto full = [](std::string_view) -> Status { return fail(507, "Full", "no space"); };
  EXPECT_EQ(decoder->feed("5\r\nhello\r\n", full).error().code, "Full");
}

TEST(AwsChunked, IsNotStored) {
  EXPECT_EQ(without_aws_chunked("aws-chunked"), "");
  EXPECT_EQ(without_aws_chunked("aws-chunked, gzip"), "gzip");
  EXPECT_EQ(without_aws_chunked("gzip,AWS-Chunked"), "gzip");
  EXPECT_EQ(without_aws_chunked("gzip, br"), "gzip,br");
}

}  // namespace
}  // namespace tarn::wire

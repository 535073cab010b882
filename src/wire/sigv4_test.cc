// Whoever can forge or break a signature owns the server: the published SigV4 vectors, signatures that botocore made, and
// every way in which a request's authentication can be wrong.
#include "wire/sigv4.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"

namespace tarn::wire {
namespace {

constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const Time kNow = from_civil(2015, 8, 30, 12, 36);

http::Request request(std::string method, std::string target, http::Headers headers, std::string body = "") {
  http::Request r;
  r.method = std::move(method);
  const size_t mark = target.find('?');
  r.path = target.substr(0, mark);
  if (mark != target.npos) r.query = target.substr(mark + 1);
  r.headers = std::move(headers);
  r.body = std::move(body);
  return r;
}

AuthResult<Signing> check(const http::Request& r, Time now = kNow, std::string_view secret = kSecret) {
  const auto presented = parse_auth(r);
  if (!presented) return std::unexpected(presented.error());
  SigningKeys keys;
  return verify(*presented, r, secret, payload_line(*presented, r.body), now, keys);
}

std::string code(const AuthResult<Signing>& result, Dialect dialect) {
  return result ? "ok" : auth_error(result.error(), dialect).code;
}

// Signatures that botocore computed (tests/wire/sign_with_botocore.py prints this table).
struct Signed {
  std::string name, method, target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};
const std::vector<Signed>& signed_by_botocore();

http::Request request_of(const Signed& s) {
  http::Headers headers;
  for (const auto& [name, value] : s.headers) headers.add(name, value);
  return request(s.method, s.target, std::move(headers), s.body);
}

TEST(SigV4, AcceptsWhatBotocoreSigned) {
  for (const Signed& s : signed_by_botocore()) {
    const auto result = check(request_of(s));
    EXPECT_TRUE(result) << s.name << "\n" << (result ? "" : result.error().canonical_request);
  }
}

TEST(SigV4, RefusesWhatWasChangedAfterSigning) {
  for (const Signed& s : signed_by_botocore()) {
    const auto refused = [&](const http::Request& changed) { return check(changed).error().kind; };
    http::Request r = request_of(s);
    const bool body_is_signed = parse_auth(r)->service != "s3" && parse_auth(r)->payload != kUnsignedPayload;
    r.method = "DELETE";
    EXPECT_EQ(refused(r), AuthFault::Kind::kMismatch) << s.name;
    r = request_of(s);
    r.path += "x";
    EXPECT_EQ(refused(r), AuthFault::Kind::kMismatch) << s.name;
    r = request_of(s);
    r.query += r.query.empty() ? "x" : "&x";
    const bool legacy = parse_auth(r)->kind == Presented::Kind::kLegacyLink;
    if (!legacy) {
      EXPECT_EQ(refused(r), AuthFault::Kind::kMismatch) << s.name;
    }
    r.query += "&acl";
    EXPECT_EQ(refused(r), AuthFault::Kind::kMismatch) << s.name;
    r = request_of(s);
    r.headers.set("Host", "elsewhere");
    if (!legacy) {
      EXPECT_EQ(refused(r), AuthFault::Kind::kMismatch) << s.name;
    }
    r = request_of(s);
    r.headers.add("X-Amz-Meta-New", "x");
    EXPECT_EQ(refused(r), legacy ? AuthFault::Kind::kMismatch : AuthFault::Kind::kUnsignedHeaders) << s.name;
    if (body_is_signed) {
      r = request_of(s);
      r.body += "x";
      EXPECT_EQ(refused(r), AuthFault::Kind::kMismatch) << s.name;
    }
    EXPECT_EQ(check(request_of(s), kNow, "another secret").error().kind, AuthFault::Kind::kMismatch) << s.name;
  }
}

TEST(SigV4, SignsWhatItAccepts) {
  for (const std::string service : {"s3", "glue"})
    for (const std::string target : {"/", "/a%20b//../%C3%A9+c?list-type=2&prefix=a%2Fb&acl"}) {
      http::Request r = request("PUT", target, {{"Host", "localhost:4566"}, {"x-amz-meta-a", "  a   b "}}, "body");
      sign(r, {"AKID/with/slashes", std::string(kSecret), "token"}, "eu-west-1", service, kNow);
      const auto result = check(r);
      ASSERT_TRUE(result) << result.error().canonical_request;
      EXPECT_EQ(result->scope, "20150830/eu-west-1/" + service + "/aws4_request");
      EXPECT_EQ(parse_auth(r)->access_key, "AKID/with/slashes");
      EXPECT_EQ(parse_auth(r)->session_token, "token");
    }
}

TEST(SigV4, KnowsThatNothingIsPresented) {
  const auto presented = parse_auth(request("GET", "/b/k?prefix=x", {{"Host", "h"}}));
  ASSERT_TRUE(presented);
  EXPECT_EQ(presented->kind, Presented::Kind::kAnonymous);
}

struct BadHeader {
  std::string authorization, s3_code, query_code, text;
};

TEST(SigV4, NamesWhatIsWrongWithAHeader) {
  const std::string scope = "Credential=AK/20150830/us-east-1/s3/aws4_request",
                    rest = ", SignedHeaders=host, Signature=ab";
  const BadHeader cases[] = {
      {"AWS AK:sig", "InvalidRequest", "IncompleteSignature", "Please use AWS4-HMAC-SHA256"},
      {"Bearer abc", "InvalidArgument", "IncompleteSignature", "Unsupported Authorization Type"},
      {"", "InvalidArgument", "IncompleteSignature", "Unsupported Authorization Type"},
      {"AWS4-HMAC-SHA256", "AuthorizationHeaderMalformed", "IncompleteSignature", "requires 'Credential' parameter"},
      {"AWS4-HMAC-SHA256 Credential", "AuthorizationHeaderMalformed", "IncompleteSignature", "missing equal-sign"},
      {"AWS4-HMAC-SHA256 " + scope, "AuthorizationHeaderMalformed", "IncompleteSignature",
       "requires 'Signature' parameter"},
      {"AWS4-HMAC-SHA256 Credential=AK/20150830/s3/aws4_request" + rest, "AuthorizationHeaderMalformed",
       "IncompleteSignature", "the Credential is mal-formed"},
      {"AWS4-HMAC-SHA256 Credential=AK/2015/us-east-1/s3/aws4_request" + rest, "AuthorizationHeaderMalformed",
       "IncompleteSignature", "the Credential is mal-formed"},
      {"AWS4-HMAC-SHA256 Credential=AK/20150830/us-east-1/s3/aws5_request" + rest, "AuthorizationHeaderMalformed",
       "IncompleteSignature", "the Credential is mal-formed"},
      {"AWS4-HMAC-SHA256 Credential=AK/20150829/us-east-1/s3/aws4_request" + rest, "AuthorizationHeaderMalformed",
       "SignatureDoesNotMatch", "Invalid credential date \"20150829\""},
      {"AWS4-HMAC-SHA256 " + scope + ", SignedHeaders=date, Signature=ab", "AccessDenied", "SignatureDoesNotMatch",
       "There were headers present in the request which were not signed"},
  };
  for (const BadHeader& c : cases) {
    const auto result = check(request("GET", "/",
                                      {{"Host", "h"},
                                       {"Date", "Sun, 30 Aug 2015 12:36:00 GMT"},
                                       {"X-AMZ-Content-Sha256", "UNSIGNED-PAYLOAD"},
                                       {"Authorization", c.authorization}}));
    EXPECT_EQ(code(result, Dialect::kS3), c.s3_code) << c.authorization;
    EXPECT_EQ(code(result, Dialect::kQuery), c.query_code) << c.authorization;
    ASSERT_FALSE(result);
    EXPECT_TRUE(auth_error(result.error(), Dialect::kS3).message.contains(c.text)) << c.authorization;
  }
}

TEST(SigV4, AsksForADate) {
  const http::Headers headers{{"Host", "h"},
                              {"Authorization",
                               "AWS4-HMAC-SHA256 Credential=AK/20150830/us-east-1/iam/"
                               "aws4_request, SignedHeaders=host, Signature=ab"}};
  for (const std::string date : {"", "yesterday"}) {
    http::Headers dated = headers;
    if (!date.empty()) dated.add("X-Amz-Date", date);
    const auto result = check(request("POST", "/", dated));
    EXPECT_EQ(code(result, Dialect::kS3), "AccessDenied");
    EXPECT_EQ(code(result, Dialect::kJson), "IncompleteSignatureException");
  }
}

TEST(SigV4, AsksS3ForAPayloadHash) {
  const auto with = [](const char* hash) {
    http::Request r = request("PUT", "/b/k", {{"Host", "h"}, {"X-Amz-Date", "20150830T123600Z"}});
    if (hash != nullptr) r.headers.add("x-amz-content-sha256", hash);
    r.headers.add("Authorization",
                  "AWS4-HMAC-SHA256 Credential=AK/20150830/us-east-1/s3/aws4_request, "
                  "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=ab");
    return check(r);
  };
  EXPECT_EQ(code(with(nullptr), Dialect::kS3), "InvalidRequest");
  EXPECT_EQ(code(with("abc"), Dialect::kS3), "InvalidArgument");
  EXPECT_EQ(code(with("STREAMING-SOMETHING"), Dialect::kS3), "InvalidArgument");
  EXPECT_EQ(code(with("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), Dialect::kS3), "SignatureDoesNotMatch");
}

TEST(SigV4, AllowsFifteenMinutesOfSkew) {
  http::Request r = request("POST", "/", {{"Host", "h"}});
  sign(r, {"AK", std::string(kSecret), ""}, "us-east-1", "s3", kNow);
  EXPECT_TRUE(check(r, kNow + 15 * kMinute));
  EXPECT_TRUE(check(r, kNow + -15 * kMinute));
  for (const Micros off : {15 * kMinute + kSecond, -15 * kMinute - kSecond}) {
    const auto result = check(r, kNow + off);
    ASSERT_FALSE(result);
    EXPECT_EQ(auth_error(result.error(), Dialect::kS3),
              (Error{403,
                     "RequestTimeTooSkewed",
                     "The difference between the request time and the current time is too large.",
                     {{"RequestTime", "20150830T123600Z"},
                      {"ServerTime", iso8601(kNow + off)},
                      {"MaxAllowedSkewMilliseconds", "900000"}}}));
    EXPECT_EQ(
        auth_error(result.error(), Dialect::kJson).message,
        off > 0
            ? "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)"
            : "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T122059Z + 15 "
              "min.)");
    EXPECT_EQ(code(result, Dialect::kJson), "InvalidSignatureException");
    EXPECT_EQ(code(result, Dialect::kQuery), "SignatureDoesNotMatch");
  }
}

TEST(SigV4, ShowsS3ClientsWhatWasSigned) {
  http::Request r = request("GET", "/b", {{"Host", "h"}});
  sign(r, {"AK", "wrong", ""}, "us-east-1", "s3", kNow);
  const Error error = auth_error(check(r).error(), Dialect::kS3);
  EXPECT_EQ(error.status, 403);
  EXPECT_EQ(error.code, "SignatureDoesNotMatch");
  std::vector<std::string> names;
  for (const auto& [name, value] : error.members) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"AWSAccessKeyId", "StringToSign", "SignatureProvided", "StringToSignBytes",
                                             "CanonicalRequest", "CanonicalRequestBytes"}));
  EXPECT_EQ(error.members[0].second, "AK");
  EXPECT_TRUE(
      error.members[1].second.starts_with("AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/s3/aws4_request\n"));
  EXPECT_TRUE(error.members[3].second.starts_with("41 57 53 34 2d "));
  EXPECT_TRUE(error.members[4].second.starts_with("GET\n/b\n\nhost:h\n"));
  EXPECT_TRUE(error.members[5].second.starts_with("47 45 54 0a 2f 62 0a"));
}

struct BadLink {
  std::string query, text;
};

TEST(SigV4, NamesWhatIsWrongWithALink) {
  const std::string
      head = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20150830%2Fus-east-1%2Fs3%2Faws4_request",
      date = "&X-Amz-Date=20150830T123600Z", tail = "&X-Amz-SignedHeaders=host&X-Amz-Signature=ab";
  const BadLink cases[] = {
      {head + date + tail, "requires the X-Amz-Algorithm"},
      {head + "&X-Amz-Expires=60" + tail, "requires the X-Amz-Algorithm"},
      {head + date + "&X-Amz-Expires=x" + tail, "X-Amz-Expires should be a number"},
      {head + date + "&X-Amz-Expires=-1" + tail, "X-Amz-Expires must be non-negative"},
      {head + date + "&X-Amz-Expires=604801" + tail, "must be less than a week"},
      {head + "&X-Amz-Date=2015&X-Amz-Expires=1" + tail, "ISO8601 Long Format"},
      {"X-Amz-Algorithm=AWS3&X-Amz-Credential=AK%2F20150830%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Expires=1" + date +
           tail,
       "X-Amz-Algorithm only supports"},
      {"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK&X-Amz-Expires=1" + date + tail,
       "Error parsing the X-Amz-Credential parameter"},
  };
  for (const BadLink& c : cases) {
    const auto result = check(request("GET", "/b/k?" + c.query, {{"Host", "h"}}));
    ASSERT_FALSE(result);
    const Error error = auth_error(result.error(), Dialect::kS3);
    EXPECT_EQ(error.code, "AuthorizationQueryParametersError") << c.query;
    EXPECT_TRUE(error.message.contains(c.text)) << error.message;
  }
  const auto both = check(request("GET", "/?" + head, {{"Host", "h"}, {"Authorization", "AWS4-HMAC-SHA256 x"}}));
  EXPECT_EQ(code(both, Dialect::kS3), "InvalidArgument");
}

TEST(SigV4, EndsLinks) {
  for (const Signed& s : signed_by_botocore()) {
    if (!s.name.starts_with("s3 link")) continue;
    EXPECT_TRUE(check(request_of(s), kNow + 600 * kSecond)) << s.name;
    const auto late = check(request_of(s), kNow + 601 * kSecond);
    EXPECT_EQ(
        auth_error(late.error(), Dialect::kS3),
        (Error{
            403,
            "AccessDenied",
            "Request has expired",
            {{"X-Amz-Expires", "600"}, {"Expires", "2015-08-30T12:46:00Z"}, {"ServerTime", "2015-08-30T12:46:01Z"}}}));
    EXPECT_EQ(auth_error(check(request_of(s), kNow + -16 * kMinute).error(), Dialect::kS3).code, "AccessDenied");
  }
}

TEST(SigV4, TakesOldLinks) {
  for (const Signed& s : signed_by_botocore()) {
    if (!s.name.starts_with("old link")) continue;
    const auto presented = parse_auth(request_of(s));
    ASSERT_TRUE(presented);
    EXPECT_EQ(presented->service + "|" + presented->region, "s3|us-east-1");
    EXPECT_EQ(presented->session_token, s.name.contains("session") ? "a/session+token==" : "");
    EXPECT_TRUE(check(request_of(s), kNow + 600 * kSecond)) << s.name;
    const Error late = auth_error(check(request_of(s), kNow + 601 * kSecond).error(), Dialect::kS3);
    EXPECT_EQ(late.message, "Request has expired");
    EXPECT_EQ(late.members.front(), (std::pair<std::string, std::string>{"Expires", "2015-08-30T12:46:00Z"}));
    // The same for a bucket that the host names: what is signed is the whole path.
    http::Request hosted = request_of(s);
    const std::string whole = std::exchange(hosted.path, hosted.path.substr(7));
    SigningKeys keys;
    EXPECT_TRUE(verify(*parse_auth(hosted), hosted, kSecret, "", kNow, keys, whole));
    EXPECT_FALSE(verify(*parse_auth(hosted), hosted, kSecret, "", kNow, keys));
  }
  for (const std::string query : {"AWSAccessKeyId=AK&Signature=s", "AWSAccessKeyId=AK&Signature=s&Expires=soon",
                                  "AWSAccessKeyId=&Signature=s&Expires=1", "AWSAccessKeyId=AK&Signature=s&Expires=-1"})
    EXPECT_EQ(code(check(request("GET", "/b/k?" + query, {{"Host", "h"}})), Dialect::kS3), "AccessDenied") << query;
}

TEST(SigV4, NamesUnknownKeysAsEachServiceDoes) {
  const AuthFault unknown{.kind = AuthFault::Kind::kUnknownKey, .access_key = "AK"};
  const AuthFault expired{.kind = AuthFault::Kind::kExpiredToken};
  const AuthFault missing{.kind = AuthFault::Kind::kMissing};
  struct Case {
    Dialect dialect;
    std::string unknown, expired, missing;
    int unknown_status;
  };
  const Case cases[] = {
      {Dialect::kS3, "InvalidAccessKeyId", "ExpiredToken", "AccessDenied", 403},
      {Dialect::kQuery, "InvalidClientTokenId", "ExpiredToken", "MissingAuthenticationToken", 403},
      {Dialect::kEc2, "AuthFailure", "RequestExpired", "MissingAuthenticationToken", 401},
      {Dialect::kJson, "UnrecognizedClientException", "ExpiredTokenException", "MissingAuthenticationTokenException",
       400},
      {Dialect::kRestJson, "UnrecognizedClientException", "ExpiredTokenException",
       "MissingAuthenticationTokenException", 403},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(auth_error(unknown, c.dialect).code, c.unknown);
    EXPECT_EQ(auth_error(unknown, c.dialect).status, c.unknown_status);
    EXPECT_EQ(auth_error(expired, c.dialect).code, c.expired);
    EXPECT_EQ(auth_error(missing, c.dialect).code, c.missing);
  }
}

TEST(SigV4, ChecksDeclaredPayloadHashes) {
  const std::string hash(64, 'a');
  EXPECT_TRUE(check_payload_hash(hash, hash));
  EXPECT_TRUE(check_payload_hash("UNSIGNED-PAYLOAD", hash));
  EXPECT_TRUE(check_payload_hash("", hash));
  EXPECT_EQ(check_payload_hash(hash, std::string(64, 'b')).error().code, "XAmzContentSHA256Mismatch");
}

std::string file_text(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return replace_all(text.str(), "\r\n", "\n");
}

// "GET /path HTTP/1.1", fields of which some are folded, an empty line, a body.
http::Request parse_vector(const std::string& text) {
  const size_t first = text.find('\n'), end = std::min(text.find("\n\n"), text.size());
  const std::string line = text.substr(0, first);
  const size_t blank = line.find(' '), last = line.rfind(" HTTP/");
  http::Headers headers;
  std::string name, value;
  const std::string fields = text.substr(first + 1, end - first - 1);
  for (const std::string_view field : split(fields, '\n')) {
    if (field.empty()) continue;
    if (field.starts_with(' ')) {
      value += field;
      continue;
    }
    if (!name.empty()) headers.add(name, value);
    name = field.substr(0, field.find(':'));
    value = field.substr(name.size() + 1);
  }
  headers.add(name, value);
  return request(line.substr(0, blank), line.substr(blank + 1, last - blank - 1), headers,
                 end == text.size() ? "" : text.substr(end + 2));
}

// AWS's own vectors, in the tests of botocore's source package (tests/unit/auth/aws4_testsuite).
TEST(SigV4, PassesThePublishedVectors) {
  const char* folder = std::getenv("TARN_SIGV4_VECTORS");
  if (folder == nullptr) GTEST_SKIP() << "TARN_SIGV4_VECTORS does not name the folder aws4_testsuite";
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".req") continue;
    auto path = entry.path();
    http::Request r = parse_vector(file_text(path));
    // A token is not in the request: it is the signer that adds it.
    constexpr std::string_view kToken = "x-amz-security-token:";
    const std::string expected = file_text(path.replace_extension(".creq"));
    if (const size_t at = expected.find(kToken); at != expected.npos)
      r.headers.set("X-Amz-Security-Token",
                    expected.substr(at + kToken.size(), expected.find('\n', at) - at - kToken.size()));
    Presented presented{.kind = Presented::Kind::kHeader,
                        .access_key = "AKIDEXAMPLE",
                        .date = "20150830",
                        .region = "us-east-1",
                        .service = "service",
                        .timestamp = "20150830T123600Z",
                        .time = kNow};
    const std::string authz = file_text(path.replace_extension(".authz"));
    const size_t names = authz.find("SignedHeaders=") + 14;
    for (const auto name : split(std::string_view(authz).substr(names, authz.find(',', names) - names), ';'))
      presented.signed_headers.emplace_back(name);
    const std::string canonical = canonical_request(r, presented, payload_line(presented, r.body));
    EXPECT_EQ(canonical, expected) << path;
    EXPECT_EQ(string_to_sign(presented, canonical), file_text(path.replace_extension(".sts"))) << path;
    r.headers.set("Authorization", authz);
    EXPECT_TRUE(check(r)) << path;
    ++count;
  }
  EXPECT_GE(count, 25) << folder;
}

#include "wire/sigv4_signed.inc"

}  // namespace
}  // namespace tarn::wire

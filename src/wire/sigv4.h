// AWS Signature Version 4, both ways: what a request presents, whether it is right, and signing one. Pure functions.
//
// A server's order: parse() tells the key and the service of the scope; the caller routes, finds the secret, and calls
// verify(). Faults are data; auth_error() words them as the service in question would, since S3, the query and the JSON
// services each have their own codes.
#pragma once

#include <cstdint>
#include <expected>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/message.h"
#include "wire/shape.h"

namespace tarn::wire {

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kStreamingSigned = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
inline constexpr std::string_view kStreamingSignedTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
inline constexpr std::string_view kStreamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

// What was wrong with a request's authentication.
struct AuthFault {
  enum class Kind : uint8_t {
    kMissing,       // nothing presented, and the operation wants it
    kUnknownKey,    // the access key is not known
    kInvalidToken,  // the session token is missing, malformed or of another key
    kExpiredToken,
    kMechanism,            // another scheme than AWS4-HMAC-SHA256
    kTwoMechanisms,        // header and query at once
    kMalformedHeader,      // `detail` says how; of the Authorization header
    kMalformedQuery,       // `detail` says how; of the X-Amz- parameters
    kMalformedLegacyLink,  // `detail` says how
    kMissingDate,
    kMissingPayloadHash,  // S3 only: no x-amz-content-sha256
    kInvalidPayloadHash,  // S3 only: `detail` is its value
    kScope,               // `detail` says it: the credential scope is of another service than the one called
    kScopeDate,           // `detail`: the credential scope's date, which is not the day of `signed_at`
    kUnsignedHeaders,     // `detail`: the header fields that must be signed and are not, joined by ", "
    kSkewed,              // signed too long ago or ahead
    kLinkExpired,         // a presigned request that is too old
    kLinkNotYetValid,
    kMismatch,
  };
  Kind kind;
  std::string detail = {};
  std::string access_key = {};
  std::string token = {};
  // Of kSkewed and kLink...: the request's time, ours, and the end of a link's life.
  Time signed_at = {}, now = {}, until = {};
  // Of kMismatch.
  std::string signature = {}, string_to_sign = {}, canonical_request = {};
};
template <class T>
using AuthResult = std::expected<T, AuthFault>;

// What a request presents. Nothing in it is checked but its form.
struct Presented {
  enum class Kind : uint8_t {
    kAnonymous,
    kHeader,
    kPresigned,
    kLegacyLink,  // S3's Signature Version 2 in the query; names no region (`region` is us-east-1)
  } kind = Kind::kAnonymous;
  std::string access_key;
  std::string date, region, service;  // the credential scope
  std::vector<std::string> signed_headers;
  std::string signature;
  std::string session_token;
  std::string timestamp;        // as signed, "20150830T123600Z"
  Time time;                    // signed at; of kLegacyLink, the end of its life
  int64_t expires_seconds = 0;  // of kPresigned
  // x-amz-content-sha256 as declared; empty when it is not.
  std::string payload;

  std::string scope() const { return date + "/" + region + "/" + service + "/aws4_request"; }
};

// A request without any sign of SigV4 is kAnonymous.
AuthResult<Presented> parse_auth(const http::RequestHead& head);

// Derived signing keys, since deriving takes four HMACs. THREADS: any.
class SigningKeys {
 public:
  std::string get(std::string_view secret, std::string_view date, std::string_view region, std::string_view service);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::string> keys_;  // bounded
};

// What chunks of an aws-chunked body go on from.
struct Signing {
  std::string key;
  std::string timestamp;
  std::string scope;
  std::string seed_signature;
};

// The last line of the canonical request. S3 takes the declaration, and the body is checked as it streams by: then
// `body` is not looked at. Others hash the body that came, unless the client declared it unsigned.
std::string payload_line(const Presented& presented, std::string_view body);

// `head` is as it came. `s3_path` is the path with S3's bucket in it, where the host named the bucket (Router's): links of
// version 2 sign that. Without it such a link to a host-named bucket does not verify.
// REQUIRES: presented is not anonymous.
AuthResult<Signing> verify(const Presented& presented, const http::RequestHead& head, std::string_view secret,
                           std::string_view payload_line, Time now, SigningKeys& keys, std::string_view s3_path = {});

// Whether what chooses the operation is under a kLegacyLink's signature: if not, a link could be turned into another.
bool legacy_link_covers(const Operation& operation);

// How a service words its errors.
enum class Dialect : uint8_t { kS3, kQuery, kEc2, kJson, kRestJson };
Dialect dialect_of(const Service& service);
Error auth_error(const AuthFault& fault, Dialect dialect);

// Whether what the body hashed to (lower-case hex) is what x-amz-content-sha256 declared; declarations that are no hash
// are not looked at. ERRORS: XAmzContentSHA256Mismatch.
Status check_payload_hash(std::string_view declared, std::string_view computed);

struct SigningCredentials {
  std::string access_key, secret, session_token;
};
// Signs in the Authorization header: adds X-Amz-Date, X-Amz-Content-Sha256 and, where there is one, X-Amz-Security-Token.
// All fields the request has are signed. REQUIRES: a Host field.
void sign(http::Request& request, const SigningCredentials& credentials, std::string_view region,
          std::string_view service, Time now);

// The two texts that SigV4 is made of, for tests and error bodies.
std::string canonical_request(const http::RequestHead& head, const Presented& presented, std::string_view payload_line);
std::string string_to_sign(const Presented& presented, std::string_view canonical_request);

}  // namespace tarn::wire

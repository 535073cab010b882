// How each family of services words a refused authentication.
// AWS: "Amazon S3 API Reference: Error responses", "Troubleshoot Signature Version 4 signing", and each service's
// "Common Errors" page.
#include "base/digest.h"
#include "base/text.h"
#include "wire/sigv4.h"

namespace tarn::wire {
namespace {

using Why = AuthFault::Kind;

// "47 45 54": how S3 shows the bytes of what it signed.
std::string spaced_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 3);
  for (const unsigned char c : bytes) {
    if (!text.empty()) text += ' ';
    text += kDigits[c >> 4];
    text += kDigits[c & 15];
  }
  return text;
}

Error s3_mismatch(const AuthFault& f) {
  Error error{403,
              "SignatureDoesNotMatch",
              "The request signature we calculated does not match the signature you provided. Check your key and "
              "signing method.",
              {{"AWSAccessKeyId", f.access_key},
               {"StringToSign", f.string_to_sign},
               {"SignatureProvided", f.signature},
               {"StringToSignBytes", spaced_hex(f.string_to_sign)}}};
  if (!f.canonical_request.empty()) {  // version 2 has none
    error.members.emplace_back("CanonicalRequest", f.canonical_request);
    error.members.emplace_back("CanonicalRequestBytes", spaced_hex(f.canonical_request));
  }
  return error;
}

Error s3_link_expired(const AuthFault& f) {
  Error error{403, "AccessDenied", "Request has expired"};
  if (!f.detail.empty()) error.members.emplace_back("X-Amz-Expires", f.detail);  // version 2 has none
  error.members.emplace_back("Expires", iso8601(f.until));
  error.members.emplace_back("ServerTime", iso8601(Time::of_seconds(f.now.seconds())));
  return error;
}

Error s3_error(const AuthFault& f) {
  switch (f.kind) {
    case Why::kMissing: return {403, "AccessDenied", "Access Denied"};
    case Why::kUnknownKey:
      return {403,
              "InvalidAccessKeyId",
              "The AWS Access Key Id you provided does not exist in our records.",
              {{"AWSAccessKeyId", f.access_key}}};
    case Why::kInvalidToken:
      return {400, "InvalidToken", "The provided token is malformed or otherwise invalid.", {{"Token-0", f.token}}};
    case Why::kExpiredToken: return {400, "ExpiredToken", "The provided token has expired.", {{"Token-0", f.token}}};
    case Why::kMechanism:
      if (f.detail == "AWS")
        return {400, "InvalidRequest",
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."};
      return {400,
              "InvalidArgument",
              "Unsupported Authorization Type",
              {{"ArgumentName", "Authorization"}, {"ArgumentValue", f.detail}}};
    case Why::kTwoMechanisms:
      return {400,
              "InvalidArgument",
              "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
              "parameter or the Authorization header should be specified",
              {{"ArgumentName", "Authorization"}}};
    case Why::kMalformedHeader:
    case Why::kScope:
      return {400, "AuthorizationHeaderMalformed", "The authorization header is malformed; " + f.detail};
    case Why::kScopeDate:
      return {400, "AuthorizationHeaderMalformed",
              "The authorization header is malformed; Invalid credential date \"" + f.detail +
                  "\". This date is not the same as X-Amz-Date: \"" + basic_date(f.signed_at) + "\"."};
    case Why::kMalformedQuery: return {400, "AuthorizationQueryParametersError", f.detail};
    case Why::kMalformedLegacyLink: return {403, "AccessDenied", f.detail};
    case Why::kMissingDate:
      return {403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header"};
    case Why::kMissingPayloadHash:
      return {400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"};
    case Why::kInvalidPayloadHash:
      return {400,
              "InvalidArgument",
              "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
              "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
              {{"ArgumentName", "x-amz-content-sha256"}, {"ArgumentValue", f.detail}}};
    case Why::kUnsignedHeaders:
      return {403,
              "AccessDenied",
              "There were headers present in the request which were not signed",
              {{"HeadersNotSigned", f.detail}}};
    case Why::kSkewed:
      return {403,
              "RequestTimeTooSkewed",
              "The difference between the request time and the current time is too large.",
              {{"RequestTime", basic_iso8601(f.signed_at)},
               {"ServerTime", iso8601(Time::of_seconds(f.now.seconds()))},
               {"MaxAllowedSkewMilliseconds", "900000"}}};
    case Why::kLinkExpired: return s3_link_expired(f);
    case Why::kLinkNotYetValid: return {403, "AccessDenied", "Request is not yet valid"};
    case Why::kMismatch: return s3_mismatch(f);
  }
  return {403, "AccessDenied", "Access Denied"};
}

// The codes and statuses of one family; all say the same.
struct Codes {
  std::string_view missing, unknown_key, expired_token, incomplete, mismatch;
  int status, missing_status, incomplete_status;
};

Codes codes_of(Dialect dialect) {
  switch (dialect) {
    case Dialect::kEc2:
      return {"MissingAuthenticationToken",
              "AuthFailure",
              "RequestExpired",
              "IncompleteSignature",
              "SignatureDoesNotMatch",
              403,
              403,
              400};
    case Dialect::kJson:
      return {"MissingAuthenticationTokenException",
              "UnrecognizedClientException",
              "ExpiredTokenException",
              "IncompleteSignatureException",
              "InvalidSignatureException",
              400,
              400,
              400};
    case Dialect::kRestJson:
      return {"MissingAuthenticationTokenException",
              "UnrecognizedClientException",
              "ExpiredTokenException",
              "IncompleteSignatureException",
              "InvalidSignatureException",
              403,
              403,
              403};
    case Dialect::kS3:
    case Dialect::kQuery: break;
  }
  return {"MissingAuthenticationToken",
          "InvalidClientTokenId",
          "ExpiredToken",
          "IncompleteSignature",
          "SignatureDoesNotMatch",
          403,
          403,
          400};
}

Error service_error(const AuthFault& f, Dialect dialect) {
  const Codes codes = codes_of(dialect);
  const auto error = [](int status, std::string_view code, std::string message) {
    return Error{status, std::string(code), std::move(message)};
  };
  const auto wrong = [&](std::string message) { return error(codes.status, codes.mismatch, std::move(message)); };
  const auto incomplete = [&](std::string message) {
    return error(codes.incomplete_status, codes.incomplete, std::move(message));
  };
  const std::string now = basic_iso8601(f.now), then = basic_iso8601(f.signed_at);
  switch (f.kind) {
    case Why::kMissing: return error(codes.missing_status, codes.missing, "Request is missing Authentication Token");
    case Why::kUnknownKey:
      if (dialect == Dialect::kEc2)
        return error(401, codes.unknown_key, "AWS was not able to validate the provided access credentials");
      return error(codes.status, codes.unknown_key, "The security token included in the request is invalid.");
    case Why::kInvalidToken:
      return error(codes.status, codes.unknown_key, "The security token included in the request is invalid.");
    case Why::kExpiredToken:
      return error(codes.status, codes.expired_token, "The security token included in the request is expired");
    case Why::kMechanism: return incomplete("Unsupported AWS 'algorithm': '" + f.detail + "'.");
    case Why::kTwoMechanisms:
      return incomplete("Only one of the Authorization header and the X-Amz-Algorithm parameter may be given.");
    case Why::kMalformedHeader:
    case Why::kMalformedQuery:
    case Why::kMalformedLegacyLink:
    case Why::kMissingPayloadHash:
    case Why::kInvalidPayloadHash: return incomplete(f.detail);
    case Why::kMissingDate:
      return incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
    case Why::kScope: return wrong(f.detail);
    case Why::kScopeDate:
      return wrong("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" +
                   f.detail + "' != '" + basic_date(f.signed_at) + "', from '" + then + "'.");
    case Why::kUnsignedHeaders:
      return wrong("'" + replace_all(f.detail, ", ", "', '") + "' must be a 'SignedHeader' in the AWS Authorization.");
    case Why::kSkewed:
      if (f.signed_at < f.now)
        return wrong("Signature expired: " + then + " is now earlier than " + basic_iso8601(f.now + -15 * kMinute) +
                     " (" + now + " - 15 min.)");
      [[fallthrough]];
    case Why::kLinkNotYetValid:
      return wrong("Signature not yet current: " + then + " is still later than " +
                   basic_iso8601(f.now + 15 * kMinute) + " (" + now + " + 15 min.)");
    case Why::kLinkExpired:
      return wrong("Signature expired: " + basic_iso8601(f.until) + " is now earlier than " + now);
    case Why::kMismatch: break;
  }
  return wrong(
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
      "and signing method. Consult the service documentation for details.\n\nThe Canonical String for this request "
      "should have been\n'" +
      f.canonical_request + "'\n\nThe String-to-Sign should have been\n'" + f.string_to_sign + "'\n");
}

}  // namespace

Dialect dialect_of(const Service& service) {
  if (service.signing_name == "s3") return Dialect::kS3;
  switch (service.protocol) {
    case Protocol::kJson10:
    case Protocol::kJson11: return Dialect::kJson;
    case Protocol::kRestJson: return Dialect::kRestJson;
    case Protocol::kEc2: return Dialect::kEc2;
    case Protocol::kQuery:
    case Protocol::kRestXml: break;
  }
  return Dialect::kQuery;
}

Error auth_error(const AuthFault& fault, Dialect dialect) {
  return dialect == Dialect::kS3 ? s3_error(fault) : service_error(fault, dialect);
}

}  // namespace tarn::wire

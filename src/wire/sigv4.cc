#include "wire/sigv4.h"

#include <algorithm>
#include <cctype>

#include "base/digest.h"
#include "base/text.h"
#include "wire/sigv4_legacy_link.h"

namespace tarn::wire {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kTerminator = "aws4_request";
constexpr Micros kMaxSkew = 15 * kMinute;
constexpr int64_t kMaxExpires = 7 * 24 * 3600;
constexpr size_t kMaxKeys = 1024;

using Why = AuthFault::Kind;

std::unexpected<AuthFault> fault(Why kind, std::string detail = {}) {
  return std::unexpected(AuthFault{kind, std::move(detail)});
}

struct Parameter {
  std::string name, value;  // decoded
};

std::vector<Parameter> parameters(std::string_view query) {
  std::vector<Parameter> all;
  if (query.empty()) return all;
  for (const std::string_view piece : split(query, '&')) {
    if (piece.empty()) continue;
    const size_t equals = piece.find('=');
    all.push_back({uri_decode(piece.substr(0, equals), true),
                   equals == piece.npos ? "" : uri_decode(piece.substr(equals + 1), true)});
  }
  return all;
}

const std::string* find(const std::vector<Parameter>& all, std::string_view name) {
  const auto at = std::ranges::find(all, name, &Parameter::name);
  return at == all.end() ? nullptr : &at->value;
}

// "key/20150830/us-east-1/service/aws4_request", from the back, since a key may hold anything.
bool take_credential(std::string_view text, Presented& into) {
  std::string_view parts[4];
  for (int i = 3; i >= 0; --i) {
    const size_t slash = text.rfind('/');
    if (slash == text.npos) return false;
    parts[i] = text.substr(slash + 1);
    text = text.substr(0, slash);
  }
  into.access_key = text;
  into.date = parts[0];
  into.region = parts[1];
  into.service = parts[2];
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return parts[3] == kTerminator && !text.empty() && into.date.size() == 8 && std::ranges::all_of(into.date, digit) &&
         !into.region.empty() && !into.service.empty();
}

void take_signed_headers(std::string_view text, Presented& into) {
  for (const std::string_view name : split(text, ';'))
    if (!name.empty()) into.signed_headers.push_back(lower(name));
}

AuthResult<void> take_time(std::string_view text, Presented& into) {
  auto time = parse_basic_iso8601(text);
  if (!time) time = parse_http_date(text);
  if (!time) time = parse_iso8601(text);
  if (!time) return fault(Why::kMissingDate);
  into.time = *time;
  into.timestamp = basic_iso8601(*time);
  return {};
}

AuthResult<Presented> parse_header(const http::RequestHead& head, std::string_view text) {
  Presented presented{.kind = Presented::Kind::kHeader};
  if (!text.starts_with(kAlgorithm) || (text.size() > kAlgorithm.size() && text[kAlgorithm.size()] != ' '))
    return fault(Why::kMechanism, std::string(text.substr(0, text.find(' '))));
  std::string missing;
  std::string_view credential, signed_headers, signature;
  for (std::string_view piece : split(text.substr(kAlgorithm.size()), ',')) {
    piece = trim(piece);
    if (piece.empty()) continue;
    const size_t equals = piece.find('=');
    if (equals == piece.npos)
      return fault(Why::kMalformedHeader,
                   "'" + std::string(piece) + "' not a valid key=value pair (missing equal-sign).");
    const std::string_view name = piece.substr(0, equals), value = piece.substr(equals + 1);
    if (name == "Credential") credential = value;
    if (name == "SignedHeaders") signed_headers = value;
    if (name == "Signature") signature = value;
  }
  const auto require = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) return;
    if (!missing.empty()) missing += ' ';
    missing += "Authorization header requires '" + std::string(name) + "' parameter.";
  };
  require("Credential", credential);
  require("Signature", signature);
  require("SignedHeaders", signed_headers);
  if (!missing.empty()) return fault(Why::kMalformedHeader, missing);
  if (!take_credential(credential, presented))
    return fault(Why::kMalformedHeader,
                 "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".");
  take_signed_headers(signed_headers, presented);
  presented.signature = signature;
  const std::string* date = head.headers.find("x-amz-date");
  if (date == nullptr) date = head.headers.find("Date");
  if (date == nullptr) return fault(Why::kMissingDate);
  if (auto taken = take_time(*date, presented); !taken) return std::unexpected(std::move(taken.error()));
  presented.session_token = head.headers.get("x-amz-security-token");
  presented.payload = head.headers.get("x-amz-content-sha256");
  return presented;
}

AuthResult<Presented> parse_presigned(const http::RequestHead& head, const std::vector<Parameter>& query) {
  Presented presented{.kind = Presented::Kind::kPresigned};
  const std::string* algorithm = find(query, "X-Amz-Algorithm");
  const std::string* credential = find(query, "X-Amz-Credential");
  const std::string* date = find(query, "X-Amz-Date");
  const std::string* expires = find(query, "X-Amz-Expires");
  const std::string* signed_headers = find(query, "X-Amz-SignedHeaders");
  const std::string* signature = find(query, "X-Amz-Signature");
  const bool s3 = credential != nullptr && credential->ends_with("/s3/aws4_request");
  if (algorithm == nullptr || credential == nullptr || date == nullptr || signed_headers == nullptr ||
      signature == nullptr || (s3 && expires == nullptr))
    return fault(Why::kMalformedQuery,
                 "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
                 "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.");
  if (*algorithm != kAlgorithm)
    return fault(Why::kMalformedQuery, "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
  if (!take_credential(*credential, presented))
    return fault(Why::kMalformedQuery,
                 "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
                 "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".");
  const auto time = parse_basic_iso8601(*date);
  if (!time)
    return fault(Why::kMalformedQuery, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  presented.time = *time;
  presented.timestamp = *date;
  // AWS: without X-Amz-Expires other services allow their usual skew.
  const auto seconds = parse_int(expires != nullptr ? *expires : "900");
  if (!seconds) return fault(Why::kMalformedQuery, "X-Amz-Expires should be a number");
  if (*seconds < 0) return fault(Why::kMalformedQuery, "X-Amz-Expires must be non-negative");
  if (*seconds > kMaxExpires)
    return fault(Why::kMalformedQuery,
                 "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less "
                 "than 604800 seconds");
  presented.expires_seconds = *seconds;
  take_signed_headers(*signed_headers, presented);
  presented.signature = *signature;
  if (const std::string* token = find(query, "X-Amz-Security-Token")) presented.session_token = *token;
  if (const std::string* hash = find(query, "X-Amz-Content-Sha256")) presented.payload = *hash;
  if (const std::string* hash = head.headers.find("x-amz-content-sha256")) presented.payload = *hash;
  return presented;
}

bool is_sha256_hex(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c); });
}

AuthResult<void> check_s3_payload(const Presented& presented) {
  if (presented.payload.empty()) {
    if (presented.kind == Presented::Kind::kPresigned) return {};
    return fault(Why::kMissingPayloadHash);
  }
  const std::string_view p = presented.payload;
  if (p == kUnsignedPayload || p == kStreamingSigned || p == kStreamingSignedTrailer ||
      p == kStreamingUnsignedTrailer || is_sha256_hex(p))
    return {};
  return fault(Why::kInvalidPayloadHash, presented.payload);
}

// Host and what AWS gives a meaning to must be under the signature, or who is in between could change it.
AuthResult<void> check_signed_headers(const Presented& presented, const http::RequestHead& head) {
  std::string missing;
  const auto require = [&](std::string_view name) {
    if (std::ranges::find(presented.signed_headers, name) != presented.signed_headers.end()) return;
    if (!missing.empty()) missing += ", ";
    missing += name;
  };
  require("host");
  for (const auto& [name, value] : head.headers)
    if (name.size() > 6 && equals_ignore_case(std::string_view(name).substr(0, 6), "x-amz-")) require(lower(name));
  if (missing.empty()) return {};
  return fault(Why::kUnsignedHeaders, missing);
}

AuthResult<void> check_time(const Presented& presented, Time now) {
  AuthFault fault{.kind = Why::kSkewed, .signed_at = presented.time, .now = now};
  if (presented.kind == Presented::Kind::kPresigned) {
    fault.until = presented.time + presented.expires_seconds * kSecond;
    fault.detail = std::to_string(presented.expires_seconds);
    if (now > fault.until) {
      fault.kind = Why::kLinkExpired;
      return std::unexpected(std::move(fault));
    }
    if (presented.time > now + kMaxSkew) {
      fault.kind = Why::kLinkNotYetValid;
      return std::unexpected(std::move(fault));
    }
    return {};
  }
  if (now - presented.time > kMaxSkew || presented.time - now > kMaxSkew) return std::unexpected(std::move(fault));
  return {};
}

// Empty and "." segments go, ".." takes one with it, a slash at the end stays.
std::string normalised(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..")
      kept.push_back(part);
    else if (!kept.empty())
      kept.pop_back();
  }
  std::string text = "/";
  for (const std::string_view part : kept) text.append(text.size() > 1 ? "/" : "").append(part);
  if (path.ends_with('/') && !kept.empty()) text += '/';
  return text;
}

// What clients leave unencoded differs; an encoded slash stays one.
std::string encoded_alike(std::string_view path) {
  std::string text;
  for (const std::string_view part : split(path, '/')) text.append(uri_encode(uri_decode(part))).append("/");
  text.pop_back();
  return text;
}

std::string canonical_query(std::string_view query, bool presigned) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, value] : parameters(query))
    if (!presigned || name != "X-Amz-Signature") encoded.emplace_back(uri_encode(name), uri_encode(value));
  std::ranges::sort(encoded);
  std::string text;
  for (const auto& [name, value] : encoded) {
    if (!text.empty()) text += '&';
    text.append(name).append("=").append(value);
  }
  return text;
}

void append_header_value(std::string& out, std::string_view value) {
  bool blank = false;
  for (const char c : trim(value)) {
    if (c == ' ' || c == '\t') {
      blank = true;
      continue;
    }
    if (blank) out += ' ';
    blank = false;
    out += c;
  }
}

}  // namespace

AuthResult<Presented> parse_auth(const http::RequestHead& head) {
  const std::string* header = head.headers.find("Authorization");
  // Cheap before the query is taken apart: most requests are signed in the header.
  const auto query = head.query.contains("X-Amz-") ? parameters(head.query) : std::vector<Parameter>();
  const bool presigned = find(query, "X-Amz-Algorithm") != nullptr || find(query, "X-Amz-Credential") != nullptr ||
                         find(query, "X-Amz-Signature") != nullptr;
  const bool legacy = is_legacy_link(head.query);
  if (header != nullptr && (presigned || legacy)) return fault(Why::kTwoMechanisms);
  if (header != nullptr) return parse_header(head, *header);
  if (presigned) return parse_presigned(head, query);
  if (legacy) return parse_legacy_link(head);
  Presented anonymous;
  anonymous.payload = head.headers.get("x-amz-content-sha256");
  return anonymous;
}

std::string SigningKeys::get(std::string_view secret, std::string_view date, std::string_view region,
                             std::string_view service) {
  std::string name;
  for (const std::string_view part : {secret, date, region, service}) name.append(part).push_back('\n');
  {
    std::lock_guard lock(mutex_);
    if (const auto at = keys_.find(name); at != keys_.end()) return at->second;
  }
  std::string key = hmac_sha256("AWS4" + std::string(secret), date);
  for (const std::string_view part : {region, service, kTerminator}) key = hmac_sha256(key, part);
  std::lock_guard lock(mutex_);
  if (keys_.size() >= kMaxKeys) keys_.clear();
  keys_.insert_or_assign(std::move(name), key);
  return key;
}

std::string payload_line(const Presented& presented, std::string_view body) {
  if (presented.service == "s3") {
    if (!presented.payload.empty()) return presented.payload;
    return std::string(kUnsignedPayload);  // presigned; a header without it is refused
  }
  if (presented.payload == kUnsignedPayload) return presented.payload;
  return hex(sha256(body));
}

std::string canonical_request(const http::RequestHead& head, const Presented& presented,
                              std::string_view payload_line) {
  std::string text;
  text.reserve(512);
  text.append(head.method).append("\n");
  text.append(presented.service == "s3" ? encoded_alike(head.path) : uri_encode(normalised(head.path), true));
  text.append("\n");
  text.append(canonical_query(head.query, presented.kind == Presented::Kind::kPresigned)).append("\n");
  for (const std::string& wanted : presented.signed_headers) {
    text.append(wanted).append(":");
    bool first = true;  // a field that is not there counts as empty
    for (const auto& [name, value] : head.headers) {
      if (!equals_ignore_case(name, wanted)) continue;
      if (!std::exchange(first, false)) text += ',';
      append_header_value(text, value);
    }
    text += '\n';
  }
  text += '\n';
  for (size_t i = 0; i < presented.signed_headers.size(); ++i)
    text.append(i > 0 ? ";" : "").append(presented.signed_headers[i]);
  text.append("\n").append(payload_line);
  return text;
}

std::string string_to_sign(const Presented& presented, std::string_view canonical_request) {
  std::string text(kAlgorithm);
  text.append("\n").append(presented.timestamp).append("\n").append(presented.scope()).append("\n");
  return text.append(hex(sha256(canonical_request)));
}

AuthResult<Signing> verify(const Presented& presented, const http::RequestHead& head, std::string_view secret,
                           std::string_view payload_line, Time now, SigningKeys& keys, std::string_view s3_path) {
  if (presented.kind == Presented::Kind::kLegacyLink)
    return verify_legacy_link(presented, head, s3_path.empty() ? head.path : s3_path, secret, now);
  if (presented.service == "s3")
    if (auto checked = check_s3_payload(presented); !checked) return std::unexpected(std::move(checked.error()));
  if (presented.date != presented.timestamp.substr(0, 8))
    return std::unexpected(AuthFault{.kind = Why::kScopeDate, .detail = presented.date, .signed_at = presented.time});
  if (auto checked = check_signed_headers(presented, head); !checked)
    return std::unexpected(std::move(checked.error()));
  if (auto checked = check_time(presented, now); !checked) return std::unexpected(std::move(checked.error()));
  std::string canonical = canonical_request(head, presented, payload_line);
  std::string to_sign = string_to_sign(presented, canonical);
  Signing signing{keys.get(secret, presented.date, presented.region, presented.service), presented.timestamp,
                  presented.scope(), presented.signature};
  if (constant_time_equal(hex(hmac_sha256(signing.key, to_sign)), presented.signature)) return signing;
  return std::unexpected(AuthFault{.kind = Why::kMismatch,
                                   .access_key = presented.access_key,
                                   .signature = presented.signature,
                                   .string_to_sign = std::move(to_sign),
                                   .canonical_request = std::move(canonical)});
}

Status check_payload_hash(std::string_view declared, std::string_view computed) {
  if (!is_sha256_hex(declared) || equals_ignore_case(declared, computed)) return {};
  return Failure(Error{
      400,
      "XAmzContentSHA256Mismatch",
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
      {{"ClientComputedContentSHA256", std::string(declared)}, {"S3ComputedContentSHA256", std::string(computed)}}});
}

void sign(http::Request& request, const SigningCredentials& credentials, std::string_view region,
          std::string_view service, Time now) {
  Presented presented{.kind = Presented::Kind::kHeader,
                      .access_key = credentials.access_key,
                      .date = basic_date(now),
                      .region = std::string(region),
                      .service = std::string(service),
                      .timestamp = basic_iso8601(now),
                      .time = now};
  const std::string payload = hex(sha256(request.body));
  request.headers.erase("Authorization");
  request.headers.set("X-Amz-Date", presented.timestamp);
  request.headers.set("X-Amz-Content-Sha256", payload);
  if (!credentials.session_token.empty()) request.headers.set("X-Amz-Security-Token", credentials.session_token);
  for (const auto& [name, value] : request.headers) presented.signed_headers.push_back(lower(name));
  std::ranges::sort(presented.signed_headers);
  const auto doubles = std::ranges::unique(presented.signed_headers);
  presented.signed_headers.erase(doubles.begin(), doubles.end());
  SigningKeys keys;
  const std::string key = keys.get(credentials.secret, presented.date, region, service);
  const std::string signature =
      hex(hmac_sha256(key, string_to_sign(presented, canonical_request(request, presented, payload))));
  std::string names;
  for (const std::string& name : presented.signed_headers) names.append(names.empty() ? "" : ";").append(name);
  request.headers.set("Authorization", std::string(kAlgorithm) + " Credential=" + credentials.access_key + "/" +
                                           presented.scope() + ", SignedHeaders=" + names + ", Signature=" + signature);
}

}  // namespace tarn::wire

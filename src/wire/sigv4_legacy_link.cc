#include "wire/sigv4_legacy_link.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <map>

#include "base/text.h"

namespace tarn::wire {
namespace {

using Why = AuthFault::Kind;

// AWS: "Signing and authenticating REST requests", CanonicalizedResource: the parameters under the signature, as
// clients sign them. What others choose is not covered: see legacy_link_covers().
constexpr std::string_view kSigned[] = {
    "accelerate", "acl", "analytics", "cors", "delete", "inventory", "lifecycle", "location", "logging", "metrics",
    "notification", "object-lock", "partNumber", "policy", "replication", "requestPayment", "response-cache-control",
    "response-content-disposition", "response-content-encoding", "response-content-language", "response-content-type",
    "response-expires", "restore", "select", "select-type", "storageClass", "tagging", "torrent", "uploadId",
    "uploads", "versionId", "versioning", "versions", "website",
};

struct Parameter {
  std::string name, value;
  bool has_value;
};

std::vector<Parameter> parameters(std::string_view query) {
  std::vector<Parameter> all;
  for (const std::string_view piece : split(query, '&')) {
    const size_t equals = piece.find('=');
    if (piece.empty()) continue;
    const bool has_value = equals != piece.npos;
    all.push_back({uri_decode(piece.substr(0, equals), true),
                   has_value ? uri_decode(piece.substr(equals + 1), true) : "", has_value});
  }
  return all;
}

std::string value_of(const std::vector<Parameter>& all, std::string_view name) {
  const auto at = std::ranges::find(all, name, &Parameter::name);
  return at == all.end() ? "" : at->value;
}

// A field of the head; clients also move what they signed into the query.
std::string field(const http::RequestHead& head, const std::vector<Parameter>& query, std::string_view name) {
  const std::string* value = head.headers.find(name);
  return value != nullptr ? std::string(trim(*value)) : value_of(query, lower(name));
}

std::string string_to_sign(const http::RequestHead& head, std::string_view path) {
  const std::vector<Parameter> query = parameters(head.query);
  std::string text = head.method + "\n" + field(head, query, "Content-MD5") + "\n" +
                     field(head, query, "Content-Type") + "\n" + value_of(query, "Expires") + "\n";
  std::map<std::string, std::string> amazon;
  const auto add = [&](const std::string& name, std::string_view value) {
    const std::string key = lower(name);
    if (!key.starts_with("x-amz-")) return;
    std::string& values = amazon[key];
    if (!values.empty()) values += ',';
    values += trim(value);
  };
  for (const auto& [name, value] : head.headers) add(name, value);
  for (const Parameter& p : query) add(p.name, p.value);
  for (const auto& [name, value] : amazon) text.append(name).append(":").append(value).append("\n");

  text += path;
  std::vector<std::string> resource;
  for (const Parameter& p : query)
    if (std::ranges::find(kSigned, p.name) != std::end(kSigned))
      resource.push_back(p.has_value ? p.name + "=" + p.value : p.name);
  std::ranges::sort(resource);
  for (size_t i = 0; i < resource.size(); ++i) text.append(i == 0 ? "?" : "&").append(resource[i]);
  return text;
}

}  // namespace

std::string hmac_sha1(std::string_view key, std::string_view bytes) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
       bytes.size(), out, &size);
  return {reinterpret_cast<const char*>(out), size};
}

bool legacy_link_covers(const Operation& operation) {
  const size_t mark = operation.uri.find('?');
  if (mark == operation.uri.npos) return true;
  for (const Parameter& p : parameters(operation.uri.substr(mark + 1)))
    if (p.name != "x-id" && std::ranges::find(kSigned, p.name) == std::end(kSigned)) return false;
  return true;
}

bool is_legacy_link(std::string_view query) {
  return query.contains("AWSAccessKeyId=") && query.contains("Signature=");
}

AuthResult<Presented> parse_legacy_link(const http::RequestHead& head) {
  const std::vector<Parameter> query = parameters(head.query);
  Presented presented{.kind = Presented::Kind::kLegacyLink};
  presented.service = "s3";
  presented.region = "us-east-1";  // these links name none; it is where S3 began
  presented.access_key = value_of(query, "AWSAccessKeyId");
  presented.signature = replace_all(value_of(query, "Signature"), " ", "+");  // base64 that was not encoded
  presented.session_token = field(head, query, "x-amz-security-token");
  const std::string expires = value_of(query, "Expires");
  if (presented.access_key.empty() || presented.signature.empty() || expires.empty())
    return std::unexpected(
        AuthFault{Why::kMalformedLegacyLink,
                  "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"});
  const auto seconds = parse_int(expires);
  if (!seconds || *seconds < 0 || *seconds > 253402300799)  // the year 9999
    return std::unexpected(
        AuthFault{Why::kMalformedLegacyLink, "Invalid date (should be seconds since epoch): " + expires});
  presented.time = Time::of_seconds(*seconds);
  return presented;
}

AuthResult<Signing> verify_legacy_link(const Presented& presented, const http::RequestHead& head, std::string_view path,
                                       std::string_view secret, Time now) {
  if (now > presented.time)
    return std::unexpected(AuthFault{.kind = Why::kLinkExpired, .now = now, .until = presented.time});
  std::string to_sign = string_to_sign(head, path);
  if (constant_time_equal(base64(hmac_sha1(secret, to_sign)), presented.signature)) return Signing{};
  return std::unexpected(AuthFault{.kind = Why::kMismatch,
                                   .access_key = presented.access_key,
                                   .signature = presented.signature,
                                   .string_to_sign = std::move(to_sign)});
}

}  // namespace tarn::wire

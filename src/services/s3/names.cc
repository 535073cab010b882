#include "services/s3/names.h"

#include <algorithm>

#include "base/text.h"
#include "services/s3/errors.h"
#include "wire/route.h"

namespace tarn::s3 {
namespace {

constexpr size_t kMaxKeyBytes = 1024;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool looks_like_an_address(std::string_view name) {
  const auto parts = split(name, '.');
  return parts.size() == 4 && std::ranges::all_of(parts, [](std::string_view part) {
           return !part.empty() && part.size() <= 3 &&
                  std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
         });
}

}  // namespace

bool valid_bucket_name(std::string_view name) {
  if (name.size() < 3 || name.size() > 63) return false;
  if (!is_letter_or_digit(name.front()) || !is_letter_or_digit(name.back())) return false;
  if (!std::ranges::all_of(name, [](char c) { return is_letter_or_digit(c) || c == '-' || c == '.'; })) return false;
  if (name.find("..") != std::string_view::npos || looks_like_an_address(name)) return false;
  for (const std::string_view reserved : {"xn--", "sthree-", "amzn-s3-demo-"})
    if (name.starts_with(reserved)) return false;
  for (const std::string_view reserved : {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"})
    if (name.ends_with(reserved)) return false;
  return true;
}

Status check_key(std::string_view key) {
  if (key.size() > kMaxKeyBytes) {
    return refuse(400, "KeyTooLongError", "Your key is too long",
                  {{"Size", std::to_string(key.size())}, {"MaxSizeAllowed", std::to_string(kMaxKeyBytes)}});
  }
  if (!valid_utf8(key))
    return fail(400, "InvalidURI", "Couldn't parse the specified URI: the object key is not UTF-8.");
  return {};
}

Result<CopySource> CopySource::parse(std::string_view header) {
  const std::string_view whole = header;
  CopySource source;
  // The version stands behind a '?' that is not encoded; the path before it is.
  if (const size_t at = header.rfind("?versionId="); at != std::string_view::npos) {
    source.version_id = uri_decode(header.substr(at + std::string_view("?versionId=").size()));
    header = header.substr(0, at);
  }
  const std::string path = uri_decode(header);
  std::string_view rest = path;
  if (rest.starts_with('/')) rest.remove_prefix(1);
  if (rest.starts_with("arn:")) return not_implemented("x-amz-copy-source: an access point's ARN");
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0)
    return invalid_argument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
                            "x-amz-copy-source", whole);
  if (slash + 1 == rest.size()) return invalid_argument("Invalid copy source object key", "x-amz-copy-source", whole);
  source.bucket = rest.substr(0, slash);
  source.key = rest.substr(slash + 1);
  TRY(check_key(source.key));
  return source;
}

std::pair<std::string, bool> addressed(const http::RequestHead& head, const std::vector<std::string>& base_domains) {
  std::string_view path = head.path;
  path.remove_prefix(std::min<size_t>(path.size(), 1));
  const std::string_view given = head.headers.get("host");
  const size_t website = given.find(kWebsiteLabel);
  const std::string host = website != std::string_view::npos ? std::string(given.substr(0, website))
                                                             : wire::bucket_of_host(given, base_domains);
  if (!host.empty()) return {host, !path.empty()};
  const size_t slash = path.find('/');
  return {uri_decode(path.substr(0, slash)), slash != std::string_view::npos && slash + 1 < path.size()};
}

std::string told_key(std::string_view key) {
  return replace_all(uri_encode(key, true), "%20", "+");
}

}  // namespace tarn::s3

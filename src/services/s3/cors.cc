// A bucket's rules for requests across origins.
#include "services/s3/cors.h"

#include <algorithm>

#include "base/text.h"
#include "gen/s3/handlers.h"
#include "services/s3/access.h"
#include "services/s3/errors.h"
#include "services/s3/s3.h"

namespace tarn::s3 {
namespace {

constexpr size_t kMostRules = 100, kMostIdLetters = 255;  // AWS: S3 User Guide, "Elements of a CORS configuration"

bool many_wildcards(const std::string& text) {
  return std::ranges::count(text, '*') > 1;
}

Status check_rule(const CORSRule& rule) {
  if (rule.allowed_origins.empty() || rule.allowed_methods.empty()) return malformed_xml();
  if (rule.id && utf8_length(*rule.id) > kMostIdLetters)
    return invalid_request("ID length should not exceed allowed limit of 255");
  for (const std::string& method : rule.allowed_methods.items()) {
    static constexpr std::string_view kMethods[] = {"GET", "PUT", "POST", "DELETE", "HEAD"};
    if (std::ranges::find(kMethods, method) == std::end(kMethods))
      return invalid_request("Found unsupported HTTP method in CORS config. Unsupported method is " + method);
  }
  for (const std::string& origin : rule.allowed_origins.items())
    if (many_wildcards(origin))
      return invalid_request("AllowedOrigin \"" + origin + "\" can not have more than one wildcard.");
  for (const std::string& header : rule.allowed_headers.items())
    if (many_wildcards(header))
      return invalid_request("AllowedHeader \"" + header + "\" can not have more than one wildcard.");
  for (const std::string& header : rule.expose_headers.items())
    if (header.contains('*'))
      return invalid_request("ExposeHeader \"" + header +
                             "\" contains wildcard. We currently do not support wildcard for ExposeHeader.");
  return {};
}

std::vector<std::string> texts(const wire::List<std::string>& list) {
  return {list.items().begin(), list.items().end()};
}
wire::List<std::string> list(const std::vector<std::string>& texts) {
  wire::List<std::string> made;
  for (const std::string& text : texts) made.push_back(text);
  return made;
}

// '*' stands for any text.
bool matches(std::string_view pattern, std::string_view text) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  return text.size() + 1 >= pattern.size() && text.starts_with(pattern.substr(0, star)) &&
         text.ends_with(pattern.substr(star + 1));
}

bool any_matches(const std::vector<std::string>& patterns, std::string_view text) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) { return matches(pattern, text); });
}

}  // namespace

const CorsRule* allowing(const CorsRecord& cors, const CrossOrigin& request) {
  const auto allows = [&](const CorsRule& rule) {
    return any_matches(rule.origins, request.origin) &&
           std::ranges::find(rule.methods, request.method) != rule.methods.end() &&
           std::ranges::all_of(request.headers, [&](const std::string& header) {
             return std::ranges::any_of(rule.headers,
                                        [&](const std::string& allowed) { return matches(lower(allowed), header); });
           });
  };
  const auto found = std::ranges::find_if(cors.rules, allows);
  return found == cors.rules.end() ? nullptr : &*found;
}

Result<std::vector<Need>> put_bucket_cors_rights(S3&, Call& call, const PutBucketCorsRequest& in) {
  return rights_on_bucket(call, in, "s3:PutBucketCORS", Lock::kExclusive);
}

Result<PutBucketCorsOutput> put_bucket_cors(S3&, Call& call, const PutBucketCorsRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  const auto& rules = in.cors_configuration->cors_rules;
  if (rules.empty() || rules.size() > kMostRules) return malformed_xml();
  CorsRecord record;
  for (const CORSRule& rule : rules.items()) {
    TRY(check_rule(rule));
    record.rules.push_back({rule.id, texts(rule.allowed_origins), texts(rule.allowed_methods),
                            texts(rule.allowed_headers), texts(rule.expose_headers), rule.max_age_seconds});
  }
  TRY(call.put(kCors, {bucket.record.id}, record));
  return PutBucketCorsOutput{};
}

Result<std::vector<Need>> get_bucket_cors_rights(S3&, Call& call, const GetBucketCorsRequest& in) {
  return rights_on_bucket(call, in, "s3:GetBucketCORS");
}

Result<GetBucketCorsOutput> get_bucket_cors(S3&, Call& call, const GetBucketCorsRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  const auto cors = TRY(call.get(kCors, {bucket.record.id}));
  if (!cors)
    return refuse(404, "NoSuchCORSConfiguration", "The CORS configuration does not exist",
                  {{"BucketName", bucket.name}});
  GetBucketCorsOutput out;
  for (const CorsRule& rule : cors->rules)
    out.cors_rules.push_back(CORSRule{.id = rule.id,
                                      .allowed_headers = list(rule.headers),
                                      .allowed_methods = list(rule.methods),
                                      .allowed_origins = list(rule.origins),
                                      .expose_headers = list(rule.exposed),
                                      .max_age_seconds = rule.max_age});
  return out;
}

// AWS: DeleteBucketCors: the action is that of writing them.
Result<std::vector<Need>> delete_bucket_cors_rights(S3&, Call& call, const DeleteBucketCorsRequest& in) {
  return rights_on_bucket(call, in, "s3:PutBucketCORS", Lock::kExclusive);
}

Result<DeleteBucketCorsOutput> delete_bucket_cors(S3&, Call& call, const DeleteBucketCorsRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  TRY(call.erase(kCors, {bucket.record.id}));
  return DeleteBucketCorsOutput{};
}

}  // namespace tarn::s3

// The settings of buckets' websites, and what their rules mean.
#include "services/s3/website.h"

#include <algorithm>

#include "base/text.h"
#include "gen/s3/handlers.h"
#include "services/s3/access.h"
#include "services/s3/errors.h"
#include "services/s3/s3.h"

namespace tarn::s3 {
namespace {

constexpr size_t kMostRules = 50;  // AWS: S3 User Guide, "Configuring a webpage redirect"

Status check_protocol(const std::optional<std::string>& protocol) {
  if (!protocol || *protocol == "http" || *protocol == "https") return {};
  return invalid_request(
      "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.");
}

Result<RoutingRuleRecord> checked(const RoutingRule& in) {
  RoutingRuleRecord rule;
  if (in.condition) {
    rule.conditional = true;
    rule.error_code = in.condition->http_error_code_returned_equals;
    rule.prefix = in.condition->key_prefix_equals;
    if (!rule.error_code && !rule.prefix)
      return invalid_request(
          "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be "
          "present.");
  }
  const Redirect& to = *in.redirect;
  TRY(check_protocol(to.protocol));
  rule.redirect = {to.host_name, to.protocol, to.http_redirect_code, to.replace_key_prefix_with, to.replace_key_with};
  if (to.replace_key_prefix_with && to.replace_key_with)
    return invalid_request("You can only define ReplaceKeyPrefix or ReplaceKey but not both.");
  const auto code = to.http_redirect_code ? parse_int(*to.http_redirect_code) : std::optional<int64_t>(301);
  if (!code || *code < 300 || *code > 399)
    return invalid_request("The provided HTTP redirect code (" + *to.http_redirect_code +
                           ") is not valid. Valid codes are 3XX except 300.");
  return rule;
}

Result<WebsiteRecord> checked(const WebsiteConfiguration& in) {
  WebsiteRecord site;
  if (in.redirect_all_requests_to) {
    if (in.index_document || in.error_document || !in.routing_rules.empty())
      return invalid_argument("RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
                              "RedirectAllRequestsTo", "not null");
    TRY(check_protocol(in.redirect_all_requests_to->protocol));
    site.all = WebsiteRedirect{in.redirect_all_requests_to->host_name, in.redirect_all_requests_to->protocol, {}, {}, {}};
    return site;
  }
  if (!in.index_document)
    return invalid_argument("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
                            "IndexDocument", "null");
  site.index = in.index_document->suffix.value_or("");
  if (site.index->empty() || site.index->contains('/'))
    return invalid_argument("The IndexDocument Suffix is not well formed", "IndexDocument", *site.index);
  if (in.error_document) site.error = in.error_document->key;
  if (site.error && site.error->empty()) return malformed_xml();
  if (in.routing_rules.size() > kMostRules) return malformed_xml();
  for (const RoutingRule& rule : in.routing_rules.items()) site.rules.push_back(TRY(checked(rule)));
  return site;
}

Redirect to_wire(const WebsiteRedirect& to) {
  return Redirect{.host_name = to.host,
                  .http_redirect_code = to.code,
                  .protocol = to.protocol,
                  .replace_key_prefix_with = to.replace_prefix,
                  .replace_key_with = to.replace_key};
}

}  // namespace

const RoutingRuleRecord* rule_for(const WebsiteRecord& site, std::string_view key, int error) {
  const auto fits = [&](const RoutingRuleRecord& rule) {
    if (rule.prefix && !key.starts_with(*rule.prefix)) return false;
    return rule.error_code ? *rule.error_code == std::to_string(error) : error == 0;
  };
  const auto found = std::ranges::find_if(site.rules, fits);
  return found == site.rules.end() ? nullptr : &*found;
}

std::string redirected(const RoutingRuleRecord& rule, std::string_view key, std::string_view protocol,
                       std::string_view host) {
  const WebsiteRedirect& to = rule.redirect;
  std::string target(key);
  if (to.replace_key) target = *to.replace_key;
  if (to.replace_prefix) target = *to.replace_prefix + target.substr(rule.prefix.value_or("").size());
  return to.protocol.value_or(std::string(protocol)) + "://" + to.host.value_or(std::string(host)) + "/" +
         uri_encode(target, true);
}

Result<std::vector<Need>> put_bucket_website_rights(S3&, Call& call, const PutBucketWebsiteRequest& in) {
  return rights_on_bucket(call, in, "s3:PutBucketWebsite", Lock::kExclusive);
}

Result<PutBucketWebsiteOutput> put_bucket_website(S3&, Call& call, const PutBucketWebsiteRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  TRY(call.put(kWebsites, {bucket.record.id}, TRY(checked(*in.website_configuration))));
  return PutBucketWebsiteOutput{};
}

Result<std::vector<Need>> get_bucket_website_rights(S3&, Call& call, const GetBucketWebsiteRequest& in) {
  return rights_on_bucket(call, in, "s3:GetBucketWebsite");
}

Result<GetBucketWebsiteOutput> get_bucket_website(S3&, Call& call, const GetBucketWebsiteRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  const auto site = TRY(call.get(kWebsites, {bucket.record.id}));
  if (!site)
    return refuse(404, "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration",
                  {{"BucketName", bucket.name}});
  GetBucketWebsiteOutput out;
  if (site->all)
    out.redirect_all_requests_to = RedirectAllRequestsTo{.host_name = site->all->host, .protocol = site->all->protocol};
  if (site->index) out.index_document = IndexDocument{.suffix = site->index};
  if (site->error) out.error_document = ErrorDocument{.key = site->error};
  for (const RoutingRuleRecord& rule : site->rules) {
    RoutingRule made{.redirect = to_wire(rule.redirect)};
    if (rule.conditional)
      made.condition =
          Condition{.http_error_code_returned_equals = rule.error_code, .key_prefix_equals = rule.prefix};
    out.routing_rules.push_back(std::move(made));
  }
  return out;
}

Result<std::vector<Need>> delete_bucket_website_rights(S3&, Call& call, const DeleteBucketWebsiteRequest& in) {
  return rights_on_bucket(call, in, "s3:DeleteBucketWebsite", Lock::kExclusive);
}

Result<DeleteBucketWebsiteOutput> delete_bucket_website(S3&, Call& call, const DeleteBucketWebsiteRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  TRY(call.erase(kWebsites, {bucket.record.id}));
  return DeleteBucketWebsiteOutput{};
}

}  // namespace tarn::s3

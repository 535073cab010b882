// What browsers are told. Words, headers and their order were recorded from AWS.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "gen/s3/handlers.h"
#include "os/random.h"
#include "services/s3/cors.h"
#include "services/s3/errors.h"
#include "services/s3/names.h"
#include "wire/writer.h"

namespace tarn::s3 {
namespace {

constexpr const char* kOrigin = "origin";
constexpr const char* kMethod = "access-control-request-method";
constexpr const char* kHeaders = "access-control-request-headers";

std::string joined(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, ", "));
}

CrossOrigin request_of(const http::RequestHead& head) {
  CrossOrigin request;
  request.origin = head.headers.get(kOrigin);
  request.method = head.headers.contains(kMethod) ? std::string(head.headers.get(kMethod)) : head.method;
  for (const std::string_view name : split(head.headers.get(kHeaders), ','))
    if (!trim(name).empty()) request.headers.push_back(lower(trim(name)));
  return request;
}

void allow(const CorsRule& rule, const CrossOrigin& request, http::Response& response) {
  const bool everybody = std::ranges::find(rule.origins, "*") != rule.origins.end();
  response.headers.set("Access-Control-Allow-Origin", everybody ? "*" : request.origin);
  if (!everybody) response.headers.set("Access-Control-Allow-Credentials", "true");
  response.headers.set("Access-Control-Allow-Methods", joined(rule.methods));
  if (!request.headers.empty()) response.headers.set("Access-Control-Allow-Headers", joined(request.headers));
  if (!rule.exposed.empty()) response.headers.set("Access-Control-Expose-Headers", joined(rule.exposed));
  if (rule.max_age) response.headers.set("Access-Control-Max-Age", std::to_string(*rule.max_age));
  response.headers.set("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

}  // namespace

bool is_preflight(const http::RequestHead& head) {
  return head.method == "OPTIONS";
}

Failure CorsDoor::forbidden(const http::RequestHead& head, std::string message) const {
  const std::string method(head.headers.contains(kMethod) ? head.headers.get(kMethod) : head.method);
  const bool object = addressed(head, base_domains_).second;
  return refuse(403, "AccessForbidden", std::move(message),
                {{"Method", method}, {"ResourceType", object ? "OBJECT" : "BUCKET"}});
}

Result<CorsRecord> CorsDoor::rules_for(const http::RequestHead& head) const {
  const auto tx = door_.store().read();
  const auto bucket = TRY(tx->get(kBuckets, {addressed(head, base_domains_).first}));
  if (!bucket) return forbidden(head, "CORSResponse: Bucket not found");
  auto cors = TRY(tx->get(kCors, {bucket->id}));
  if (!cors) return forbidden(head, "CORSResponse: CORS is not enabled for this bucket.");
  return std::move(*cors);
}

void CorsDoor::handle(std::shared_ptr<http::Exchange> exchange) {
  workers_([this, exchange] { exchange->respond(answer(exchange->head())); });
}

http::Response CorsDoor::answer(const http::RequestHead& head) {
  const std::string request_id = uuid4();
  const auto asked = [&]() -> Result<http::Response> {
    if (!head.headers.contains(kOrigin))
      return refuse(400, "BadRequest", "Insufficient information. Origin request header needed.");
    const CorsRecord cors = TRY(rules_for(head));
    if (!head.headers.contains(kMethod))
      return refuse(400, "BadRequest", "Invalid Access-Control-Request-Method: null");
    const CrossOrigin request = request_of(head);
    const CorsRule* rule = allowing(cors, request);
    if (!rule)
      return forbidden(head,
                       "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, "
                       "request method / Access-Control-Request-Method or Access-Control-Request-Headers are not "
                       "whitelisted by the resource's CORS spec.");
    http::Response response;
    response.status = 200;
    response.headers.set("x-amz-request-id", request_id);
    allow(*rule, request, response);
    return response;
  }();
  return asked ? std::move(*asked) : wire::write_error(kService, asked.error(), request_id, false);
}

void CorsDoor::add_headers(const http::RequestHead& head, http::Response& response) {
  if (!head.headers.contains(kOrigin)) return;
  const auto cors = rules_for(head);
  if (!cors) return;
  const CrossOrigin request = request_of(head);
  if (const CorsRule* rule = allowing(*cors, request)) allow(*rule, request, response);
}

}  // namespace tarn::s3

#include "services/lambda/url_event.h"

#include <fmt/format.h>

#include <map>

#include "base/text.h"

namespace tarn::lambda {
namespace {

// AWS: binary bodies come base64-encoded; what is text is told by its type.
bool is_text(std::string_view type) {
  const std::string kind = lower(trim(type.substr(0, type.find(';'))));
  return kind.starts_with("text/") || kind == "application/json" || kind == "application/javascript" ||
         kind == "application/xml" || kind.ends_with("+json") || kind.ends_with("+xml");
}

// Several values of one name are joined by commas.
void join(std::map<std::string, std::string>& values, const std::string& name, const std::string& value) {
  const auto [at, fresh] = values.emplace(name, value);
  if (!fresh) at->second += "," + value;
}

Json object_of(const std::map<std::string, std::string>& values) {
  Json json = Json::object();
  for (const auto& [name, value] : values) json.set(name, value);
  return json;
}

std::map<std::string, std::string> parameters_of(std::string_view query) {
  std::map<std::string, std::string> out;
  for (const std::string_view part : split(query, '&')) {
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    join(out, uri_decode(part.substr(0, equals), true),
         equals == std::string_view::npos ? "" : uri_decode(part.substr(equals + 1), true));
  }
  return out;
}

Json authorizer_of(const Principal& who) {
  return Json::object({{"iam", Json::object({{"accessKey", who.access_key},
                                             {"accountId", who.account},
                                             {"callerId", who.user_id},
                                             {"cognitoIdentity", Json()},
                                             {"principalOrgId", Json()},
                                             {"userArn", who.arn},
                                             {"userId", who.user_id}})}});
}

// "12/Mar/2020:19:03:58 +0000"
std::string log_time(Time t) {
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const CivilTime at = civil(t);
  return fmt::format("{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000", at.day, kMonths[at.month - 1], at.year, at.hour,
                     at.minute, at.second);
}

// Status, headers and cookies of an object that names them.
http::Response head_of(const Json& value) {
  // A text of digits is a status as well.
  const Json* status = value.find("statusCode");
  http::Response response{.status = status ? static_cast<int>(parse_int(status->as_string()).value_or(502)) : 200,
                          .headers = {},
                          .body = {}};
  for (const auto& [name, text] : value["headers"].members())
    response.headers.add(name, text.is_bool() ? text.text() : text.as_string());
  for (const Json& cookie : value["cookies"].items()) response.headers.add("Set-Cookie", cookie.as_string());
  if (!response.headers.contains("content-type")) response.headers.add("Content-Type", "application/json");
  if (response.status < 100 || response.status > 599) response.status = 502;
  return response;
}

}  // namespace

Json url_event(const UrlRequest& request) {
  const http::RequestHead& head = request.head;
  std::map<std::string, std::string> headers;
  Json cookies = Json::array();
  for (const auto& [name, value] : head.headers) {
    if (equals_ignore_case(name, "cookie")) {
      for (const std::string_view cookie : split(value, ';')) cookies.push(trim(cookie));
      continue;
    }
    join(headers, lower(name), value);
  }
  Json event = Json::object({{"version", "2.0"},
                             {"routeKey", "$default"},
                             {"rawPath", uri_decode(head.path)},
                             {"rawQueryString", head.query}});
  if (cookies.size() > 0) event.set("cookies", std::move(cookies));
  event.set("headers", object_of(headers));
  if (const auto parameters = parameters_of(head.query); !parameters.empty())
    event.set("queryStringParameters", object_of(parameters));
  Json context = Json::object({{"accountId", request.principal == nullptr ? "anonymous" : request.principal->account},
                               {"apiId", request.url_id}});
  if (request.principal != nullptr) context.set("authorizer", authorizer_of(*request.principal));
  context.set("domainName", request.host.substr(0, request.host.find(':')));
  context.set("domainPrefix", request.url_id);
  context.set("http", Json::object({{"method", head.method},
                                    {"path", uri_decode(head.path)},
                                    {"protocol", "HTTP/1.1"},
                                    {"sourceIp", head.peer_address},
                                    {"userAgent", head.headers.get("user-agent")}}));
  context.set("requestId", request.request_id);
  context.set("routeKey", "$default");
  context.set("stage", "$default");
  context.set("time", log_time(request.time));
  context.set("timeEpoch", request.time.micros / 1000);
  event.set("requestContext", std::move(context));
  if (!request.body.empty()) {
    const bool text = is_text(head.headers.get("content-type")) && valid_utf8(request.body);
    event.set("body", text ? std::string(request.body) : base64(request.body));
    event.set("isBase64Encoded", !text);
  } else {
    event.set("isBase64Encoded", false);
  }
  return event;
}

http::Response url_answer(const std::string& payload) {
  const auto value = Json::parse(payload);
  if (!value || !value->is_object() || value->find("statusCode") == nullptr)
    return {.status = 200,
            .headers = {{"Content-Type", "application/json"}},
            .body = value && value->is_string() ? value->as_string() : payload};
  http::Response response = head_of(*value);
  const Json& body = (*value)["body"];
  response.body = body.is_string() || body.is_null() ? body.as_string() : body.text();
  if ((*value)["isBase64Encoded"].as_bool()) {
    auto bytes = unbase64(response.body);
    if (!bytes)
      return {.status = 502,
              .headers = {{"Content-Type", "application/json"}},
              .body = R"({"Message":"Internal Server Error"})"};
    response.body = std::move(*bytes);
  }
  return response;
}

std::optional<http::Response> url_prelude(std::string_view json) {
  const auto value = Json::parse(json);
  if (!value || !value->is_object()) return std::nullopt;
  return head_of(*value);
}

}  // namespace tarn::lambda

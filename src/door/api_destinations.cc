#include "door/api_destinations.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/text.h"
#include "door/arn.h"
#include "door/sealed.h"
#include "http/outbound.h"
#include "store/store.h"

namespace tarn {
namespace {

constexpr auto kPatience = std::chrono::seconds(5);
constexpr Micros kRenewal = 60 * kSecond;  // a token is renewed so long before it expires

Failure not_there(std::string_view what, std::string_view name) {
  return fail(400, "ResourceNotFoundException", fmt::format("{} {} does not exist.", what, name));
}

void add_query(std::string& url, std::string_view key, std::string_view value) {
  url += url.find('?') == std::string::npos ? '?' : '&';
  url += uri_encode(key) + "=" + uri_encode(value);
}

// Parameters of the connection: headers and query for all bodies, fields where the body is an object.
void add_parameters(const Json& parameters, http::Outbound& request) {
  for (const Json& header : parameters["header"].items())
    request.headers.set(header["key"].as_string(), header["value"].as_string());
  for (const Json& query : parameters["query"].items())
    add_query(request.url, query["key"].as_string(), query["value"].as_string());
  if (parameters["body"].size() == 0) return;
  auto body = Json::parse(request.body);
  if (!body || !body->is_object()) return;
  for (const Json& field : parameters["body"].items()) body->set(field["key"].as_string(), field["value"].as_string());
  request.body = body->text();
}

Status judge_answer(const http::Response& answer, std::string_view who) {
  if (answer.status >= 200 && answer.status < 300) return {};
  return fail(answer.status, answer.status == 429 ? "ThrottlingException" : "ApiDestinationError",
              fmt::format("{} answered with the status {}.", who, answer.status));
}

struct Token {
  std::string text;
  std::optional<Time> expires;
};

// AWS: "Connections", OAuth: the client's credentials go into the body as a form, unless it is a GET.
Result<Token> ask_for_token(const Json& oauth, Time now) {
  http::Outbound request{.method = oauth["method"].as_string(), .url = oauth["endpoint"].as_string()};
  request.timeout = kPatience;
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  std::string form = "grant_type=client_credentials&client_id=" + uri_encode(oauth["id"].as_string()) +
                     "&client_secret=" + uri_encode(oauth["secret"].as_string());
  for (const Json& field : oauth["http"]["body"].items())
    form += "&" + uri_encode(field["key"].as_string()) + "=" + uri_encode(field["value"].as_string());
  if (request.method == "GET")
    request.url += (request.url.find('?') == std::string::npos ? "?" : "&") + form;
  else
    request.body = std::move(form);
  for (const Json& header : oauth["http"]["header"].items())
    request.headers.set(header["key"].as_string(), header["value"].as_string());
  for (const Json& query : oauth["http"]["query"].items())
    add_query(request.url, query["key"].as_string(), query["value"].as_string());
  const http::Response answer = TRY(http::fetch(request));
  TRY(judge_answer(answer, "The connection's authorization endpoint"));
  const auto body = Json::parse(answer.body);
  if (!body || (*body)["access_token"].as_string().empty())
    return fail(401, "ApiDestinationError", "The connection's authorization endpoint gave no access_token.");
  const int64_t seconds = (*body)["expires_in"].is_string() ? parse_int((*body)["expires_in"].as_string()).value_or(0)
                                                            : (*body)["expires_in"].as_int();
  Token token{(*body)["access_token"].as_string(), std::nullopt};
  if (seconds > 0) token.expires = now + seconds * kSecond;
  return token;
}

// The one that is kept, or a new one. AWS: "OAuth authorization": a token is renewed before it expires.
Result<std::string> token_of(Store& store, const ConnectionRecord& connection, const Json& oauth, Time now) {
  const TokenKey key{connection.id};
  const auto kept = TRY(store.read()->get(kTokens, key));
  if (kept && kept->connection_modified == connection.modified && (!kept->expires || now + kRenewal < *kept->expires))
    if (const auto text = unseal(store.secret("events.connections"), kept->sealed)) return *text;
  const Token token = TRY(ask_for_token(oauth, now));
  const TokenRecord record{seal(store.secret("events.connections"), token.text), connection.modified, token.expires};
  TRY(store.run([&](Transaction& tx) { return tx.put(kTokens, key, record); }));
  return token.text;
}

Status log_in(Store& store, const ConnectionRecord& connection, const Json& parameters, Time now,
              http::Outbound& request) {
  if (connection.type == "BASIC")
    request.headers.set("Authorization",
                        "Basic " + base64(parameters["user"].as_string() + ":" + parameters["password"].as_string()));
  else if (connection.type == "API_KEY")
    request.headers.set(parameters["name"].as_string(), parameters["value"].as_string());
  else
    request.headers.set("Authorization", "Bearer " + TRY(token_of(store, connection, parameters, now)));
  return {};
}

// Lasts no shorter than a call has at that rate.
class Pace {
 public:
  explicit Pace(int32_t calls_a_second)
      : until_(std::chrono::steady_clock::now() + std::chrono::microseconds(kSecond / std::max(1, calls_a_second))) {}
  ~Pace() { std::this_thread::sleep_until(until_); }
  Pace(const Pace&) = delete;
  Pace& operator=(const Pace&) = delete;

 private:
  const std::chrono::steady_clock::time_point until_;
};

std::string endpoint_of(std::string endpoint, const ApiCall& call) {
  for (const std::string& value : call.path_values)
    if (const size_t star = endpoint.find('*'); star != std::string::npos) endpoint.replace(star, 1, uri_encode(value));
  for (const auto& [key, value] : call.query) add_query(endpoint, key, value);
  return endpoint;
}

}  // namespace

std::string seal_connection(const Store& store, const Json& parameters) {
  return seal(store.secret("events.connections"), parameters.text());
}

Result<Json> open_connection(const Store& store, const ConnectionRecord& record) {
  const auto text = unseal(store.secret("events.connections"), record.sealed);
  if (!text) return internal_failure("a connection's parameters cannot be read: they were not sealed here");
  return Json::parse(*text);
}

Status call_api(Store& store, const std::string& destination_arn, const ApiCall& call, Time now, bool paced) {
  const auto arn = Arn::parse(destination_arn);
  const std::string id = arn ? std::string(arn->resource_id()) : std::string();
  const std::string name = id.substr(0, id.find('/'));
  const auto tx = store.read();
  std::optional<ApiDestinationRecord> destination;
  if (arn) destination = TRY(tx->get(kApiDestinations, {arn->account, arn->region, name}));
  if (!destination || !id.ends_with("/" + destination->id)) return not_there("ApiDestination", destination_arn);
  const auto connection = TRY(tx->get(kConnections, {arn->account, arn->region, destination->connection}));
  if (!connection) return not_there("Connection", destination->connection);
  if (connection->state != "AUTHORIZED")
    return fail(400, "ConnectionNotAuthorized", fmt::format("Connection {} is deauthorized.", destination->connection));

  std::optional<Pace> pace;
  if (paced) pace.emplace(destination->rate);
  const Json parameters = TRY(open_connection(store, *connection));
  http::Outbound request{.method = destination->method, .url = endpoint_of(destination->endpoint, call)};
  request.timeout = kPatience;
  request.body = call.body;
  request.headers.set("Content-Type", "application/json; charset=utf-8");
  request.headers.set("User-Agent", "Amazon/EventBridge/ApiDestinations");
  for (const auto& [key, value] : call.headers) request.headers.set(key, value);
  TRY(log_in(store, *connection, parameters, now, request));
  add_parameters(parameters["invocation"], request);
  http::Response answer = TRY(http::fetch(request));
  if (connection->type == "OAUTH_CLIENT_CREDENTIALS" && (answer.status == 401 || answer.status == 407)) {
    TRY(store.run([&](Transaction& writing) { return writing.erase(kTokens, {connection->id}); }));
    TRY(log_in(store, *connection, parameters, now, request));
    answer = TRY(http::fetch(request));
  }
  return judge_answer(answer, "The endpoint of " + destination_arn);
}

}  // namespace tarn

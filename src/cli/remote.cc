// Commands that call a running server: each is one signed request to an operation of tarn's own.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "cli/cli.h"
#include "door/accounts.h"
#include "http/client.h"
#include "os/clock.h"
#include "os/file.h"
#include "wire/sigv4.h"

namespace tarn::cli {
namespace {

constexpr auto kTimeout = std::chrono::minutes(60);  // advancing a clock may run a month's work

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

Result<wire::SigningCredentials> credentials(const Target& target) {
  wire::SigningCredentials found{variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"), variable("AWS_SESSION_TOKEN")};
  if (!found.access_key.empty() && !found.secret.empty()) return found;
  const auto accounts = Accounts::read(target.data_dir);
  if (!accounts)
    return fail(401, "NoCredentials", fmt::format("No credentials: AWS_ACCESS_KEY_ID is not set and {} holds none.", target.data_dir));
  const RootKey& root = accounts->all().at(accounts->first());
  return wire::SigningCredentials{root.id, root.secret, ""};
}

Result<std::string> endpoint(const Target& target) {
  if (!target.endpoint.empty()) return target.endpoint;
  if (const std::string url = variable("AWS_ENDPOINT_URL"); !url.empty()) return url;
  const auto last = read_file(target.data_dir + "/endpoint");
  if (!last)
    return fail(404, "NoServer", fmt::format("No server has listened for {} yet. Start it with `tarn serve`, or name one by --endpoint.",
                                             target.data_dir));
  return std::string(trim(*last));
}

int print_clock(const Result<Json>& state) {
  if (!state) return complain(state.error());
  const double seconds = (*state)["Time"].as_double();
  std::printf("%s%s\n", iso8601(Time{static_cast<int64_t>(seconds * 1e6)}).c_str(), (*state)["Virtual"].as_bool() ? "" : " (the system's)");
  return 0;
}

}  // namespace

Result<http::Response> send_signed(const Target& target, http::Request request, const std::string& service, size_t max_body) {
  std::string url = TRY(endpoint(target));
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return fail(400, "InvalidEndpoint", fmt::format("'{}' is no endpoint: http://HOST:PORT is.", url));
  std::string authority = url.substr(kScheme.size());
  authority = authority.substr(0, authority.find('/'));
  const size_t colon = authority.rfind(':');
  const auto port = colon == std::string::npos ? std::optional<int64_t>(80) : parse_int(authority.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return fail(400, "InvalidEndpoint", fmt::format("'{}' names no port.", url));

  request.headers.add("Host", authority);
  request.headers.add("User-Agent", "tarn-cli");
  const std::string region = variable("AWS_REGION");
  wire::sign(request, TRY(credentials(target)), region.empty() ? "us-east-1" : region, service, system_now());
  return http::send(authority.substr(0, colon), static_cast<uint16_t>(*port), request, kTimeout, max_body);
}

Result<Json> call_json(const Target& target, const std::string& service, const std::string& operation, const Json& input) {
  http::Request request;
  request.method = "POST";
  request.path = "/";
  request.headers = {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", operation}};
  request.body = input.text();
  const http::Response response = TRY(send_signed(target, std::move(request), service, 64 << 20));
  Json body = TRY(Json::parse(response.body));
  if (response.status >= 300) {
    const Json& message = body["message"].is_null() ? body["Message"] : body["message"];
    return fail(response.status, body["__type"].as_string(), message.as_string());
  }
  return body;
}

Result<Json> call_server(const Target& target, const std::string& operation, const Json& input) {
  return call_json(target, "tarn", "Tarn." + operation, input);
}

int clock_show(const Target& target) { return print_clock(call_server(target, "GetClock", Json::object())); }

int clock_advance(const Target& target, const std::string& duration) {
  const auto micros = parse_duration(duration);
  if (!micros || *micros < kSecond)
    return complain({400, "InvalidDuration", fmt::format("'{}' is no duration: 30d, 12h, 90s, 1d12h are.", duration)});
  return print_clock(call_server(target, "AdvanceClock", Json::object({{"Seconds", *micros / kSecond}})));
}

int clock_set(const Target& target, const std::string& time) {
  const auto when = parse_iso8601(time);
  if (!when) return complain({400, "InvalidTime", fmt::format("'{}' is no time: 2024-11-01T00:00:00Z is.", time)});
  const Json seconds = Json::number(fmt::format("{}.{:06}", when->seconds(), when->micros % kSecond));
  return print_clock(call_server(target, "SetClock", Json::object({{"Time", seconds}})));
}

int backup_command(const Target& target, const std::string& directory) {
  std::string absolute = directory;
  if (!absolute.starts_with('/')) {
    char* here = realpath(".", nullptr);
    absolute = fmt::format("{}/{}", here != nullptr ? here : ".", directory);
    std::free(here);
  }
  const auto done = call_server(target, "Backup", Json::object({{"Directory", absolute}}));
  if (!done) return complain(done.error());
  std::printf("backed up to %s\n", absolute.c_str());
  return 0;
}

}  // namespace tarn::cli

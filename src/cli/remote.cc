// Commands that call a running server: each is one signed request to an operation of tarn's own.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "cli/cli.h"
#include "door/accounts.h"
#include "http/outbound.h"
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
  if (std::string url = variable("AWS_ENDPOINT_URL"); !url.empty()) return url;
  const auto last = read_file(target.data_dir + "/endpoint");
  if (!last)
    return fail(404, "NoServer", fmt::format("No server has listened for {} yet. Start it with `tarn serve`, or name one by --endpoint.",
                                             target.data_dir));
  return std::string(trim(*last));
}

Time time_of(const Json& seconds) { return {static_cast<int64_t>(seconds.as_double() * 1e6)}; }

// "rule/daily" of arn:aws:events:us-east-1:123456789012:rule/daily; "sqs jobs" of a queue's ARN.
std::string short_name(const std::string& arn, bool with_service) {
  const auto parts = split(arn, ':');
  if (parts.size() < 6) return arn;
  const std::string resource = arn.substr(static_cast<size_t>(parts[5].data() - arn.data()));
  return with_service ? std::string(parts[2]) + " " + resource : resource;
}

void print_fired(const Json& fired) {
  for (const Json& call : fired.items()) {
    const std::string again = call["Attempt"].as_int() > 1 ? fmt::format("attempt {}: ", call["Attempt"].as_int()) : "";
    std::printf("%s  %s  %s  %s%s\n", iso8601(time_of(call["Time"])).c_str(),
                short_name(call["SourceArn"].as_string(), false).c_str(), short_name(call["Target"].as_string(), true).c_str(),
                again.c_str(), call["Outcome"].as_string().c_str());
  }
}

int print_clock(const Result<Json>& state) {
  if (!state) return complain(state.error());
  print_fired((*state)["Fired"]);
  std::printf("%s%s\n", iso8601(time_of((*state)["Time"])).c_str(), (*state)["Virtual"].as_bool() ? "" : " (the system's)");
  return 0;
}

}  // namespace

Result<http::Response> send_signed(const Target& target, http::Request request, const std::string& service, size_t max_body) {
  std::string url = TRY(endpoint(target));
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return fail(400, "InvalidEndpoint", fmt::format("'{}' is no endpoint: http://HOST:PORT is.", url));
  std::string authority = url.substr(kScheme.size());
  authority = authority.substr(0, authority.find('/'));

  request.headers.add("Host", authority);
  request.headers.add("User-Agent", "tarn-cli");
  const std::string region = variable("AWS_REGION");
  wire::sign(request, TRY(credentials(target)), region.empty() ? "us-east-1" : region, service, system_now());
  const std::string asked = request.query.empty() ? request.path : request.path + "?" + request.query;
  auto answer = http::fetch({.method = request.method,
                             .url = std::string(kScheme) + authority + asked,
                             .headers = std::move(request.headers),
                             .body = std::move(request.body),
                             .timeout = kTimeout,
                             .most = max_body + 1,
                             .direct = true});
  if (answer && answer->body.size() > max_body)
    return fail(502, "BadAnswer", fmt::format("{} answers with more than {} bytes.", url, max_body));
  if (!answer && answer.error().code == "Unreachable")
    return fail(503, "Unreachable",
                fmt::format("no server answers at {} ({}). Start it with `tarn serve`, or name another by --endpoint.", url,
                            answer.error().message));
  return answer;
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

int events_why(const Target& target, const std::string& rule, const std::string& bus) {
  Json input = Json::object({{"Name", rule}});
  if (!bus.empty()) input.set("EventBusName", bus);
  const auto told = call_server(target, "ExplainRule", input);
  if (!told) return complain(told.error());
  const Json& out = *told;
  std::printf("%s  %s\n", out["RuleArn"].as_string().c_str(), out["State"].as_string().c_str());
  for (const char* member : {"EventPattern", "ScheduleExpression"})
    if (out.find(member) != nullptr) std::printf("  %s\n", out[member].as_string().c_str());
  for (const Json& note : out["Notes"].items()) std::printf("  note: %s\n", note.as_string().c_str());
  for (const Json& event : out["Events"].items()) {
    std::printf("%s  %s  %s  %s\n", iso8601(time_of(event["Time"])).c_str(), event["Id"].as_string().c_str(),
                event["Source"].as_string().c_str(), event["DetailType"].as_string().c_str());
    if (!event["Matched"].as_bool()) std::printf("    no: %s\n", event["Failed"].as_string().c_str());
    for (const Json& sent : event["Deliveries"].items())
      std::printf("    to %s: %s (attempts: %ld)\n", sent["Target"].as_string().c_str(), sent["Outcome"].as_string().c_str(),
                  static_cast<long>(sent["Attempts"].as_int()));
  }
  if (out["Events"].size() == 0) std::printf("  no event on this bus since the server started\n");
  return 0;
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

// The Extensions API: programs beside the runtime that are told of calls and of the end.
// AWS: Developer Guide, "Using the Lambda Extensions API to create extensions".
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "os/clock.h"
#include "os/random.h"
#include "services/lambda/environment_state.h"

namespace tarn::lambda {
namespace {

using Exchange = std::shared_ptr<http::Exchange>;

void refuse(const Exchange& exchange, int status, const char* type, const char* message) {
  exchange->respond({.status = status,
                     .headers = {{"Content-Type", "application/json"}},
                     .body = Json::object({{"errorType", type}, {"errorMessage", message}}).text()});
}

void tell(Extension& extension) {
  if (!extension.waiting || extension.events.empty()) return;
  http::Response response{
      .headers = {{"Content-Type", "application/json"}, {"Lambda-Extension-Event-Identifier", uuid4()}},
      .body = std::move(extension.events.front())};
  extension.events.pop_front();
  std::exchange(extension.waiting, nullptr)->respond(std::move(response));
}

}  // namespace

void Environments::State::tell_extensions(RunningEnvironment& e, bool invoke, const Json& event) {
  for (Extension& extension : e.extensions) {
    if (!(invoke ? extension.invoke : extension.shutdown)) continue;
    extension.events.push_back(event.text());
    tell(extension);
  }
}

bool Environments::State::extensions_ready(const RunningEnvironment& e) const {
  return e.extensions.size() >= e.extensions_expected &&
         std::ranges::all_of(e.extensions, [](const Extension& x) { return x.waiting != nullptr; });
}

void Environments::State::serve_extension(const Exchange& exchange, RunningEnvironment& e, std::string_view what,
                                          const std::string& body) {
  const http::Headers& headers = exchange->head().headers;
  if (what == "register") {
    const auto asked = Json::parse(body.empty() ? "{}" : body);
    if (!asked) return refuse(exchange, 400, "InvalidRequestFormat", "The body is no JSON.");
    Extension extension{.id = uuid4(), .name = std::string(headers.get("lambda-extension-name"))};
    for (const Json& event : (*asked)["events"].items()) {
      extension.invoke |= event.as_string() == "INVOKE";
      extension.shutdown |= event.as_string() == "SHUTDOWN";
    }
    const VersionRecord& record = e.program.record;
    http::Response response{
        .headers = {{"Content-Type", "application/json"}, {"Lambda-Extension-Identifier", extension.id}},
        .body = Json::object({{"functionName", e.program.key.name},
                              {"functionVersion", e.program.version},
                              {"handler", record.handler},
                              {"accountId", e.program.key.account}})
                    .text()};
    e.extensions.push_back(std::move(extension));
    return exchange->respond(std::move(response));
  }
  const auto found =
      std::ranges::find(e.extensions, std::string(headers.get("lambda-extension-identifier")), &Extension::id);
  if (found == e.extensions.end())
    return refuse(exchange, 403, "Extension.UnknownExtensionIdentifier",
                  "No extension has registered under this identifier.");
  if (what == "event/next") {
    found->waiting = exchange;
    if (e.telemetry && !std::exchange(found->told, true)) {
      Json events = Json::array();
      if (found->invoke) events.push("INVOKE");
      if (found->shutdown) events.push("SHUTDOWN");
      e.telemetry->platform("platform.extension",
                            Json::object({{"name", found->name}, {"state", "Ready"}, {"events", std::move(events)}}));
    }
    tell(*found);
    return hand_over(e);
  }
  if (what == "init/error" || what == "exit/error") {
    e.error_type = std::string(headers.get("lambda-extension-function-error-type"));
    if (e.error_type.empty()) e.error_type = "Extension.Error";
    e.init_error = Json::object({{"errorType", e.error_type},
                                 {"errorMessage", fmt::format("The extension {} failed.", found->name)}})
                       .text();
    exchange->respond({.status = 202, .headers = {{"Content-Type", "application/json"}}, .body = R"({"status":"OK"})"});
    return let_go(e);
  }
  refuse(exchange, 404, "NotFound", "No such path of the Extensions API.");
}

void Environments::State::subscribe_to_telemetry(const Exchange& exchange, RunningEnvironment& e,
                                                 const std::string& body) {
  const auto found = std::ranges::find(
      e.extensions, std::string(exchange->head().headers.get("lambda-extension-identifier")), &Extension::id);
  if (found == e.extensions.end())
    return refuse(exchange, 403, "Extension.UnknownExtensionIdentifier",
                  "No extension has registered under this identifier.");
  if (!e.telemetry)
    return refuse(exchange, 403, "Telemetry.NotSupported",
                  "Telemetry is told to extensions in a layer's folder extensions/ only.");
  const auto asked = Json::parse(body);
  if (!asked || !asked->is_object()) return refuse(exchange, 400, "ValidationError", "The body is no JSON object.");
  if (const Status done = e.telemetry->subscribe(found->name, *asked); !done)
    return refuse(exchange, done.error().status, done.error().code.c_str(), done.error().message.c_str());
  exchange->respond({.status = 200, .headers = {{"Content-Type", "text/plain"}}, .body = "OK"});
}

}  // namespace tarn::lambda

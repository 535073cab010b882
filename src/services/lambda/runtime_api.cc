// The Runtime API: what programs inside ask for and answer.
// AWS: Developer Guide, "Using the Lambda runtime API for custom runtimes".
#include "base/json.h"
#include "base/text.h"
#include "door/door.h"
#include "os/clock.h"
#include "services/lambda/environment_state.h"

namespace tarn::lambda {
namespace {

constexpr size_t kMostAnswer = 6 << 20;  // AWS: Lambda quotas: synchronous response payload
constexpr std::string_view kApi = "/2018-06-01/runtime/";
constexpr std::string_view kExtensionsApi = "/2020-01-01/extension/";
constexpr std::string_view kTelemetryApi = "/2022-07-01/telemetry";

using Exchange = std::shared_ptr<http::Exchange>;

void respond(const Exchange& exchange, int status, std::string text) {
  exchange->respond({.status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(text)});
}

void accept(const Exchange& exchange) {
  respond(exchange, 202, R"({"status":"OK"})");
}

void refuse(const Exchange& exchange, int status, const char* type, const char* message) {
  respond(exchange, status, Json::object({{"errorType", type}, {"errorMessage", message}}).text());
}

std::string header(const Exchange& exchange, std::string_view name) {
  return std::string(exchange->head().headers.get(name));
}

}  // namespace

void Environments::State::answer(const Exchange& exchange, uint64_t id) {
  if (header(exchange, "lambda-runtime-function-response-mode") == "streaming") return take_stream(exchange, id);
  exchange->read_body(kMostAnswer + 1024, [weak = weak_from_this(), exchange, id](Result<std::string> body) {
    const auto self = weak.lock();
    if (!self) return;
    if (!body)
      return refuse(exchange, 413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size (6291556 bytes).");
    self->serve(exchange, id, std::move(*body));
  });
}

void Environments::State::serve(const Exchange& exchange, uint64_t id, std::string body) {
  const std::string_view path = exchange->head().path;
  const std::lock_guard lock(mutex);
  const auto found = all.find(id);
  if (found == all.end()) return refuse(exchange, 403, "Gone", "This environment has ended.");
  RunningEnvironment& e = *found->second;
  if (path.starts_with(kExtensionsApi)) return serve_extension(exchange, e, path.substr(kExtensionsApi.size()), body);
  if (path.starts_with(kTelemetryApi) &&
      (path.size() == kTelemetryApi.size() || path.substr(kTelemetryApi.size()) == "/"))
    return subscribe_to_telemetry(exchange, e, body);
  if (!path.starts_with(kApi)) return refuse(exchange, 404, "NotFound", "No such path of the Runtime API.");
  const std::string_view what = path.substr(kApi.size());
  if (e.dying) return refuse(exchange, 403, "Gone", "This environment ends.");
  if (what == "invocation/next") {
    if (e.ready == 0) {
      e.ready = steady_now();
      e.init = e.ready - e.started;
      e.held = static_cast<uint64_t>(std::max<int64_t>(parse_int(header(exchange, "tarn-memory")).value_or(0), 0));
      tell_of_runtime(e, "");
    }
    e.waiting = exchange;
    e.idle_since = steady_now();
    return hand_over(e);
  }
  std::string type = header(exchange, "lambda-runtime-function-error-type");
  if (type.empty()) type = "Unhandled";
  if (what == "init/error") {
    e.init_error = std::move(body);
    e.error_type = type;
    tell_of_runtime(e, type);
    return accept(exchange);
  }
  if (!is_answer(e, what)) return refuse(exchange, 400, "InvalidRequestID", "Invalid request ID");
  const bool error = what.ends_with("/error");
  accept(exchange);
  if (error) e.error_type = type;
  conclude(e, {.payload = std::move(body), .error = error ? "Unhandled" : "", .log_tail = {}});
}

// Whether the path is that of the call under way.
bool Environments::State::is_answer(const RunningEnvironment& e, std::string_view what) const {
  return e.pending && what.starts_with("invocation/" + e.pending->invocation.request_id + "/");
}

// What the program wrote before it answered is in its pipe by now: it is told first.
void Environments::State::conclude(RunningEnvironment& e, InvocationResult result) {
  e.task->after_output([weak = weak_from_this(), id = e.id, request_id = e.pending->invocation.request_id,
                        result = std::move(result)]() mutable {
    const auto self = weak.lock();
    if (!self) return;
    std::vector<std::move_only_function<void()>> later;
    {
      const std::lock_guard lock(self->mutex);
      const auto found = self->all.find(id);
      if (found == self->all.end() || !found->second->pending ||
          found->second->pending->invocation.request_id != request_id)
        return;
      self->finish(*found->second, std::move(result), later);
    }
    for (auto& call : later) call();
  });
}

// An answer that comes piece by piece. AWS: "Using the Lambda runtime API": response streaming.
void Environments::State::take_stream(const Exchange& exchange, uint64_t id) {
  const auto whole = std::make_shared<std::string>();  // where nobody takes the pieces
  const std::string type = header(exchange, "content-type");
  const auto take = [weak = weak_from_this(), exchange, id, whole, type](std::string_view bytes) -> Status {
    const auto self = weak.lock();
    std::function<void(std::string_view, std::string_view)> piece;
    if (self) {
      const std::lock_guard lock(self->mutex);
      const auto found = self->all.find(id);
      const std::string_view path = exchange->head().path;
      if (found == self->all.end() || !path.starts_with(kApi) ||
          !self->is_answer(*found->second, path.substr(kApi.size())))
        return fail(400, "InvalidRequestID", "Invalid request ID");
      piece = found->second->pending->invocation.piece;
    }
    if (piece) {
      piece(type, bytes);
    } else {
      *whole += bytes;
      if (whole->size() > kMostAnswer) return fail(413, "RequestEntityTooLarge", "The answer is too large.");
    }
    return {};
  };
  exchange->stream_body(take, [weak = weak_from_this(), exchange, id, whole](Status ended) {
    const auto self = weak.lock();
    if (!self) return;
    const std::lock_guard lock(self->mutex);
    const auto found = self->all.find(id);
    if (found == self->all.end() || !found->second->pending)
      return refuse(exchange, 400, "InvalidRequestID", "Invalid request ID");
    RunningEnvironment& e = *found->second;
    // AWS: "Building a custom runtime": an error in the middle of a stream is told behind it.
    const std::string fault(exchange->trailers().get("lambda-runtime-function-error-type"));
    if (ended && !fault.empty()) {
      accept(exchange);
      e.error_type = fault;
      const std::string body(exchange->trailers().get("lambda-runtime-function-error-body"));
      return self->conclude(e, {.payload = unbase64(body).value_or("{}"), .error = "Unhandled", .log_tail = {}});
    }
    if (ended) {
      accept(exchange);
      return self->conclude(e, {.payload = std::move(*whole), .error = {}, .log_tail = {}});
    }
    refuse(exchange, ended.error().status, "StreamError", ended.error().message.c_str());
    e.error_type = "Runtime.TruncatedResponse";
    self->conclude(
        e, {.payload = Json::object({{"errorType", e.error_type}, {"errorMessage", ended.error().message}}).text(),
            .error = "Unhandled",
            .log_tail = {}});
  });
}

}  // namespace tarn::lambda

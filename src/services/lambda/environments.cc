#include "services/lambda/environments.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "door/door.h"
#include "os/clock.h"
#include "os/random.h"
#include "services/lambda/code.h"
#include "services/lambda/logs.h"
#include "services/lambda/runtimes.h"

namespace tarn::lambda {
namespace {

constexpr Micros kIdle = 5 * kMinute;       // an environment that nobody calls is let go
constexpr Micros kMostInit = 10 * kSecond;  // AWS: the init phase
constexpr Micros kCredentials = 12 * kHour;
constexpr size_t kTail = 4 << 10;
constexpr size_t kMostAnswer = 6 << 20;  // AWS: Lambda quotas: synchronous response payload
constexpr int64_t kAccountConcurrency = 1000;
constexpr std::string_view kApi = "/2018-06-01/runtime/";

using Done = std::move_only_function<void(Result<InvocationResult>)>;

// A call under way.
struct Pending {
  Invocation invocation;
  Done done;
  Micros entered = 0, deadline = 0;  // steady time; 0: not yet handed to the program
  Time wall_deadline;
};

struct Environment {
  uint64_t id = 0;
  Program program;
  std::string log_group, log_stream;
  std::unique_ptr<run::Task> task;
  std::vector<uint64_t> listeners;
  std::shared_ptr<http::Exchange> waiting;  // it asked for the next call
  std::optional<Pending> pending;
  std::string tail, line;  // of the call under way; of a line that has not ended
  std::vector<LogLine> lines;
  Micros started = 0, ready = 0, idle_since = 0;
  Micros init = 0;         // how long it took, told in the first report
  std::string init_error;  // what /init/error said
  std::string error_type;
  bool dying = false;
  std::string death;  // why it was killed: "timeout"
};

std::string environments_of(const Program& program) {
  return fmt::format("{}:{}:{}", program.function, program.version, program.record.revision);
}

std::string error_payload(std::string_view type, std::string_view message) {
  return Json::object({{"errorType", type}, {"errorMessage", message}}).text();
}

double millis(Micros t) {
  return static_cast<double>(t) / 1000.0;
}

}  // namespace

struct Environments::State : std::enable_shared_from_this<State> {
  State(Door& d, run::Runner& r, EnvironmentOptions o) : door(d), runner(r), options(std::move(o)), shipper(d) {}

  Door& door;
  run::Runner& runner;
  const EnvironmentOptions options;
  LogShipper shipper;
  http::Server* server = nullptr;
  http::Handler endpoint;

  std::mutex mutex;
  std::condition_variable changed;
  std::map<uint64_t, std::shared_ptr<Environment>> all;
  std::thread watcher;
  bool stopping = false;
  uint64_t next_id = 1;

  // All REQUIRE the mutex, but for those that take it.
  void invoke(Program program, Invocation invocation, Done done);
  Status start_environment(const std::shared_ptr<Environment>& environment);
  Result<run::TaskSpec> task_of(Environment& environment);
  void hand_over(Environment& environment);
  void finish(Environment& environment, Result<InvocationResult> result,
              std::vector<std::move_only_function<void()>>& later);
  void report(Environment& environment, std::string_view status, std::string_view error_type);
  void log(Environment& environment, std::string_view text);
  void flush(Environment& environment);
  void let_go(Environment& environment);

  void answer(const std::shared_ptr<http::Exchange>& exchange, uint64_t id);  // takes it
  void took_output(uint64_t id, std::string_view bytes);                      // takes it
  void ended(uint64_t id, const run::Outcome& outcome);                       // takes it
  void watch();
};

// --- calling ------------------------------------------------------------------------------------------------------------

void Environments::State::invoke(Program program, Invocation invocation, Done done) {
  const std::string wanted = environments_of(program);
  std::shared_ptr<Environment> chosen;
  int64_t busy_here = 0, busy = 0;
  {
    const std::lock_guard lock(mutex);
    for (const auto& [id, environment] : all) {
      if (environment->pending) {
        ++busy;
        if (environment->program.function == program.function) ++busy_here;
      } else if (!chosen && !environment->dying && environments_of(environment->program) == wanted) {
        chosen = environment;
      }
    }
    if (stopping || server == nullptr)
      return done(fail(503, "ServiceException", stopping ? "The server is stopping." : "The server is starting."));
    if (busy_here >= program.most)
      return done(Failure(Error{429,
                                "TooManyRequestsException",
                                "Rate Exceeded.",
                                {{"Reason", "ReservedFunctionConcurrentInvocationLimitExceeded"}}}));
    if (busy >= kAccountConcurrency)
      return done(Failure(
          Error{429, "TooManyRequestsException", "Rate Exceeded.", {{"Reason", "ConcurrentInvocationLimitExceeded"}}}));
    Pending pending{.invocation = std::move(invocation), .done = std::move(done)};
    if (chosen) {
      chosen->pending = std::move(pending);
      return hand_over(*chosen);
    }
    chosen = std::make_shared<Environment>();
    chosen->id = next_id++;
    chosen->program = std::move(program);
    chosen->pending = std::move(pending);
    chosen->started = steady_now();
    all[chosen->id] = chosen;
  }
  if (Status started = start_environment(chosen); !started) {
    std::vector<std::move_only_function<void()>> later;
    {
      const std::lock_guard lock(mutex);
      finish(*chosen, Failure(started.error()), later);
      all.erase(chosen->id);
    }
    for (auto& call : later) call();
  }
}

// The call goes to the program, if that has asked for one. (It asks for the next as soon as it has answered, which may be
// before the end of the last has been told.)
void Environments::State::hand_over(Environment& environment) {
  if (!environment.waiting || !environment.pending || environment.pending->entered != 0) return;
  Pending& pending = *environment.pending;
  const Micros timeout = environment.program.record.timeout * kSecond;
  pending.entered = steady_now();
  pending.deadline = pending.entered + timeout;
  pending.wall_deadline = system_now() + timeout;
  environment.tail.clear();
  log(environment,
      fmt::format("START RequestId: {} Version: {}\n", pending.invocation.request_id, environment.program.version));
  http::Response response{
      .headers = {{"Content-Type", "application/json"},
                  {"Lambda-Runtime-Aws-Request-Id", pending.invocation.request_id},
                  {"Lambda-Runtime-Deadline-Ms", std::to_string(pending.wall_deadline.micros / 1000)},
                  {"Lambda-Runtime-Invoked-Function-Arn", pending.invocation.arn},
                  {"Lambda-Runtime-Trace-Id", "Root=1-" + random_hex(8) + "-" + random_hex(24) + ";Sampled=0"}},
      .body = pending.invocation.payload};
  if (!pending.invocation.client_context.empty())
    response.headers.add("Lambda-Runtime-Client-Context", pending.invocation.client_context);
  std::exchange(environment.waiting, nullptr)->respond(std::move(response));
  changed.notify_all();
}

// --- starting -----------------------------------------------------------------------------------------------------------

Result<run::TaskSpec> Environments::State::task_of(Environment& environment) {
  const Program& program = environment.program;
  const VersionRecord& record = program.record;
  const std::string code = fmt::format("{}/code/{}", options.directory, hex(unbase64(record.code_sha256).value_or("")));
  if (!is_directory(code)) {
    TRY(make_directories(options.directory + "/code"));
    const auto tx = door.store().read();
    const auto body = TRY(door.blobs().open_body(*tx, record.code));
    std::string zip(body->size(), '\0');
    if (TRY(body->read(0, zip)) != zip.size()) return internal_failure("the function's code ends too early");
    TRY(unzip(zip, code));
  }
  const std::string support = options.directory + "/runtime";
  Interpreter interpreter = TRY(find_interpreter(record.runtime, support));
  if (!interpreter.note.empty()) log(environment, interpreter.note + "\n");

  Caller service;
  service.region = program.key.region;
  const Caller as_role = TRY(door.assume_as_service(service, record.role, "lambda.amazonaws.com", program.key.name));
  Principal principal = as_role.principal;
  principal.expires = system_now() + kCredentials;
  const TemporaryCredentials credentials = door.sessions().issue(principal);

  run::TaskSpec spec{.name = "lambda " + program.key.name, .command = interpreter.command, .directory = "/var/task"};
  spec.mounts = std::move(interpreter.mounts);
  spec.mounts.push_back({.host = code, .inside = "/var/task"});
  std::string python_path = "/var/runtime";
  if (!options.sdk.empty()) {
    spec.mounts.push_back({.host = options.sdk, .inside = "/var/lang/sdk"});
    python_path += ":/var/lang/sdk";
  }
  for (const auto& [name, value] : record.environment) spec.environment.emplace_back(name, value);
  // AWS: Developer Guide, "Defined runtime environment variables".
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"_HANDLER", record.handler},
           {"AWS_REGION", program.key.region},
           {"AWS_DEFAULT_REGION", program.key.region},
           {"AWS_EXECUTION_ENV", "AWS_Lambda_" + record.runtime},
           {"AWS_LAMBDA_FUNCTION_NAME", program.key.name},
           {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(record.memory_size)},
           {"AWS_LAMBDA_FUNCTION_VERSION", program.version},
           {"AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"},
           {"AWS_LAMBDA_LOG_GROUP_NAME", environment.log_group},
           {"AWS_LAMBDA_LOG_STREAM_NAME", environment.log_stream},
           {"AWS_ACCESS_KEY_ID", credentials.access_key},
           {"AWS_SECRET_ACCESS_KEY", credentials.secret},
           {"AWS_SESSION_TOKEN", credentials.token},
           {"LAMBDA_TASK_ROOT", "/var/task"},
           {"LAMBDA_RUNTIME_DIR", "/var/runtime"},
           {"TZ", ":UTC"},
           {"LANG", "en_US.UTF-8"},
           {"HOME", "/tmp"},
           {"PATH", "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin"},
           {"LD_LIBRARY_PATH", "/var/task:/var/task/lib:/opt/lib"},
           {"PYTHONPATH", python_path},
           {"PYTHONDONTWRITEBYTECODE", "1"},
           {"NODE_PATH", "/opt/nodejs/node_modules:/var/task/node_modules"},
           {"AWS_DISABLE_HOST_PREFIX_INJECTION", "true"}})
    if (std::ranges::none_of(spec.environment, [&](const auto& given) { return given.first == name; }))
      spec.environment.emplace_back(name, value);
  spec.ports = {{.port = 9001, .variable = "AWS_LAMBDA_RUNTIME_API"},
                {.port = server->port(), .variable = "AWS_ENDPOINT_URL", .prefix = "http://"}};
  spec.limits.memory_bytes = static_cast<uint64_t>(record.memory_size) << 20;
  spec.limits.tmp_bytes = static_cast<uint64_t>(record.ephemeral_storage) << 20;
  return spec;
}

Status Environments::State::start_environment(const std::shared_ptr<Environment>& environment) {
  Environment& e = *environment;
  const CivilTime today = civil(door.clock().now());
  e.log_group = e.program.record.log_group.empty() ? "/aws/lambda/" + e.program.key.name : e.program.record.log_group;
  e.log_stream =
      fmt::format("{:04}/{:02}/{:02}/[{}]{}", today.year, today.month, today.day, e.program.version, random_hex(32));
  run::TaskSpec spec = TRY(task_of(e));
  const std::weak_ptr<State> weak = shared_from_this();
  const uint64_t id = e.id;
  run::TaskEvents events;
  events.ready = [weak, id](std::vector<Fd> listeners) {
    const auto self = weak.lock();
    if (!self || listeners.size() != 2) return;
    const uint64_t api =
        self->server->listen_on(std::move(listeners[0]), [weak, id](std::shared_ptr<http::Exchange> exchange) {
          if (const auto state = weak.lock()) state->answer(exchange, id);
        });
    const uint64_t own = self->server->listen_on(std::move(listeners[1]), self->endpoint);
    const std::lock_guard lock(self->mutex);
    if (const auto found = self->all.find(id); found != self->all.end()) found->second->listeners = {api, own};
  };
  events.output = [weak, id](std::string_view bytes) {
    if (const auto self = weak.lock()) self->took_output(id, bytes);
    return true;
  };
  events.ended = [weak, id](run::Outcome outcome) {
    if (const auto self = weak.lock()) self->ended(id, outcome);
  };
  auto task = runner.start(std::move(spec), std::move(events));
  const std::lock_guard lock(mutex);
  e.task = std::move(task);
  return {};
}

// --- the Runtime API ----------------------------------------------------------------------------------------------------

void Environments::State::answer(const std::shared_ptr<http::Exchange>& exchange, uint64_t id) {
  exchange->read_body(kMostAnswer + 1024, [weak = weak_from_this(), exchange, id](Result<std::string> body) {
    const auto self = weak.lock();
    if (!self) return;
    const auto plain = [&](int status, std::string text) {
      exchange->respond({.status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(text)});
    };
    if (!body)
      return plain(
          413,
          R"({"errorType":"RequestEntityTooLarge","errorMessage":"Exceeded maximum allowed payload size (6291556 bytes)."})");
    const std::string_view path = exchange->head().path;
    if (!path.starts_with(kApi))
      return plain(404, R"({"errorType":"NotFound","errorMessage":"No such path of the Runtime API."})");
    const std::string_view what = path.substr(kApi.size());
    std::vector<std::move_only_function<void()>> later;
    {
      const std::lock_guard lock(self->mutex);
      const auto found = self->all.find(id);
      if (found == self->all.end())
        return plain(403, R"({"errorType":"Gone","errorMessage":"This environment has ended."})");
      Environment& e = *found->second;
      if (what == "invocation/next") {
        if (e.ready == 0) {
          e.ready = steady_now();
          e.init = e.ready - e.started;
        }
        e.waiting = exchange;
        e.idle_since = steady_now();
        self->hand_over(e);
        return;
      }
      const bool has_type = exchange->head().headers.contains("lambda-runtime-function-error-type");
      const std::string type =
          has_type ? std::string(exchange->head().headers.get("lambda-runtime-function-error-type")) : "Unhandled";
      if (what == "init/error") {
        e.init_error = std::move(*body);
        e.error_type = type;
        plain(202, R"({"status":"OK"})");
        return;
      }
      const std::string request_id = e.pending ? e.pending->invocation.request_id : "";
      if (request_id.empty() || !what.starts_with("invocation/" + request_id + "/"))
        return plain(400, R"({"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"})");
      const bool error = what.ends_with("/error");
      plain(202, R"({"status":"OK"})");
      if (error) e.error_type = type;
      InvocationResult result{.payload = std::move(*body), .error = error ? "Unhandled" : ""};
      // What the program wrote before it answered is in its pipe by now: it is told first.
      e.task->after_output([weak, id, request_id, result = std::move(result)]() mutable {
        const auto state = weak.lock();
        if (!state) return;
        std::vector<std::move_only_function<void()>> calls;
        {
          const std::lock_guard inner(state->mutex);
          const auto again = state->all.find(id);
          if (again == state->all.end() || !again->second->pending ||
              again->second->pending->invocation.request_id != request_id)
            return;
          state->finish(*again->second, std::move(result), calls);
        }
        for (auto& call : calls) call();
      });
    }
  });
}

// --- ending -------------------------------------------------------------------------------------------------------------

void Environments::State::finish(Environment& e, Result<InvocationResult> result,
                                 std::vector<std::move_only_function<void()>>& later) {
  if (!e.pending) return;
  if (result && e.pending->entered != 0) {
    report(e, result->error.empty() ? "" : "error", result->error.empty() ? "" : e.error_type);
    result->log_tail = e.tail.size() > kTail ? e.tail.substr(e.tail.size() - kTail) : e.tail;
  }
  flush(e);
  Pending pending = std::move(*e.pending);
  e.pending.reset();
  e.error_type.clear();
  later.push_back([done = std::move(pending.done), result = std::move(result)]() mutable { done(std::move(result)); });
  changed.notify_all();
}

// AWS: Developer Guide, "Sending Lambda function logs to CloudWatch Logs": END and REPORT.
void Environments::State::report(Environment& e, std::string_view status, std::string_view error_type) {
  const Pending& pending = *e.pending;
  const double duration = millis(steady_now() - pending.entered);
  const Micros init = std::exchange(e.init, 0);
  const double billed = std::ceil(duration + millis(init));
  const uint64_t peak = (e.task ? e.task->peak_memory() : 0) >> 20;
  if (!e.line.empty()) log(e, "\n");
  std::string text = fmt::format(
      "END RequestId: {0}\nREPORT RequestId: {0}\tDuration: {1:.2f} ms\tBilled Duration: {2:.0f} ms\tMemory "
      "Size: {3} MB\tMax Memory Used: {4} MB\t",
      pending.invocation.request_id, duration, billed, e.program.record.memory_size,
      std::min<uint64_t>(peak, static_cast<uint64_t>(e.program.record.memory_size)));
  if (init > 0) text += fmt::format("Init Duration: {:.2f} ms\t", millis(init));
  if (!status.empty()) text += fmt::format("Status: {}\t", status);
  if (!error_type.empty()) text += fmt::format("Error Type: {}", error_type);
  log(e, text + "\n");
}

void Environments::State::ended(uint64_t id, const run::Outcome& outcome) {
  std::vector<std::move_only_function<void()>> later;
  {
    const std::lock_guard lock(mutex);
    const auto found = all.find(id);
    if (found == all.end()) return;
    const std::shared_ptr<Environment> kept = found->second;
    Environment& e = *kept;
    all.erase(found);
    for (const uint64_t listener : e.listeners) server->stop_listening(listener);
    if (e.pending) {
      const std::string request_id = e.pending->invocation.request_id;
      if (e.pending->entered == 0) {  // it never came to ask: the time until now was its init
        e.pending->entered = e.started;
        log(e, fmt::format("START RequestId: {} Version: {}\n", request_id, e.program.version));
      }
      InvocationResult result{.payload = {}, .error = "Unhandled"};
      if (e.death == "timeout") {
        const std::string text =
            fmt::format("Task timed out after {:.2f} seconds", static_cast<double>(e.program.record.timeout));
        log(e, fmt::format("{} {} {}\n\n", iso8601(Time{system_now().micros / 1000 * 1000}), request_id, text));
        result.payload = error_payload("Sandbox.Timedout", fmt::format("RequestId: {} Error: {}", request_id, text));
        e.error_type = "Sandbox.Timedout";
      } else if (!e.init_error.empty()) {
        result.payload = e.init_error;
      } else if (outcome.kind == run::Outcome::Kind::kNotStarted) {
        result.payload = error_payload("Runtime.InvalidEntrypoint",
                                       fmt::format("RequestId: {} Error: {}", request_id, outcome.reason));
        e.error_type = "Runtime.InvalidEntrypoint";
      } else {
        const bool memory = outcome.kind == run::Outcome::Kind::kOutOfMemory;
        e.error_type = memory ? "Runtime.OutOfMemory" : "Runtime.ExitError";
        const std::string how =
            memory || outcome.kind == run::Outcome::Kind::kSignalled ? "signal: killed" : outcome.text();
        const std::string text = fmt::format("RequestId: {} Error: Runtime exited with error: {}", request_id, how);
        log(e, fmt::format("{}\n{}\n", text, e.error_type));
        result.payload = error_payload(e.error_type, text);
      }
      finish(e, std::move(result), later);
    } else {
      flush(e);
    }
    changed.notify_all();
  }
  for (auto& call : later) call();
}

void Environments::State::let_go(Environment& environment) {
  environment.dying = true;
  if (environment.task) environment.task->kill();
}

// --- logs ---------------------------------------------------------------------------------------------------------------

void Environments::State::log(Environment& e, std::string_view text) {
  e.tail += text;
  if (e.tail.size() > 4 * kTail) e.tail.erase(0, e.tail.size() - 2 * kTail);
  const int64_t now = door.clock().now().micros / 1000;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    e.line += text.substr(at, end == std::string_view::npos ? end : end + 1 - at);
    if (end == std::string_view::npos) break;
    e.lines.push_back({now, std::exchange(e.line, {})});
    at = end + 1;
  }
}

void Environments::State::took_output(uint64_t id, std::string_view bytes) {
  const std::lock_guard lock(mutex);
  const auto found = all.find(id);
  if (found == all.end()) return;
  log(*found->second, bytes);
  if (found->second->lines.size() > 1000) flush(*found->second);
}

void Environments::State::flush(Environment& e) {
  if (e.lines.empty()) return;
  shipper.ship({.region = e.program.key.region,
                .role = e.program.record.role,
                .function = e.program.key.name,
                .group = e.log_group,
                .stream = e.log_stream,
                .lines = std::exchange(e.lines, {})});
}

// --- watching time ------------------------------------------------------------------------------------------------------

void Environments::State::watch() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    const Micros now = steady_now();
    Micros next = now + kMinute;
    for (const auto& [id, environment] : all) {
      Environment& e = *environment;
      if (e.dying) continue;
      Micros due = 0;
      if (e.pending && e.pending->deadline != 0)
        due = e.pending->deadline;
      else if (e.pending && e.ready == 0)
        due = e.started + std::max(kMostInit, e.program.record.timeout * kSecond);
      else if (!e.pending)
        due = e.idle_since + kIdle;
      if (due == 0) continue;
      if (due <= now) {
        if (e.pending) e.death = "timeout";
        let_go(e);
      } else {
        next = std::min(next, due);
      }
    }
    changed.wait_for(lock, std::chrono::microseconds(next - now));
  }
}

// --- the whole ----------------------------------------------------------------------------------------------------------

Environments::Environments(Door& door, run::Runner& runner, EnvironmentOptions options)
    : state_(std::make_shared<State>(door, runner, std::move(options))) {}

Environments::~Environments() {
  stop();
}

Status Environments::start(http::Server& server, http::Handler endpoint) {
  TRY(write_support(state_->options.directory + "/runtime"));
  {
    const std::lock_guard lock(state_->mutex);
    state_->endpoint = std::move(endpoint);
    state_->server = &server;
  }
  state_->watcher = std::thread([state = state_.get()] { state->watch(); });
  return {};
}

void Environments::stop() {
  std::vector<std::shared_ptr<Environment>> left;
  {
    const std::lock_guard lock(state_->mutex);
    if (std::exchange(state_->stopping, true)) return;
    for (const auto& [id, environment] : state_->all) left.push_back(environment);
    for (const auto& environment : left) state_->let_go(*environment);
    state_->changed.notify_all();
  }
  if (state_->watcher.joinable()) state_->watcher.join();
  std::unique_lock lock(state_->mutex);
  state_->changed.wait_for(lock, std::chrono::seconds(5), [&] { return state_->all.empty(); });
}

void Environments::invoke(Program program, Invocation invocation,
                          std::move_only_function<void(Result<InvocationResult>)> done) {
  state_->invoke(std::move(program), std::move(invocation), std::move(done));
}

}  // namespace tarn::lambda

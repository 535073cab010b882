#include "services/lambda/environments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "door/door.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"
#include "services/lambda/environment_state.h"
#include "services/lambda/lineage.h"
#include "services/lambda/runtimes.h"

namespace tarn::lambda {
namespace {

constexpr Micros kIdle = 5 * kMinute;       // an environment that nobody calls is let go
constexpr Micros kMostInit = 10 * kSecond;  // AWS: the init phase
constexpr Micros kShutdown = 2 * kSecond;
constexpr size_t kTail = 4 << 10;

std::string error_payload(std::string_view type, std::string_view message) {
  return Json::object({{"errorType", type}, {"errorMessage", message}}).text();
}

std::string arn_of(const FunctionKey& key) {
  return fmt::format("arn:aws:lambda:{}:{}:function:{}", key.region, key.account, key.name);
}

double millis(Micros t) {
  return static_cast<double>(t) / 1000.0;
}

}  // namespace

std::string kind_of(const Program& program) {
  return fmt::format("{}:{}:{}", program.function, program.version, program.record.revision);
}

// --- calling ------------------------------------------------------------------------------------------------------------

std::shared_ptr<RunningEnvironment> Environments::State::add(Program program, std::string kind) {
  auto made = std::make_shared<RunningEnvironment>();
  made->id = next_id++;
  made->kind = std::move(kind);
  made->program = std::move(program);
  made->started = made->idle_since = steady_now();
  all[made->id] = made;
  return made;
}

void Environments::State::invoke(Program program, Invocation invocation, Done done) {
  ChainedCall chained = chained_call(invocation.trace, arn_of(program.key), system_now());
  if (chained.calls > kMostInChain && !program.may_recurse)
    return done(fail(400, kRecursion,
                     "Lambda has detected your function being invoked in a recursive loop with other AWS resources and "
                     "stopped your function's invocation."));
  invocation.trace = std::move(chained.trace);
  std::string wanted = kind_of(program);
  std::shared_ptr<RunningEnvironment> chosen;
  int64_t busy_here = 0, busy = 0;
  {
    const std::lock_guard lock(mutex);
    for (const auto& [id, environment] : all) {
      if (environment->pending) {
        ++busy;
        if (environment->program.function == program.function) ++busy_here;
      } else if (!chosen && !environment->dying && environment->kind == wanted) {
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
    chosen = add(std::move(program), std::move(wanted));
    chosen->pending = std::move(pending);
    changed.notify_all();  // its init has a deadline
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
void Environments::State::hand_over(RunningEnvironment& environment) {
  if (environment.waiting && extensions_ready(environment)) tell_of_init(environment);
  if (!environment.waiting || !environment.pending || environment.pending->entered != 0 || environment.dying ||
      !environment.task || !extensions_ready(environment))
    return;
  Pending& pending = *environment.pending;
  const Micros timeout = environment.program.record.timeout * kSecond;
  pending.entered = steady_now();
  pending.deadline = pending.entered + timeout;
  pending.wall_deadline = system_now() + timeout;
  environment.tail.clear();
  log(environment,
      fmt::format("START RequestId: {} Version: {}\n", pending.invocation.request_id, environment.program.version));
  tell_of_call(environment);
  const std::string& trace = pending.invocation.trace;
  if (!environment.extensions.empty())
    tell_extensions(environment, true,
                    Json::object({{"eventType", "INVOKE"},
                                  {"deadlineMs", pending.wall_deadline.micros / 1000},
                                  {"requestId", pending.invocation.request_id},
                                  {"invokedFunctionArn", pending.invocation.arn},
                                  {"tracing", Json::object({{"type", "X-Amzn-Trace-Id"}, {"value", trace}})}}));
  http::Response response{
      .headers = {{"Content-Type", "application/json"},
                  {"Lambda-Runtime-Aws-Request-Id", pending.invocation.request_id},
                  {"Lambda-Runtime-Deadline-Ms", std::to_string(pending.wall_deadline.micros / 1000)},
                  {"Lambda-Runtime-Invoked-Function-Arn", pending.invocation.arn},
                  {"Lambda-Runtime-Trace-Id", trace}},
      .body = pending.invocation.payload};
  if (!pending.invocation.client_context.empty())
    response.headers.add("Lambda-Runtime-Client-Context", pending.invocation.client_context);
  std::exchange(environment.waiting, nullptr)->respond(std::move(response));
  if (pending.deadline < wakes_at) changed.notify_all();
}

// --- ending -------------------------------------------------------------------------------------------------------------

void Environments::State::finish(RunningEnvironment& e, Result<InvocationResult> result,
                                 std::vector<std::move_only_function<void()>>& later) {
  if (!e.pending) return;
  if (result && e.pending->entered != 0) {
    report(e, result->error.empty() ? "" : "error", result->error.empty() ? "" : e.error_type, result->payload.size());
    result->log_tail = e.tail.size() > kTail ? e.tail.substr(e.tail.size() - kTail) : e.tail;
  }
  flush(e);
  Pending pending = std::move(*e.pending);
  e.pending.reset();
  e.error_type.clear();
  later.push_back([done = std::move(pending.done), result = std::move(result)]() mutable { done(std::move(result)); });
}

// AWS: Developer Guide, "Sending Lambda function logs to CloudWatch Logs": END and REPORT.
void Environments::State::report(RunningEnvironment& e, std::string_view status, std::string_view error_type,
                                 size_t produced) {
  const Pending& pending = *e.pending;
  const double duration = millis(steady_now() - pending.entered);
  const Micros init = std::exchange(e.init, 0);
  const double billed = std::ceil(duration + millis(init));
  const uint64_t memory = static_cast<uint64_t>(e.program.record.memory_size);
  const uint64_t peak = std::min(std::max(e.task ? e.task->peak_memory() : 0, e.held) >> 20, memory);
  if (!e.line.empty()) log(e, "\n");
  std::string text = fmt::format(
      "END RequestId: {0}\nREPORT RequestId: {0}\tDuration: {1:.2f} ms\tBilled Duration: {2:.0f} ms\tMemory "
      "Size: {3} MB\tMax Memory Used: {4} MB\t",
      pending.invocation.request_id, duration, billed, memory, peak);
  if (init > 0) text += fmt::format("Init Duration: {:.2f} ms\t", millis(init));
  if (!status.empty()) text += fmt::format("Status: {}\t", status);
  if (!error_type.empty()) text += fmt::format("Error Type: {}", error_type);
  log(e, text + "\n");
  tell_of_report(e, {.status = status,
                     .error_type = error_type,
                     .duration = duration,
                     .billed = billed,
                     .init = init,
                     .peak_megabytes = peak,
                     .produced = produced});
}

void Environments::State::ended(uint64_t id, const run::Outcome& outcome) {
  std::vector<std::move_only_function<void()>> later;
  std::shared_ptr<Telemetry> telemetry;  // its end waits for threads that may want the lock
  {
    const std::lock_guard lock(mutex);
    const auto found = all.find(id);
    if (found == all.end()) return;
    const std::shared_ptr<RunningEnvironment> kept = found->second;
    RunningEnvironment& e = *kept;
    all.erase(found);
    for (const uint64_t listener : e.listeners) server->stop_listening(listener);
    if (const auto wanted = provisions.find(e.kind); wanted != provisions.end()) {
      if (e.ready == 0) wanted->second.problem = e.init_error.empty() ? outcome.text() : e.init_error;
      wanted->second.not_before = steady_now() + (e.ready == 0 ? kMinute : kSecond);
    }
    if (e.pending && stopping) {
      finish(e, fail(503, "ServiceException", "The server is stopping."), later);
    } else if (e.pending) {
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
    telemetry = std::move(e.telemetry);
    changed.notify_all();
  }
  for (auto& call : later) call();
}

// AWS: external extensions get two seconds for their last work.
void Environments::State::shut_down(RunningEnvironment& e, std::string_view reason) {
  if (e.telemetry) e.telemetry->hurry();
  if (std::ranges::none_of(e.extensions, &Extension::shutdown)) return let_go(e);
  e.dying = true;
  e.kill_at = steady_now() + kShutdown;
  tell_extensions(e, false,
                  Json::object({{"eventType", "SHUTDOWN"},
                                {"shutdownReason", reason},
                                {"deadlineMs", (system_now() + kShutdown).micros / 1000}}));
}

void Environments::State::let_go(RunningEnvironment& environment) {
  environment.dying = true;
  if (environment.task) environment.task->kill();
}

// --- logs ---------------------------------------------------------------------------------------------------------------

void Environments::State::log(RunningEnvironment& e, std::string_view text) {
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

void Environments::State::took_output(uint64_t id, std::string_view bytes, bool of_extension) {
  const std::lock_guard lock(mutex);
  const auto found = all.find(id);
  if (found == all.end()) return;
  log(*found->second, bytes);
  if (found->second->telemetry && !of_extension) found->second->telemetry->output(Telemetry::Kind::kFunction, bytes);
  if (!options.network) tell_of_network(*found->second, bytes);
  if (found->second->lines.size() > 1000) flush(*found->second);
}

// A program that looks for the network finds none, in its language's words.
void Environments::State::tell_of_network(RunningEnvironment& e, std::string_view bytes) {
  static constexpr std::string_view kSigns[] = {"Network is unreachable", "ENETUNREACH",
                                                "Temporary failure in name resolution", "EAI_AGAIN",
                                                "Could not connect to the endpoint URL"};
  if (e.told_of_network ||
      std::ranges::none_of(kSigns, [&](std::string_view sign) { return bytes.find(sign) != std::string_view::npos; }))
    return;
  e.told_of_network = true;
  if (!e.line.empty()) log(e, "\n");
  log(e,
      "This function reaches nothing but tarn: start the server with --task-network=host to give it the machine's "
      "network.\n");
}

void Environments::State::flush(RunningEnvironment& e) {
  if (e.lines.empty()) return;
  shipper.ship({.region = e.program.key.region,
                .role = e.program.record.role,
                .function = e.program.key.name,
                .group = e.log_group,
                .stream = e.log_stream,
                .lines = std::exchange(e.lines, {})});
}

// --- watching time ------------------------------------------------------------------------------------------------------

// When its time is up: of its call, of its init, of being idle, of its extensions' last work.
Micros Environments::State::due_of(const RunningEnvironment& e) const {
  if (e.dying) return e.kill_at;
  if (!e.pending) return e.idle_since + kIdle;
  if (e.pending->deadline != 0) return e.pending->deadline;
  const Micros most = std::max(kMostInit, e.program.record.timeout * kSecond);
  return (e.ready == 0 ? e.started : e.idle_since) + most;
}

void Environments::State::watch() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    if (provisions_stale) load_provisions(lock);
    if (provide(lock)) continue;
    const Micros now = steady_now();
    Micros next = now + kMinute;
    for (const auto& [id, environment] : all) {
      RunningEnvironment& e = *environment;
      const Micros due = due_of(e);
      if (due > now) {
        next = std::min(next, due);
      } else if (e.dying) {
        e.kill_at = kNever;
        let_go(e);
      } else if (e.pending) {
        e.death = "timeout";
        shut_down(e, "timeout");
        next = std::min(next, due_of(e));
      } else if (const auto kept = provisions.find(e.kind);
                 kept != provisions.end() && count_of(e.kind) <= static_cast<size_t>(kept->second.count)) {
        e.idle_since = now;
      } else {
        shut_down(e, "spindown");
        next = std::min(next, due_of(e));
      }
    }
    wakes_at = next;
    changed.wait_for(lock, std::chrono::microseconds(next - now));
    wakes_at = 0;
  }
}

// --- the whole ----------------------------------------------------------------------------------------------------------

Environments::Environments(Door& door, run::Runner& runner, EnvironmentOptions options)
    : state_(std::make_shared<State>(door, runner, std::move(options))) {}

Environments::~Environments() {
  stop();
}

Status Environments::start(http::Server& server, http::Handler endpoint) {
  // Unpacked code is not synced: after a crash of the machine it might be there in part. It is unpacked again when used.
  TRY(remove_tree(state_->options.directory + "/code"));
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
  {
    const std::lock_guard lock(state_->mutex);
    if (std::exchange(state_->stopping, true)) return;
    state_->changed.notify_all();
  }
  if (state_->watcher.joinable()) state_->watcher.join();
  std::unique_lock lock(state_->mutex);
  const auto over = [&] { return state_->all.empty(); };
  for (const auto& [id, environment] : state_->all)
    if (!environment->dying) state_->shut_down(*environment, "spindown");
  const auto waits = [](const auto& entry) { return entry.second->kill_at != kNever; };
  if (std::ranges::any_of(state_->all, waits))
    state_->changed.wait_for(lock, std::chrono::microseconds(kShutdown), over);
  for (const auto& [id, environment] : state_->all) state_->let_go(*environment);
  state_->changed.wait_for(lock, std::chrono::seconds(5), over);
}

uint16_t Environments::port() const {
  const std::lock_guard lock(state_->mutex);
  return state_->server == nullptr ? 0 : state_->server->port();
}

void Environments::invoke(Program program, Invocation invocation,
                          std::move_only_function<void(Result<InvocationResult>)> done) {
  state_->invoke(std::move(program), std::move(invocation), std::move(done));
}

}  // namespace tarn::lambda

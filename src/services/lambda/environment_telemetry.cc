// What an environment's telemetry is told: the events of its life.
// AWS: Developer Guide, "Lambda Telemetry API Event schema reference".
#include <fmt/format.h>

#include "os/clock.h"
#include "services/lambda/environment_state.h"

namespace tarn::lambda {
namespace {

double millis(Micros t) {
  return static_cast<double>(t) / 1000.0;
}

const char* type_of_init(const RunningEnvironment& e) {
  return e.provisioned ? "provisioned-concurrency" : "on-demand";
}

Json tracing_of(const std::string& trace) {
  return Json::object({{"type", "X-Amzn-Trace-Id"}, {"value", trace}});
}

}  // namespace

// The sockets are the task's callers and, last, its side output.
void Environments::State::start_telemetry(RunningEnvironment& e, std::vector<Fd> sockets) {
  Fd side_output = std::move(sockets.back());
  sockets.pop_back();
  e.telemetry = std::make_shared<Telemetry>(std::move(sockets), std::move(side_output),
                                            [weak = weak_from_this(), id = e.id](std::string_view bytes) {
                                              if (const auto self = weak.lock()) self->took_output(id, bytes, true);
                                            });
  e.telemetry->platform("platform.initStart", Json::object({{"initializationType", type_of_init(e)},
                                                            {"phase", "init"},
                                                            {"functionName", e.program.key.name},
                                                            {"functionVersion", e.program.version},
                                                            {"runtimeVersion", e.program.record.runtime}}));
}

void Environments::State::tell_of_runtime(RunningEnvironment& e, std::string_view error_type) {
  if (!e.telemetry) return;
  Json record = Json::object({{"initializationType", type_of_init(e)},
                              {"phase", "init"},
                              {"status", error_type.empty() ? "success" : "error"}});
  if (!error_type.empty()) record.set("errorType", error_type);
  e.telemetry->platform("platform.initRuntimeDone", std::move(record));
}

// The runtime and all extensions have asked for what comes: from now on nobody subscribes.
void Environments::State::tell_of_init(RunningEnvironment& e) {
  if (!e.telemetry || e.init_told) return;
  e.init_told = true;
  e.telemetry->platform("platform.initReport",
                        Json::object({{"initializationType", type_of_init(e)},
                                      {"phase", "init"},
                                      {"status", "success"},
                                      {"metrics", Json::object({{"durationMs", millis(steady_now() - e.started)}})}}));
  e.telemetry->close_init();
}

void Environments::State::tell_of_call(RunningEnvironment& e) {
  if (!e.telemetry) return;
  const Invocation& call = e.pending->invocation;
  e.telemetry->platform("platform.start", Json::object({{"requestId", call.request_id},
                                                        {"version", e.program.version},
                                                        {"tracing", tracing_of(call.trace)}}));
}

void Environments::State::tell_of_report(RunningEnvironment& e, const CallReport& report) {
  if (!e.telemetry) return;
  const Invocation& call = e.pending->invocation;
  const std::string_view type = report.error_type;
  const bool ended =
      type == "Runtime.ExitError" || type == "Runtime.OutOfMemory" || type == "Runtime.InvalidEntrypoint";
  const char* status = e.death == "timeout"    ? "timeout"
                       : report.status.empty() ? "success"
                       : ended                 ? "failure"
                                               : "error";
  const auto record = [&](Json metrics) {
    Json out = Json::object({{"requestId", call.request_id},
                             {"status", status},
                             {"metrics", std::move(metrics)},
                             {"tracing", tracing_of(call.trace)}});
    if (!report.error_type.empty()) out.set("errorType", report.error_type);
    return out;
  };
  e.telemetry->platform("platform.runtimeDone",
                        record(Json::object({{"durationMs", report.duration}, {"producedBytes", report.produced}})));
  Json metrics = Json::object({{"durationMs", report.duration},
                               {"billedDurationMs", report.billed},
                               {"memorySizeMB", int64_t{e.program.record.memory_size}},
                               {"maxMemoryUsedMB", report.peak_megabytes}});
  if (report.init > 0) metrics.set("initDurationMs", millis(report.init));
  e.telemetry->platform("platform.report", record(std::move(metrics)));
}

}  // namespace tarn::lambda

// The insides of the environments, which environments.cc (calls and their ends), environment_start.cc (making one) and
// runtime_api.cc (what programs ask for) share.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "base/json.h"
#include "services/lambda/environments.h"
#include "services/lambda/logs.h"
#include "services/lambda/telemetry.h"

namespace tarn::lambda {

constexpr Micros kNever = INT64_MAX;

using Done = std::move_only_function<void(Result<InvocationResult>)>;

// A call under way.
struct Pending {
  Invocation invocation;
  Done done;
  Micros entered = 0, deadline = 0;  // steady time; 0: not yet handed to the program
  Time wall_deadline;
};

// A program beside the runtime. It is done with what it was told when it asks again.
struct Extension {
  std::string id, name;
  bool invoke = false, shutdown = false;  // which events it wants
  bool told = false;                      // its telemetry knows of it
  std::shared_ptr<http::Exchange> waiting = {};
  std::deque<std::string> events = {};
};

struct RunningEnvironment {
  uint64_t id = 0;
  std::string kind;  // of its program
  Program program;
  std::string log_group, log_stream;
  std::shared_ptr<Telemetry> telemetry = {};  // where there are extensions; it ends behind its task
  std::unique_ptr<run::Task> task;
  std::vector<uint64_t> listeners;
  std::shared_ptr<http::Exchange> waiting;  // it asked for the next call
  std::optional<Pending> pending;
  std::string tail, line;  // of the call under way; of a line that has not ended
  std::vector<LogLine> lines;
  Micros started = 0, ready = 0, idle_since = 0;
  Micros init = 0;         // how long it took, told in the first report
  uint64_t held = 0;       // bytes when it was ready, where its runtime says
  std::string init_error;  // what /init/error said
  std::string error_type;
  std::vector<Extension> extensions;
  size_t extensions_expected = 0;  // that are started with it
  bool provisioned = false;
  bool dying = false;
  Micros kill_at = kNever;  // when a dying one has had its time
  bool told_of_network = false;
  bool init_told = false;  // to its telemetry
  std::string death;       // why it was killed: "timeout"
};

// What the end of a call is reported with; times in milliseconds, but for `init`.
struct CallReport {
  std::string_view status, error_type;
  double duration = 0, billed = 0;
  Micros init = 0;
  uint64_t peak_megabytes = 0;
  size_t produced = 0;  // bytes of the answer
};

// Environments of a kind that are there before they are called.
struct Provision {
  Program program;
  int32_t count = 0;
  std::string problem = {};
  Micros not_before = 0;  // when it is tried again after a problem
};

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
  std::map<uint64_t, std::shared_ptr<RunningEnvironment>> all;
  std::thread watcher;
  Micros wakes_at = 0;  // the watcher, of itself; 0: it is awake
  bool stopping = false;
  uint64_t next_id = 1;
  std::map<std::string, Provision> provisions;  // by kind
  bool provisions_stale = true;

  // All REQUIRE the mutex, but for those that take it.
  void invoke(Program program, Invocation invocation, Done done);
  Status start_environment(const std::shared_ptr<RunningEnvironment>& environment);
  Result<std::string> unpacked(const std::vector<std::string>& shas, const std::vector<std::vector<Segment>>& packages);
  Result<run::TaskSpec> task_of(RunningEnvironment& environment);
  std::shared_ptr<RunningEnvironment> add(Program program, std::string kind);
  void hand_over(RunningEnvironment& environment);
  void finish(RunningEnvironment& environment, Result<InvocationResult> result,
              std::vector<std::move_only_function<void()>>& later);
  void report(RunningEnvironment& environment, std::string_view status, std::string_view error_type, size_t produced);
  void log(RunningEnvironment& environment, std::string_view text);
  void tell_of_network(RunningEnvironment& environment, std::string_view bytes);
  void flush(RunningEnvironment& environment);
  void let_go(RunningEnvironment& environment);

  // The Extensions API.
  void serve_extension(const std::shared_ptr<http::Exchange>& exchange, RunningEnvironment& environment,
                       std::string_view what, const std::string& body);
  void tell_extensions(RunningEnvironment& environment, bool invoke, const Json& event);
  bool extensions_ready(const RunningEnvironment& environment) const;
  Micros due_of(const RunningEnvironment& environment) const;
  void shut_down(RunningEnvironment& environment, std::string_view reason);

  // The Telemetry API.
  void start_telemetry(RunningEnvironment& environment, std::vector<Fd> sockets);
  void subscribe_to_telemetry(const std::shared_ptr<http::Exchange>& exchange, RunningEnvironment& environment,
                              const std::string& body);
  void tell_of_runtime(RunningEnvironment& environment, std::string_view error_type);
  void tell_of_init(RunningEnvironment& environment);
  void tell_of_call(RunningEnvironment& environment);
  void tell_of_report(RunningEnvironment& environment, const CallReport& report);

  bool is_answer(const RunningEnvironment& environment, std::string_view what) const;
  void conclude(RunningEnvironment& environment, InvocationResult result);

  // These take it.
  void answer(const std::shared_ptr<http::Exchange>& exchange, uint64_t id);
  void serve(const std::shared_ptr<http::Exchange>& exchange, uint64_t id, std::string body);
  void take_stream(const std::shared_ptr<http::Exchange>& exchange, uint64_t id);
  void took_output(uint64_t id, std::string_view bytes, bool of_extension);
  void ended(uint64_t id, const run::Outcome& outcome);
  void watch();
  // Both REQUIRE the lock and let go of it meanwhile.
  void load_provisions(std::unique_lock<std::mutex>& lock);
  bool provide(std::unique_lock<std::mutex>& lock);
  size_t count_of(const std::string& kind) const;
};

// Which calls an environment may take: those of the same code and settings.
std::string kind_of(const Program& program);

}  // namespace tarn::lambda

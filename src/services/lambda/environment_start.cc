// Making an environment: its files, its variables, its task.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/digest.h"
#include "base/text.h"
#include "door/door.h"
#include "os/clock.h"
#include "os/random.h"
#include "services/lambda/code.h"
#include "services/lambda/environment_state.h"
#include "services/lambda/runtimes.h"

namespace tarn::lambda {
namespace {

constexpr Micros kCredentials = 12 * kHour;
constexpr int kMostSubscriptions = 10;  // AWS: Lambda quotas: extensions of a function
// As Lambda names what programs here must be made for.
#if defined(__aarch64__)
constexpr std::string_view kMachine = "arm64";
#else
constexpr std::string_view kMachine = "x86_64";
#endif

// Layers' programs in extensions/ are started beside the runtime.
void add_extensions(const std::string& layers, Interpreter& interpreter, RunningEnvironment& environment) {
  const auto names = layers.empty() ? Result<std::vector<std::string>>() : list_directory(layers + "/extensions");
  if (!names) return;
  for (const std::string& name : *names) {
    std::error_code ignored;
    const auto found = std::filesystem::status(layers + "/extensions/" + name, ignored);
    environment.extensions_expected +=
        std::filesystem::is_regular_file(found) &&
        (found.permissions() & std::filesystem::perms::owner_exec) != std::filesystem::perms::none;
  }
  if (environment.extensions_expected == 0) return;
  // Their output has a pipe of its own, so that telemetry tells it from the function's.
  const char* start =
      "for x in /opt/extensions/*; do [ -f \"$x\" ] && [ -x \"$x\" ] && \"$x\" >&3 2>&3 3>&- & done; exec \"$@\" 3>&-";
  std::vector<std::string> command{"/bin/sh", "-c", start, "sh"};
  std::ranges::move(interpreter.command, std::back_inserter(command));
  interpreter.command = std::move(command);
}

}  // namespace

// The folder where these packages are unpacked, one over the other.
Result<std::string> Environments::State::unpacked(const std::vector<std::string>& shas,
                                                  const std::vector<std::vector<Segment>>& packages) {
  std::string name;
  for (const std::string& sha : shas) name += unbase64(sha).value_or("");
  const std::string folder = fmt::format("{}/code/{}", options.directory, hex(shas.size() == 1 ? name : sha256(name)));
  if (is_directory(folder)) return folder;
  TRY(make_directories(options.directory + "/code"));
  std::vector<std::string> zips;
  for (const std::vector<Segment>& package : packages) {
    const auto tx = door.store().read();
    const auto body = TRY(door.blobs().open_body(*tx, package));
    std::string zip(body->size(), '\0');
    if (TRY(body->read(0, zip)) != zip.size()) return internal_failure("a package of the function's ends too early");
    zips.push_back(std::move(zip));
  }
  TRY(unzip(zips, folder));
  return folder;
}

Result<run::TaskSpec> Environments::State::task_of(RunningEnvironment& environment) {
  const Program& program = environment.program;
  const VersionRecord& record = program.record;
  const std::string code = TRY(unpacked({record.code_sha256}, {record.code}));
  std::vector<std::string> shas;
  std::vector<std::vector<Segment>> packages;
  for (const LayerUse& layer : record.layers) {
    shas.push_back(layer.code_sha256);
    packages.push_back(layer.code);
  }
  const std::string layers = packages.empty() ? std::string() : TRY(unpacked(shas, packages));
  const std::string support = options.directory + "/runtime";
  Interpreter interpreter = TRY(find_interpreter(record.runtime, support, record.memory_size));
  if (record.runtime.starts_with("java")) interpreter.command.push_back(record.handler);
  if (interpreter.command[0] == "/var/task/bootstrap" && !file_exists(code + "/bootstrap") &&
      file_exists(layers + "/bootstrap"))
    interpreter.command[0] = "/opt/bootstrap";
  // AWS: Developer Guide, "Modifying the runtime environment": a wrapper script is given the runtime's command.
  if (const auto wrapper = record.environment.find("AWS_LAMBDA_EXEC_WRAPPER"); wrapper != record.environment.end())
    interpreter.command.insert(interpreter.command.begin(), wrapper->second);
  add_extensions(layers, interpreter, environment);
  if (!interpreter.note.empty()) log(environment, interpreter.note + "\n");
  if (record.architecture != kMachine)
    log(environment, fmt::format("The function is for {} and runs on {}: native code in it must be for that.\n",
                                 record.architecture, kMachine));

  Caller service;
  service.region = program.key.region;
  const Caller as_role = TRY(door.assume_as_service(service, record.role, "lambda.amazonaws.com", program.key.name));
  Principal principal = as_role.principal;
  principal.expires = system_now() + kCredentials;
  const TemporaryCredentials credentials = door.sessions().issue(principal);

  run::TaskSpec spec{.name = "lambda " + program.key.name, .command = interpreter.command, .directory = "/var/task"};
  spec.mounts = std::move(interpreter.mounts);
  spec.mounts.push_back({.host = code, .inside = "/var/task"});
  if (!layers.empty()) spec.mounts.push_back({.host = layers, .inside = "/opt"});
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
           {"AWS_LAMBDA_INITIALIZATION_TYPE", environment.provisioned ? "provisioned-concurrency" : "on-demand"},
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
  spec.network = options.network;
  if (environment.extensions_expected > 0) {
    spec.callers = kMostSubscriptions;
    spec.side_output = true;
  }
  spec.limits.memory_bytes = static_cast<uint64_t>(record.memory_size) << 20;
  spec.limits.tmp_bytes = static_cast<uint64_t>(record.ephemeral_storage) << 20;
  return spec;
}

Status Environments::State::start_environment(const std::shared_ptr<RunningEnvironment>& environment) {
  RunningEnvironment& e = *environment;
  const CivilTime today = civil(door.clock().now());
  e.log_group = e.program.record.log_group.empty() ? "/aws/lambda/" + e.program.key.name : e.program.record.log_group;
  e.log_stream =
      fmt::format("{:04}/{:02}/{:02}/[{}]{}", today.year, today.month, today.day, e.program.version, random_hex(32));
  run::TaskSpec spec = TRY(task_of(e));
  const std::weak_ptr<State> weak = shared_from_this();
  const uint64_t id = e.id;
  run::TaskEvents events;
  const size_t others = static_cast<size_t>(spec.callers) + (spec.side_output ? 1 : 0);
  events.ready = [weak, id, others](std::vector<Fd> sockets) {
    const auto self = weak.lock();
    if (!self || sockets.size() != 2 + others) return;
    if (others > 0) {
      std::vector<Fd> inside(std::make_move_iterator(sockets.begin() + 2), std::make_move_iterator(sockets.end()));
      const std::lock_guard lock(self->mutex);
      if (const auto found = self->all.find(id); found != self->all.end())
        self->start_telemetry(*found->second, std::move(inside));
    }
    const uint64_t api =
        self->server->listen_on(std::move(sockets[0]), [weak, id](std::shared_ptr<http::Exchange> exchange) {
          if (const auto state = weak.lock()) state->answer(exchange, id);
        });
    const uint64_t own = self->server->listen_on(std::move(sockets[1]), self->endpoint);
    const std::lock_guard lock(self->mutex);
    if (const auto found = self->all.find(id); found != self->all.end()) found->second->listeners = {api, own};
  };
  events.output = [weak, id](std::string_view bytes) {
    if (const auto self = weak.lock()) self->took_output(id, bytes, false);
    return true;
  };
  events.ended = [weak, id](run::Outcome outcome) {
    if (const auto self = weak.lock()) self->ended(id, outcome);
  };
  auto task = runner.start(std::move(spec), std::move(events));
  const std::lock_guard lock(mutex);
  e.task = std::move(task);
  // On a busy machine the program has asked for its first call by now, or is to end already.
  if (e.dying && e.kill_at == kNever) e.task->kill();
  hand_over(e);
  return {};
}

}  // namespace tarn::lambda

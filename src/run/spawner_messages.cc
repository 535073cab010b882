#include <fmt/format.h>

#include <cstring>

#include "os/socket.h"
#include "run/spawner.h"

namespace tarn::run {

Status send_message(int socket, const Json& body, std::span<const int> fds) {
  const std::string text = body.text();
  const auto size = static_cast<uint32_t>(text.size());
  std::string bytes(reinterpret_cast<const char*>(&size), sizeof size);
  bytes += text;
  return send_with_fds(socket, bytes, fds);
}

Result<std::optional<SpawnerMessage>> receive_message(int socket) {
  auto head = TRY(receive_exactly(socket, sizeof(uint32_t)));
  if (!head) return std::nullopt;
  uint32_t size = 0;
  std::memcpy(&size, head->bytes.data(), sizeof size);
  auto rest = TRY(receive_exactly(socket, size));
  if (!rest) return std::nullopt;
  SpawnerMessage message{TRY(Json::parse(rest->bytes)), std::move(head->fds)};
  for (Fd& fd : rest->fds) message.fds.push_back(std::move(fd));
  return message;
}

Json start_message(uint64_t id, bool confined, const TaskSpec& spec) {
  Json command = Json::array(), environment = Json::array(), mounts = Json::array(), ports = Json::array();
  for (const std::string& word : spec.command) command.push(word);
  for (const auto& [name, value] : spec.environment) environment.push(Json::array({name, value}));
  for (const Mount& mount : spec.mounts) mounts.push(Json::array({mount.host, mount.inside, mount.writable}));
  for (const ServedPort& port : spec.ports) ports.push(Json::array({int{port.port}, port.variable, port.prefix}));
  return Json::object({{"start", id},
                       {"confined", confined},
                       {"name", spec.name},
                       {"command", std::move(command)},
                       {"environment", std::move(environment)},
                       {"directory", spec.directory},
                       {"mounts", std::move(mounts)},
                       {"ports", std::move(ports)},
                       {"memory", spec.limits.memory_bytes},
                       {"tmp", spec.limits.tmp_bytes},
                       {"processes", spec.limits.processes},
                       {"files", spec.limits.open_files},
                       {"cpus", spec.limits.cpus},
                       {"network", spec.network},
                       {"callers", spec.callers},
                       {"side", spec.side_output}});
}

TaskSpec spec_of(const Json& message) {
  TaskSpec spec{.name = message["name"].as_string(),
                .directory = message["directory"].as_string(),
                .network = message["network"].as_bool()};
  for (const Json& word : message["command"].items()) spec.command.push_back(word.as_string());
  for (const Json& pair : message["environment"].items())
    spec.environment.emplace_back(pair.at(0).as_string(), pair.at(1).as_string());
  for (const Json& mount : message["mounts"].items())
    spec.mounts.push_back({mount.at(0).as_string(), mount.at(1).as_string(), mount.at(2).as_bool()});
  for (const Json& port : message["ports"].items())
    spec.ports.push_back({static_cast<uint16_t>(port.at(0).as_int()), port.at(1).as_string(), port.at(2).as_string()});
  spec.callers = static_cast<int>(message["callers"].as_int());
  spec.side_output = message["side"].as_bool();
  spec.limits = {.memory_bytes = static_cast<uint64_t>(message["memory"].as_int()),
                 .tmp_bytes = static_cast<uint64_t>(message["tmp"].as_int()),
                 .processes = static_cast<int>(message["processes"].as_int()),
                 .open_files = static_cast<int>(message["files"].as_int()),
                 .cpus = message["cpus"].as_double()};
  return spec;
}

Json ended_message(uint64_t id, const Outcome& outcome) {
  return Json::object({{"ended", id},
                       {"kind", static_cast<int>(outcome.kind)},
                       {"code", outcome.code},
                       {"reason", outcome.reason},
                       {"peak", outcome.peak_memory}});
}

Outcome outcome_of(const Json& message) {
  return {.kind = static_cast<Outcome::Kind>(message["kind"].as_int()),
          .code = static_cast<int>(message["code"].as_int()),
          .reason = message["reason"].as_string(),
          .peak_memory = static_cast<uint64_t>(message["peak"].as_int())};
}

std::string Outcome::text() const {
  switch (kind) {
    case Kind::kExited: return fmt::format("exit status {}", code);
    case Kind::kSignalled: return fmt::format("killed by signal {} ({})", code, strsignal(code));
    case Kind::kOutOfMemory: return "out of memory";
    case Kind::kKilled: return "ended";
    case Kind::kNotStarted: return reason;
    case Kind::kLost: return "lost: " + reason;
  }
  return {};
}

}  // namespace tarn::run

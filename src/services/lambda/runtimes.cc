#include "services/lambda/runtimes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/text.h"
#include "os/file.h"
#include "os/process.h"
#include "services/lambda/bootstraps.h"
#include "services/lambda/lambda.h"

namespace tarn::lambda {
namespace {

namespace fs = std::filesystem;

bool is_python(std::string_view runtime) {
  return runtime.starts_with("python3.");
}
bool is_node(std::string_view runtime) {
  return runtime.starts_with("nodejs");
}
bool is_provided(std::string_view runtime) {
  return runtime == "provided.al2" || runtime == "provided.al2023";
}

// Whether AWS runs it, or has.
bool is_of_aws(std::string_view runtime) {
  static constexpr std::string_view kFamilies[] = {"python2.", "python3.", "nodejs", "java",  "provided",
                                                   "ruby",     "dotnet",   "go1.",   "custom"};
  return std::ranges::any_of(kFamilies, [&](std::string_view family) { return runtime.starts_with(family); });
}

bool is_java(std::string_view runtime) {
  static constexpr std::string_view kJava[] = {"java8.al2", "java11",       "java17",        "java21",
                                               "java25",    "java8.al2023", "java11.al2023", "java17.al2023"};
  return std::ranges::find(kJava, runtime) != std::end(kJava);
}

// The minor version of "python3.12", the major one of "nodejs20.x".
int version_of(std::string_view runtime) {
  const std::string_view digits = runtime.substr(is_python(runtime) ? 8 : 6);
  return static_cast<int>(parse_int(digits.substr(0, digits.find('.'))).value_or(0));
}

// Programs of the PATH and of the system, links followed; scripts that choose a version are none.
std::vector<fs::path> programs(std::string_view stem) {
  std::vector<fs::path> found;
  const char* path = std::getenv("PATH");
  std::string folders = fmt::format("{}:/usr/bin:/usr/local/bin", path == nullptr ? "" : path);
  for (const std::string_view folder : split(folders, ':')) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(fs::path(folder), error)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with(stem) || name.find_first_not_of("0123456789.", stem.size()) != std::string::npos) continue;
      const fs::path real = fs::canonical(entry.path(), error);
      if (error) continue;
      const auto head = open_file(real.string(), OpenMode::kRead);
      char magic[4] = {};
      if (!head || !read_at(head->get(), 0, magic, real.string()) || std::string_view(magic, 4) != "\177ELF") continue;
      if (std::ranges::find(found, real) == found.end()) found.push_back(real);
    }
  }
  return found;
}

// What lies outside the system's folders must be mounted: the folder above bin/.
std::vector<run::Mount> mounts_for(const fs::path& program) {
  if (program.string().starts_with("/usr/") || program.string().starts_with("/bin/")) return {};
  const std::string prefix = program.parent_path().parent_path().string();
  return {{.host = prefix, .inside = prefix}};
}

Result<Interpreter> python(const std::string& runtime, const std::string& support) {
  const int wanted = version_of(runtime);
  fs::path best;
  int best_version = 0;
  for (const fs::path& program : programs("python3.")) {
    const int version = static_cast<int>(parse_int(program.filename().string().substr(8)).value_or(0));
    if (version == 0) continue;
    if (best.empty() || std::abs(version - wanted) < std::abs(best_version - wanted)) {
      best = program;
      best_version = version;
    }
  }
  if (best.empty())
    return fail(502, "InvalidRuntimeException",
                "No Python 3 is installed on this machine: " + runtime + " cannot run.");
  Interpreter found{.command = {best.string(), "/var/runtime/bootstrap.py"},
                    .mounts = mounts_for(best),
                    .note = {},
                    .name = best.filename()};
  found.mounts.push_back({.host = support, .inside = "/var/runtime"});
  if (best_version != wanted)
    found.note = fmt::format("{} runs on Python 3.{}, the nearest on this machine.", runtime, best_version);
  return found;
}

// By the headers that are installed with it; 0: they are not there.
int version_of_node(const fs::path& program) {
  constexpr std::string_view kName = "#define NODE_MAJOR_VERSION ";
  const fs::path include = program.parent_path().parent_path() / "include";
  for (const char* place : {"node", "nodejs/src"}) {
    const auto header = read_file((include / place / "node_version.h").string());
    const size_t at = header ? header->find(kName) : std::string::npos;
    if (at == std::string::npos) continue;
    const std::string_view digits = std::string_view(*header).substr(at + kName.size());
    return static_cast<int>(parse_int(digits.substr(0, digits.find_first_not_of("0123456789"))).value_or(0));
  }
  return 0;
}

Result<Interpreter> node(const std::string& runtime, const std::string& support) {
  const int wanted = version_of(runtime);
  fs::path best;
  int best_version = 0;
  for (const fs::path& program : programs("node")) {
    const int version = version_of_node(program);
    if (!best.empty() && std::abs(version - wanted) >= std::abs(best_version - wanted)) continue;
    best = program;
    best_version = version;
  }
  if (best.empty())
    return fail(502, "InvalidRuntimeException", "No Node.js is installed on this machine: " + runtime + " cannot run.");
  Interpreter found{.command = {best.string(), "/var/runtime/bootstrap.mjs"},
                    .mounts = mounts_for(best),
                    .note = {},
                    .name = best_version == 0 ? "node" : fmt::format("node{}", best_version)};
  found.mounts.push_back({.host = support, .inside = "/var/runtime"});
  if (best_version != 0 && best_version != wanted)
    found.note = fmt::format("{} runs on Node.js {}, the nearest on this machine.", runtime, best_version);
  return found;
}

// --- Java -------------------------------------------------------------------------------------------------------------

// AWS's runtime interface client and what it needs, beside the server's own program; empty: not there.
std::string java_client() {
  const auto program = own_program();
  const std::string folder = program ? program->substr(0, program->rfind('/')) + "/lambda-java" : std::string();
  return is_directory(folder) ? folder : std::string();
}

struct Machine {
  fs::path home;
  int version = 0;
};

// "JAVA_VERSION="17.0.15"" in the file that each of them has.
std::vector<Machine> java_machines() {
  std::vector<Machine> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/usr/lib/jvm", error)) {
    const auto release = read_file((entry.path() / "release").string());
    if (entry.is_symlink() || !release || !fs::exists(entry.path() / "bin/java", error)) continue;
    constexpr std::string_view kName = "JAVA_VERSION=\"";
    const size_t at = release->find(kName);
    if (at == std::string::npos) continue;
    std::string_view digits = std::string_view(*release).substr(at + kName.size());
    if (digits.starts_with("1.")) digits.remove_prefix(2);  // Java 8 is 1.8
    found.push_back(
        {entry.path(),
         static_cast<int>(parse_int(digits.substr(0, digits.find_first_not_of("0123456789"))).value_or(0))});
  }
  return found;
}

// The very version, else the next one (which runs what was compiled for an older), else the newest.
std::optional<Machine> java_machine(int wanted) {
  std::optional<Machine> best;
  for (const Machine& one : java_machines()) {
    const auto far = [&](const Machine& m) {
      return m.version >= wanted ? m.version - wanted : 1000 + wanted - m.version;
    };
    if (!best || far(one) < far(*best)) best = one;
  }
  return best;
}

Status check_java(const std::string& runtime) {
  if (!java_machines().empty() && !java_client().empty()) return {};
  return invalid_parameter(
      fmt::format("{} cannot run on this machine: {}. Install a JDK and Maven, then run tools/setup.sh and make "
                  "build.",
                  runtime,
                  java_machines().empty() ? "there is no JDK in /usr/lib/jvm"
                                          : "Lambda's runtime interface client for Java is not there"));
}

Result<Interpreter> java(const std::string& runtime, int32_t memory) {
  TRY(check_java(runtime));
  const int wanted = static_cast<int>(parse_int(runtime.substr(4, runtime.find('.', 4) - 4)).value_or(0));
  const Machine machine = *java_machine(wanted);
  // AWS: Developer Guide, "Java runtime startup behavior": the first compiler only. The heap is a part of the function's
  // memory, which all else of the machine must fit into.
  Interpreter found{.command = {(machine.home / "bin/java").string(), fmt::format("-Xmx{}m", memory * 7 / 10),
                                "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-cp",
                                "/var/task:/var/task/lib/*:/opt/java/lib/*:/var/lang/java/*",
                                "com.amazonaws.services.lambda.runtime.api.client.AWSLambda"},
                    .mounts = {{.host = java_client(), .inside = "/var/lang/java"}},
                    .note = {},
                    .name = fmt::format("java{}", machine.version)};
  const std::string settings = fmt::format("/etc/java-{}-openjdk", machine.version);  // Debian's links lead there
  if (is_directory(settings)) found.mounts.push_back({.host = settings, .inside = settings});
  if (machine.version != wanted)
    found.note = fmt::format("{} runs on Java {}, the nearest on this machine.", runtime, machine.version);
  return found;
}

}  // namespace

Status check_runtime(const std::string& runtime) {
  if (is_java(runtime)) return check_java(runtime);
  const bool known = (is_python(runtime) && version_of(runtime) >= 8) ||
                     (is_node(runtime) && version_of(runtime) >= 18) || is_provided(runtime);
  if (known) return {};
  // Recorded from AWS.
  if (!is_of_aws(runtime))
    return invalid_parameter(fmt::format(
        "Value {} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [python3.8 to "
        "python3.14, nodejs18.x to nodejs24.x, java8.al2 to java25, provided.al2, provided.al2023] or be a "
        "valid ARN",
        runtime));
  return invalid_parameter(fmt::format(
      "The runtime parameter of {} is not supported by this server: it runs python3.8 and later, nodejs18.x "
      "and later, java8.al2 to java25, provided.al2 and provided.al2023.",
      runtime));
}

Result<Interpreter> find_interpreter(const std::string& runtime, const std::string& support, int32_t memory) {
  if (is_java(runtime)) return java(runtime, memory);
  if (is_python(runtime)) return python(runtime, support);
  if (is_node(runtime)) return node(runtime, support);
  return Interpreter{.command = {"/var/task/bootstrap"}, .mounts = {}, .note = {}, .name = {}};
}

std::string RuntimeNames::of(const std::string& runtime) {
  const std::lock_guard lock(mutex_);
  const auto [at, fresh] = names_.try_emplace(runtime, runtime);
  if (!fresh) return at->second;
  if (const auto found = find_interpreter(runtime, {}); found && !found->name.empty()) at->second = found->name;
  return at->second;
}

Status write_support(const std::string& folder) {
  TRY(make_directories(folder));
  TRY(write_file_atomically(folder + "/bootstrap.py", kPythonBootstrap));
  return write_file_atomically(folder + "/bootstrap.mjs", kNodeBootstrap);
}

}  // namespace tarn::lambda

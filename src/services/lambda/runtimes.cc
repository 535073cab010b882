#include "services/lambda/runtimes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "os/file.h"
#include "os/process.h"
#include "services/lambda/bootstraps.h"

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

Result<Interpreter> node(const std::string& runtime, const std::string& support) {
  const auto all = programs("node");
  if (all.empty())
    return fail(502, "InvalidRuntimeException", "No Node.js is installed on this machine: " + runtime + " cannot run.");
  Interpreter found{.command = {all[0].string(), "/var/runtime/bootstrap.mjs"},
                    .mounts = mounts_for(all[0]),
                    .note = {},
                    .name = all[0].filename()};
  found.mounts.push_back({.host = support, .inside = "/var/runtime"});
  return found;
}

}  // namespace

Status check_runtime(const std::string& runtime) {
  const bool known = (is_python(runtime) && version_of(runtime) >= 8) ||
                     (is_node(runtime) && version_of(runtime) >= 18) || is_provided(runtime);
  if (known) return {};
  return fail(
      400, "InvalidParameterValueException",
      fmt::format(
          "The runtime parameter of {} is not supported by this server: it runs python3.8 and later, nodejs18.x "
          "and later, provided.al2 and provided.al2023.",
          runtime));
}

Result<Interpreter> find_interpreter(const std::string& runtime, const std::string& support) {
  if (is_python(runtime)) return python(runtime, support);
  if (is_node(runtime)) return node(runtime, support);
  return Interpreter{.command = {"/var/task/bootstrap"}, .mounts = {}, .note = {}, .name = {}};
}

Status write_support(const std::string& folder) {
  TRY(make_directories(folder));
  TRY(write_file_atomically(folder + "/bootstrap.py", kPythonBootstrap));
  return write_file_atomically(folder + "/bootstrap.mjs", kNodeBootstrap);
}

}  // namespace tarn::lambda

#include "run/cgroup.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "os/file.h"

namespace tarn::run {
namespace {

constexpr const char* kOurs = "tarn";
constexpr int64_t kCpuPeriod = 100'000;  // microseconds

// Control files are written in one go and never made.
bool write_control(const std::string& path, const std::string& text) {
  const auto file = open_file(path, OpenMode::kReadWrite);
  return file && write_all(file->get(), text, path).has_value();
}

std::string read_control(const std::string& path) {
  return std::string(trim(read_file(path).value_or("")));
}

// Of lines "name value".
uint64_t entry_of(const std::string& text, std::string_view name) {
  for (const std::string_view line : split(text, '\n'))
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ' ')
      return static_cast<uint64_t>(parse_int(trim(line.substr(name.size()))).value_or(0));
  return 0;
}

// The folder of our groups below a hierarchy, writable; empty: there is none.
std::string ours_below(const std::string& hierarchy) {
  const std::string folder = hierarchy + "/" + kOurs;
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return {};
  if (::access(folder.c_str(), W_OK) != 0) return {};
  // A server that was killed leaves its groups, empty: those that can be removed are.
  const auto left = list_directory(folder);
  if (left)
    for (const std::string& name : *left) ::rmdir((folder + "/" + name).c_str());
  return folder;
}

// Where this process stands in the unified hierarchy, and whether its children may have memory and pids.
std::string unified_folder() {
  constexpr std::string_view kMounted = "/sys/fs/cgroup";
  const std::string controllers = read_control(fmt::format("{}/cgroup.controllers", kMounted));
  if (controllers.find("memory") == std::string::npos || controllers.find("pids") == std::string::npos) return {};
  write_control(fmt::format("{}/cgroup.subtree_control", kMounted), "+memory +pids +cpu");
  const std::string folder = ours_below(std::string(kMounted));
  if (folder.empty() || !write_control(folder + "/cgroup.subtree_control", "+memory +pids +cpu")) return {};
  return folder;
}

}  // namespace

ControlGroups ControlGroups::find() {
  ControlGroups groups;
  if (file_exists("/sys/fs/cgroup/cgroup.controllers")) {
    groups.unified_ = true;
    groups.memory_ = groups.pids_ = groups.cpu_ = unified_folder();
  } else {
    groups.memory_ = ours_below("/sys/fs/cgroup/memory");
    groups.pids_ = ours_below("/sys/fs/cgroup/pids");
    groups.cpu_ = ours_below("/sys/fs/cgroup/cpu");
  }
  groups.usable_ = !groups.memory_.empty() && !groups.pids_.empty();
  return groups;
}

std::unique_ptr<ControlGroup> ControlGroups::make(const std::string& name, const Limits& limits) const {
  if (!usable_) return nullptr;
  std::unique_ptr<ControlGroup> group(new ControlGroup());
  group->unified_ = unified_;
  const auto below = [&](const std::string& folder) -> std::string {
    if (folder.empty()) return {};
    const std::string path = folder + "/" + name;
    return ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST ? path : std::string();
  };
  group->memory_ = below(memory_);
  group->pids_ = unified_ ? group->memory_ : below(pids_);
  group->cpu_ = unified_ ? group->memory_ : below(cpu_);
  if (group->memory_.empty() || group->pids_.empty()) return nullptr;
  // Files in /tmp are memory too, of another limit: the spawner watches that the processes keep to theirs.
  const std::string bytes = std::to_string(limits.memory_bytes + limits.tmp_bytes);
  const bool bounded = unified_ ? write_control(group->memory_ + "/memory.max", bytes)
                                : write_control(group->memory_ + "/memory.limit_in_bytes", bytes);
  if (!bounded || !write_control(group->pids_ + "/pids.max", std::to_string(limits.processes + 1))) return nullptr;
  if (unified_) write_control(group->memory_ + "/memory.swap.max", "0");
  if (limits.cpus > 0 && !group->cpu_.empty()) {
    const auto quota = static_cast<int64_t>(limits.cpus * kCpuPeriod);
    if (unified_)
      write_control(group->cpu_ + "/cpu.max", fmt::format("{} {}", quota, kCpuPeriod));
    else
      write_control(group->cpu_ + "/cpu.cfs_quota_us", std::to_string(quota));
  }
  return group;
}

ControlGroup::~ControlGroup() {
  ::rmdir(memory_.c_str());
  if (unified_) return;
  ::rmdir(pids_.c_str());
  if (!cpu_.empty()) ::rmdir(cpu_.c_str());
}

Status ControlGroup::add(pid_t pid) {
  const std::string text = std::to_string(pid);
  for (const std::string& folder : {memory_, pids_, cpu_})
    if (!folder.empty() && !write_control(folder + "/cgroup.procs", text))
      return internal_failure(fmt::format("cannot put process {} into {}", pid, folder));
  return {};
}

uint64_t ControlGroup::memory() const {
  return entry_of(read_control(memory_ + "/memory.stat"), unified_ ? "anon" : "rss");
}

uint64_t ControlGroup::peak_memory() const {
  const std::string text = read_control(memory_ + (unified_ ? "/memory.peak" : "/memory.max_usage_in_bytes"));
  return static_cast<uint64_t>(parse_int(text).value_or(0));
}

bool ControlGroup::ran_out_of_memory() const {
  return entry_of(read_control(memory_ + (unified_ ? "/memory.events" : "/memory.oom_control")), "oom_kill") > 0;
}

}  // namespace tarn::run

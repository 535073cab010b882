// Control groups, version 1 or 2: what bounds a task's memory, processes and processors. Where the machine offers none that
// we may use, the spawner watches instead.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "run/task.h"

namespace tarn::run {

// A task's group; removed when it goes. REQUIRES: by then its processes are gone.
class ControlGroup {
 public:
  ControlGroup(const ControlGroup&) = delete;
  ~ControlGroup();
  Status add(pid_t pid);
  uint64_t memory() const;       // that processes hold, without files in memory (/tmp)
  uint64_t peak_memory() const;  // 0: the kernel does not say
  bool ran_out_of_memory() const;

 private:
  friend class ControlGroups;
  ControlGroup() = default;
  bool unified_ = false;
  std::string memory_, pids_, cpu_;  // folders; all the same one in version 2
};

class ControlGroups {
 public:
  // Looks for groups that we may make. Leftovers of servers that are gone are removed.
  static ControlGroups find();
  // nullopt-like null: none could be made; the task is watched instead.
  std::unique_ptr<ControlGroup> make(const std::string& name, const Limits& limits) const;

 private:
  bool usable_ = false, unified_ = false;
  std::string memory_, pids_, cpu_;
};

}  // namespace tarn::run

// Child processes.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "os/file.h"

namespace tarn {

struct SpawnOptions {
  std::string program;                                  // a path: no search
  std::vector<std::string> args;                        // without the program's own name (which is put first)
  std::optional<std::vector<std::string>> environment;  // "NAME=value"; absent: ours
  std::string directory;                                // to run in; empty: ours
  // {ours, its}: our descriptor appears in the child under that number. 0, 1 and 2 are /dev/null, stdout and stderr of
  // ours unless named here; every other descriptor is closed in the child.
  std::vector<std::pair<int, int>> fds;
  bool new_group = true;        // a process group of its own, so that kill() reaches its children
  bool die_with_parent = true;  // killed when the thread that spawned it ends: spawn from a thread that stays
};

struct ExitStatus {
  bool by_signal = false;
  int code = 0;              // exit status, or the signal's number
  std::string text() const;  // "exit status 3", "killed by signal 9 (Killed)"
};

// One child. Killed (with its group) and waited for when it goes out of scope. THREADS: one at a time.
class Child {
 public:
  // ERRORS: what failed: the program is not there, no more processes, ...; found out before it returns.
  static Result<Child> spawn(const SpawnOptions& options);
  Child(Child&&) noexcept;
  Child& operator=(Child&&) noexcept;
  ~Child();

  pid_t pid() const { return pid_; }
  void kill(int signal);  // to its group, where it has one; nothing once it has been waited for
  ExitStatus wait();
  // nullopt: still running after that long (0: only looks).
  std::optional<ExitStatus> wait_for(Micros timeout);

 private:
  Child(pid_t pid, bool group) : pid_(pid), group_(group) {}
  pid_t pid_ = -1;
  bool group_ = false;
  std::optional<ExitStatus> ended_;
};

// The path of the program that runs now: to start it again in another role.
Result<std::string> own_program();
// Resident memory in bytes (VmRSS); 0: no such process.
uint64_t resident_bytes(pid_t pid);

}  // namespace tarn

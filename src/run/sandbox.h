// A program in namespaces of its own (pid, ipc, mount, network, uts), as an unprivileged user, seeing of this machine only
// its system's folders, read-only, and what is mounted for it. Linux; called by the spawner, a process of one thread.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "os/file.h"
#include "run/task.h"

namespace tarn::run {

struct SandboxSpec {
  TaskSpec task;
  uid_t user = 0;        // the host's user that it runs as, where we may choose (as root)
  bool confined = true;  // false: no namespaces, no other user, no seccomp (--sandbox=none)
};

// What comes from the sandbox's own first process over `report`, a message each.
struct SandboxReport {
  enum class Kind : char { kReady = 'R', kFailed = 'F', kExited = 'E', kSignalled = 'S' };
  Kind kind;
  int code;          // exit status or signal
  char reason[240];  // of kFailed, ends with 0
};

struct Sandbox {
  pid_t pid = -1;  // its first process, here; killing it ends all of it
  Fd report;       // SandboxReports; kReady comes with the listening sockets; closed when all is over
  Fd go;           // one byte lets it begin: until then it can be put into a control group
};

// ERRORS: what the system refused, and what to do where it forbids namespaces.
Result<Sandbox> make_sandbox(const SandboxSpec& spec, int output);

// The folders of the system that a sandbox sees, and the file system around them: called in the new mount namespace.
Status build_root(const TaskSpec& task);
// Refuses what no program of a user's needs: mounts, namespaces, tracing, keys, modules, raw sockets. Since the C library
// is asked nothing about new calls, unknown ones stay allowed. REQUIRES: no new privileges.
Status refuse_system_calls();

}  // namespace tarn::run

// A task: a program of a user's with a root file system, an environment, limits, an output and an outcome. Every user
// program is one (Lambda functions, Glue jobs, Batch jobs, instances' user data), whatever runs it: a Runner starts it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "os/file.h"

namespace tarn::run {

// A folder or file of this machine as the task sees it.
struct Mount {
  std::string host;
  std::string inside;
  bool writable = false;
};

// A port of the task's own 127.0.0.1 that somebody outside serves. The task finds its address in an environment
// variable, since a runner may have to choose another port: "AWS_LAMBDA_RUNTIME_API" = "" + "127.0.0.1:9001".
struct ServedPort {
  uint16_t port = 0;
  std::string variable;
  std::string prefix = {};  // of the variable's value: "http://"
};

struct Limits {
  uint64_t memory_bytes = 128 << 20;  // of all its processes
  uint64_t tmp_bytes = 512 << 20;     // of /tmp
  int processes = 1024;
  int open_files = 1024;
  double cpus = 0;  // 0: all
};

struct TaskSpec {
  std::string name;                  // for logs: "lambda hello"
  std::vector<std::string> command;  // the program's path inside, and its arguments
  std::vector<std::pair<std::string, std::string>> environment;
  std::string directory = "/";  // to run in
  std::vector<Mount> mounts;    // beside the system's own folders, which are there and cannot be written
  std::vector<ServedPort> ports;
  // TCP sockets of its network that are not connected yet: through them somebody outside calls what listens inside.
  int callers = 0;
  // The program's file 3 is another pipe for output.
  bool side_output = false;
  Limits limits;
  // The machine's network as it is; false: nothing but its own ports.
  bool network = false;
};

// How a task ended.
struct Outcome {
  enum class Kind : uint8_t {
    kExited,       // code: its exit status
    kSignalled,    // code: the signal
    kOutOfMemory,  // killed for its memory
    kKilled,       // by kill()
    kNotStarted,   // reason says why
    kLost,         // whoever ran it is gone
  };
  Kind kind = Kind::kExited;
  int code = 0;
  std::string reason = {};
  uint64_t peak_memory = 0;  // bytes; 0: not known
  std::string text() const;  // "exit status 1", "killed by signal 11 (Segmentation fault)", "out of memory"
};

// What a task tells. THREADS: called on the runner's thread, one at a time; must not block.
struct TaskEvents {
  // It is there: a listening socket for each of the spec's ports, in their order; behind them its callers, and the reading
  // end of its side output.
  std::move_only_function<void(std::vector<Fd> sockets)> ready;
  // What it wrote to stdout and stderr, as it comes. False: no more until resume_output().
  std::move_only_function<bool(std::string_view bytes)> output;
  // Last, exactly once; all of its processes are gone and all of its output was told.
  std::move_only_function<void(Outcome)> ended;
};

// A task that was started. THREADS: any.
class Task {
 public:
  virtual ~Task() = default;  // kills it
  virtual void kill() = 0;
  virtual void resume_output() = 0;
  // Calls `then` on the runner's thread once all that the task has written until now was told. Where the
  // task is over it is called all the same.
  virtual void after_output(std::move_only_function<void()> then) = 0;
  // The most bytes that its processes have held until now, as last looked at; 0: not known.
  virtual uint64_t peak_memory() const = 0;
};

// Runs tasks: on this machine in sandboxes; later in containers, on Slurm, on Spark.
class Runner {
 public:
  virtual ~Runner() = default;  // all tasks are gone afterwards
  // Never fails: what cannot be started ends with kNotStarted. THREADS: any.
  virtual std::unique_ptr<Task> start(TaskSpec spec, TaskEvents events) = 0;
};

}  // namespace tarn::run

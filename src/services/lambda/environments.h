// Execution environments: the tasks that functions run in. One runs one call at a time, is kept warm for the next, and is
// let go when idle. Each speaks to its own Runtime API, a listening socket inside its sandbox that is served here.
// AWS: Developer Guide, "Understanding the Lambda execution environment lifecycle".
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/server.h"
#include "run/task.h"
#include "services/lambda/records.h"

namespace tarn {
class Door;
}

namespace tarn::lambda {

// A version of a function, ready to be called.
struct Program {
  FunctionKey key;
  uint64_t function = 0;
  std::string version;  // "$LATEST", "3"
  VersionRecord record;
  int64_t most = 1000;  // calls at once, of the function
  bool may_recurse = false;
};

struct Invocation {
  std::string request_id;
  std::string arn;  // as it was called
  std::string payload;
  std::string client_context;  // JSON text; empty: none
  std::string trace = {};      // that it came with; empty: a chain of calls begins
  // Takes the answer's bytes as they come, with their content type, where the program streams them; they are not in the
  // result then. Called on any thread; must not block.
  std::function<void(std::string_view type, std::string_view bytes)> piece = {};
};

// How a call ended. A function's own error is no Error: it is an answer with `error` set.
struct InvocationResult {
  std::string payload;
  std::string error;     // "Unhandled", or empty
  std::string log_tail;  // the last 4 KB of its log
};

// The error of a call that a chain of calls has led back to its function too often.
constexpr const char* kRecursion = "RecursiveInvocationException";

struct EnvironmentOptions {
  std::string directory;  // where code is unpacked
  std::string sdk;        // a folder of Python packages that functions find without packing them; empty: none
  bool network = false;   // functions have the machine's; else nothing but tarn
};

// THREADS: any. Calls `done` on a thread of its own or the caller's; done must not block.
class Environments {
 public:
  // LIFETIME: borrows all.
  Environments(Door& door, run::Runner& runner, EnvironmentOptions options);
  ~Environments();  // stop()

  // Where the tasks' sockets are served, and by whom tarn's own endpoint. Before the first call.
  // The endpoint's port is the same inside.
  Status start(http::Server& server, http::Handler endpoint);
  void stop();

  uint16_t port() const;  // of tarn's own endpoint

  // What is provisioned has changed: looked up anew, behind the caller.
  void look_again();
  struct Provisioned {
    int32_t ready = 0;
    std::string problem;  // why some are missing
  };
  Provisioned provisioned(const Program& program) const;

  // ERRORS: TooManyRequestsException (429), with the reason; RecursiveInvocationException; ServiceException.
  void invoke(Program program, Invocation invocation, std::move_only_function<void(Result<InvocationResult>)> done);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tarn::lambda

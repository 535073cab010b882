// Tasks as sandboxed processes of this machine: the default runner.
#pragma once

#include <string>

#include "run/spawner.h"
#include "run/task.h"

namespace tarn::run {

// THREADS: one of its own, which reads all tasks' output and tells their events.
class SandboxRunner final : public Runner {
 public:
  // `confined` false: no namespaces, no other user (--sandbox=none).
  SandboxRunner(Spawner spawner, bool confined);
  ~SandboxRunner() override;

  std::unique_ptr<Task> start(TaskSpec spec, TaskEvents events) override;

  // Why this machine cannot run confined tasks; empty: it can. Runs one that does nothing.
  std::string check();

 private:
  struct State;
  class SandboxTask;
  std::shared_ptr<State> state_;
};

}  // namespace tarn::run

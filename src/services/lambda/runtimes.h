// Runtimes: which interpreter of this machine stands for a runtime's name, and the program that speaks to it.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "run/task.h"

namespace tarn::lambda {

// ERRORS: InvalidParameterValueException: no such runtime, or none that this machine could run.
Status check_runtime(const std::string& runtime);

struct Interpreter {
  std::vector<std::string> command;  // inside
  std::vector<run::Mount> mounts;
  std::string note;  // of another version than the runtime's name says; empty: the very one
  std::string name;  // "python3.11", "node"; empty: the function's own program
};
// `support`: the folder of our own programs, see write_support(); `memory`: MB that it may take. ERRORS: what is not on
// this machine.
Result<Interpreter> find_interpreter(const std::string& runtime, const std::string& support, int32_t memory = 128);

// What this machine has for each runtime, looked for once: a program that is installed later is named after a restart.
// THREADS: any.
class RuntimeNames {
 public:
  // "python3.11"; the runtime's own name where its functions bring their program.
  std::string of(const std::string& runtime);

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> names_;
};

// Writes the programs that run handlers to a folder, for mounting.
Status write_support(const std::string& folder);

}  // namespace tarn::lambda

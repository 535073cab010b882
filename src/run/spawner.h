// The spawner: a process of one thread, forked from the server before it has any, that makes the sandboxes. A server of many
// threads cannot fork safely, nor quickly; and tasks end when their spawner ends, which ends with the server.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>

#include "base/json.h"
#include "base/result.h"
#include "os/file.h"
#include "run/task.h"

namespace tarn::run {

// The server's end. LIFETIME: when it goes, so do the spawner and all tasks.
struct Spawner {
  pid_t pid = -1;
  Fd socket;
};

// REQUIRES: called while the process has one thread.
Result<Spawner> fork_spawner();

// --- what the two say to each other: a JSON text with its length before it, and descriptors ----------------------------

struct SpawnerMessage {
  Json body;
  std::vector<Fd> fds;
};
Status send_message(int socket, const Json& body, std::span<const int> fds = {});
// nullopt: the other end has closed.
Result<std::optional<SpawnerMessage>> receive_message(int socket);

// {"start": id, "confined": .., spec}, with the pipe for its output.
Json start_message(uint64_t id, bool confined, const TaskSpec& spec);
TaskSpec spec_of(const Json& message);
// {"ended": id, outcome}
Json ended_message(uint64_t id, const Outcome& outcome);
Outcome outcome_of(const Json& message);

}  // namespace tarn::run

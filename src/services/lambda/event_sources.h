// Event sources: queues whose messages functions are called with. They are received through the door as the function's role;
// a long poll waits at the door, no thread is parked.
// AWS: Developer Guide, "Using Lambda with Amazon SQS".
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "services/lambda/environments.h"
#include "services/lambda/records.h"
#include "store/due.h"

namespace tarn::lambda {

// THREADS: any.
class EventSources final : public DueSource {
 public:
  // LIFETIME: borrows all. `note` takes lines for the server's log.
  EventSources(Door& door, Environments& environments, std::function<void(const std::string&)> note);
  ~EventSources() override;  // stop()

  // Receives for all mappings that are enabled.
  Status start();
  // Receives no more; batches under way may end.
  void stop();

  // A mapping was made, changed or deleted: called behind the commit.
  void look_again(const MappingKey& key);
  // How the last batch fared, as the mapping tells it: "OK".
  std::string last_result(const MappingKey& key);

  std::optional<Time> next_due() override { return std::nullopt; }
  std::string busy() override;
  void wake() override {}

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tarn::lambda

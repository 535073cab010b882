// What an environment's extensions are told of it, where they subscribe to its telemetry: events of the platform, lines of the
// function, lines of extensions; batches of them are posted to a listener inside the environment.
// AWS: Developer Guide, "Accessing real-time telemetry data for extensions using the Telemetry API".
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "os/file.h"

namespace tarn::lambda {

// THREADS: any.
class Telemetry {
 public:
  enum class Kind : uint8_t { kPlatform, kFunction, kExtension };

  // What extensions write goes to `output` as it comes, on a thread of its own.
  Telemetry(std::vector<Fd> callers, Fd side_output, std::function<void(std::string_view)> output);
  // What is left is sent first, as far as it is taken soon. REQUIRES: the environment has ended; the caller holds no lock
  // that `output` takes.
  ~Telemetry();

  // By the body of a request of the Telemetry API. What has happened since the environment's start comes first.
  // ERRORS: ValidationError (400); Telemetry.SubscriptionClosed (403): the init phase is over.
  Status subscribe(const std::string& extension, const Json& asked);

  // An event of the platform: "platform.start".
  void platform(std::string_view type, Json record);
  void output(Kind kind, std::string_view bytes);
  // Nobody subscribes any more.
  void close_init();
  // What has gathered goes out now: the environment ends.
  void hurry();

 private:
  struct Event {
    Kind kind;
    Json json;
    size_t bytes;
  };
  struct Subscriber {
    bool wants[3] = {};
    uint16_t port = 0;
    std::string host, path;
    size_t most_items = 1'000, most_bytes = 256 << 10;
    Micros timeout = kSecond;
    std::vector<Event> waiting = {};
    size_t bytes = 0;
    Micros first = 0;  // steady time of the oldest that waits
    size_t dropped = 0, dropped_bytes = 0;
  };

  void add(Kind kind, std::string_view type, Json record);  // REQUIRES: the lock
  static void give(Subscriber& to, const Event& event);
  void run();
  void post(const Fd& caller, Subscriber& to, std::unique_lock<std::mutex>& lock);

  const std::vector<Fd> callers_;
  const Fd side_output_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> early_;                              // of the init phase, for those who have yet to subscribe
  std::vector<std::unique_ptr<Subscriber>> subscribers_;  // each calls through the caller of its place
  std::string lines_[3];                                  // that have not ended, by kind
  bool init_over_ = false, stopping_ = false, hurried_ = false;
  std::thread reader_, sender_;
};

}  // namespace tarn::lambda

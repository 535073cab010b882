// Long polls: receives that wait for a message. One thread serves all of them; nothing is parked meanwhile.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/time.h"
#include "os/clock.h"
#include "services/sqs/live_queue.h"
#include "store/due.h"

namespace tarn::sqs {

struct Poll {
  std::shared_ptr<LiveQueue> queue;
  Micros deadline = 0;  // of steady_now()
  // Tries once; `last`: whatever comes of it is the answer. True: it was answered.
  std::function<bool(bool last)> serve;
  std::shared_ptr<std::atomic<bool>> left = std::make_shared<std::atomic<bool>>(false);  // nobody waits for it any more
};

// THREADS: any.
class Polls final : public DueSource {
 public:
  explicit Polls(const Clock& clock);
  ~Polls() override { stop(); }

  // Served until then, or at once when it is over.
  void add(Poll poll);
  // A queue has changed.
  void poke();
  void stop();
  bool stopped();

  // A poll's wait is the system's time; what it waits for (a delay, a visibility timeout) is of tarn's clock.
  std::optional<Time> next_due() override;
  std::string busy() override;
  void wake() override { poke(); }

 private:
  void run();
  bool due(const Poll& poll) const;
  Micros pause() const;

  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<size_t> waiting_{0};
  std::list<Poll> polls_;
  bool poked_ = false, stopping_ = false, serving_ = false;
  std::thread thread_;
};

}  // namespace tarn::sqs

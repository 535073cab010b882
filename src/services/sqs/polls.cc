#include "services/sqs/polls.h"

#include <algorithm>
#include <chrono>

namespace tarn::sqs {

constexpr Micros kLongestPause = kMinute;

Polls::Polls(const Clock& clock) : clock_(clock), thread_([this] { run(); }) {}

void Polls::add(Poll poll) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      polls_.push_back(std::move(poll));
      ++waiting_;
      poked_ = true;
      changed_.notify_one();
      return;
    }
  }
  poll.serve(true);
}

// Called by whatever changes a queue: costs nothing where nobody waits. (A poll that comes right behind looks anyway.)
void Polls::poke() {
  if (waiting_ == 0) return;
  const std::lock_guard lock(mutex_);
  poked_ = true;
  changed_.notify_one();
}

void Polls::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    changed_.notify_one();
  }
  thread_.join();
}

bool Polls::stopped() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool Polls::due(const Poll& poll) const {
  return stopping_ || *poll.left || poll.deadline <= steady_now();
}

// Until something is due by itself.
Micros Polls::pause() const {
  Micros pause = kLongestPause;
  for (const Poll& poll : polls_) {
    pause = std::min(pause, poll.deadline - steady_now());
    if (const auto visible = poll.queue->next_visible(); visible && clock_.runs())
      pause = std::min(pause, *visible - clock_.now());
  }
  return std::max<Micros>(pause, 0);
}

void Polls::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    poked_ = false;
    for (auto at = polls_.begin(); at != polls_.end();) {
      const auto next = std::next(at);
      const bool last = due(*at);
      if (last || at->queue->receivable(clock_.now())) {
        std::list<Poll> served;
        served.splice(served.end(), polls_, at);
        serving_ = true;
        lock.unlock();
        const bool answered = served.front().serve(last);
        lock.lock();
        serving_ = false;
        // Another was quicker: it keeps its place.
        if (!answered) polls_.splice(next, served);
        waiting_ = polls_.size();
        if (answered) {
          lock.unlock();
          served.clear();
          lock.lock();
        }
      }
      at = next;
    }
    if (stopping_ && polls_.empty()) return;
    if (!poked_ && !stopping_)
      changed_.wait_for(lock, std::chrono::microseconds(pause()), [&] { return poked_ || stopping_; });
  }
}

std::optional<Time> Polls::next_due() {
  const std::lock_guard lock(mutex_);
  std::optional<Time> next;
  for (const Poll& poll : polls_)
    if (const auto visible = poll.queue->next_visible(); visible && (!next || *visible < *next)) next = visible;
  return next;
}

std::string Polls::busy() {
  const std::lock_guard lock(mutex_);
  const Time now = clock_.now();
  const bool ready =
      serving_ || std::ranges::any_of(polls_, [&](const Poll& poll) { return poll.queue->receivable(now); });
  return ready ? "a message that somebody waits for is about to be received" : "";
}

}  // namespace tarn::sqs

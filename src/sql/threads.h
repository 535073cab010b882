// Threads for work that may not wait for other work: as many as there is work at once.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace tarn::sql {

// A thread that is done stays for the next work: what it has at hand, its memory first of all, need not be got anew. Of those
// that wait, the last one done is taken first.
// THREADS: run() from any. LIFETIME: the destructor waits until all have ended.
class Threads {
 public:
  using Work = std::move_only_function<void()>;

  Threads() = default;
  // `rest` is run by a thread that has waited for long.
  explicit Threads(std::function<void()> rest) : rest_(std::move(rest)) {}
  Threads(const Threads&) = delete;
  ~Threads();

  void run(Work work);

 private:
  struct Waiting {
    std::condition_variable arrived;
    Work work;
  };

  void serve(Work work);
  Work next();

  const std::function<void()> rest_;
  std::mutex mutex_;
  std::vector<Waiting*> waiting_;
  size_t count_ = 0;
  bool ending_ = false;
  std::condition_variable ended_;
};

}  // namespace tarn::sql

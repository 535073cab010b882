// Threads for work that may not wait for other work: as many as there is work at once.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

namespace tarn::sql::engine {

// A thread that is done stays for the next work: the engine's allocator gives a thread's memory back to the system when it
// ends, and a statement on a new thread would have to fault all of it in again. Of those that wait, the last one done is
// taken first.
// THREADS: run() from any. LIFETIME: the destructor waits until all have ended.
class Threads {
 public:
  using Work = std::move_only_function<void()>;

  Threads() = default;
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

  std::mutex mutex_;
  std::vector<Waiting*> waiting_;
  size_t count_ = 0;
  bool ending_ = false;
  std::condition_variable ended_;
};

}  // namespace tarn::sql::engine

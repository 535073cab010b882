// Threads: works that wait for each other all run at once; what a thread has done is let go of before it waits again; the end
// waits for what runs.
#include "sql/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <set>
#include <thread>

namespace tarn::sql {

TEST(Threads, run_as_many_works_as_there_are) {
  Threads threads;
  std::latch all(20);
  for (int i = 0; i < 20; ++i) threads.run([&] { all.arrive_and_wait(); });
  all.wait();
}

TEST(Threads, are_used_again_and_hold_nothing) {
  Threads threads;
  std::set<std::thread::id> used;
  for (int i = 0; i < 20; ++i) {
    auto held = std::make_shared<std::latch>(1);
    const std::weak_ptr<std::latch> seen = held;
    threads.run([&used, held] {
      used.insert(std::this_thread::get_id());
      held->count_down();
    });
    held->wait();
    held.reset();
    while (!seen.expired()) std::this_thread::yield();
  }
  EXPECT_LT(used.size(), 20U);
}

TEST(Threads, end_when_their_work_has) {
  std::atomic<int> done = 0;
  {
    Threads threads;
    for (int i = 0; i < 10; ++i) threads.run([&] { ++done; });
  }
  EXPECT_EQ(done, 10);
}

}  // namespace tarn::sql

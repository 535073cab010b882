// LOCK: one holder at a time, waiting ends when it lets go or is cancelled, and two that wait for each other are told.
#include "sql/table_locks.h"

#include <gtest/gtest.h>

#include <thread>

#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

TEST(TableLocks, OneHolderAtATime) {
  TableLocks locks;
  std::atomic<bool> go_on = false;
  int first = 0, second = 0;
  auto held = locks.lock("t", &first, go_on);
  ASSERT_TRUE(held);
  EXPECT_TRUE(*held);  // whoever keeps it only if it is something keeps it
  EXPECT_TRUE(locks.wait("t", &first, go_on));   // its own
  EXPECT_TRUE(locks.wait("u", &second, go_on));  // another table
  std::atomic<bool> got = false;
  std::thread waiter([&] {
    const auto after = locks.lock("t", &second, go_on);
    got = after.has_value();
  });
  EXPECT_FALSE(got);
  *held = nullptr;
  waiter.join();
  EXPECT_TRUE(got);
}

TEST(TableLocks, WaitingEndsWhenCancelled) {
  TableLocks locks;
  std::atomic<bool> go_on = false, cancelled = true;
  int first = 0, second = 0;
  const auto held = locks.lock("t", &first, go_on);
  const auto refused = locks.lock("t", &second, cancelled);
  ASSERT_FALSE(refused);
  EXPECT_EQ(sqlstate_of(refused.error()), "57014");
}

TEST(TableLocks, DeadlocksAreSeen) {
  TableLocks locks;
  std::atomic<bool> go_on = false, cancelled = false;
  int first = 0, second = 0;
  const auto a = locks.lock("a", &first, go_on);
  const auto b = locks.lock("b", &second, go_on);
  std::string state;
  std::thread waiter([&] {
    if (const auto got = locks.lock("b", &first, cancelled); !got) state = sqlstate_of(got.error());
  });
  // Whichever of the two comes second is told; the other one is let go.
  for (;;) {
    std::atomic<bool> at_once = true;
    const auto got = locks.lock("a", &second, at_once);
    ASSERT_FALSE(got);
    if (sqlstate_of(got.error()) == "40P01") break;
    std::this_thread::yield();
  }
  cancelled = true;
  waiter.join();
  EXPECT_EQ(state, "57014");
}

}  // namespace
}  // namespace tarn::sql

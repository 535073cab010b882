// What the cache of committed records may tell: never what a reader of that sequence would not have read from RocksDB.
#include "store/recent_records.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "os/temporary.h"
#include "store/store.h"

namespace tarn {
namespace {

using Record = std::optional<std::string>;
constexpr Sequence kNow = UINT64_MAX;

TEST(RecentRecords, keeps_what_is_read_twice) {
  RecentRecords records;
  records.keep("k", "one", 5);
  EXPECT_FALSE(records.find("k", kNow)) << "read once";
  records.keep("k", "one", 6);
  EXPECT_EQ(records.find("k", kNow), std::optional<Record>("one"));
  EXPECT_FALSE(records.find("another", kNow));
}

TEST(RecentRecords, keeps_that_there_is_none) {
  RecentRecords records;
  records.keep("k", std::nullopt, 5);
  records.keep("k", std::nullopt, 5);
  const auto found = records.find("k", kNow);
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST(RecentRecords, tells_nothing_to_readers_of_older_sequences) {
  RecentRecords records;
  records.keep("k", "one", 5);
  records.keep("k", "one", 5);
  EXPECT_FALSE(records.find("k", 4));
  EXPECT_TRUE(records.find("k", 5));
}

TEST(RecentRecords, knows_nothing_while_a_commit_is_under_way_and_after_it) {
  RecentRecords records;
  const std::vector slots = {RecentRecords::slot_of("k")};
  records.keep("k", "one", 5);
  records.keep("k", "one", 5);
  records.close(slots);
  EXPECT_FALSE(records.find("k", kNow));
  records.keep("k", "one", 6);
  records.keep("k", "one", 6);
  EXPECT_FALSE(records.find("k", kNow)) << "kept while it changed";
  records.open(slots, 7);
  EXPECT_FALSE(records.find("k", kNow));
  records.keep("k", "one", 6);
  records.keep("k", "one", 6);
  EXPECT_FALSE(records.find("k", kNow)) << "read before the change";
  records.keep("k", "two", 7);
  records.keep("k", "two", 7);
  EXPECT_EQ(records.find("k", kNow), std::optional<Record>("two"));
}

struct CountKey {
  int64_t id = 0;
  static void fields(auto& self, auto&& visit) { visit(self.id); }
};
struct CountRecord {
  int64_t count = 0;
  static void fields(auto& self, auto&& visit) { visit(self.count); }
};
constexpr Table<CountKey, CountRecord> kCounts{"test.counts"};

// Two records are always written together; readers of a snapshot see them alike, and a count never goes back.
TEST(RecentRecords, concurrent_readers_see_what_is_committed) {
  const TemporaryDirectory directory;
  const std::unique_ptr<Store> opened = Store::open(directory.path() + "/data", {}).value();
  Store& store = *opened;
  std::atomic<bool> over{false};
  std::vector<std::thread> readers;
  std::atomic<int> wrong{0};
  for (int r = 0; r < 3; ++r)
    readers.emplace_back([&] {
      int64_t last = 0;
      while (!over) {
        const auto tx = store.read();
        const auto a = tx->get(kCounts, {1}), b = tx->get(kCounts, {2});
        const int64_t now = a && *a ? (*a)->count : 0;
        if (!a || !b || a->has_value() != b->has_value() || (*a && (*a)->count != (*b)->count) || now < last) ++wrong;
        last = now;
      }
    });
  std::atomic<int64_t> written{0};
  std::vector<std::thread> writers;
  for (int w = 0; w < 2; ++w)
    writers.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) {
        const auto done = store.run([&](Transaction& tx) -> Status {
          const auto a = TRY(tx.get(kCounts, {1})), b = TRY(tx.get(kCounts, {2}));
          const CountRecord next{(a ? a->count : 0) + 1};
          if (a && b && a->count != b->count) ++wrong;
          TRY(tx.put(kCounts, {1}, next));
          if (const auto own = TRY(tx.get(kCounts, {1})); own->count != next.count) ++wrong;
          return tx.put(kCounts, {2}, next);
        });
        if (done) ++written;
      }
    });
  for (auto& thread : writers) thread.join();
  over = true;
  for (auto& thread : readers) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ((*store.read()->get(kCounts, {1}))->count, written) << "a lost update";
}

}  // namespace
}  // namespace tarn

// Why: which message may be received when is decided in memory alone. What is wrong here loses or reorders messages.
#include "services/sqs/live_queue.h"

#include <gtest/gtest.h>

namespace tarn::sqs {
namespace {

using Numbers = std::vector<uint64_t>;

struct Fixture {
  explicit Fixture(bool fifo) : queue(std::make_shared<LiveQueue>(fifo, [this] { ++changes; })) {
    EXPECT_TRUE(queue->load_once([] { return std::vector<LiveMessage>{}; }));
  }
  void send(uint64_t number, std::string group = "", Micros delay = 0) {
    auto place = queue->reserve({number, now, now + delay, std::move(group)});
    ASSERT_TRUE(place);
    place->publish();
  }
  LiveQueue::Taken take(size_t most = 10, Micros seconds = 30, std::string attempt = "") {
    return queue->take({.most = most,
                        .now = now,
                        .until = now + seconds * kSecond,
                        .sent_after = now + -kDay,
                        .receipt = ++receipts,
                        .attempt = std::move(attempt)});
  }

  Time now = Time::of_seconds(1'000'000);
  uint64_t receipts = 0;
  int changes = 0;
  std::shared_ptr<LiveQueue> queue;
};

TEST(LiveQueueTest, AMessageIsSeenAgainAfterItsTimeout) {
  Fixture f(false);
  f.send(1);
  f.send(2);
  EXPECT_EQ(f.take(1).numbers, Numbers{1});
  EXPECT_EQ(f.take().numbers, Numbers{2});
  EXPECT_EQ(f.take().numbers, Numbers{});
  f.now = f.now + 30 * kSecond;
  EXPECT_EQ(f.take().numbers, (Numbers{1, 2}));
}

TEST(LiveQueueTest, NobodySeesWhatIsNotPublished) {
  Fixture f(false);
  {
    auto place = f.queue->reserve({1, f.now, f.now});
    EXPECT_EQ(f.take().numbers, Numbers{});
  }
  EXPECT_EQ(f.take().numbers, Numbers{});
  EXPECT_EQ(f.queue->counts(f.now).visible, 0u);
}

TEST(LiveQueueTest, AGroupWaitsForAMessageThatIsComing) {
  Fixture f(true);
  auto first = f.queue->reserve({1, f.now, f.now, "a"});
  f.send(2, "a");
  f.send(3, "b");
  EXPECT_EQ(f.take().numbers, Numbers{3});
  first->publish();
  EXPECT_EQ(f.take().numbers, (Numbers{1, 2}));
}

TEST(LiveQueueTest, AGroupGoesOnWhenAComingMessageFails) {
  Fixture f(true);
  auto first = f.queue->reserve({1, f.now, f.now, "a"});
  f.send(2, "a");
  const int before = f.changes;
  first.reset();
  EXPECT_GT(f.changes, before);
  EXPECT_EQ(f.take().numbers, Numbers{2});
}

TEST(LiveQueueTest, AGroupIsGivenToOneReceiverAtATime) {
  Fixture f(true);
  for (uint64_t number : {1, 2, 3}) f.send(number, "a");
  f.send(4, "b");
  EXPECT_EQ(f.take(2).numbers, (Numbers{1, 2}));
  EXPECT_EQ(f.take().numbers, Numbers{4});  // 3 waits for its group
  f.queue->erase(1);
  EXPECT_EQ(f.take().numbers, Numbers{});
  f.queue->erase(2);
  EXPECT_EQ(f.take().numbers, Numbers{3});
}

TEST(LiveQueueTest, AGroupComesBackInOrder) {
  Fixture f(true);
  for (uint64_t number : {1, 2, 3}) f.send(number, "a");
  const auto taken = f.take(2);
  EXPECT_TRUE(f.queue->change_visibility(2, taken.receipt, f.now, f.now));
  EXPECT_EQ(f.take().numbers, Numbers{});  // 1 is still out
  f.now = f.now + 30 * kSecond;
  EXPECT_EQ(f.take().numbers, (Numbers{1, 2, 3}));
}

// As AWS was seen to do it: a group is back with its first message, though the second one is still out.
TEST(LiveQueueTest, AGroupIsBackWithItsFirstMessage) {
  Fixture f(true);
  for (uint64_t number : {1, 2}) f.send(number, "a");
  f.send(3, "b");
  const auto taken = f.take(2);
  EXPECT_TRUE(f.queue->change_visibility(1, taken.receipt, f.now, f.now));
  EXPECT_EQ(f.take().numbers, (Numbers{3, 1}));  // behind the group that waits already
}

TEST(LiveQueueTest, GroupsTakeTurns) {
  Fixture f(true);
  f.send(1, "a");
  f.send(2, "b");
  f.send(3, "b");
  f.send(4, "c");
  f.send(5, "a");
  EXPECT_EQ(f.take(3, 0).numbers, (Numbers{1, 5, 2}));
  EXPECT_EQ(f.take(10, 0).numbers, (Numbers{4, 1, 5, 2, 3}));
}

TEST(LiveQueueTest, GroupsOfAStandardQueueShareItsReceivers) {
  Fixture f(false);
  for (uint64_t number : {1, 2, 3, 4}) f.send(number, "loud");
  f.send(5, "quiet");
  f.send(6);
  EXPECT_EQ(f.take(4).numbers, (Numbers{1, 5, 6, 2}));
  f.send(7, "quiet");
  f.send(8);
  EXPECT_EQ(f.take(10).numbers, (Numbers{7, 8, 3, 4}));
}

TEST(LiveQueueTest, AStandardQueueWithoutGroupsKeepsTheOrderOfSending) {
  Fixture f(false);
  for (uint64_t number : {1, 2, 3}) f.send(number);
  EXPECT_EQ(f.take(2).numbers, (Numbers{1, 2}));
  f.send(4);
  EXPECT_EQ(f.take(10).numbers, (Numbers{3, 4}));
}

TEST(LiveQueueTest, AnyReceiptChangesAStandardQueuesMessage) {
  Fixture f(false);
  f.send(1);
  const auto taken = f.take(1, 1);
  f.now = f.now + 2 * kSecond;
  EXPECT_TRUE(f.queue->change_visibility(1, taken.receipt, f.now, f.now + 2 * kSecond));
  EXPECT_EQ(f.take().numbers, Numbers{});
  EXPECT_TRUE(f.queue->change_visibility(1, 99, f.now, f.now));
  EXPECT_EQ(f.take().numbers, Numbers{1});
  f.queue->erase(1);
  EXPECT_FALSE(f.queue->change_visibility(1, 99, f.now, f.now));
}

TEST(LiveQueueTest, DelaysAreKept) {
  Fixture f(false);
  f.send(1, "", 10 * kSecond);
  EXPECT_EQ(f.queue->counts(f.now).delayed, 1u);
  EXPECT_EQ(f.take().numbers, Numbers{});
  EXPECT_EQ(f.queue->next_visible(), f.now + 10 * kSecond);
  f.now = f.now + 10 * kSecond;
  EXPECT_EQ(f.take().numbers, Numbers{1});
}

TEST(LiveQueueTest, AnAttemptIsAnsweredAgain) {
  Fixture f(true);
  f.send(1, "a");
  f.send(2, "a");
  const auto first = f.take(1, 30, "try");
  EXPECT_FALSE(first.again);
  const auto again = f.take(1, 30, "try");
  EXPECT_TRUE(again.again);
  EXPECT_EQ(again.numbers, first.numbers);
  EXPECT_EQ(again.receipt, first.receipt);
  f.queue->erase(1);
  EXPECT_EQ(f.take(1, 30, "try").numbers, Numbers{2});
}

TEST(LiveQueueTest, AReceiptOfAFifoQueueExpires) {
  Fixture f(true);
  f.send(1, "a");
  EXPECT_TRUE(f.queue->may_delete(1, 99, f.now));  // received before the server began
  const auto taken = f.take();
  EXPECT_TRUE(f.queue->may_delete(1, taken.receipt, f.now));
  EXPECT_FALSE(f.queue->may_delete(1, 99, f.now));
  f.now = f.now + 31 * kSecond;
  EXPECT_FALSE(f.queue->may_delete(1, taken.receipt, f.now));
}

TEST(LiveQueueTest, OldMessagesAreNotGivenOut) {
  Fixture f(true);
  f.send(1, "a");
  f.now = f.now + 2 * kDay;
  f.send(2, "a");
  EXPECT_EQ(f.take().numbers, Numbers{2});
  EXPECT_EQ(f.queue->expired(), Numbers{1});
}

TEST(LiveQueueTest, WhatIsGivenBackIsThereAgain) {
  Fixture f(false);
  f.send(1);
  f.queue->give_back(f.take(), f.now);
  EXPECT_EQ(f.take().numbers, Numbers{1});
}

TEST(LiveQueueTest, AClosedQueueTakesNothing) {
  Fixture f(false);
  f.send(1);
  f.queue->close();
  EXPECT_FALSE(f.queue->reserve({2, f.now, f.now}));
  EXPECT_EQ(f.take().numbers, Numbers{});
}

}  // namespace
}  // namespace tarn::sqs

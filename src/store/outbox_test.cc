// An event that is lost, told before its cause is safe, or stuck behind a dead receiver breaks every pipeline built on
// it.
#include "store/outbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>

#include "os/temporary.h"
#include "store/idempotency.h"
#include "store/timers.h"

namespace tarn {
namespace {

class OutboxTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void TearDown() override { close(); }

  void open() {
    store_ = std::move(Store::open(directory_.path() + "/data").value());
    clock_ = std::make_unique<VirtualClock>(stored_virtual_time(*store_)->value_or(Time::of_seconds(1000)));
    outbox_ = std::make_unique<Outbox>(*store_, *clock_, [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      logged_.push_back(line);
    });
    // The payload names the targets, parted by blanks.
    outbox_->match("made", [this](Transaction&, const Event& event) -> Result<std::vector<NewDelivery>> {
      if (fail_matching_ > 0) {
        --fail_matching_;
        return internal_failure("cannot match now");
      }
      std::vector<NewDelivery> deliveries;
      for (size_t at = 0; at < event.payload.size();) {
        const size_t end = std::min(event.payload.find(' ', at), event.payload.size());
        deliveries.push_back({.type = "test",
                              .target = event.payload.substr(at, end - at),
                              .payload = event.payload,
                              .give_up_after = kHour,
                              .max_attempts = 5});
        at = end + 1;
      }
      return deliveries;
    });
    outbox_->deliver_to("test", {.deliver = [this](const Delivery& delivery) { return receive(delivery); },
                                 .may_pass = [](const Error& error) { return error.status != 403; },
                                 .gave_up = [this](Transaction&, const Delivery& delivery, const Error& error) -> Status {
                                   const std::lock_guard lock(mutex_);
                                   dead_.push_back(delivery.target + ": " + error.message);
                                   return {};
                                 }});
  }
  void start() { ASSERT_TRUE(outbox_->start()); }
  void close() {
    outbox_.reset();
    store_.reset();
  }

  Status receive(const Delivery& delivery) {
    std::unique_lock lock(mutex_);
    if (delivery.target == "blocked") unblocked_.wait(lock, [&] { return !block_; });
    if (delivery.target == "forbidden") return fail(403, "AccessDenied", "not you");
    if (delivery.target == "dead") return internal_failure("nobody there");
    if (delivery.target == "flaky" && delivery.attempts < 2) return internal_failure("not yet");
    received_.push_back(delivery.target);
    ids_.push_back(delivery.id);
    changed_.notify_all();
    return {};
  }
  std::vector<std::string> received() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all = received_;
    std::ranges::sort(all);
    return all;
  }
  void subscribe() {
    ASSERT_TRUE(store_->run([&](Transaction& tx) { return outbox_->subscribe(tx, "made", "1", "r", "s"); }));
  }
  void emit(const std::string& targets) {
    ASSERT_TRUE(store_->run([&](Transaction& tx) { return outbox_->emit(tx, {"made", "1", "r", targets}); }));
  }
  Status advance_by(Micros time, Micros patience = 20 * kSecond) {
    DueSource* sources[] = {outbox_.get()};
    return advance(*store_, *clock_, clock_->now() + time, sources, patience);
  }
  using Names = std::vector<std::string>;

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<VirtualClock> clock_;
  std::unique_ptr<Outbox> outbox_;
  std::atomic<int> fail_matching_{0};
  std::mutex mutex_;
  std::condition_variable changed_, unblocked_;
  bool block_ = false;
  Names received_, ids_, dead_, logged_;
};

TEST_F(OutboxTest, OnlyWhatSomebodySubscribesToIsWritten) {
  start();
  emit("a");
  subscribe();
  subscribe();  // the same again
  emit("b");
  ASSERT_TRUE(store_->run([&](Transaction& tx) { return outbox_->emit(tx, {"made", "2", "r", "other-account"}); }));
  ASSERT_TRUE(store_->run([&](Transaction& tx) { return outbox_->unsubscribe(tx, "made", "1", "r", "s"); }));
  emit("c");
  ASSERT_TRUE(advance_by(0));
  EXPECT_EQ(received(), Names{"b"});
}

TEST_F(OutboxTest, WhatServicesTellIsAskedForByKindBySourceOrAltogether) {
  Names seen;
  for (const char* name : {"aws.s3:Object Created", "aws.s3:", "aws."})
    outbox_->match(name, [&seen, name](Transaction&, const Event& event) -> Result<std::vector<NewDelivery>> {
      seen.push_back(std::string(name) + " < " + event.kind);
      return std::vector<NewDelivery>{};
    });
  start();
  const auto in_store = [&](auto&& work) { ASSERT_TRUE(store_->run([&](Transaction& tx) { return work(tx); })); };
  const auto tell = [&](const char* kind) {
    in_store([&](Transaction& tx) { return outbox_->emit(tx, {kind, "1", "r", ""}); });
    ASSERT_TRUE(advance_by(0));
  };
  tell("aws.s3:Object Created");  // nobody has asked
  EXPECT_EQ(seen, Names{});
  in_store([&](Transaction& tx) { return outbox_->subscribe(tx, "aws.s3:", "1", "r", "rule"); });
  tell("aws.s3:Object Created");
  EXPECT_EQ(seen, (Names{"aws.s3:Object Created < aws.s3:Object Created", "aws.s3: < aws.s3:Object Created",
                         "aws. < aws.s3:Object Created"}));
  seen.clear();
  tell("aws.glue:Crawler State Change");
  tell("s3:Object Created");
  EXPECT_EQ(seen, Names{});
  in_store([&](Transaction& tx) { return outbox_->unsubscribe(tx, "aws.s3:", "1", "r", "rule"); });
  in_store([&](Transaction& tx) { return outbox_->subscribe(tx, "aws.", "1", "r", "rule"); });
  tell("aws.glue:Crawler State Change");
  EXPECT_EQ(seen, Names{"aws. < aws.glue:Crawler State Change"});
  in_store([&](Transaction& tx) -> Status {
    TRY(outbox_->post(tx, {"aws.s3:Object Created", "2", "r", ""}));
    return {};
  });
  ASSERT_TRUE(advance_by(0));
  EXPECT_EQ(seen.size(), 4u);  // whoever asks
}

TEST_F(OutboxTest, WhatDoesNotCommitIsNotTold) {
  start();
  subscribe();
  {
    ASSERT_TRUE(outbox_->emit(*store_->write(), {"made", "1", "r", "a"}));
  }
  ASSERT_TRUE(advance_by(0));
  EXPECT_EQ(received(), Names{});
}

TEST_F(OutboxTest, ARestartGoesOnWhereItStood) {
  subscribe();  // not started: nothing is matched
  emit("a b");
  emit("flaky");
  close();
  open();
  start();
  ASSERT_TRUE(advance_by(0));
  EXPECT_EQ(received(), (Names{"a", "b"}));
  close();
  open();
  start();
  ASSERT_TRUE(advance_by(kMinute));
  EXPECT_EQ(received(), (Names{"a", "b", "flaky"}));
  close();
  open();
  start();
  ASSERT_TRUE(advance_by(kDay));
  EXPECT_EQ(received(), (Names{"a", "b", "flaky"})) << "nothing is told again once it was noted";
}

TEST_F(OutboxTest, RetriesOnTheClockWithTheSameIdUntilItGivesUp) {
  start();
  subscribe();
  emit("flaky dead");
  ASSERT_TRUE(advance_by(0));
  EXPECT_EQ(received(), Names{});
  ASSERT_TRUE(advance_by(kSecond));  // the second attempts
  EXPECT_EQ(received(), Names{});
  ASSERT_TRUE(advance_by(2 * kSecond));
  EXPECT_EQ(received(), Names{"flaky"});
  EXPECT_TRUE(dead_.empty());
  ASSERT_TRUE(advance_by(kHour));
  EXPECT_EQ(dead_, Names{"dead: nobody there"});
  EXPECT_EQ(outbox_->next_due(), std::nullopt);
}

TEST_F(OutboxTest, WhatCannotPassIsGivenUpAtOnce) {
  start();
  subscribe();
  emit("forbidden");
  ASSERT_TRUE(advance_by(0));
  EXPECT_EQ(dead_, Names{"forbidden: not you"});
}

TEST_F(OutboxTest, ABlockedTargetDelaysNobodyElse) {
  start();
  subscribe();
  block_ = true;
  emit("blocked");
  emit("blocked a");
  emit("b");
  {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return received_.size() == 2; }));
  }
  const Status waits = advance_by(kSecond, 50'000);
  ASSERT_FALSE(waits);
  EXPECT_EQ(waits.error().code, "ClockBusy");
  EXPECT_NE(waits.error().message.find("a delivery to blocked"), std::string::npos) << waits.error().message;
  {
    const std::lock_guard lock(mutex_);
    block_ = false;
  }
  unblocked_.notify_all();
  ASSERT_TRUE(advance_by(0));
  EXPECT_EQ(received(), (Names{"a", "b", "blocked", "blocked"}));
}

// FIFO topics stand on it.
TEST_F(OutboxTest, ThoseThatKeepTheirOrderWaitForTheFirst) {
  bool fails = true;
  outbox_->deliver_to("ordered", {.deliver = [&](const Delivery& delivery) -> Status {
    const std::lock_guard lock(mutex_);
    if (delivery.payload == "1" && fails) return internal_failure("not yet");
    received_.push_back(delivery.payload);
    return {};
  }});
  start();
  for (const char* payload : {"1", "2", "3"})
    ASSERT_TRUE(store_->run([&](Transaction& tx) {
      return outbox_->enqueue(tx, {.type = "ordered.in-order", .target = "t", .payload = payload});
    }));
  ASSERT_TRUE(advance_by(kMinute));
  EXPECT_EQ(received(), Names{});
  {
    const std::lock_guard lock(mutex_);
    fails = false;
  }
  ASSERT_TRUE(advance_by(kHour));
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(received_, (Names{"1", "2", "3"}));
}

TEST_F(OutboxTest, AMatcherThatFailsIsAskedAgain) {
  start();
  subscribe();
  fail_matching_ = 2;
  emit("a");
  emit("b");
  ASSERT_TRUE(advance_by(kMinute));
  EXPECT_EQ(received(), (Names{"a", "b"}));
  EXPECT_EQ(logged_.size(), 2U);
}

TEST_F(OutboxTest, EveryEventOfManyThreadsArrivesOnceWithAnIdOfItsOwn) {
  start();
  subscribe();
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) emit("target" + std::to_string((t * 50 + i) % 40));
    });
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(advance_by(0));
  EXPECT_EQ(received().size(), 400U);
  std::ranges::sort(ids_);
  EXPECT_EQ(std::ranges::adjacent_find(ids_), ids_.end());
}

TEST_F(OutboxTest, WhatIsBegunRunsSideBySideAndItsTargetSaysWhatFollows) {
  std::vector<std::pair<std::string, Settle>> begun;
  const auto enqueue = [&](Transaction& tx, std::string payload, Micros delay) {
    return outbox_->enqueue(tx, {.type = "long", .target = "one", .payload = std::move(payload), .delay = delay});
  };
  const auto listen = [&] {
    outbox_->deliver_to("long", {.deliver = {},
                                 .begin =
                                     [&](const Delivery& delivery, Settle settle) {
                                       const std::lock_guard lock(mutex_);
                                       begun.emplace_back(delivery.payload, std::move(settle));
                                       changed_.notify_all();
                                     },
                                 .most_begun = 2});
  };
  const auto wait_for = [&](size_t count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return begun.size() == count; }));
  };
  listen();
  start();
  for (const char* payload : {"a", "b", "c"})
    ASSERT_TRUE(store_->run([&](Transaction& tx) { return enqueue(tx, payload, 0); }));
  wait_for(2);  // the third waits for a place
  EXPECT_NE(outbox_->busy(), "");
  begun[0].second([&](Transaction& tx) { return enqueue(tx, "a again", kMinute); });
  wait_for(3);
  begun[1].second({});
  begun[2].second({});
  ASSERT_TRUE(advance(*store_, *clock_, clock_->now() + 30 * kSecond, std::array<DueSource*, 1>{outbox_.get()}));
  EXPECT_EQ(begun.size(), 3u);
  EXPECT_EQ(outbox_->next_due(), clock_->now() + 30 * kSecond);
  close();  // what waits is there after a restart; so would be what was begun and not settled
  begun.clear();
  open();
  listen();
  start();
  clock_->move_to(clock_->now() + kMinute);
  outbox_->wake();
  wait_for(1);
  EXPECT_EQ(begun[0].first, "a again");
  close();
  begun.clear();
  open();
  listen();
  start();
  clock_->move_to(clock_->now() + kMinute);  // a clock that was moved so is not stored
  outbox_->wake();
  wait_for(1);
  EXPECT_EQ(begun[0].first, "a again");
  begun[0].second({});
  ASSERT_TRUE(advance(*store_, *clock_, clock_->now(), std::array<DueSource*, 1>{outbox_.get()}));
  EXPECT_EQ(outbox_->next_due(), std::nullopt);
}

TEST_F(OutboxTest, ADeliveryWithoutAnEventWaitsItsDelay) {
  start();
  ASSERT_TRUE(store_->run([&](Transaction& tx) {
    return outbox_->enqueue(tx, {.type = "test", .target = "late", .payload = "", .delay = kMinute});
  }));
  ASSERT_TRUE(store_->run(
      [&](Transaction& tx) { return outbox_->enqueue(tx, {.type = "unknown", .target = "x", .payload = ""}); }));
  ASSERT_TRUE(advance_by(kMinute - 1));
  EXPECT_EQ(received(), Names{});
  ASSERT_TRUE(advance_by(1));
  EXPECT_EQ(received(), Names{"late"});
  ASSERT_FALSE(logged_.empty());
  EXPECT_NE(logged_[0].find("unknown"), std::string::npos) << logged_[0];
}

// --- timers ---------------------------------------------------------------------------------------------------------

class TimersTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void TearDown() override { close(); }
  void open() {
    store_ = std::move(Store::open(directory_.path() + "/data").value());
    clock_ = std::make_unique<VirtualClock>(stored_virtual_time(*store_)->value_or(Time::of_seconds(1000)));
    timers_ = std::make_unique<Timers>(*store_, *clock_);
    timers_->on("note", [this](Transaction&, const Timer& timer) -> Status {
      fired_.push_back(timer.id + "@" + std::to_string(clock_->now().seconds()) + timer.payload);
      return {};
    });
    timers_->on("hourly", [this](Transaction& tx, const Timer& timer) -> Status {
      ++hours_;
      return timers_->set(tx, timer.kind, timer.id, timer.due + kHour);
    });
    timers_->on("flaky", [this](Transaction&, const Timer& timer) -> Status {
      fired_.push_back("try@" + std::to_string(clock_->now().seconds()));
      if (timer.attempts < 2) return internal_failure("not yet");
      return {};
    });
    ASSERT_TRUE(forget_expired_answers_daily(*store_, *timers_, clock_->now()));
    ASSERT_TRUE(timers_->start());
  }
  void close() {
    timers_.reset();
    store_.reset();
  }
  void set(std::string_view kind, std::string_view id, int64_t due, std::string_view payload = "") {
    ASSERT_TRUE(
        store_->run([&](Transaction& tx) { return timers_->set(tx, kind, id, Time::of_seconds(due), payload); }));
  }
  Status advance_to(int64_t seconds) {
    DueSource* sources[] = {timers_.get()};
    return advance(*store_, *clock_, Time::of_seconds(seconds), sources, 20 * kSecond);
  }
  using Names = std::vector<std::string>;

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<VirtualClock> clock_;
  std::unique_ptr<Timers> timers_;
  Names fired_;
  int hours_ = 0;
};

TEST_F(TimersTest, FireInOrderEachAtItsMoment) {
  set("note", "c", 1300);
  set("note", "a", 1100, " hello");
  set("note", "b", 1200);
  ASSERT_TRUE(advance_to(1099));
  EXPECT_EQ(fired_, Names{});
  ASSERT_TRUE(advance_to(1250));
  EXPECT_EQ(fired_, (Names{"a@1100 hello", "b@1200"}));
  ASSERT_TRUE(advance_to(5000));
  EXPECT_EQ(fired_.back(), "c@1300");
  set("note", "late", 10);  // long past
  ASSERT_TRUE(advance_to(5000));
  EXPECT_EQ(fired_.back(), "late@5000");
}

TEST_F(TimersTest, SetAnewAndCancelled) {
  set("note", "a", 1100);
  set("note", "a", 1200);
  set("note", "b", 1100);
  set("note", "same", 1150);
  set("note", "same", 1150);
  ASSERT_TRUE(store_->run([&](Transaction& tx) { return timers_->cancel(tx, "note", "b"); }));
  ASSERT_TRUE(store_->run([&](Transaction& tx) { return timers_->cancel(tx, "note", "none"); }));
  ASSERT_TRUE(advance_to(2000));
  EXPECT_EQ(fired_, (Names{"same@1150", "a@1200"}));
}

TEST_F(TimersTest, AMonthOfHoursPassesAtOnceAndSurvivesARestart) {
  set("hourly", "h", 1000 + 3600);
  ASSERT_TRUE(advance_to(1000 + 15 * 86400));
  close();
  open();
  EXPECT_EQ(clock_->now(), Time::of_seconds(1000 + 15 * 86400));
  ASSERT_TRUE(advance_to(1000 + 30 * 86400));
  EXPECT_EQ(hours_, 720);
  const Status back = advance_to(1000);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, "InvalidTime");
}

TEST_F(TimersTest, ExpiredAnswersAreForgottenDaily) {
  for (const int64_t hours : {1, 30, 40})
    ASSERT_TRUE(store_->run([&](Transaction& tx) {
      const IdempotencyKey key{"op", "p", std::to_string(hours)};
      return remember_answer(tx, key, "hash", "answer", clock_->now() + hours * kHour);
    }));
  ASSERT_TRUE(advance_to(1000 + 86400));
  EXPECT_EQ(forget_expired_answers(*store_, Time::of_seconds(1000 + 35 * 3600)), 1U) << "but that of 30 hours";
  ASSERT_TRUE(advance_to(1000 + 2 * 86400));
  EXPECT_EQ(forget_expired_answers(*store_, Time::of_seconds(1000 + 50 * 3600)), 0U);
}

TEST_F(TimersTest, AFailingHandlerIsTriedAgainWithPauses) {
  set("flaky", "f", 1100);
  set("nobody", "n", 1100);
  ASSERT_TRUE(advance_to(1110));
  EXPECT_EQ(fired_, (Names{"try@1100", "try@1101", "try@1103"}));
}

TEST_F(TimersTest, OnTheSystemsTimeTheyFireByThemselves) {
  const SystemClock clock;
  Timers timers(*store_, clock);
  std::atomic<bool> fired{false};
  timers.on("real", [&](Transaction&, const Timer&) -> Status {
    fired = true;
    fired.notify_all();
    return {};
  });
  ASSERT_TRUE(timers.start());
  ASSERT_TRUE(store_->run([&](Transaction& tx) { return timers.set(tx, "real", "r", clock.now() + 5'000); }));
  fired.wait(false);
  EXPECT_TRUE(fired);
}

}  // namespace
}  // namespace tarn

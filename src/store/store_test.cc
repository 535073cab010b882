// Everything durable stands on these: what a transaction sees, what it locks, what survives, what is refused.
#include "store/store.h"

#include <gtest/gtest.h>

#include <thread>

#include "os/temporary.h"
#include "store/idempotency.h"
#include "store/page_token.h"

namespace tarn {
namespace {

struct ItemKey {
  std::string owner, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.name); }
};
struct Item {
  std::string colour;
  int64_t n = 0;
  static void fields(auto& self, auto&& visit) { visit(self.colour, self.n); }
};
constexpr Index<ItemKey, Item> kByColour{"items.by_colour", [](const ItemKey& key, const Item& item, IndexKeys& keys) {
                                           if (!item.colour.empty()) keys.add(key.owner, item.colour);
                                         }};
constexpr Index<ItemKey, Item> kItemIndexes[] = {kByColour};
constexpr Table<ItemKey, Item> kItems{"items", kItemIndexes};
constexpr Table<ItemKey, Item> kPlain{"plain"};

class StoreTest : public testing::Test {
 protected:
  void open(StoreOptions options = {}) {
    store_.reset();
    auto opened = Store::open(directory_.path() + "/data", std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  void SetUp() override { open(); }

  void put(const Table<ItemKey, Item>& table, const ItemKey& key, const Item& item) {
    const auto tx = store_->write();
    ASSERT_TRUE(tx->put(table, key, item));
    ASSERT_TRUE(store_->wait_synced(tx->commit().value()));
  }
  std::vector<std::string> names(const Table<ItemKey, Item>& table, const Range& range = {}) {
    return names_in(*store_->read(), table, range);
  }
  static std::vector<std::string> names_in(Transaction& tx, const Table<ItemKey, Item>& table,
                                           const Range& range = {}) {
    std::vector<std::string> names;
    const auto page = tx.scan(table, range);
    EXPECT_TRUE(page);
    for (const auto& entry : page->entries) names.push_back(entry.key.name);
    return names;
  }

  using Names = std::vector<std::string>;
  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, WhatWasCommittedIsThereAfterAReopen) {
  put(kItems, {"o", "a"}, {"red", 1});
  open();
  const auto item = store_->read()->get(kItems, {"o", "a"});
  ASSERT_TRUE(item && *item);
  EXPECT_EQ((*item)->colour, "red");
  EXPECT_FALSE(*store_->read()->get(kItems, {"o", "b"}));
}

TEST_F(StoreTest, WithoutCommitNothingHasHappened) {
  {
    ASSERT_TRUE(store_->write()->put(kItems, {"o", "a"}, {"red", 1}));
  }
  EXPECT_EQ(names(kItems), Names{});
}

TEST_F(StoreTest, AReadSeesOneSnapshot) {
  put(kItems, {"o", "a"}, {"red", 1});
  const auto before = store_->read();
  put(kItems, {"o", "a"}, {"blue", 2});
  put(kItems, {"o", "b"}, {"blue", 2});
  EXPECT_EQ(before->get(kItems, {"o", "a"}).value()->n, 1);
  EXPECT_EQ(names_in(*before, kItems), Names{"a"});
  EXPECT_LT(before->seen(), store_->latest());
  EXPECT_EQ(store_->oldest_reader(), before->seen());
}

TEST_F(StoreTest, AWriteSeesItsOwnWrites) {
  put(kItems, {"o", "a"}, {"red", 1});
  put(kItems, {"o", "c"}, {"red", 1});
  const auto tx = store_->write();
  ASSERT_TRUE(tx->put(kItems, {"o", "b"}, {"red", 2}));
  ASSERT_TRUE(tx->erase(kItems, {"o", "a"}));
  EXPECT_EQ(names_in(*tx, kItems), (Names{"b", "c"}));
  EXPECT_EQ(names_in(*tx, kItems, {.reverse = true}), (Names{"c", "b"}));
  EXPECT_FALSE(*tx->get(kItems, {"o", "a"}));
}

TEST_F(StoreTest, AReadIsRememberedOnlyAsLongAsItHolds) {
  open({.lock_timeout = 10'000});
  put(kItems, {"o", "a"}, {"red", 1});
  const auto tx = store_->write();
  EXPECT_EQ(tx->get(kItems, {"o", "a"}, Lock::kNone).value()->n, 1);
  put(kItems, {"o", "a"}, {"red", 2});
  EXPECT_EQ(tx->get(kItems, {"o", "a"}, Lock::kNone).value()->n, 2) << "not locked, so it may change";
  EXPECT_EQ(tx->get(kItems, {"o", "a"}, Lock::kShared).value()->n, 2);
  EXPECT_EQ(tx->get(kItems, {"o", "a"}).value()->n, 2);
  const auto other = store_->write();
  EXPECT_FALSE(other->get(kItems, {"o", "a"}, Lock::kShared)) << "a second read locks as it was asked to";
  ASSERT_TRUE(tx->put(kItems, {"o", "a"}, {"red", 3}));
  EXPECT_EQ(tx->get(kItems, {"o", "a"}).value()->n, 3);
  ASSERT_TRUE(tx->erase(kItems, {"o", "a"}));
  EXPECT_FALSE(*tx->get(kItems, {"o", "a"}));
  ASSERT_TRUE(tx->put(kItems, {"o", "a"}, {"red", 4}));
  EXPECT_EQ(tx->get(kItems, {"o", "a"}).value()->n, 4);
}

TEST_F(StoreTest, ScansByPrefixLimitPositionAndDirection) {
  for (const char* owner : {"o", "o2", "p"})
    for (const char* name : {"a", "b", "ba", "c"}) put(kPlain, {owner, name}, {});
  put(kItems, {"o", "zzz"}, {});  // another table's
  const std::string mine = prefix_of(kPlain, "o");
  struct Case {
    Range range;
    Names expected;
    bool more;
  };
  const auto key = [](const char* name) { return encoded_key(kPlain, {"o", name}); };
  const Case cases[] = {
      {{.prefix = mine}, {"a", "b", "ba", "c"}, false},
      {{.prefix = mine, .limit = 2}, {"a", "b"}, true},
      {{.prefix = mine, .limit = 4}, {"a", "b", "ba", "c"}, false},
      {{.prefix = mine, .limit = 0}, {}, true},
      {{.prefix = mine, .after = key("b"), .limit = 1}, {"ba"}, true},
      {{.prefix = mine, .after = key("aa")}, {"b", "ba", "c"}, false},
      {{.prefix = mine, .after = key("c")}, {}, false},
      {{.prefix = mine, .after = encoded_key(kPlain, {"a", "x"})}, {"a", "b", "ba", "c"}, false},
      {{.prefix = mine, .reverse = true}, {"c", "ba", "b", "a"}, false},
      {{.prefix = mine, .after = key("ba"), .limit = 1, .reverse = true}, {"b"}, true},
      {{.prefix = mine, .after = key("bb"), .reverse = true}, {"ba", "b", "a"}, false},
      {{.prefix = mine, .after = key("a"), .reverse = true}, {}, false},
      {{.prefix = prefix_of(kPlain, "o", Starts{"b"})}, {"b", "ba"}, false},
      {{.prefix = prefix_of(kPlain, "o", "b")}, {"b"}, false},
      {{.prefix = prefix_of(kPlain, "o3")}, {}, false},
      {{.limit = 5}, {"a", "b", "ba", "c", "a"}, true},
      {{.limit = 1, .reverse = true}, {"c"}, true},
  };
  for (const bool writing : {false, true}) {
    for (size_t i = 0; i < std::size(cases); ++i) {
      const auto tx = writing ? store_->write() : store_->read();
      EXPECT_EQ(names_in(*tx, kPlain, cases[i].range), cases[i].expected) << "case " << i << " writing " << writing;
      EXPECT_EQ(tx->scan(kPlain, cases[i].range)->more, cases[i].more) << "case " << i;
    }
  }
}

TEST_F(StoreTest, ACursorSkipsAPrefix) {
  for (const char* name : {"a", "dir/1", "dir/2", "dir/3", "e"}) put(kPlain, {"o", name}, {});
  for (const bool reverse : {false, true}) {
    Names seen;
    const auto tx = store_->read();
    auto at = tx->cursor(kPlain, {.prefix = prefix_of(kPlain, "o"), .reverse = reverse});
    while (at.valid()) {
      const std::string name = at.key()->name;
      seen.push_back(name.substr(0, name.find('/')));
      if (name.starts_with("dir/"))
        at.seek_past(prefix_of(kPlain, "o", Starts{"dir/"}));
      else
        at.next();
    }
    EXPECT_EQ(seen, reverse ? (Names{"e", "dir", "a"}) : (Names{"a", "dir", "e"}));
    at.seek({"o", "dir/2"});
    EXPECT_EQ(at.key()->name, "dir/2");
    at.seek({"o", "dir/22"});
    EXPECT_EQ(at.key()->name, reverse ? "dir/2" : "dir/3");
  }
}

TEST_F(StoreTest, IndexesFollowTheTable) {
  const auto of = [&](const char* colour) {
    Names found;
    const auto page = store_->read()->scan_index(kItems, kByColour, {.prefix = index_prefix(kByColour, "o", colour)});
    for (const auto& entry : page->entries) found.push_back(entry.key.name);
    return found;
  };
  put(kItems, {"o", "a"}, {"red", 1});
  put(kItems, {"o", "b"}, {"red", 1});
  put(kItems, {"o", "c"}, {"", 1});
  EXPECT_EQ(of("red"), (Names{"a", "b"}));
  put(kItems, {"o", "a"}, {"blue", 1});
  EXPECT_EQ(of("red"), Names{"b"});
  EXPECT_EQ(of("blue"), Names{"a"});
  const auto tx = store_->write();
  ASSERT_TRUE(tx->erase(kItems, {"o", "a"}));
  ASSERT_TRUE(tx->commit());
  EXPECT_EQ(of("blue"), Names{});
}

TEST_F(StoreTest, LocksAsAskedFor) {
  open({.lock_timeout = 10'000});
  put(kItems, {"o", "a"}, {"red", 1});
  struct Case {
    Lock first, second;
    bool goes;
  };
  const Case cases[] = {
      {Lock::kExclusive, Lock::kExclusive, false}, {Lock::kExclusive, Lock::kShared, false},
      {Lock::kShared, Lock::kExclusive, false},    {Lock::kShared, Lock::kShared, true},
      {Lock::kExclusive, Lock::kNone, true},
  };
  for (const Case& c : cases) {
    const auto one = store_->write(), two = store_->write();
    ASSERT_TRUE(one->get(kItems, {"o", "a"}, c.first));
    const auto got = two->get(kItems, {"o", "a"}, c.second);
    EXPECT_EQ(got.has_value(), c.goes);
    if (!got) {
      EXPECT_TRUE(is_conflict(got.error())) << got.error().message;
      EXPECT_FALSE(two->commit()) << "a handler that overlooks the conflict cannot commit";
    }
    EXPECT_TRUE(store_->read()->get(kItems, {"o", "a"}, Lock::kExclusive));
  }
}

TEST_F(StoreTest, ADeadlockIsAConflictNotAHang) {
  open({.lock_timeout = 20 * kSecond});
  const auto one = store_->write(), two = store_->write();
  ASSERT_TRUE(one->get(kItems, {"o", "a"}));
  ASSERT_TRUE(two->get(kItems, {"o", "b"}));
  Result<std::optional<Item>> waited;
  std::thread thread([&] {
    waited = one->get(kItems, {"o", "b"});
    (void)one->commit();
  });
  const auto got = two->get(kItems, {"o", "a"});
  EXPECT_TRUE(got || is_conflict(got.error()));
  (void)two->commit();
  thread.join();
  EXPECT_NE(got.has_value(), waited.has_value()) << "one of the two must give way";
}

TEST_F(StoreTest, RunTriesAConflictThreeTimes) {
  int runs = 0;
  const auto always = store_->run([&](Transaction&) -> Status {
    ++runs;
    return fail(503, std::string(kTransactionConflict), "again");
  });
  EXPECT_FALSE(always);
  EXPECT_EQ(runs, 3);
  runs = 0;
  EXPECT_TRUE(store_->run([&](Transaction& tx) -> Status {
    if (++runs < 3) return fail(503, std::string(kTransactionConflict), "again");
    return tx.put(kPlain, {"o", "a"}, {});
  }));
  EXPECT_EQ(names(kPlain), Names{"a"});
  runs = 0;
  EXPECT_FALSE(store_->run([&](Transaction&) -> Status {
    ++runs;
    return fail(400, "NoSuchThing", "");
  }));
  EXPECT_EQ(runs, 1);
}

TEST_F(StoreTest, CountsByManyThreadsLoseNothing) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        Result<Sequence> done;
        do
          done = store_->run([](Transaction& tx) -> Status {
            Item item = TRY(tx.get(kPlain, {"o", "count"})).value_or(Item{});
            ++item.n;
            return tx.put(kPlain, {"o", "count"}, item);
          });
        while (!done && is_conflict(done.error()));
        EXPECT_TRUE(done && store_->wait_synced(*done));
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store_->read()->get(kPlain, {"o", "count"}).value()->n, 200);
}

TEST_F(StoreTest, ActionsRunOnlyWhenItCommits) {
  int committed = 0, synced = 0;
  {
    const auto tx = store_->write();
    tx->on_commit([&] { ++committed; });
    tx->on_synced([&] { ++synced; });
  }
  EXPECT_EQ(committed, 0);
  const auto tx = store_->write();
  ASSERT_TRUE(tx->put(kPlain, {"o", "a"}, {}));
  tx->on_commit([&] {
    ++committed;
    EXPECT_EQ(names(kPlain), Names{"a"});
  });
  tx->on_synced([&] { ++synced; });
  ASSERT_TRUE(store_->wait_synced(tx->commit().value()));
  EXPECT_EQ(committed, 1);
  EXPECT_EQ(synced, 1);
  EXPECT_FALSE(tx->commit()) << "a transaction commits once";
}

TEST_F(StoreTest, ReadsDoNotWrite) {
  const auto tx = store_->read();
  EXPECT_FALSE(tx->put(kPlain, {"o", "a"}, {}));
  EXPECT_FALSE(tx->erase(kPlain, {"o", "a"}));
}

TEST_F(StoreTest, ASecondServerIsRefused) {
  const auto second = Store::open(store_->directory());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "DirectoryInUse");
  EXPECT_NE(second.error().message.find("pid"), std::string::npos);
}

TEST_F(StoreTest, ANewerOrDamagedFormatIsRefused) {
  const std::string path = store_->directory();
  store_.reset();
  const struct {
    const char* content;
    const char* code;
  } cases[] = {{"tarn-data 999\n", "NewerFormat"},
               {"tarn-data x\n", "InternalFailure"},
               {"", "InternalFailure"},
               {"tarn-data 0\n", "InternalFailure"}};
  for (const auto& c : cases) {
    ASSERT_TRUE(write_file_atomically(path + "/format", c.content));
    const auto opened = Store::open(path);
    ASSERT_FALSE(opened) << c.content;
    EXPECT_EQ(opened.error().code, c.code);
  }
  ASSERT_TRUE(remove_file(path + "/format"));
  EXPECT_FALSE(Store::open(path)) << "a store without its format number is damaged";
}

TEST_F(StoreTest, IdsAndSecretsOverARestart) {
  const std::string secret = store_->secret("sessions");
  EXPECT_EQ(secret.size(), 32U);
  EXPECT_NE(secret, store_->secret("pages"));
  uint64_t last = 0;
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 100; ++j) {
      const uint64_t id = store_->next_id();
      EXPECT_GT(id, last);
      last = id;
    }
    open();
  }
  EXPECT_EQ(store_->secret("sessions"), secret);
}

TEST_F(StoreTest, AFullDiskStopsWritesClearlyAndNothingElse) {
  put(kPlain, {"o", "a"}, {});
  open({.reserve_bytes = uint64_t{1} << 60});
  const auto tx = store_->write();
  ASSERT_TRUE(tx->put(kPlain, {"o", "b"}, {}));
  const auto committed = tx->commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, "InsufficientStorage");
  EXPECT_EQ(names(kPlain), Names{"a"});
}

TEST_F(StoreTest, AuditIsReadByTimeInBothDirections) {
  std::vector<AuditEntry> batch;
  for (int i = 0; i < 10; ++i) batch.push_back({Time::of_seconds(i), std::to_string(i)});
  ASSERT_TRUE(store_->append_audit(batch));
  const auto tx = store_->write();
  ASSERT_TRUE(Store::append_audit(*tx, Time::of_seconds(5), "5b"));
  ASSERT_TRUE(tx->commit());
  const auto all = [&](bool reverse) {
    Names records;
    std::string position;
    for (bool more = true; more;) {
      const auto page = store_->read_audit(Time::of_seconds(2), Time::of_seconds(7), 2, reverse, position);
      EXPECT_TRUE(page);
      for (const auto& entry : page->entries) records.push_back(entry.record);
      position = page->position;
      more = page->more;
    }
    return records;
  };
  EXPECT_EQ(all(false), (Names{"2", "3", "4", "5", "5b", "6"}));
  EXPECT_EQ(all(true), (Names{"6", "5b", "5", "4", "3", "2"}));
}

TEST_F(StoreTest, ACheckpointIsAStoreOfItsOwn) {
  put(kItems, {"o", "a"}, {"red", 1});
  const std::string copy = directory_.path() + "/copy";
  ASSERT_TRUE(store_->checkpoint(copy));
  put(kItems, {"o", "b"}, {"red", 1});
  const auto opened = Store::open(copy);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(names_in(*(*opened)->read(), kItems), Names{"a"});
  EXPECT_EQ((*opened)->secret("x"), store_->secret("x"));
}

TEST_F(StoreTest, DamageIsSaidNotSwallowed) {
  for (int i = 0; i < 200; ++i) put(kPlain, {"o", "item" + std::to_string(i)}, {std::string(100, 'x'), i});
  const std::string copy = directory_.path() + "/copy";
  ASSERT_TRUE(store_->checkpoint(copy));  // flushes, so that there are table files
  int damaged = 0;
  const std::vector<std::string> files = list_directory(copy + "/store").value();
  for (const std::string& name : files) {
    if (!name.ends_with(".sst")) continue;
    const std::string path = copy + "/store/" + name;
    std::string bytes = read_file(path).value();
    bytes[bytes.size() / 4] = static_cast<char>(bytes[bytes.size() / 4] ^ 1);
    ASSERT_TRUE(remove_file(path));  // a hard link: the original stays whole
    ASSERT_TRUE(write_file_atomically(path, bytes));
    ++damaged;
  }
  ASSERT_GT(damaged, 0);
  const auto opened = Store::open(copy);
  EXPECT_FALSE(opened && (*opened)->verify());
  EXPECT_TRUE(store_->verify());
}

TEST_F(StoreTest, ALogThatHasLostSomethingAcknowledgedIsSaid) {
  for (int i = 0; i < 200; ++i) put(kPlain, {"o", "item" + std::to_string(i)}, {std::string(1000, 'x'), i});
  const std::string path = store_->directory();
  store_.reset();
  std::string log;
  const std::vector<std::string> files = list_directory(path + "/store").value();
  for (const std::string& name : files)
    if (name.ends_with(".log")) log = path + "/store/" + name;
  std::string bytes = read_file(log).value();
  ASSERT_GT(bytes.size(), 200'000U);
  bytes[100'000] = static_cast<char>(bytes[100'000] ^ 1);
  ASSERT_TRUE(write_file_atomically(log, bytes));
  const auto opened = Store::open(path);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("acknowledged"), std::string::npos) << opened.error().message;
  EXPECT_FALSE(Store::open(path)) << "and it stays so";
  ASSERT_TRUE(remove_file(path + "/synced"));
  open();
  EXPECT_LT(names(kPlain).size(), 200U);
  EXPECT_GT(names(kPlain).size(), 50U);
}

TEST_F(StoreTest, PageTokensBelongToTheirRequestAndDirectory) {
  const std::string position("key\0with\xff bytes", 15);
  const std::string token = page_token(*store_, "list a", position);
  EXPECT_EQ(page_position(*store_, "list a", token), position);
  EXPECT_EQ(page_position(*store_, "list b", token), std::nullopt);
  EXPECT_EQ(page_position(*store_, "list a", ""), std::nullopt);
  for (size_t i = 0; i < token.size(); ++i) {
    std::string bad = token;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(page_position(*store_, "list a", bad), std::nullopt) << i;
  }
  open();
  EXPECT_EQ(page_position(*store_, "list a", token), position);
}

TEST_F(StoreTest, AnIdempotencyTokenAnswersOnce) {
  const IdempotencyKey key{"redshift-data:ExecuteStatement", "arn:aws:iam::1:user/u", "token"};
  const Time now = Time::of_seconds(100);
  const auto remember = [&](const IdempotencyKey& k, Time expires) {
    return store_->run([&](Transaction& tx) { return remember_answer(tx, k, "hash", "answer", expires); });
  };
  EXPECT_EQ(earlier_answer(*store_->write(), key, "hash", now).value(), std::nullopt);
  ASSERT_TRUE(remember(key, now + kHour));
  EXPECT_EQ(earlier_answer(*store_->write(), key, "hash", now).value(), "answer");
  const auto other = earlier_answer(*store_->write(), key, "other hash", now);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, "IdempotentParameterMismatch");
  EXPECT_EQ(earlier_answer(*store_->write(), key, "other hash", now + kHour).value(), std::nullopt) << "expired";
  ASSERT_TRUE(remember({"op", "p", "later"}, now + 2 * kHour));
  EXPECT_EQ(forget_expired_answers(*store_, now + kHour), 1U);
  EXPECT_EQ(forget_expired_answers(*store_, now + kHour), 0U);
  EXPECT_EQ(earlier_answer(*store_->write(), {"op", "p", "later"}, "hash", now).value(), "answer");
}

}  // namespace
}  // namespace tarn

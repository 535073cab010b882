// What no client can see: that a change tells its event in the same commit, and that nothing is left behind by a
// database that is deleted while tables are made in it.
#include "services/glue/glue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "door/accounts.h"
#include "door/audit.h"
#include "door/door.h"
#include "os/temporary.h"
#include "store/timers.h"

namespace tarn::glue {
namespace {

constexpr const char* kAccount = "123456789012";

// Asked only of users and roles; the root is neither.
class NoIdentities final : public Identities {
 public:
  Result<std::optional<AccessKey>> access_key(Transaction&, std::string_view) override { return std::nullopt; }
  Result<std::optional<AttachedPolicies>> policies(Transaction&, const Principal&) override { return std::nullopt; }
  Result<std::optional<RoleFacts>> role(Transaction&, std::string_view) override { return std::nullopt; }
};

class GlueTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = std::move(Store::open(directory_.path() + "/data").value());
    blobs_ = std::move(Blobs::open(*store_).value());
    accounts_ = Accounts::load(directory_.path(), {{.account = kAccount}}).value();
    outbox_ = std::make_unique<Outbox>(*store_, clock_);
    for (const char* kind : {"Database", "Table"}) {
      const std::string name = fmt_kind(kind);
      outbox_->match(name, [this](Transaction&, const Event& event) -> Result<std::vector<NewDelivery>> {
        told_.push_back(event.payload);
        return std::vector<NewDelivery>{};
      });
      EXPECT_TRUE(
          store_->run([&](Transaction& tx) { return outbox_->subscribe(tx, name, kAccount, "us-east-1", "test"); }));
    }
    timers_ = std::make_unique<Timers>(*store_, clock_);
    audit_ = std::make_unique<Audit>(*store_);
    glue_ = std::make_unique<Glue>(*outbox_);
    door_ = std::make_unique<Door>(Door::Parts{.store = *store_,
                                               .blobs = *blobs_,
                                               .clock = clock_,
                                               .outbox = *outbox_,
                                               .timers = *timers_,
                                               .accounts = accounts_,
                                               .sessions = sessions_,
                                               .audit = *audit_});
    door_->set_identities(identities_);
    door_->add(kTable, glue_.get());
    caller_.principal = {.kind = Principal::Kind::kRoot, .account = kAccount, .arn = "arn:aws:iam::123456789012:root"};
  }

  static std::string fmt_kind(const std::string& what) {
    return "aws.glue:Glue Data Catalog " + what + " State Change";
  }
  template <class In>
  auto call(const In& in) {
    return door_->call(caller_, in);
  }
  auto create_database(const std::string& name) {
    CreateDatabaseInput in;
    in.database_input = DatabaseInput{.name = name};
    return call(in);
  }
  auto create_table(const std::string& database, const std::string& name) {
    CreateTableInput in{.database_name = database};
    in.table_input = TableInput{.name = name};
    in.table_input->partition_keys = {{.name = "k", .type = "int"}};
    return call(in);
  }
  auto create_partition(const std::string& database, const std::string& table, const std::string& value) {
    CreatePartitionInput in{.database_name = database, .table_name = table};
    in.partition_input = PartitionInput{.values = {value}};
    return call(in);
  }
  template <class K, class R>
  std::vector<Entry<K, R>> all(const ::tarn::Table<K, R>& table) {
    return store_->read()->scan(table)->entries;
  }
  // The events' texts in their order, all matched.
  std::vector<Json> told() {
    EXPECT_TRUE(outbox_->start());
    DueSource* sources[] = {outbox_.get()};
    EXPECT_TRUE(advance(*store_, clock_, clock_.now(), sources, 20 * kSecond));
    outbox_->stop();
    std::vector<Json> events;
    for (const std::string& text : told_) events.push_back(Json::parse(text).value());
    return events;
  }

  TemporaryDirectory directory_;
  VirtualClock clock_{Time::of_seconds(1'700'000'000)};
  Sessions sessions_{std::string(32, 'k')};
  NoIdentities identities_;
  std::vector<std::string> told_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Blobs> blobs_;
  Accounts accounts_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Timers> timers_;
  std::unique_ptr<Audit> audit_;
  std::unique_ptr<Glue> glue_;
  std::unique_ptr<Door> door_;
  Caller caller_;
};

TEST_F(GlueTest, changes_tell_their_events) {
  ASSERT_TRUE(create_database("D"));
  ASSERT_TRUE(create_table("d", "T"));
  ASSERT_TRUE(create_partition("d", "t", "1"));
  ASSERT_FALSE(create_partition("d", "t", "1"));  // refused: nothing to tell
  ASSERT_TRUE(call(DeleteTableInput{.database_name = "d", .name = "t"}));

  const std::vector<Json> events = told();
  ASSERT_EQ(events.size(), 4u);
  const auto change = [&](size_t i) { return events[i]["detail"]["typeOfChange"].as_string(); };
  EXPECT_EQ(change(0), "CreateDatabase");
  EXPECT_EQ(change(1), "CreateTable");
  EXPECT_EQ(change(2), "CreatePartition");
  EXPECT_EQ(change(3), "DeleteTable");
  EXPECT_EQ(events[1]["source"].as_string(), "aws.glue");
  EXPECT_EQ(events[1]["detail-type"].as_string(), "Glue Data Catalog Database State Change");
  EXPECT_EQ(events[1]["resources"].text(), R"(["arn:aws:glue:us-east-1:123456789012:table/d/t"])");
  EXPECT_EQ(events[1]["detail"]["databaseName"].as_string(), "d");
  EXPECT_EQ(events[1]["detail"]["changedTables"].text(), R"(["t"])");
  EXPECT_EQ(events[2]["detail-type"].as_string(), "Glue Data Catalog Table State Change");
  EXPECT_EQ(events[2]["detail"]["tableName"].as_string(), "t");
  EXPECT_EQ(events[2]["detail"]["changedPartitions"].text(), R"(["[\"1\"]"])");
}

TEST_F(GlueTest, nothing_is_left_of_a_database_deleted_while_it_is_filled) {
  std::atomic<int> made = 0, deleted = 0;
  const auto fill = [&](const std::string& stem) {
    for (int i = 0; i < 60; ++i) {
      create_database("d");
      const std::string table = stem + std::to_string(i);
      if (create_table("d", table) && create_partition("d", table, "1")) ++made;
    }
  };
  const auto clear = [&] {
    for (int i = 0; i < 60; ++i)
      if (call(DeleteDatabaseInput{.name = "d"})) ++deleted;
  };
  {
    std::jthread a(fill, "a"), b(fill, "b"), c(clear);
  }
  EXPECT_GT(made, 0);
  EXPECT_GT(deleted, 0);

  std::set<uint64_t> databases, tables;
  for (const auto& [key, record] : all(kDatabases)) databases.insert(record.id);
  for (const auto& [key, record] : all(kTables)) {
    EXPECT_TRUE(databases.contains(key.database_id)) << key.name;
    tables.insert(record.id);
  }
  for (const auto& [key, record] : all(kPartitions)) EXPECT_TRUE(tables.contains(key.table_id));
}

}  // namespace
}  // namespace tarn::glue

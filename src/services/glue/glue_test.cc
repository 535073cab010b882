// What no client can see: that a change tells its event in the same commit, and that nothing is left behind by a
// database that is deleted while tables are made in it.
#include "services/glue/glue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "door/testing_door.h"

namespace tarn::glue {
namespace {

class GlueTest : public testing::Test {
 protected:
  GlueTest() {
    at_.door.add(kTable, &glue_);
    for (const std::string kind : {"Database", "Table"})
      at_.listen("aws.glue:Glue Data Catalog " + kind + " State Change");
  }

  template <class In>
  auto call(const In& in) {
    return at_.door.call(at_.caller, in);
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

  TestingDoor at_;
  Glue glue_{at_.outbox};
};

TEST_F(GlueTest, changes_tell_their_events) {
  ASSERT_TRUE(create_database("D"));
  ASSERT_TRUE(create_table("d", "T"));
  ASSERT_TRUE(create_partition("d", "t", "1"));
  ASSERT_FALSE(create_partition("d", "t", "1"));  // refused: nothing to tell
  ASSERT_TRUE(call(DeleteTableInput{.database_name = "d", .name = "t"}));

  const auto told = at_.told();
  ASSERT_EQ(told.size(), 4u);
  std::vector<Json> events;
  for (const auto& [kind, event] : told) events.push_back(event);
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
  for (const auto& [key, record] : at_.all(kDatabases)) databases.insert(record.id);
  for (const auto& [key, record] : at_.all(kTables)) {
    EXPECT_TRUE(databases.contains(key.database_id)) << key.name;
    tables.insert(record.id);
  }
  for (const auto& [key, record] : at_.all(kPartitions)) EXPECT_TRUE(tables.contains(key.table_id));
}

}  // namespace
}  // namespace tarn::glue

// Why: what is written into a table's documents must be read by engines that we never see, to the letter of the specification.
#include "sql/iceberg.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "sql/avro.h"

namespace tarn::sql {
namespace {

using namespace iceberg;

Json parsed(const char* text) {
  return *Json::parse(text);
}

TEST(Avro, RoundTrip) {
  AvroFile file;
  file.schema = parsed(R"({"type":"record","name":"r","fields":[
      {"name":"a","type":"long"},{"name":"b","type":["null","string"]},{"name":"c","type":{"type":"array","items":
      {"type":"record","name":"kv","fields":[{"name":"key","type":"int"},{"name":"value","type":"bytes"}]}}},
      {"name":"d","type":"double"},{"name":"e","type":"boolean"},{"name":"f","type":{"type":"fixed","name":"x","size":3}},
      {"name":"again","type":["null","kv"]}]})");
  file.metadata = {{"k", "v"}};
  Json pair = Json::object({{"key", -5}, {"value", std::string("\0\xff", 2)}});
  for (int i = 0; i < 300; ++i)
    file.records.push_back(Json::object({{"a", INT64_MIN + i},
                                         {"b", i % 2 ? Json("text") : Json()},
                                         {"c", Json::array({pair, pair})},
                                         {"d", 1.5},
                                         {"e", i % 3 == 0},
                                         {"f", "abc"},
                                         {"again", i % 2 ? pair : Json()}}));
  const std::string bytes = write_avro(file, "0123456789abcdef");
  const auto read = read_avro(bytes);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->records, file.records);
  EXPECT_EQ(read->of("k"), "v");
  // What is cut off or changed is refused, never read past.
  for (size_t size = 0; size < bytes.size(); size += 7) (void)read_avro(std::string_view(bytes).substr(0, size));
  EXPECT_FALSE(read_avro(std::string_view(bytes).substr(0, bytes.size() - 1)));
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    (void)read_avro(damaged);
  }
}

TEST(Iceberg, Types) {
  int last = 10;
  const Json type = *type_of("struct<a:int,b:array<map<string,decimal(10,2)>>>", last);
  EXPECT_EQ(hive_type(type), "struct<a:int,b:array<map<string,decimal(10,2)>>>");
  EXPECT_EQ(last, 15);
  EXPECT_EQ(field_ids({{1, "it's", "long"}, {2, "s", type}}),
            "{'it''s': 1, 's': {'__duckdb_field_id': 2, 'a': 11, 'b': {'__duckdb_field_id': 12, 'element': "
            "{'__duckdb_field_id': 13, 'key': 14, 'value': 15}}}}");
  for (const char* bad :
       {"tinyint", "array<int", "decimal(39,1)", "decimal(3,4)", "", "int>", "map<int>", "varchar(3)"})
    EXPECT_FALSE(type_of(bad, last)) << bad;
  EXPECT_TRUE(promotes("int", "long"));
  EXPECT_FALSE(promotes("long", "int"));
  EXPECT_TRUE(promotes("decimal(5, 2)", "decimal(9, 2)"));
  EXPECT_FALSE(promotes("decimal(5, 2)", "decimal(9, 3)"));
}

TEST(Iceberg, PartitionFields) {
  const std::vector<Field> fields = {{1, "id", "long"}, {2, "ts", "timestamp"}, {3, "s", "string"}, {4, "f", "float"}};
  const struct {
    const char *text, *transform, *name;
  } good[] = {{"id", "identity", "id"},
              {"BUCKET(16, id)", "bucket[16]", "id_bucket"},
              {"bucket(id, 16)", "bucket[16]", "id_bucket"},
              {"day(ts)", "day", "ts_day"},
              {"truncate(3, `s`)", "truncate[3]", "s_trunc"}};
  for (const auto& each : good) {
    const auto field = parse_partition(each.text, fields);
    ASSERT_TRUE(field) << each.text;
    EXPECT_EQ(field->transform, each.transform);
    EXPECT_EQ(field->name, each.name);
  }
  for (const char* bad : {"nope", "day(id)", "hour(s)", "bucket(id)", "bucket(0, id)", "day(ts, 3)", "f", "wat(id)",
                          "day(ts", "bucket(1,2)", "void(id)"})
    EXPECT_FALSE(parse_partition(bad, fields)) << bad;
}

TEST(Iceberg, PartitionValues) {
  const struct {
    const char *text, *type, *transform, *shown;
  } cases[] = {{"n", "string", "identity", "null"},
               {"v", "string", "identity", ""},
               {"vn", "string", "identity", "n"},
               {"v-1", "date", "identity", "1969-12-31"},
               {"v19000", "date", "day", "2022-01-08"},
               {"v-1", "int", "month", "1969-12"},
               {"v648", "int", "month", "2024-01"},
               {"v54", "int", "year", "2024"},
               {"v-1", "int", "hour", "1969-12-31-23"},
               {"v12.50", "decimal(9, 2)", "identity", "12.50"},
               {"v-0.05", "decimal(38, 2)", "identity", "-0.05"},
               {"v-99999999999999999999999999999999999999", "decimal(38, 0)", "identity",
                "-99999999999999999999999999999999999999"},
               {"vtrue", "boolean", "identity", "true"}};
  for (const auto& each : cases) {
    const auto value = partition_value(each.text, each.type);
    ASSERT_TRUE(value) << each.text;
    EXPECT_EQ(partition_shown(*value, {1, 1000, "p", each.transform}, each.type), each.shown) << each.text;
  }
  EXPECT_FALSE(partition_value("vx", "int"));
  // Avro's fixed of a decimal has the bytes that its precision needs, the number at their end.
  EXPECT_EQ(hex(partition_value("v-1", "decimal(9, 0)")->as_string()), "ffffffff");
  EXPECT_EQ(hex(partition_value("v1", "decimal(10, 0)")->as_string()), "0000000001");
}

TEST(Iceberg, Snapshots) {
  NewTable table{
      "s3://b/t", "uuid", {{1, "id", "long"}, {2, "d", "date"}}, 2, {*parse_partition("year(d)", {{2, "d", "date"}})},
      {}};
  const Time now = from_civil(2024, 1, 1);
  Json metadata = new_metadata(table, now);
  std::map<std::string, std::string> objects;
  int made = 0;
  const Making making{now, [&] { return fmt::format("{:08x}-0000-4000-8000-000000000000", made++); },
                      [&](const std::string& uri) -> Result<std::string> { return objects.at(uri); }};
  const auto add = [&](Change change) {
    const auto added = add_snapshot(metadata, change, making);
    ASSERT_TRUE(added) << added.error().message;
    for (const NewObject& object : *added) objects[object.uri] = object.bytes;
  };
  NewFile file{"s3://b/t/data/1.parquet", 10, 100, 0, Json::object({{"d_year", 54}})};
  add({"append", {file}, {}});
  file.path = "s3://b/t/data/2.parquet";
  file.partition = Json::object({{"d_year", Json()}});
  add({"append", {file}, {}});
  const auto two = current_snapshot(metadata);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->summary["total-records"].as_string(), "20");
  EXPECT_EQ(two->sequence, 2);
  auto live = live_files(*two, making.read);
  ASSERT_TRUE(live) << live.error().message;
  ASSERT_EQ(live->data.size(), 2u);
  EXPECT_EQ(live->data[0].entry.sequence, 2);
  EXPECT_EQ(live->data[1].entry.sequence, 1);
  EXPECT_EQ(live->data[1].entry.partition(), Json::object({{"d_year", 54}}));

  add({"replace", {}, {"s3://b/t/data/1.parquet"}});
  live = live_files(*current_snapshot(metadata), making.read);
  ASSERT_EQ(live->data.size(), 1u);
  EXPECT_EQ(live->data[0].entry.path(), "s3://b/t/data/2.parquet");
  EXPECT_EQ(current_snapshot(metadata)->summary["total-records"].as_string(), "10");
  EXPECT_EQ(snapshot_at(metadata, now)->id, current_snapshot(metadata)->id);
  EXPECT_FALSE(snapshot_at(metadata, now + -kSecond));
  EXPECT_EQ(snapshot_of_ref(metadata, "main")->id, current_snapshot(metadata)->id);
  EXPECT_EQ(next_location(metadata, "s3://b/t/metadata/00009-x.metadata.json", "u"),
            "s3://b/t/metadata/00010-u.metadata.json");
}

}  // namespace
}  // namespace tarn::sql

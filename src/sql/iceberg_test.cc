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

std::string little(int64_t value, size_t size) {
  return {reinterpret_cast<const char*>(&value), size};
}

std::string at(const Json& pairs, int id) {
  for (const Json& pair : pairs.items())
    if (pair["key"].as_int() == id) return pair["value"].as_string();
  return "none";
}

TEST(Iceberg, MetricsOfColumns) {
  constexpr int kInt32 = 1, kInt64 = 2, kBytes = 6, kFixed = 7;
  const std::vector<Field> fields = {{1, "n", "long"},         {2, "t", "string"},         {3, "d", "decimal(9, 2)"},
                                     {4, "w", "decimal(30, 2)"}, {5, "f", "double"},         {6, "b", "binary"},
                                     {7, "s", parsed(R"({"type":"struct","fields":[{"id":8,"name":"x","type":"int"}]})")},
                                     {9, "l", parsed(R"({"type":"list","element-id":10,"element":"int"})")}};
  const std::string long_text = "äbcdefghijklmnopqrst", first = "äbcdefghijklmno";
  const Json metrics = metrics_of(
      {{1, kInt64, false, 10, 5, 0, little(-2, 8), little(7, 8)},
       {1, kInt64, false, 20, 5, 5, {}, {}},  // NULLs alone
       {1, kInt64, false, 30, 5, 1, little(-300, 8), little(3, 8)},
       {2, kBytes, false, 9, 3, 1, long_text, long_text},
       {3, kInt32, false, 9, 3, 0, little(-1, 4), little(300, 4)},
       {4, kFixed, false, 9, 3, 0, std::string(16, '\xff'), std::string(15, '\0') + "\x7f"},
       {5, 5, false, 9, 3, 0, {}, {}},  // NaN among them
       {6, kBytes, false, 9, 3, 0, std::string(20, '\xff'), std::string(20, '\xff')},
       {8, kInt32, false, 9, 3, {}, little(1, 4), little(2, 4)},
       {10, kInt32, true, 9, 3, 0, little(1, 4), little(2, 4)},
       {-1, kInt32, false, 9, 3, 0, little(1, 4), little(2, 4)}},
      fields);
  EXPECT_EQ(at(metrics["column_sizes"], 1), "60");
  EXPECT_EQ(at(metrics["value_counts"], 1), "15");
  EXPECT_EQ(at(metrics["null_value_counts"], 1), "6");
  EXPECT_EQ(at(metrics["null_value_counts"], 8), "none");
  const Json &least = metrics["lower_bounds"], &most = metrics["upper_bounds"];
  EXPECT_EQ(at(least, 1), little(-300, 8));
  EXPECT_EQ(at(most, 1), little(7, 8));
  EXPECT_EQ(at(least, 2), first + "p");
  EXPECT_EQ(at(most, 2), first + "q");
  EXPECT_EQ(hex(at(least, 3)), "ff");
  EXPECT_EQ(hex(at(most, 3)), "012c");
  EXPECT_EQ(hex(at(least, 4)), "ff");
  EXPECT_EQ(hex(at(most, 4)), "7f");
  EXPECT_EQ(at(least, 5), "none");
  EXPECT_EQ(at(metrics["nan_value_counts"], 5), "none");
  EXPECT_EQ(at(least, 6), std::string(16, '\xff'));
  EXPECT_EQ(at(most, 6), "none");  // no bytes are behind those
  EXPECT_EQ(at(most, 8), little(2, 4));
  EXPECT_EQ(at(most, 10), "none");
  EXPECT_EQ(at(metrics["value_counts"], 10), "3");
  EXPECT_EQ(metrics["value_counts"].size(), 8u);
}

TEST(Iceberg, UpperBoundsOfTexts) {
  const struct {
    const char *text, *most;
  } cases[] = {{"0123456789abcdefg", "0123456789abcdeg"},
               {"0123456789abcde\xf4\x8f\xbf\xbfg", "0123456789abcdf"},             // behind the last character
               {"0123456789abcde\xed\x9f\xbfg", "0123456789abcde\xee\x80\x80"},     // over the surrogates
               {"0123456789abcde\x7fg", "0123456789abcde\xc2\x80"},
               {"0123456789abcdef", "0123456789abcdef"}};
  for (const auto& each : cases) {
    const Json metrics = metrics_of({{1, 6, false, 1, 1, 0, each.text, each.text}}, {{1, "t", "string"}});
    EXPECT_EQ(at(metrics["upper_bounds"], 1), each.most) << each.text;
  }
}

TEST(Iceberg, PartitionSummaries) {
  const Json null, low(-5), high(700);
  const Json summary = partition_summary({&high, &null, &low}, "int");
  EXPECT_TRUE(summary["contains_null"].as_bool());
  EXPECT_EQ(summary["lower_bound"].as_string(), little(-5, 4));
  EXPECT_EQ(summary["upper_bound"].as_string(), little(700, 4));
  EXPECT_TRUE(partition_summary({&null}, "int")["lower_bound"].is_null());
  const Json decimal = *partition_value("v-1", "decimal(9, 0)");
  EXPECT_EQ(hex(partition_summary({&decimal}, "decimal(9, 0)")["upper_bound"].as_string()), "ff");
  EXPECT_EQ(value_of_bytes(little(-5, 4), "long"), Json(-5));
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

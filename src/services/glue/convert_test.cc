// A member of a table that is forgotten on its way to the disk and back is lost without an error. So one table with
// everything goes through the bytes of its record, and one with nothing shows what is answered then.
#include "services/glue/convert.h"

#include <gtest/gtest.h>

#include "services/glue/name_pattern.h"

namespace tarn::glue {
namespace {

template <class Record>
Record through_bytes(const Record& record) {
  return decode_record<Record>(encode_record(record), "test").value();
}

TEST(Convert, table_with_everything) {
  StorageDescriptor storage{.location = "s3://b/t/",
                            .additional_locations = {"s3://b/u/"},
                            .input_format = "in",
                            .output_format = "out",
                            .compressed = true,
                            .number_of_buckets = 4,
                            .bucket_columns = {"a"},
                            .sort_columns = {{.column = "a", .sort_order = 1}},
                            .stored_as_sub_directories = true};
  storage.columns.push_back({.name = "A", .type = "int", .comment = "first"});
  storage.columns[0].parameters["k"] = "v";
  storage.serde_info = SerDeInfo{.name = "s", .serialization_library = "lib"};
  storage.serde_info->parameters["serialization.format"] = "1";
  storage.parameters["p"] = "q";
  storage.skewed_info = SkewedInfo{.skewed_column_names = {"a"}, .skewed_column_values = {"1"}};
  storage.skewed_info->skewed_column_value_location_maps["1"] = "s3://b/1";
  storage.schema_reference = SchemaReference{.schema_version_number = 7};
  storage.schema_reference->schema_id = SchemaId{.schema_name = "sn", .registry_name = "rn"};
  TableInput input{.name = "T", .description = "d", .owner = "o", .retention = 3, .table_type = "EXTERNAL_TABLE"};
  input.last_access_time = Time::of_seconds(5);
  input.storage_descriptor = storage;
  input.partition_keys = {{.name = "year", .type = "int"}};
  input.view_original_text = "v";
  input.view_expanded_text = "w";
  input.parameters["EXTERNAL"] = "TRUE";
  input.target_table = TableIdentifier{.catalog_id = "c", .database_name = "x", .name = "y", .region = "r"};

  TableRecord record = to_record(input);
  record.version = 12;
  record.created = Time::of_seconds(1);
  record.created_by = "arn";
  const Table out = to_wire({"123456789012", "us-east-1", "db"}, "t", through_bytes(record));

  EXPECT_EQ(out.name, "t");
  EXPECT_EQ(out.database_name, "db");
  EXPECT_EQ(out.catalog_id, "123456789012");
  EXPECT_EQ(out.version_id, "12");
  EXPECT_EQ(out.create_time, Time::of_seconds(1));
  EXPECT_EQ(out.created_by, "arn");
  EXPECT_EQ(out.description, "d");
  EXPECT_EQ(out.owner, "o");
  EXPECT_EQ(out.retention, 3);
  EXPECT_EQ(out.table_type, "EXTERNAL_TABLE");
  EXPECT_EQ(out.last_access_time, Time::of_seconds(5));
  EXPECT_EQ(out.view_original_text, "v");
  EXPECT_EQ(out.view_expanded_text, "w");
  EXPECT_EQ(*out.parameters.find("EXTERNAL"), "TRUE");
  EXPECT_EQ(out.partition_keys.size(), 1u);
  EXPECT_EQ(out.partition_keys[0].type, "int");
  EXPECT_EQ(out.target_table->name, "y");
  EXPECT_EQ(out.target_table->region, "r");

  const StorageDescriptor& stored = *out.storage_descriptor;
  EXPECT_EQ(stored.columns[0].name, "A");
  EXPECT_EQ(stored.columns[0].comment, "first");
  EXPECT_EQ(*stored.columns[0].parameters.find("k"), "v");
  EXPECT_EQ(stored.location, "s3://b/t/");
  EXPECT_EQ(stored.additional_locations.items(), std::vector<std::string>{"s3://b/u/"});
  EXPECT_EQ(stored.input_format, "in");
  EXPECT_EQ(stored.output_format, "out");
  EXPECT_EQ(stored.compressed, true);
  EXPECT_EQ(stored.number_of_buckets, 4);
  EXPECT_EQ(stored.serde_info->name, "s");
  EXPECT_EQ(stored.serde_info->serialization_library, "lib");
  EXPECT_EQ(*stored.serde_info->parameters.find("serialization.format"), "1");
  EXPECT_EQ(stored.bucket_columns.items(), std::vector<std::string>{"a"});
  EXPECT_EQ(stored.sort_columns[0].column, "a");
  EXPECT_EQ(stored.sort_columns[0].sort_order, 1);
  EXPECT_EQ(*stored.parameters.find("p"), "q");
  EXPECT_EQ(stored.skewed_info->skewed_column_values.items(), std::vector<std::string>{"1"});
  EXPECT_EQ(*stored.skewed_info->skewed_column_value_location_maps.find("1"), "s3://b/1");
  EXPECT_EQ(stored.stored_as_sub_directories, true);
  EXPECT_EQ(stored.schema_reference->schema_version_number, 7);
  EXPECT_EQ(stored.schema_reference->schema_id->registry_name, "rn");
}

TEST(Convert, table_with_nothing_answers_as_aws_does) {
  TableInput input{.name = "t"};
  input.storage_descriptor = StorageDescriptor{};
  const Table out = to_wire({"123456789012", "us-east-1", "db"}, "t", through_bytes(to_record(input)));
  EXPECT_TRUE(out.partition_keys.has_value());
  EXPECT_FALSE(out.parameters.has_value());
  EXPECT_EQ(out.retention, 0);
  EXPECT_FALSE(out.storage_descriptor->columns.has_value());
  EXPECT_TRUE(out.storage_descriptor->sort_columns.has_value());
  EXPECT_EQ(out.storage_descriptor->compressed, false);
  EXPECT_EQ(out.storage_descriptor->number_of_buckets, 0);
}

TEST(JoinedValues, order_is_that_of_the_values) {
  EXPECT_LT(joined_values({"a", "z"}), joined_values({"ab", "a"}));
  EXPECT_LT(joined_values({"a"}), joined_values({"a", ""}));
  EXPECT_NE(joined_values({"a", "b"}), joined_values({"ab", ""}));
  EXPECT_NE(joined_values({std::string("a\0b", 3)}), joined_values({"a", "b"}));
}

TEST(NamePattern, matches_whole_names) {
  const auto pattern = NamePattern::compile("occ.*_2024|x").value();
  EXPECT_TRUE(*pattern.matches("occurrence_2024"));
  EXPECT_TRUE(*pattern.matches("x"));
  EXPECT_FALSE(*pattern.matches("an_occurrence_2024"));
  EXPECT_FALSE(*pattern.matches("occurrence_2024_11"));
}

TEST(NamePattern, bad_and_endless_ones_are_refused) {
  const auto bad = NamePattern::compile("a(b");
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message.find("position 4"), std::string::npos) << bad.error().message;
  const auto endless = NamePattern::compile("(a+)+[bc]").value().matches(std::string(40, 'a'));
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, "InvalidInputException");
}

}  // namespace
}  // namespace tarn::glue

// Files by what is in them: a wrong guess here is a table that gives wrong answers.
#include "lake/file_schema.h"

#include <gtest/gtest.h>

namespace tarn::lake {
namespace {

std::string shown(const std::optional<FileSchema>& schema) {
  if (!schema) return "none";
  std::string out = schema->classification;
  for (const FileColumn& column : schema->columns) out += " " + column.name + ":" + column.type.text();
  return out;
}

FileSchema inspected(const std::string& text) {
  return *inspect({"f", text.size(), [&](uint64_t offset, uint64_t length) -> Result<std::string> {
                     return text.substr(offset, length);
                   }});
}

TEST(FileSchema, Text) {
  const std::pair<const char*, const char*> cases[] = {
      {"a,b\n1,2\n", "csv a:bigint b:bigint"},
      {"a,b\n1,2.5\n3,x\n", "csv a:bigint b:string"},
      {"a,b\nx,y\nz,w\n", "csv col0:string col1:string"},
      {"\"a, b\",c\n\"1\n2\",3\n\"x\"\"y\",4\n", "csv a, b:string c:bigint"},
      {"a,b,\n1,2,\n", "csv a:bigint b:bigint col2:string"},
      {"a,a\n1,2\n", "csv a:bigint a_1:bigint"},
      {"a\n1\n2\n", "UNKNOWN"},
      {"just some words\nand more\n", "UNKNOWN"},
      {"{\"a\":1}{\"a\":1.5}", "json a:double"},
      {"{\"a\":[]}\n{\"a\":[{\"b\":true}]}", "json a:array<struct<b:boolean>>"},
      {"{\"a\":1}\n{\"a\":\"x\"}", "json a:string"},
      {"{\"a\":1}\n{broken", "UNKNOWN"},
      {"", "UNKNOWN"},
      {std::string_view("a\0b,c\n1,2\n", 10).data(), "UNKNOWN"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(shown(inspected(text)), expected) << text;
}

TEST(FileSchema, WhatIsCutOffDoesNotCount) {
  EXPECT_EQ(inspect_csv({.text = "a,b\n1,2\n3,4\n5,x", .whole = false})->columns[1].type.text(), "bigint");
  EXPECT_EQ(inspect_csv({.text = "a,b\n1,2\n3,4\n5,x", .whole = true})->columns[1].type.text(), "string");
  EXPECT_EQ(shown(inspect_json({.text = "{\"a\":1}\n{\"a\":\"", .whole = false})), "json a:int");
  EXPECT_EQ(shown(inspect_json({.text = "{\"a\":1}\n{\"a\":\"", .whole = true})), "none");
}

TEST(FileSchema, DamagedFilesAreUnknown) {
  std::string parquet = "PAR1";
  for (int i = 0; i < 200; ++i) parquet += static_cast<char>(i * 37);
  parquet += std::string("\x40\0\0\0PAR1", 8);
  EXPECT_EQ(inspected(parquet).classification, "UNKNOWN");
  EXPECT_EQ(inspected("PAR1" + std::string("\xff\xff\xff\xff", 4) + "PAR1").classification, "UNKNOWN");
  EXPECT_EQ(inspected("Obj\1\xff\xff\xff\xff\xff\xff").classification, "UNKNOWN");
  EXPECT_EQ(inspected("\x1f\x8b garbage").classification, "UNKNOWN");
  EXPECT_EQ(inspected("BZh garbage").classification, "UNKNOWN");
  EXPECT_EQ(inspected(std::string(100'000, '[')).classification, "UNKNOWN");
}

TEST(FileSchema, Similarity) {
  const FileSchema a = inspected("{\"a\":1,\"b\":2,\"c\":3}"), b = inspected("{\"a\":1.5,\"b\":2,\"c\":3,\"d\":\"x\"}"),
                   c = inspected("{\"x\":1}");
  EXPECT_DOUBLE_EQ(similarity(a, b), 0.75);
  EXPECT_DOUBLE_EQ(similarity(a, c), 0);
  EXPECT_TRUE(a.compatible(c));
  EXPECT_FALSE(a.compatible(inspected("a,b\n1,2\n3,4\n")));
}

TEST(FileSchema, Grok) {
  const auto schema = inspect_grok({.text = "x=1\nx=2\n"}, "x=%{INT:n:int}", "", "mine");
  ASSERT_TRUE(schema && *schema);
  EXPECT_EQ(shown(*schema), "mine n:int");
  EXPECT_FALSE(inspect_grok({.text = "x"}, "%{NONE}", "", "mine"));
  EXPECT_FALSE(inspect_grok({.text = "x"}, "%{A}", "A %{B}\nB %{A}", "mine"));
  EXPECT_FALSE(inspect_grok({.text = "x"}, "(", "", "mine"));
}

}  // namespace
}  // namespace tarn::lake

// Which folders are tables and which are partitions: what users' queries are written against.
#include "services/glue/crawl_plan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tarn::glue {
namespace {

std::shared_ptr<const lake::FileSchema> schema(const std::vector<std::string>& columns,
                                               const std::string& format = "json") {
  lake::FileSchema out{.classification = format};
  for (const std::string& name : columns) out.columns.push_back({name, {"int"}});
  return std::make_shared<const lake::FileSchema>(out);
}

// "name(key,..)[value/.. ..]" of each table.
std::string shown(const Plan& plan) {
  std::string out;
  for (const PlannedTable& table : plan.tables) {
    out += fmt::format("{}{}({})[", out.empty() ? "" : " ", table.name, fmt::join(table.keys, ","));
    for (const PlannedPartition& partition : table.partitions)
      out += fmt::format("{}{}", &partition == table.partitions.data() ? "" : " ", fmt::join(partition.values, "/"));
    out += "]";
  }
  return out;
}

TEST(CrawlPlan, Tables) {
  const auto a = schema({"a", "b"}), b = schema({"x", "y"}), csv = schema({"a", "b"}, "csv");
  using Files = std::vector<CrawledFile>;
  struct Case {
    const char* root;
    Files files;
    const char* tables;
  };
  const Case cases[] = {
      {"t/", {{"t/f", 1, a}, {"t/g", 1, a}}, "t()[]"},
      {"", {{"f", 1, a}}, "bucket()[]"},
      {"t/", {{"t/f.json", 1, a}, {"t/g.csv", 1, csv}}, "f_json()[] g_csv()[]"},
      {"t/f.json", {{"t/f.json", 1, a}}, "f_json()[]"},
      {"t/", {{"t/y=1/m=1/f", 1, a}, {"t/y=2/m=1/f", 1, a}}, "t(y,m)[1/1 2/1]"},
      {"t/", {{"t/1/f", 1, a}, {"t/2/f", 1, a}}, "t(partition_0)[1 2]"},
      {"t/", {{"t/y=1/x/f", 1, a}, {"t/y=2/z/f", 1, a}}, "t(y,partition_1)[1/x 2/z]"},
      {"t/", {{"t/y=1/f", 1, a}, {"t/m=2/f", 1, a}}, "t(partition_0)[m=2 y=1]"},
      {"t/", {{"t/a=1/f", 1, a}, {"t/a=2/f", 1, a}}, "t(partition_0)[1 2]"},  // the files have a column a
      {"t/", {{"t/one/f", 1, a}, {"t/two/f", 1, b}}, "one()[] two()[]"},
      {"t/", {{"t/one/d=1/f", 1, a}, {"t/one/d=2/f", 1, a}, {"t/two/f", 1, b}}, "one(d)[1 2] two()[]"},
      {"t/", {{"t/f", 1, a}, {"t/d=1/f", 1, b}}, "t()[] d_1()[]"},
      {"t/", {{"t/1/f", 1, a}, {"t/2/f", 1, a}, {"t/3/f", 1, a}, {"t/4/f", 1, b}}, "4()[] t(partition_0)[1 2 3]"},
      {"T-x/", {{"T-x/f", 1, a}}, "t_x()[]"},
      {"t/", {}, ""},
  };
  for (const Case& each : cases)
    EXPECT_EQ(shown(plan_tables(each.files, {.bucket = "bucket", .root = each.root})), each.tables) << each.tables;
}

TEST(CrawlPlan, Options) {
  const auto a = schema({"a"}), b = schema({"b"});
  const std::vector<CrawledFile> files = {{"r/x/d=1/f", 1, a}, {"r/x/d=2/f", 1, b}, {"r/y/d=1/f", 1, a}, {"r/f", 1, a}};
  const Plan level = plan_tables(files, {.bucket = "bucket", .root = "", .table_level = 3});
  EXPECT_EQ(shown(level), "x(d)[1 2] y(d)[1]");
  EXPECT_EQ(level.remarks.size(), 1u);
  EXPECT_EQ(shown(plan_tables({files[0], files[1]}, {.bucket = "bucket", .root = "r/x/", .combine_compatible = true})),
            "x(d)[1 2]");
  EXPECT_EQ(plan_tables({files[0], files[1]}, {.bucket = "b", .root = "r/x/", .combine_compatible = true})
                .tables[0]
                .schema.columns.size(),
            2u);
}

TEST(Globs, Match) {
  const std::tuple<const char*, const char*, bool> cases[] = {
      {"*.csv", "a.csv", true},
      {"*.csv", "d/a.csv", false},
      {"**.csv", "d/e/a.csv", true},
      {"d/**", "d/e/f", true},
      {"d/*", "d/e/f", false},
      {"?.json", "a.json", true},
      {"?.json", "/.json", false},
      {"[a-c]x", "bx", true},
      {"[!a-c]x", "bx", false},
      {"{a,b}/*", "b/f", true},
      {"{a,b}/*", "c/f", false},
      {"\\*", "*", true},
      {"\\*", "x", false},
      {"**/*.tmp", "a/b.tmp", true},
      {"", "", true},
      {"", "a", false},
      {"a**b**c**d**e**f", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
  };
  for (const auto& [pattern, path, expected] : cases)
    EXPECT_EQ(glob_matches(pattern, path), expected) << pattern << " " << path;
}

}  // namespace
}  // namespace tarn::glue

// S3 Select's records: what a client's CSV or JSON reader gets back.
#include "os/scratch.h"
#include "sql/select_format.h"

#include <gtest/gtest.h>

namespace tarn::sql {
namespace {

std::string printed(const SelectOutput& output, const std::vector<std::string>& names,
                    const std::vector<CellKind>& kinds, const std::vector<std::optional<std::string>>& values) {
  const Fd file = memory_file().value();
  std::vector<ResultColumn> columns(names.size());
  for (size_t i = 0; i < names.size(); ++i) columns[i].name = names[i];
  SpoolWriter writer(file.get(), columns, kinds);
  for (size_t i = 0; i < values.size(); ++i) {
    if (!values[i]) {
      writer.column(i).null();
    } else if (kinds[i] == CellKind::kInt) {
      writer.column(i).integer(std::stoll(*values[i]));
    } else {
      writer.column(i).text(*values[i]);
    }
  }
  EXPECT_TRUE(writer.rows_added(1));
  EXPECT_TRUE(writer.finish());
  const auto reader = SpoolReader::open(file.get());
  const auto page = reader->page(0);
  std::string out;
  append_record(out, *reader, *page, 0, output);
  return out;
}

TEST(SelectFormat, csv_quotes_where_needed_or_always) {
  const std::vector<CellKind> kinds = {CellKind::kText, CellKind::kInt, CellKind::kText};
  SelectOutput output;
  EXPECT_EQ(printed(output, {"a", "b", "c"}, kinds, {"x,\"y\"", "5", std::nullopt}), "\"x,\"\"y\"\"\",5,\n");
  output.always_quote = true;
  output.field_delimiter = "\t";
  output.record_delimiter = "|";
  EXPECT_EQ(printed(output, {"a", "b", "c"}, kinds, {"x", "5", "z"}), "\"x\"\t\"5\"\t\"z\"|");
}

TEST(SelectFormat, json_keeps_types_and_whole_records) {
  SelectOutput output;
  output.json = true;
  EXPECT_EQ(
      printed(output, {"a", "b", "c"}, {CellKind::kText, CellKind::kInt, CellKind::kJson}, {"x\"", "5", "{\"k\":[1]}"}),
      "{\"a\":\"x\\\"\",\"b\":5,\"c\":{\"k\":[1]}}\n");
  EXPECT_EQ(printed(output, {"*"}, {CellKind::kJson}, {"{\"n\": 1,\n \"s\":\"t\"}"}), "{\"n\":1,\"s\":\"t\"}\n");
  output.json = false;
  EXPECT_EQ(printed(output, {"*"}, {CellKind::kJson}, {"{\"n\": 1, \"s\":\"t,u\"}"}), "1,\"t,u\"\n");
  EXPECT_EQ(printed(output, {"j"}, {CellKind::kJson}, {"\"text\""}), "text\n");
}

}  // namespace
}  // namespace tarn::sql

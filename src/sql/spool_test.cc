// A result must read back as it was written, whatever page a row falls in, and a torn file must be an error.
#include "os/scratch.h"
#include "sql/spool.h"

#include <gtest/gtest.h>

namespace tarn::sql {
namespace {

TEST(Spool, rows_of_all_kinds_over_several_pages_read_back) {
  const Fd file = memory_file().value();
  const std::vector<CellKind> kinds = {CellKind::kInt, CellKind::kText, CellKind::kDouble, CellKind::kBool,
                                       CellKind::kJson};
  std::vector<ResultColumn> columns(kinds.size());
  columns[1].name = "species";
  SpoolWriter writer(file.get(), columns, kinds);
  constexpr uint64_t kRows = 50'000;
  for (uint64_t i = 0; i < kRows; ++i) {
    writer.column(0).integer(static_cast<int64_t>(i) - 7);
    if (i % 3 == 0) {
      writer.column(1).null();
    } else {
      writer.column(1).text("name " + std::to_string(i));
    }
    writer.column(2).real(static_cast<double>(i) / 4);
    writer.column(3).boolean(i % 2 == 0);
    writer.column(4).text("[]");
    ASSERT_TRUE(writer.rows_added(1));
  }
  ASSERT_TRUE(writer.finish());

  const auto reader = SpoolReader::open(file.get());
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->rows(), kRows);
  EXPECT_GT(reader->pages(), 1u);
  EXPECT_EQ(reader->columns()[1].name, "species");
  for (const uint64_t row : {0ull, 1ull, 16383ull, 16384ull, 33333ull, 49999ull}) {
    const auto page = reader->page(reader->page_of(row));
    ASSERT_TRUE(page);
    const auto at = static_cast<uint32_t>(row - page->first_row());
    EXPECT_EQ(page->cell(at, 0).integer, static_cast<int64_t>(row) - 7);
    EXPECT_EQ(page->cell(at, 1).null, row % 3 == 0);
    EXPECT_EQ(page->cell(at, 1).text, row % 3 == 0 ? "" : "name " + std::to_string(row));
    EXPECT_EQ(page->cell(at, 2).real, static_cast<double>(row) / 4);
    EXPECT_EQ(page->cell(at, 3).as_text(), row % 2 == 0 ? "true" : "false");
  }
}

TEST(Spool, no_rows_is_a_spool) {
  const Fd file = memory_file().value();
  SpoolWriter writer(file.get(), {{.name = "a"}}, {CellKind::kInt});
  ASSERT_TRUE(writer.finish());
  const auto reader = SpoolReader::open(file.get());
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->rows(), 0u);
  EXPECT_EQ(reader->columns().size(), 1u);
}

TEST(Spool, beyond_the_limit_and_torn_files_are_errors) {
  const Fd file = memory_file().value();
  SpoolWriter writer(file.get(), {{.name = "a"}}, {CellKind::kText}, 1000);
  writer.column(0).text(std::string(2000, 'x'));
  ASSERT_TRUE(writer.rows_added(1));
  EXPECT_FALSE(writer.finish());
  EXPECT_FALSE(SpoolReader::open(file.get()));
}

}  // namespace
}  // namespace tarn::sql

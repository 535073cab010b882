// Records are the same however the bytes arrive: in one piece or one by one.
#include "sql/engine/records.h"

#include <gtest/gtest.h>

#include <cstring>

namespace tarn::sql::engine {
namespace {

std::vector<std::vector<std::string>> all(const std::string& bytes, const RecordFormat& format, size_t piece) {
  size_t at = 0;
  RecordReader reader(
      [&](char* buffer, size_t size) {
        const size_t n = std::min({size, piece, bytes.size() - at});
        std::memcpy(buffer, bytes.data() + at, n);
        at += n;
        return n;
      },
      format);
  std::vector<std::vector<std::string>> records;
  while (const auto record = reader.next()) records.push_back(record->fields);
  EXPECT_EQ(reader.consumed(), bytes.size());
  return records;
}

struct Case {
  std::string bytes;
  RecordFormat format;
  std::vector<std::vector<std::string>> records;
};

TEST(Records, of_all_formats_in_pieces_of_all_sizes) {
  using Kind = RecordFormat::Kind;
  const std::vector<Case> cases = {
      {"a,b\r\n\"c,\"\"d\"\"\",e\n,\n", {}, {{"a", "b"}, {"c,\"d\"", "e"}, {"", ""}}},
      {"\"x\ny\"z,1", {}, {{"x\nyz", "1"}}},
      {"\"open, not closed\n", {}, {{"open, not closed\n"}}},
      {"a\"b,c\n", {}, {{"a\"b", "c"}}},
      {"a::b;;c", {.field_delimiter = "::", .record_delimiter = ";;"}, {{"a", "b"}, {"c"}}},
      {"'it\\'s',b\n", {.quote = '\'', .quote_escape = '\\'}, {{"it's", "b"}}},
      {"a\\|b|c\\\nd|\\N\n",
       {.kind = Kind::kDelimited, .field_delimiter = "|", .backslash = true},
       {{"a|b", "c\nd", "\\N"}}},
      {"'a|b'|\"c\"|d\n",
       {.kind = Kind::kDelimited, .field_delimiter = "|", .remove_quotes = true},
       {{"a|b", "c", "d"}}},
      {"abcde\nfg\n", {.kind = Kind::kFixedWidth, .widths = {2, 3}}, {{"ab", "cde"}, {"fg", ""}}},
      {"", {}, {}},
  };
  for (const Case& c : cases) {
    for (const size_t piece : {1u, 2u, 3u, 1000u})
      EXPECT_EQ(all(c.bytes, c.format, piece), c.records) << c.bytes << " by " << piece;
  }
}

}  // namespace
}  // namespace tarn::sql::engine

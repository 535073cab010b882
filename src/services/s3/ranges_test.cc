// Why: a range that is off by one is data that is wrong without an error.
#include "services/s3/ranges.h"

#include <gtest/gtest.h>

namespace tarn::s3 {
namespace {

TEST(Ranges, OfTheHeader) {
  struct Case {
    std::string header;
    uint64_t size, offset, length;
  };
  const std::vector<Case> satisfiable = {
      {"bytes=0-0", 10, 0, 1},
      {"bytes=0-9", 10, 0, 10},
      {"bytes=2-4", 10, 2, 3},
      {"bytes=5-", 10, 5, 5},
      {"bytes=9-", 10, 9, 1},
      {"bytes=0-99", 10, 0, 10},
      {"bytes=-3", 10, 7, 3},
      {"bytes=-99", 10, 0, 10},
      {"bytes=9-9", 10, 9, 1},
      {"bytes=0-18446744073709551615", 10, 0, 10},
      {"bytes=1-99999999999999999999999", 10, 1, 9},
  };
  for (const Case& c : satisfiable) {
    const auto range = range_of(c.header, c.size);
    ASSERT_TRUE(range && *range) << c.header;
    EXPECT_EQ(**range, (ByteRange{c.offset, c.length})) << c.header;
  }
  for (const std::string header : {"bytes=10-", "bytes=10-12", "bytes=99999999999999999999999-", "bytes=-0"}) {
    const auto range = range_of(header, 10);
    ASSERT_FALSE(range) << header;
    EXPECT_EQ(range.error().status, 416) << header;
  }
  EXPECT_EQ(range_of("bytes=0-", 0).error().code, "InvalidRange");
  EXPECT_EQ(range_of("bytes=-1", 0).error().code, "InvalidRange");
  for (const std::string header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=4-2", "bytes=a-b", "bytes=1-2,4-5", "chars=0-1", "bytes=1"}) {
    const auto range = range_of(header, 10);
    ASSERT_TRUE(range) << header;
    EXPECT_FALSE(*range) << header;
  }
}

TEST(Ranges, AreToldAsContentRange) {
  EXPECT_EQ((ByteRange{0, 1}.content_range(1)), "bytes 0-0/1");
  EXPECT_EQ((ByteRange{5, 5}.content_range(100)), "bytes 5-9/100");
}

TEST(Ranges, OfCopiesAreExact) {
  EXPECT_EQ(*copy_range_of("bytes=2-4", 10), (ByteRange{2, 3}));
  for (const std::string header : {"bytes=2-", "bytes=-2", "2-4", "bytes=2-10", "bytes=4-2", ""})
    EXPECT_EQ(copy_range_of(header, 10).error().code, "InvalidArgument") << header;
  EXPECT_EQ(copy_range_of("bytes=10-12", 10).error().code, "InvalidRequest");
}

}  // namespace
}  // namespace tarn::s3

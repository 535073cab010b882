// Decimals: texts and bytes that other programs read, at the edges of 128 bits.
#include "sql/decimal.h"

#include <gtest/gtest.h>

namespace tarn::sql {

TEST(Decimal, texts_have_their_scale) {
  const struct {
    __int128 unscaled;
    int scale;
    const char* text;
  } cases[] = {
      {0, 0, "0"},
      {0, 2, "0.00"},
      {5, 2, "0.05"},
      {-5, 2, "-0.05"},
      {-1230, 2, "-12.30"},
      {kTooWide - 1, 0, "99999999999999999999999999999999999999"},
      {1 - kTooWide, 38, "-0.99999999999999999999999999999999999999"},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(decimal_text(each.unscaled, each.scale), each.text);
    EXPECT_EQ(unscaled(each.text), each.unscaled) << each.text;
  }
  const auto lowest = static_cast<__int128>(static_cast<unsigned __int128>(1) << 127);
  EXPECT_EQ(decimal_text(lowest, 0), "-170141183460469231731687303715884105728");
}

TEST(Decimal, bytes_are_as_few_as_hold_it) {
  const struct {
    __int128 value;
    std::string bytes;
  } cases[] = {
      {0, std::string(1, '\0')}, {127, "\x7f"},        {128, std::string("\0\x80", 2)}, {-1, "\xff"}, {-128, "\x80"},
      {-129, "\xff\x7f"},        {0x1234, "\x12\x34"},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(big_endian(each.value), each.bytes);
    EXPECT_EQ(from_big_endian(each.bytes), each.value);
  }
  EXPECT_EQ(big_endian(kTooWide - 1).size(), 16U);
  EXPECT_EQ(from_big_endian(big_endian(1 - kTooWide)), 1 - kTooWide);
  EXPECT_EQ(from_big_endian(""), 0);
  EXPECT_EQ(from_big_endian("\xff\xff\xfe"), -2);
}

}  // namespace tarn::sql

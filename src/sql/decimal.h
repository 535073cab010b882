// Decimals of up to 38 digits: the number of their digits without the point, in 128 bits. Pure.
#pragma once

#include <string>
#include <string_view>

namespace tarn::sql {

constexpr int kMaxPrecision = 38;

// REQUIRES: 0 <= n <= 38.
constexpr __int128 power_of_ten(int n) {
  __int128 result = 1;
  for (int i = 0; i < n; ++i) result *= 10;
  return result;
}
// The smallest number of 39 digits.
constexpr __int128 kTooWide = power_of_ten(kMaxPrecision);

constexpr unsigned __int128 magnitude(__int128 value) {
  return value < 0 ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
}

// "-12.30": -1230. What is no digit behind the sign is passed over. REQUIRES: at most 38 digits.
__int128 unscaled(std::string_view text);
// -1230 of scale 2: "-12.30". REQUIRES: scale >= 0.
std::string decimal_text(__int128 unscaled, int scale);

// Two's complement in as few bytes as hold it, as Avro, Iceberg and Glue write decimals.
std::string big_endian(__int128 value);
// REQUIRES: at most 16 bytes.
__int128 from_big_endian(std::string_view bytes);

}  // namespace tarn::sql

#include "sql/decimal.h"

#include <algorithm>

namespace tarn::sql {

__int128 unscaled(std::string_view text) {
  __int128 value = 0;
  for (const char c : text)
    if (c >= '0' && c <= '9') value = value * 10 + (c - '0');
  return text.starts_with('-') ? -value : value;
}

std::string decimal_text(__int128 unscaled, int scale) {
  const auto behind_point = static_cast<size_t>(scale);
  std::string reversed;
  for (auto rest = magnitude(unscaled); rest > 0 || reversed.size() <= behind_point; rest /= 10)
    reversed += static_cast<char>('0' + static_cast<int>(rest % 10));
  if (scale > 0) reversed.insert(behind_point, 1, '.');
  if (unscaled < 0) reversed += '-';
  return {reversed.rbegin(), reversed.rend()};
}

std::string big_endian(__int128 value) {
  std::string bytes;
  for (;;) {
    const auto low = static_cast<signed char>(value & 0xff);
    bytes += static_cast<char>(low);
    value >>= 8;
    if (value == (low < 0 ? -1 : 0)) break;  // the rest is nothing but the sign
  }
  std::ranges::reverse(bytes);
  return bytes;
}

__int128 from_big_endian(std::string_view bytes) {
  __int128 value = !bytes.empty() && static_cast<signed char>(bytes[0]) < 0 ? -1 : 0;
  for (const char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

}  // namespace tarn::sql

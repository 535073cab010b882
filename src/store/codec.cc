#include "store/codec.h"

#include <fmt/format.h>

namespace tarn {
namespace codec {

void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void append_fixed64(std::string& out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

void append_escaped(std::string& out, std::string_view text) {
  for (size_t zero; (zero = text.find('\0')) != text.npos; text.remove_prefix(zero + 1)) {
    out += text.substr(0, zero + 1);
    out += '\xff';
  }
  out += text;
}

uint64_t Source::varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !rest.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(rest.front());
    rest.remove_prefix(1);
    value |= uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  ok = false;
  rest = {};
  return 0;
}

uint64_t Source::fixed64() {
  uint64_t value = 0;
  for (const char c : bytes(8)) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

std::string_view Source::bytes(size_t n) {
  if (n > rest.size()) {
    ok = false;
    rest = {};
    return {};
  }
  const std::string_view got = rest.substr(0, n);
  rest.remove_prefix(n);
  return got;
}

std::string Source::escaped() {
  std::string text;
  while (true) {
    const size_t zero = rest.find('\0');
    if (zero == rest.npos || zero + 1 == rest.size()) break;
    text += rest.substr(0, zero);
    const char mark = rest[zero + 1];
    rest.remove_prefix(zero + 2);
    if (mark == kStringEnd[1]) return text;
    if (mark != '\xff') break;
    text += '\0';
  }
  ok = false;
  rest = {};
  return {};
}

std::string table_prefix(std::string_view name) {
  std::string out(name);
  out += '\0';
  return out;
}

}  // namespace codec

Failure damaged_record(std::string_view table, std::string_view why) {
  return internal_failure(fmt::format(
      "A record of the table {} cannot be read: {}. Check the data directory with `tarn check`, and restore "
      "it from a backup.",
      table, why));
}

}  // namespace tarn

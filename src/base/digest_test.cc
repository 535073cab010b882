// Digests against published check values and, where the processor's instructions take another path than the table, against
// the bit by bit definition.
#include "base/digest.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace tarn {
namespace {

TEST(Digest, CheckValues) {
  const struct {
    DigestKind kind;
    const char* hex;
  } cases[] = {
      // Of "123456789": the check column of the CRC catalogues; RFC 1321's and FIPS 180's digests of the same text.
      {DigestKind::kCrc32, "cbf43926"},
      {DigestKind::kCrc32c, "e3069283"},
      {DigestKind::kCrc64Nvme, "ae8b14860a799888"},
      {DigestKind::kMd5, "25f9e794323b453885f5181f1b624d0b"},
      {DigestKind::kSha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"},
      {DigestKind::kSha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"},
  };
  for (const auto& c : cases) EXPECT_EQ(hex(digest(c.kind, "123456789")), c.hex);
}

uint64_t bit_by_bit(std::string_view bytes) {
  uint64_t crc = ~uint64_t{0};
  for (const char b : bytes) {
    crc ^= static_cast<unsigned char>(b);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x9A6C9329AC4BC9B5 : crc >> 1;
  }
  return ~crc;
}

TEST(Digest, Crc64OfAnyLengthInAnyPieces) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 37 + i / 7);
  for (size_t length = 0; length <= text.size(); ++length) {
    const std::string_view bytes = std::string_view(text).substr(0, length);
    std::string expected(8, '\0');
    uint64_t crc = bit_by_bit(bytes);
    for (size_t i = 8; i-- > 0; crc >>= 8) expected[i] = static_cast<char>(crc & 0xFF);
    EXPECT_EQ(hex(digest(DigestKind::kCrc64Nvme, bytes)), hex(expected)) << length;
    Digest pieces(DigestKind::kCrc64Nvme);
    pieces.update(bytes.substr(0, length / 3));
    pieces.update(bytes.substr(length / 3));
    EXPECT_EQ(hex(pieces.finish()), hex(expected)) << length;
  }
}

}  // namespace
}  // namespace tarn

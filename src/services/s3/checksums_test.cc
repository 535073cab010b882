// Why: a checksum that is combined or compared wrongly either refuses good data or lets bad data through.
#include "services/s3/checksums.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace tarn::s3 {
namespace {

StagedBody staged(const std::string& bytes) {
  return {.blob = 1,
          .size = bytes.size(),
          .digests = {{DigestKind::kMd5, md5(bytes)}},
          .bytes = std::make_shared<const std::string>(bytes)};
}

std::string encoded(const ChecksumKind& kind, const std::string& bytes) {
  return base64(digest(kind.digest, bytes));
}

TEST(Checksums, OfPiecesGiveThatOfTheWhole) {
  const std::string text = "The quick brown fox jumps over the lazy dog. The five boxing wizards jump quickly.";
  for (const ChecksumKind& kind : checksum_kinds()) {
    if (kind.polynomial == 0) continue;
    for (const size_t cut : {size_t{0}, size_t{1}, size_t{7}, size_t{44}, text.size() - 1, text.size()}) {
      const std::string first = text.substr(0, cut), second = text.substr(cut);
      const std::vector<PartSummary> parts = {{1, first.size(), {{std::string(kind.name), encoded(kind, first)}}},
                                              {2, second.size(), {{std::string(kind.name), encoded(kind, second)}}}};
      EXPECT_EQ(full_object_checksum(kind, parts), encoded(kind, text)) << kind.name << " cut at " << cut;
    }
  }
}

TEST(Checksums, AreLinearOverLongPieces) {
  const ChecksumKind& kind = *find_checksum_kind("CRC64NVME");
  const std::string first(5 << 20, 'a'), second((5 << 20) + 17, 'b'), third = "c";
  std::vector<PartSummary> parts;
  for (const std::string& piece : {first, second, third})
    parts.push_back({static_cast<uint32_t>(parts.size() + 1), piece.size(), {{"CRC64NVME", encoded(kind, piece)}}});
  EXPECT_EQ(full_object_checksum(kind, parts), encoded(kind, first + second + third));
}

TEST(Checksums, CompositeIsTheDigestOfDigests) {
  const ChecksumKind& kind = *find_checksum_kind("SHA256");
  const std::vector<PartSummary> parts = {{1, 1, {{"SHA256", encoded(kind, "a")}}},
                                          {2, 1, {{"SHA256", encoded(kind, "b")}}}};
  EXPECT_EQ(composite_checksum(kind, parts), base64(sha256(sha256("a") + sha256("b"))) + "-2");
  EXPECT_EQ(composite_checksum(kind, {{1, 1, {}}}), std::nullopt);
}

TEST(Checksums, MultipartEtag) {
  // Facts: the MD5 of the MD5s of "a" and "b".
  EXPECT_EQ(multipart_etag({hex(md5("a")), hex(md5("b"))}), hex(md5(md5("a") + md5("b"))) + "-2");
}

TEST(Checksums, AreVerified) {
  const StagedBody body = staged("hello");
  const auto verified = [&](ClaimedChecksums claimed) {
    const auto result = verify(claimed, body);
    return result ? std::string("ok") : result.error().code;
  };
  EXPECT_EQ(verified({}), "ok");
  EXPECT_EQ(verified({.content_md5 = base64(md5("hello"))}), "ok");
  EXPECT_EQ(verified({.content_md5 = base64(md5("hallo"))}), "BadDigest");
  EXPECT_EQ(verified({.content_md5 = "nonsense!"}), "InvalidDigest");
  EXPECT_EQ(verified({.content_md5 = base64("short")}), "InvalidDigest");
  for (const ChecksumKind& kind : checksum_kinds()) {
    const std::string name(kind.name);
    EXPECT_EQ(verified({.checksums = {{name, encoded(kind, "hello")}}}), "ok") << name;
    EXPECT_EQ(verified({.checksums = {{name, encoded(kind, "hallo")}}}), "BadDigest") << name;
    EXPECT_EQ(verified({.checksums = {{name, "AA"}}}), "InvalidRequest") << name;
    EXPECT_EQ(verified({.algorithm = name}), "InvalidRequest") << name << " named but not given";
  }
}

TEST(Checksums, ComputedOnTheWayAreStored) {
  StagedBody body = staged("hello");
  body.digests[DigestKind::kCrc32] = digest(DigestKind::kCrc32, "hello");
  const auto stored = verify({.algorithm = "CRC32"}, body);
  ASSERT_TRUE(stored);
  EXPECT_EQ(*stored, (Pairs{{"CRC32", base64(digest(DigestKind::kCrc32, "hello"))}}));
}

}  // namespace
}  // namespace tarn::s3

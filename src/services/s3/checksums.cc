#include "services/s3/checksums.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "services/s3/errors.h"

namespace tarn::s3 {
namespace {

constexpr ChecksumKind kKinds[] = {
    {"CRC32", "x-amz-checksum-crc32", DigestKind::kCrc32, 4, 0xEDB88320},
    {"CRC32C", "x-amz-checksum-crc32c", DigestKind::kCrc32c, 4, 0x82F63B78},
    {"CRC64NVME", "x-amz-checksum-crc64nvme", DigestKind::kCrc64Nvme, 8, 0x9A6C9329AC4BC9B5},
    {"SHA1", "x-amz-checksum-sha1", DigestKind::kSha1, 20, 0},
    {"SHA256", "x-amz-checksum-sha256", DigestKind::kSha256, 32, 0},
};

// The body's digest: computed while it came in, or now where the bytes are at hand.
Result<std::string> digest_of(const StagedBody& body, const ChecksumKind& kind) {
  if (const auto found = body.digests.find(kind.digest); found != body.digests.end()) return found->second;
  if (body.bytes) return digest(kind.digest, *body.bytes);
  if (body.size == 0) return digest(kind.digest, {});
  return internal_failure(fmt::format("the {} of a staged body was not computed", kind.name));
}

Status verify_md5(const std::string& content_md5, const StagedBody& body) {
  const auto given = unbase64(content_md5);
  if (!given || given->size() != 16) return refuse(400, "InvalidDigest", "The Content-MD5 you specified was invalid.");
  const auto computed = body.digests.find(DigestKind::kMd5);
  if (computed == body.digests.end() || *given == computed->second) return {};
  return refuse(400, "BadDigest", "The Content-MD5 you specified did not match what we received.",
                {{"ExpectedDigest", content_md5}, {"CalculatedDigest", base64(computed->second)}});
}

uint64_t number_of(std::string_view bytes) {
  uint64_t value = 0;
  for (const unsigned char byte : bytes) value = value << 8 | byte;
  return value;
}

std::string bytes_of(uint64_t value, size_t n) {
  std::string out(n, '\0');
  for (size_t i = n; i-- > 0; value >>= 8) out[i] = static_cast<char>(value & 0xFF);
  return out;
}

// What appending zero bits does to a CRC is linear: a matrix over GF(2), a column a bit.
using Matrix = std::array<uint64_t, 64>;

uint64_t times(const Matrix& matrix, uint64_t vector) {
  uint64_t sum = 0;
  for (size_t i = 0; vector != 0; vector >>= 1, ++i)
    if (vector & 1) sum ^= matrix[i];
  return sum;
}

Matrix squared(const Matrix& matrix) {
  Matrix out{};
  for (size_t i = 0; i < matrix.size(); ++i) out[i] = times(matrix, matrix[i]);
  return out;
}

}  // namespace

std::span<const ChecksumKind> checksum_kinds() {
  return kKinds;
}

const ChecksumKind* find_checksum_kind(std::string_view name) {
  for (const ChecksumKind& kind : kKinds)
    if (equals_ignore_case(kind.name, name)) return &kind;
  return nullptr;
}

const std::string* find_pair(const Pairs& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs)
    if (key == name) return &value;
  return nullptr;
}

Status check_claims(const Pairs& checksums, bool others) {
  if (others)
    return not_implemented("x-amz-checksum- of another algorithm than CRC32, CRC32C, CRC64NVME, SHA1 and SHA256");
  if (checksums.size() > 1)
    return invalid_request("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
  return {};
}

Result<Pairs> verify(const ClaimedChecksums& claimed, const StagedBody& body) {
  if (claimed.content_md5) TRY(verify_md5(*claimed.content_md5, body));
  Pairs stored;
  for (const auto& [name, value] : claimed.checksums) {
    const ChecksumKind& kind = *find_checksum_kind(name);
    const auto given = unbase64(value);
    if (!given || given->size() != kind.bytes)
      return invalid_request(fmt::format("Value for {} header is invalid.", kind.header));
    if (*given != TRY(digest_of(body, kind)))
      return refuse(400, "BadDigest", fmt::format("The {} you specified did not match the calculated checksum.", name));
    stored.emplace_back(name, value);
  }
  // What a trailer said was compared by whoever read the body: what it computed stands in its digests.
  for (const ChecksumKind& kind : kKinds)
    if (const auto found = body.digests.find(kind.digest);
        found != body.digests.end() && kind.name != kDefaultChecksum && !find_pair(stored, kind.name))
      stored.emplace_back(kind.name, base64(found->second));
  if (claimed.algorithm) {
    const ChecksumKind* kind = find_checksum_kind(*claimed.algorithm);
    if (kind == nullptr) return not_implemented("x-amz-sdk-checksum-algorithm: " + *claimed.algorithm);
    if (!find_pair(stored, kind->name))
      return invalid_request(
          "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were "
          "found.");
  }
  if (stored.empty())
    stored.emplace_back(kDefaultChecksum, base64(TRY(digest_of(body, *find_checksum_kind(kDefaultChecksum)))));
  return stored;
}

std::string etag_of(const StagedBody& body) {
  const auto found = body.digests.find(DigestKind::kMd5);
  return hex(found == body.digests.end() ? md5({}) : found->second);  // an empty body may carry none
}

std::optional<std::string> composite_checksum(const ChecksumKind& kind, const std::vector<PartSummary>& parts) {
  Digest all(kind.digest);
  for (const PartSummary& part : parts) {
    const std::string* value = find_pair(part.checksums, kind.name);
    if (!value) return std::nullopt;
    all.update(unbase64(*value).value_or(""));
  }
  return fmt::format("{}-{}", base64(all.finish()), parts.size());
}

std::optional<std::string> full_object_checksum(const ChecksumKind& kind, const std::vector<PartSummary>& parts) {
  uint64_t crc = 0;
  for (const PartSummary& part : parts) {
    const std::string* value = find_pair(part.checksums, kind.name);
    if (!value) return std::nullopt;
    const uint64_t own = number_of(unbase64(*value).value_or(""));
    crc = combine_crcs(kind.polynomial, static_cast<int>(kind.bytes * 8), crc, own, part.size);
  }
  return base64(bytes_of(crc, kind.bytes));
}

uint64_t combine_crcs(uint64_t polynomial, int width, uint64_t first, uint64_t second, uint64_t second_length) {
  Matrix zeros{};  // the operator of one zero bit, then of 2, 4, 8 .. of them
  zeros[0] = polynomial;
  for (int i = 1; i < width; ++i) zeros[i] = uint64_t{1} << (i - 1);
  for (int i = 0; i < 3; ++i) zeros = squared(zeros);  // of one byte
  for (; second_length != 0; second_length >>= 1) {
    if (second_length & 1) first = times(zeros, first);
    if (second_length > 1) zeros = squared(zeros);
  }
  return first ^ second;
}

std::string multipart_etag(const std::vector<std::string>& part_etags) {
  std::string digests;
  for (const std::string& etag : part_etags) digests += unhex(etag).value_or("");
  return fmt::format("{}-{}", hex(md5(digests)), part_etags.size());
}

}  // namespace tarn::s3

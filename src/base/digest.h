// Digests: computed over bytes as they stream by. OpenSSL and zlib underneath; CRC32C with the processor's own
// instruction where it has one. Results are raw bytes (big-endian for the CRCs, as S3's checksums are).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tarn {

enum class DigestKind : uint8_t { kMd5, kSha1, kSha256, kCrc32, kCrc32c, kCrc64Nvme };

class Digest {
 public:
  explicit Digest(DigestKind kind);
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  ~Digest();

  DigestKind kind() const;
  void update(std::string_view bytes);
  // The digest of all bytes so far. REQUIRES: called once, last.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string digest(DigestKind kind, std::string_view bytes);
inline std::string sha256(std::string_view bytes) { return digest(DigestKind::kSha256, bytes); }
inline std::string md5(std::string_view bytes) { return digest(DigestKind::kMd5, bytes); }
std::string hmac_sha256(std::string_view key, std::string_view bytes);
// Continues from `crc` (0 to begin).
uint32_t crc32c(uint32_t crc, std::string_view bytes);

}  // namespace tarn

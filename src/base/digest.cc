#include "base/digest.h"

#include <nmmintrin.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <wmmintrin.h>
#include <zlib.h>

#include <array>
#include <cstring>

namespace tarn {
namespace {

std::string big_endian(uint64_t value, size_t bytes) {
  std::string out(bytes, '\0');
  for (size_t i = bytes; i-- > 0; value >>= 8) out[i] = static_cast<char>(value & 0xFF);
  return out;
}

// Table of a reflected CRC, one byte at a time.
template <class T, T kPolynomial>
constexpr std::array<T, 256> crc_table() {
  std::array<T, 256> table{};
  for (unsigned i = 0; i < 256; ++i) {
    T crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ kPolynomial : crc >> 1;
    table[i] = crc;
  }
  return table;
}
constexpr uint64_t kCrc64NvmePolynomial = 0x9A6C9329AC4BC9B5;
constexpr auto kCrc32cTable = crc_table<uint32_t, 0x82F63B78>();
constexpr auto kCrc64NvmeTable = crc_table<uint64_t, kCrc64NvmePolynomial>();

__attribute__((target("sse4.2"))) uint32_t crc32c_hardware(uint32_t crc, std::string_view bytes) {
  const char* p = bytes.data();
  size_t n = bytes.size();
  uint64_t c = ~crc;
  for (; n >= 8; p += 8, n -= 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    c = _mm_crc32_u64(c, word);
  }
  auto c32 = static_cast<uint32_t>(c);
  for (; n > 0; ++p, --n) c32 = _mm_crc32_u8(c32, static_cast<unsigned char>(*p));
  return ~c32;
}

uint32_t crc32c_table(uint32_t crc, std::string_view bytes) {
  crc = ~crc;
  for (const char b : bytes) crc = crc >> 8 ^ kCrc32cTable[(crc ^ static_cast<unsigned char>(b)) & 0xFF];
  return ~crc;
}

// The register after these bytes; no inversion at either end.
uint64_t crc64nvme_table(uint64_t crc, std::string_view bytes) {
  for (const char b : bytes) crc = crc >> 8 ^ kCrc64NvmeTable[(crc ^ static_cast<unsigned char>(b)) & 0xFF];
  return crc;
}

// x^n modulo the polynomial; the highest power stands in the lowest bit, as in the register.
constexpr uint64_t crc64nvme_power(int n) {
  uint64_t value = uint64_t{1} << 63;
  for (; n > 0; --n) value = value & 1 ? value >> 1 ^ kCrc64NvmePolynomial : value >> 1;
  return value;
}

// Folding: 16 bytes that stand 16 bytes before others are worth their product with x^192 (first half) and x^128 (second
// half). A carry-less product of reflected words comes out one place too low: hence 191 and 127.
__attribute__((target("pclmul,sse4.1"))) uint64_t crc64nvme_folded(uint64_t crc, std::string_view bytes) {
  const auto load = [&](size_t at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at)); };
  const __m128i powers =
      _mm_set_epi64x(static_cast<int64_t>(crc64nvme_power(127)), static_cast<int64_t>(crc64nvme_power(191)));
  __m128i folded = _mm_xor_si128(load(0), _mm_set_epi64x(0, static_cast<int64_t>(crc)));
  size_t at = 16;
  for (; at + 16 <= bytes.size(); at += 16) {
    const __m128i first = _mm_clmulepi64_si128(folded, powers, 0x00),
                  second = _mm_clmulepi64_si128(folded, powers, 0x11);
    folded = _mm_xor_si128(_mm_xor_si128(first, second), load(at));
  }
  char rest[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(rest), folded);
  return crc64nvme_table(crc64nvme_table(0, {rest, sizeof rest}), bytes.substr(at));
}

uint64_t crc64nvme(uint64_t crc, std::string_view bytes) {
  static const bool folds = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
  return ~(folds && bytes.size() >= 32 ? crc64nvme_folded(~crc, bytes) : crc64nvme_table(~crc, bytes));
}

// Fetched once: EVP_sha256() and its like are looked up anew at each use.
const EVP_MD* algorithm(DigestKind kind) {
  static const EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  switch (kind) {
    case DigestKind::kMd5: return md5;
    case DigestKind::kSha1: return sha1;
    default: return sha256;
  }
}

}  // namespace

uint32_t crc32c(uint32_t crc, std::string_view bytes) {
  static const bool hardware = __builtin_cpu_supports("sse4.2");
  return hardware ? crc32c_hardware(crc, bytes) : crc32c_table(crc, bytes);
}

struct Digest::State {
  DigestKind kind;
  uint64_t crc = 0;
  EVP_MD_CTX* context = nullptr;
  ~State() { EVP_MD_CTX_free(context); }
};

Digest::Digest(DigestKind kind) : state_(std::make_unique<State>()) {
  state_->kind = kind;
  if (kind == DigestKind::kMd5 || kind == DigestKind::kSha1 || kind == DigestKind::kSha256) {
    state_->context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(state_->context, algorithm(kind), nullptr);
  }
}
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

DigestKind Digest::kind() const {
  return state_->kind;
}

void Digest::update(std::string_view bytes) {
  switch (state_->kind) {
    case DigestKind::kCrc32:
      state_->crc = crc32_z(state_->crc, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
      return;
    case DigestKind::kCrc32c: state_->crc = crc32c(static_cast<uint32_t>(state_->crc), bytes); return;
    case DigestKind::kCrc64Nvme: state_->crc = crc64nvme(state_->crc, bytes); return;
    default: EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
  }
}

std::string Digest::finish() {
  switch (state_->kind) {
    case DigestKind::kCrc32:
    case DigestKind::kCrc32c: return big_endian(state_->crc, 4);
    case DigestKind::kCrc64Nvme: return big_endian(state_->crc, 8);
    default: {
      unsigned char out[EVP_MAX_MD_SIZE];
      unsigned n = 0;
      EVP_DigestFinal_ex(state_->context, out, &n);
      return std::string(reinterpret_cast<char*>(out), n);
    }
  }
}

std::string digest(DigestKind kind, std::string_view bytes) {
  Digest d(kind);
  d.update(bytes);
  return d.finish();
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
       bytes.size(), out, &n);
  return std::string(reinterpret_cast<char*>(out), n);
}

}  // namespace tarn

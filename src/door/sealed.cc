#include "door/sealed.h"

#include <openssl/evp.h>

#include <memory>

#include "base/text.h"
#include "os/random.h"

namespace tarn {
namespace {

constexpr size_t kNonce = 12, kTag = 16;
constexpr std::string_view kVersion = "T1";  // the format, authenticated with it

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

std::string seal(const std::string& key, std::string_view plain) {
  const std::string nonce = random_bytes(kNonce);
  std::string sealed(plain.size(), '\0'), tag(kTag, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int n = 0;
  EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce));
  EVP_EncryptUpdate(cipher.get(), nullptr, &n, bytes(kVersion), static_cast<int>(kVersion.size()));
  EVP_EncryptUpdate(cipher.get(), bytes(sealed), &n, bytes(plain), static_cast<int>(plain.size()));
  EVP_EncryptFinal_ex(cipher.get(), bytes(sealed) + n, &n);
  EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTag, tag.data());
  return std::string(kVersion) + base64(nonce + tag + sealed);
}

std::optional<std::string> unseal(const std::string& key, std::string_view token) {
  if (!token.starts_with(kVersion)) return std::nullopt;
  const auto raw = unbase64(token.substr(kVersion.size()));
  if (!raw || raw->size() < kNonce + kTag) return std::nullopt;
  const std::string_view nonce = std::string_view(*raw).substr(0, kNonce);
  std::string tag = raw->substr(kNonce, kTag);
  const std::string_view sealed = std::string_view(*raw).substr(kNonce + kTag);
  std::string plain(sealed.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int n = 0;
  EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce));
  EVP_DecryptUpdate(cipher.get(), nullptr, &n, bytes(kVersion), static_cast<int>(kVersion.size()));
  EVP_DecryptUpdate(cipher.get(), bytes(plain), &n, bytes(sealed), static_cast<int>(sealed.size()));
  EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTag, tag.data());
  if (EVP_DecryptFinal_ex(cipher.get(), bytes(plain) + n, &n) != 1) return std::nullopt;
  return plain;
}

}  // namespace tarn

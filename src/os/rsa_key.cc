#include "os/rsa_key.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "os/openssl.h"

namespace tarn {

using openssl::Bio;
using openssl::Key;

struct RsaKey::State {
  Key key;
};

RsaKey::RsaKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
RsaKey::RsaKey(RsaKey&&) noexcept = default;
RsaKey::~RsaKey() = default;

Result<RsaKey> RsaKey::load(std::string_view pem) {
  const Bio text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
    return internal_failure("a key that signs is damaged in the store");
  return RsaKey(std::make_unique<State>(std::move(key)));
}

Result<std::string> RsaKey::sign(std::string_view text, Hash hash) const {
  const openssl::Owner<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const EVP_MD* digest = hash == Hash::kSha256 ? EVP_sha256() : EVP_sha1();
  if (EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, state_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1)
    return internal_failure("OpenSSL cannot sign a text");
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()) != 1)
    return internal_failure("OpenSSL cannot sign a text");
  signature.resize(size);
  return signature;
}

Result<std::string> RsaKey::public_der() const {
  unsigned char* bytes = nullptr;
  const int size = i2d_PublicKey(state_->key.get(), &bytes);
  if (size <= 0) return internal_failure("OpenSSL cannot show a public key");
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

}  // namespace tarn

#include "services/sns/signer.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/digest.h"
#include "base/text.h"

namespace tarn::sns {
namespace {

template <class T, void (*Free)(T*)>
struct FreeWith {
  void operator()(T* p) const { Free(p); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY, EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, FreeWith<BIO, BIO_vfree>>;
using Context = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX, EVP_MD_CTX_free>>;

}  // namespace

struct Signer::State {
  Key key;
  std::string certificate;
};

Signer::Signer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Signer::Signer(Signer&&) noexcept = default;
Signer::~Signer() = default;

Result<Signer> Signer::load(PemPair pems) {
  const Bio text(BIO_new_mem_buf(pems.key.data(), static_cast<int>(pems.key.size())));
  Key key(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
  if (!key) return internal_failure("the key that SNS signs with is damaged in the store");
  return Signer(std::make_unique<State>(std::move(key), std::move(pems.certificate)));
}

Result<std::string> Signer::sign(std::string_view text, int64_t version) const {
  const Context context(EVP_MD_CTX_new());
  size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const EVP_MD* digest = version == 2 ? EVP_sha256() : EVP_sha1();
  if (EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, state_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1)
    return internal_failure("OpenSSL cannot sign a message");
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()) != 1)
    return internal_failure("OpenSSL cannot sign a message");
  signature.resize(size);
  return base64(signature);
}

const std::string& Signer::certificate() const {
  return state_->certificate;
}

std::string Signer::file_name() const {
  return "SimpleNotificationService-" + hex(md5(state_->certificate)) + ".pem";
}

}  // namespace tarn::sns

#include "services/sns/signer.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/digest.h"
#include "base/text.h"

namespace tarn::sns {
namespace {

constexpr long kValidSeconds = 3650L * 24 * 3600;
constexpr unsigned kBits = 2048;

template <class T, void (*Free)(T*)>
struct FreeWith {
  void operator()(T* p) const { Free(p); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509, X509_free>>;
using Bio = std::unique_ptr<BIO, FreeWith<BIO, BIO_vfree>>;
using Context = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX, EVP_MD_CTX_free>>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

Certificate certify(EVP_PKEY* key) {
  Certificate made(X509_new());
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), kValidSeconds);
  X509_set_pubkey(made.get(), key);
  X509_NAME* name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("sns.amazonaws.com"), -1,
                             -1, 0);
  X509_set_issuer_name(made.get(), name);
  return X509_sign(made.get(), key, EVP_sha256()) == 0 ? nullptr : std::move(made);
}

}  // namespace

struct Signer::State {
  Key key;
  std::string certificate;
};

Signer::Signer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Signer::Signer(Signer&&) noexcept = default;
Signer::~Signer() = default;

Result<Signer::Pems> Signer::make() {
  const Key key(EVP_RSA_gen(kBits));
  const Certificate certificate = key ? certify(key.get()) : nullptr;
  const Bio key_text(BIO_new(BIO_s_mem())), certificate_text(BIO_new(BIO_s_mem()));
  if (!certificate || PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1)
    return internal_failure("OpenSSL cannot make the key that SNS signs with");
  return Pems{text_of(key_text.get()), text_of(certificate_text.get())};
}

Result<Signer> Signer::load(Pems pems) {
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

#include "os/certificate.h"

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "os/openssl.h"
#include "os/random.h"

namespace tarn {
namespace {

constexpr long kValidSeconds = 3650L * 24 * 3600;

using openssl::Bio;
using openssl::Key;
using Certificate = openssl::Owner<X509, X509_free>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

bool add_extension(X509* certificate, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const openssl::Owner<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, id, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Certificate self_signed(EVP_PKEY* key, const std::string& common_name, const std::string& alternative_names) {
  Certificate made(X509_new());
  X509_set_version(made.get(), 2);
  const std::string serial = random_bytes(8);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), *reinterpret_cast<const uint64_t*>(serial.data()) >> 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), kValidSeconds);
  X509_set_pubkey(made.get(), key);
  X509_NAME* name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                             -1, 0);
  X509_set_issuer_name(made.get(), name);
  const bool extended = alternative_names.empty() ||
                        (add_extension(made.get(), NID_basic_constraints, "critical,CA:TRUE") &&
                         add_extension(made.get(), NID_subject_alt_name, alternative_names.c_str()));
  if (!extended || X509_sign(made.get(), key, EVP_sha256()) == 0) return nullptr;
  return made;
}

}  // namespace

Result<PemPair> make_certificate(KeyKind kind, const std::string& common_name, const std::string& alternative_names) {
  const Key key(kind == KeyKind::kP256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048));
  const Certificate certificate = key ? self_signed(key.get(), common_name, alternative_names) : nullptr;
  const Bio key_text(BIO_new(BIO_s_mem())), certificate_text(BIO_new(BIO_s_mem()));
  if (!certificate || PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1)
    return internal_failure(fmt::format("OpenSSL cannot make a key and a certificate for {}", common_name));
  return PemPair{text_of(key_text.get()), text_of(certificate_text.get())};
}

}  // namespace tarn

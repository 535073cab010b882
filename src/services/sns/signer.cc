#include "services/sns/signer.h"

#include "base/digest.h"
#include "base/text.h"

namespace tarn::sns {

Result<Signer> Signer::load(PemPair pems) {
  return Signer(TRY(RsaKey::load(pems.key)), std::move(pems.certificate));
}

Result<std::string> Signer::sign(std::string_view text, int64_t version) const {
  return base64(TRY(key_.sign(text, version == 2 ? RsaKey::Hash::kSha256 : RsaKey::Hash::kSha1)));
}

const std::string& Signer::certificate() const {
  return certificate_;
}

std::string Signer::file_name() const {
  return "SimpleNotificationService-" + hex(md5(certificate_)) + ".pem";
}

}  // namespace tarn::sns

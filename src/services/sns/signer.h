// The key that signs what SNS sends, and its certificate.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "os/certificate.h"
#include "os/rsa_key.h"

namespace tarn::sns {

// THREADS: any; immutable.
class Signer {
 public:
  static Result<Signer> load(PemPair pems);

  // Base64 of RSA's signature: of SHA-1 with version 1, of SHA-256 with version 2.
  // AWS: SNS Developer Guide, "Verifying the signatures of Amazon SNS messages".
  Result<std::string> sign(std::string_view text, int64_t version) const;
  const std::string& certificate() const;
  // "SimpleNotificationService-<hex>.pem"
  std::string file_name() const;

 private:
  Signer(RsaKey key, std::string certificate) : key_(std::move(key)), certificate_(std::move(certificate)) {}

  RsaKey key_;
  std::string certificate_;
};

}  // namespace tarn::sns

// The key that signs what SNS sends, and its certificate.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/certificate.h"

namespace tarn::sns {

// THREADS: any; immutable.
class Signer {
 public:
  static Result<Signer> load(PemPair pems);
  Signer(Signer&&) noexcept;
  ~Signer();

  // Base64 of RSA's signature: of SHA-1 with version 1, of SHA-256 with version 2.
  // AWS: SNS Developer Guide, "Verifying the signatures of Amazon SNS messages".
  Result<std::string> sign(std::string_view text, int64_t version) const;
  const std::string& certificate() const;
  // "SimpleNotificationService-<hex>.pem"
  std::string file_name() const;

 private:
  struct State;
  explicit Signer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tarn::sns

// A private RSA key that signs.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tarn {

// THREADS: any; immutable.
class RsaKey {
 public:
  enum class Hash : uint8_t { kSha1, kSha256 };

  // By its PEM text (os/certificate.h makes one). ERRORS: InternalFailure.
  static Result<RsaKey> load(std::string_view pem);
  RsaKey(RsaKey&&) noexcept;
  ~RsaKey();

  // PKCS #1 v1.5, as bytes.
  Result<std::string> sign(std::string_view text, Hash hash) const;
  // The public key: PKCS #1 in DER.
  Result<std::string> public_der() const;

 private:
  struct State;
  explicit RsaKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tarn

// Temporary credentials: self-contained session tokens, sealed (AES-256-GCM) with a key of the data directory.
// Nothing is stored: a token holds its principal, secret and expiry, and is good on every server with that key.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "door/principal.h"

namespace tarn {

struct TemporaryCredentials {
  std::string access_key;  // ASIA...
  std::string secret;
  std::string token;
  Time expires;            // the system's time
};

// THREADS: safe to use from any.
class Sessions {
 public:
  // REQUIRES: 32 bytes of key.
  explicit Sessions(std::string key) : key_(std::move(key)) {}

  // Makes credentials for `principal`, whose `issued` and `expires` are set. Its access_key is filled in.
  TemporaryCredentials issue(Principal principal) const;

  struct Opened {
    std::string secret;
    Principal principal;
  };
  // ERRORS: InvalidToken (400): not sealed with this key, or not for this access key. Expiry is the caller's to check.
  Result<Opened> open(std::string_view token, std::string_view access_key) const;

 private:
  std::string key_;
};

}  // namespace tarn

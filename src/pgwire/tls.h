// The certificate that the wire shows.
#pragma once

#include <string>

#include "base/result.h"

namespace tarn::pgwire {

struct Certificate {
  std::string chain, key;  // PEM files
};

// DIR/tls/server.crt and server.key (0600), made when they are not there: self-signed, for localhost and its addresses.
// Who wants more than encryption trusts server.crt.
Result<Certificate> own_certificate(const std::string& directory);

}  // namespace tarn::pgwire

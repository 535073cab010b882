// Certificates that sign themselves, with a key of their own, as PEM texts.
#pragma once

#include <string>

#include "base/result.h"

namespace tarn {

enum class KeyKind : uint8_t { kP256, kRsa2048 };

struct PemPair {
  std::string key, certificate;
};

// Of a new key; RSA takes some tenths of a second. Valid for ten years. With `alternative_names` ("DNS:localhost,IP:::1") it
// is its own authority: clients trust it by its file. ERRORS: InternalFailure. THREADS: any.
Result<PemPair> make_certificate(KeyKind kind, const std::string& common_name, const std::string& alternative_names = {});

}  // namespace tarn

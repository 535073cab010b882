// Texts that only this server can read: AES-256-GCM with a key of the data directory (Store::secret).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tarn {

// Base64 text behind a format mark. REQUIRES: the key has 32 bytes.
std::string seal(const std::string& key, std::string_view plain);
// nullopt: it was not sealed with this key, or has been changed.
std::optional<std::string> unseal(const std::string& key, std::string_view sealed);

}  // namespace tarn

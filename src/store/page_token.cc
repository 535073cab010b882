#include "store/page_token.h"

#include "base/digest.h"
#include "base/text.h"

namespace tarn {
namespace {

constexpr size_t kSealSize = 16;

std::string seal(const Store& store, std::string_view request, std::string_view position) {
  // The request's hash has a fixed length, so that no part of one can be taken for a part of the other.
  return hmac_sha256(store.secret("page tokens"), sha256(request) + std::string(position)).substr(0, kSealSize);
}

}  // namespace

std::string page_token(const Store& store, std::string_view request, std::string_view position) {
  return base64(seal(store, request, position) + std::string(position));
}

std::optional<std::string> page_position(const Store& store, std::string_view request, std::string_view token) {
  const auto bytes = unbase64(token);
  if (!bytes || bytes->size() < kSealSize || base64(*bytes) != token) return std::nullopt;
  std::string position = bytes->substr(kSealSize);
  if (!constant_time_equal(std::string_view(*bytes).substr(0, kSealSize), seal(store, request, position)))
    return std::nullopt;
  return position;
}

}  // namespace tarn

#include "sql/passwords.h"

#include "base/digest.h"
#include "base/text.h"
#include "os/random.h"

namespace tarn::sql {
std::string sealed_password(std::string_view password) {
  const std::string salt = random_hex(16);
  return "sha256|" + hex(sha256(std::string(password) + salt)) + "|" + salt;
}

bool is_digest(std::string_view text) {
  const auto is_hex = [](std::string_view part) { return part.find_first_not_of("0123456789abcdef") == part.npos; };
  if (text.starts_with("sha256|")) return text.size() > 7 + 64 && is_hex(text.substr(7, 64));
  return text.size() == 35 && text.starts_with("md5") && is_hex(text.substr(3));
}

// AWS: CREATE USER: sha256|digest|salt is the digest of password and salt; md5 that of password and user name.
bool password_fits(std::string_view sealed, std::string_view user, std::string_view password) {
  if (sealed.starts_with("sha256|")) {
    const size_t bar = sealed.find('|', 7);
    const std::string_view digest = sealed.substr(7, bar == sealed.npos ? bar : bar - 7);
    const std::string_view salt = bar == sealed.npos ? "" : sealed.substr(bar + 1);
    return constant_time_equal(digest, hex(sha256(std::string(password) + std::string(salt))));
  }
  return sealed.starts_with("md5") &&
         constant_time_equal(sealed.substr(3), hex(md5(std::string(password) + std::string(user))));
}

}  // namespace tarn::sql

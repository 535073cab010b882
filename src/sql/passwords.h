// Database users' passwords: what is kept of them.
#pragma once

#include <string>
#include <string_view>

namespace tarn::sql {

// "sha256|<digest>|<salt>": what is kept of a password.
std::string sealed_password(std::string_view password);
// Is it what sealed_password makes, or Redshift's "md5<digest of password and user>"?
bool is_digest(std::string_view text);
bool password_fits(std::string_view sealed, std::string_view user, std::string_view password);

}  // namespace tarn::sql

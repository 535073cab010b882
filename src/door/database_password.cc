#include "door/database_password.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "os/random.h"

namespace tarn {
namespace {

std::string signature(const Store& store, std::string_view content) {
  return hex(hmac_sha256(store.secret("redshift.credentials"), content));
}

}  // namespace

std::string keep_password(std::string_view password) {
  const std::string salt = random_hex(16);
  return salt + ":" + hex(hmac_sha256(salt, password));
}

bool password_fits(std::string_view kept, std::string_view password) {
  const size_t colon = kept.find(':');
  if (colon == std::string_view::npos) return false;
  return constant_time_equal(kept.substr(colon + 1), hex(hmac_sha256(kept.substr(0, colon), password)));
}

std::string seal_database_password(const Store& store, const DatabasePassword& password) {
  Json roles = Json::array();
  for (const std::string& role : password.roles) roles.push(role);
  const Json content = Json::object({{"l", password.login},
                                     {"u", password.user},
                                     {"w", password.warehouse},
                                     {"d", password.database},
                                     {"p", password.principal},
                                     {"a", password.auto_create},
                                     {"c", password.creator},
                                     {"r", roles},
                                     {"e", password.expires.micros}});
  const std::string text = base64(content.text());
  return text + "." + signature(store, text);
}

std::optional<DatabasePassword> open_database_password(const Store& store, std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos || !constant_time_equal(text.substr(dot + 1), signature(store, text.substr(0, dot))))
    return std::nullopt;
  const auto content = unbase64(text.substr(0, dot));
  const auto parsed = content ? Json::parse(*content) : Result<Json>(internal_failure("not base64"));
  if (!parsed) return std::nullopt;
  const Json& json = *parsed;
  DatabasePassword out{.login = json["l"].as_string(),
                       .user = json["u"].as_string(),
                       .warehouse = json["w"].as_string(),
                       .database = json["d"].as_string(),
                       .principal = json["p"].as_string()};
  for (const Json& role : json["r"].items()) out.roles.push_back(role.as_string());
  out.auto_create = json["a"].as_bool();
  out.creator = json["c"].as_bool();
  out.expires = Time{json["e"].as_int()};
  return out;
}

}  // namespace tarn

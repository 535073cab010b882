#include "door/sessions.h"

#include <openssl/evp.h>

#include <memory>

#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "os/random.h"

namespace tarn {
namespace {

constexpr size_t kNonce = 12, kTag = 16;
constexpr std::string_view kVersion = "T1";  // the token's format, authenticated with it

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

std::string seal(const std::string& key, std::string_view plain) {
  const std::string nonce = random_bytes(kNonce);
  std::string sealed(plain.size(), '\0'), tag(kTag, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int n = 0;
  EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce));
  EVP_EncryptUpdate(cipher.get(), nullptr, &n, bytes(kVersion), static_cast<int>(kVersion.size()));
  EVP_EncryptUpdate(cipher.get(), bytes(sealed), &n, bytes(plain), static_cast<int>(plain.size()));
  EVP_EncryptFinal_ex(cipher.get(), bytes(sealed) + n, &n);
  EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTag, tag.data());
  return std::string(kVersion) + base64(nonce + tag + sealed);
}

std::optional<std::string> unseal(const std::string& key, std::string_view token) {
  if (!token.starts_with(kVersion)) return std::nullopt;
  const auto raw = unbase64(token.substr(kVersion.size()));
  if (!raw || raw->size() < kNonce + kTag) return std::nullopt;
  const std::string_view nonce = std::string_view(*raw).substr(0, kNonce);
  std::string tag = raw->substr(kNonce, kTag);
  const std::string_view sealed = std::string_view(*raw).substr(kNonce + kTag);
  std::string plain(sealed.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int n = 0;
  EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce));
  EVP_DecryptUpdate(cipher.get(), nullptr, &n, bytes(kVersion), static_cast<int>(kVersion.size()));
  EVP_DecryptUpdate(cipher.get(), bytes(plain), &n, bytes(sealed), static_cast<int>(sealed.size()));
  EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTag, tag.data());
  if (EVP_DecryptFinal_ex(cipher.get(), bytes(plain) + n, &n) != 1) return std::nullopt;
  return plain;
}

Json strings(const std::vector<std::string>& list) {
  Json items = Json::array();
  for (const std::string& item : list) items.push(item);
  return items;
}

std::vector<std::string> strings(const Json& list) {
  std::vector<std::string> items;
  for (const Json& item : list.items()) items.push_back(item.as_string());
  return items;
}

Json to_json(const Principal& p, const std::string& secret) {
  Json tags = Json::object();
  for (const auto& [name, value] : p.tags) tags.set(name, value);
  Json out = Json::object({{"k", static_cast<int>(p.kind)},
                           {"a", p.account},
                           {"n", p.arn},
                           {"u", p.user_id},
                           {"un", p.user_name},
                           {"ak", p.access_key},
                           {"r", p.role_arn},
                           {"s", p.session_name},
                           {"sp", strings(p.session_policies)},
                           {"t", tags},
                           {"tt", strings(p.transitive_tags)},
                           {"si", p.source_identity},
                           {"i", p.issued->micros},
                           {"e", p.expires->micros},
                           {"sk", secret}});
  if (p.mfa) out.set("m", *p.mfa);
  return out;
}

Sessions::Opened from_json(const Json& j) {
  Principal p;
  p.kind = static_cast<Principal::Kind>(j["k"].as_int());
  p.account = j["a"].as_string();
  p.arn = j["n"].as_string();
  p.user_id = j["u"].as_string();
  p.user_name = j["un"].as_string();
  p.access_key = j["ak"].as_string();
  p.role_arn = j["r"].as_string();
  p.session_name = j["s"].as_string();
  p.session_policies = strings(j["sp"]);
  for (const auto& [name, value] : j["t"].members()) p.tags[name] = value.as_string();
  p.transitive_tags = strings(j["tt"]);
  p.source_identity = j["si"].as_string();
  p.issued = Time{j["i"].as_int()};
  p.expires = Time{j["e"].as_int()};
  if (const Json* mfa = j.find("m")) p.mfa = mfa->as_bool();
  return {j["sk"].as_string(), std::move(p)};
}

}  // namespace

TemporaryCredentials Sessions::issue(Principal principal) const {
  TemporaryCredentials made;
  made.access_key = random_id("ASIA", 16);
  made.secret = random_secret(40);
  made.expires = *principal.expires;
  principal.access_key = made.access_key;
  made.token = seal(key_, to_json(principal, made.secret).text());
  return made;
}

Result<Sessions::Opened> Sessions::open(std::string_view token, std::string_view access_key) const {
  const auto invalid = [] {
    return fail(403, "InvalidToken", "The security token included in the request is invalid.");
  };
  const auto plain = unseal(key_, token);
  if (!plain) return invalid();
  const auto document = Json::parse(*plain);
  if (!document) return invalid();
  Opened opened = from_json(*document);
  if (opened.principal.access_key != access_key) return invalid();
  return opened;
}

}  // namespace tarn

#include "door/sessions.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "door/sealed.h"
#include "os/random.h"

namespace tarn {
namespace {

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

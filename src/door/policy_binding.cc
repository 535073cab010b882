#include "door/policy_binding.h"

#include <fmt/format.h>

#include "base/json.h"

namespace tarn {

Result<PrincipalIds> named_principals(Identities& identities, Transaction& tx, std::string_view document,
                                      PolicyKind kind) {
  PrincipalIds ids;
  const Policy policy = TRY(Policy::parse(document, kind));
  for (const PolicyStatement& statement : policy.statements) {
    for (const PolicyPrincipal& principal : statement.principals) {
      if (principal.kind != PolicyPrincipal::Kind::kArn) continue;
      const auto id = TRY(identities.principal_id(tx, principal.value));
      if (id && id->empty())
        return fail(400, "InvalidPrincipal",
                    fmt::format("Invalid principal in policy: \"AWS\":\"{}\"", principal.value));
      if (id) ids[principal.value] = *id;
    }
  }
  return ids;
}

std::string with_principals(const std::string& document, const std::map<std::string, std::string>& replacements) {
  Json json = Json::parse(document).value_or(Json());
  const auto replace = [&](Json& text) {
    if (const auto found = replacements.find(text.as_string()); text.is_string() && found != replacements.end())
      text = Json(found->second);
  };
  const auto visit_statement = [&](Json& statement) {
    for (auto& [element, value] : statement.members()) {
      if (element != "Principal" && element != "NotPrincipal") continue;
      for (auto& [type, texts] : value.members()) {
        if (type != "AWS") continue;
        replace(texts);
        for (Json& text : texts.items()) replace(text);
      }
    }
  };
  for (auto& [name, value] : json.members()) {
    if (name != "Statement") continue;
    visit_statement(value);
    for (Json& statement : value.items()) visit_statement(statement);
  }
  return json.text();
}

Result<std::string> shown_policy(Identities& identities, Transaction& tx, const std::string& document,
                                 const PrincipalIds& principals) {
  PrincipalIds changed;
  for (const auto& [arn, id] : principals) {
    const std::string now = TRY(identities.principal_arn(tx, id)).value_or(id);
    if (now != arn) changed[arn] = now;
  }
  return changed.empty() ? document : with_principals(document, changed);
}

}  // namespace tarn

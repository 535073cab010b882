// Reading policy documents: structure and IAM's own checks, with its error texts.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "door/arn.h"
#include "door/policy.h"

namespace tarn {

namespace {

Failure malformed(std::string message) {
  return fail(400, "MalformedPolicyDocument", std::move(message));
}

// IAM's sentence, then what it was.
Failure syntax_error(std::string_view detail) {
  return malformed(fmt::format("Syntax errors in policy. {}", detail));
}

Status check_members(const Json& object, std::initializer_list<std::string_view> known, std::string_view where) {
  std::set<std::string_view> seen;
  for (const auto& [name, value] : object.members()) {
    if (std::ranges::find(known, name) == known.end())
      return syntax_error(fmt::format("{} has an unknown element \"{}\".", where, name));
    if (!seen.insert(name).second) return syntax_error(fmt::format("{} has \"{}\" twice.", where, name));
  }
  return {};
}

// A string or a list of strings.
Result<std::vector<std::string>> strings_of(const Json& value, std::string_view what) {
  std::vector<std::string> texts;
  const auto wrong = [&] { return syntax_error(fmt::format("{} must be a string or a list of strings.", what)); };
  if (value.is_string()) return std::vector<std::string>{value.as_string()};
  if (!value.is_array()) return wrong();
  for (const Json& item : value.items()) {
    if (!item.is_string()) return wrong();
    texts.push_back(item.as_string());
  }
  return texts;
}

bool is_trust_action(std::string_view action) {
  return action.starts_with("sts:");
}

Status check_action(std::string_view action, PolicyKind kind) {
  if (kind == PolicyKind::kTrust && !is_trust_action(action) && action != "*")
    return malformed("AssumeRole policy may only specify STS AssumeRole actions.");
  if (action == "*") return {};
  const size_t colon = action.find(':');
  if (colon == std::string_view::npos || colon == 0)
    return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  if (action.find(':', colon + 1) != std::string_view::npos)
    return malformed("Actions/Condition can contain only one colon.");
  const std::string_view vendor = action.substr(0, colon);
  const bool plain =
      std::ranges::all_of(vendor, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-'; });
  if (!plain && vendor != "*") return malformed(fmt::format("Vendor {} is not valid", vendor));
  if (colon + 1 == action.size()) return syntax_error(fmt::format("The action \"{}\" names no operation.", action));
  return {};
}

Status check_resource(std::string_view resource) {
  const auto wrong = [&] { return malformed(fmt::format("Resource {} must be in ARN format or \"*\".", resource)); };
  if (resource == "*") return {};
  if (!resource.starts_with("arn:")) return wrong();
  const auto parts = split(resource, ':');
  // Fewer parts are an ARN only where a '*' runs on past its part.
  const bool runs_on = std::ranges::any_of(parts, [](std::string_view part) { return part.ends_with('*'); });
  if (parts.size() < 6 && !runs_on) return wrong();
  if (parts.size() > 2 && parts[2].empty())
    return malformed(fmt::format("Resource vendor must be fully qualified and cannot contain regexes."));
  return {};
}

std::optional<PolicyPrincipal> parse_aws_principal(const std::string& text) {
  using enum PolicyPrincipal::Kind;
  if (text == "*") return PolicyPrincipal{kAny, {}};
  if (is_account_id(text)) return PolicyPrincipal{kAccount, text};
  const bool unique_id = (text.starts_with("AIDA") || text.starts_with("AROA")) && text.size() >= 16;
  if (unique_id && std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c); }))
    return PolicyPrincipal{kUniqueId, text};
  const auto arn = Arn::parse(text);
  if (!arn || !is_account_id(arn->account) || !arn->region.empty()) return std::nullopt;
  if (text.find_first_of("*?") != std::string::npos) return std::nullopt;
  const std::string_view type = arn->resource_type();
  if (arn->service == "iam" && arn->resource == "root") return PolicyPrincipal{kAccount, arn->account};
  if (arn->resource_id().empty()) return std::nullopt;
  if (arn->service == "iam" && (type == "user" || type == "role")) return PolicyPrincipal{kArn, text};
  if (arn->service == "sts" && (type == "assumed-role" || type == "federated-user")) return PolicyPrincipal{kArn, text};
  return std::nullopt;
}

Result<std::vector<PolicyPrincipal>> parse_principals(const Json& element) {
  using enum PolicyPrincipal::Kind;
  if (element.is_string() && element.as_string() == "*") return std::vector{PolicyPrincipal{kAny, {}}};
  if (!element.is_object() || element.members().empty()) return malformed("Invalid principal in policy.");
  std::vector<PolicyPrincipal> principals;
  for (const auto& [type, value] : element.members()) {
    for (const std::string& text : TRY(strings_of(value, "Principal"))) {
      std::optional<PolicyPrincipal> principal;
      if (type == "AWS") principal = parse_aws_principal(text);
      if (type == "Service" && text.find('.') != std::string::npos) principal = PolicyPrincipal{kService, lower(text)};
      if (type == "Federated" && !text.empty()) principal = PolicyPrincipal{kFederated, text};
      if (type == "CanonicalUser" && !text.empty()) principal = PolicyPrincipal{kCanonicalUser, lower(text)};
      if (!principal) return malformed(fmt::format("Invalid principal in policy: \"{}\":\"{}\"", type, text));
      principals.push_back(std::move(*principal));
    }
  }
  if (principals.empty()) return malformed("Invalid principal in policy.");
  return principals;
}

Result<std::vector<PolicyCondition>> parse_conditions(const Json& element, bool variables) {
  std::vector<PolicyCondition> conditions;
  if (!element.is_object()) return syntax_error("Condition must be an object.");
  for (const auto& [name, keys] : element.members()) {
    if (!keys.is_object())
      return syntax_error(fmt::format("The condition {} must be an object of keys and values.", name));
    for (const auto& [key, values] : keys.members())
      conditions.push_back(TRY(PolicyCondition::parse(name, key, values, variables)));
  }
  return conditions;
}

Status parse_principal_element(const Json& source, PolicyKind kind, PolicyStatement& statement) {
  const Json *yes = source.find("Principal"), *no = source.find("NotPrincipal");
  const bool wanted = kind == PolicyKind::kResource || kind == PolicyKind::kTrust;
  if (!wanted && (yes || no)) return malformed("Policy document should not specify a principal.");
  if (!wanted) return {};
  if (yes && no) return syntax_error("A statement has both Principal and NotPrincipal.");
  if (!yes && !no) return malformed("Missing required field Principal");
  statement.not_principal = no != nullptr;
  statement.principals = TRY(parse_principals(yes ? *yes : *no));
  return {};
}

Status parse_resource_element(const Json& source, PolicyKind kind, bool variables, PolicyStatement& statement) {
  const Json *yes = source.find("Resource"), *no = source.find("NotResource");
  if (kind == PolicyKind::kTrust) return yes || no ? malformed("Has prohibited field Resource") : Status{};
  if (yes && no) return syntax_error("A statement has both Resource and NotResource.");
  if (!yes && !no) return malformed("Policy statement must contain resources.");
  statement.not_resource = no != nullptr;
  const auto texts = TRY(strings_of(yes ? *yes : *no, "Resource"));
  if (texts.empty()) return malformed("Policy statement must contain resources.");
  for (const std::string& text : texts) {
    TRY(check_resource(text));
    statement.resources.emplace_back(text, PolicyPattern::Mode::kResource, variables);
  }
  return {};
}

Result<PolicyStatement> parse_statement(const Json& source, PolicyKind kind, bool variables, size_t number) {
  const std::string where = fmt::format("Statement {}", number);
  if (!source.is_object()) return syntax_error(where + " is no object.");
  TRY(check_members(
      source,
      {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"},
      where));

  PolicyStatement statement;
  if (const Json* sid = source.find("Sid")) {
    if (!sid->is_string()) return syntax_error("Sid must be a string.");
    statement.sid = sid->as_string();
    const bool plain = std::ranges::all_of(statement.sid, [](unsigned char c) { return std::isalnum(c); });
    if (!plain && kind != PolicyKind::kResource)
      return malformed(
          "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
          "[0-9A-Za-z]*");
  }
  const Json& effect = source["Effect"];
  if (effect.is_null()) return malformed("Missing required field Effect");
  if (!effect.is_string() || (effect.as_string() != "Allow" && effect.as_string() != "Deny"))
    return malformed(fmt::format("Invalid effect: {}", effect.as_string()));
  statement.allow = effect.as_string() == "Allow";

  const Json *action = source.find("Action"), *not_action = source.find("NotAction");
  if (action && not_action) return syntax_error(where + " has both Action and NotAction.");
  if (!action && !not_action) return malformed("Policy statement must contain actions.");
  statement.not_action = not_action != nullptr;
  for (const std::string& text : TRY(strings_of(action ? *action : *not_action, "Action"))) {
    statement.actions.push_back(lower(text));
    TRY(check_action(statement.actions.back(), kind));
  }
  if (statement.actions.empty()) return malformed("Policy statement must contain actions.");

  TRY(parse_principal_element(source, kind, statement));
  TRY(parse_resource_element(source, kind, variables, statement));
  if (const Json* condition = source.find("Condition"))
    statement.conditions = TRY(parse_conditions(*condition, variables));
  return statement;
}

}  // namespace

Result<Policy> Policy::parse(std::string_view document, PolicyKind kind) {
  const auto json = Json::parse(document);
  if (!json && kind == PolicyKind::kTrust)
    return malformed("This policy contains invalid Json: " + json.error().message);
  if (!json) return syntax_error(json.error().message);
  if (!json->is_object()) return syntax_error("The document is no object.");
  TRY(check_members(*json, {"Version", "Id", "Statement"}, "The document"));

  // AWS: IAM User Guide, "IAM JSON policy elements: Version": without one it is the older, which knows no variables.
  const Json* version = json->find("Version");
  const bool newer = version && version->as_string() == "2012-10-17";
  if (version && !newer && version->as_string() != "2008-10-17")
    return malformed("Policy document must be version 2012-10-17 or greater.");
  if (const Json* id = json->find("Id"); id && !id->is_string()) return syntax_error("Id must be a string.");

  const Json* statements = json->find("Statement");
  if (!statements || (statements->is_array() && statements->size() == 0))
    return syntax_error("Statement is missing or empty.");
  Policy policy{kind, {}};
  std::set<std::string> sids;
  const std::vector<Json> single = {*statements};
  for (const Json& source : statements->is_array() ? statements->items() : single) {
    policy.statements.push_back(TRY(parse_statement(source, kind, newer, policy.statements.size() + 1)));
    const std::string& sid = policy.statements.back().sid;
    if (!sid.empty() && !sids.insert(sid).second)
      return malformed("Statement IDs (SID) in a single policy must be unique.");
  }
  return policy;
}

std::set<std::string> Policy::context_keys() const {
  std::set<std::string> keys;
  for (const PolicyStatement& statement : statements) {
    for (const PolicyPattern& resource : statement.resources)
      for (std::string& key : resource.variables()) keys.insert(std::move(key));
    for (const PolicyCondition& condition : statement.conditions) {
      keys.insert(condition.key());
      for (std::string& key : condition.variables()) keys.insert(std::move(key));
    }
  }
  return keys;
}

}  // namespace tarn

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

// IAM's sentence, and beside it what it was.
Failure malformed(std::string message, std::string detail) {
  return Failure(Error{400, "MalformedPolicyDocument", std::move(message), {{"Detail", std::move(detail)}}});
}
Failure syntax_error(std::string_view detail) {
  return malformed("Syntax errors in policy.", std::string(detail));
}
Failure failed_legacy_parsing(std::string detail) {
  return malformed("The policy failed legacy parsing", std::move(detail));
}

bool of_identity(PolicyKind kind) {
  return kind == PolicyKind::kIdentity || kind == PolicyKind::kBoundary || kind == PolicyKind::kSession;
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
  const bool plain = std::ranges::all_of(
      vendor, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.'; });
  if (!plain && vendor != "*") return malformed(fmt::format("Vendor {} is not valid", vendor));
  if (colon + 1 == action.size()) return syntax_error(fmt::format("The action \"{}\" names no operation.", action));
  return {};
}

constexpr std::string_view kIamPaths[] = {"user/",
                                          "federated-user/",
                                          "role/",
                                          "group/",
                                          "instance-profile/",
                                          "mfa/",
                                          "server-certificate/",
                                          "policy/",
                                          "sms-mfa/",
                                          "saml-provider/",
                                          "oidc-provider/",
                                          "report/",
                                          "access-report/"};

// What IAM says of an ARN's parts, once its own policies name it.
Status check_arn_parts(std::string_view resource, const std::vector<std::string_view>& parts) {
  const auto part = [&](size_t i) { return i < parts.size() ? parts[i] : std::string_view(); };
  const bool region = parts.size() > 3 && !part(3).empty() && part(3) != "*";
  if (part(2) == "iam" && region)
    return malformed(fmt::format("IAM resource {} cannot contain region information.", resource));
  if (part(2) == "s3" && region && !part(5).starts_with("accesspoint"))
    return malformed(fmt::format("Resource {} can not contain region information.", resource));
  const bool path = part(5).starts_with('*') || part(5) == "root" ||
                    std::ranges::any_of(kIamPaths, [&](std::string_view known) { return part(5).starts_with(known); });
  const bool open =
      part(5).find_first_of("*?") != std::string_view::npos || resource.find("${") != std::string_view::npos;
  if (part(2) == "iam" && parts.size() > 5 && !path && !open)
    return malformed(
        fmt::format("IAM resource path must either be \"*\" or start with {}.", fmt::join(kIamPaths, ", ")));
  // AWS: what has two colons in a row and yet too few of them.
  if (parts.size() < 6 && resource.find("::") != std::string_view::npos)
    return failed_legacy_parsing(fmt::format("The resource {} has too few parts.", resource));
  if (parts.size() > 2 && part(2).empty())
    return failed_legacy_parsing(fmt::format("The resource {} names no service.", resource));
  return {};
}

Status check_resource(std::string_view resource, PolicyKind kind) {
  const auto wrong = [&] { return malformed(fmt::format("Resource {} must be in ARN format or \"*\".", resource)); };
  if (resource == "*") return {};
  const auto parts = split(resource, ':');
  if (of_identity(kind)) {
    if (parts.size() == 1) return wrong();
    if (parts[1] != "aws" && parts[1] != "*") {
      std::vector<std::string_view> shown(parts.begin() + 1, parts.end());
      while (shown.size() < 5) shown.push_back("*");
      return malformed(
          fmt::format("Partition \"{}\" is not valid for resource \"arn:{}\".", parts[1], fmt::join(shown, ":")));
    }
    if (parts.size() == 2) return malformed("Resource vendor must be fully qualified and cannot contain regexes.");
    return check_arn_parts(resource, parts);
  }
  if (!resource.starts_with("arn:")) return wrong();
  // Fewer parts are an ARN only where a '*' runs on past its part.
  const bool runs_on = std::ranges::any_of(parts, [](std::string_view part) { return part.ends_with('*'); });
  if (parts.size() < 6 && !runs_on) return wrong();
  if (parts.size() > 2 && parts[2].empty())
    return malformed("Resource vendor must be fully qualified and cannot contain regexes.");
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
  for (const auto& [name, keys] : element.members())
    for (const auto& [key, values] : keys.members())
      conditions.push_back(TRY(PolicyCondition::parse(name, key, values, variables)));
  return conditions;
}

Status check_condition_syntax(const Json& element, PolicyKind kind) {
  if (!element.is_object()) return syntax_error("Condition must be an object.");
  for (const auto& [name, keys] : element.members()) {
    if (!keys.is_object())
      return syntax_error(fmt::format("The condition {} must be an object of keys and values.", name));
    for (const auto& [key, values] : keys.members()) {
      const auto parsed = PolicyCondition::parse(name, key, values, false);
      const bool unknown = !parsed && parsed.error().message.starts_with("Invalid Condition type");
      if (unknown && of_identity(kind)) return syntax_error(parsed.error().message);
      if (!parsed && parsed.error().message == "Syntax errors in policy.") return Failure(parsed.error());
    }
  }
  return {};
}

// A statement's elements and their types: what is wrong there comes before all else that is.
Status check_statement_syntax(const Json& source, PolicyKind kind, size_t number) {
  const std::string where = fmt::format("Statement {}", number);
  if (!source.is_object()) return syntax_error(where + " is no object.");
  TRY(check_members(
      source,
      {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"},
      where));
  if (const Json* sid = source.find("Sid"); sid && !sid->is_string()) return syntax_error("Sid must be a string.");
  const Json& effect = source["Effect"];
  const std::string said = lower(effect.as_string());
  const bool known = effect.is_string() && (said == "allow" || said == "deny");
  if (!known && of_identity(kind)) return syntax_error(where + " has no Effect that is Allow or Deny.");
  for (const std::string name : {"Action", "Resource"}) {
    const Json *yes = source.find(name), *no = source.find("Not" + name);
    if (yes && no) return syntax_error(fmt::format("{} has both {} and Not{}.", where, name, name));
    if (yes || no) TRY(strings_of(yes ? *yes : *no, name));
  }
  if (const Json* condition = source.find("Condition")) TRY(check_condition_syntax(*condition, kind));
  return {};
}

Status parse_effect(const Json& source, PolicyKind kind, PolicyStatement& statement) {
  const Json& effect = source["Effect"];
  if (effect.is_null()) return malformed("Missing required field Effect");
  statement.allow = effect.as_string() == "Allow";
  if (statement.allow || effect.as_string() == "Deny") return {};
  if (of_identity(kind)) return failed_legacy_parsing("Effect is written Allow or Deny.");
  return malformed(fmt::format("Invalid effect: {}", effect.as_string()));
}

Status parse_sid(const Json& source, PolicyKind kind, std::set<std::string>& sids, PolicyStatement& statement) {
  const Json* sid = source.find("Sid");
  if (!sid || sid->as_string().empty()) return {};
  statement.sid = sid->as_string();
  const bool plain = std::ranges::all_of(statement.sid, [](unsigned char c) { return std::isalnum(c); });
  if (!plain && kind != PolicyKind::kResource)
    return malformed(
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
        "[0-9A-Za-z]*");
  if (!sids.insert(statement.sid).second) return malformed("Statement IDs (SID) in a single policy must be unique.");
  return {};
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
  if (!yes && !no) return {};
  if (kind == PolicyKind::kTrust) return malformed("Has prohibited field Resource");
  statement.not_resource = no != nullptr;
  for (const std::string& text : TRY(strings_of(yes ? *yes : *no, "Resource"))) {
    TRY(check_resource(text, kind));
    statement.resources.emplace_back(text, PolicyPattern::Mode::kResource, variables);
  }
  return {};
}

Status parse_action_element(const Json& source, PolicyKind kind, PolicyStatement& statement) {
  const Json *yes = source.find("Action"), *no = source.find("NotAction");
  if (!yes && !no) return {};
  statement.not_action = no != nullptr;
  for (const std::string& text : TRY(strings_of(yes ? *yes : *no, "Action"))) {
    statement.actions.push_back(lower(text));
    TRY(check_action(statement.actions.back(), kind));
  }
  return {};
}

Status check_complete(const PolicyStatement& statement, PolicyKind kind) {
  if (statement.actions.empty()) return malformed("Policy statement must contain actions.");
  if (statement.resources.empty() && kind != PolicyKind::kTrust)
    return malformed("Policy statement must contain resources.");
  return {};
}

// What each statement says, in the order in which IAM finds fault with it.
Result<std::vector<PolicyStatement>> parse_statements(const std::vector<Json>& sources, PolicyKind kind,
                                                      bool variables) {
  std::vector<PolicyStatement> statements(sources.size());
  const auto each = [&](auto parse) -> Status {
    for (size_t i = 0; i < sources.size(); ++i) TRY(parse(sources[i], statements[i]));
    return {};
  };
  std::set<std::string> sids;
  TRY(each([&](const Json& source, PolicyStatement& out) { return parse_effect(source, kind, out); }));
  TRY(each([&](const Json& source, PolicyStatement& out) -> Status {
    if (const Json* condition = source.find("Condition")) out.conditions = TRY(parse_conditions(*condition, variables));
    return {};
  }));
  TRY(each([&](const Json& source, PolicyStatement& out) { return parse_sid(source, kind, sids, out); }));
  TRY(each(
      [&](const Json& source, PolicyStatement& out) { return parse_resource_element(source, kind, variables, out); }));
  TRY(each([&](const Json& source, PolicyStatement& out) { return parse_action_element(source, kind, out); }));
  TRY(each([&](const Json&, PolicyStatement& out) { return check_complete(out, kind); }));
  TRY(each([&](const Json& source, PolicyStatement& out) { return parse_principal_element(source, kind, out); }));
  return statements;
}

}  // namespace

Result<Policy> Policy::parse(std::string_view document, PolicyKind kind) {
  const auto json = Json::parse(document);
  if (!json && kind == PolicyKind::kTrust) return malformed("This policy contains invalid Json", json.error().message);
  if (!json) return syntax_error(json.error().message);
  if (!json->is_object()) return syntax_error("The document is no object.");
  TRY(check_members(*json, {"Version", "Id", "Statement"}, "The document"));

  // AWS: IAM User Guide, "IAM JSON policy elements: Version": without one it is the older, which knows no variables.
  const Json* version = json->find("Version");
  const bool newer = version && version->as_string() == "2012-10-17";
  if (version && !newer && version->as_string() != "2008-10-17")
    return of_identity(kind) ? syntax_error("Version is 2012-10-17 or 2008-10-17.")
                             : malformed("Policy document must be version 2012-10-17 or greater.");
  if (const Json* id = json->find("Id"); id && !id->is_string()) return syntax_error("Id must be a string.");

  const Json* statements = json->find("Statement");
  if (!statements || (statements->is_array() && statements->size() == 0))
    return syntax_error("Statement is missing or empty.");
  const std::vector<Json> single = {*statements};
  const std::vector<Json>& sources = statements->is_array() ? statements->items() : single;
  for (size_t i = 0; i < sources.size(); ++i) TRY(check_statement_syntax(sources[i], kind, i + 1));
  return Policy{kind, TRY(parse_statements(sources, kind, newer))};
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

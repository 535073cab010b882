#include "services/s3/bucket_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "door/policy.h"
#include "services/s3/errors.h"

namespace tarn::s3 {
namespace {

constexpr size_t kMaxPolicyBytes = 20 * 1024;

Failure malformed(std::string message) {
  return refuse(400, "MalformedPolicy", std::move(message));
}

std::vector<std::string> texts_of(const Json& value) {
  std::vector<std::string> texts;
  if (value.is_string()) texts.push_back(value.as_string());
  for (const Json& item : value.items()) texts.push_back(item.as_string());
  return texts;
}

std::vector<Json> statements_of(const Json& policy) {
  const Json& statement = policy["Statement"];
  return statement.is_array() ? statement.items() : std::vector<Json>{statement};
}

// Actions on objects; all others that S3 has are on the bucket.
// AWS: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3".
bool is_object_action(std::string_view action) {
  static const std::set<std::string, std::less<>> kObjectActions = {"s3:abortmultipartupload",
                                                                    "s3:bypassgovernanceretention",
                                                                    "s3:deleteobject",
                                                                    "s3:deleteobjecttagging",
                                                                    "s3:deleteobjectversion",
                                                                    "s3:deleteobjectversiontagging",
                                                                    "s3:getobject",
                                                                    "s3:getobjectacl",
                                                                    "s3:getobjectattributes",
                                                                    "s3:getobjectlegalhold",
                                                                    "s3:getobjectretention",
                                                                    "s3:getobjecttagging",
                                                                    "s3:getobjecttorrent",
                                                                    "s3:getobjectversion",
                                                                    "s3:getobjectversionacl",
                                                                    "s3:getobjectversionattributes",
                                                                    "s3:getobjectversionfortagging",
                                                                    "s3:getobjectversiontagging",
                                                                    "s3:getobjectversiontorrent",
                                                                    "s3:listmultipartuploadparts",
                                                                    "s3:objectowneroverridetobucketowner",
                                                                    "s3:putobject",
                                                                    "s3:putobjectacl",
                                                                    "s3:putobjectlegalhold",
                                                                    "s3:putobjectretention",
                                                                    "s3:putobjecttagging",
                                                                    "s3:putobjectversionacl",
                                                                    "s3:putobjectversiontagging",
                                                                    "s3:replicatedelete",
                                                                    "s3:replicateobject",
                                                                    "s3:replicatetags",
                                                                    "s3:restoreobject"};
  return kObjectActions.contains(lower(action));
}

bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?") != std::string_view::npos;
}

// Of an action and the resources beside it: whether one of them is of the kind that the action acts on.
bool applies(std::string_view action, const std::vector<std::string>& resources) {
  if (has_wildcard(action)) return true;
  return std::ranges::any_of(resources, [&](std::string_view resource) {
    const bool object = resource.find('/') != std::string_view::npos;
    return object == is_object_action(action) || has_wildcard(resource.substr(0, resource.find('/')));
  });
}

Status check_statement(const Json& statement, std::string_view bucket) {
  const auto actions = texts_of(statement.find("Action") ? statement["Action"] : statement["NotAction"]);
  for (const std::string& action : actions)
    if (action != "*" && !lower(action).starts_with("s3:")) return malformed("Policy has invalid action");
  const auto resources = texts_of(statement.find("Resource") ? statement["Resource"] : statement["NotResource"]);
  const std::string own = fmt::format("arn:aws:s3:::{}", bucket);
  for (const std::string& resource : resources)
    if (!wildcard_match(resource.substr(0, resource.find('/')), own)) return malformed("Policy has invalid resource");
  if (!statement.find("Action") || !statement.find("Resource")) return {};
  if (!std::ranges::all_of(actions, [&](const std::string& action) { return applies(action, resources); }))
    return malformed("Action does not apply to any resource(s) in statement");
  return {};
}

bool names_everyone(const Json& statement) {
  if (statement.find("NotPrincipal")) return true;
  const Json& principal = statement["Principal"];
  if (principal.is_string()) return principal.as_string() == "*";
  return std::ranges::any_of(texts_of(principal["AWS"]), [](const std::string& text) { return text == "*"; });
}

bool is_fixed(std::string_view key, std::string_view value) {
  if (key == "aws:sourceip") {
    const auto block = AddressBlock::parse(value);
    return block && block->prefix >= (block->v6 ? 32 : 8);
  }
  if (key == "aws:userid")
    return !has_wildcard(value.substr(0, value.find(':'))) && value.find("${") == std::string_view::npos;
  return !has_wildcard(value) && value.find("${") == std::string_view::npos;
}

// Whether a condition narrows "everyone" down to those that it names.
bool narrows(const Json& conditions) {
  static const std::set<std::string, std::less<>> kNarrowing = {"aws:sourcearn",
                                                                "aws:sourcevpc",
                                                                "aws:sourcevpce",
                                                                "aws:sourceowner",
                                                                "aws:sourceaccount",
                                                                "aws:sourceip",
                                                                "aws:userid",
                                                                "aws:principalorgid",
                                                                "aws:principalarn",
                                                                "aws:principalaccount",
                                                                "s3:dataaccesspointarn",
                                                                "s3:dataaccesspointaccount",
                                                                "s3:x-amz-server-side-encryption-aws-kms-key-id"};
  for (const auto& [name, keys] : conditions.members()) {
    const std::string op = lower(name);
    const bool positive =
        op.find("equals") != std::string::npos || op.find("like") != std::string::npos || op == "ipaddress";
    if (!positive || op.find("not") != std::string::npos || op.ends_with("ifexists") || op.starts_with("forallvalues"))
      continue;
    for (const auto& [key, values] : keys.members()) {
      const auto texts = texts_of(values);
      const std::string lower_key = lower(key);
      if (kNarrowing.contains(lower_key) && !texts.empty() &&
          std::ranges::all_of(texts, [&](const std::string& text) { return is_fixed(lower_key, text); }))
        return true;
    }
  }
  return false;
}

// S3 has words of its own for what is wrong with a policy.
Failure in_s3_words(const ::tarn::Error& error, const Json& document) {
  const std::string_view said = error.message;
  const std::string detail = error.members.empty() ? "" : error.members.front().second;
  const auto with = [](std::string message, std::string why) {
    return refuse(400, "MalformedPolicy", std::move(message), {{"Detail", std::move(why)}});
  };
  if (constexpr std::string_view kPrincipal = "Invalid principal in policy"; said.starts_with(kPrincipal)) {
    const std::string_view which = said.substr(kPrincipal.size());
    return with(std::string(kPrincipal), std::string(which.substr(std::min<size_t>(which.size(), 2))));
  }
  if (said == "Policy statement must contain actions.") return malformed("Missing required field Action");
  if (said == "Policy statement must contain resources.") return malformed("Missing required field Resource");
  if (said.starts_with("Resource ")) return with("Policy has invalid resource", std::string(said));
  if (said.starts_with("Actions/Condition") || said.starts_with("Vendor "))
    return with("Policy has invalid action", std::string(said));
  if (said.starts_with("Policy document must be version"))
    return malformed("The policy must contain a valid version string");
  if (said != "Syntax errors in policy.") return malformed(error.message);
  if (detail == "Statement is missing or empty.")
    return malformed(document.find("Statement") ? "Could not parse the policy: Statement is empty!"
                                                : "Missing required field Statement");
  constexpr std::string_view kUnknown = "has an unknown element \"";
  if (const size_t at = detail.find(kUnknown); at != std::string::npos) {
    const std::string rest = detail.substr(at + kUnknown.size());
    return malformed("Unknown field " + rest.substr(0, rest.find('"')));
  }
  return with("Invalid policy syntax.", detail);
}

}  // namespace

Status check_bucket_policy(std::string_view document, std::string_view bucket) {
  if (document.size() > kMaxPolicyBytes)
    return refuse(400, "PolicyTooLarge",
                  fmt::format("The policy is {} bytes long; a bucket policy may have at most {} bytes.",
                              document.size(), kMaxPolicyBytes));
  const auto json = Json::parse(document);
  if (!json || !document.starts_with('{'))
    return malformed("Policies must be valid JSON and the first byte must be '{'");
  if (const auto parsed = Policy::parse(document, PolicyKind::kResource); !parsed)
    return in_s3_words(parsed.error(), *json);
  for (const Json& statement : statements_of(*json)) TRY(check_statement(statement, bucket));
  return {};
}

bool is_public_policy(std::string_view document) {
  const auto json = Json::parse(document);
  if (!json) return true;
  return std::ranges::any_of(statements_of(*json), [](const Json& statement) {
    return statement["Effect"].as_string() == "Allow" && names_everyone(statement) && !narrows(statement["Condition"]);
  });
}

}  // namespace tarn::s3

#include "services/s3/form_policy.h"

#include <fmt/format.h>

#include <set>

#include "base/text.h"
#include "services/s3/errors.h"

namespace tarn::s3 {
namespace {

Failure invalid_policy(std::string_view why) {
  return refuse(400, "InvalidPolicyDocument", fmt::format("Invalid Policy: {}", why));
}
Failure against_policy(std::string_view why) {
  return access_denied(fmt::format("Invalid according to Policy: {}", why));
}

// What a form has that no condition need speak of.
bool is_free(std::string_view name) {
  static const std::set<std::string_view> kFree = {"x-amz-signature", "signature", "awsaccesskeyid", "policy", "file"};
  return kFree.contains(name) || name.starts_with("x-ignore-");
}

std::string value_of(const FormValues& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? "" : found->second;
}

// One condition; the field that it speaks of goes into `spoken`.
Status check_condition(const Json& condition, const FormValues& values, uint64_t file_size,
                       std::set<std::string>& spoken) {
  const auto failed = [&] { return against_policy("Policy Condition failed: " + condition.text()); };
  if (condition.is_object()) {
    if (condition.members().size() != 1) return invalid_policy("Invalid Simple-Condition.");
    const std::string name = lower(condition.members().front().first);
    spoken.insert(name);
    if (value_of(values, name) == condition.members().front().second.as_string()) return {};
    return against_policy(fmt::format("Policy Condition failed: [\"eq\", \"${}\", \"{}\"]", name,
                                      condition.members().front().second.as_string()));
  }
  if (!condition.is_array() || condition.items().size() != 3) return invalid_policy("Invalid Condition.");
  const std::string op = lower(condition.items()[0].as_string());
  const Json &first = condition.items()[1], &second = condition.items()[2];
  if (op == "content-length-range") {
    const auto least = parse_int(first.as_string()), most = parse_int(second.as_string());
    if (!least || !most || *least < 0) return invalid_policy("Invalid content-length-range.");
    if (file_size < static_cast<uint64_t>(*least))
      return refuse(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size",
                    {{"ProposedSize", std::to_string(file_size)}, {"MinSizeAllowed", std::to_string(*least)}});
    if (*most < 0 || file_size > static_cast<uint64_t>(*most))
      return refuse(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size",
                    {{"ProposedSize", std::to_string(file_size)}, {"MaxSizeAllowed", std::to_string(*most)}});
    return {};
  }
  if (op != "eq" && op != "starts-with") return invalid_policy("Invalid Condition: unknown operation.");
  if (!first.is_string() || !first.as_string().starts_with('$') || !second.is_string())
    return invalid_policy("Invalid Condition.");
  const std::string name = lower(first.as_string().substr(1)), given = value_of(values, name);
  spoken.insert(name);
  const bool holds = op == "eq" ? given == second.as_string() : given.starts_with(second.as_string());
  return holds ? Status{} : Status(failed());
}

}  // namespace

Status check_form_policy(std::string_view policy, const FormValues& values, uint64_t file_size, Time now) {
  const auto json = Json::parse(policy);
  if (!json || !json->is_object()) return invalid_policy("Invalid JSON.");
  const Json& expiration = (*json)["expiration"];
  if (!expiration.is_string()) return invalid_policy("Policy missing expiration.");
  const std::string& said = expiration.as_string();
  const auto until = parse_iso8601(said);
  // AWS: "POST Policy": ISO 8601 in GMT.
  if (!until || !said.contains('T') || !said.ends_with('Z')) return invalid_policy(fmt::format("Invalid 'expiration' value: '{}'", said));
  if (*until <= now) return against_policy("Policy expired.");
  const Json& conditions = (*json)["conditions"];
  if (!conditions.is_array()) return invalid_policy("Policy missing conditions.");
  std::set<std::string> spoken;
  for (const Json& condition : conditions.items()) TRY(check_condition(condition, values, file_size, spoken));
  std::string extra;
  for (const auto& [name, value] : values)
    if (!is_free(name) && !spoken.contains(name)) extra += (extra.empty() ? "" : ", ") + name;
  if (!extra.empty()) return against_policy("Extra input fields: " + extra);
  return {};
}

}  // namespace tarn::s3

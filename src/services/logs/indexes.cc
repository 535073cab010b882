// Field indexes: which fields of a group's events its owner wants indexed. A query here reads all events of its time whether
// there is an index or not; filterIndex passes over the groups that have none of its fields.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "door/door.h"
#include "services/logs/account_policies.h"

namespace tarn::logs {
namespace {

constexpr size_t kMostFields = 20, kLongestField = 100;  // AWS: PutIndexPolicy
constexpr std::string_view kDefaults[] = {"@logStream", "@aws.region", "@aws.account", "@source.log", "traceId"};

Result<std::vector<Need>> need_on(Call& call, std::string_view action, const std::string& identifier) {
  return stream_need(call, action, group_name({}, identifier), "");
}

IndexPolicy to_wire(const GroupKey& group, const GroupIndexPolicy& policy) {
  IndexPolicy out{.log_group_identifier = group_arn(group),
                  .last_update_time = policy.updated.millis(),
                  .policy_document = policy.document,
                  .source = policy.name.empty() ? "LOG_GROUP" : "ACCOUNT"};
  if (!policy.name.empty()) out.policy_name = policy.name;
  return out;
}

FieldIndex index_of(const GroupKey& group, std::string name, std::string type, const char* category) {
  return {.log_group_identifier = group_arn(group),
          .field_index_name = std::move(name),
          .type = std::move(type),
          .index_category = category};
}

bool is_asked(const wire::List<std::string>& categories, std::string_view category) {
  return categories.empty() || std::ranges::find(categories, category) != categories.end();
}

}  // namespace

bool is_indexed_by_default(std::string_view field) {
  return std::ranges::find(kDefaults, field) != std::end(kDefaults);
}

Result<std::vector<std::pair<std::string, std::string>>> indexed_fields(const std::string& document) {
  const auto policy = Json::parse(document);
  if (!policy || !policy->is_object()) return invalid("The policyDocument of a field index policy is a JSON object.");
  std::vector<std::pair<std::string, std::string>> fields;
  for (const Json& field : (*policy)["Fields"].items()) fields.emplace_back(field.as_string(), "FIELD_INDEX");
  for (const auto& [name, how] : (*policy)["FieldsV2"].members()) {
    const std::string& type = how["type"].as_string();
    if (type != "FIELD_INDEX" && type != "FACET")
      return invalid(fmt::format("The type of the field {} is neither FIELD_INDEX nor FACET.", name));
    if (std::ranges::find(fields, name, &std::pair<std::string, std::string>::first) != fields.end())
      return invalid(fmt::format("The field {} stands in Fields and in FieldsV2.", name));
    fields.emplace_back(name, type);
  }
  if (fields.empty() || fields.size() > kMostFields)
    return invalid(fmt::format("A field index policy has from 1 to {} fields.", kMostFields));
  for (const auto& [name, type] : fields)
    if (name.empty() || utf8_length(name) > kLongestField)
      return invalid(fmt::format("The name of an indexed field has from 1 to {} characters.", kLongestField));
  return fields;
}

Result<std::vector<Need>> put_index_policy_rights(Logs&, Call& call, const PutIndexPolicyRequest& in) {
  return need_on(call, "logs:PutIndexPolicy", *in.log_group_identifier);
}

Result<PutIndexPolicyResponse> put_index_policy(Logs&, Call& call, const PutIndexPolicyRequest& in) {
  const FoundGroup group = TRY(find_group(call, {}, in.log_group_identifier, Lock::kShared));
  if (group.record.log_class != "STANDARD")
    return invalid("Field indexes are of log groups of the class STANDARD only.");
  TRY(indexed_fields(*in.policy_document));
  const GroupIndexPolicy policy{*in.policy_document, "", call.now()};
  TRY(call.put(kGroupIndexes, GroupIdKey{group.record.id}, PolicyRecord{policy.document, policy.updated}));
  PutIndexPolicyResponse out;
  out.index_policy = to_wire(group.key, policy);
  return out;
}

Result<std::vector<Need>> delete_index_policy_rights(Logs&, Call& call, const DeleteIndexPolicyRequest& in) {
  return need_on(call, "logs:DeleteIndexPolicy", *in.log_group_identifier);
}

Result<DeleteIndexPolicyResponse> delete_index_policy(Logs&, Call& call, const DeleteIndexPolicyRequest& in) {
  const FoundGroup group = TRY(find_group(call, {}, in.log_group_identifier, Lock::kShared));
  const GroupIdKey key{group.record.id};
  if (!TRY(call.get(kGroupIndexes, key))) return not_found("The log group has no field index policy of its own.");
  TRY(call.erase(kGroupIndexes, key));
  return DeleteIndexPolicyResponse{};
}

Result<std::vector<Need>> describe_index_policies_rights(Logs&, Call& call, const DescribeIndexPoliciesRequest& in) {
  return need_on(call, "logs:DescribeIndexPolicies", in.log_group_identifiers.front());
}

Result<DescribeIndexPoliciesResponse> describe_index_policies(Logs&, Call& call,
                                                              const DescribeIndexPoliciesRequest& in) {
  const FoundGroup group = TRY(find_group(call, {}, in.log_group_identifiers.front(), Lock::kNone));
  DescribeIndexPoliciesResponse out;
  out.index_policies.set_present();
  if (const auto policy = TRY(index_policy(call.tx(), group)))
    out.index_policies.push_back(to_wire(group.key, *policy));
  return out;
}

Result<std::vector<Need>> describe_field_indexes_rights(Logs&, Call& call, const DescribeFieldIndexesRequest& in) {
  std::vector<Need> needs;
  for (const std::string& identifier : in.log_group_identifiers)
    for (Need& need : TRY(need_on(call, "logs:DescribeFieldIndexes", identifier))) needs.push_back(std::move(need));
  return needs;
}

Result<DescribeFieldIndexesResponse> describe_field_indexes(Logs&, Call& call, const DescribeFieldIndexesRequest& in) {
  DescribeFieldIndexesResponse out;
  out.field_indexes.set_present();
  for (const std::string& identifier : in.log_group_identifiers) {
    const FoundGroup group = TRY(find_group(call, {}, identifier, Lock::kNone));
    if (const auto policy = TRY(index_policy(call.tx(), group)); policy && is_asked(in.index_categories, "CUSTOM"))
      for (auto& [name, type] : TRY(indexed_fields(policy->document)))
        out.field_indexes.push_back(index_of(group.key, name, type, "CUSTOM"));
    if (is_asked(in.index_categories, "DEFAULT"))
      for (const std::string_view name : kDefaults)
        out.field_indexes.push_back(index_of(group.key, std::string(name), "FIELD_INDEX", "DEFAULT"));
  }
  return out;
}

}  // namespace tarn::logs

// Parameter groups: kept and shown. What they set has no effect on the engine but where docs/redshift.md says so.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "door/tags.h"
#include "services/redshift/redshift.h"
#include "store/page_token.h"

namespace tarn::redshift {
namespace {

struct Known {
  std::string_view name, value, type, allowed, apply, description;
};
// AWS: Amazon Redshift parameter groups: the family redshift-2.0 and its defaults.
constexpr Known kParameters[] = {
    {"auto_analyze", "true", "boolean", "true,false", "static", "Use auto analyze"},
    {"auto_mv", "true", "boolean", "true,false", "static", "Use auto mv capability"},
    {"datestyle", "ISO, MDY", "string", "", "static", "Sets the display format for date and time values."},
    {"enable_case_sensitive_identifier", "false", "boolean", "true,false", "static",
     "Preserve case sensitivity for database identifiers such as table or column names"},
    {"enable_user_activity_logging", "false", "boolean", "true,false", "static", "parameter for audit logging purpose"},
    {"extra_float_digits", "0", "integer", "-15-2", "static",
     "Sets the number of digits displayed for floating-point values"},
    {"max_concurrency_scaling_clusters", "1", "integer", "0-10", "dynamic",
     "The maximum concurrency scaling clusters can be used."},
    {"query_group", "default", "string", "", "static",
     "This parameter applies a user-defined label to a group of queries"},
    {"require_ssl", "true", "boolean", "true,false", "static", "require ssl for all databaseconnections"},
    {"search_path", "$user, public", "string", "", "static",
     "Sets the schema search order for names that are not schema-qualified."},
    {"statement_timeout", "0", "integer", "0,100-2147483647", "static",
     "Aborts any statement that takes over the specified number of milliseconds."},
    {"use_fips_ssl", "false", "boolean", "true,false", "static", "Use fips ssl library"},
    {"wlm_json_configuration", "[{\"auto_wlm\":true}]", "string", "", "dynamic", "wlm json configuration"},
};
constexpr std::string_view kFamily = "redshift-2.0";

Failure not_found(std::string_view name) {
  return fail(404, "ClusterParameterGroupNotFound", fmt::format("ParameterGroup {} not found.", name));
}

std::string group_arn(Call& call, std::string_view name) {
  return call.arn("redshift", fmt::format("parametergroup:{}", name));
}

Result<ClusterParameterGroup> to_wire(Call& call, const std::string& name, const ParameterGroupRecord& record) {
  ClusterParameterGroup out{
      .parameter_group_name = name, .parameter_group_family = record.family, .description = record.description};
  out.tags = TRY(wire_tags(call, group_arn(call, name)));
  return out;
}

ParameterGroupRecord default_group() {
  return {std::string(kFamily), "Default parameter group for redshift-2.0", {}};
}

// The default one is always there.
Result<ParameterGroupRecord> find_group(Call& call, const std::string& name, Lock lock) {
  if (name == kDefaultParameterGroup) return default_group();
  auto record = TRY(call.get(kParameterGroups, {call.account(), call.region(), name}, lock));
  if (!record) return not_found(name);
  return std::move(*record);
}

}  // namespace

Result<CreateClusterParameterGroupResult> create_cluster_parameter_group(Redshift&, Call& call,
                                                                         const CreateClusterParameterGroupMessage& in) {
  const GroupKey key{call.account(), call.region(), lower(*in.parameter_group_name)};
  const bool there = key.name == kDefaultParameterGroup || TRY(call.get(kParameterGroups, key)).has_value();
  if (there)
    return fail(400, "ClusterParameterGroupAlreadyExists", fmt::format("ParameterGroup {} already exists.", key.name));
  if (*in.parameter_group_family != kFamily && *in.parameter_group_family != "redshift-1.0")
    return invalid(
        fmt::format("ParameterGroupFamily {} is not supported: it is {}.", *in.parameter_group_family, kFamily));
  const ParameterGroupRecord record{*in.parameter_group_family, *in.description, {}};
  TRY(call.put(kParameterGroups, key, record));
  TRY(add_given_tags(call, group_arn(call, key.name), in.tags));
  return CreateClusterParameterGroupResult{.cluster_parameter_group = TRY(to_wire(call, key.name, record))};
}

Result<ClusterParameterGroupsMessage> describe_cluster_parameter_groups(
    Redshift&, Call& call, const DescribeClusterParameterGroupsMessage& in) {
  ClusterParameterGroupsMessage out;
  out.parameter_groups.set_present();
  if (in.parameter_group_name) {
    const std::string name = lower(*in.parameter_group_name);
    out.parameter_groups.push_back(TRY(to_wire(call, name, TRY(find_group(call, name, Lock::kNone)))));
    return out;
  }
  const PageAsked asked = TRY(page_asked(call, "DescribeClusterParameterGroups", in.max_records, in.marker));
  if (asked.after.empty() && in.tag_keys.empty() && in.tag_values.empty())
    out.parameter_groups.push_back(TRY(to_wire(call, std::string(kDefaultParameterGroup), default_group())));
  const auto page =
      TRY(call.tx().scan(kParameterGroups, {.prefix = prefix_of(kParameterGroups, call.account(), call.region()),
                                            .after = asked.after,
                                            .limit = asked.limit}));
  for (const auto& [key, record] : page.entries)
    if (TRY(has_tags(call, group_arn(call, key.name), in.tag_keys, in.tag_values)))
      out.parameter_groups.push_back(TRY(to_wire(call, key.name, record)));
  if (page.more) out.marker = page_token(call.door().store(), asked.request, page.last);
  return out;
}

Result<ClusterParameterGroupDetails> describe_cluster_parameters(Redshift&, Call& call,
                                                                 const DescribeClusterParametersMessage& in) {
  const ParameterGroupRecord record = TRY(find_group(call, lower(*in.parameter_group_name), Lock::kNone));
  ClusterParameterGroupDetails out;
  out.parameters.set_present();
  for (const Known& known : kParameters) {
    const auto set =
        std::ranges::find(record.values, known.name, [](const auto& each) { return std::string_view(each.first); });
    const std::string source = set == record.values.end() ? "engine-default" : "user";
    if (in.source && *in.source != source) continue;
    Parameter& shown = out.parameters.emplace_back();
    shown.parameter_name = std::string(known.name);
    shown.parameter_value = set == record.values.end() ? std::string(known.value) : set->second;
    shown.description = std::string(known.description);
    shown.source = source;
    shown.data_type = std::string(known.type);
    if (!known.allowed.empty()) shown.allowed_values = std::string(known.allowed);
    shown.apply_type = std::string(known.apply);
    shown.is_modifiable = true;
  }
  return out;
}

Result<ClusterParameterGroupNameMessage> modify_cluster_parameter_group(Redshift&, Call& call,
                                                                        const ModifyClusterParameterGroupMessage& in) {
  const std::string name = lower(*in.parameter_group_name);
  ParameterGroupRecord record = TRY(find_group(call, name, Lock::kExclusive));
  if (name == kDefaultParameterGroup)
    return fail(400, "InvalidClusterParameterGroupState",
                "The default parameter group cannot be modified: create one of your own.");
  for (const Parameter& parameter : in.parameters) {
    const std::string asked = parameter.parameter_name.value_or("");
    if (std::ranges::find(kParameters, std::string_view(asked), &Known::name) == std::end(kParameters))
      return invalid(fmt::format("Could not find parameter with name: {}", asked));
    if (!parameter.parameter_value) return invalid(fmt::format("The parameter {} has no ParameterValue.", asked));
    std::erase_if(record.values, [&](const auto& each) { return each.first == asked; });
    record.values.emplace_back(asked, *parameter.parameter_value);
  }
  TRY(call.put(kParameterGroups, {call.account(), call.region(), name}, record));
  return ClusterParameterGroupNameMessage{.parameter_group_name = name,
                                          .parameter_group_status = "Your parameter group has been updated."};
}

Result<DeleteClusterParameterGroupOutput> delete_cluster_parameter_group(Redshift&, Call& call,
                                                                         const DeleteClusterParameterGroupMessage& in) {
  const GroupKey key{call.account(), call.region(), lower(*in.parameter_group_name)};
  TRY(find_group(call, key.name, Lock::kExclusive));
  if (key.name == kDefaultParameterGroup)
    return fail(400, "InvalidClusterParameterGroupState", "The default parameter group cannot be deleted.");
  auto at = call.tx().cursor(kClusters, {.prefix = prefix_of(kClusters, call.account(), call.region())});
  for (; at.valid(); at.next())
    if (TRY(at.record()).parameter_group == key.name)
      return fail(400, "InvalidClusterParameterGroupState",
                  fmt::format("The cluster {} uses the parameter group {}.", TRY(at.key()).name, key.name));
  TRY(at.status());
  TRY(call.erase(kParameterGroups, key));
  TRY(set_tags(call.tx(), group_arn(call, key.name), {}));
  return DeleteClusterParameterGroupOutput{};
}

}  // namespace tarn::redshift

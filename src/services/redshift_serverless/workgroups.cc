// Workgroups, and the database credentials of their users.
#include <fmt/format.h>

#include "base/text.h"
#include "door/database_password.h"
#include "door/door.h"
#include "door/endpoint.h"
#include "door/tags.h"
#include "os/clock.h"
#include "os/random.h"
#include "services/redshift_serverless/redshift_serverless.h"
#include "store/page_token.h"

namespace tarn::redshift_serverless {
namespace {

constexpr int32_t kPage = 100;
constexpr int32_t kMinSeconds = 900, kMaxSeconds = 3600;

Workgroup to_wire(const RedshiftServerless& serverless, const Call& call, const WorkgroupKey& key,
                  const WorkgroupRecord& record) {
  Workgroup out;
  out.workgroup_name = key.name;
  out.workgroup_id = record.id;
  out.workgroup_arn = workgroup_arn(key, record);
  out.namespace_name = record.namespace_name;
  out.base_capacity = record.base_capacity;
  out.max_capacity = record.max_capacity;
  out.port = record.port;
  out.publicly_accessible = record.publicly_accessible;
  out.enhanced_vpc_routing = record.enhanced_vpc_routing;
  out.ip_address_type = record.ip_address_type;
  out.creation_date = record.created;
  out.status = "AVAILABLE";
  out.track_name = "current";
  out.patch_version = "1.0";
  out.workgroup_version = "1.0";
  Endpoint& endpoint = out.endpoint.emplace();
  if (serverless.port()) {  // the wire is on, on the caller's host; else no port is named, since another program may have it
    endpoint.address = endpoint_host(call.caller());
    endpoint.port = *serverless.port();
  }
  out.config_parameters.set_present();
  for (const auto& [name, value] : record.parameters)
    out.config_parameters.push_back({.parameter_key = name, .parameter_value = value});
  out.security_group_ids.set_present();
  for (const std::string& id : record.security_groups) out.security_group_ids.push_back(id);
  out.subnet_ids.set_present();
  for (const std::string& id : record.subnets) out.subnet_ids.push_back(id);
  return out;
}

// AWS: CreateWorkgroup, baseCapacity and port.
Status check(const WorkgroupRecord& record) {
  const int32_t capacity = record.base_capacity;
  if (capacity != 4 && (capacity < 8 || capacity > 1024 || capacity % 8 != 0))
    return invalid(fmt::format("The base capacity {} is not 4, or a multiple of 8 from 8 to 1024.", capacity));
  if (record.max_capacity && *record.max_capacity < capacity) return invalid("maxCapacity is less than baseCapacity.");
  const bool port = (record.port >= 5431 && record.port <= 5455) || (record.port >= 8191 && record.port <= 8215);
  if (!port) return invalid(fmt::format("The port {} is not in the ranges 5431-5455 and 8191-8215.", record.port));
  return {};
}

// AWS: CreateWorkgroup, configParameters. Limits that nothing here could hold statements to are refused.
Status check_parameter(const std::string& key, const std::string& value) {
  for (const std::string_view known : {"auto_mv", "datestyle", "enable_case_sensitive_identifier",
                                       "enable_user_activity_logging", "query_group", "search_path", "require_ssl",
                                       "use_fips_ssl"})
    if (key == known) return {};
  if (key == "max_query_execution_time") {
    const auto seconds = parse_int(value);
    if (seconds && *seconds >= 0 && *seconds <= 86399) return {};
    return invalid(fmt::format("The parameter value {} of {} is not between 0 and 86399.", value, key));
  }
  if (key.starts_with("max_"))
    return invalid(fmt::format("The parameter {} is not supported; max_query_execution_time is.", key));
  return invalid(fmt::format("The parameter key {} is not valid.", key));
}

template <class Input>
Status take(const Input& in, WorkgroupRecord& record) {
  if (in.base_capacity) record.base_capacity = *in.base_capacity;
  if (in.max_capacity) record.max_capacity = *in.max_capacity;
  if (in.port) record.port = *in.port;
  if (in.publicly_accessible) record.publicly_accessible = *in.publicly_accessible;
  if (in.enhanced_vpc_routing) record.enhanced_vpc_routing = *in.enhanced_vpc_routing;
  if (in.ip_address_type) record.ip_address_type = *in.ip_address_type;
  if (in.security_group_ids.has_value()) record.security_groups = in.security_group_ids.items();
  if (in.subnet_ids.has_value()) record.subnets = in.subnet_ids.items();
  for (const ConfigParameter& parameter : in.config_parameters) {
    const std::string key = parameter.parameter_key.value_or("");
    TRY(check_parameter(key, parameter.parameter_value.value_or("")));
    std::erase_if(record.parameters, [&](const auto& each) { return each.first == key; });
    record.parameters.emplace_back(key, parameter.parameter_value.value_or(""));
  }
  return check(record);
}

}  // namespace

std::string database_user(const Principal& principal) {
  switch (principal.kind) {
    case Principal::Kind::kUser: return "IAM:" + principal.user_name;
    case Principal::Kind::kAssumedRole: return "IAMR:" + principal.role_arn.substr(principal.role_arn.rfind('/') + 1);
    default: return "IAM:root";  // ASSUMED: the page names users and roles only
  }
}

Result<std::vector<Need>> create_workgroup_rights(RedshiftServerless&, Call& call, const CreateWorkgroupRequest&) {
  return std::vector<Need>{{"redshift-serverless:CreateWorkgroup", call.arn("redshift-serverless", "workgroup/*")}};
}

Result<CreateWorkgroupResponse> create_workgroup(RedshiftServerless& serverless, Call& call, const CreateWorkgroupRequest& in) {
  const WorkgroupKey key{call.account(), call.region(), *in.workgroup_name};
  const FoundNamespace home = TRY(find_namespace(call, *in.namespace_name, Lock::kExclusive));
  if (TRY(call.get(kWorkgroups, key))) return conflict(fmt::format("Workgroup {} already exists.", key.name));
  auto at = call.tx().cursor(kWorkgroups, {.prefix = prefix_of(kWorkgroups, call.account(), call.region())});
  for (; at.valid(); at.next())
    if (TRY(at.record()).namespace_name == home.key.name)
      return conflict(
          fmt::format("Namespace {} is already associated with workgroup {}.", home.key.name, TRY(at.key()).name));
  TRY(at.status());
  WorkgroupRecord record;
  record.id = uuid4();
  record.namespace_name = home.key.name;
  record.created = call.now();
  TRY(take(in, record));
  TRY(call.put(kWorkgroups, key, record));
  TRY(add_given_tags(call, workgroup_arn(key, record), in.tags));
  return CreateWorkgroupResponse{.workgroup = to_wire(serverless, call, key, record)};
}

Result<std::vector<Need>> get_workgroup_rights(RedshiftServerless&, Call& call, const GetWorkgroupRequest& in) {
  return workgroup_need(call, "redshift-serverless:GetWorkgroup", *in.workgroup_name);
}

Result<GetWorkgroupResponse> get_workgroup(RedshiftServerless& serverless, Call& call, const GetWorkgroupRequest& in) {
  const FoundWorkgroup found = TRY(find_workgroup(call, *in.workgroup_name, Lock::kNone));
  return GetWorkgroupResponse{.workgroup = to_wire(serverless, call, found.key, found.record)};
}

Result<std::vector<Need>> update_workgroup_rights(RedshiftServerless&, Call& call, const UpdateWorkgroupRequest& in) {
  return workgroup_need(call, "redshift-serverless:UpdateWorkgroup", *in.workgroup_name);
}

Result<UpdateWorkgroupResponse> update_workgroup(RedshiftServerless& serverless, Call& call, const UpdateWorkgroupRequest& in) {
  FoundWorkgroup found = TRY(find_workgroup(call, *in.workgroup_name, Lock::kExclusive));
  TRY(take(in, found.record));
  TRY(call.put(kWorkgroups, found.key, found.record));
  return UpdateWorkgroupResponse{.workgroup = to_wire(serverless, call, found.key, found.record)};
}

Result<std::vector<Need>> delete_workgroup_rights(RedshiftServerless&, Call& call, const DeleteWorkgroupRequest& in) {
  return workgroup_need(call, "redshift-serverless:DeleteWorkgroup", *in.workgroup_name);
}

Result<DeleteWorkgroupResponse> delete_workgroup(RedshiftServerless& serverless, Call& call, const DeleteWorkgroupRequest& in) {
  const FoundWorkgroup found = TRY(find_workgroup(call, *in.workgroup_name, Lock::kExclusive));
  TRY(call.erase(kWorkgroups, found.key));
  TRY(set_tags(call.tx(), workgroup_arn(found.key, found.record), {}));
  Workgroup out = to_wire(serverless, call, found.key, found.record);
  out.status = "DELETING";
  return DeleteWorkgroupResponse{.workgroup = std::move(out)};
}

Result<ListWorkgroupsResponse> list_workgroups(RedshiftServerless& serverless, Call& call, const ListWorkgroupsRequest& in) {
  ListWorkgroupsResponse out;
  out.workgroups.set_present();
  if (in.owner_account && *in.owner_account != call.account()) return out;  // nothing is shared with other accounts
  const std::string request = fmt::format("ListWorkgroups {} {}", call.account(), call.region());
  const auto page = TRY(call.tx().scan(kWorkgroups, {.prefix = prefix_of(kWorkgroups, call.account(), call.region()),
                                                     .after = TRY(page_start(call, request, in.next_token)),
                                                     .limit = static_cast<size_t>(in.max_results.value_or(kPage))}));
  for (const auto& [key, record] : page.entries) out.workgroups.push_back(to_wire(serverless, call, key, record));
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

Result<std::vector<Need>> get_credentials_rights(RedshiftServerless&, Call& call, const GetCredentialsRequest& in) {
  return workgroup_need(call, "redshift-serverless:GetCredentials", in.workgroup_name.value_or(""));
}

Result<GetCredentialsResponse> get_credentials(RedshiftServerless&, Call& call, const GetCredentialsRequest& in) {
  if (in.custom_domain_name) return invalid("customDomainName is not supported.");
  if (!in.workgroup_name) return invalid("Either workgroupName or customDomainName must be given.");
  const FoundWorkgroup found = TRY(find_workgroup(call, *in.workgroup_name, Lock::kNone));
  const int32_t seconds = in.duration_seconds.value_or(kMinSeconds);
  if (seconds < kMinSeconds || seconds > kMaxSeconds)
    return invalid(fmt::format("durationSeconds {} is not between {} and {}.", seconds, kMinSeconds, kMaxSeconds));
  GetCredentialsResponse out;
  out.db_user = database_user(call.principal());
  out.expiration = system_now() + seconds * kSecond;
  out.next_refresh_time = system_now() + seconds * kSecond;
  const FoundNamespace home = TRY(find_namespace(call, found.record.namespace_name, Lock::kNone));
  // AWS: database roles of federated users come in the tag RedshiftDbRoles, separated by colons.
  std::vector<std::string> roles;
  if (const auto tag = call.principal().tags.find("RedshiftDbRoles"); tag != call.principal().tags.end())
    for (const std::string_view role : split(tag->second, ':'))
      if (!role.empty()) roles.emplace_back(role);
  // AWS: whoever creates a namespace becomes a superuser of its databases.
  out.db_password = seal_database_password(call.door().store(), {.login = *out.db_user,
                                                                 .user = *out.db_user,
                                                                 .warehouse = workgroup_arn(found.key, found.record),
                                                                 .database = lower(in.db_name.value_or("")),
                                                                 .principal = call.principal().arn,
                                                                 .auto_create = true,
                                                                 .creator = home.record.creator == *out.db_user,
                                                                 .roles = roles,
                                                                 .expires = *out.expiration});
  return out;
}

}  // namespace tarn::redshift_serverless

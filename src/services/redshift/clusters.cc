// Clusters: a namespace each, with the properties that people give them.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "door/database_password.h"
#include "door/door.h"
#include "door/endpoint.h"
#include "door/rights.h"
#include "door/tags.h"
#include "door/warehouse_copies.h"
#include "os/random.h"
#include "services/redshift/cluster_settings.h"
#include "services/redshift/redshift.h"
#include "store/page_token.h"

namespace tarn::redshift {
namespace {

constexpr std::string_view kPassedTo = "redshift.amazonaws.com";
constexpr size_t kMaxRoles = 50;
constexpr std::string_view kMaintenanceWindow = "sun:06:00-sun:06:30";

// AWS: CreateCluster, MasterUserPassword.
Status check_password(const std::string& password) {
  bool has_upper = false, has_lower = false, has_digit = false, refused = false;
  for (const char c : password) {
    has_upper = has_upper || (c >= 'A' && c <= 'Z');
    has_lower = has_lower || (c >= 'a' && c <= 'z');
    has_digit = has_digit || (c >= '0' && c <= '9');
    refused = refused || c < 33 || c > 126 || std::string_view("/@\"'\\").find(c) != std::string_view::npos;
  }
  if (password.size() < 8 || password.size() > 64 || !has_upper || !has_lower || !has_digit || refused)
    return invalid(
        "The parameter MasterUserPassword must be 8 to 64 characters long, with at least one uppercase letter, one "
        "lowercase letter "
        "and one digit, and without '/', '@', '\"', \"'\", '\\' or space.");
  return {};
}

// What both Create and Modify may set.
template <class Input>
Status take(Call& call, const Input& in, ClusterRecord& record) {
  TRY(take_settings(call, in, record));
  if (in.cluster_type == "single-node") record.nodes = 1;
  if (in.cluster_type == "multi-node" && record.nodes < 2)
    return invalid("A multi-node cluster has at least two nodes: give NumberOfNodes.");
  if (in.master_user_password) {
    TRY(check_password(*in.master_user_password));
    record.master_password = keep_password(*in.master_user_password);
  }
  return {};
}

}  // namespace

Status check_parameter_group(Call& call, const ClusterRecord& record) {
  const std::string& name = record.parameter_group;
  if (name == kDefaultParameterGroup ||
      TRY(call.get(kParameterGroups, {call.account(), call.region(), name}, Lock::kShared)))
    return {};
  return fail(404, "ClusterParameterGroupNotFound", fmt::format("ParameterGroup {} not found.", name));
}

Status check_subnet_group(Call& call, const ClusterRecord& record) {
  const std::string& name = record.subnet_group;
  if (name == "default" || TRY(call.get(kSubnetGroups, {call.account(), call.region(), name}, Lock::kShared))) return {};
  return fail(400, "ClusterSubnetGroupNotFoundFault", fmt::format("Cluster subnet group {} not found.", name));
}

Result<Cluster> cluster_to_wire(Redshift& redshift, Call& call, const ClusterKey& key, const ClusterRecord& record) {
  Cluster out;
  out.cluster_identifier = key.name;
  out.node_type = record.node_type;
  const auto restoring = TRY(call.get(kWarehouseRestores, {record.namespace_id}, Lock::kNone));
  out.cluster_status = restoring       ? restoring->error.empty() ? "restoring" : "incompatible-restore"
                       : record.paused ? "paused"
                                       : "available";
  out.cluster_availability_status = out.cluster_status == "available" ? "Available" : "Unavailable";
  out.master_username = record.master_user;
  out.db_name = record.db_name;
  Endpoint& endpoint = out.endpoint.emplace();
  if (redshift.port()) {  // the wire is on, on the caller's host; else no port is named, since another program may have it
    endpoint.address = endpoint_host(call.caller());
    endpoint.port = *redshift.port();
  }
  out.cluster_create_time = record.created;
  out.automated_snapshot_retention_period = record.automated_retention;
  out.manual_snapshot_retention_period = record.manual_retention;
  out.cluster_security_groups.set_present();
  out.vpc_security_groups.set_present();
  for (const std::string& id : record.security_groups)
    out.vpc_security_groups.push_back({.vpc_security_group_id = id, .status = "active"});
  ClusterParameterGroupStatus& parameters = out.cluster_parameter_groups.emplace_back();
  parameters.parameter_group_name = record.parameter_group;
  parameters.parameter_apply_status = "in-sync";
  out.cluster_subnet_group_name = record.subnet_group;
  out.availability_zone = record.availability_zone;
  out.preferred_maintenance_window = record.maintenance_window;
  out.pending_modified_values.emplace();
  out.cluster_version = "1.0";
  out.allow_version_upgrade = record.allow_version_upgrade;
  out.number_of_nodes = record.nodes;
  out.publicly_accessible = record.publicly_accessible;
  out.encrypted = record.encrypted;
  if (!record.kms_key.empty()) out.kms_key_id = record.kms_key;
  out.enhanced_vpc_routing = record.enhanced_vpc_routing;
  out.maintenance_track_name = "current";
  out.multi_az = "Disabled";
  out.ip_address_type = "ipv4";
  out.cluster_namespace_arn = call.arn("redshift", "namespace:" + record.namespace_id);
  for (int32_t i = 0; i < record.nodes; ++i) {
    ClusterNode& node = out.cluster_nodes.emplace_back();
    node.node_role = record.nodes == 1 ? "SHARED" : i == 0 ? "LEADER" : fmt::format("COMPUTE-{}", i - 1);
  }
  out.iam_roles.set_present();
  for (const std::string& role : record.roles)
    out.iam_roles.push_back({.iam_role_arn = role, .apply_status = "in-sync"});
  if (!record.default_role.empty()) out.default_iam_role_arn = record.default_role;
  out.tags = TRY(wire_tags(call, cluster_arn(key)));
  return out;
}

// AWS: CreateCluster, ClusterIdentifier.
Status check_cluster_name(const std::string& name) {
  const bool letters =
      std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  if (name.empty() || name.size() > 63 || !letters || name[0] < 'a' || name.ends_with('-') ||
      name.find("--") != std::string::npos)
    return invalid(fmt::format(
        "The cluster identifier '{}' must be 1 to 63 lower-case letters, digits and single hyphens, and begin "
        "with a letter.",
        name));
  return {};
}

Status check_cluster_roles(const ClusterRecord& record) {
  if (record.roles.size() > kMaxRoles) return invalid(fmt::format("A cluster has at most {} IAM roles.", kMaxRoles));
  for (const std::string& role : record.roles) {
    const auto arn = Arn::parse(role);
    if (!arn || arn->service != "iam" || !arn->resource.starts_with("role/"))
      return invalid(fmt::format("'{}' is not the ARN of an IAM role.", role));
  }
  if (!record.default_role.empty() && std::ranges::find(record.roles, record.default_role) == record.roles.end())
    return invalid(fmt::format("The default IAM role {} must be one of the cluster's IAM roles.", record.default_role));
  return {};
}

void add_cluster_role(std::vector<std::string>& roles, const std::string& role) {
  if (!role.empty() && std::ranges::find(roles, role) == roles.end()) roles.push_back(role);
}

void add_pass_role(std::vector<std::string> roles, const std::optional<std::string>& default_role,
                   std::vector<Need>& needs) {
  if (default_role) add_cluster_role(roles, *default_role);
  std::ranges::sort(roles);
  roles.erase(std::unique(roles.begin(), roles.end()), roles.end());
  for (const std::string& role : roles) needs.push_back(pass_role(role, kPassedTo));
}

Result<std::vector<Need>> create_cluster_rights(Redshift&, Call& call, const CreateClusterMessage& in) {
  std::vector<Need> needs{{"redshift:CreateCluster", call.arn("redshift", "cluster:" + lower(*in.cluster_identifier))}};
  add_pass_role(in.iam_roles.items(), in.default_iam_role_arn, needs);
  return needs;
}

Result<CreateClusterResult> create_cluster(Redshift& redshift, Call& call, const CreateClusterMessage& in) {
  const ClusterKey key{call.account(), call.region(), lower(*in.cluster_identifier)};
  TRY(check_cluster_name(key.name));
  if (TRY(call.get(kClusters, key)))
    return fail(400, "ClusterAlreadyExists", fmt::format("Cluster {} already exists.", key.name));
  if (in.snapshot_schedule_identifier)
    return unsupported("SnapshotScheduleIdentifier is not supported: snapshots are made by hand.");
  if (in.load_sample_data) return unsupported("LoadSampleData is not supported.");
  if (in.redshift_idc_application_arn) return unsupported("RedshiftIdcApplicationArn is not supported.");
  if (in.catalog_name) return unsupported("CatalogName is not supported.");
  if (!in.master_user_password) return invalid("The parameter MasterUserPassword must be provided.");
  ClusterRecord record;
  record.namespace_id = uuid4();
  record.db_name = lower(in.db_name.value_or("dev"));
  record.master_user = lower(*in.master_username);
  record.parameter_group = kDefaultParameterGroup;
  record.maintenance_window = kMaintenanceWindow;
  record.availability_zone = call.region() + "a";
  record.created = call.now();
  TRY(take(call, in, record));
  record.subnet_group = lower(in.cluster_subnet_group_name.value_or("default"));
  TRY(check_subnet_group(call, record));
  for (const std::string& role : in.iam_roles) add_cluster_role(record.roles, role);
  record.default_role = in.default_iam_role_arn.value_or("");
  add_cluster_role(record.roles, record.default_role);
  TRY(check_cluster_roles(record));
  TRY(call.put(kClusters, key, record));
  TRY(add_given_tags(call, cluster_arn(key), in.tags));
  return CreateClusterResult{.cluster = TRY(cluster_to_wire(redshift, call, key, record))};
}

Result<ClustersMessage> describe_clusters(Redshift& redshift, Call& call, const DescribeClustersMessage& in) {
  ClustersMessage out;
  out.clusters.set_present();
  if (in.cluster_identifier) {
    const FoundCluster found = TRY(find_cluster(call, *in.cluster_identifier, Lock::kNone));
    out.clusters.push_back(TRY(cluster_to_wire(redshift, call, found.key, found.record)));
    return out;
  }
  const PageAsked asked = TRY(page_asked(call, "DescribeClusters", in.max_records, in.marker));
  const auto page = TRY(call.tx().scan(
      kClusters,
      {.prefix = prefix_of(kClusters, call.account(), call.region()), .after = asked.after, .limit = asked.limit}));
  for (const auto& [key, record] : page.entries)
    if (TRY(has_tags(call, cluster_arn(key), in.tag_keys, in.tag_values)))
      out.clusters.push_back(TRY(cluster_to_wire(redshift, call, key, record)));
  if (page.more) out.marker = page_token(call.door().store(), asked.request, page.last);
  return out;
}

Result<ModifyClusterResult> modify_cluster(Redshift& redshift, Call& call, const ModifyClusterMessage& in) {
  FoundCluster found = TRY(find_cluster(call, *in.cluster_identifier, Lock::kExclusive));
  if (found.record.paused)
    return fail(400, "InvalidClusterState", fmt::format("The cluster {} is paused: resume it first.", found.key.name));
  TRY(take(call, in, found.record));
  if (in.new_cluster_identifier && lower(*in.new_cluster_identifier) != found.key.name) {
    const tarn::Tags tags = TRY(tags_of(call.tx(), cluster_arn(found.key)));
    TRY(set_tags(call.tx(), cluster_arn(found.key), {}));
    TRY(call.erase(kClusters, found.key));
    found.key.name = lower(*in.new_cluster_identifier);
    TRY(check_cluster_name(found.key.name));
    if (TRY(call.get(kClusters, found.key)))
      return fail(400, "ClusterAlreadyExists", fmt::format("Cluster {} already exists.", found.key.name));
    TRY(set_tags(call.tx(), cluster_arn(found.key), tags));
  }
  TRY(call.put(kClusters, found.key, found.record));
  return ModifyClusterResult{.cluster = TRY(cluster_to_wire(redshift, call, found.key, found.record))};
}

Result<DeleteClusterResult> delete_cluster(Redshift& redshift, Call& call, const DeleteClusterMessage& in) {
  const FoundCluster found = TRY(find_cluster(call, *in.cluster_identifier, Lock::kExclusive));
  // AWS: DeleteCluster: a final snapshot is named unless it is skipped.
  const bool skip = in.skip_final_cluster_snapshot.value_or(false);
  if (!in.final_cluster_snapshot_identifier && !skip)
    return fail(400, "InvalidParameterCombination",
                "FinalClusterSnapshotIdentifier is required unless SkipFinalClusterSnapshot is specified.");
  if (in.final_cluster_snapshot_identifier && !skip)
    TRY(make_snapshot(call, found, lower(*in.final_cluster_snapshot_identifier),
                      in.final_cluster_snapshot_retention_period));
  Cluster out = TRY(cluster_to_wire(redshift, call, found.key, found.record));
  out.cluster_status = "deleting";
  TRY(call.erase(kClusters, found.key));
  TRY(set_tags(call.tx(), cluster_arn(found.key), {}));
  TRY(forget_warehouse(call.door(), call.tx(), found.record.namespace_id));
  return DeleteClusterResult{.cluster = std::move(out)};
}

namespace {

Result<Cluster> set_paused(Redshift& redshift, Call& call, const std::string& name, bool paused) {
  FoundCluster found = TRY(find_cluster(call, name, Lock::kExclusive));
  if (found.record.paused == paused)
    return fail(400, "InvalidClusterState",
                fmt::format("The cluster {} is {}.", found.key.name, paused ? "paused already" : "not paused"));
  found.record.paused = paused;
  TRY(call.put(kClusters, found.key, found.record));
  return cluster_to_wire(redshift, call, found.key, found.record);
}

}  // namespace

Result<PauseClusterResult> pause_cluster(Redshift& redshift, Call& call, const PauseClusterMessage& in) {
  return PauseClusterResult{.cluster = TRY(set_paused(redshift, call, *in.cluster_identifier, true))};
}

Result<ResumeClusterResult> resume_cluster(Redshift& redshift, Call& call, const ResumeClusterMessage& in) {
  return ResumeClusterResult{.cluster = TRY(set_paused(redshift, call, *in.cluster_identifier, false))};
}

// There are no nodes to boot: what was acknowledged is on the disk, and sessions go on.
Result<RebootClusterResult> reboot_cluster(Redshift& redshift, Call& call, const RebootClusterMessage& in) {
  const FoundCluster found = TRY(find_cluster(call, *in.cluster_identifier, Lock::kShared));
  return RebootClusterResult{.cluster = TRY(cluster_to_wire(redshift, call, found.key, found.record))};
}

Result<std::vector<Need>> modify_cluster_iam_roles_rights(Redshift&, Call& call,
                                                          const ModifyClusterIamRolesMessage& in) {
  std::vector<Need> needs{
      {"redshift:ModifyClusterIamRoles", call.arn("redshift", "cluster:" + lower(*in.cluster_identifier))}};
  add_pass_role(in.add_iam_roles.items(), in.default_iam_role_arn, needs);
  return needs;
}

Result<ModifyClusterIamRolesResult> modify_cluster_iam_roles(Redshift& redshift, Call& call,
                                                             const ModifyClusterIamRolesMessage& in) {
  FoundCluster found = TRY(find_cluster(call, *in.cluster_identifier, Lock::kExclusive));
  ClusterRecord& record = found.record;
  for (const std::string& role : in.remove_iam_roles) {
    std::erase(record.roles, role);
    if (record.default_role == role) record.default_role.clear();
  }
  for (const std::string& role : in.add_iam_roles) add_cluster_role(record.roles, role);
  if (in.default_iam_role_arn) {
    record.default_role = *in.default_iam_role_arn;
    add_cluster_role(record.roles, record.default_role);
  }
  TRY(check_cluster_roles(record));
  TRY(call.put(kClusters, found.key, record));
  return ModifyClusterIamRolesResult{.cluster = TRY(cluster_to_wire(redshift, call, found.key, record))};
}

Result<LoggingStatus> describe_logging_status(Redshift&, Call& call, const DescribeLoggingStatusMessage& in) {
  TRY(find_cluster(call, *in.cluster_identifier, Lock::kNone));
  return LoggingStatus{.logging_enabled = false};  // EnableLogging is refused
}

}  // namespace tarn::redshift

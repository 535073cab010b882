// Snapshots of clusters: copies of their databases, and what the clusters were like; and clusters that are restored from them.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "door/tags.h"
#include "door/warehouse_copies.h"
#include "os/random.h"
#include "services/redshift/cluster_settings.h"
#include "services/redshift/redshift.h"
#include "store/page_token.h"

namespace tarn::redshift {
namespace {


struct FoundSnapshot {
  SnapshotKey key;
  SnapshotRecord record;
  WarehouseCopyRecord copy;
};

Failure no_snapshot(std::string_view name) {
  return fail(404, "ClusterSnapshotNotFound", fmt::format("Snapshot {} not found.", name));
}

// ERRORS: ClusterSnapshotNotFound, also for one whose time is over, and one of another cluster than is named.
Result<FoundSnapshot> find_snapshot(Call& call, const std::string& name, const std::optional<std::string>& cluster,
                                    Lock lock) {
  SnapshotKey key{call.account(), call.region(), lower(name)};
  auto record = TRY(call.get(kSnapshots, key, lock));
  if (!record || (cluster && lower(*cluster) != record->cluster_name)) return no_snapshot(name);
  auto copy = TRY(call.get(kWarehouseCopies, {record->id}, Lock::kNone));
  if (!copy) return no_snapshot(name);
  return FoundSnapshot{std::move(key), std::move(*record), std::move(*copy)};
}

// The name in a snapshot's ARN.
Result<std::string> name_in(Call& call, const std::string& arn) {
  const std::string stem = call.arn("redshift", "snapshot:");
  const size_t slash = arn.find('/');
  if (!arn.starts_with(stem) || slash == std::string::npos) return no_snapshot(arn);
  return arn.substr(slash + 1);
}

Result<std::vector<Need>> snapshot_need(Call& call, std::string_view action, const std::string& name) {
  const SnapshotKey key{call.account(), call.region(), lower(name)};
  const auto record = TRY(call.get(kSnapshots, key, Lock::kNone));
  return std::vector<Need>{
      {std::string(action), record ? snapshot_arn(key, *record) : call.arn("redshift", "snapshot:*/" + key.name)}};
}

Result<std::optional<Time>> expiry(Time from, int32_t retention) {
  if (!may_be_kept(retention))
    return fail(400, "InvalidRetentionPeriodFault",
                fmt::format("The retention period is -1, or between 1 and {} days.", kLongestKept));
  return kept_until(from, retention);
}

Result<Snapshot> to_wire(Call& call, const SnapshotKey& key, const SnapshotRecord& record,
                         const WarehouseCopyRecord& copy) {
  const ClusterRecord& cluster = record.cluster;
  Snapshot out;
  out.snapshot_identifier = key.name;
  out.snapshot_arn = snapshot_arn(key, record);
  out.cluster_identifier = record.cluster_name;
  out.snapshot_create_time = record.created;
  out.status = lower(copy.state);
  out.port = cluster.port;
  out.availability_zone = cluster.availability_zone;
  out.cluster_create_time = cluster.created;
  out.master_username = cluster.master_user;
  out.cluster_version = "1.0";
  out.snapshot_type = "manual";
  out.node_type = cluster.node_type;
  out.number_of_nodes = cluster.nodes;
  out.db_name = cluster.db_name;
  out.encrypted = cluster.encrypted;
  if (!cluster.kms_key.empty()) out.kms_key_id = cluster.kms_key;
  out.encrypted_with_hsm = false;
  out.owner_account = key.owner;
  out.enhanced_vpc_routing = cluster.enhanced_vpc_routing;
  out.maintenance_track_name = "current";
  out.manual_snapshot_retention_period = record.retention;
  if (copy.expires) out.manual_snapshot_remaining_days = days_left(*copy.expires, call.now());
  out.snapshot_retention_start_time = record.retention_start;
  const double size = megabytes(copy);
  out.total_backup_size_in_mega_bytes = size;
  out.actual_incremental_backup_size_in_mega_bytes = size;
  out.backup_progress_in_mega_bytes = size;
  out.elapsed_time_in_seconds = (copy.done.value_or(call.now()) - record.created) / kSecond;
  out.estimated_seconds_to_completion = 0;
  out.accounts_with_restore_access.set_present();
  out.restorable_node_types = std::vector<std::string>{cluster.node_type};
  out.tags = TRY(wire_tags(call, snapshot_arn(key, record)));
  return out;
}

// AWS: ClusterExists: the cluster itself, not another that has its name now.
Result<bool> cluster_is_there(Call& call, const SnapshotRecord& record) {
  const auto cluster = TRY(call.get(kClusters, {call.account(), call.region(), record.cluster_name}, Lock::kNone));
  return cluster && cluster->namespace_id == record.cluster.namespace_id;
}

}  // namespace

std::string snapshot_arn(const SnapshotKey& key, const SnapshotRecord& record) {
  return fmt::format("arn:aws:redshift:{}:{}:snapshot:{}/{}", key.region, key.owner, record.cluster_name, key.name);
}

Result<std::pair<SnapshotKey, SnapshotRecord>> make_snapshot(Call& call, const FoundCluster& of,
                                                             const std::string& name,
                                                             const std::optional<int32_t>& retention) {
  const SnapshotKey key{call.account(), call.region(), name};
  const auto old = TRY(call.get(kSnapshots, key));
  if (old && TRY(call.get(kWarehouseCopies, {old->id}, Lock::kNone)))
    return fail(400, "ClusterSnapshotAlreadyExists", fmt::format("Snapshot {} already exists.", name));
  const SnapshotRecord record{.id = uuid4(),
                              .cluster_name = of.key.name,
                              .cluster = of.record,
                              .retention = retention.value_or(of.record.manual_retention),
                              .created = call.now(),
                              .retention_start = call.now()};
  TRY(call.put(kSnapshots, key, record));
  TRY(copy_warehouse(call.door(), call.tx(), record.id, of.record.namespace_id,
                     TRY(expiry(call.now(), record.retention))));
  return std::pair{key, record};
}

Result<CreateClusterSnapshotResult> create_cluster_snapshot(Redshift&, Call& call,
                                                            const CreateClusterSnapshotMessage& in) {
  const FoundCluster of = TRY(find_cluster(call, *in.cluster_identifier, Lock::kShared));
  if (of.record.paused)
    return fail(400, "InvalidClusterState", fmt::format("The cluster {} is paused: resume it first.", of.key.name));
  const auto [key, record] =
      TRY(make_snapshot(call, of, lower(*in.snapshot_identifier), in.manual_snapshot_retention_period));
  TRY(add_given_tags(call, snapshot_arn(key, record), in.tags));
  return CreateClusterSnapshotResult{.snapshot = TRY(to_wire(call, key, record, {}))};
}

Result<SnapshotMessage> describe_cluster_snapshots(Redshift&, Call& call, const DescribeClusterSnapshotsMessage& in) {
  SnapshotMessage out;
  out.snapshots.set_present();
  std::optional<std::string> name = in.snapshot_identifier;
  if (in.snapshot_arn) name = TRY(name_in(call, *in.snapshot_arn));
  if (name) {
    const FoundSnapshot found = TRY(find_snapshot(call, *name, in.cluster_identifier, Lock::kNone));
    out.snapshots.push_back(TRY(to_wire(call, found.key, found.record, found.copy)));
    return out;
  }
  if (!in.sorting_entities.empty())
    return unsupported("SortingEntities are not supported: snapshots come in the order of their names.");
  if (in.snapshot_type && *in.snapshot_type != "manual") return out;  // none is made of itself
  if (in.owner_account && *in.owner_account != call.account()) return out;
  const PageAsked asked = TRY(page_asked(call, "DescribeClusterSnapshots", in.max_records, in.marker));
  auto at = call.tx().cursor(kSnapshots,
                             {.prefix = prefix_of(kSnapshots, call.account(), call.region()), .after = asked.after});
  for (std::string last; at.valid(); at.next()) {
    const SnapshotKey key = TRY(at.key());
    const SnapshotRecord record = TRY(at.record());
    if (in.cluster_identifier && lower(*in.cluster_identifier) != record.cluster_name) continue;
    if (in.cluster_exists && *in.cluster_exists != TRY(cluster_is_there(call, record))) continue;
    if ((in.start_time && record.created < *in.start_time) || (in.end_time && record.created > *in.end_time)) continue;
    const auto copy = TRY(call.get(kWarehouseCopies, {record.id}, Lock::kNone));
    if (!copy || !TRY(has_tags(call, snapshot_arn(key, record), in.tag_keys, in.tag_values))) continue;
    if (out.snapshots.size() == asked.limit) {
      out.marker = page_token(call.door().store(), asked.request, last);
      break;
    }
    out.snapshots.push_back(TRY(to_wire(call, key, record, *copy)));
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

Result<std::vector<Need>> modify_cluster_snapshot_rights(Redshift&, Call& call,
                                                         const ModifyClusterSnapshotMessage& in) {
  return snapshot_need(call, "redshift:ModifyClusterSnapshot", *in.snapshot_identifier);
}

Result<ModifyClusterSnapshotResult> modify_cluster_snapshot(Redshift&, Call& call,
                                                            const ModifyClusterSnapshotMessage& in) {
  FoundSnapshot found = TRY(find_snapshot(call, *in.snapshot_identifier, {}, Lock::kExclusive));
  if (in.manual_snapshot_retention_period) {
    found.record.retention = *in.manual_snapshot_retention_period;
    found.record.retention_start = call.now();
    found.copy.expires = TRY(expiry(call.now(), found.record.retention));
    TRY(set_copy_expiry(call.door(), call.tx(), found.record.id, found.copy.expires));
    TRY(call.put(kSnapshots, found.key, found.record));
  }
  return ModifyClusterSnapshotResult{.snapshot = TRY(to_wire(call, found.key, found.record, found.copy))};
}

Result<std::vector<Need>> delete_cluster_snapshot_rights(Redshift&, Call& call,
                                                         const DeleteClusterSnapshotMessage& in) {
  return snapshot_need(call, "redshift:DeleteClusterSnapshot", *in.snapshot_identifier);
}

Result<DeleteClusterSnapshotResult> delete_cluster_snapshot(Redshift&, Call& call,
                                                            const DeleteClusterSnapshotMessage& in) {
  const FoundSnapshot found =
      TRY(find_snapshot(call, *in.snapshot_identifier, in.snapshot_cluster_identifier, Lock::kExclusive));
  Snapshot out = TRY(to_wire(call, found.key, found.record, found.copy));
  out.status = "deleted";
  TRY(drop_warehouse_copy(call.door(), call.tx(), found.record.id));
  TRY(call.erase(kSnapshots, found.key));
  TRY(set_tags(call.tx(), snapshot_arn(found.key, found.record), {}));
  return DeleteClusterSnapshotResult{.snapshot = std::move(out)};
}

// --- restoring -------------------------------------------------------------------------------------------------------

namespace {

// What this server does not have is refused by name.
Status refuse_others(const RestoreFromClusterSnapshotMessage& in) {
  if (in.reserved_node_id || in.target_reserved_node_offering_id)
    return unsupported("Reserved nodes are not supported.");
  if (in.snapshot_schedule_identifier)
    return unsupported("SnapshotScheduleIdentifier is not supported: snapshots are made by hand.");
  if (in.catalog_name) return unsupported("CatalogName is not supported.");
  if (in.redshift_idc_application_arn) return unsupported("RedshiftIdcApplicationArn is not supported.");
  return {};
}

// The cluster as it was, with what is said anew.
Status take(Call& call, const RestoreFromClusterSnapshotMessage& in, ClusterRecord& record) {
  TRY(take_settings(call, in, record));
  TRY(check_parameter_group(call, record));  // as the cluster had it: it may be gone
  if (in.cluster_subnet_group_name) record.subnet_group = lower(*in.cluster_subnet_group_name);
  TRY(check_subnet_group(call, record));
  if (in.iam_roles.has_value()) {
    record.roles.clear();
    for (const std::string& role : in.iam_roles) add_cluster_role(record.roles, role);
  }
  if (in.default_iam_role_arn) record.default_role = *in.default_iam_role_arn;
  add_cluster_role(record.roles, record.default_role);
  return check_cluster_roles(record);
}

}  // namespace

Result<std::vector<Need>> restore_from_cluster_snapshot_rights(Redshift&, Call& call,
                                                               const RestoreFromClusterSnapshotMessage& in) {
  const std::string name = in.snapshot_identifier.value_or(
      in.snapshot_arn ? name_in(call, *in.snapshot_arn).value_or("*") : std::string("*"));
  std::vector<Need> needs = TRY(snapshot_need(call, "redshift:RestoreFromClusterSnapshot", name));
  needs.push_back(
      {"redshift:RestoreFromClusterSnapshot", call.arn("redshift", "cluster:" + lower(*in.cluster_identifier))});
  add_pass_role(in.iam_roles.items(), in.default_iam_role_arn, needs);
  return needs;
}

Result<RestoreFromClusterSnapshotResult> restore_from_cluster_snapshot(Redshift& redshift, Call& call,
                                                                       const RestoreFromClusterSnapshotMessage& in) {
  TRY(refuse_others(in));
  if (in.owner_account && *in.owner_account != call.account())
    return unsupported("OwnerAccount: snapshots of other accounts are not shared here.");
  if (!in.snapshot_identifier && !in.snapshot_arn)
    return fail(400, "InvalidParameterCombination", "SnapshotIdentifier or SnapshotArn must be given.");
  const std::string name = in.snapshot_identifier ? *in.snapshot_identifier : TRY(name_in(call, *in.snapshot_arn));
  const FoundSnapshot from = TRY(find_snapshot(call, name, in.snapshot_cluster_identifier, Lock::kShared));
  if (from.copy.state != "AVAILABLE")
    return fail(400, "InvalidClusterSnapshotState",
                fmt::format("Snapshot {} is {}.", from.key.name, lower(from.copy.state)));
  const ClusterKey key{call.account(), call.region(), lower(*in.cluster_identifier)};
  TRY(check_cluster_name(key.name));
  if (TRY(call.get(kClusters, key)))
    return fail(400, "ClusterAlreadyExists", fmt::format("Cluster {} already exists.", key.name));
  ClusterRecord record = from.record.cluster;
  record.namespace_id = uuid4();
  record.created = call.now();
  record.paused = false;
  TRY(take(call, in, record));
  TRY(call.put(kClusters, key, record));
  TRY(restore_warehouse(call.door(), call.tx(), from.record.id, record.namespace_id));
  return RestoreFromClusterSnapshotResult{.cluster = TRY(cluster_to_wire(redshift, call, key, record))};
}

}  // namespace tarn::redshift

// Snapshots: copies of a namespace's databases, and what is defined in them.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "door/tags.h"
#include "door/warehouse_copies.h"
#include "os/random.h"
#include "services/redshift_serverless/redshift_serverless.h"
#include "store/page_token.h"

namespace tarn::redshift_serverless {
namespace {

constexpr int32_t kPage = 100;

struct FoundSnapshot {
  SnapshotKey key;
  SnapshotRecord record;
  WarehouseCopyRecord copy;
};

Failure no_snapshot(std::string_view name) {
  return not_found(fmt::format("Snapshot {} not found.", name), name);
}

// ERRORS: ResourceNotFoundException, also for one whose time is over.
Result<FoundSnapshot> find_snapshot(Call& call, const std::string& name, Lock lock) {
  SnapshotKey key{call.account(), call.region(), name};
  auto record = TRY(call.get(kSnapshots, key, lock));
  if (!record) return no_snapshot(name);
  auto copy = TRY(call.get(kWarehouseCopies, {record->id}, Lock::kNone));
  if (!copy) return no_snapshot(name);
  return FoundSnapshot{std::move(key), std::move(*record), std::move(*copy)};
}

// By name or ARN.
Result<FoundSnapshot> find_snapshot(Call& call, const std::optional<std::string>& name,
                                    const std::optional<std::string>& arn, Lock lock) {
  if (name) return find_snapshot(call, *name, lock);
  if (!arn) return invalid("Either snapshotName or snapshotArn must be given.");
  auto at = call.tx().cursor(kSnapshots, {.prefix = prefix_of(kSnapshots, call.account(), call.region())});
  for (; at.valid(); at.next())
    if (const SnapshotKey key = TRY(at.key()); snapshot_arn(key, TRY(at.record())) == *arn)
      return find_snapshot(call, key.name, lock);
  TRY(at.status());
  return no_snapshot(*arn);
}

Result<std::vector<Need>> snapshot_need(Call& call, std::string_view action, const std::optional<std::string>& name,
                                        const std::optional<std::string>& arn = {}) {
  std::string resource = arn.value_or(call.arn("redshift-serverless", "snapshot/*"));
  if (name) {
    const SnapshotKey key{call.account(), call.region(), *name};
    if (const auto record = TRY(call.get(kSnapshots, key, Lock::kNone))) resource = snapshot_arn(key, *record);
  }
  return std::vector<Need>{{std::string(action), resource}};
}

Result<std::optional<Time>> expiry(Time from, int32_t retention) {
  if (!may_be_kept(retention))
    return invalid(fmt::format("The retention period is -1, or between 1 and {} days.", kLongestKept));
  return kept_until(from, retention);
}

Snapshot to_wire(const SnapshotKey& key, const SnapshotRecord& record, const WarehouseCopyRecord& copy, Time now) {
  Snapshot out;
  out.snapshot_name = key.name;
  out.snapshot_arn = snapshot_arn(key, record);
  out.namespace_name = record.namespace_name;
  out.namespace_arn = record.namespace_arn;
  out.admin_username = record.admin_user;
  out.kms_key_id = record.kms_key.empty() ? "AWS_OWNED_KMS_KEY" : record.kms_key;
  out.owner_account = key.owner;
  out.snapshot_create_time = record.created;
  out.status = copy.state;
  out.snapshot_retention_period = record.retention;
  out.snapshot_retention_start_time = record.retention_start;
  if (copy.expires) out.snapshot_remaining_days = days_left(*copy.expires, now);
  const double size = megabytes(copy);
  out.total_backup_size_in_mega_bytes = size;
  out.actual_incremental_backup_size_in_mega_bytes = size;
  out.backup_progress_in_mega_bytes = size;
  out.elapsed_time_in_seconds = (copy.done.value_or(now) - record.created) / kSecond;
  out.estimated_seconds_to_completion = 0;
  out.accounts_with_restore_access.set_present();
  out.accounts_with_provisioned_restore_access.set_present();
  return out;
}

}  // namespace

Result<std::pair<SnapshotKey, SnapshotRecord>> make_snapshot(Call& call, const FoundNamespace& of,
                                                             const std::string& name,
                                                             const std::optional<int32_t>& retention) {
  const SnapshotKey key{call.account(), call.region(), name};
  const auto old = TRY(call.get(kSnapshots, key));
  if (old && TRY(call.get(kWarehouseCopies, {old->id}, Lock::kNone)))
    return conflict(fmt::format("Snapshot {} already exists.", name));
  const SnapshotRecord record{.id = uuid4(),
                              .namespace_name = of.key.name,
                              .namespace_arn = namespace_arn(of.key, of.record),
                              .admin_user = of.record.admin_user,
                              .kms_key = of.record.kms_key,
                              .retention = retention.value_or(-1),
                              .created = call.now(),
                              .retention_start = call.now()};
  TRY(call.put(kSnapshots, key, record));
  TRY(copy_warehouse(call.door(), call.tx(), record.id, of.record.id, TRY(expiry(call.now(), record.retention))));
  return std::pair{key, record};
}

Result<std::vector<Need>> create_snapshot_rights(RedshiftServerless&, Call& call, const CreateSnapshotRequest& in) {
  return namespace_need(call, "redshift-serverless:CreateSnapshot", *in.namespace_name);
}

Result<CreateSnapshotResponse> create_snapshot(RedshiftServerless&, Call& call, const CreateSnapshotRequest& in) {
  const FoundNamespace of = TRY(find_namespace(call, *in.namespace_name, Lock::kShared));
  const auto [key, record] = TRY(make_snapshot(call, of, *in.snapshot_name, in.retention_period));
  TRY(add_given_tags(call, snapshot_arn(key, record), in.tags));
  return CreateSnapshotResponse{.snapshot = to_wire(key, record, {}, call.now())};
}

Result<std::vector<Need>> get_snapshot_rights(RedshiftServerless&, Call& call, const GetSnapshotRequest& in) {
  return snapshot_need(call, "redshift-serverless:GetSnapshot", in.snapshot_name, in.snapshot_arn);
}

Result<GetSnapshotResponse> get_snapshot(RedshiftServerless&, Call& call, const GetSnapshotRequest& in) {
  if (in.owner_account && *in.owner_account != call.account())
    return invalid("ownerAccount: snapshots of other accounts are not shared here.");
  const FoundSnapshot found = TRY(find_snapshot(call, in.snapshot_name, in.snapshot_arn, Lock::kNone));
  return GetSnapshotResponse{.snapshot = to_wire(found.key, found.record, found.copy, call.now())};
}

Result<ListSnapshotsResponse> list_snapshots(RedshiftServerless&, Call& call, const ListSnapshotsRequest& in) {
  const std::string request = fmt::format("ListSnapshots {} {}", call.account(), call.region());
  const auto limit = static_cast<size_t>(in.max_results.value_or(kPage));
  ListSnapshotsResponse out;
  out.snapshots.set_present();
  if (in.owner_account && *in.owner_account != call.account()) return out;
  auto at = call.tx().cursor(kSnapshots, {.prefix = prefix_of(kSnapshots, call.account(), call.region()),
                                          .after = TRY(page_start(call, request, in.next_token))});
  for (std::string last; at.valid(); at.next()) {
    const SnapshotRecord record = TRY(at.record());
    if (in.namespace_name && record.namespace_name != *in.namespace_name) continue;
    if (in.namespace_arn && record.namespace_arn != *in.namespace_arn) continue;
    if ((in.start_time && record.created < *in.start_time) || (in.end_time && record.created > *in.end_time)) continue;
    const auto copy = TRY(call.get(kWarehouseCopies, {record.id}, Lock::kNone));
    if (!copy) continue;
    if (out.snapshots.size() == limit) {
      out.next_token = page_token(call.door().store(), request, last);
      break;
    }
    out.snapshots.push_back(to_wire(TRY(at.key()), record, *copy, call.now()));
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

Result<std::vector<Need>> update_snapshot_rights(RedshiftServerless&, Call& call, const UpdateSnapshotRequest& in) {
  return snapshot_need(call, "redshift-serverless:UpdateSnapshot", in.snapshot_name);
}

Result<UpdateSnapshotResponse> update_snapshot(RedshiftServerless&, Call& call, const UpdateSnapshotRequest& in) {
  FoundSnapshot found = TRY(find_snapshot(call, *in.snapshot_name, Lock::kExclusive));
  if (in.retention_period) {
    found.record.retention = *in.retention_period;
    found.record.retention_start = call.now();
    found.copy.expires = TRY(expiry(call.now(), found.record.retention));
    TRY(set_copy_expiry(call.door(), call.tx(), found.record.id, found.copy.expires));
    TRY(call.put(kSnapshots, found.key, found.record));
  }
  return UpdateSnapshotResponse{.snapshot = to_wire(found.key, found.record, found.copy, call.now())};
}

Result<std::vector<Need>> delete_snapshot_rights(RedshiftServerless&, Call& call, const DeleteSnapshotRequest& in) {
  return snapshot_need(call, "redshift-serverless:DeleteSnapshot", in.snapshot_name);
}

Result<DeleteSnapshotResponse> delete_snapshot(RedshiftServerless&, Call& call, const DeleteSnapshotRequest& in) {
  const FoundSnapshot found = TRY(find_snapshot(call, *in.snapshot_name, Lock::kExclusive));
  TRY(drop_warehouse_copy(call.door(), call.tx(), found.record.id));
  TRY(call.erase(kSnapshots, found.key));
  TRY(set_tags(call.tx(), snapshot_arn(found.key, found.record), {}));
  Snapshot out = to_wire(found.key, found.record, found.copy, call.now());
  out.status = "DELETED";
  return DeleteSnapshotResponse{.snapshot = std::move(out)};
}

// --- restoring -------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> restore_from_snapshot_rights(RedshiftServerless&, Call& call,
                                                       const RestoreFromSnapshotRequest& in) {
  std::vector<Need> needs =
      TRY(snapshot_need(call, "redshift-serverless:RestoreFromSnapshot", in.snapshot_name, in.snapshot_arn));
  const auto also = TRY(namespace_need(call, "redshift-serverless:RestoreFromSnapshot", *in.namespace_name));
  needs.insert(needs.end(), also.begin(), also.end());
  return needs;
}

Result<RestoreFromSnapshotResponse> restore_from_snapshot(RedshiftServerless&, Call& call,
                                                          const RestoreFromSnapshotRequest& in) {
  if (in.manage_admin_password.value_or(false))
    return invalid("manageAdminPassword is not supported: there is no Secrets Manager.");
  if (in.owner_account && *in.owner_account != call.account())
    return invalid("ownerAccount: snapshots of other accounts are not shared here.");
  const FoundNamespace into = TRY(find_namespace(call, *in.namespace_name, Lock::kExclusive));
  const FoundWorkgroup workgroup = TRY(find_workgroup(call, *in.workgroup_name, Lock::kShared));
  if (workgroup.record.namespace_name != into.key.name)
    return invalid(fmt::format("Workgroup {} is not associated with namespace {}.", workgroup.key.name, into.key.name));
  const FoundSnapshot from = TRY(find_snapshot(call, in.snapshot_name, in.snapshot_arn, Lock::kShared));
  if (from.copy.state != "AVAILABLE")
    return conflict(fmt::format("Snapshot {} is {}.", from.key.name, from.copy.state));
  const auto restoring = TRY(call.get(kWarehouseRestores, {into.record.id}));
  if (restoring && restoring->error.empty())
    return conflict(fmt::format("Namespace {} is being restored already.", into.key.name));
  TRY(restore_warehouse(call.door(), call.tx(), from.record.id, into.record.id));
  return RestoreFromSnapshotResponse{.namespace_ = TRY(namespace_to_wire(call, into.key, into.record)),
                                     .owner_account = call.account(),
                                     .snapshot_name = from.key.name};
}

// --- what there is none of -------------------------------------------------------------------------------------------

Result<ListRecoveryPointsResponse> list_recovery_points(RedshiftServerless&, Call&, const ListRecoveryPointsRequest&) {
  ListRecoveryPointsResponse out;
  out.recovery_points.set_present();
  return out;
}
Result<GetRecoveryPointResponse> get_recovery_point(RedshiftServerless&, Call&, const GetRecoveryPointRequest& in) {
  return not_found(fmt::format("Recovery point {} not found.", *in.recovery_point_id), *in.recovery_point_id);
}
Result<ListUsageLimitsResponse> list_usage_limits(RedshiftServerless&, Call&, const ListUsageLimitsRequest&) {
  ListUsageLimitsResponse out;
  out.usage_limits.set_present();
  return out;
}
Result<ListEndpointAccessResponse> list_endpoint_access(RedshiftServerless&, Call&, const ListEndpointAccessRequest&) {
  ListEndpointAccessResponse out;
  out.endpoints.set_present();
  return out;
}
Result<ListCustomDomainAssociationsResponse> list_custom_domain_associations(
    RedshiftServerless&, Call&, const ListCustomDomainAssociationsRequest&) {
  ListCustomDomainAssociationsResponse out;
  out.associations.set_present();
  return out;
}
Result<ListScheduledActionsResponse> list_scheduled_actions(RedshiftServerless&, Call&,
                                                            const ListScheduledActionsRequest&) {
  ListScheduledActionsResponse out;
  out.scheduled_actions.set_present();
  return out;
}
Result<ListSnapshotCopyConfigurationsResponse> list_snapshot_copy_configurations(
    RedshiftServerless&, Call&, const ListSnapshotCopyConfigurationsRequest&) {
  ListSnapshotCopyConfigurationsResponse out;
  out.snapshot_copy_configurations.set_present();
  return out;
}
Result<ListTableRestoreStatusResponse> list_table_restore_status(RedshiftServerless&, Call&,
                                                                 const ListTableRestoreStatusRequest&) {
  ListTableRestoreStatusResponse out;
  out.table_restore_statuses.set_present();
  return out;
}

}  // namespace tarn::redshift_serverless

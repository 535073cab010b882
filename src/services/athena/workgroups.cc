// Workgroups: settings that queries run under, and Athena's engine versions.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/tags.h"
#include "services/athena/athena.h"
#include "services/athena/pages.h"
#include "services/athena/tag_lists.h"
#include "store/page_token.h"

namespace tarn::athena {
namespace {

constexpr int32_t kPage = 50;
constexpr size_t kMaxWorkgroups = 1000;  // AWS: Athena service quotas

EngineVersion engine_version(const std::string& selected) {
  EngineVersion version;
  version.selected_engine_version = selected;
  version.effective_engine_version = std::string(kEngineVersion);
  return version;
}

// What the settings ask for and is not there.
template <class Configuration>
Status refuse_unsupported(const Configuration& in) {
  if (in.engine_version && in.engine_version->selected_engine_version) {
    const std::string& selected = *in.engine_version->selected_engine_version;
    if (selected != "AUTO" && selected != kEngineVersion)
      return invalid(fmt::format("Engine version '{}' is not supported: AUTO and '{}' are.", selected, kEngineVersion));
  }
  if (in.customer_content_encryption_configuration)
    return invalid("CustomerContentEncryptionConfiguration is for Spark, which is not supported.");
  if (in.query_results_s3_access_grants_configuration &&
      in.query_results_s3_access_grants_configuration->enable_s3_access_grants.value_or(false))
    return invalid("QueryResultsS3AccessGrantsConfiguration is not supported.");
  if (in.monitoring_configuration || in.engine_configuration)
    return invalid("MonitoringConfiguration and EngineConfiguration are for Spark, which is not supported.");
  return {};
}

Status check_location(const std::string& location) {
  if (!location.empty() && !location.starts_with("s3://"))
    return invalid(fmt::format("outputLocation is not a valid S3 path: {}", location));
  return {};
}

Result<WorkgroupRecord> settings_of(const WorkGroupConfiguration& in) {
  TRY(refuse_unsupported(in));
  if (in.managed_query_results_configuration && in.managed_query_results_configuration->enabled.value_or(false))
    return invalid("ManagedQueryResultsConfiguration is not supported: give an OutputLocation.");
  if (in.identity_center_configuration) return invalid("IdentityCenterConfiguration is not supported.");
  WorkgroupRecord record;
  record.enforce = in.enforce_work_group_configuration.value_or(true);
  record.publish_metrics = in.publish_cloud_watch_metrics_enabled.value_or(true);
  record.requester_pays = in.requester_pays_enabled.value_or(false);
  record.minimum_encryption = in.enable_minimum_encryption_configuration.value_or(false);
  record.scan_cutoff = in.bytes_scanned_cutoff_per_query.value_or(0);
  record.execution_role = in.execution_role.value_or("");
  record.additional_configuration = in.additional_configuration.value_or("");
  if (in.engine_version) record.engine_version = in.engine_version->selected_engine_version.value_or("AUTO");
  if (in.result_configuration) {
    const ResultConfiguration& result = *in.result_configuration;
    record.result.output_location = result.output_location.value_or("");
    record.result.expected_bucket_owner = result.expected_bucket_owner.value_or("");
    if (result.encryption_configuration) {
      record.result.encryption_option = *result.encryption_configuration->encryption_option;
      record.result.kms_key = result.encryption_configuration->kms_key.value_or("");
    }
    if (result.acl_configuration) record.result.acl_option = *result.acl_configuration->s3_acl_option;
  }
  TRY(check_location(record.result.output_location));
  return record;
}

Status update_result(const ResultConfigurationUpdates& in, ResultRecord& result) {
  const auto change = [](const std::optional<bool>& remove, const std::optional<std::string>& value,
                         std::string& field) {
    if (remove.value_or(false)) field.clear();
    if (value) field = *value;
  };
  change(in.remove_output_location, in.output_location, result.output_location);
  change(in.remove_expected_bucket_owner, in.expected_bucket_owner, result.expected_bucket_owner);
  if (in.remove_encryption_configuration.value_or(false)) result.encryption_option.clear(), result.kms_key.clear();
  if (in.encryption_configuration) {
    result.encryption_option = *in.encryption_configuration->encryption_option;
    result.kms_key = in.encryption_configuration->kms_key.value_or("");
  }
  if (in.remove_acl_configuration.value_or(false)) result.acl_option.clear();
  if (in.acl_configuration) result.acl_option = *in.acl_configuration->s3_acl_option;
  return check_location(result.output_location);
}

Status update(const WorkGroupConfigurationUpdates& in, WorkgroupRecord& record) {
  TRY(refuse_unsupported(in));
  if (in.managed_query_results_configuration_updates &&
      in.managed_query_results_configuration_updates->enabled.value_or(false))
    return invalid("ManagedQueryResultsConfiguration is not supported: give an OutputLocation.");
  record.enforce = in.enforce_work_group_configuration.value_or(record.enforce);
  record.publish_metrics = in.publish_cloud_watch_metrics_enabled.value_or(record.publish_metrics);
  record.requester_pays = in.requester_pays_enabled.value_or(record.requester_pays);
  record.minimum_encryption = in.enable_minimum_encryption_configuration.value_or(record.minimum_encryption);
  if (in.remove_bytes_scanned_cutoff_per_query.value_or(false)) record.scan_cutoff = 0;
  record.scan_cutoff = in.bytes_scanned_cutoff_per_query.value_or(record.scan_cutoff);
  record.execution_role = in.execution_role.value_or(record.execution_role);
  record.additional_configuration = in.additional_configuration.value_or(record.additional_configuration);
  if (in.engine_version)
    record.engine_version = in.engine_version->selected_engine_version.value_or(record.engine_version);
  if (in.result_configuration_updates) TRY(update_result(*in.result_configuration_updates, record.result));
  return {};
}

WorkGroup to_wire(const WorkgroupKey& key, const WorkgroupRecord& record) {
  WorkGroupConfiguration configuration;
  ResultConfiguration result;
  if (!record.result.output_location.empty()) result.output_location = record.result.output_location;
  if (!record.result.expected_bucket_owner.empty()) result.expected_bucket_owner = record.result.expected_bucket_owner;
  if (!record.result.encryption_option.empty()) {
    EncryptionConfiguration encryption;
    encryption.encryption_option = record.result.encryption_option;
    if (!record.result.kms_key.empty()) encryption.kms_key = record.result.kms_key;
    result.encryption_configuration = std::move(encryption);
  }
  if (!record.result.acl_option.empty()) {
    AclConfiguration acl;
    acl.s3_acl_option = record.result.acl_option;
    result.acl_configuration = std::move(acl);
  }
  configuration.result_configuration = std::move(result);
  configuration.enforce_work_group_configuration = record.enforce;
  configuration.publish_cloud_watch_metrics_enabled = record.publish_metrics;
  configuration.requester_pays_enabled = record.requester_pays;
  configuration.enable_minimum_encryption_configuration = record.minimum_encryption;
  if (record.scan_cutoff > 0) configuration.bytes_scanned_cutoff_per_query = record.scan_cutoff;
  if (!record.execution_role.empty()) configuration.execution_role = record.execution_role;
  if (!record.additional_configuration.empty())
    configuration.additional_configuration = record.additional_configuration;
  configuration.engine_version = engine_version(record.engine_version);
  WorkGroup out;
  out.name = key.name;
  out.state = record.enabled ? "ENABLED" : "DISABLED";
  out.description = record.description;
  out.creation_time = record.created;
  out.configuration = std::move(configuration);
  return out;
}

WorkGroupSummary summary(const WorkgroupKey& key, const WorkgroupRecord& record) {
  WorkGroupSummary out;
  out.name = key.name;
  out.state = record.enabled ? "ENABLED" : "DISABLED";
  out.description = record.description;
  out.creation_time = record.created;
  out.engine_version = engine_version(record.engine_version);
  return out;
}

}  // namespace

std::string workgroup_arn(Call& call, std::string_view name) {
  return call.arn("athena", fmt::format("workgroup/{}", name));
}

Result<WorkgroupRecord> find_workgroup(Transaction& tx, const WorkgroupKey& key, Lock lock) {
  auto found = TRY(tx.get(kWorkgroups, key, lock));
  if (found) return std::move(*found);
  // AWS: the primary workgroup is always there; its settings are not enforced.
  if (key.name == kPrimary) return WorkgroupRecord{.enforce = false, .publish_metrics = false};
  return invalid(fmt::format("WorkGroup is not found: {}", key.name));
}

Result<CreateWorkGroupOutput> create_work_group(Athena&, Call& call, const CreateWorkGroupInput& in) {
  const WorkgroupKey key{call.account(), call.region(), *in.name};
  if (TRY(call.get(kWorkgroups, key)) || key.name == kPrimary)
    return invalid(fmt::format("WorkGroup {} is already created", key.name));
  const auto all = TRY(call.tx().scan(
      kWorkgroups, {.prefix = prefix_of(kWorkgroups, call.account(), call.region()), .limit = kMaxWorkgroups}));
  if (all.entries.size() >= kMaxWorkgroups)
    return invalid(fmt::format("There are {} workgroups, which is the most.", kMaxWorkgroups));
  WorkgroupRecord record;
  if (in.configuration) record = TRY(settings_of(*in.configuration));
  record.created = call.now();
  record.description = in.description.value_or("");
  TRY(call.put(kWorkgroups, key, record));
  TRY(put_tags(call, workgroup_arn(call, key.name), in.tags));
  return CreateWorkGroupOutput{};
}

Result<GetWorkGroupOutput> get_work_group(Athena&, Call& call, const GetWorkGroupInput& in) {
  const WorkgroupKey key = workgroup_key(call, in.work_group);
  GetWorkGroupOutput out;
  out.work_group = to_wire(key, TRY(find_workgroup(call.tx(), key)));
  return out;
}

Result<ListWorkGroupsOutput> list_work_groups(Athena&, Call& call, const ListWorkGroupsInput& in) {
  const std::string request = "ListWorkGroups " + call.account() + call.region();
  const std::string after = TRY(page_start(call.door(), request, in.next_token));
  const auto page = TRY(call.tx().scan(
      kWorkgroups, {.prefix = prefix_of(kWorkgroups, call.account(), call.region()),
                    .after = after,
                    .limit = static_cast<size_t>(std::clamp(in.max_results.value_or(kPage), 1, kPage))}));
  ListWorkGroupsOutput out;
  out.work_groups.set_present();
  const WorkgroupKey primary{call.account(), call.region(), std::string(kPrimary)};
  if (after.empty() && !TRY(call.tx().get(kWorkgroups, primary, Lock::kNone)))
    out.work_groups.push_back(summary(primary, TRY(find_workgroup(call.tx(), primary))));
  for (const auto& entry : page.entries) out.work_groups.push_back(summary(entry.key, entry.record));
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

Result<UpdateWorkGroupOutput> update_work_group(Athena&, Call& call, const UpdateWorkGroupInput& in) {
  const WorkgroupKey key = workgroup_key(call, in.work_group);
  WorkgroupRecord record = TRY(find_workgroup(call.tx(), key, Lock::kExclusive));
  if (in.description) record.description = *in.description;
  if (in.state) record.enabled = *in.state == "ENABLED";
  if (in.configuration_updates) TRY(update(*in.configuration_updates, record));
  TRY(call.put(kWorkgroups, key, record));
  return UpdateWorkGroupOutput{};
}

// AWS: DeleteWorkGroup: one with named queries or executions goes only with RecursiveDeleteOption.
Result<DeleteWorkGroupOutput> delete_work_group(Athena&, Call& call, const DeleteWorkGroupInput& in) {
  const WorkgroupKey key = workgroup_key(call, in.work_group);
  if (key.name == kPrimary) return invalid("The primary workgroup cannot be deleted.");
  TRY(find_workgroup(call.tx(), key, Lock::kExclusive));
  Transaction& tx = call.tx();
  const auto queries = TRY(tx.scan_index(
      kNamedQueries, kQueriesByWorkgroup, {.prefix = index_prefix(kQueriesByWorkgroup, key.owner, key.region, key.name)}));
  const auto executions = TRY(tx.scan_index(
      kExecutions, kByWorkgroup, {.prefix = index_prefix(kByWorkgroup, key.owner, key.region, key.name)}));
  const auto prepared =
      TRY(tx.scan(kPrepared, {.prefix = prefix_of(kPrepared, key.owner, key.region, key.name)}));
  const bool empty = queries.entries.empty() && executions.entries.empty() && prepared.entries.empty();
  if (!empty && !in.recursive_delete_option.value_or(false))
    return invalid(fmt::format("WorkGroup {} is not empty", key.name));
  for (const auto& entry : executions.entries)
    if (!is_over(entry.record.state))
      return invalid(fmt::format("WorkGroup {} has a query that is not over: {}", key.name, entry.key.id));
  for (const auto& entry : queries.entries) TRY(tx.erase(kNamedQueries, entry.key));
  for (const auto& entry : executions.entries) TRY(tx.erase(kExecutions, entry.key));
  for (const auto& entry : prepared.entries) TRY(tx.erase(kPrepared, entry.key));
  TRY(set_tags(tx, workgroup_arn(call, key.name), {}));
  TRY(tx.erase(kWorkgroups, key));
  return DeleteWorkGroupOutput{};
}

Result<ListEngineVersionsOutput> list_engine_versions(Athena&, Call&, const ListEngineVersionsInput&) {
  ListEngineVersionsOutput out;
  out.engine_versions.push_back(engine_version("AUTO"));
  out.engine_versions.push_back(engine_version(std::string(kEngineVersion)));
  return out;
}

}  // namespace tarn::athena

// What each operation needs: its action on the resource and on all that it lies in; one that deletes also on what lies
// in the resource. AWS: https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
#include <fmt/format.h>

#include "base/text.h"
#include "door/arn.h"
#include "services/glue/glue.h"

namespace tarn::glue {
namespace {

using Needs = Result<std::vector<Need>>;

std::string folded(const OptionalText& name) {
  return lower(name.value_or(""));
}

// The action on each of the resources ("catalog", "database/d" ..) of the owner's catalog, under its policy.
Needs needs_on(Call& call, std::string_view action, const OptionalText& catalog_id,
               const std::vector<std::string>& resources) {
  const CatalogPlace catalog = TRY(catalog_of(call, catalog_id));
  const auto policy = TRY(call.get(kPolicies, PolicyKey{catalog.owner, catalog.region}, Lock::kNone));
  std::vector<Need> needs;
  for (const std::string& resource : resources)
    needs.push_back({.action = fmt::format("glue:{}", action),
                     .resource = call.arn("glue", resource, catalog.owner),
                     .owner = catalog.owner,
                     .resource_policy = policy ? std::optional(policy->bound.empty() ? policy->document : policy->bound) : std::nullopt});
  return needs;
}

Needs database_needs(Call& call, std::string_view action, const OptionalText& catalog_id, const OptionalText& name) {
  return needs_on(call, action, catalog_id, {"catalog", "database/" + folded(name)});
}

// Of an operation on one table, or on all ("*"). `In` names them database_name and the table as given.
template <class In>
Needs table_needs(Call& call, std::string_view action, const In& in, const OptionalText& table) {
  return needs_on(call, action, in.catalog_id,
                  {"catalog", "database/" + folded(in.database_name),
                   fmt::format("table/{}/{}", folded(in.database_name), folded(table))});
}

template <class In>
Needs function_needs(Call& call, std::string_view action, const In& in, const OptionalText& function) {
  return needs_on(call, action, in.catalog_id,
                  {"catalog", "database/" + folded(in.database_name),
                   fmt::format("userDefinedFunction/{}/{}", folded(in.database_name), folded(function))});
}

// The action on the resource that the ARN names.
Needs arn_needs(Call& call, std::string_view action, const OptionalText& arn) {
  const auto parsed = Arn::parse(arn.value_or(""));
  return std::vector<Need>{{.action = fmt::format("glue:{}", action),
                            .resource = arn.value_or(""),
                            .owner = parsed ? parsed->account : call.account()}};
}

}  // namespace

// --- databases -------------------------------------------------------------------------------------------------------

Needs create_database_rights(Glue&, Call& call, const CreateDatabaseInput& in) {
  return database_needs(call, "CreateDatabase", in.catalog_id, in.database_input->name);
}
Needs get_database_rights(Glue&, Call& call, const GetDatabaseInput& in) {
  return database_needs(call, "GetDatabase", in.catalog_id, in.name);
}
// ASSUMED: the list needs no right on each database; AWS's own example policies give only the catalog and "default".
Needs get_databases_rights(Glue&, Call& call, const GetDatabasesInput& in) {
  return needs_on(call, "GetDatabases", in.catalog_id, {"catalog"});
}
Needs update_database_rights(Glue&, Call& call, const UpdateDatabaseInput& in) {
  return database_needs(call, "UpdateDatabase", in.catalog_id, in.name);
}
Needs delete_database_rights(Glue&, Call& call, const DeleteDatabaseInput& in) {
  const std::string name = folded(in.name);
  return needs_on(
      call, "DeleteDatabase", in.catalog_id,
      {"catalog", "database/" + name, fmt::format("table/{}/*", name), fmt::format("userDefinedFunction/{}/*", name)});
}

// --- tables ----------------------------------------------------------------------------------------------------------

Needs create_table_rights(Glue&, Call& call, const CreateTableInput& in) {
  return table_needs(call, "CreateTable", in, in.table_input ? in.table_input->name : in.name);
}
Needs get_table_rights(Glue&, Call& call, const GetTableInput& in) {
  return table_needs(call, "GetTable", in, in.name);
}
Needs get_tables_rights(Glue&, Call& call, const GetTablesInput& in) {
  return table_needs(call, "GetTables", in, "*");
}
Needs update_table_rights(Glue&, Call& call, const UpdateTableInput& in) {
  return table_needs(call, "UpdateTable", in, in.table_input ? in.table_input->name : in.name);
}
Needs delete_table_rights(Glue&, Call& call, const DeleteTableInput& in) {
  return table_needs(call, "DeleteTable", in, in.name);
}
Needs batch_delete_table_rights(Glue&, Call& call, const BatchDeleteTableInput& in) {
  std::vector<std::string> resources = {"catalog", "database/" + folded(in.database_name)};
  for (const std::string& table : in.tables_to_delete)
    resources.push_back(fmt::format("table/{}/{}", folded(in.database_name), lower(table)));
  return needs_on(call, "BatchDeleteTable", in.catalog_id, resources);
}

// --- versions and partitions: the table is their resource ------------------------------------------------------------

Needs get_table_version_rights(Glue&, Call& call, const GetTableVersionInput& in) {
  return table_needs(call, "GetTableVersion", in, in.table_name);
}
Needs get_table_versions_rights(Glue&, Call& call, const GetTableVersionsInput& in) {
  return table_needs(call, "GetTableVersions", in, in.table_name);
}
Needs delete_table_version_rights(Glue&, Call& call, const DeleteTableVersionInput& in) {
  return table_needs(call, "DeleteTableVersion", in, in.table_name);
}
Needs batch_delete_table_version_rights(Glue&, Call& call, const BatchDeleteTableVersionInput& in) {
  return table_needs(call, "BatchDeleteTableVersion", in, in.table_name);
}

Needs create_partition_rights(Glue&, Call& call, const CreatePartitionInput& in) {
  return table_needs(call, "CreatePartition", in, in.table_name);
}
Needs get_partition_rights(Glue&, Call& call, const GetPartitionInput& in) {
  return table_needs(call, "GetPartition", in, in.table_name);
}
Needs get_partitions_rights(Glue&, Call& call, const GetPartitionsInput& in) {
  return table_needs(call, "GetPartitions", in, in.table_name);
}
Needs update_partition_rights(Glue&, Call& call, const UpdatePartitionInput& in) {
  return table_needs(call, "UpdatePartition", in, in.table_name);
}
Needs delete_partition_rights(Glue&, Call& call, const DeletePartitionInput& in) {
  return table_needs(call, "DeletePartition", in, in.table_name);
}
Needs batch_create_partition_rights(Glue&, Call& call, const BatchCreatePartitionInput& in) {
  return table_needs(call, "BatchCreatePartition", in, in.table_name);
}
Needs batch_get_partition_rights(Glue&, Call& call, const BatchGetPartitionInput& in) {
  return table_needs(call, "BatchGetPartition", in, in.table_name);
}
Needs batch_update_partition_rights(Glue&, Call& call, const BatchUpdatePartitionInput& in) {
  return table_needs(call, "BatchUpdatePartition", in, in.table_name);
}
Needs batch_delete_partition_rights(Glue&, Call& call, const BatchDeletePartitionInput& in) {
  return table_needs(call, "BatchDeletePartition", in, in.table_name);
}
Needs create_partition_index_rights(Glue&, Call& call, const CreatePartitionIndexInput& in) {
  return table_needs(call, "CreatePartitionIndex", in, in.table_name);
}
Needs get_partition_indexes_rights(Glue&, Call& call, const GetPartitionIndexesInput& in) {
  return table_needs(call, "GetPartitionIndexes", in, in.table_name);
}
Needs delete_partition_index_rights(Glue&, Call& call, const DeletePartitionIndexInput& in) {
  return table_needs(call, "DeletePartitionIndex", in, in.table_name);
}

Needs update_column_statistics_for_table_rights(Glue&, Call& call, const UpdateColumnStatisticsForTableRequest& in) {
  return table_needs(call, "UpdateColumnStatisticsForTable", in, in.table_name);
}
Needs get_column_statistics_for_table_rights(Glue&, Call& call, const GetColumnStatisticsForTableRequest& in) {
  return table_needs(call, "GetColumnStatisticsForTable", in, in.table_name);
}
Needs delete_column_statistics_for_table_rights(Glue&, Call& call, const DeleteColumnStatisticsForTableRequest& in) {
  return table_needs(call, "DeleteColumnStatisticsForTable", in, in.table_name);
}
Needs update_column_statistics_for_partition_rights(Glue&, Call& call, const UpdateColumnStatisticsForPartitionRequest& in) {
  return table_needs(call, "UpdateColumnStatisticsForPartition", in, in.table_name);
}
Needs get_column_statistics_for_partition_rights(Glue&, Call& call, const GetColumnStatisticsForPartitionRequest& in) {
  return table_needs(call, "GetColumnStatisticsForPartition", in, in.table_name);
}
Needs delete_column_statistics_for_partition_rights(Glue&, Call& call, const DeleteColumnStatisticsForPartitionRequest& in) {
  return table_needs(call, "DeleteColumnStatisticsForPartition", in, in.table_name);
}
// AWS: SearchTables: on the catalog, all databases and all tables.
Needs search_tables_rights(Glue&, Call& call, const SearchTablesRequest& in) {
  return needs_on(call, "SearchTables", in.catalog_id, {"catalog", "database/*", "table/*/*"});
}

// --- connections -----------------------------------------------------------------------------------------------------

namespace {

Needs connection_needs(Call& call, std::string_view action, const OptionalText& catalog_id,
                       const std::vector<std::string>& names) {
  std::vector<std::string> resources = {"catalog"};
  for (const std::string& name : names) resources.push_back("connection/" + name);
  return needs_on(call, action, catalog_id, resources);
}

}  // namespace

Needs create_connection_rights(Glue&, Call& call, const CreateConnectionRequest& in) {
  const std::string name = in.connection_input->name.value_or("");
  std::vector<Need> needs = TRY(connection_needs(call, "CreateConnection", in.catalog_id, {name}));
  if (!in.tags.empty())
    needs.push_back({.action = "glue:TagResource", .resource = call.arn("glue", "connection/" + name)});
  return needs;
}
Needs get_connection_rights(Glue&, Call& call, const GetConnectionRequest& in) {
  return connection_needs(call, "GetConnection", in.catalog_id, {in.name.value_or("")});
}
Needs get_connections_rights(Glue&, Call& call, const GetConnectionsRequest& in) {
  return connection_needs(call, "GetConnections", in.catalog_id, {"*"});
}
Needs update_connection_rights(Glue&, Call& call, const UpdateConnectionRequest& in) {
  return connection_needs(call, "UpdateConnection", in.catalog_id, {in.name.value_or("")});
}
Needs delete_connection_rights(Glue&, Call& call, const DeleteConnectionRequest& in) {
  return connection_needs(call, "DeleteConnection", in.catalog_id, {in.connection_name.value_or("")});
}
Needs test_connection_rights(Glue&, Call& call, const TestConnectionRequest& in) {
  return connection_needs(call, "TestConnection", in.catalog_id, {in.connection_name.value_or("*")});
}
Needs batch_delete_connection_rights(Glue&, Call& call, const BatchDeleteConnectionRequest& in) {
  return connection_needs(call, "BatchDeleteConnection", in.catalog_id, in.connection_name_list.items());
}

// --- functions -------------------------------------------------------------------------------------------------------

Needs create_user_defined_function_rights(Glue&, Call& call, const CreateUserDefinedFunctionInput& in) {
  return function_needs(call, "CreateUserDefinedFunction", in, in.function_input->function_name);
}
Needs get_user_defined_function_rights(Glue&, Call& call, const GetUserDefinedFunctionInput& in) {
  return function_needs(call, "GetUserDefinedFunction", in, in.function_name);
}
Needs get_user_defined_functions_rights(Glue&, Call& call, const GetUserDefinedFunctionsInput& in) {
  GetUserDefinedFunctionsInput all = in;
  if (!all.database_name) all.database_name = "*";
  return function_needs(call, "GetUserDefinedFunctions", all, "*");
}
Needs update_user_defined_function_rights(Glue&, Call& call, const UpdateUserDefinedFunctionInput& in) {
  return function_needs(call, "UpdateUserDefinedFunction", in, in.function_name);
}
Needs delete_user_defined_function_rights(Glue&, Call& call, const DeleteUserDefinedFunctionInput& in) {
  return function_needs(call, "DeleteUserDefinedFunction", in, in.function_name);
}

// --- the catalog itself ----------------------------------------------------------------------------------------------

Needs get_catalog_import_status_rights(Glue&, Call& call, const GetCatalogImportStatusInput& in) {
  return needs_on(call, "GetCatalogImportStatus", in.catalog_id, {"catalog"});
}
// The policy does not decide about itself: only the owner's own people may see or change it.
Needs put_resource_policy_rights(Glue&, Call& call, const PutResourcePolicyInput&) {
  return std::vector<Need>{{.action = "glue:PutResourcePolicy", .resource = call.arn("glue", "catalog")}};
}
Needs get_resource_policy_rights(Glue&, Call& call, const GetResourcePolicyInput&) {
  return std::vector<Need>{{.action = "glue:GetResourcePolicy", .resource = call.arn("glue", "catalog")}};
}
Needs get_resource_policies_rights(Glue&, Call& call, const GetResourcePoliciesInput&) {
  return std::vector<Need>{{.action = "glue:GetResourcePolicies", .resource = call.arn("glue", "catalog")}};
}
Needs delete_resource_policy_rights(Glue&, Call& call, const DeleteResourcePolicyInput&) {
  return std::vector<Need>{{.action = "glue:DeleteResourcePolicy", .resource = call.arn("glue", "catalog")}};
}

Needs tag_resource_rights(Glue&, Call& call, const TagResourceInput& in) {
  return arn_needs(call, "TagResource", in.resource_arn);
}
Needs untag_resource_rights(Glue&, Call& call, const UntagResourceInput& in) {
  return arn_needs(call, "UntagResource", in.resource_arn);
}
Needs get_tags_rights(Glue&, Call& call, const GetTagsInput& in) {
  return arn_needs(call, "GetTags", in.resource_arn);
}

}  // namespace tarn::glue

// Subnet groups: kept and shown; there is one network here.
#include <fmt/format.h>

#include "base/text.h"
#include "door/door.h"
#include "door/tags.h"
#include "services/redshift/redshift.h"
#include "store/page_token.h"

namespace tarn::redshift {
namespace {

constexpr size_t kMaxSubnets = 20;  // AWS: Quotas and limits in Amazon Redshift: subnets in a subnet group

std::string group_arn(Call& call, std::string_view name) {
  return call.arn("redshift", fmt::format("subnetgroup:{}", name));
}

Result<ClusterSubnetGroup> to_wire(Call& call, const std::string& name, const SubnetGroupRecord& record) {
  ClusterSubnetGroup out{.cluster_subnet_group_name = name, .description = record.description};
  out.subnet_group_status = "Complete";
  out.subnets.set_present();
  for (const std::string& id : record.subnets) {
    Subnet& subnet = out.subnets.emplace_back();
    subnet.subnet_identifier = id;
    subnet.subnet_status = "Active";
  }
  out.tags = TRY(wire_tags(call, group_arn(call, name)));
  return out;
}

Result<SubnetGroupRecord> find_group(Call& call, const std::string& name, Lock lock) {
  auto record = TRY(call.get(kSubnetGroups, {call.account(), call.region(), name}, lock));
  if (!record)
    return fail(400, "ClusterSubnetGroupNotFoundFault", fmt::format("Cluster subnet group {} not found.", name));
  return std::move(*record);
}

Status check_subnets(const SubnetGroupRecord& record) {
  if (record.subnets.empty()) return fail(400, "InvalidSubnet", "A cluster subnet group has at least one subnet.");
  if (record.subnets.size() > kMaxSubnets)
    return fail(400, "ClusterSubnetQuotaExceededFault",
                fmt::format("A cluster subnet group has at most {} subnets.", kMaxSubnets));
  for (const std::string& id : record.subnets)
    if (!id.starts_with("subnet-"))
      return fail(400, "InvalidSubnet", fmt::format("'{}' is not the id of a subnet.", id));
  return {};
}

}  // namespace

Result<CreateClusterSubnetGroupResult> create_cluster_subnet_group(Redshift&, Call& call,
                                                                   const CreateClusterSubnetGroupMessage& in) {
  const GroupKey key{call.account(), call.region(), lower(*in.cluster_subnet_group_name)};
  if (key.name == "default") return invalid("The subnet group name 'default' is reserved.");
  if (TRY(call.get(kSubnetGroups, key)))
    return fail(400, "ClusterSubnetGroupAlreadyExists",
                fmt::format("Cluster subnet group {} already exists.", key.name));
  const SubnetGroupRecord record{*in.description, in.subnet_ids.items()};
  TRY(check_subnets(record));
  TRY(call.put(kSubnetGroups, key, record));
  TRY(add_given_tags(call, group_arn(call, key.name), in.tags));
  return CreateClusterSubnetGroupResult{.cluster_subnet_group = TRY(to_wire(call, key.name, record))};
}

Result<ClusterSubnetGroupMessage> describe_cluster_subnet_groups(Redshift&, Call& call,
                                                                 const DescribeClusterSubnetGroupsMessage& in) {
  ClusterSubnetGroupMessage out;
  out.cluster_subnet_groups.set_present();
  if (in.cluster_subnet_group_name) {
    const std::string name = lower(*in.cluster_subnet_group_name);
    out.cluster_subnet_groups.push_back(TRY(to_wire(call, name, TRY(find_group(call, name, Lock::kNone)))));
    return out;
  }
  const PageAsked asked = TRY(page_asked(call, "DescribeClusterSubnetGroups", in.max_records, in.marker));
  const auto page = TRY(call.tx().scan(
      kSubnetGroups,
      {.prefix = prefix_of(kSubnetGroups, call.account(), call.region()), .after = asked.after, .limit = asked.limit}));
  for (const auto& [key, record] : page.entries)
    if (TRY(has_tags(call, group_arn(call, key.name), in.tag_keys, in.tag_values)))
      out.cluster_subnet_groups.push_back(TRY(to_wire(call, key.name, record)));
  if (page.more) out.marker = page_token(call.door().store(), asked.request, page.last);
  return out;
}

Result<ModifyClusterSubnetGroupResult> modify_cluster_subnet_group(Redshift&, Call& call,
                                                                   const ModifyClusterSubnetGroupMessage& in) {
  const GroupKey key{call.account(), call.region(), lower(*in.cluster_subnet_group_name)};
  SubnetGroupRecord record = TRY(find_group(call, key.name, Lock::kExclusive));
  if (in.description) record.description = *in.description;
  record.subnets = in.subnet_ids.items();
  TRY(check_subnets(record));
  TRY(call.put(kSubnetGroups, key, record));
  return ModifyClusterSubnetGroupResult{.cluster_subnet_group = TRY(to_wire(call, key.name, record))};
}

Result<DeleteClusterSubnetGroupOutput> delete_cluster_subnet_group(Redshift&, Call& call,
                                                                   const DeleteClusterSubnetGroupMessage& in) {
  const GroupKey key{call.account(), call.region(), lower(*in.cluster_subnet_group_name)};
  TRY(find_group(call, key.name, Lock::kExclusive));
  auto at = call.tx().cursor(kClusters, {.prefix = prefix_of(kClusters, call.account(), call.region())});
  for (; at.valid(); at.next())
    if (TRY(at.record()).subnet_group == key.name)
      return fail(400, "InvalidClusterSubnetGroupStateFault",
                  fmt::format("The cluster {} uses the subnet group {}.", TRY(at.key()).name, key.name));
  TRY(at.status());
  TRY(call.erase(kSubnetGroups, key));
  TRY(set_tags(call.tx(), group_arn(call, key.name), {}));
  return DeleteClusterSubnetGroupOutput{};
}

}  // namespace tarn::redshift

// What requests that make, change or restore a cluster say alike.
#pragma once

#include <fmt/format.h>

#include "base/text.h"
#include "door/door.h"
#include "services/redshift/redshift.h"

namespace tarn::redshift {

// ERRORS: ClusterParameterGroupNotFound; ClusterSubnetGroupNotFoundFault.
Status check_parameter_group(Call& call, const ClusterRecord& record);
Status check_subnet_group(Call& call, const ClusterRecord& record);

// Sets what is said. ERRORS: what this server does not have, refused by name; numbers out of range.
template <class Input>
Status take_settings(Call& call, const Input& in, ClusterRecord& record) {
  if (in.manage_master_password.value_or(false)) return unsupported("ManageMasterPassword is not supported.");
  if (in.hsm_client_certificate_identifier || in.hsm_configuration_identifier)
    return unsupported("Hardware security modules are not supported.");
  if (in.elastic_ip) return unsupported("ElasticIp is not supported.");
  if (in.multi_az.value_or(false)) return unsupported("MultiAZ is not supported: there is one machine.");
  if (in.availability_zone_relocation.value_or(false))
    return unsupported("AvailabilityZoneRelocation is not supported: there is one machine.");
  if (!in.cluster_security_groups.empty())
    return unsupported("ClusterSecurityGroups are EC2-Classic's and not supported: use VpcSecurityGroupIds.");
  if (in.node_type) record.node_type = *in.node_type;
  if (in.number_of_nodes) record.nodes = *in.number_of_nodes;
  if (record.nodes < 1 || record.nodes > 100)
    return invalid(fmt::format("NumberOfNodes {} is not between 1 and 100.", record.nodes));
  if (in.port) record.port = *in.port;
  if (record.port < 1115 || record.port > 65535)
    return invalid(fmt::format("The port {} is not between 1115 and 65535.", record.port));
  if (in.cluster_parameter_group_name) {
    record.parameter_group = lower(*in.cluster_parameter_group_name);
    TRY(check_parameter_group(call, record));
  }
  if (in.availability_zone) record.availability_zone = *in.availability_zone;
  if (in.preferred_maintenance_window) record.maintenance_window = *in.preferred_maintenance_window;
  if (in.kms_key_id) record.kms_key = *in.kms_key_id;
  if (in.vpc_security_group_ids.has_value()) record.security_groups = in.vpc_security_group_ids.items();
  if (in.automated_snapshot_retention_period) record.automated_retention = *in.automated_snapshot_retention_period;
  if (in.manual_snapshot_retention_period) record.manual_retention = *in.manual_snapshot_retention_period;
  if (in.publicly_accessible) record.publicly_accessible = *in.publicly_accessible;
  if (in.encrypted) record.encrypted = *in.encrypted;
  if (in.enhanced_vpc_routing) record.enhanced_vpc_routing = *in.enhanced_vpc_routing;
  if (in.allow_version_upgrade) record.allow_version_upgrade = *in.allow_version_upgrade;
  return {};
}

}  // namespace tarn::redshift

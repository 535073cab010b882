// What Redshift keeps of clusters and their groups.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "store/table.h"

namespace tarn::redshift {

struct ClusterKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct ClusterRecord {
  std::string namespace_id;  // a uuid: its databases hang on it
  std::string node_type, db_name, master_user;
  std::string master_password;  // door/database_password.h; empty: none was given
  int32_t nodes = 1, port = 5439;
  std::string default_role;
  std::vector<std::string> roles;
  std::string parameter_group, subnet_group, availability_zone, maintenance_window, kms_key;
  std::vector<std::string> security_groups;
  int32_t automated_retention = 1, manual_retention = -1;
  bool publicly_accessible = false, encrypted = false, enhanced_vpc_routing = false, allow_version_upgrade = true;
  bool paused = false;
  Time created;
  static void fields(auto& self, auto&& visit) {
    visit(self.namespace_id, self.node_type, self.db_name, self.master_user, self.master_password, self.nodes,
          self.port, self.default_role, self.roles, self.parameter_group, self.subnet_group, self.availability_zone,
          self.maintenance_window, self.kms_key, self.security_groups, self.automated_retention, self.manual_retention,
          self.publicly_accessible, self.encrypted, self.enhanced_vpc_routing, self.allow_version_upgrade, self.paused,
          self.created);
  }
};
inline constexpr Table<ClusterKey, ClusterRecord> kClusters{"redshift.clusters"};

// Its name is unique in the account and region, as on AWS.
struct SnapshotKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct SnapshotRecord {
  std::string id;  // a uuid, the copy's too (door/warehouse_copies.h): without that the snapshot is gone
  std::string cluster_name;
  ClusterRecord cluster;   // as it was
  int32_t retention = -1;  // days; -1: for ever
  Time created, retention_start;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.cluster_name, self.cluster, self.retention, self.created, self.retention_start);
  }
};
inline constexpr Table<SnapshotKey, SnapshotRecord> kSnapshots{"redshift.snapshots"};

struct GroupKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct ParameterGroupRecord {
  std::string family, description;
  std::vector<std::pair<std::string, std::string>> values;  // those that differ from the default
  static void fields(auto& self, auto&& visit) { visit(self.family, self.description, self.values); }
};
inline constexpr Table<GroupKey, ParameterGroupRecord> kParameterGroups{"redshift.parameter_groups"};

struct SubnetGroupRecord {
  std::string description;
  std::vector<std::string> subnets;
  static void fields(auto& self, auto&& visit) { visit(self.description, self.subnets); }
};
inline constexpr Table<GroupKey, SubnetGroupRecord> kSubnetGroups{"redshift.subnet_groups"};

}  // namespace tarn::redshift

// What Redshift Serverless keeps.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "store/table.h"

namespace tarn::redshift_serverless {

struct NamespaceKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct NamespaceRecord {
  std::string id;  // a uuid
  std::string db_name, admin_user;
  std::string admin_password;  // salt and digest; empty: none was given
  std::string default_role;
  std::vector<std::string> roles;
  std::vector<std::string> log_exports;
  std::string kms_key;
  Time created;
  std::string creator;  // the database user of whoever made it
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.db_name, self.admin_user, self.admin_password, self.default_role, self.roles, self.log_exports,
          self.kms_key, self.created, self.creator);
  }
};
inline constexpr Table<NamespaceKey, NamespaceRecord> kNamespaces{"redshift_serverless.namespaces"};

struct SnapshotKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct SnapshotRecord {
  std::string id;  // a uuid, the copy's too (door/warehouse_copies.h): without that the snapshot is gone
  std::string namespace_name, namespace_arn, admin_user, kms_key;
  int32_t retention = -1;  // days; -1: for ever
  Time created, retention_start;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.namespace_name, self.namespace_arn, self.admin_user, self.kms_key, self.retention,
          self.created, self.retention_start);
  }
};
inline constexpr Table<SnapshotKey, SnapshotRecord> kSnapshots{"redshift_serverless.snapshots"};

struct WorkgroupKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct WorkgroupRecord {
  std::string id;  // a uuid
  std::string namespace_name;
  int32_t base_capacity = 128;
  std::optional<int32_t> max_capacity;
  int32_t port = 5439;
  bool publicly_accessible = false, enhanced_vpc_routing = false;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::vector<std::string> security_groups, subnets;
  std::string ip_address_type = "ipv4";
  Time created;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.namespace_name, self.base_capacity, self.max_capacity, self.port, self.publicly_accessible,
          self.enhanced_vpc_routing, self.parameters, self.security_groups, self.subnets, self.ip_address_type,
          self.created);
  }
};
inline constexpr Table<WorkgroupKey, WorkgroupRecord> kWorkgroups{"redshift_serverless.workgroups"};

}  // namespace tarn::redshift_serverless

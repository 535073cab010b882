// Amazon Redshift Serverless: namespaces and workgroups. Their SQL runs in redshift_data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "door/call.h"
#include "gen/redshift_serverless/handlers.h"
#include "services/redshift_serverless/records.h"

namespace tarn::redshift_serverless {

class RedshiftServerless {
 public:
  // Where the PostgreSQL wire listens: what workgroups say their endpoint's port is. REQUIRES: set before the first call.
  void set_port(uint16_t port) { port_ = port; }
  std::optional<uint16_t> port() const { return port_; }

 private:
  std::optional<uint16_t> port_;
};

struct FoundNamespace {
  NamespaceKey key;
  NamespaceRecord record;
};
struct FoundWorkgroup {
  WorkgroupKey key;
  WorkgroupRecord record;
};
// ERRORS: ResourceNotFoundException.
Result<FoundNamespace> find_namespace(Call& call, std::string_view name, Lock lock);
Result<FoundWorkgroup> find_workgroup(Call& call, std::string_view name, Lock lock);

std::string namespace_arn(const NamespaceKey& key, const NamespaceRecord& record);
std::string workgroup_arn(const WorkgroupKey& key, const WorkgroupRecord& record);

// A snapshot of the namespace as it is now. ERRORS: ConflictException: the name is taken.
Result<std::pair<SnapshotKey, SnapshotRecord>> make_snapshot(Call& call, const FoundNamespace& of, const std::string& name,
                                                             const std::optional<int32_t>& retention);
std::string snapshot_arn(const SnapshotKey& key, const SnapshotRecord& record);

Result<Namespace> namespace_to_wire(Call& call, const NamespaceKey& key, const NamespaceRecord& record);

// The right to do the action to what has that name; to all of them where there is no such thing, so that only those who
// may see any learn that it is not there.
Result<std::vector<Need>> namespace_need(Call& call, std::string_view action, std::string_view name);
Result<std::vector<Need>> workgroup_need(Call& call, std::string_view action, std::string_view name);

// AWS: GetCredentials: the database user of an IAM identity.
std::string database_user(const Principal& principal);

inline Failure invalid(std::string message) {
  return fail(400, "ValidationException", std::move(message));
}
Failure not_found(std::string message, std::string_view name);
inline Failure conflict(std::string message) {
  return fail(400, "ConflictException", std::move(message));
}

// Where the page after `token` begins. ERRORS: ValidationException.
Result<std::string> page_start(Call& call, std::string_view request, const std::optional<std::string>& token);

Status add_given_tags(Call& call, std::string_view arn, const wire::List<Tag>& tags);

}  // namespace tarn::redshift_serverless

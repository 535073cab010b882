// Amazon Redshift: provisioned clusters. Their SQL runs in redshift_data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "door/call.h"
#include "gen/redshift/handlers.h"
#include "services/redshift/records.h"

namespace tarn::redshift {

constexpr std::string_view kDefaultParameterGroup = "default.redshift-2.0";

class Redshift {
 public:
  // Where the PostgreSQL wire listens: what clusters say their port is. REQUIRES: set before the first call.
  void set_port(uint16_t port) { port_ = port; }
  std::optional<uint16_t> port() const { return port_; }

 private:
  std::optional<uint16_t> port_;
};

struct FoundCluster {
  ClusterKey key;
  ClusterRecord record;
};
// ERRORS: ClusterNotFound.
Result<FoundCluster> find_cluster(Call& call, std::string_view name, Lock lock);

std::string cluster_arn(const ClusterKey& key);
Result<Cluster> cluster_to_wire(Redshift& redshift, Call& call, const ClusterKey& key, const ClusterRecord& record);
Status check_cluster_name(const std::string& name);
// Of its roles, and of the default one among them.
Status check_cluster_roles(const ClusterRecord& record);
void add_cluster_role(std::vector<std::string>& roles, const std::string& role);
// The rights to pass these roles to a cluster.
void add_pass_role(std::vector<std::string> roles, const std::optional<std::string>& default_role,
                   std::vector<Need>& needs);

// A snapshot of the cluster as it is now. ERRORS: ClusterSnapshotAlreadyExists, InvalidRetentionPeriodFault.
Result<std::pair<SnapshotKey, SnapshotRecord>> make_snapshot(Call& call, const FoundCluster& of, const std::string& name,
                                                             const std::optional<int32_t>& retention);
std::string snapshot_arn(const SnapshotKey& key, const SnapshotRecord& record);

inline Failure invalid(std::string message) {
  return fail(400, "InvalidParameterValue", std::move(message));
}
inline Failure unsupported(std::string message) {
  return fail(400, "UnsupportedOperation", std::move(message));
}

// Tags that were given with a new resource. ERRORS: TagLimitExceededFault.
Status add_given_tags(Call& call, std::string_view arn, const wire::List<Tag>& tags);
Result<wire::List<Tag>> wire_tags(Call& call, std::string_view arn);
// Does a list asked for with these tag keys and values hold the resource?
Result<bool> has_tags(Call& call, std::string_view arn, const wire::List<std::string>& keys,
                      const wire::List<std::string>& values);

// Of a list's page: how many, and what the page before ended with. ERRORS: InvalidParameterValue.
struct PageAsked {
  std::string request;  // what the next page's request must repeat
  std::string after;
  size_t limit = 100;
};
Result<PageAsked> page_asked(Call& call, std::string_view operation, const std::optional<int32_t>& limit,
                             const std::optional<std::string>& marker);

}  // namespace tarn::redshift

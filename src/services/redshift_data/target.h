// What a request of the Data API names: a workgroup, or a provisioned cluster with or without a database user.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "services/redshift_data/workgroup.h"

namespace tarn::redshift_data {

struct Target {
  std::string workgroup;  // name or ARN
  std::string cluster, user, database;

  // The same for a later statement of a session there.
  static Target again(const Workgroup& place);
};

template <class Input>
Target target_of(const Input& in) {
  return {in.workgroup_name.value_or(""), in.cluster_identifier.value_or(""), in.db_user.value_or(""),
          in.database.value_or("")};
}

bool is_cluster(const Workgroup& place);
bool is_cluster_arn(const std::string& arn);

// As workgroup_needs() and open_workgroup() say; of a cluster, the rights to redshift:GetClusterCredentials of the user, or to
// redshift:GetClusterCredentialsWithIAM where none is named.
Result<std::vector<Need>> target_needs(Call& call, const Target& target, std::string_view action);
Result<Workgroup> open_target(Call& call, const Target& target);

}  // namespace tarn::redshift_data

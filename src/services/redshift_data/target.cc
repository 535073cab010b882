#include "services/redshift_data/target.h"

#include <fmt/format.h>

#include "base/text.h"
#include "door/door.h"
#include "gen/redshift/shapes.h"
#include "services/redshift_data/definitions.h"

namespace tarn::redshift_data {
namespace {

constexpr std::string_view kVia = "redshift-data.amazonaws.com";

// The cluster without a user. ERRORS: ValidationException, in the Data API's words.
Result<Workgroup> find_cluster(Call& call, const std::string& name) {
  redshift::DescribeClustersMessage describe;
  describe.cluster_identifier = name;
  const auto found = call.door().call(as_account(call.caller()), describe);
  if (!found)
    return fail(400, found.error().code == "ClusterNotFound" ? "ValidationException" : found.error().code,
                found.error().code == "ClusterNotFound"
                    ? fmt::format("Redshift endpoint doesn't exist in this region: cluster {}", name)
                    : found.error().message);
  const redshift::Cluster& cluster = found->clusters.items().at(0);
  if (cluster.cluster_status == "paused")
    return fail(400, "ValidationException", fmt::format("Cluster {} is paused: resume it first", name));
  if (cluster.cluster_status != "available")
    return fail(400, "ValidationException", fmt::format("Cluster {} is {}", name, *cluster.cluster_status));
  Workgroup out;
  out.account = call.account();
  out.region = call.region();
  out.name = *cluster.cluster_identifier;
  out.arn = call.arn("redshift", "cluster:" + out.name);
  out.namespace_name = out.name;
  out.namespace_id = cluster.cluster_namespace_arn->substr(cluster.cluster_namespace_arn->rfind(':') + 1);
  out.database = cluster.db_name.value_or("dev");
  out.admin = cluster.master_username.value_or("");
  out.default_role = cluster.default_iam_role_arn.value_or("");
  for (const redshift::ClusterIamRole& role : cluster.iam_roles) out.roles.push_back(role.iam_role_arn.value_or(""));
  return out;
}

}  // namespace

bool is_cluster_arn(const std::string& arn) {
  return arn.starts_with("arn:aws:redshift:");
}
bool is_cluster(const Workgroup& place) {
  return is_cluster_arn(place.arn);
}

Target Target::again(const Workgroup& place) {
  if (!is_cluster(place)) return {.workgroup = place.name};
  const bool federated = place.user.starts_with("IAM:") || place.user.starts_with("IAMR:");
  return {.cluster = place.name, .user = federated ? "" : place.user, .database = place.database};
}

Result<std::vector<Need>> target_needs(Call& call, const Target& target, std::string_view action) {
  if (target.cluster.empty()) return workgroup_needs(call, target.workgroup, action);
  const std::string cluster = lower(target.cluster);
  const std::string database =
      call.arn("redshift", fmt::format("dbname:{}/{}", cluster, target.database.empty() ? "*" : target.database));
  std::vector<Need> needs{{std::string(action), call.arn("redshift", "cluster:" + cluster)}};
  if (target.user.empty()) {
    needs.push_back({"redshift:GetClusterCredentialsWithIAM", database});
  } else {
    needs.push_back(
        {"redshift:GetClusterCredentials", call.arn("redshift", fmt::format("dbuser:{}/{}", cluster, target.user))});
    if (!target.database.empty()) needs.push_back({"redshift:GetClusterCredentials", database});
  }
  return needs;
}

Result<Workgroup> open_target(Call& call, const Target& target) {
  if (target.cluster.empty()) return open_workgroup(call, target.workgroup);
  Workgroup found = TRY(find_cluster(call, target.cluster));
  Caller through = call.caller();
  through.called_via.emplace_back(kVia);
  const std::optional<std::string> database = target.database.empty() ? std::nullopt : std::optional(target.database);
  if (target.user.empty()) {
    redshift::GetClusterCredentialsWithIAMMessage get{.db_name = database, .cluster_identifier = found.name};
    found.user = *TRY(call.door().call(through, get)).db_user;
  } else {
    redshift::GetClusterCredentialsMessage get{
        .db_user = target.user, .db_name = database, .cluster_identifier = found.name};
    TRY(call.door().call(through, get));
    found.user = lower(target.user);
    // AWS: ExecuteStatement, DbUser: one that is there.
    if (found.user != found.admin && !TRY(has_user(*call.door().store().read(), found.namespace_id, found.user)))
      return fail(400, "ValidationException", fmt::format("user \"{}\" does not exist", found.user));
  }
  TRY(admit(call.door().store(), found, false));
  return found;
}

}  // namespace tarn::redshift_data

#include "pgwire/endpoints.h"

#include "base/text.h"
#include "door/warehouse_copies.h"
#include "services/redshift/redshift.h"
#include "services/redshift_serverless/records.h"
#include "services/redshift_serverless/redshift_serverless.h"

namespace tarn::pgwire {

namespace {

namespace serverless = redshift_serverless;

// A namespace whose restoring failed is as it was; a cluster's has nothing.
Result<bool> is_restoring(Transaction& tx, const std::string& warehouse, bool cluster) {
  const auto restoring = TRY(tx.get(kWarehouseRestores, {warehouse}, Lock::kNone));
  return restoring && (cluster || restoring->error.empty());
}

Status add_workgroups(Transaction& tx, std::vector<Endpoint>& all) {
  auto at = tx.cursor(serverless::kWorkgroups, {});
  for (; at.valid(); at.next()) {
    const auto key = TRY(at.key());
    const auto record = TRY(at.record());
    const auto home = TRY(tx.get(serverless::kNamespaces, {key.owner, key.region, record.namespace_name}, Lock::kNone));
    if (!home || TRY(is_restoring(tx, home->id, false))) continue;
    Endpoint& endpoint = all.emplace_back();
    endpoint.place = {.account = key.owner,
                      .region = key.region,
                      .name = key.name,
                      .arn = serverless::workgroup_arn(key, record),
                      .namespace_name = record.namespace_name,
                      .namespace_id = home->id,
                      .database = home->db_name,
                      .default_role = home->default_role,
                      .roles = home->roles};
    endpoint.admin = home->admin_user;
    endpoint.admin_password = home->admin_password;
  }
  return at.status();
}

// Paused ones let nobody in.
Status add_clusters(Transaction& tx, std::vector<Endpoint>& all) {
  auto at = tx.cursor(redshift::kClusters, {});
  for (; at.valid(); at.next()) {
    const auto key = TRY(at.key());
    const auto record = TRY(at.record());
    if (record.paused || TRY(is_restoring(tx, record.namespace_id, true))) continue;
    Endpoint& endpoint = all.emplace_back();
    endpoint.place = {.account = key.owner,
                      .region = key.region,
                      .name = key.name,
                      .arn = redshift::cluster_arn(key),
                      .namespace_name = key.name,
                      .namespace_id = record.namespace_id,
                      .database = record.db_name,
                      .default_role = record.default_role,
                      .roles = record.roles};
    endpoint.admin = record.master_user;
    endpoint.admin_password = record.master_password;
    endpoint.serverless = false;
  }
  return at.status();
}

}  // namespace

Result<std::vector<Endpoint>> endpoints(Transaction& tx) {
  std::vector<Endpoint> all;
  TRY(add_workgroups(tx, all));
  TRY(add_clusters(tx, all));
  return all;
}

Result<bool> is_there(Transaction& tx, const redshift_data::Workgroup& place) {
  if (place.arn.find(":cluster:") != std::string::npos) {
    const auto cluster = TRY(tx.get(redshift::kClusters, {place.account, place.region, place.name}, Lock::kNone));
    return cluster && cluster->namespace_id == place.namespace_id && !cluster->paused;
  }
  const serverless::WorkgroupKey key{place.account, place.region, place.name};
  const auto workgroup = TRY(tx.get(serverless::kWorkgroups, key, Lock::kNone));
  if (!workgroup || serverless::workgroup_arn(key, *workgroup) != place.arn) return false;
  const auto home = TRY(tx.get(serverless::kNamespaces, {key.owner, key.region, workgroup->namespace_name}, Lock::kNone));
  return home && home->id == place.namespace_id;
}

bool is_host_of(const Endpoint& endpoint, std::string_view host) {
  const std::string name = lower(host);
  const auto labels = split(name, '.');
  if (labels[0] != lower(endpoint.place.name)) return false;
  if (labels.size() < 5) return true;
  // What stands between is a cluster's random part, which is not kept.
  const bool account = !endpoint.serverless || labels[1] == endpoint.place.account;
  return account && labels[2] == endpoint.place.region;
}

}  // namespace tarn::pgwire

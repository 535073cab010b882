// Temporary passwords of a cluster's database users.
#include <fmt/format.h>

#include "base/text.h"
#include "door/database_password.h"
#include "door/door.h"
#include "os/clock.h"
#include "services/redshift/redshift.h"

namespace tarn::redshift {
namespace {

constexpr int32_t kMinSeconds = 900, kMaxSeconds = 3600;

Result<Time> expiry(const std::optional<int32_t>& asked) {
  const int32_t seconds = asked.value_or(kMinSeconds);
  if (seconds < kMinSeconds || seconds > kMaxSeconds)
    return invalid(fmt::format("DurationSeconds {} is not between {} and {}.", seconds, kMinSeconds, kMaxSeconds));
  return system_now() + seconds * kSecond;
}

template <class Input>
Result<FoundCluster> named_cluster(Call& call, const Input& in) {
  if (in.custom_domain_name) return unsupported("CustomDomainName is not supported: give ClusterIdentifier.");
  if (!in.cluster_identifier) return invalid("ClusterIdentifier must be given.");
  return find_cluster(call, *in.cluster_identifier, Lock::kNone);
}

// AWS: GetClusterCredentialsWithIAM: the user is made from the caller's identity.
std::string user_of(const Principal& principal) {
  switch (principal.kind) {
    case Principal::Kind::kUser: return "IAM:" + principal.user_name;
    case Principal::Kind::kAssumedRole: return "IAMR:" + principal.role_arn.substr(principal.role_arn.rfind('/') + 1);
    default: return "IAM:root";  // ASSUMED: the page names users and roles only
  }
}

}  // namespace

Result<std::vector<Need>> get_cluster_credentials_rights(Redshift&, Call& call,
                                                         const GetClusterCredentialsMessage& in) {
  const std::string cluster = lower(in.cluster_identifier.value_or("*"));
  const std::string user = call.arn("redshift", fmt::format("dbuser:{}/{}", cluster, *in.db_user));
  std::vector<Need> needs{{"redshift:GetClusterCredentials", user}};
  if (in.db_name)
    needs.push_back(
        {"redshift:GetClusterCredentials", call.arn("redshift", fmt::format("dbname:{}/{}", cluster, *in.db_name))});
  if (in.auto_create.value_or(false)) needs.push_back({"redshift:CreateClusterUser", user});
  for (const std::string& group : in.db_groups)
    needs.push_back({"redshift:JoinGroup", call.arn("redshift", fmt::format("dbgroup:{}/{}", cluster, group))});
  return needs;
}

Result<ClusterCredentials> get_cluster_credentials(Redshift&, Call& call, const GetClusterCredentialsMessage& in) {
  const FoundCluster found = TRY(named_cluster(call, in));
  const std::string user = lower(*in.db_user);
  if (user == "public") return invalid("The database user name PUBLIC is reserved.");
  if (!in.db_groups.empty())
    return unsupported("DbGroups is not supported: ALTER GROUP .. ADD USER adds the user for good.");
  ClusterCredentials out;
  out.expiration = TRY(expiry(in.duration_seconds));
  // AWS: GetClusterCredentials: the name to log in with says how it was got, and whether the user may be made.
  const bool make = in.auto_create.value_or(false);
  out.db_user = (make ? "IAMA:" : "IAM:") + *in.db_user;
  out.db_password = seal_database_password(call.door().store(), {.login = *out.db_user,
                                                                 .user = user,
                                                                 .warehouse = cluster_arn(found.key),
                                                                 .database = lower(in.db_name.value_or("")),
                                                                 .principal = call.principal().arn,
                                                                 .auto_create = make,
                                                                 .expires = *out.expiration});
  return out;
}

Result<std::vector<Need>> get_cluster_credentials_with_iam_rights(Redshift&, Call& call,
                                                                  const GetClusterCredentialsWithIAMMessage& in) {
  const std::string cluster = lower(in.cluster_identifier.value_or("*"));
  return std::vector<Need>{{"redshift:GetClusterCredentialsWithIAM",
                            call.arn("redshift", fmt::format("dbname:{}/{}", cluster, in.db_name.value_or("*")))}};
}

Result<ClusterExtendedCredentials> get_cluster_credentials_with_iam(Redshift&, Call& call,
                                                                    const GetClusterCredentialsWithIAMMessage& in) {
  const FoundCluster found = TRY(named_cluster(call, in));
  ClusterExtendedCredentials out;
  out.db_user = user_of(call.principal());
  out.expiration = TRY(expiry(in.duration_seconds));
  out.next_refresh_time = out.expiration;
  out.db_password = seal_database_password(call.door().store(), {.login = *out.db_user,
                                                                 .user = *out.db_user,
                                                                 .warehouse = cluster_arn(found.key),
                                                                 .database = lower(in.db_name.value_or("")),
                                                                 .principal = call.principal().arn,
                                                                 .auto_create = true,
                                                                 .expires = *out.expiration});
  return out;
}

}  // namespace tarn::redshift

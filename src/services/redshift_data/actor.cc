#include "services/redshift_data/actor.h"

#include <fmt/format.h>

#include "base/text.h"
#include "gen/sts/shapes.h"
#include "sql/sql_error.h"

namespace tarn::redshift_data {
namespace {

constexpr std::string_view kSessionName = "RedshiftIamRoleSession";

}  // namespace

void Actor::set_roles(sql::StatementRoles roles) {
  const std::lock_guard lock(mutex_);
  roles_ = std::move(roles);
}

// A role that the service may assume, or a chain "a,b": each assumes the next. AWS: Chaining IAM roles in Amazon Redshift.
Result<Caller> Actor::as(const std::string& role) {
  const std::lock_guard lock(mutex_);
  if (const auto known = callers_.find(role); known != callers_.end()) return known->second;
  const auto chain = split(role, ',');
  const std::string first(chain.empty() ? "" : chain[0]);
  auto caller = door_.assume_as_service(from_, first, "redshift.amazonaws.com", kSessionName);
  if (!caller) caller = door_.assume_as_service(from_, first, "redshift-serverless.amazonaws.com", kSessionName);
  if (!caller)
    return sql::sql_error(
        sql::kInsufficientPrivilege,
        fmt::format("User arn:aws:redshift:{}:{}:dbuser:serverless-{}/{} is not authorized to assume IAM Role {}: its "
                    "trust policy must let redshift.amazonaws.com assume it",
                    workgroup_.region, workgroup_.account, workgroup_.name, workgroup_.user, first));
  for (size_t i = 1; i < chain.size(); ++i) caller->principal = TRY(next_role(*caller, std::string(chain[i])));
  callers_[role] = *caller;
  return caller;
}

Result<Principal> Actor::next_role(const Caller& caller, const std::string& role) {
  sts::AssumeRoleRequest assume;
  assume.role_arn = role;
  assume.role_session_name = std::string(kSessionName);
  const auto assumed = door_.call(caller, assume);
  if (!assumed)
    return sql::sql_error(sql::kInsufficientPrivilege,
                          fmt::format("IAM Role {} is not authorized to assume IAM Role {}: {}",
                                      caller.principal.role_arn, role, assumed.error().message));
  Principal principal{.kind = Principal::Kind::kAssumedRole,
                      .account = std::string(split(role, ':').size() > 4 ? split(role, ':')[4] : ""),
                      .arn = *assumed->assumed_role_user->arn,
                      .user_id = *assumed->assumed_role_user->assumed_role_id};
  principal.role_arn = role;
  principal.session_name = kSessionName;
  return principal;
}

std::vector<sql::StoredSchema> Actor::schemas() {
  const std::lock_guard lock(mutex_);
  return roles_.schemas;
}

std::optional<sql::StoredSchema> Actor::schema_of(const std::string& glue_database) {
  const std::lock_guard lock(mutex_);
  for (const sql::StoredSchema& schema : roles_.schemas)
    if (schema.catalog_name() == glue_database) return schema;
  return std::nullopt;
}

void Actor::reads_below(const std::string& prefix, const std::string& role) {
  const std::lock_guard lock(mutex_);
  for (const auto& known : readers_)
    if (known.first == prefix) return;
  readers_.emplace_back(prefix, role);
}

std::string Actor::reader_of(const std::string& uri) {
  const std::lock_guard lock(mutex_);
  std::string role = roles_.role;
  size_t longest = 0;
  for (const auto& [prefix, reader] : readers_)
    if (uri.starts_with(prefix) && prefix.size() > longest) {
      longest = prefix.size();
      role = reader;
    }
  return role;
}

}  // namespace tarn::redshift_data

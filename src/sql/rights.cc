#include "sql/rights.h"

#include <algorithm>

namespace tarn::sql {
namespace {

bool holds(const Identity& who, const Right& right) {
  const auto among = [&](const std::vector<std::string>& names) {
    return std::ranges::find(names, right.grantee) != names.end();
  };
  if (right.grantee_kind == "public") return true;
  if (right.grantee_kind == "user") return right.grantee == who.user;
  return among(right.grantee_kind == "group" ? who.groups : who.roles);
}

}  // namespace

std::string query_view(const std::string& schema, const std::string& name) {
  return schema + kQueryViewMark + name;
}

std::string Rights::owner_of(const Object& object) const {
  const auto found = std::ranges::find(owners, object, &Ownership::object);
  return found == owners.end() ? "" : found->owner;
}

bool Rights::owns(const Identity& who, const Object& object) const {
  return who.superuser || owner_of(object) == who.user;
}

bool Rights::may(const Identity& who, const Object& object, std::string_view privilege, bool grantable) const {
  if (owns(who, object)) return true;
  return std::ranges::any_of(rights, [&](const Right& right) {
    return right.object == object && right.column.empty() && right.privilege == privilege &&
           (!grantable || right.grantable) && holds(who, right);
  });
}

bool Rights::may_column(const Identity& who, const Object& object, std::string_view column,
                        std::string_view privilege) const {
  if (may(who, object, privilege)) return true;
  return std::ranges::any_of(rights, [&](const Right& right) {
    return right.object == object && right.column == column && right.privilege == privilege && holds(who, right);
  });
}

bool Rights::may_some_column(const Identity& who, const Object& object, std::string_view privilege) const {
  return std::ranges::any_of(rights, [&](const Right& right) {
    return right.object == object && !right.column.empty() && right.privilege == privilege && holds(who, right);
  });
}

Identity identity_of(const UserCatalog& catalog, const std::string& user,
                     const std::vector<std::string>& session_roles) {
  Identity who{.user = user};
  for (const StoredUser& each : catalog.users)
    if (each.name == user) who.superuser = each.superuser;
  for (const StoredGroup& group : catalog.groups)
    if (std::ranges::find(group.members, user) != group.members.end()) who.groups.push_back(group.name);
  const auto add = [&](const std::string& role) {
    if (std::ranges::find(who.roles, role) == who.roles.end()) who.roles.push_back(role);
  };
  for (const std::string& role : session_roles) add(role);
  for (const StoredMembership& each : catalog.memberships)
    if (each.member_kind == "user" && each.member == user) add(each.role);
  for (size_t i = 0; i < who.roles.size(); ++i)  // grows: roles of roles
    for (const StoredMembership& each : catalog.memberships)
      if (each.member_kind == "role" && each.member == who.roles[i]) add(each.role);
  if (std::ranges::find(who.roles, "sys:superuser") != who.roles.end()) who.superuser = true;
  return who;
}

// AWS: Amazon Redshift system-defined roles.
std::vector<std::string> system_privileges(const UserCatalog& catalog, const Identity& who) {
  std::vector<std::string> all;
  for (const std::string& name : who.roles) {
    if (name == "sys:operator") all.insert(all.end(), {"ACCESS CATALOG", "ACCESS SYSTEM TABLE", "ANALYZE", "VACUUM", "CANCEL"});
    if (name == "sys:monitor") all.insert(all.end(), {"ACCESS CATALOG", "ACCESS SYSTEM TABLE"});
    if (name == "sys:dba")
      all.insert(all.end(), {"CREATE SCHEMA", "CREATE TABLE", "DROP SCHEMA", "DROP TABLE", "TRUNCATE TABLE",
                             "CREATE OR REPLACE FUNCTION", "CREATE OR REPLACE PROCEDURE", "ALTER TABLE",
                             "ALTER DEFAULT PRIVILEGES", "VACUUM", "ANALYZE", "CANCEL"});
    if (name == "sys:secadmin")
      all.insert(all.end(), {"CREATE USER", "ALTER USER", "DROP USER", "CREATE ROLE", "DROP ROLE", "GRANT ROLE"});
    for (const StoredRole& role : catalog.roles)
      if (role.name == name) all.insert(all.end(), role.privileges.begin(), role.privileges.end());
  }
  return all;
}

// AWS: GRANT, its parameters by kind of object.
std::vector<std::string> all_privileges(std::string_view kind) {
  if (kind == "TABLE") return {"SELECT", "INSERT", "UPDATE", "DELETE", "DROP", "REFERENCES", "ALTER", "TRUNCATE"};
  if (kind == "SCHEMA") return {"CREATE", "USAGE", "ALTER", "DROP"};
  if (kind == "DATABASE") return {"CREATE", "TEMP", "USAGE", "ALTER"};
  if (kind == "LANGUAGE") return {"USAGE"};
  return {"EXECUTE"};
}

}  // namespace tarn::sql

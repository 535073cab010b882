// Who may do what in a database: owners, GRANTs, and the question that both decide. Pure; the engine reads them from the
// database's file, where they change in the transaction of what they are about.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/host.h"

namespace tarn::sql {

// The schema in each database's file where rights are kept: owners, grants, default_grants, comments, views.
constexpr std::string_view kRightsSchema = "tarn_internal";

// The view in that schema that holds the query of a materialized view: its name, and the two back from it.
constexpr char kQueryViewMark = '\x1f';
std::string query_view(const std::string& schema, const std::string& name);

// What a right is on. A function or procedure is named with its types: "f(integer, date)".
struct Object {
  std::string kind;  // "TABLE" (views too), "SCHEMA", "DATABASE" (no name), "FUNCTION", "PROCEDURE", "LANGUAGE"
  std::string schema, name;
  bool operator==(const Object&) const = default;
};

struct Ownership {
  Object object;
  std::string owner;
};
struct Right {
  Object object;
  std::string column;                 // of a privilege on one column
  std::string grantee_kind, grantee;  // "user" "IAMR:role", "group", "role", "public" ""
  std::string privilege;              // one word: "SELECT"; ALL is written out when it is granted
  bool grantable = false;             // WITH GRANT OPTION
  std::string grantor;
};

// Somebody with the memberships that count.
struct Identity {
  std::string user;
  bool superuser = false;
  std::vector<std::string> groups, roles;  // roles of roles too
};

class Rights {
 public:
  std::vector<Ownership> owners;
  std::vector<Right> rights;

  // Empty: nobody's.
  std::string owner_of(const Object& object) const;
  bool owns(const Identity& who, const Object& object) const;
  // By ownership, by being a superuser, or by a right on the whole object.
  bool may(const Identity& who, const Object& object, std::string_view privilege, bool grantable = false) const;
  // The same, or by a right on the column.
  bool may_column(const Identity& who, const Object& object, std::string_view column, std::string_view privilege) const;
  // Is there a right on any of its columns?
  bool may_some_column(const Identity& who, const Object& object, std::string_view privilege) const;
};

// The user with all that the catalog says of him; `session_roles` are those that he has for the session.
Identity identity_of(const UserCatalog& catalog, const std::string& user, const std::vector<std::string>& session_roles);
// The system privileges of its roles: "CREATE USER" ..
std::vector<std::string> system_privileges(const UserCatalog& catalog, const Identity& who);

// What ALL stands for on that kind of object.
std::vector<std::string> all_privileges(std::string_view kind);

}  // namespace tarn::sql

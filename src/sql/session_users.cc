// Users, groups and roles.
#include <algorithm>

#include "base/text.h"
#include "base/time.h"
#include "sql/passwords.h"
#include "sql/session.h"
#include "sql/session_words.h"
#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

constexpr auto kPut = CatalogChange::Kind::kPut, kErase = CatalogChange::Kind::kErase;
constexpr std::string_view kNotEmpty = "2BP01";
constexpr std::string_view kDuplicateObject = "42710";

template <class T>
std::optional<T> named(const std::vector<T>& all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &T::name);
  return found == all.end() ? std::nullopt : std::optional(*found);
}

Failure missing(std::string_view what, const std::string& name) {
  return sql_error(kUndefinedObject, std::string(what) + " \"" + name + "\" does not exist");
}
Failure duplicate(std::string_view what, const std::string& name) {
  return sql_error(kDuplicateObject, std::string(what) + " \"" + name + "\" already exists");
}

// AWS: CREATE USER, PASSWORD: 8 to 64 characters, upper and lower case and a digit; or a digest.
Status set_password(StoredUser& user, const std::string& given) {
  if (given.empty()) {
    user.password.clear();
    return {};
  }
  if (is_digest(given)) {
    user.password = given;
    return {};
  }
  bool has_upper = false, has_lower = false, digit = false, refused = false;
  for (const char c : given) {
    has_upper = has_upper || (c >= 'A' && c <= 'Z');
    has_lower = has_lower || (c >= 'a' && c <= 'z');
    digit = digit || (c >= '0' && c <= '9');
    refused = refused || c < 33 || c > 126 || c == '/' || c == '@' || c == '"' || c == '\'' || c == '\\';
  }
  if (given.size() < 8) return sql_error(kInvalidParameter, "Password must be 8 characters or longer.");
  if (given.size() > 64) return sql_error(kInvalidParameter, "Password must be 64 characters or shorter.");
  if (!has_upper || !has_lower || !digit)
    return sql_error(kInvalidParameter,
                     "Password must contain at least one uppercase letter, one lowercase letter, and one number.");
  if (refused)
    return sql_error(kInvalidParameter, "Password must not contain spaces, quotes, '/', '@' or a backslash.");
  user.password = sealed_password(given);
  return {};
}

// A date or timestamp, as ISO 8601; empty for 'infinity'.
Result<std::string> moment(const std::string& text) {
  if (equals_ignore_case(text, "infinity")) return std::string();
  const std::string iso = replace_all(text, " ", "T");
  for (const char* rest : {"", "Z", ":00Z", "T00:00:00Z"})
    if (const auto time = parse_iso8601(iso + rest)) return iso8601(*time);
  return sql_error("22007", "invalid input syntax for type timestamp: \"" + text + "\"");
}

Status apply_options(const UserOptions& options, StoredUser& user) {
  if (options.superuser) user.superuser = *options.superuser;
  if (options.create_database) user.create_database = *options.create_database;
  if (options.unrestricted) user.unrestricted = *options.unrestricted;
  if (options.valid_until) user.valid_until = TRY(moment(*options.valid_until));
  if (options.external_id) user.external_id = *options.external_id;
  if (options.password) TRY(set_password(user, *options.password));
  for (const auto& [name, value] : options.settings) {
    std::erase_if(user.settings, [&](const auto& each) { return each.first == name; });
    if (value) user.settings.emplace_back(name, *value);
  }
  return {};
}

}  // namespace

// --- users ----------------------------------------------------------------------------------------------------------

Result<Outcome> SqlSession::execute(Running& run, const CreateUser& s) {
  const std::string refused = "permission denied to create user";
  TRY(need_system(run, "CREATE USER", refused));
  if (s.options.superuser.value_or(false) && !TRY(identity(run)).superuser)
    return sql_error(kInsufficientPrivilege, "must be superuser to create superusers");
  const UserCatalog all = TRY(catalog(run));
  if (named(all.users, s.name)) return duplicate("user", s.name);
  // AWS: CREATE USER, the password is required; an IAM identity's is disabled by the program that makes it.
  if (!s.options.password) return sql_error(kSyntaxError, "CREATE USER needs PASSWORD 'password' or PASSWORD DISABLE");
  StoredUser user{.name = s.name};
  TRY(apply_options(s.options, user));
  std::vector<CatalogChange> changes{{kPut, std::move(user)}};
  for (const std::string& name : s.options.in_groups) {
    auto group = named(all.groups, name);
    if (!group) return missing("group", name);
    group->members.push_back(s.name);
    changes.push_back({kPut, std::move(*group)});
  }
  TRY(change(run, std::move(changes)));
  return done("CREATE USER");
}

Result<Outcome> SqlSession::execute(Running& run, const AlterUser& s) {
  const UserCatalog all = TRY(catalog(run));
  const Identity who = TRY(identity(run));
  auto user = named(all.users, s.name);
  if (!user) return missing("user", s.name);
  const UserOptions& o = s.options;
  const bool own = s.name == user_ && !o.superuser && !o.create_database && !o.unrestricted && !o.valid_until &&
                   s.rename_to.empty();  // one's own password and settings
  if (!own) TRY(need_system(run, "ALTER USER", "permission denied"));
  if (!own && !who.superuser && (user->superuser || o.superuser.value_or(false)))
    return sql_error(kInsufficientPrivilege, "must be superuser to alter superusers");
  if (s.rename_to.empty()) {
    TRY(apply_options(o, *user));
    TRY(change(run, {{kPut, std::move(*user)}}));
    return done("ALTER USER");
  }
  if (named(all.users, s.rename_to)) return duplicate("user", s.rename_to);
  if (s.name == user_) return sql_error(kNotSupported, "session user may not be renamed");
  TRY(atomically(run, [&]() -> Status {
    std::vector<CatalogChange> changes{{kErase, *user}};
    user->name = s.rename_to;
    changes.push_back({kPut, std::move(*user)});
    for (StoredGroup group : all.groups)
      if (std::ranges::find(group.members, s.name) != group.members.end()) {
        std::ranges::replace(group.members, s.name, s.rename_to);
        changes.push_back({kPut, std::move(group)});
      }
    for (StoredMembership member : all.memberships)
      if (member.member_kind == "user" && member.member == s.name) {
        changes.push_back({kErase, member});
        member.member = s.rename_to;
        changes.push_back({kPut, std::move(member)});
      }
    TRY(change(run, std::move(changes)));
    const std::string own_schema(kRightsSchema), to = quoted_string(s.rename_to), from = quoted_string(s.name);
    TRY(internal(run, "UPDATE " + own_schema + ".owners SET owner = " + to + " WHERE owner = " + from + "; UPDATE " +
                          own_schema + ".grants SET grantee = " + to + " WHERE grantee_kind = 'user' AND grantee = " +
                          from + "; UPDATE " + own_schema + ".default_grants SET owner = " + to + " WHERE owner = " +
                          from));
    return {};
  }));
  return done("ALTER USER");
}

// AWS: DROP USER: who owns something, or has a privilege, cannot be dropped.
Status SqlSession::owns_nothing(Running& run, const std::string& kind, const std::string& name) {
  for (const std::string& database : TRY(engine_.list_databases())) {
    const Rights held = TRY(rights(run, database));
    for (const Ownership& each : held.owners)
      if (kind == "user" && each.owner == name)
        return sql_error(kNotEmpty, "user \"" + name + "\" cannot be dropped because the user owns some object: " +
                                        lower(each.object.kind) + " " + each.object.name + " in database " + database);
    for (const Right& each : held.rights)
      if (each.grantee_kind == kind && each.grantee == name)
        return sql_error(kNotEmpty, kind + " \"" + name + "\" cannot be dropped because the " + kind +
                                        " has a privilege on some object: " + lower(each.object.kind) + " " +
                                        each.object.name + " in database " + database);
  }
  return {};
}

Result<Outcome> SqlSession::execute(Running& run, const DropUser& s) {
  TRY(need_system(run, "DROP USER", "permission denied to drop user"));
  const UserCatalog all = TRY(catalog(run));
  const bool superuser = TRY(identity(run)).superuser;
  std::vector<CatalogChange> changes;
  for (const std::string& name : s.names) {
    const auto user = named(all.users, name);
    if (!user && s.if_exists) {
      notices_.push_back("user \"" + name + "\" does not exist, skipping");
      continue;
    }
    if (!user) return missing("user", name);
    if (name == user_ || name == options_.user) return sql_error("55006", "current user cannot be dropped");
    if (user->superuser && !superuser)
      return sql_error(kInsufficientPrivilege, "must be superuser to drop superusers");
    TRY(owns_nothing(run, "user", name));
    changes.push_back({kErase, *user});
    for (StoredGroup group : all.groups)
      if (std::erase(group.members, name) > 0) changes.push_back({kPut, std::move(group)});
    for (const StoredMembership& member : all.memberships)
      if (member.member_kind == "user" && member.member == name) changes.push_back({kErase, member});
  }
  TRY(change(run, std::move(changes)));
  return done("DROP USER");
}

Result<Outcome> SqlSession::execute(Running& run, const SessionUser& s) {
  if (run.depth > 0) return sql_error("2D000", "SET SESSION AUTHORIZATION cannot be used in a procedure");
  if (s.name.empty()) {
    user_ = options_.user;
    return done("SET");
  }
  const UserCatalog all = TRY(catalog(run));
  // Whoever logged in decides, not whom the session is now.
  if (!identity_of(all, options_.user, options_.roles).superuser && s.name != options_.user)
    return sql_error(kInsufficientPrivilege, "permission denied to set session authorization");
  if (!named(all.users, s.name)) return missing("user", s.name);
  user_ = s.name;
  return done("SET");
}

// --- groups ---------------------------------------------------------------------------------------------------------

Result<Outcome> SqlSession::execute(Running& run, const CreateGroup& s) {
  TRY(need_system(run, "CREATE USER", "permission denied to create group"));
  const UserCatalog all = TRY(catalog(run));
  if (named(all.groups, s.name)) return duplicate("group", s.name);
  for (const std::string& member : s.members)
    if (!named(all.users, member)) return missing("user", member);
  TRY(change(run, {{kPut, StoredGroup{s.name, 0, s.members}}}));
  return done("CREATE GROUP");
}

Result<Outcome> SqlSession::execute(Running& run, const AlterGroup& s) {
  TRY(need_system(run, "ALTER USER", "permission denied to alter group"));
  const UserCatalog all = TRY(catalog(run));
  auto group = named(all.groups, s.name);
  if (!group) return missing("group", s.name);
  for (const std::string& user : s.users) {
    if (!named(all.users, user)) return missing("user", user);
    std::erase(group->members, user);
    if (s.change == AlterGroup::Change::kAdd) group->members.push_back(user);
  }
  if (s.change != AlterGroup::Change::kRename) {
    TRY(change(run, {{kPut, std::move(*group)}}));
    return done("ALTER GROUP");
  }
  if (named(all.groups, s.rename_to)) return duplicate("group", s.rename_to);
  TRY(owns_nothing(run, "group", s.name));  // rights are kept by name
  const StoredGroup old = *group;
  group->name = s.rename_to;
  TRY(change(run, {{kErase, old}, {kPut, std::move(*group)}}));
  return done("ALTER GROUP");
}

Result<Outcome> SqlSession::execute(Running& run, const DropGroup& s) {
  TRY(need_system(run, "DROP USER", "permission denied to drop group"));
  const auto group = named(TRY(catalog(run)).groups, s.name);
  if (!group) return missing("group", s.name);
  TRY(owns_nothing(run, "group", s.name));
  TRY(change(run, {{kErase, *group}}));
  return done("DROP GROUP");
}

// --- roles ----------------------------------------------------------------------------------------------------------

Result<Outcome> SqlSession::execute(Running& run, const CreateRole& s) {
  TRY(need_system(run, "CREATE ROLE", "permission denied to create role"));
  if (s.name.starts_with("sys:")) return sql_error("42939", "role name \"" + s.name + "\" is reserved");
  if (named(TRY(catalog(run)).roles, s.name)) return duplicate("role", s.name);
  StoredRole role{.name = s.name, .owner = user_, .external_id = s.external_id};
  TRY(change(run, {{kPut, std::move(role)}}));
  return done("CREATE ROLE");
}

Result<Outcome> SqlSession::execute(Running& run, const AlterRole& s) {
  const UserCatalog all = TRY(catalog(run));
  auto role = named(all.roles, s.name);
  if (!role) return missing("role", s.name);
  if (role->owner != user_) TRY(need_system(run, "CREATE ROLE", "must be owner of role " + s.name));
  if (!s.owner.empty() && !named(all.users, s.owner)) return missing("user", s.owner);
  if (!s.owner.empty()) role->owner = s.owner;
  if (s.external_id) role->external_id = *s.external_id;
  if (s.rename_to.empty()) {
    TRY(change(run, {{kPut, std::move(*role)}}));
    return done("ALTER ROLE");
  }
  if (named(all.roles, s.rename_to)) return duplicate("role", s.rename_to);
  TRY(owns_nothing(run, "role", s.name));  // rights are kept by name
  const StoredRole old = *role;
  role->name = s.rename_to;
  std::vector<CatalogChange> changes{{kErase, old}, {kPut, std::move(*role)}};
  for (StoredMembership each : all.memberships) {
    const bool is_role = each.role == s.name, is_member = each.member_kind == "role" && each.member == s.name;
    if (!is_role && !is_member) continue;
    changes.push_back({kErase, each});
    (is_role ? each.role : each.member) = s.rename_to;
    changes.push_back({kPut, std::move(each)});
  }
  TRY(change(run, std::move(changes)));
  return done("ALTER ROLE");
}

Result<Outcome> SqlSession::execute(Running& run, const DropRole& s) {
  const UserCatalog all = TRY(catalog(run));
  const auto role = named(all.roles, s.name);
  if (!role) return missing("role", s.name);
  if (role->owner != user_) TRY(need_system(run, "DROP ROLE", "must be owner of role " + s.name));
  std::vector<CatalogChange> changes{{kErase, *role}};
  bool granted = false;
  for (const StoredMembership& each : all.memberships)
    if (each.role == s.name || (each.member_kind == "role" && each.member == s.name)) {
      granted = granted || each.role == s.name;
      changes.push_back({kErase, each});
    }
  if (!s.force) {
    if (granted) return sql_error(kNotEmpty, "role \"" + s.name + "\" cannot be dropped because it is granted: use FORCE");
    TRY(owns_nothing(run, "role", s.name));
  }
  TRY(atomically(run, [&]() -> Status {
    TRY(internal(run, "DELETE FROM " + std::string(kRightsSchema) + ".grants WHERE grantee_kind = 'role' AND grantee = " +
                          quoted_string(s.name)));
    return change(run, std::move(changes));
  }));
  return done("DROP ROLE");
}

Result<Outcome> SqlSession::execute(Running& run, const GrantRole& s) {
  const UserCatalog all = TRY(catalog(run));
  const Identity who = TRY(identity(run));
  std::vector<CatalogChange> changes;
  TRY(atomically(run, [&]() -> Status {
    TRY(check_grantees(run, s.grantees));
    for (const std::string& name : s.roles) {
      const auto role = named(all.roles, name);
      if (!role && !name.starts_with("sys:")) return missing("role", name);
      const bool admin = std::ranges::any_of(all.memberships, [&](const StoredMembership& each) {
        return each.role == name && each.admin &&
               (each.member_kind == "user" ? each.member == user_
                                           : std::ranges::find(who.roles, each.member) != who.roles.end());
      });
      if (!admin && !(role && role->owner == user_))
        TRY(need_system(run, "GRANT ROLE", "permission denied to grant role " + name));
      for (const Grantee& grantee : s.grantees) {
        if (grantee.kind != Grantee::Kind::kUser && grantee.kind != Grantee::Kind::kRole)
          return sql_error("0LP01", "roles are granted to users and roles only");
        const bool to_role = grantee.kind == Grantee::Kind::kRole;
        if (s.grant && to_role) {
          const Identity outer = identity_of(all, "", {name});
          if (grantee.name == name || std::ranges::find(outer.roles, grantee.name) != outer.roles.end())
            return sql_error("0LP01", "role \"" + name + "\" is a member of role \"" + grantee.name + "\"");
        }
        StoredMembership member{name, to_role ? "role" : "user", grantee.name, s.with_admin_option};
        const bool keep = s.grant || s.option_only;
        changes.push_back({keep ? kPut : kErase, std::move(member)});
      }
    }
    return change(run, std::move(changes));
  }));
  return done(s.grant ? "GRANT ROLE" : "REVOKE ROLE");
}

}  // namespace tarn::sql

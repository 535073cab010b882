// GRANT and REVOKE, ownership, and the rights that the session's own statements need.
#include <algorithm>

#include "base/text.h"
#include "sql/session.h"
#include "sql/session_words.h"
#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

constexpr std::string_view kInvalidGrant = "0LP01";
constexpr std::string_view kGranteeKinds[] = {"user", "group", "role", "public"};

std::string where(const Object& object) {
  return " WHERE kind = " + quoted_string(object.kind) + " AND schema_name = " + quoted_string(object.schema) +
         " AND name = " + quoted_string(object.name);
}
std::string literals(const Object& object) {
  return quoted_string(object.kind) + ", " + quoted_string(object.schema) + ", " + quoted_string(object.name);
}

// As messages call it.
std::string shown(const Object& object) {
  if (object.kind == "TABLE") return "relation " + object.name;
  if (object.kind == "SCHEMA") return "schema " + object.name;
  if (object.kind == "LANGUAGE") return "language " + object.name;
  return lower(object.kind) + (object.name.empty() ? "" : " " + object.name.substr(0, object.name.find('(')));
}

}  // namespace

// --- who may --------------------------------------------------------------------------------------------------------

Result<Identity> SqlSession::identity(Running& run) {
  return identity_of(TRY(catalog(run)), user_,
                     user_ == options_.user ? options_.roles : std::vector<std::string>{});
}

Result<Rights> SqlSession::rights(Running& run, const std::string& database) {
  Rights all;
  for (const auto& row : TRY(internal(run, "SELECT kind, schema_name, name, owner FROM " + kept("owners", database))))
    all.owners.push_back({{*row[0], *row[1], *row[2]}, *row[3]});
  const auto rows = TRY(internal(run,
                                 "SELECT kind, schema_name, name, column_name, grantee_kind, grantee, privilege, "
                                 "grant_option, grantor FROM " +
                                     kept("grants", database)));
  for (const auto& row : rows)
    all.rights.push_back({{*row[0], *row[1], *row[2]}, *row[3], *row[4], *row[5], *row[6], *row[7] == "true", *row[8]});
  return all;
}

Status SqlSession::need(Running& run, const Object& object, std::string_view privilege) {
  const Identity who = TRY(identity(run));
  if (who.superuser || TRY(rights(run)).may(who, object, privilege)) return {};
  return sql_error(kInsufficientPrivilege,
                   "permission denied for " + (object.kind == "DATABASE" ? "database " + options_.database : shown(object)));
}

Status SqlSession::need_owner(Running& run, const Object& object) {
  const Identity who = TRY(identity(run));
  if (who.superuser || TRY(rights(run)).owns(who, object)) return {};
  return sql_error(kInsufficientPrivilege, "must be owner of " + shown(object));
}

Status SqlSession::need_system(Running& run, const std::string& privilege, const std::string& what) {
  const UserCatalog all = TRY(catalog(run));
  const Identity who = TRY(identity(run));
  const auto held = system_privileges(all, who);
  if (who.superuser || std::ranges::find(held, privilege) != held.end()) return {};
  return sql_error(kInsufficientPrivilege, what);
}

// --- what there is --------------------------------------------------------------------------------------------------

Result<std::optional<Object>> SqlSession::find_relation(Running& run, const QualifiedName& name) {
  if (name.name.starts_with('#')) return std::nullopt;  // a temporary table
  std::vector<std::string> schemas{name.schema};
  if (name.schema.empty()) schemas = search_path();
  const std::string named = " = " + quoted_string(name.name);
  const auto rows =
      TRY(internal(run, "SELECT schema_name FROM duckdb_tables() WHERE database_name = current_database() AND table_name" +
                            named + " UNION SELECT schema_name FROM duckdb_views() WHERE database_name = "
                            "current_database() AND NOT internal AND view_name" +
                            named + " UNION SELECT schema_name FROM " + kept("views") + " WHERE name" + named));
  for (const std::string& schema : schemas)
    for (const auto& row : rows)
      if (row[0] == schema) return Object{"TABLE", schema, name.name};
  return std::nullopt;
}

Result<Object> SqlSession::relation(Running& run, const QualifiedName& name) {
  auto found = TRY(find_relation(run, name));
  if (found) return *found;
  return sql_error(kUndefinedTable, "relation \"" + name.text() + "\" does not exist", name.position);
}

Status SqlSession::made(Running& run, const Object& object) {
  std::string sql = "INSERT INTO " + kept("owners") + " VALUES (" + literals(object) + ", " + quoted_string(user_) + ")";
  if (object.kind == "FUNCTION")  // AWS: functions are everybody's to call until that is revoked, procedures are not
    sql += "; INSERT INTO " + kept("grants") + " VALUES (" + literals(object) +
           ", '', 'public', '', 'EXECUTE', 'false', " + quoted_string(user_) + ")";
  sql += "; INSERT INTO " + kept("grants") + " SELECT " + literals(object) +
         ", '', grantee_kind, grantee, privilege, grant_option, owner FROM " + kept("default_grants") +
         " WHERE owner = " + quoted_string(user_) + " AND kind = " + quoted_string(object.kind) +
         " AND schema_name IN ('', " + quoted_string(object.schema) + ")";
  TRY(internal(run, sql));
  return {};
}

Status SqlSession::dropped(Running& run, const Object& object) {
  std::string sql;
  for (const std::string_view table : {"owners", "grants", "comments"})
    sql += "DELETE FROM " + kept(table) + where(object) + "; ";
  TRY(internal(run, sql));
  return {};
}

// --- GRANT ----------------------------------------------------------------------------------------------------------

Result<std::vector<Object>> SqlSession::objects_of(Running& run, const Grant& s) {
  const UserCatalog all = TRY(catalog(run));
  std::vector<Object> found;
  for (size_t i = 0; i < s.objects.size(); ++i) {
    const QualifiedName& name = s.objects[i];
    const bool routine = s.object_kind == "FUNCTION" || s.object_kind == "PROCEDURE";
    if (s.all_in_schema && routine) {
      for (const StoredRoutine& each : all.routines)
        if (each.schema == name.name && each.procedure == (s.object_kind == "PROCEDURE"))
          found.push_back({s.object_kind, each.schema, each.name + "(" + each.signature + ")"});
    } else if (s.all_in_schema) {
      for (const auto& row : TRY(internal(run, "SELECT name FROM " + kept("owners") + " WHERE kind = 'TABLE' AND schema_name = " +
                                                   quoted_string(name.name))))
        found.push_back({"TABLE", name.name, *row[0]});
    } else if (s.object_kind == "TABLE") {
      if (TRY(external_schema(all, name)) != nullptr)
        return sql_error(kNotSupported,
                         "Operation not supported on external tables: GRANT USAGE on their schema instead", name.position);
      found.push_back(TRY(relation(run, name)));
    } else if (s.object_kind == "SCHEMA") {
      const bool external = std::ranges::any_of(all.schemas, [&](const auto& each) { return each.name == name.name; });
      if (!external &&
          TRY(internal(run, "SELECT 1 FROM duckdb_schemas() WHERE database_name = current_database() AND schema_name = " +
                                quoted_string(name.name)))
              .empty())
        return sql_error(kInvalidSchemaName, "schema \"" + name.name + "\" does not exist", name.position);
      found.push_back({"SCHEMA", "", name.name});
    } else if (s.object_kind == "DATABASE") {
      if (name.name != options_.database && s.objects.size() > 1)
        return sql_error(kNotSupported, "rights on several databases are given one by one", name.position);
      if (std::ranges::count(TRY(engine_.list_databases()), name.name) == 0)
        return sql_error("3D000", "database \"" + name.name + "\" does not exist", name.position);
      found.push_back({"DATABASE", "", ""});
    } else if (s.object_kind == "LANGUAGE") {
      if (name.name != "plpgsql" && name.name != "sql")
        return sql_error(kUndefinedObject, "language \"" + name.name + "\" does not exist", name.position);
      found.push_back({"LANGUAGE", "", name.name});
    } else {
      std::string wanted;
      if (s.signatures[i])
        for (const std::string& type : *s.signatures[i]) wanted += (wanted.empty() ? "" : ", ") + type;
      const size_t before = found.size();
      for (const StoredRoutine& each : all.routines)
        if (each.schema == schema_of(name) && each.name == name.name &&
            each.procedure == (s.object_kind == "PROCEDURE") && (!s.signatures[i] || bare_types(each.signature) == bare_types(wanted)))
          found.push_back({s.object_kind, each.schema, each.name + "(" + each.signature + ")"});
      if (found.size() == before)
        return sql_error(kUndefinedFunction,
                         lower(s.object_kind) + " " + name.text() + "(" + wanted + ") does not exist", name.position);
    }
  }
  return found;
}

// Every grantee is there. AWS: an IAM identity is a user once it has connected, or by CREATE USER "IAM:name".
Status SqlSession::check_grantees(Running& run, const std::vector<Grantee>& grantees) {
  const UserCatalog all = TRY(catalog(run));
  const auto named = [](const auto& things, const std::string& name) {
    return std::ranges::any_of(things, [&](const auto& each) { return each.name == name; });
  };
  for (const Grantee& grantee : grantees) {
    const std::string& name = grantee.name;
    if (grantee.kind == Grantee::Kind::kUser && !named(all.users, name))
      return sql_error(kUndefinedObject, "user \"" + name + "\" does not exist");
    if (grantee.kind == Grantee::Kind::kGroup && !named(all.groups, name))
      return sql_error(kUndefinedObject, "group \"" + name + "\" does not exist");
    if (grantee.kind == Grantee::Kind::kRole && !named(all.roles, name) && !name.starts_with("sys:"))
      return sql_error(kUndefinedObject, "role \"" + name + "\" does not exist");
  }
  return {};
}

namespace {

struct OneGrant {
  std::string privilege, column;
};

// ALL written out; each known for the kind of object.
Result<std::vector<OneGrant>> written_out(const Grant& s) {
  const std::vector<std::string> known = all_privileges(s.object_kind);
  std::vector<OneGrant> all;
  for (const Privilege& privilege : s.privileges) {
    const bool everything = privilege.name == "ALL";
    if (!everything && std::ranges::find(known, privilege.name) == known.end())
      return sql_error(kInvalidGrant, "invalid privilege type " + privilege.name + " for " +
                                          (s.object_kind == "TABLE" ? "relation" : lower(s.object_kind)));
    if (!privilege.columns.empty() && !everything && privilege.name != "SELECT" && privilege.name != "UPDATE")
      return sql_error(kInvalidGrant, "column privileges are SELECT and UPDATE only");
    for (const std::string& name : everything ? known : std::vector<std::string>{privilege.name}) {
      if (privilege.columns.empty()) all.push_back({name, ""});
      if (name != "SELECT" && name != "UPDATE") continue;
      for (const std::string& column : privilege.columns) all.push_back({name, column});
    }
  }
  return all;
}

std::string of_grantee(const Grantee& grantee) {
  return " AND grantee_kind = " + quoted_string(kGranteeKinds[static_cast<size_t>(grantee.kind)]) +
         " AND grantee = " + quoted_string(grantee.name);
}

// The statements that give or take one right: of an object, or of ALTER DEFAULT PRIVILEGES.
std::string sql_of(const Grant& s, const std::string& table, const std::string& condition, const std::string& row,
                   const std::string& grantor) {
  if (!s.grant && s.option_only)
    return "UPDATE " + table + " SET grant_option = 'false'" + condition + "; ";
  if (!s.grant) return "DELETE FROM " + table + condition + "; ";
  std::string sql = "INSERT INTO " + table + " SELECT " + row + ", '" + (s.with_grant_option ? "true" : "false") + "'" +
                    grantor + " WHERE NOT EXISTS (SELECT 1 FROM " + table + condition + "); ";
  if (s.with_grant_option) sql += "UPDATE " + table + " SET grant_option = 'true'" + condition + "; ";
  return sql;
}

}  // namespace

Result<Outcome> SqlSession::execute(Running& run, const Grant& s) {
  const std::string kind = s.grant ? "GRANT" : "REVOKE";
  for (const Grantee& grantee : s.grantees)
    if (s.with_grant_option && (grantee.kind == Grantee::Kind::kPublic || grantee.kind == Grantee::Kind::kGroup))
      return sql_error(kInvalidGrant, "grant options cannot be granted to a group or to PUBLIC");
  if (s.object_kind.empty()) {  // system privileges, which roles have
    TRY(need_system(run, "GRANT ROLE", "permission denied to grant system privileges"));
    TRY(atomically(run, [&]() -> Status {
      TRY(check_grantees(run, s.grantees));
      for (const Grantee& grantee : s.grantees) {
        if (grantee.kind != Grantee::Kind::kRole)
          return sql_error(kInvalidGrant, "system privileges are granted to roles only");
        for (StoredRole role : TRY(catalog(run)).roles) {
          if (role.name != grantee.name) continue;
          for (const Privilege& privilege : s.privileges) {
            std::erase(role.privileges, privilege.name);
            if (s.grant) role.privileges.push_back(privilege.name);
          }
          TRY(change(run, {{CatalogChange::Kind::kPut, std::move(role)}}));
        }
      }
      return {};
    }));
    return done(kind);
  }
  const std::vector<OneGrant> each = TRY(written_out(s));
  // A database's rights are in its own file.
  const std::string database =
      s.object_kind == "DATABASE" && s.objects[0].name != options_.database ? s.objects[0].name : "";
  TRY(atomically(run, [&]() -> Status {
    const std::vector<Object> objects = TRY(objects_of(run, s));
    TRY(check_grantees(run, s.grantees));
    const Identity who = TRY(identity(run));
    const Rights held = who.superuser ? Rights{} : TRY(rights(run, database));
    std::string sql;
    for (const Object& object : objects)
      for (const OneGrant& one : each) {
        if (!who.superuser && !held.may(who, object, one.privilege, true))
          return sql_error(kInsufficientPrivilege, "permission denied for " + shown(object));
        for (const Grantee& grantee : s.grantees) {
          std::string condition = where(object) + of_grantee(grantee) + " AND privilege = " + quoted_string(one.privilege);
          // Taking it from the whole takes it from the columns.
          if (s.grant || !one.column.empty()) condition += " AND column_name = " + quoted_string(one.column);
          const std::string row = literals(object) + ", " + quoted_string(one.column) + ", " +
                                  quoted_string(kGranteeKinds[static_cast<size_t>(grantee.kind)]) + ", " +
                                  quoted_string(grantee.name) + ", " + quoted_string(one.privilege);
          sql += sql_of(s, kept("grants", database), condition, row, ", " + quoted_string(user_));
        }
      }
    if (!sql.empty()) TRY(internal(run, sql));
    return {};
  }));
  return done(kind);
}

Result<Outcome> SqlSession::execute(Running& run, const DefaultPrivileges& s) {
  const std::vector<OneGrant> each = TRY(written_out(s.grant));
  std::vector<std::string> owners = s.owners;
  if (owners.empty()) owners.push_back(user_);
  for (const std::string& owner : owners)
    if (owner != user_)
      TRY(need_system(run, "ALTER DEFAULT PRIVILEGES", "permission denied to change default privileges of user " + owner));
  std::vector<std::string> schemas = s.schemas;
  if (schemas.empty()) schemas.emplace_back();
  TRY(atomically(run, [&]() -> Status {
    TRY(check_grantees(run, s.grant.grantees));
    std::string sql;
    for (const std::string& owner : owners)
      for (const std::string& schema : schemas)
        for (const OneGrant& one : each)
          for (const Grantee& grantee : s.grant.grantees) {
            const std::string condition = " WHERE owner = " + quoted_string(owner) +
                                          " AND schema_name = " + quoted_string(schema) +
                                          " AND kind = " + quoted_string(s.grant.object_kind) + of_grantee(grantee) +
                                          " AND privilege = " + quoted_string(one.privilege);
            const std::string row = quoted_string(owner) + ", " + quoted_string(schema) + ", " +
                                    quoted_string(s.grant.object_kind) + ", " +
                                    quoted_string(kGranteeKinds[static_cast<size_t>(grantee.kind)]) + ", " +
                                    quoted_string(grantee.name) + ", " + quoted_string(one.privilege);
            sql += sql_of(s.grant, kept("default_grants"), condition, row, "");
          }
    TRY(internal(run, sql));
    return {};
  }));
  return done("ALTER DEFAULT PRIVILEGES");
}

// The name in the text CREATE .. PROCEDURE name(..), which is how the routine is kept.
static Result<std::string> renamed_definition(const std::string& definition, const std::string& to) {
  const auto statements = TRY(split_statements(definition));
  Reader reader(statements.at(0).text, statements.at(0).tokens);
  while (!reader.accept("function") && !reader.accept("procedure")) reader.next();
  const size_t begin = reader.peek().begin;
  const QualifiedName name = TRY(reader.qualified_name());
  return definition.substr(0, begin) + (name.schema.empty() ? "" : quoted_name(name.schema) + ".") + quoted_name(to) +
         definition.substr(reader.previous_end());
}

Result<Outcome> SqlSession::execute(Running& run, const RenameRoutine& s) {
  Grant one;
  one.object_kind = s.object_kind;
  one.objects.push_back(s.object);
  one.signatures.push_back(s.signature);
  TRY(atomically(run, [&]() -> Status {
    for (const Object& object : TRY(objects_of(run, one))) {
      TRY(need_owner(run, object));
      for (StoredRoutine routine : TRY(catalog(run)).routines) {
        const Object its{routine.procedure ? "PROCEDURE" : "FUNCTION", routine.schema,
                         routine.name + "(" + routine.signature + ")"};
        if (its != object) continue;
        StoredRoutine renamed = routine;
        renamed.name = s.to;
        renamed.definition = TRY(renamed_definition(routine.definition, s.to));
        TRY(change(run, {{CatalogChange::Kind::kErase, std::move(routine)}, {CatalogChange::Kind::kPut, renamed}}));
        for (const std::string_view table : {"owners", "grants"})
          TRY(internal(run, "UPDATE " + kept(table) +
                                " SET name = " + quoted_string(s.to + "(" + renamed.signature + ")") + where(object)));
      }
    }
    return {};
  }));
  return done("ALTER " + s.object_kind);
}

// --- ownership ------------------------------------------------------------------------------------------------------

Result<Outcome> SqlSession::execute(Running& run, const AlterOwner& s) {
  Grant one;
  one.object_kind = s.object_kind;
  one.objects.push_back(s.object);
  one.signatures.push_back(s.signature);
  const std::string owner = s.owner == "current_user" || s.owner == "session_user" ? user_ : s.owner;
  TRY(atomically(run, [&]() -> Status {
    const std::vector<Object> objects = TRY(objects_of(run, one));
    TRY(check_grantees(run, {{Grantee::Kind::kUser, owner}}));
    const std::string database = s.object_kind == "DATABASE" && s.object.name != options_.database ? s.object.name : "";
    for (const Object& object : objects) {
      if (database.empty())
        TRY(need_owner(run, object));
      else if (!TRY(rights(run, database)).owns(TRY(identity(run)), object))
        return sql_error(kInsufficientPrivilege, "must be owner of database " + database);
      TRY(internal(run, "DELETE FROM " + kept("owners", database) + where(object) + "; INSERT INTO " +
                            kept("owners", database) + " VALUES (" + literals(object) + ", " + quoted_string(owner) +
                            ")"));
      for (StoredRoutine routine : TRY(catalog(run)).routines) {
        const Object its{routine.procedure ? "PROCEDURE" : "FUNCTION", routine.schema,
                         routine.name + "(" + routine.signature + ")"};
        if (its != object) continue;
        routine.owner = owner;
        TRY(change(run, {{CatalogChange::Kind::kPut, std::move(routine)}}));
      }
    }
    return {};
  }));
  return done("ALTER " + s.object_kind);
}

}  // namespace tarn::sql

#include "services/redshift_data/system_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "lake/lake.h"
#include "lake/postgres.h"
#include "services/redshift_data/system_source.h"
#include "sql/system_views.h"

namespace tarn::redshift_data {
namespace {

using Row = SystemRow;

constexpr std::string_view kUserId = "100";

// Every external table that its schema's role may see.
template <class Each>
void each_external(Source& source, Each visit) {
  for (const sql::StoredSchema& schema : source.actor.schemas()) {
    const auto as = source.actor.as(schema.role);
    if (const auto from = sql::federated_source_of(schema.source); from && as) {
      const auto names = lake::federated_tables(source.door, *as, *from);
      if (!names) continue;  // nor one that cannot be reached
      for (const std::string& name : *names)
        if (const auto table = lake::federated_table(source.door, *as, *from, name); table && *table)
          visit(schema, **table);
      continue;
    }
    const auto names = as ? lake::glue_tables(source.door, *as, schema.database)
                          : Result<std::vector<std::string>>(Failure(as.error()));
    if (!names) continue;  // a schema whose role may not read it shows no tables
    for (const std::string& name : *names)
      if (const auto table = lake::glue_table(source.door, *as, schema.database, name); table && *table)
        visit(schema, **table);
  }
}

std::string property(const sql::ExternalTable& table, std::string_view name) {
  for (const auto& [key, value] : table.properties)
    if (key == name) return value;
  return {};
}

Status external_schemas(Source& source) {
  int64_t id = 100000;
  return source.each(kSchemas, [&](const SchemaKey& key, const SchemaRecord& record) {
    Json options = Json::object({{"IAM_ROLE", record.role}});
    const auto federated = sql::federated_source_of(record.source);
    if (federated) {
      options.set("SCHEMA", federated->schema);
      options.set("URI", federated->host);
      options.set("PORT", int64_t{federated->port});
      options.set("SECRET_ARN", federated->secret_arn);
    }
    // AWS: SVV_EXTERNAL_SCHEMAS: 1 is a data catalog, 3 PostgreSQL.
    source.rows.push_back({std::to_string(++id), federated ? "3" : "1", key.name, std::string(kUserId),
                           record.glue_database, options.text()});
  });
}

Status external_databases(Source& source) {
  return source.each(kSchemas, [&](const SchemaKey&, const SchemaRecord& record) {
    if (!record.source.empty()) return;
    const std::string region = record.region.empty() ? source.workgroup().region : record.region;
    if (std::ranges::any_of(source.rows, [&](const Row& row) { return row[1] == record.glue_database; })) return;
    source.rows.push_back(
        {"1", record.glue_database, Json::object({{"REGION", region}, {"IAM_ROLE", record.role}}).text(), "auto"});
  });
}

Status external_tables(Source& source) {
  each_external(source, [&](const sql::StoredSchema& schema, const sql::ExternalTable& table) {
    source.rows.push_back({source.database, schema.name, table.name, "TABLE", table.location, std::nullopt,
                           std::nullopt, property(table, "serialization.lib"), std::nullopt, "0", std::nullopt});
  });
  return {};
}

Status external_columns(Source& source) {
  each_external(source, [&](const sql::StoredSchema& schema, const sql::ExternalTable& table) {
    int number = 0, part = 0;
    for (const sql::ExternalColumn& column : table.columns)
      source.rows.push_back(
          {source.database, schema.name, table.name, column.name, column.type, std::to_string(++number), "0", "true"});
    for (const sql::ExternalColumn& column : table.partition_columns)
      source.rows.push_back({source.database, schema.name, table.name, column.name, column.type,
                             std::to_string(++number), std::to_string(++part), "true"});
  });
  return {};
}

Status external_partitions(Source& source) {
  each_external(source, [&](const sql::StoredSchema& schema, const sql::ExternalTable& table) {
    if (table.partition_columns.empty()) return;
    const auto as = source.actor.as(schema.role);
    const auto partitions = lake::glue_partitions(source.door, *as, schema.database, table.name);
    if (!partitions) return;
    for (const sql::ExternalPartition& partition : *partitions) {
      Json values = Json::array();
      for (const auto& value : partition.values) values.push(value ? Json(*value) : Json());
      source.rows.push_back({schema.name, table.name, values.text(), partition.location, std::nullopt, std::nullopt,
                             property(table, "serialization.lib"), std::nullopt, "0", std::nullopt});
    }
  });
  return {};
}

Status load_error_detail(Source& source) {
  return source.each(kLoadErrors, [&](const LoadErrorKey& key, const LoadErrorRecord& record) {
    source.rows.push_back({user_id(source, record.user), std::to_string(record.query_id), "0", "0", source.database, "0",
                           timestamp(key.time), record.uri, std::to_string(record.line), record.column, record.type,
                           std::to_string(record.column_length), std::to_string(record.position),
                           std::to_string(record.code), record.reason});
  });
}

Status load_errors(Source& source) {
  return source.each(kLoadErrors, [&](const LoadErrorKey& key, const LoadErrorRecord& record) {
    source.rows.push_back({user_id(source, record.user), "0", "0", timestamp(key.time), "0", std::to_string(record.query_id),
                           record.uri, std::to_string(record.line), record.column, record.type,
                           std::to_string(record.column_length), std::to_string(record.position), record.raw_line,
                           record.raw_value, std::to_string(record.code), record.reason, "0", "0"});
  });
}

// --- who there is ---------------------------------------------------------------------------------------------------

std::string yes(bool value) {
  return value ? "true" : "false";
}

// "connection limit" and "session timeout" are no settings of a session.
bool is_limit(const std::string& name) {
  return name.find(' ') != std::string::npos;
}
std::optional<std::string> setting(const sql::StoredUser& user, std::string_view name) {
  for (const auto& [key, value] : user.settings)
    if (key == name) return value;
  return std::nullopt;
}

Status users(Source& source) {
  for (const sql::StoredUser& user : source.catalog.users) {
    std::string config;
    for (const auto& [name, value] : user.settings)
      if (!is_limit(name)) config += (config.empty() ? "{" : ",") + name + "=" + value;
    source.rows.push_back({user.name, std::to_string(user.id), yes(user.create_database), yes(user.superuser), "false",
                           "********", user.valid_until.empty() ? std::nullopt : std::optional(user.valid_until),
                           config.empty() ? std::nullopt : std::optional(config + "}")});
  }
  return {};
}

Status user_info(Source& source) {
  for (const sql::StoredUser& user : source.catalog.users)
    source.rows.push_back({user.name, std::to_string(user.id), yes(user.create_database), yes(user.superuser), "false",
                           setting(user, "connection limit").value_or("UNLIMITED"),
                           user.unrestricted || user.superuser ? "UNRESTRICTED" : "RESTRICTED", std::nullopt,
                           setting(user, "session timeout").value_or("0"), user.external_id});
  return {};
}

Status groups(Source& source) {
  for (const sql::StoredGroup& group : source.catalog.groups) {
    std::string members;
    for (const std::string& name : group.members)
      for (const sql::StoredUser& user : source.catalog.users)
        if (user.name == name) members += (members.empty() ? "" : ",") + std::to_string(user.id);
    source.rows.push_back({group.name, std::to_string(group.id), "{" + members + "}"});
  }
  return {};
}

Status roles(Source& source) {
  constexpr std::string_view kSystem[] = {"sys:dba", "sys:monitor", "sys:operator", "sys:secadmin", "sys:superuser"};
  int64_t id = 10;
  for (const std::string_view name : kSystem)
    source.rows.push_back({std::to_string(++id), std::string(name), "rdsdb", std::nullopt});
  for (const sql::StoredRole& role : source.catalog.roles)
    source.rows.push_back({std::to_string(role.id), role.name, role.owner,
                           role.external_id.empty() ? std::nullopt : std::optional(role.external_id)});
  return {};
}

std::string id_of(const sql::UserCatalog& catalog, std::string_view kind, const std::string& name) {
  for (const auto& user : catalog.users)
    if (kind == "user" && user.name == name) return std::to_string(user.id);
  for (const auto& group : catalog.groups)
    if (kind == "group" && group.name == name) return std::to_string(group.id);
  for (const auto& role : catalog.roles)
    if (kind == "role" && role.name == name) return std::to_string(role.id);
  return "0";
}

Status user_grants(Source& source) {
  for (const sql::StoredMembership& each : source.catalog.memberships)
    if (each.member_kind == "user")
      source.rows.push_back({id_of(source.catalog, "user", each.member), each.member,
                             id_of(source.catalog, "role", each.role), each.role, yes(each.admin)});
  return {};
}

Status role_grants(Source& source) {
  for (const sql::StoredMembership& each : source.catalog.memberships)
    if (each.member_kind == "role")
      source.rows.push_back({id_of(source.catalog, "role", each.member), each.member,
                             id_of(source.catalog, "role", each.role), each.role});
  return {};
}

Status system_privileges(Source& source) {
  for (const sql::StoredRole& role : source.catalog.roles)
    for (const std::string& privilege : role.privileges)
      source.rows.push_back({privilege, std::to_string(role.id), role.name, "role"});
  return {};
}

// Names to numbers, for views that show an identity's: kind, name, id.
Status identities(Source& source) {
  for (const auto& user : source.catalog.users) source.rows.push_back({"user", user.name, std::to_string(user.id)});
  for (const auto& group : source.catalog.groups)
    source.rows.push_back({"group", group.name, std::to_string(group.id)});
  for (const auto& role : source.catalog.roles) source.rows.push_back({"role", role.name, std::to_string(role.id)});
  return {};
}

Status memberships(Source& source) {
  for (const sql::StoredUser& user : source.catalog.users) {
    const sql::Identity who = sql::identity_of(source.catalog, user.name, {});
    source.rows.push_back({user.name, "", ""});
    if (who.superuser) source.rows.push_back({user.name, "superuser", ""});
    for (const std::string& group : who.groups) source.rows.push_back({user.name, "group", group});
    for (const std::string& role : who.roles) source.rows.push_back({user.name, "role", role});
  }
  return {};
}

// AWS: CURRENT_SESSION_ARN is NULL for a user that is none of IAM's.
Status session_facts(Source& source) {
  const Workgroup& in = source.workgroup();
  const auto text = [](const std::string& value) { return value.empty() ? std::nullopt : std::optional(value); };
  source.rows.push_back({in.account, in.namespace_id, in.user.starts_with("IAM") ? text(source.actor.from().principal.arn) : std::nullopt,
                         text(in.default_role)});
  return {};
}

Status session_roles(Source& source) {
  for (const std::string& name : source.workgroup().session_roles)
    for (const sql::StoredRole& role : source.catalog.roles)
      if (role.name == name) source.rows.push_back({name, std::to_string(role.id)});
  return {};
}

Status iam_roles(Source& source) {
  for (const std::string& arn : source.workgroup().roles)
    source.rows.push_back({arn, yes(arn == source.workgroup().default_role)});
  return {};
}

constexpr RowsOf kViews[] = {
    {"svv_external_schemas", external_schemas},
    {"svv_external_databases", external_databases},
    {"svv_external_tables", external_tables},
    {"svv_external_columns", external_columns},
    {"svv_external_partitions", external_partitions},
    {"sys_load_error_detail", load_error_detail},
    {"stl_load_errors", load_errors},
    {"svl_user_info", user_info},
    {"pg_user", users},
    {"pg_group", groups},
    {"svv_roles", roles},
    {"svv_user_grants", user_grants},
    {"svv_role_grants", role_grants},
    {"svv_system_privileges", system_privileges},
    {sql::kIdentities, identities},
    {sql::kRoutines, routines},
    {sql::kSessionFacts, session_facts},
    {sql::kSessionRoles, session_roles},
    {sql::kIamRoles, iam_roles},
    {sql::kMemberships, memberships},
};

}  // namespace

std::string timestamp(Time time) {
  std::string text = iso8601(time);
  if (text.ends_with('Z')) text.pop_back();
  return replace_all(std::move(text), "T", " ");
}

std::string user_id(const Source& source, const std::string& user) {
  for (const sql::StoredUser& each : source.catalog.users)
    if (each.name == user) return std::to_string(each.id);
  return "0";
}

std::string number(int64_t value) {
  return std::to_string(std::max<int64_t>(value, 0));
}

Result<sql::Rows> system_rows(Door& door, Actor& actor, const Activity& activity, const std::string& database,
                              const std::string& view) {
  sql::Rows out;
  const auto tx = door.store().read();
  Source source{door,
                actor,
                activity,
                database,
                *tx,
                out.rows,
                TRY(read_definitions(*tx, actor.workgroup().namespace_id, database))};
  for (const std::span<const RowsOf> views : {std::span<const RowsOf>(kViews), query_views(), file_views()})
    for (const RowsOf& each : views)
      if (each.view == view) TRY(each.fill(source));
  return out;
}

}  // namespace tarn::redshift_data

#include "services/redshift_data/system_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "lake/lake.h"
#include "lake/postgres.h"
#include "services/redshift_data/definitions.h"
#include "services/redshift_data/redshift_data.h"
#include "sql/rights.h"
#include "sql/system_views.h"

namespace tarn::redshift_data {
namespace {

using Row = std::vector<std::optional<std::string>>;

constexpr size_t kMaxQueries = 1000;
constexpr std::string_view kUserId = "100";

// What a view is filled from.
struct Source {
  Door& door;
  Actor& actor;
  const std::string& database;
  Transaction& tx;
  std::vector<Row>& rows;
  sql::UserCatalog catalog;

  const Workgroup& workgroup() const { return actor.workgroup(); }
  template <class K, class R, class Each>
  Status each(const Table<K, R>& table, Each visit) {
    auto at = tx.cursor(table, {.prefix = prefix_of(table, workgroup().namespace_id, database)});
    for (; at.valid(); at.next()) visit(TRY(at.key()), TRY(at.record()));
    return at.status();
  }
  // Every external table that its schema's role may see.
  template <class Each>
  void each_external(Each visit) {
    for (const sql::StoredSchema& schema : actor.schemas()) {
      const auto as = actor.as(schema.role);
      if (const auto source = sql::federated_source_of(schema.source); source && as) {
        const auto names = lake::federated_tables(door, *as, *source);
        if (!names) continue;  // nor one that cannot be reached
        for (const std::string& name : *names)
          if (const auto table = lake::federated_table(door, *as, *source, name); table && *table)
            visit(schema, **table);
        continue;
      }
      const auto names =
          as ? lake::glue_tables(door, *as, schema.database) : Result<std::vector<std::string>>(Failure(as.error()));
      if (!names) continue;  // a schema whose role may not read it shows no tables
      for (const std::string& name : *names)
        if (const auto table = lake::glue_table(door, *as, schema.database, name); table && *table) visit(schema, **table);
    }
  }
};

std::string timestamp(Time time) {
  std::string text = iso8601(time);
  if (text.ends_with('Z')) text.pop_back();
  return replace_all(std::move(text), "T", " ");
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
  source.each_external([&](const sql::StoredSchema& schema, const sql::ExternalTable& table) {
    source.rows.push_back({source.database, schema.name, table.name, "TABLE", table.location, std::nullopt,
                           std::nullopt, property(table, "serialization.lib"), std::nullopt, "0", std::nullopt});
  });
  return {};
}

Status external_columns(Source& source) {
  source.each_external([&](const sql::StoredSchema& schema, const sql::ExternalTable& table) {
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
  source.each_external([&](const sql::StoredSchema& schema, const sql::ExternalTable& table) {
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
    source.rows.push_back({std::string(kUserId), std::to_string(key.number), "0", "0", source.database, "0",
                           timestamp(key.time), record.uri, std::to_string(record.line), record.column, record.type,
                           std::to_string(record.column_length), std::to_string(record.position),
                           std::to_string(record.code), record.reason});
  });
}

Status load_errors(Source& source) {
  return source.each(kLoadErrors, [&](const LoadErrorKey& key, const LoadErrorRecord& record) {
    source.rows.push_back({std::string(kUserId), "0", "0", timestamp(key.time), "0", std::to_string(key.number),
                           record.uri, std::to_string(record.line), record.column, record.type,
                           std::to_string(record.column_length), std::to_string(record.position), record.raw_line,
                           record.raw_value, std::to_string(record.code), record.reason, "0", "0"});
  });
}

// --- what was run ---------------------------------------------------------------------------------------------------

std::string user_id(const Source& source, const std::string& user) {
  for (const sql::StoredUser& each : source.catalog.users)
    if (each.name == user) return std::to_string(each.id);
  return "0";
}

std::string number(int64_t value) {
  return std::to_string(std::max<int64_t>(value, 0));
}

std::string micros(const PartRecord& part) {
  return number(part.duration_nanos / 1000);
}

std::optional<std::string> some(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

// "SELECT", "COPY" ..: a statement's first word.
std::string first_word(const std::string& text) {
  const auto tokens = sql::lex(text);
  return tokens && !tokens->empty() ? upper(tokens->front().text) : "";
}

// AWS: SYS_QUERY_HISTORY, query_type.
std::string query_type(const std::string& text) {
  const std::string word = first_word(text);
  for (const std::string_view known :
       {"SELECT", "INSERT", "UPDATE", "DELETE", "COPY", "UNLOAD", "CALL", "VACUUM", "ANALYZE", "MERGE"})
    if (word == known) return word;
  if (word == "WITH" || word == "(") return "SELECT";
  if (word == "CREATE" || word == "DROP" || word == "ALTER" || word == "TRUNCATE" || word == "COMMENT") return "DDL";
  return word == "GRANT" || word == "REVOKE" ? "DCL" : "UTILITY";
}

// Every statement that the asking user may see, newest first. AWS: SYS_QUERY_HISTORY: a superuser sees all, others their
// own.
template <class Each>
Status each_query(Source& source, Each each) {
  const Workgroup& workgroup = source.workgroup();
  const bool all = sql::identity_of(source.catalog, workgroup.user, workgroup.session_roles).superuser;
  const std::string prefix =
      all ? index_prefix(kByPrincipal, workgroup.account, workgroup.region)
          : index_prefix(kByPrincipal, workgroup.account, workgroup.region,
                         identity_of(source.actor.from().principal));
  auto page =
      TRY(source.tx.scan_index(kStatements, kByPrincipal, {.prefix = prefix, .limit = kMaxQueries, .reverse = true}));
  std::ranges::stable_sort(page.entries, [](const auto& a, const auto& b) { return a.record.created > b.record.created; });
  for (const auto& [key, record] : page.entries)
    if (record.namespace_id == workgroup.namespace_id)
      for (const PartRecord& part : record.parts) each(record, part);
  return {};
}

constexpr std::string_view kQueryStates[] = {"queued", "planning", "running", "success", "failed", "canceled"};

std::string query_state(const PartRecord& part) {
  return std::string(kQueryStates[static_cast<size_t>(part.state)]);
}
std::string aborted(const PartRecord& part) {
  return part.state == StatementState::kFailed || part.state == StatementState::kAborted ? "1" : "0";
}

Status query_history(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    source.rows.push_back({user_id(source, record.user), std::to_string(part.query_id), "default", "0",
                           std::to_string(record.pid), record.database, query_type(part.sql), query_state(part), "false",
                           timestamp(part.created), timestamp(part.updated), micros(part), "0", micros(part),
                           some(part.error), number(part.rows), number(part.bytes), part.sql});
  });
}

Status query_text(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    source.rows.push_back({user_id(source, record.user), std::to_string(part.query_id), "0", std::to_string(record.pid),
                           timestamp(part.created), "0", part.sql});
  });
}

Status stl_query(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    if (!is_over(part.state)) return;
    source.rows.push_back({user_id(source, record.user), std::to_string(part.query_id), "default", "0",
                           std::to_string(record.pid), record.database, part.sql, timestamp(part.created),
                           timestamp(part.updated), aborted(part), "0", "0"});
  });
}

Status stl_querytext(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    constexpr size_t kPiece = 200;  // AWS: STL_QUERYTEXT: 200 characters a row
    for (size_t at = 0; at < part.sql.size(); at += kPiece)
      source.rows.push_back({user_id(source, record.user), "0", std::to_string(record.pid),
                             std::to_string(part.query_id), std::to_string(at / kPiece), part.sql.substr(at, kPiece)});
  });
}

Status svl_qlog(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    if (!is_over(part.state)) return;
    source.rows.push_back({user_id(source, record.user), std::to_string(part.query_id), "0", std::to_string(record.pid),
                           timestamp(part.created), timestamp(part.updated), micros(part), aborted(part), "default",
                           part.sql.substr(0, 60), std::nullopt, "0", std::nullopt});
  });
}

Status svl_statementtext(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    const std::string type = query_type(part.sql);
    source.rows.push_back({user_id(source, record.user), "0", std::to_string(record.pid), "default",
                           timestamp(part.created), timestamp(part.updated), "0",
                           type == "DDL" || type == "UTILITY" ? type : "QUERY", part.sql});
  });
}

Status stv_recents(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    source.rows.push_back({user_id(source, record.user), is_over(part.state) ? "Done" : "Running",
                           timestamp(part.created), micros(part), record.user, record.database, part.sql,
                           std::to_string(record.pid)});
  });
}

Status stv_inflight(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    if (is_over(part.state)) return;
    source.rows.push_back({user_id(source, record.user), "0", std::to_string(part.query_id), "default", "0",
                           std::to_string(record.pid), timestamp(part.created), part.sql.substr(0, 100), "0", "0", "0"});
  });
}

// The statement as the parser understands it; nullptr where it is another one.
template <class T>
std::optional<T> parsed_as(const std::string& text) {
  const auto texts = sql::split_statements(text);
  if (!texts || texts->size() != 1) return std::nullopt;
  const auto statement = sql::recognise_redshift(texts->front());
  if (!statement) return std::nullopt;
  const T* found = std::get_if<T>(&*statement);
  return found ? std::optional<T>(*found) : std::nullopt;
}

Status procedure_calls(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    const auto call = parsed_as<sql::CallProcedure>(part.sql);
    if (!call) return;
    const std::string user = user_id(source, record.user);
    source.rows.push_back({user, std::to_string(part.query_id), user, record.database, std::to_string(record.pid), "0",
                           query_state(part), timestamp(part.created), timestamp(part.updated), call->name.text(),
                           some(part.error), part.sql});
  });
}

std::string_view format_name(sql::FileFormat format) {
  constexpr std::string_view kNames[] = {"csv", "txt", "json", "parquet", "fixedwidth", "shapefile"};
  const auto at = static_cast<size_t>(format);
  return at < std::size(kNames) ? kNames[at] : "avro";
}

// What it read and how many files that were is not kept.
Status load_history(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    const auto copy = parsed_as<sql::Copy>(part.sql);
    if (!copy) return;
    const bool done = part.state == StatementState::kFinished;
    source.rows.push_back({user_id(source, record.user), std::to_string(part.query_id), "0", std::to_string(record.pid),
                           record.database, done ? "completed" : is_over(part.state) ? "aborted" : "running",
                           copy->request.table, timestamp(part.created), timestamp(part.updated), micros(part),
                           copy->uri, std::string(format_name(copy->request.format)), number(done ? part.rows : 0)});
  });
}

Status unload_history(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    const auto unload = parsed_as<sql::Unload>(part.sql);
    if (!unload) return;
    constexpr std::string_view kCompressions[] = {"none", "gzip", "bzip2", "zstd", "none"};
    const bool done = part.state == StatementState::kFinished;
    source.rows.push_back({user_id(source, record.user), std::to_string(part.query_id), "0", std::to_string(record.pid),
                           record.database, done ? "completed" : is_over(part.state) ? "aborted" : "running",
                           timestamp(part.created), timestamp(part.updated), micros(part),
                           std::string(format_name(unload->request.format)),
                           std::string(kCompressions[static_cast<size_t>(unload->request.compression)]),
                           unload->request.uri, number(done ? part.rows : 0), std::nullopt, std::nullopt,
                           some(part.error)});
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
  for (const auto& group : source.catalog.groups) source.rows.push_back({"group", group.name, std::to_string(group.id)});
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

Status routines(Source& source) {
  for (const sql::StoredRoutine& routine : source.catalog.routines) {
    std::optional<std::string> result;
    if (const auto function = parsed_as<sql::CreateFunction>(routine.definition))
      result = sql::shown_type(function->returns);
    source.rows.push_back({routine.schema, routine.name, routine.signature, routine.procedure ? "p" : "f",
                           routine.owner, routine.definition, result});
  }
  return {};
}

struct View {
  std::string_view name;
  Status (*fill)(Source&);
};
constexpr View kViews[] = {
    {"svv_external_schemas", external_schemas},
    {"svv_external_databases", external_databases},
    {"svv_external_tables", external_tables},
    {"svv_external_columns", external_columns},
    {"svv_external_partitions", external_partitions},
    {"sys_load_error_detail", load_error_detail},
    {"stl_load_errors", load_errors},
    {"sys_query_history", query_history},
    {"sys_query_text", query_text},
    {"sys_procedure_call", procedure_calls},
    {"sys_load_history", load_history},
    {"sys_unload_history", unload_history},
    {"stl_query", stl_query},
    {"stl_querytext", stl_querytext},
    {"svl_qlog", svl_qlog},
    {"svl_statementtext", svl_statementtext},
    {"stv_recents", stv_recents},
    {"stv_inflight", stv_inflight},
    {"svl_user_info", user_info},
    {"pg_user", users},
    {"pg_user_info", user_info},
    {"pg_group", groups},
    {"svv_roles", roles},
    {"svv_user_grants", user_grants},
    {"svv_role_grants", role_grants},
    {"svv_system_privileges", system_privileges},
    {sql::kIdentities, identities},
    {sql::kRoutines, routines},
    {sql::kMemberships, memberships},
};

}  // namespace

Result<sql::Rows> system_rows(Door& door, Actor& actor, const std::string& database, const std::string& view) {
  sql::Rows out;
  const auto tx = door.store().read();
  Source source{door, actor, database, *tx, out.rows,
                TRY(read_definitions(*tx, actor.workgroup().namespace_id, database))};
  for (const View& each : kViews)
    if (each.name == view) TRY(each.fill(source));
  return out;
}

}  // namespace tarn::redshift_data

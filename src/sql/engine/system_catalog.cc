#include "sql/engine/system_catalog.h"

#include <map>

#include "base/text.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/instance.h"
#include "sql/engine/rights.h"
#include "sql/engine/session_state.h"
#include "sql/system_views.h"

namespace tarn::sql::engine {
namespace {

using std::string;

// What the views are made of: {db} is the session's database as a string, {own} our schema's name, {user} the user.
//
// The comment of a table is "owner|diststyle|interleaved|created", of a column "type|identity|default|encode|distkey|sortkey"
// (rewrite_create.cc).
constexpr const char* kTables = R"(
  (SELECT every.*, coalesce(o.owner, '') AS owner, coalesce(i.id, 1) AS owner_id, m.comment AS remarks FROM (
   SELECT schema_name, schema_oid, table_name, table_oid, 'TABLE' AS kind, comment, estimated_size AS rows, column_count
     FROM duckdb_tables() WHERE database_name = {db} AND NOT internal AND schema_name <> {own}
   UNION ALL
   SELECT schema_name, schema_oid, view_name, view_oid, 'VIEW', comment, 0, column_count
     FROM duckdb_views() WHERE database_name = {db} AND NOT internal AND schema_name <> {own}
   UNION ALL
   SELECT v.schema_name, s.oid, v.name, (hash(v.schema_name || '.' || v.name) % 1000000000)::BIGINT + 1000000000, 'VIEW',
          NULL, 0, 0
     FROM {own_db}.views v JOIN duckdb_schemas() s ON s.database_name = {db} AND s.schema_name = v.schema_name
    WHERE v.kind = 'LATE'
   UNION ALL
   SELECT 'pg_temp_1', 99, table_name, table_oid, 'TABLE', comment, estimated_size, column_count
     FROM duckdb_tables() WHERE database_name = 'temp' AND NOT internal) every
   LEFT JOIN {own_db}.owners o ON o.kind = 'TABLE' AND o.schema_name = every.schema_name AND o.name = every.table_name
   LEFT JOIN {own_db}.comments m
          ON m.kind = 'TABLE' AND m.schema_name = every.schema_name AND m.name = every.table_name AND m.column_name = ''
   LEFT JOIN {identities} i ON i.kind = 'user' AND i.name = o.owner) tables)";

constexpr const char* kSchemas = R"(
  (SELECT s.schema_name, s.oid, coalesce(o.owner, 'rdsdb') AS owner, coalesce(i.id, 1) AS owner_id
     FROM duckdb_schemas() s
     LEFT JOIN {own_db}.owners o ON o.kind = 'SCHEMA' AND o.name = s.schema_name
     LEFT JOIN {identities} i ON i.kind = 'user' AND i.name = o.owner
    WHERE s.database_name = {db} AND s.schema_name NOT IN ({own}, 'main')) schemas)";

constexpr const char* kColumns = R"(
  (SELECT CASE WHEN database_name = 'temp' THEN 'pg_temp_1' ELSE schema_name END AS schema_name, table_name, table_oid, column_name,
          column_index, column_default, is_nullable, data_type, numeric_precision, numeric_scale,
          coalesce(split_part(comment, '|', 1), '') AS declared, coalesce(split_part(comment, '|', 2), '') AS identity,
          coalesce(split_part(comment, '|', 4), '') AS encode, coalesce(split_part(comment, '|', 5), '') = 'distkey' AS distkey,
          coalesce(try_cast(split_part(comment, '|', 6) AS INTEGER), 0) AS sortkey,
          CASE WHEN declared <> '' THEN declared
               WHEN data_type = 'VARCHAR' THEN 'character varying(65535)'
               WHEN data_type = 'JSON' THEN 'super'
               WHEN data_type = 'TIMESTAMP' THEN 'timestamp without time zone'
               WHEN data_type = 'DOUBLE' THEN 'double precision'
               WHEN data_type = 'FLOAT' THEN 'real'
               WHEN data_type = 'BLOB' THEN 'binary varying(64000)'
               WHEN data_type = 'HUGEINT' THEN 'numeric(38,0)'
               WHEN starts_with(data_type, 'DECIMAL') THEN replace(lower(data_type), 'decimal', 'numeric')
               ELSE lower(data_type) END AS shown,
          split_part(shown, '(', 1) AS shown_name,
          CASE WHEN shown LIKE 'char%(%' OR shown LIKE 'binary%(%'
               THEN try_cast(split_part(split_part(shown, '(', 2), ')', 1) AS INTEGER) END AS length
     FROM duckdb_columns() WHERE NOT internal AND schema_name <> {own} AND database_name IN ({db}, 'temp')) columns)";

struct View {
  const char *schema, *name, *sql;
};

#define IDENTITIES "system.redshift.system_rows('tarn_identities')"
#define ROUTINES "system.redshift.system_rows('tarn_routines')"
#define IDENTITY                                                                                             \
  "coalesce(i.id, 0) AS identity_id, CASE g.grantee_kind WHEN 'public' THEN 'public' ELSE g.grantee END AS " \
  "identity_name, g.grantee_kind AS identity_type, g.grant_option = 'true' AS admin_option"
#define SERVER(view) "system.redshift.system_rows('" view "')"

constexpr View kViews[] = {
    {"pg_catalog", "pg_namespace",
     "SELECT oid::INTEGER AS oid, schema_name AS nspname, owner_id AS nspowner, NULL::VARCHAR AS nspacl FROM {schemas} "
     "UNION ALL SELECT 99, 'pg_temp_1', 100, NULL"},
    {"pg_catalog", "pg_class_info",
     "SELECT table_oid::INTEGER AS reloid, table_name AS relname, schema_oid::INTEGER AS relnamespace, "
     "table_oid::INTEGER AS "
     "reltype, owner_id AS relowner, 0 AS relam, table_oid::INTEGER AS relfilenode, 0 AS reltablespace, 0 AS relpages, "
     "rows::FLOAT AS "
     "reltuples, 0 AS reltoastrelid, CASE kind WHEN 'VIEW' THEN 'v' ELSE 'r' END AS relkind, column_count::SMALLINT AS "
     "relnatts, "
     "NULL::VARCHAR AS relacl, make_timestamp(coalesce(try_cast(split_part(comment, '|', 4) AS BIGINT), 0)) AS "
     "relcreationtime, "
     "CASE split_part(comment, '|', 2) WHEN 'EVEN' THEN 0 WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 ELSE 9 END AS "
     "reldiststyle, "
     "CASE split_part(comment, '|', 2) WHEN 'EVEN' THEN 0 WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 ELSE 10 END AS "
     "releffectivediststyle FROM {tables}"},
    {"pg_catalog", "pg_class",
     "SELECT table_oid::INTEGER AS oid, table_name AS relname, schema_oid::INTEGER AS relnamespace, table_oid::INTEGER "
     "AS "
     "reltype, owner_id AS relowner, 0 AS relam, table_oid::INTEGER AS relfilenode, rows::FLOAT AS reltuples, CASE "
     "kind "
     "WHEN 'VIEW' "
     "THEN 'v' ELSE 'r' END AS relkind, column_count::SMALLINT AS relnatts, NULL::VARCHAR AS relacl, false AS "
     "relhasindex FROM "
     "{tables}"},
    {"pg_catalog", "pg_attribute",
     "SELECT table_oid::INTEGER AS attrelid, column_name AS attname, CASE shown_name WHEN 'boolean' THEN 16 WHEN "
     "'bigint' "
     "THEN 20 WHEN 'smallint' THEN 21 WHEN 'integer' THEN 23 WHEN 'real' THEN 700 WHEN 'double precision' THEN 701 "
     "WHEN "
     "'character' THEN 1042 WHEN 'character varying' THEN 1043 WHEN 'date' THEN 1082 WHEN 'time' THEN 1083 WHEN "
     "'timestamp without time zone' THEN 1114 WHEN 'timestamp with time zone' THEN 1184 WHEN 'numeric' THEN 1700 WHEN "
     "'geometry' THEN 3000 WHEN 'super' THEN 4000 WHEN 'binary varying' THEN 6551 ELSE 25 END AS atttypid, "
     "column_index::SMALLINT AS attnum, "
     "coalesce(length + 4, -1)::INTEGER AS atttypmod, NOT is_nullable AS attnotnull, column_default IS NOT NULL AS "
     "atthasdef, "
     "false AS attisdropped, distkey AS attisdistkey, sortkey AS attsortkeyord FROM {columns}"},
    {"pg_catalog", "pg_table_def",
     "SELECT schema_name AS schemaname, table_name AS tablename, column_name AS \"column\", shown AS type, CASE encode "
     "WHEN '' "
     "THEN 'none' ELSE encode END AS encoding, distkey, sortkey, NOT is_nullable AS \"notnull\" FROM {columns} "
     "ORDER BY schema_name, table_name, column_index"},
    {"pg_catalog", "pg_tables",
     "SELECT schema_name AS schemaname, table_name AS tablename, owner AS "
     "tableowner, "
     "NULL::VARCHAR AS tablespace, false AS hasindexes, false AS hasrules, false AS hastriggers FROM {tables} WHERE "
     "kind = "
     "'TABLE'"},
    {"pg_catalog", "pg_views",
     "SELECT v.schema_name AS schemaname, v.name AS viewname, coalesce(o.owner, '') AS viewowner, v.definition FROM "
     "{own_db}.views v LEFT JOIN {own_db}.owners o ON o.kind = 'TABLE' AND o.schema_name = v.schema_name AND o.name = "
     "v.name"},
    {"pg_catalog", "stv_mv_info",
     "SELECT {db} AS db_name, schema_name AS \"schema\", name, '' AS updated_upto_xid, 'f' AS is_stale, options = "
     "'auto' "
     "AS autorefresh, 0 AS state FROM {own_db}.views WHERE kind = 'MATERIALIZED'"},
    {"pg_catalog", "svv_mv_info",
     "SELECT {db} AS database_name, schema_name, name, options = 'auto' AS autorefresh, false AS is_stale, 0 AS state "
     "FROM {own_db}.views WHERE kind = 'MATERIALIZED'"},
    {"pg_catalog", "pg_description",
     "SELECT coalesce(t.table_oid, s.oid, 0)::INTEGER AS objoid, 0 AS classoid, coalesce(c.column_index, 0)::INTEGER "
     "AS "
     "objsubid, m.comment AS description FROM {own_db}.comments m LEFT JOIN duckdb_tables() t ON m.kind = 'TABLE' AND "
     "t.database_name = {db} AND t.schema_name = m.schema_name AND t.table_name = m.name LEFT JOIN duckdb_schemas() s "
     "ON "
     "m.kind = 'SCHEMA' AND s.database_name = {db} AND s.schema_name = m.name LEFT JOIN duckdb_columns() c ON "
     "m.column_name <> '' AND c.database_name = {db} AND c.schema_name = m.schema_name AND c.table_name = m.name AND "
     "c.column_name = m.column_name"},
    {"pg_catalog", "pg_database",
     "SELECT database_name AS datname, 100 AS datdba, 6 AS encoding, false AS datistemplate, true AS datallowconn FROM "
     "duckdb_databases() WHERE NOT internal AND path IS NOT NULL"},
    {"pg_catalog", "pg_database_info",
     "SELECT database_oid::INTEGER AS datid, database_name AS datname, 100 AS datdba, 6 AS encoding, 'UNLIMITED' AS "
     "datconnlimit FROM duckdb_databases() WHERE NOT internal AND path IS NOT NULL"},
    {"pg_catalog", "svv_relation_privileges",
     "SELECT g.schema_name AS namespace_name, g.name AS relation_name, g.privilege AS privilege_type, " IDENTITY
     " FROM {grants} WHERE g.kind = 'TABLE' AND g.column_name = ''"},
    {"pg_catalog", "svv_column_privileges",
     "SELECT g.schema_name AS namespace_name, g.name AS relation_name, g.column_name, g.privilege AS "
     "privilege_type, " IDENTITY " FROM {grants} WHERE g.kind = 'TABLE' AND g.column_name <> ''"},
    {"pg_catalog", "svv_schema_privileges",
     "SELECT g.name AS namespace_name, g.privilege AS privilege_type, " IDENTITY
     " FROM {grants} WHERE g.kind = 'SCHEMA'"},
    {"pg_catalog", "svv_database_privileges",
     "SELECT {db} AS database_name, g.privilege AS privilege_type, " IDENTITY
     " FROM {grants} WHERE g.kind = 'DATABASE'"},
    {"pg_catalog", "svv_language_privileges",
     "SELECT g.name AS language_name, g.privilege AS privilege_type, " IDENTITY
     " FROM {grants} WHERE g.kind = 'LANGUAGE'"},
    {"pg_catalog", "svv_function_privileges",
     "SELECT g.schema_name AS namespace_name, split_part(g.name, '(', 1) AS function_name, rtrim(split_part(g.name, "
     "'(', "
     "2), ')') AS argument_types, g.privilege AS privilege_type, " IDENTITY
     " FROM {grants} WHERE g.kind IN ('FUNCTION', 'PROCEDURE')"},
    {"pg_catalog", "svv_default_privileges",
     "SELECT d.schema_name, CASE d.kind WHEN 'TABLE' THEN 'RELATION' ELSE d.kind END AS object_type, o.id AS owner_id, "
     "d.owner AS owner_name, 'user' AS owner_type, d.privilege AS privilege_type, i.id AS grantee_id, d.grantee AS "
     "grantee_name, d.grantee_kind AS grantee_type, d.grant_option = 'true' AS admin_option FROM "
     "{own_db}.default_grants "
     "d LEFT JOIN " IDENTITIES " i ON i.kind = d.grantee_kind AND i.name = d.grantee LEFT JOIN " IDENTITIES
     " o ON o.kind = 'user' AND o.name = d.owner"},
    {"pg_catalog", "svv_redshift_databases",
     "SELECT database_name, 100 AS database_owner, 'local' AS database_type, NULL::VARCHAR AS database_acl, "
     "NULL::VARCHAR AS "
     "database_options, 'Snapshot Isolation' AS database_isolation_level FROM duckdb_databases() WHERE NOT internal "
     "AND path IS "
     "NOT NULL"},
    {"pg_catalog", "svv_all_schemas",
     "SELECT {db} AS database_name, schema_name, owner_id AS schema_owner, 'local' AS schema_type, NULL::VARCHAR AS "
     "schema_acl, "
     "NULL::VARCHAR AS source_database, NULL::VARCHAR AS schema_option FROM {schemas} "
     "UNION ALL SELECT {db}, schemaname, esowner, 'external', NULL, databasename, esoptions FROM " SERVER(
         "svv_external_schemas")},
    {"pg_catalog", "svv_redshift_schemas",
     "SELECT {db} AS database_name, schema_name, owner_id AS schema_owner, 'local' AS schema_type, NULL::VARCHAR AS "
     "schema_acl, "
     "NULL::VARCHAR AS schema_option FROM {schemas}"},
    {"pg_catalog", "svv_all_tables",
     "SELECT {db} AS database_name, schema_name, table_name, NULL::VARCHAR AS table_acl, kind AS table_type, "
     "remarks FROM {tables} WHERE schema_name <> 'pg_temp_1' UNION ALL SELECT redshift_database_name, schemaname, "
     "tablename, NULL, 'EXTERNAL TABLE', "
     "NULL FROM " SERVER("svv_external_tables")},
    {"pg_catalog", "svv_redshift_tables",
     "SELECT {db} AS database_name, schema_name, table_name, kind AS table_type, NULL::VARCHAR AS table_acl, "
     "remarks, owner AS table_owner FROM {tables}"},
    {"pg_catalog", "svv_tables",
     "SELECT {db} AS table_catalog, schema_name AS table_schema, table_name, CASE kind WHEN 'TABLE' THEN 'BASE TABLE' "
     "ELSE kind "
     "END AS table_type, remarks FROM {tables} UNION ALL SELECT redshift_database_name, schemaname, "
     "tablename, "
     "'EXTERNAL TABLE', NULL FROM " SERVER("svv_external_tables")},
    {"pg_catalog", "svv_all_columns",
     "SELECT {db} AS database_name, schema_name, table_name, column_name, column_index::INTEGER AS ordinal_position, "
     "column_default, CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS is_nullable, shown_name AS data_type, length "
     "AS "
     "character_maximum_length, numeric_precision, numeric_scale, NULL::VARCHAR AS remarks FROM {columns} "
     "UNION ALL SELECT redshift_database_name, schemaname, tablename, columnname, columnnum, NULL, 'YES', "
     "external_type, NULL, NULL, "
     "NULL, NULL FROM " SERVER("svv_external_columns")},
    {"pg_catalog", "svv_redshift_columns",
     "SELECT {db} AS database_name, schema_name, table_name, column_name, column_index::INTEGER AS ordinal_position, "
     "shown AS data_type, column_default, CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS is_nullable, encode AS "
     "encoding, "
     "distkey, sortkey, NULL::VARCHAR AS column_acl, NULL::VARCHAR AS remarks FROM {columns}"},
    {"pg_catalog", "svv_columns",
     "SELECT {db} AS table_catalog, schema_name AS table_schema, table_name, column_name, column_index::INTEGER AS "
     "ordinal_position, column_default, CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS is_nullable, shown_name AS "
     "data_type, "
     "length AS character_maximum_length, numeric_precision, numeric_scale, NULL::VARCHAR AS remarks FROM {columns}"},
    {"pg_catalog", "svv_table_info",
     "SELECT {db} AS database, schema_name AS schema, table_oid AS table_id, table_name AS \"table\", 'N' AS encoded, "
     "CASE "
     "split_part(comment, '|', 2) WHEN '' THEN 'AUTO(ALL)' ELSE split_part(comment, '|', 2) END AS diststyle, rows AS "
     "tbl_rows, "
     "rows AS estimated_visible_rows FROM {tables} WHERE kind = 'TABLE'"},
    {"pg_catalog", "pg_type",
     "SELECT oid::INTEGER AS oid, typname, 11 AS typnamespace, 1 AS typowner, typlen::SMALLINT AS typlen, 'b' AS "
     "typtype, "
     "true AS typisdefined, ',' AS typdelim, 0 AS typrelid, 0 AS typelem, 0 AS typbasetype, -1 AS typtypmod FROM "
     "(VALUES "
     "(16, 'bool', 1), (20, 'int8', 8), (21, 'int2', 2), (23, 'int4', 4), (25, 'text', -1), (26, 'oid', 4), (700, "
     "'float4', 4), (701, 'float8', 8), (1042, 'bpchar', -1), (1043, 'varchar', -1), (1082, 'date', 4), (1083, 'time', "
     "8), (1114, 'timestamp', 8), (1184, 'timestamptz', 8), (1266, 'timetz', 12), (1700, 'numeric', -1), (1790, "
     "'refcursor', -1), (2205, 'regclass', 4), (3000, 'geometry', -1), (3001, 'geography', -1), (4000, 'super', -1), "
     "(6551, 'varbyte', -1)) t(oid, typname, typlen)"},
    {"pg_catalog", "pg_attrdef",
     "SELECT table_oid::INTEGER AS adrelid, column_index::SMALLINT AS adnum, column_default AS adbin, column_default "
     "AS "
     "adsrc FROM {columns} WHERE column_default IS NOT NULL"},
    // There are none of these: keys are information only, and not kept.
    {"pg_catalog", "pg_index",
     "SELECT 0 AS indexrelid, 0 AS indrelid, '' AS indkey, false AS indisunique, false AS indisprimary, false AS "
     "indisclustered WHERE false"},
    {"pg_catalog", "pg_constraint",
     "SELECT 0 AS oid, '' AS conname, 0 AS connamespace, '' AS contype, 0 AS conrelid, 0 AS confrelid, '' AS conkey, "
     "'' "
     "AS confkey, '' AS consrc WHERE false"},
    {"pg_catalog", "pg_inherits", "SELECT 0 AS inhrelid, 0 AS inhparent, 0 AS inhseqno WHERE false"},
    {"pg_catalog", "pg_rewrite",
     "SELECT 0 AS oid, '' AS rulename, 0 AS ev_class, 0 AS ev_attr, '' AS ev_type, false AS is_instead WHERE false"},
    {"pg_catalog", "pg_depend",
     "SELECT 0 AS classid, 0 AS objid, 0 AS objsubid, 0 AS refclassid, 0 AS refobjid, 0 AS refobjsubid, '' AS deptype "
     "WHERE false"},
    {"information_schema", "table_constraints",
     "SELECT '' AS constraint_catalog, '' AS constraint_schema, '' AS constraint_name, '' AS table_catalog, '' AS "
     "table_schema, '' AS table_name, '' AS constraint_type WHERE false"},
    {"information_schema", "key_column_usage",
     "SELECT '' AS constraint_catalog, '' AS constraint_schema, '' AS constraint_name, '' AS table_catalog, '' AS "
     "table_schema, '' AS table_name, '' AS column_name, 0 AS ordinal_position WHERE false"},
    {"pg_catalog", "stv_tbl_perm",
     "SELECT 0 AS slice, table_oid::INTEGER AS id, table_name AS name, rows, rows AS sorted_rows, (schema_name = "
     "'pg_temp_1')::INTEGER AS temp, 0 AS db_id, 0 AS insert_pristine, 0 AS delete_pristine, 0 AS backup FROM {tables} "
     "WHERE kind = 'TABLE'"},
    {"pg_catalog", "svv_redshift_functions",
     "SELECT {db} AS database_name, schema_name, name AS function_name, CASE kind WHEN 'p' THEN 'STORED PROCEDURE' "
     "ELSE "
     "'REGULAR FUNCTION' END AS function_type, signature AS argument_type, result AS result_type FROM " ROUTINES},
    {"pg_catalog", "pg_proc_info",
     "SELECT (100000 + row_number() OVER ())::INTEGER AS prooid, r.name AS proname, s.oid::INTEGER AS pronamespace, "
     "coalesce(i.id, 1) AS proowner, CASE r.kind WHEN 'p' THEN 'plpgsql' ELSE 'sql' END AS prolang, r.kind AS prokind, "
     "r.signature AS proargtypes, r.definition AS prosrc FROM " ROUTINES " r LEFT JOIN duckdb_schemas() s ON "
     "s.database_name = {db} AND s.schema_name = r.schema_name LEFT JOIN {identities} i ON i.kind = 'user' AND i.name "
     "= "
     "r.owner"},
    {"pg_catalog", "pg_proc",
     "SELECT (100000 + row_number() OVER ())::INTEGER AS oid, r.name AS proname, s.oid::INTEGER AS pronamespace, "
     "coalesce(i.id, 1) AS proowner, false AS proisagg, r.kind AS prokind, len(string_split(r.signature, "
     "','))::SMALLINT "
     "AS pronargs, r.definition AS prosrc FROM " ROUTINES
     " r LEFT JOIN duckdb_schemas() s ON s.database_name = {db} AND "
     "s.schema_name = r.schema_name LEFT JOIN {identities} i ON i.kind = 'user' AND i.name = r.owner"},
    {"information_schema", "tables",
     "SELECT {db} AS table_catalog, schema_name AS table_schema, table_name, CASE kind WHEN 'TABLE' THEN 'BASE TABLE' "
     "ELSE kind "
     "END AS table_type FROM {tables}"},
    {"information_schema", "schemata",
     "SELECT {db} AS catalog_name, schema_name, owner AS schema_owner FROM {schemas}"},
    {"information_schema", "columns",
     "SELECT {db} AS table_catalog, schema_name AS table_schema, table_name, column_name, column_index::INTEGER AS "
     "ordinal_position, column_default, CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS is_nullable, shown_name AS "
     "data_type, "
     "length AS character_maximum_length, numeric_precision, numeric_scale FROM {columns}"},
    {"information_schema", "views",
     "SELECT {db} AS table_catalog, schema_name AS table_schema, name AS table_name, definition AS view_definition "
     "FROM "
     "{own_db}.views"},
};

string filled(string sql, const StatementContext& context) {
  sql = replace_all(std::move(sql), "{tables}", kTables);
  sql = replace_all(std::move(sql), "{schemas}", kSchemas);
  sql = replace_all(std::move(sql), "{columns}", kColumns);
  sql = replace_all(std::move(sql), "{identities}", IDENTITIES);
  sql = replace_all(std::move(sql), "{grants}",
                    "{own_db}.grants g LEFT JOIN " IDENTITIES " i ON i.kind = g.grantee_kind AND i.name = g.grantee");
  sql = replace_all(std::move(sql), "{own_db}", quote_name(context.database) + "." + kOwnSchema);
  sql = replace_all(std::move(sql), "{db}", quote(context.database));
  sql = replace_all(std::move(sql), "{own}", quote(kOwnSchema));
  return replace_all(std::move(sql), "{user}", quote(context.user));
}

// --- system_rows('view') -----------------------------------------------------------------------------------------------

struct RowsData : duckdb::TableFunctionData {
  string view;
};
struct RowsState : duckdb::GlobalTableFunctionState {
  Rows rows;
  size_t at = 0;
  duckdb::idx_t MaxThreads() const override { return 1; }
};

duckdb::unique_ptr<duckdb::FunctionData> bind_rows(duckdb::ClientContext&, duckdb::TableFunctionBindInput& input,
                                                   duckdb::vector<duckdb::LogicalType>& types,
                                                   duckdb::vector<string>& names) {
  auto data = duckdb::make_uniq<RowsData>();
  data->view = input.inputs[0].ToString();
  for (const ServerView& view : kServerViews) {
    if (data->view != view.name) continue;
    for (const auto column : split(view.columns, ',')) {
      const auto words = split(trim(column), ' ');
      names.emplace_back(words[0]);
      types.push_back(duckdb::TransformStringToLogicalType(string(words[1])));
    }
  }
  return data;
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> begin_rows(duckdb::ClientContext& context,
                                                                duckdb::TableFunctionInitInput& input) {
  const auto session = SessionState::of(context);
  auto state = duckdb::make_uniq<RowsState>();
  auto rows = session->link.system_rows(session->context.principal, input.bind_data->Cast<RowsData>().view);
  if (!rows) session->raise(rows.error());
  state->rows = std::move(*rows);
  return state;
}

void next_rows(duckdb::ClientContext&, duckdb::TableFunctionInput& input, duckdb::DataChunk& output) {
  auto& state = input.global_state->Cast<RowsState>();
  duckdb::idx_t row = 0;
  for (; row < STANDARD_VECTOR_SIZE && state.at < state.rows.rows.size(); ++row, ++state.at) {
    const auto& values = state.rows.rows[state.at];
    for (duckdb::idx_t i = 0; i < output.ColumnCount(); ++i) {
      const auto& type = output.data[i].GetType();
      const bool given = i < values.size() && values[i];
      output.SetValue(i, row, given ? duckdb::Value(*values[i]).DefaultCastAs(type) : duckdb::Value(type));
    }
  }
  output.SetCardinality(row);
}

}  // namespace

void add_system_rows(Registry& registry) {
  add_rights(registry);
  registry.add(duckdb::TableFunction("system_rows", {duckdb::LogicalType::VARCHAR}, next_rows, bind_rows, begin_rows));
}

std::optional<string> system_view_sql(const string& schema, const string& name, const StatementContext& context) {
  if (!schema.empty() && schema != "pg_catalog" && schema != "information_schema") return std::nullopt;
  for (const View& view : kViews) {
    const bool named = schema.empty() ? view.schema == string("pg_catalog") : schema == view.schema;
    if (named && name == view.name) return filled(view.sql, context);
  }
  if (schema == "information_schema") return std::nullopt;
  for (const ServerView& view : kServerViews) {
    if (name == view.name && !name.starts_with("tarn_"))
      return "SELECT * FROM system.redshift.system_rows('" + name + "')";
  }
  return std::nullopt;
}

}  // namespace tarn::sql::engine

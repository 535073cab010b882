#include "sql/engine/system_catalog.h"

#include <map>

#include "base/text.h"
#include "sql/engine/catalog_arrays.h"
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
// The comment of a table is "owner|diststyle|interleaved|created|keys", of a column "type|identity|default|encode|distkey|sortkey"
// (rewrite_create.cc).
constexpr const char* kTables = R"(
  (SELECT every.* EXCLUDE (kind), coalesce(o.owner, '') AS owner, coalesce(i.id, 1) AS owner_id, m.comment AS remarks,
          every.kind = 'TABLE' AS stored, CASE WHEN w.name IS NULL THEN every.kind ELSE 'VIEW' END AS kind FROM (
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
   LEFT JOIN {own_db}.views w
          ON w.kind = 'MATERIALIZED' AND w.schema_name = every.schema_name AND w.name = every.table_name
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
          column_index, is_nullable, data_type, numeric_precision, numeric_scale,
          coalesce(split_part(comment, '|', 1), '') AS declared, coalesce(split_part(comment, '|', 2), '') AS identity,
          CASE WHEN identity = '' THEN replace(c.column_default, '"system".redshift.', '')
               WHEN c.column_default IS NOT NULL THEN '"identity"(' || table_oid || ', ' || (column_index - 1) || ', ' || chr(39) ||
                    identity || chr(39) || '::text)' END AS column_default,
          coalesce(split_part(comment, '|', 4), '') AS encode, coalesce(split_part(comment, '|', 5), '') = 'distkey' AS distkey,
          coalesce(try_cast(split_part(comment, '|', 6) AS INTEGER), 0) AS sortkey,
          CASE WHEN declared <> '' THEN declared
               WHEN data_type = 'VARCHAR' THEN 'character varying(65535)'
               WHEN data_type = 'JSON' THEN 'super'
               WHEN data_type = 'TIMESTAMP' THEN 'timestamp without time zone'
               WHEN data_type = 'TIME' THEN 'time without time zone'
               WHEN data_type = 'DOUBLE' THEN 'double precision'
               WHEN data_type = 'FLOAT' THEN 'real'
               WHEN data_type = 'BLOB' THEN 'binary varying(64000)'
               WHEN data_type = 'HUGEINT' THEN 'numeric(38,0)'
               WHEN starts_with(data_type, 'DECIMAL') THEN replace(lower(data_type), 'decimal', 'numeric')
               ELSE lower(data_type) END AS shown,
          split_part(shown, '(', 1) AS shown_name,
          CASE WHEN shown LIKE 'char%(%' OR shown LIKE 'binary%(%'
               THEN try_cast(split_part(split_part(shown, '(', 2), ')', 1) AS INTEGER) END AS length
     FROM duckdb_columns() c WHERE NOT internal AND schema_name <> {own} AND database_name IN ({db}, 'temp')) columns)";

// AWS: pg_views has the query of a view, and the whole statement of a late-binding or a materialized one.
constexpr const char* kViewTexts = R"(
  (SELECT kind, schema_name, name, options,
          CASE kind WHEN 'MATERIALIZED' THEN 'CREATE MATERIALIZED VIEW ' || schema_name || '.' || name || ' AS ' || definition
                    WHEN 'LATE' THEN 'CREATE VIEW ' || schema_name || '.' || name || ' AS ' || definition || ' WITH NO SCHEMA BINDING'
                    ELSE definition END AS definition
     FROM {own_db}.views) views)";

// Primary, unique and foreign keys, which are information only: made from the JSON in the tables' comments.
constexpr const char* kConstraints = R"(
  (SELECT k.*, definition_of || CASE WHEN kind <> 'f' THEN '' ELSE ' REFERENCES ' || CASE WHEN other_schema IN ({path}) THEN ''
          ELSE other_schema || '.' END || other_table || '(' || array_to_string(other_columns, ', ') || ')' END AS definition FROM (
   SELECT (table_oid * 64 + number)::INTEGER AS oid, schema_name, schema_oid, table_name, table_oid, owner_id, key ->> '$.name' AS name,
          key ->> '$.kind' AS kind, key ->> '$.columns[*]' AS columns, key ->> '$.schema' AS other_schema,
          key ->> '$.table' AS other_table, key ->> '$.others[*]' AS other_columns,
          CASE kind WHEN 'p' THEN 'PRIMARY KEY (' WHEN 'u' THEN 'UNIQUE (' ELSE 'FOREIGN KEY (' END ||
          array_to_string(columns, ', ') || ')' AS definition_of
     FROM (SELECT t.*, unnest(keys) AS key, generate_subscripts(keys, 1) AS number FROM
           (SELECT schema_name, schema_oid, table_name, table_oid, owner_id, json_extract(split_part(comment, '|', 5), '$[*]') AS keys
              FROM {tables} WHERE kind = 'TABLE' AND split_part(comment, '|', 5) <> '') t) every_key) k) constraints)";

// ASSUMED: the numbers of encodings, which AWS does not document; format_encoding() gives their names.
constexpr const char* kEncodings =
    "['bytedict', 'delta', 'delta32k', 'lzo', 'mostly8', 'mostly16', 'mostly32', 'runlength', 'text255', 'text32k', "
    "'zstd', 'az64', 'raw']";

#define IDENTITIES "system.redshift.system_rows('tarn_identities')"
#define ROUTINES "system.redshift.system_rows('tarn_routines')"
#define IDENTITY                                                                                             \
  "coalesce(i.id, 0) AS identity_id, CASE g.grantee_kind WHEN 'public' THEN 'public' ELSE g.grantee END AS " \
  "identity_name, g.grantee_kind AS identity_type, g.grant_option = 'true' AS admin_option"
#define SERVER(view) "system.redshift.system_rows('" view "')"

constexpr SystemView kViews[] = {
    {"pg_catalog", "pg_class_info",
     "SELECT table_oid::INTEGER AS reloid, table_name AS relname, schema_oid::INTEGER AS relnamespace, "
     "table_oid::INTEGER AS "
     "reltype, owner_id AS relowner, 0 AS relam, table_oid::INTEGER AS relfilenode, 0 AS reltablespace, 0 AS relpages, "
     "rows::FLOAT AS "
     "reltuples, 0 AS reltoastrelid, CASE kind WHEN 'VIEW' THEN 'v' ELSE 'r' END AS relkind, column_count::SMALLINT AS "
     "relnatts, "
     "NULL::VARCHAR[] AS relacl, make_timestamp(coalesce(try_cast(split_part(comment, '|', 4) AS BIGINT), 0)) AS "
     "relcreationtime, "
     "CASE split_part(comment, '|', 2) WHEN 'EVEN' THEN 0 WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 ELSE 9 END AS "
     "reldiststyle, "
     "CASE split_part(comment, '|', 2) WHEN 'EVEN' THEN 0 WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 ELSE 10 END AS "
     "releffectivediststyle FROM {tables}"},
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
     "(SELECT * FROM {views}) v LEFT JOIN {own_db}.owners o ON o.kind = 'TABLE' AND o.schema_name = v.schema_name AND "
     "o.name = "
     "v.name"},
    {"pg_catalog", "stv_mv_info",
     "SELECT {db} AS db_name, schema_name AS \"schema\", name, '' AS updated_upto_xid, 'f' AS is_stale, options = "
     "'auto' "
     "AS autorefresh, 0 AS state FROM {own_db}.views WHERE kind = 'MATERIALIZED'"},
    {"pg_catalog", "svv_mv_info",
     "SELECT {db} AS database_name, schema_name, name, options = 'auto' AS autorefresh, false AS is_stale, 0 AS state "
     "FROM {own_db}.views WHERE kind = 'MATERIALIZED'"},
    {"pg_catalog", "pg_description",
     "SELECT coalesce(t.table_oid, s.oid, 0)::INTEGER AS objoid, CASE m.kind WHEN 'TABLE' THEN 1259 ELSE 2615 END AS "
     "classoid, coalesce(c.column_index, 0)::INTEGER "
     "AS "
     "objsubid, m.comment AS description FROM {own_db}.comments m LEFT JOIN (SELECT * FROM {tables}) t ON m.kind = "
     "'TABLE' AND "
     "t.schema_name = m.schema_name AND t.table_name = m.name LEFT JOIN duckdb_schemas() s "
     "ON "
     "m.kind = 'SCHEMA' AND s.database_name = {db} AND s.schema_name = m.name LEFT JOIN duckdb_columns() c ON "
     "m.column_name <> '' AND c.database_name = {db} AND c.schema_name = m.schema_name AND c.table_name = m.name AND "
     "c.column_name = m.column_name"},
    {"pg_catalog", "pg_database",
     "SELECT database_oid::INTEGER AS oid, database_name AS datname, 100 AS datdba, 6 AS encoding, false AS "
     "datistemplate, "
     "true AS datallowconn, 1663 AS dattablespace, 'C' AS datcollate, 'C' AS datctype, NULL::VARCHAR[] AS datacl FROM "
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
    // What only the blocks on a cluster's disks tell is NULL or 0: there are none.
    {"pg_catalog", "svv_table_info",
     "SELECT {db} AS database, t.schema_name AS schema, t.table_oid AS table_id, t.table_name AS \"table\", CASE WHEN "
     "c.encoded > 0 THEN 'Y' ELSE 'N' END AS encoded, CASE split_part(t.comment, '|', 2) WHEN '' THEN 'AUTO(ALL)' WHEN "
     "'KEY' "
     "THEN 'KEY(' || coalesce(c.distkey, '') || ')' ELSE split_part(t.comment, '|', 2) END AS diststyle, CASE WHEN "
     "split_part(t.comment, '|', 3) <> '' THEN 'INTERLEAVED' ELSE c.sortkey1 END AS sortkey1, c.max_varchar, "
     "c.sortkey1_enc, "
     "coalesce(c.sortkey_num, 0) AS sortkey_num, 1::BIGINT AS size, 0::DECIMAL(10,4) AS pct_used, 0::BIGINT AS empty, "
     "NULL::DECIMAL(5,2) AS unsorted, 0::DECIMAL(5,2) AS stats_off, t.rows AS tbl_rows, NULL::DECIMAL(19,2) AS "
     "skew_sortkey1, NULL::DECIMAL(19,2) AS skew_rows, t.rows AS estimated_visible_rows, NULL::VARCHAR AS risk_event, "
     "NULL::DECIMAL(12,2) AS vacuum_sort_benefit, make_timestamp(coalesce(try_cast(split_part(t.comment, '|', 4) AS "
     "BIGINT), "
     "0)) AS create_time FROM (SELECT * FROM {tables}) t LEFT JOIN (SELECT table_oid, count(*) FILTER (encode NOT IN "
     "('', 'raw', 'none')) AS "
     "encoded, max(column_name) FILTER (distkey) AS distkey, max(column_name) FILTER (sortkey = 1) AS sortkey1, "
     "max(length) "
     "FILTER (shown_name = 'character varying') AS max_varchar, max(encode) FILTER (sortkey = 1) AS sortkey1_enc, "
     "(count(*) "
     "FILTER (sortkey > 0))::INTEGER AS sortkey_num FROM {columns} GROUP BY table_oid) c ON c.table_oid = t.table_oid "
     "WHERE "
     "t.stored"},
    {"pg_catalog", "pg_attrdef",
     "SELECT table_oid::INTEGER AS adrelid, column_index::SMALLINT AS adnum, column_default AS adbin, adbin AS adsrc FROM "
     "{columns} WHERE column_default IS NOT NULL"},
    {"pg_catalog", "pg_collation",
     "SELECT 0 AS oid, ''::VARCHAR AS collname, 0 AS collnamespace, 0 AS collowner, 6 AS collencoding WHERE false"},
    {"pg_catalog", "pg_inherits", "SELECT 0 AS inhrelid, 0 AS inhparent, 0 AS inhseqno WHERE false"},
    // Of SHOW CONSTRAINTS and SHOW GRANTS: each column of a key; who was given what by whom.
    {"pg_catalog", "tarn_keys",
     "SELECT {db} AS database_name, k.schema_name, k.table_name, k.name, k.kind, unnest(k.columns) AS column_name, "
     "generate_subscripts(k.columns, 1)::SMALLINT AS key_seq, k.other_schema, k.other_table, unnest(CASE k.kind WHEN 'f' THEN "
     "k.other_columns ELSE k.columns END) AS other_column, u.name AS other_name FROM (SELECT * FROM {constraints}) k LEFT JOIN "
     "(SELECT * FROM {constraints}) u ON k.kind = 'f' AND u.kind <> 'f' AND u.schema_name = k.other_schema AND u.table_name = "
     "k.other_table AND u.columns = k.other_columns"},
    {"pg_catalog", "tarn_grants",
     "SELECT g.kind, g.schema_name, g.name, g.column_name, g.privilege AS privilege_type, " IDENTITY
     ", g.grantor FROM {grants}"},
    {"information_schema", "table_constraints",
     "SELECT {db} AS constraint_catalog, schema_name AS constraint_schema, name AS constraint_name, {db} AS "
     "table_catalog, "
     "schema_name AS table_schema, table_name, CASE kind WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' ELSE "
     "'FOREIGN "
     "KEY' END AS constraint_type, 'NO' AS is_deferrable, 'NO' AS initially_deferred FROM {constraints}"},
    {"information_schema", "key_column_usage",
     "SELECT {db} AS constraint_catalog, schema_name AS constraint_schema, name AS constraint_name, {db} AS "
     "table_catalog, "
     "schema_name AS table_schema, table_name, unnest(columns) AS column_name, generate_subscripts(columns, "
     "1)::INTEGER AS "
     "ordinal_position FROM {constraints}"},
    {"information_schema", "constraint_column_usage",
     "SELECT {db} AS table_catalog, coalesce(other_schema, schema_name) AS table_schema, coalesce(other_table, "
     "table_name) AS "
     "table_name, unnest(CASE kind WHEN 'f' THEN other_columns ELSE columns END) AS column_name, {db} AS "
     "constraint_catalog, "
     "schema_name AS constraint_schema, name AS constraint_name FROM {constraints}"},
    {"information_schema", "referential_constraints",
     "SELECT {db} AS constraint_catalog, k.schema_name AS constraint_schema, k.name AS constraint_name, {db} AS "
     "unique_constraint_catalog, u.schema_name AS unique_constraint_schema, u.name AS unique_constraint_name, 'NONE' "
     "AS "
     "match_option, 'NO ACTION' AS update_rule, 'NO ACTION' AS delete_rule FROM (SELECT * FROM {constraints}) k LEFT "
     "JOIN (SELECT * FROM {constraints}) u ON "
     "u.schema_name = k.other_schema AND u.table_name = k.other_table AND u.kind IN ('p', 'u') AND u.columns = "
     "k.other_columns WHERE k.kind = 'f'"},
    {"pg_catalog", "stv_tbl_perm",
     "SELECT 0 AS slice, table_oid::INTEGER AS id, table_name AS name, rows, rows AS sorted_rows, (schema_name = "
     "'pg_temp_1')::INTEGER AS temp, 0 AS db_id, 0 AS insert_pristine, 0 AS delete_pristine, 0 AS backup FROM {tables} "
     "WHERE stored"},
    {"pg_catalog", "svv_redshift_functions",
     "SELECT {db} AS database_name, schema_name, name AS function_name, CASE kind WHEN 'p' THEN 'STORED PROCEDURE' "
     "ELSE "
     "'REGULAR FUNCTION' END AS function_type, signature AS argument_type, result AS result_type FROM " ROUTINES},
    {"information_schema", "tables",
     "SELECT {db} AS table_catalog, schema_name AS table_schema, table_name, CASE kind WHEN 'TABLE' THEN 'BASE TABLE' "
     "ELSE kind "
     "END AS table_type FROM {tables}"},
    {"information_schema", "schemata",
     "SELECT {db} AS catalog_name, schema_name, owner AS schema_owner FROM {schemas}"},
    {"information_schema", "views",
     "SELECT {db} AS table_catalog, schema_name AS table_schema, name AS table_name, definition AS view_definition, "
     "'NONE' AS check_option, 'NO' AS is_updatable FROM {views}"},
};

string filled(string sql, const StatementContext& context) {
  sql = replace_all(std::move(sql), "{routines}", routines_sql());
  sql = replace_all(std::move(sql), "{constraints}", kConstraints);
  sql = replace_all(std::move(sql), "{views}", kViewTexts);
  sql = replace_all(std::move(sql), "{encodings}", kEncodings);
  string path;
  for (const string& schema : context.search_path) path += quote(schema) + ", ";
  sql = replace_all(std::move(sql), "{path}", path + "'pg_catalog', 'pg_temp_1'");
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

// pg_cancel_backend(pid), pg_terminate_backend(pid). ASSUMED: 1 where it was told to end, else 0.
template <bool terminate>
void stop_backend(duckdb::DataChunk& input, duckdb::ExpressionState& state, duckdb::Vector& result) {
  const auto session = SessionState::of(state.GetContext());
  duckdb::UnaryExecutor::Execute<int64_t, int32_t>(input.data[0], result, input.size(), [&](int64_t pid) {
    const std::string verb = terminate ? kTerminateBackend : kCancelBackend;
    const auto told = session->link.system_rows(session->context.principal, verb + std::to_string(pid));
    if (!told) session->raise(told.error());
    return told->rows.at(0).at(0) == "1" ? 1 : 0;
  });
}

void add_backends(Registry& registry) {
  for (auto [name, run] : {std::pair{"pg_cancel_backend", &stop_backend<false>},
                           std::pair{"pg_terminate_backend", &stop_backend<true>}}) {
    duckdb::ScalarFunction function = scalar(name, {duckdb::LogicalType::BIGINT}, duckdb::LogicalType::INTEGER, run);
    function.stability = duckdb::FunctionStability::VOLATILE;  // it is run once for each row, and never beforehand
    registry.add(function);
  }
}

}  // namespace

string catalog_sql(string sql, const StatementContext& context) {
  return filled(std::move(sql), context);
}

void add_system_rows(Registry& registry) {
  add_rights(registry);
  add_view_reads(registry);
  add_backends(registry);
  add_catalog_arrays(registry);
  registry.add(duckdb::TableFunction("system_rows", {duckdb::LogicalType::VARCHAR}, next_rows, bind_rows, begin_rows));
}

std::optional<string> system_view_sql(const string& schema, const string& name, const StatementContext& context) {
  if (!schema.empty() && schema != "pg_catalog" && schema != "information_schema") return std::nullopt;
  for (const SystemView& view : kViews) {
    const bool named = schema.empty() ? view.schema == string("pg_catalog") : schema == view.schema;
    if (named && name == view.name) return filled(view.sql, context);
  }
  if (auto derived = derived_view_sql(schema, name, context)) return derived;
  if (schema == "information_schema") return std::nullopt;
  for (const ServerView& view : kServerViews) {
    if (name == view.name && !name.starts_with("tarn_"))
      return "SELECT * FROM system.redshift.system_rows('" + name + "')";
  }
  return std::nullopt;
}

}  // namespace tarn::sql::engine

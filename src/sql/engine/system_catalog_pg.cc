// PostgreSQL's own catalog: relations and their columns, types, keys as indexes, routines. What drivers' metadata functions,
// psql's backslash commands and BI tools join.
#include "sql/engine/system_catalog.h"

namespace tarn::sql::engine {
namespace {

// A table's key is an index too. Its number, made of the constraint's.
#define INDEX_OID(constraint) "(" constraint " + 500000000)"

// NULL and lists as PostgreSQL's arrays (catalog_arrays.cc).
#define ARRAY_OF(list, type) "system.redshift.catalog_array(" list ", '" type "')"
#define NO_ACL ARRAY_OF("NULL::VARCHAR[]", "_aclitem")

// Grants as PostgreSQL writes them, without who gave them; of a table the owner's own first, and NULL where there are none.
#define GRANTS                                                                                                         \
  "(SELECT schema_name AS acl_schema, name AS acl_table, list(who || '=' || letters || '/' ORDER BY who) AS items "    \
  "FROM "                                                                                                              \
  "(SELECT g.schema_name, g.name, CASE g.grantee_kind WHEN 'public' THEN '' WHEN 'group' THEN 'group ' || g.grantee "  \
  "ELSE "                                                                                                              \
  "g.grantee END AS who, string_agg(CASE g.privilege WHEN 'SELECT' THEN 'r' WHEN 'INSERT' THEN 'a' WHEN 'UPDATE' "     \
  "THEN 'w' "                                                                                                          \
  "WHEN 'DELETE' THEN 'd' WHEN 'REFERENCES' THEN 'x' WHEN 'DROP' THEN 'D' WHEN 'ALTER' THEN 'A' WHEN 'TRUNCATE' THEN " \
  "'P' "                                                                                                               \
  "ELSE '' END, '' ORDER BY g.privilege) AS letters FROM {own_db}.grants g WHERE g.kind = 'TABLE' AND g.column_name "  \
  "= '' "                                                                                                              \
  "GROUP BY 1, 2, 3) GROUP BY 1, 2) acls"
#define ACL \
  "CASE WHEN items IS NOT NULL THEN list_concat([owner || '=arwdRxt/' || owner], [i || owner FOR i IN items]) END"

#define DIST_STYLE(automatic) \
  "CASE split_part(comment, '|', 2) WHEN 'EVEN' THEN 0 WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 ELSE " automatic " END"

// The numbers of a table's columns, for a list of their names.
#define NUMBERS(names, table)                                           \
  "(SELECT list(x.column_index::SMALLINT ORDER BY list_position(" names \
  ", x.column_name)) FROM (SELECT * FROM {columns}) x WHERE "           \
  "x.table_oid = " table " AND list_contains(" names ", x.column_name))"

// Of a type as it is shown, without its length.
#define TYPE_OID(name)                                                                                                 \
  "CASE " name                                                                                                         \
  " WHEN 'boolean' THEN 16 WHEN 'bigint' THEN 20 WHEN 'smallint' THEN 21 WHEN 'integer' THEN 23 WHEN "                 \
  "'real' THEN 700 WHEN 'double precision' THEN 701 WHEN 'character' THEN 1042 WHEN 'character varying' THEN 1043 "    \
  "WHEN 'date' THEN 1082 WHEN 'time without time zone' THEN 1083 WHEN 'timestamp without time zone' THEN 1114 WHEN "   \
  "'timestamp with time zone' THEN 1184 WHEN 'interval' THEN 1186 WHEN 'interval year' THEN 1188 WHEN 'interval year " \
  "to month' THEN 1188 WHEN 'interval day' THEN 1190 WHEN 'interval day to hour' THEN 1190 WHEN 'interval day to "     \
  "minute' THEN 1190 WHEN 'interval day to second' THEN 1190 WHEN 'time with time zone' THEN 1266 WHEN 'numeric' "     \
  "THEN "                                                                                                              \
  "1700 WHEN 'refcursor' THEN 1790 WHEN 'record' THEN 2249 WHEN 'void' THEN 2278 WHEN 'hllsketch' THEN 2935 WHEN "     \
  "'geometry' THEN 3000 WHEN 'geography' THEN 3001 WHEN 'super' THEN 4000 WHEN 'binary varying' THEN 6551 ELSE 25 END"

// The columns of tables, and those of keys as columns of their indexes.
#define KEY_COLUMNS \
  "SELECT x.* REPLACE (" INDEX_OID("k.oid") " AS table_oid, list_position(k.columns, x.column_name)::INTEGER AS "     \
  "column_index, NULL AS column_default) FROM (SELECT * FROM {constraints}) k JOIN (SELECT * FROM {columns}) x ON "  \
  "x.table_oid = k.table_oid AND list_contains(k.columns, x.column_name) WHERE k.kind IN ('p', 'u')"

#define SERVER(view) "system.redshift.system_rows('" view "')"

// Arguments come from the server as JSON arrays. PostgreSQL keeps those of every mode only where there is one that is not IN.
constexpr const char* kRoutines =
    "(SELECT *, [types[n] FOR n IN range(1, len(types) + 1) IF modes[n] <> 'o'] AS inputs, len([m FOR m IN modes IF m <> "
    "'i']) > 0 AS mixed, array_to_string([CASE modes[n] WHEN 'o' THEN 'OUT ' WHEN 'b' THEN 'INOUT ' ELSE '' END || CASE WHEN "
    "names[n] <> '' THEN names[n] || ' ' ELSE '' END || shown_types[n] FOR n IN range(1, len(names) + 1)], ', ') AS "
    "shown_arguments FROM (SELECT (100000 + r.number)::INTEGER AS oid, r.name, s.oid::INTEGER AS schema_oid, "
    "coalesce(i.id, 1) AS owner_id, r.kind, r.definition, r.strict, r.volatility, r.language, CAST(r.names::JSON AS VARCHAR[]) "
    "AS names, CAST(r.modes::JSON AS VARCHAR[]) AS modes, CAST(r.types::JSON AS VARCHAR[]) AS shown_types, [" TYPE_OID("t")
    " FOR t IN CAST(r.types::JSON AS VARCHAR[])] AS types, " TYPE_OID("r.returns") " AS result, r.returns AS shown_result FROM "
    "(SELECT *, row_number() OVER () AS number FROM " SERVER("tarn_routines") ") r LEFT JOIN duckdb_schemas() s ON "
    "s.database_name = {db} AND s.schema_name = r.schema_name LEFT JOIN {identities} i ON i.kind = 'user' AND i.name = r.owner)) routines";

// A routine's body, between $$ and $$.
#define SOURCE "CASE WHEN contains(definition, '$$') THEN split_part(definition, '$$', 2) ELSE definition END"

#define ROUTINE_COLUMNS                                                                                              \
  "name AS proname, schema_oid AS pronamespace, owner_id AS proowner, CASE language WHEN 'plpgsql' THEN 13001 ELSE " \
  "14 END AS prolang, false AS proisagg, false AS proiswindow, false AS prosecdef, strict AS proisstrict, false AS " \
  "proretset, volatility AS provolatile, len(inputs)::SMALLINT AS pronargs, result AS prorettype, " ARRAY_OF(        \
      "inputs", "oidvector") " AS proargtypes, " ARRAY_OF("CASE WHEN mixed THEN types END",                          \
                                                          "_oid") " AS proallargtypes, " ARRAY_OF(                   \
      "CASE WHEN mixed THEN modes END", "_char") " AS proargmodes, " ARRAY_OF(                                       \
      "CASE WHEN len(names) > 0 THEN names END", "_text") " AS proargnames, " SOURCE " AS prosrc, NULL::VARCHAR AS " \
                                                          "probin, " NO_ACL " AS proacl, kind AS prokind"

// What the SQL standard tells of a column.
#define COLUMN_FACTS                                                                                                   \
  "{db} AS table_catalog, schema_name AS table_schema, table_name, column_name, column_index::INTEGER AS "             \
  "ordinal_position, column_default, CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS is_nullable, shown_name AS "    \
  "data_type, length AS character_maximum_length, CASE WHEN shown_name LIKE 'char%' THEN length END AS "               \
  "character_octet_length, numeric_precision, CASE WHEN numeric_precision IS NOT NULL THEN CASE shown_name WHEN "      \
  "'numeric' "                                                                                                         \
  "THEN 10 ELSE 2 END END AS numeric_precision_radix, numeric_scale, CASE WHEN shown_name LIKE 'time%' THEN 6 WHEN "   \
  "shown_name "                                                                                                        \
  "= 'date' THEN 0 END AS datetime_precision, NULL::VARCHAR AS interval_type, NULL::VARCHAR AS interval_precision, "   \
  "NULL::VARCHAR AS character_set_catalog, NULL::VARCHAR AS character_set_schema, NULL::VARCHAR AS "                   \
  "character_set_name, "                                                                                               \
  "NULL::VARCHAR AS collation_catalog, NULL::VARCHAR AS collation_schema, NULL::VARCHAR AS collation_name, "           \
  "NULL::VARCHAR AS "                                                                                                  \
  "domain_catalog, NULL::VARCHAR AS domain_schema, NULL::VARCHAR AS domain_name, {db} AS udt_catalog, 'pg_catalog' "   \
  "AS "                                                                                                                \
  "udt_schema, CASE shown_name WHEN 'boolean' THEN 'bool' WHEN 'bigint' THEN 'int8' WHEN 'smallint' THEN 'int2' WHEN " \
  "'integer' THEN 'int4' WHEN 'real' THEN 'float4' WHEN 'double precision' THEN 'float8' WHEN 'character' THEN "       \
  "'bpchar' WHEN "                                                                                                     \
  "'character varying' THEN 'varchar' WHEN 'time without time zone' THEN 'time' WHEN 'time with time zone' THEN "      \
  "'timetz' "                                                                                                          \
  "WHEN 'timestamp without time zone' THEN 'timestamp' WHEN 'timestamp with time zone' THEN 'timestamptz' WHEN "       \
  "'binary "                                                                                                           \
  "varying' THEN 'varbyte' ELSE shown_name END AS udt_name, NULL::VARCHAR AS scope_catalog, NULL::VARCHAR AS "         \
  "scope_schema, "                                                                                                     \
  "NULL::VARCHAR AS scope_name, NULL::INTEGER AS maximum_cardinality, column_index::VARCHAR AS dtd_identifier, 'NO' "  \
  "AS "                                                                                                                \
  "is_self_referencing"

constexpr SystemView kPgViews[] = {
    {"pg_catalog", "pg_namespace",
     "SELECT oid::INTEGER AS oid, schema_name AS nspname, owner_id AS nspowner, " NO_ACL " AS nspacl FROM {schemas} "
     "UNION ALL SELECT oid, nspname, 1, " NO_ACL " FROM (VALUES (11, 'pg_catalog'), (99, 'pg_temp_1'), (12, "
     "'information_schema')) t(oid, nspname)"},
    {"pg_catalog", "pg_class",
     "SELECT table_oid::INTEGER AS oid, table_name AS relname, schema_oid::INTEGER AS relnamespace, table_oid::INTEGER "
     "AS reltype, 0 AS reloftype, owner_id AS relowner, 0 AS relam, table_oid::INTEGER AS relfilenode, 0 AS "
     "reltablespace, "
     "0 AS relpages, rows::FLOAT AS reltuples, 0 AS reltoastrelid, kind = 'TABLE' AND contains(comment, '\"kind\"') AS "
     "relhasindex, false AS relisshared, CASE kind WHEN 'VIEW' THEN 'v' ELSE 'r' END AS relkind, CASE schema_name WHEN "
     "'pg_temp_1' THEN 't' ELSE 'p' END AS relpersistence, column_count::SMALLINT AS relnatts, 0::SMALLINT AS "
     "relchecks, "
     "0::SMALLINT AS reltriggers, false AS relhasoids, false AS relhaspkey, kind = 'VIEW' AS relhasrules, "
     "contains(comment, '\"kind\":\"f\"') AS "
     "relhastriggers, false AS relhassubclass, false AS relrowsecurity, false AS relforcerowsecurity, false AS "
     "relispartition, 'n' AS relreplident, " ARRAY_OF(ACL, "_aclitem") " AS relacl, " ARRAY_OF(
         "NULL::VARCHAR[]",
         "_text") " AS reloptions, " DIST_STYLE("9") " AS reldiststyle, " DIST_STYLE("10") " AS releffectivediststyle "
                                                                                           "FROM {tables} "
                                                                                           "LEFT JOIN " GRANTS
                                                                                           " ON acl_schema = "
                                                                                           "schema_name AND acl_table "
                                                                                           "= table_name UNION ALL "
                                                                                           "SELECT " INDEX_OID(
                                                                                               "oid") "::INTEGER, "
                                                                                                      "name, "
                                                                                                      "schema_oid::"
                                                                                                      "INTEGER, 0, 0, "
                                                                                                      "owner_id, 403, "
                                                                                                      "oid::INTEGER, "
                                                                                                      "0, 1, 0, 0, "
                                                                                                      "false, false, "
                                                                                                      "'i', 'p', "
                                                                                                      "len(columns)::"
                                                                                                      "SMALLINT, 0, 0, "
                                                                                                      "false, false, "
                                                                                                      "false, false, "
                                                                                                      "false, false, "
                                                                                                      "false, false, "
                                                                                                      "'n', NULL, "
                                                                                                      "NULL, 0, 0 FROM "
                                                                                                      "{constraints} "
                                                                                                      "WHERE kind IN "
                                                                                                      "('p', 'u')"},
    {"pg_catalog", "pg_attribute",
     "SELECT table_oid::INTEGER AS attrelid, column_name AS attname, " TYPE_OID(
         "shown_name") " AS atttypid, -1 AS "
                       "attstattarget, CASE shown_name WHEN 'boolean' THEN 1 WHEN 'smallint' THEN 2 WHEN 'integer' "
                       "THEN 4 WHEN 'real' THEN 4 "
                       "WHEN 'date' THEN 4 WHEN 'time with time zone' THEN 12 WHEN 'bigint' THEN 8 WHEN 'double "
                       "precision' THEN 8 WHEN 'time "
                       "without time zone' THEN 8 WHEN 'timestamp without time zone' THEN 8 WHEN 'timestamp with time "
                       "zone' THEN 8 ELSE -1 "
                       "END::SMALLINT AS attlen, column_index::SMALLINT AS attnum, 0 AS attndims, -1 AS attcacheoff, "
                       "coalesce(CASE WHEN "
                       "shown_name = 'numeric' THEN numeric_precision * 65536 + numeric_scale + 4 ELSE length + 4 END, "
                       "-1)::INTEGER AS "
                       "atttypmod, NOT is_nullable AS attnotnull, column_default IS NOT NULL AS atthasdef, false AS "
                       "attisdropped, true AS "
                       "attislocal, 0 AS attinhcount, 0 AS attcollation, '' AS attidentity, '' AS attgenerated, 'x' AS "
                       "attstorage, " NO_ACL " AS attacl, coalesce(list_position({encodings}, lower(encode)), "
                                             "0)::SMALLINT AS attencodingtype, distkey AS "
                       "attisdistkey, sortkey AS attsortkeyord FROM (SELECT * FROM {columns} UNION ALL " KEY_COLUMNS
                       ") columns"},
    {"pg_catalog", "pg_type",
     "SELECT oid::INTEGER AS oid, typname, 0 AS typcollation, 11 AS typnamespace, 1 AS typowner, typlen::SMALLINT AS "
     "typlen, typlen > 0 AND typlen <= 8 AS typbyval, CASE WHEN oid IN (2249, 2278, 705) THEN 'p' ELSE 'b' END AS "
     "typtype, "
     "true AS typisdefined, ',' AS typdelim, 0 AS typrelid, typelem::INTEGER AS typelem, 0 AS typarray, " NO_ACL
     " AS typacl, CASE WHEN typname LIKE '\\_%' ESCAPE "
     "'\\' THEN 'array_in' ELSE typname || 'in' END AS typinput, CASE WHEN typname LIKE '\\_%' ESCAPE '\\' THEN "
     "'array_out' "
     "ELSE typname || 'out' END AS typoutput, '-' AS typreceive, '-' AS typsend, '-' AS typanalyze, 'i' AS typalign, "
     "'p' AS "
     "typstorage, 0 AS typbasetype, -1 AS typtypmod, 0 AS typndims, false AS typnotnull, NULL::VARCHAR AS "
     "typdefaultbin, "
     "NULL::VARCHAR AS typdefault FROM (VALUES (16, 'bool', 1, 0), (17, 'bytea', -1, 0), (18, 'char', 1, 0), (19, "
     "'name', "
     "128, 18), (20, 'int8', 8, 0), (21, 'int2', 2, 0), (22, 'int2vector', -1, 21), (23, 'int4', 4, 0), (24, "
     "'regproc', 4, "
     "0), (25, 'text', -1, 0), (26, 'oid', 4, 0), (27, 'tid', 6, 0), (28, 'xid', 4, 0), (30, 'oidvector', -1, 26), "
     "(700, "
     "'float4', 4, 0), (701, 'float8', 8, 0), (705, 'unknown', -1, 0), (1000, '_bool', -1, 16), (1002, '_char', -1, "
     "18), "
     "(1003, '_name', -1, 19), (1005, '_int2', -1, 21), (1007, '_int4', -1, 23), (1009, '_text', -1, 25), (1014, "
     "'_bpchar', "
     "-1, 1042), (1015, '_varchar', -1, 1043), (1016, '_int8', -1, 20), (1021, '_float4', -1, 700), (1022, '_float8', "
     "-1, "
     "701), (1028, '_oid', -1, 26), (1033, 'aclitem', 12, 0), (1034, '_aclitem', -1, 1033), (1042, 'bpchar', -1, 0), "
     "(1043, "
     "'varchar', -1, 0), (1082, 'date', 4, 0), (1083, 'time', 8, 0), (1114, 'timestamp', 8, 0), (1184, 'timestamptz', "
     "8, 0), "
     "(1186, 'interval', 16, 0), (1188, 'intervaly2m', 4, 0), (1190, 'intervald2s', 8, 0), (1266, 'timetz', 12, 0), "
     "(1700, "
     "'numeric', -1, 0), (1790, 'refcursor', -1, 0), (2205, 'regclass', 4, 0), (2249, 'record', -1, 0), (2278, 'void', "
     "4, 0), "
     "(2935, 'hllsketch', -1, 0), (3000, 'geometry', -1, 0), (3001, 'geography', -1, 0), (4000, 'super', -1, 0), "
     "(6551, "
     "'varbyte', -1, 0)) t(oid, typname, typlen, typelem)"},
    {"pg_catalog", "pg_index",
     "SELECT " INDEX_OID(
         "k.oid") "::INTEGER AS indexrelid, k.table_oid::INTEGER AS indrelid, len(k.columns)::SMALLINT AS "
                  "indnatts, " ARRAY_OF(NUMBERS("k.columns", "k.table_oid"), "int2vector") " AS indkey, " ARRAY_OF(
                      "[1978 FOR c IN k.columns]",
                      "oidvector") " AS indclass, " ARRAY_OF("[0 FOR c IN k.columns]",
                                                             "int2vector") " AS indoption, true AS indisunique, k.kind "
                                                                           "= 'p' AS indisprimary, false AS "
                                                                           "indisexclusion, true AS indimmediate, "
                                                                           "false "
                                                                           "AS indisclustered, true AS indisvalid, "
                                                                           "true AS indisready, true AS indislive, "
                                                                           "false AS indisreplident, NULL::VARCHAR AS "
                                                                           "indexprs, NULL::VARCHAR AS indpred FROM "
                                                                           "(SELECT * FROM {constraints}) k WHERE "
                                                                           "k.kind IN ('p', 'u')"},
    {"pg_catalog", "pg_constraint",
     "SELECT k.oid, k.name AS conname, k.schema_oid::INTEGER AS connamespace, k.kind AS contype, false AS "
     "condeferrable, "
     "false AS condeferred, true AS convalidated, k.table_oid::INTEGER AS conrelid, 0 AS contypid, CASE k.kind WHEN "
     "'f' THEN "
     "coalesce(" INDEX_OID("u.oid") ", 0) ELSE " INDEX_OID(
         "k.oid") " END::INTEGER AS conindid, 0 AS conparentid, "
                  "coalesce(o.table_oid, 0)::INTEGER AS confrelid, CASE k.kind WHEN 'f' THEN 'a' ELSE ' ' END AS "
                  "confupdtype, CASE k.kind "
                  "WHEN 'f' THEN 'a' ELSE ' ' END AS confdeltype, CASE k.kind WHEN 'f' THEN 'u' ELSE ' ' END AS "
                  "confmatchtype, " ARRAY_OF(NUMBERS("k.columns", "k.table_oid"), "_int2") " AS conkey, " ARRAY_OF(
                      NUMBERS("k.other_columns", "o.table_oid"),
                      "_int2") " AS confkey, NULL::VARCHAR AS conbin, NULL::VARCHAR AS consrc FROM (SELECT * FROM "
                               "{constraints}) k LEFT JOIN (SELECT * "
                               "FROM {tables}) o ON o.schema_name = k.other_schema AND o.table_name = k.other_table "
                               "LEFT JOIN (SELECT * FROM "
                               "{constraints}) u ON u.schema_name = k.other_schema AND u.table_name = k.other_table "
                               "AND u.kind IN ('p', 'u') AND "
                               "u.columns = k.other_columns"},
    // Views upon what they read, foreign keys upon the index of what they refer to, and indexes upon their keys.
    {"pg_catalog", "pg_depend",
     "SELECT DISTINCT 2618 AS classid, (v.table_oid + 1000000)::INTEGER AS objid, 0 AS objsubid, 1259 AS refclassid, "
     "t.table_oid::INTEGER AS refobjid, 0 AS refobjsubid, 'n' AS deptype FROM system.redshift.view_reads() r JOIN "
     "(SELECT * "
     "FROM {tables}) t ON t.schema_name = r.schema_name AND t.table_name = r.name JOIN (SELECT * FROM {tables}) v ON "
     "v.schema_name = r.view_schema AND v.table_name = r.view_name UNION ALL SELECT 2606, oid, 0, 1259, "
     "conindid, 0, 'n' FROM {view pg_constraint} c WHERE contype = 'f' AND conindid <> 0 UNION ALL SELECT 1259, "
     "conindid, 0, "
     "2606, oid, 0, 'i' FROM {view pg_constraint} c WHERE contype <> 'f'"},
    {"pg_catalog", "pg_rewrite",
     "SELECT DISTINCT (v.table_oid + 1000000)::INTEGER AS oid, '_RETURN' AS rulename, v.table_oid::INTEGER AS "
     "ev_class, "
     "-1::SMALLINT AS ev_attr, '1' AS ev_type, true AS is_instead FROM system.redshift.view_reads() r JOIN (SELECT * "
     "FROM {tables}) "
     "v ON v.schema_name = r.view_schema AND v.table_name = r.view_name"},
    {"pg_catalog", "pg_am",
     "SELECT 403 AS oid, 'btree' AS amname, 5::SMALLINT AS amstrategies, 1::SMALLINT AS amsupport, true AS "
     "amcanunique, true "
     "AS amcanmulticol, true AS amindexnulls, true AS amcanorder"},
    {"pg_catalog", "pg_indexes",
     "SELECT schema_name AS schemaname, table_name AS tablename, name AS indexname, NULL::VARCHAR AS tablespace, "
     "'CREATE UNIQUE "
     "INDEX ' || name || ' ON ' || schema_name || '.' || table_name || ' USING btree (' || array_to_string(columns, ', "
     "') || "
     "')' AS indexdef FROM {constraints} WHERE kind IN ('p', 'u')"},
    {"pg_catalog", "pg_roles",
     "SELECT usename AS rolname, usesuper AS rolsuper, true AS rolinherit, usesuper AS rolcreaterole, usecreatedb AS "
     "rolcreatedb, usecatupd AS rolcatupdate, true AS rolcanlogin, -1 AS rolconnlimit, '********' AS rolpassword, "
     "valuntil AS "
     "rolvaliduntil, useconfig AS rolconfig, false AS rolreplication, false AS rolbypassrls, usesysid AS oid FROM "
     "{view "
     "pg_user} v"},
    {"pg_catalog", "pg_language",
     "SELECT * FROM (VALUES (12, 'internal', false, false), (13, 'c', false, false), (14, 'sql', false, true), (13001, "
     "'plpgsql', true, true)) t(oid, lanname, lanispl, lanpltrusted)"},
    {"pg_catalog", "pg_tablespace",
     "SELECT oid, spcname, 1 AS spcowner, NULL::VARCHAR AS spclocation, " NO_ACL " AS spcacl FROM (VALUES (1663, "
     "'pg_default'), (1664, 'pg_global')) t(oid, spcname)"},
    {"pg_catalog", "pg_settings",
     "SELECT name, setting, 'Preset Options' AS category, ''::VARCHAR AS short_desc, NULL::VARCHAR AS extra_desc, "
     "'internal' "
     "AS context, vartype, 'default' AS source, NULL::VARCHAR AS min_val, NULL::VARCHAR AS max_val FROM (VALUES "
     "('block_size', "
     "'1048576', 'integer'), ('client_encoding', 'UTF8', 'string'), ('default_transaction_isolation', 'serializable', "
     "'string'), ('integer_datetimes', 'on', 'bool'), ('max_function_args', '32', 'integer'), "
     "('max_identifier_length', '127', "
     "'integer'), ('max_index_keys', '32', 'integer'), ('server_encoding', 'UTF8', 'string'), ('server_version', "
     "'8.0.2', "
     "'string'), ('standard_conforming_strings', 'off', 'bool')) t(name, setting, vartype)"},
    {"pg_catalog", "pg_proc_info", "SELECT oid AS prooid, " ROUTINE_COLUMNS " FROM {routines}"},
    {"pg_catalog", "pg_proc",
     "SELECT oid, " ROUTINE_COLUMNS
     " FROM {routines} UNION ALL SELECT oid, proname, 11, 1, 12, false, false, false, true, false, "
     "'v', 0, 2278, NULL, NULL, NULL, NULL, proname, NULL, NULL, 'f' FROM (VALUES (1644, 'RI_FKey_check_ins'), (1655, "
     "'RI_FKey_noaction_upd'), (1654, 'RI_FKey_noaction_del')) t(oid, proname)"},
    // Those by which PostgreSQL checks foreign keys, which drivers read them from.
    {"pg_catalog", "pg_trigger",
     "SELECT (k.oid * 4 + t.number)::INTEGER AS oid, CASE t.number WHEN 1 THEN k.table_oid ELSE o.table_oid "
     "END::INTEGER AS tgrelid, "
     "'RI_ConstraintTrigger_' || (k.oid * 4 + t.number) AS tgname, t.function AS tgfoid, 0::SMALLINT AS tgtype, 'O' AS "
     "tgenabled, "
     "true AS tgisconstraint, true AS tgisinternal, k.name AS tgconstrname, CASE t.number WHEN 1 THEN o.table_oid ELSE "
     "k.table_oid "
     "END::INTEGER AS tgconstrrelid, false AS tgdeferrable, false AS tginitdeferred, (4 + 2 * "
     "len(k.columns))::SMALLINT AS tgnargs, "
     "system.redshift.bytea(k.name || '\\000' || k.table_name || '\\000' || k.other_table || '\\000UNSPECIFIED\\000' "
     "|| "
     "array_to_string([k.columns[n] || '\\000' || k.other_columns[n] || '\\000' FOR n IN range(1, len(k.columns) + "
     "1)], '')) AS "
     "tgargs FROM (SELECT * FROM {constraints}) k JOIN (SELECT * FROM {tables}) o ON o.schema_name = k.other_schema "
     "AND "
     "o.table_name = k.other_table CROSS JOIN (VALUES (1, 1644), (2, 1655), (3, 1654)) t(number, function) WHERE "
     "k.kind = 'f'"},
    // There are none of these.
    {"pg_catalog", "pg_aggregate",
     "SELECT 0 AS aggfnoid, 0 AS aggtransfn, 0 AS aggfinalfn, 0 AS aggtranstype WHERE false"},
    {"pg_catalog", "pg_auth_members",
     "SELECT 0 AS roleid, 0 AS member, 0 AS grantor, false AS admin_option WHERE false"},
    {"pg_catalog", "pg_foreign_table",
     "SELECT 0 AS ftrelid, 0 AS ftserver, " ARRAY_OF("NULL::VARCHAR[]", "_text") " AS ftoptions WHERE false"},
    {"pg_catalog", "pg_foreign_server",
     "SELECT 0 AS oid, '' AS srvname, 0 AS srvowner, 0 AS srvfdw, '' AS srvtype, '' AS srvversion, " NO_ACL
     " AS srvacl, " ARRAY_OF("NULL::VARCHAR[]", "_text") " AS srvoptions WHERE false"},
    {"pg_catalog", "pg_foreign_data_wrapper",
     "SELECT 0 AS oid, '' AS fdwname, 0 AS fdwowner, '' AS fdwhandler, '' AS fdwvalidator, " NO_ACL
     " AS fdwacl, " ARRAY_OF("NULL::VARCHAR[]", "_text") " AS fdwoptions WHERE false"},
    {"pg_catalog", "pg_extension",
     "SELECT 0 AS oid, '' AS extname, 0 AS extowner, 0 AS extnamespace, '' AS extversion WHERE false"},
    {"pg_catalog", "pg_default_acl",
     "SELECT 0 AS oid, 0 AS defaclrole, 0 AS defaclnamespace, '' AS defaclobjtype, " NO_ACL
     " AS defaclacl WHERE false"},
    {"pg_catalog", "pg_enum",
     "SELECT 0 AS oid, 0 AS enumtypid, 0::FLOAT AS enumsortorder, '' AS enumlabel WHERE false"},
    {"information_schema", "columns", "SELECT " COLUMN_FACTS " FROM {columns}"},
    {"pg_catalog", "svv_columns", "SELECT " COLUMN_FACTS ", NULL::VARCHAR AS remarks FROM {columns}"},
};

}  // namespace

std::span<const SystemView> pg_views() {
  return kPgViews;
}

const char* routines_sql() {
  return kRoutines;
}

}  // namespace tarn::sql::engine

#include "sql/engine/system_catalog.h"

#include <map>

#include "base/text.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/instance.h"
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
  (SELECT schema_name, schema_oid, table_name, table_oid, 'TABLE' AS kind, comment, estimated_size AS rows, column_count
     FROM duckdb_tables() WHERE database_name = {db} AND NOT internal AND schema_name <> {own}
   UNION ALL
   SELECT schema_name, schema_oid, view_name, view_oid, 'VIEW', comment, 0, column_count
     FROM duckdb_views() WHERE database_name = {db} AND NOT internal AND schema_name <> {own}
   UNION ALL
   SELECT 'pg_temp_1', 99, table_name, table_oid, 'TABLE', comment, estimated_size, column_count
     FROM duckdb_tables() WHERE database_name = 'temp' AND NOT internal) tables)";

constexpr const char* kSchemas = R"(
  (SELECT schema_name, oid FROM duckdb_schemas() WHERE database_name = {db} AND schema_name NOT IN ({own}, 'main')) schemas)";

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

#define SERVER(view) "system.redshift.system_rows('" view "')"

constexpr View kViews[] = {
    {"pg_catalog", "pg_namespace",
     "SELECT oid::INTEGER AS oid, schema_name AS nspname, 100 AS nspowner, NULL::VARCHAR AS nspacl FROM {schemas} "
     "UNION ALL SELECT 99, 'pg_temp_1', 100, NULL"},
    {"pg_catalog", "pg_class_info",
     "SELECT table_oid::INTEGER AS reloid, table_name AS relname, schema_oid::INTEGER AS relnamespace, "
     "table_oid::INTEGER AS "
     "reltype, 100 AS relowner, 0 AS relam, table_oid::INTEGER AS relfilenode, 0 AS reltablespace, 0 AS relpages, "
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
     "reltype, 100 AS relowner, 0 AS relam, table_oid::INTEGER AS relfilenode, rows::FLOAT AS reltuples, CASE kind "
     "WHEN 'VIEW' "
     "THEN 'v' ELSE 'r' END AS relkind, column_count::SMALLINT AS relnatts, NULL::VARCHAR AS relacl, false AS "
     "relhasindex FROM "
     "{tables}"},
    {"pg_catalog", "pg_attribute",
     "SELECT table_oid::INTEGER AS attrelid, column_name AS attname, 0 AS atttypid, column_index::SMALLINT AS attnum, "
     "coalesce(length + 4, -1)::INTEGER AS atttypmod, NOT is_nullable AS attnotnull, column_default IS NOT NULL AS "
     "atthasdef, "
     "false AS attisdropped, distkey AS attisdistkey, sortkey AS attsortkeyord FROM {columns}"},
    {"pg_catalog", "pg_table_def",
     "SELECT schema_name AS schemaname, table_name AS tablename, column_name AS \"column\", shown AS type, CASE encode "
     "WHEN '' "
     "THEN 'none' ELSE encode END AS encoding, distkey, sortkey, NOT is_nullable AS \"notnull\" FROM {columns} "
     "ORDER BY schema_name, table_name, column_index"},
    {"pg_catalog", "pg_tables",
     "SELECT schema_name AS schemaname, table_name AS tablename, coalesce(split_part(comment, '|', 1), '') AS "
     "tableowner, "
     "NULL::VARCHAR AS tablespace, false AS hasindexes, false AS hasrules, false AS hastriggers FROM {tables} WHERE "
     "kind = "
     "'TABLE'"},
    {"pg_catalog", "pg_views",
     "SELECT schema_name AS schemaname, view_name AS viewname, '' AS viewowner, sql AS definition FROM duckdb_views() "
     "WHERE "
     "database_name = {db} AND NOT internal"},
    {"pg_catalog", "pg_database",
     "SELECT database_name AS datname, 100 AS datdba, 6 AS encoding, false AS datistemplate, true AS datallowconn FROM "
     "duckdb_databases() WHERE NOT internal AND path IS NOT NULL"},
    {"pg_catalog", "pg_database_info",
     "SELECT database_oid::INTEGER AS datid, database_name AS datname, 100 AS datdba, 6 AS encoding, 'UNLIMITED' AS "
     "datconnlimit FROM duckdb_databases() WHERE NOT internal AND path IS NOT NULL"},
    {"pg_catalog", "pg_user_info",
     "SELECT *, 'UNLIMITED' AS useconnlimit, NULL::VARCHAR AS syslogaccess FROM " SERVER("pg_user")},
    {"pg_catalog", "svv_redshift_databases",
     "SELECT database_name, 100 AS database_owner, 'local' AS database_type, NULL::VARCHAR AS database_acl, "
     "NULL::VARCHAR AS "
     "database_options, 'Snapshot Isolation' AS database_isolation_level FROM duckdb_databases() WHERE NOT internal "
     "AND path IS "
     "NOT NULL"},
    {"pg_catalog", "svv_all_schemas",
     "SELECT {db} AS database_name, schema_name, 100 AS schema_owner, 'local' AS schema_type, NULL::VARCHAR AS "
     "schema_acl, "
     "NULL::VARCHAR AS source_database, NULL::VARCHAR AS schema_option FROM {schemas} "
     "UNION ALL SELECT {db}, schemaname, esowner, 'external', NULL, databasename, esoptions FROM " SERVER(
         "svv_external_schemas")},
    {"pg_catalog", "svv_redshift_schemas",
     "SELECT {db} AS database_name, schema_name, 100 AS schema_owner, 'local' AS schema_type, NULL::VARCHAR AS "
     "schema_acl, "
     "NULL::VARCHAR AS schema_option FROM {schemas}"},
    {"pg_catalog", "svv_all_tables",
     "SELECT {db} AS database_name, schema_name, table_name, NULL::VARCHAR AS table_acl, kind AS table_type, "
     "NULL::VARCHAR AS "
     "remarks FROM {tables} WHERE schema_name <> 'pg_temp_1' UNION ALL SELECT redshift_database_name, schemaname, "
     "tablename, NULL, 'EXTERNAL TABLE', "
     "NULL FROM " SERVER("svv_external_tables")},
    {"pg_catalog", "svv_redshift_tables",
     "SELECT {db} AS database_name, schema_name, table_name, kind AS table_type, NULL::VARCHAR AS table_acl, "
     "NULL::VARCHAR AS "
     "remarks, coalesce(split_part(comment, '|', 1), '') AS table_owner FROM {tables}"},
    {"pg_catalog", "svv_tables",
     "SELECT {db} AS table_catalog, schema_name AS table_schema, table_name, CASE kind WHEN 'TABLE' THEN 'BASE TABLE' "
     "ELSE kind "
     "END AS table_type, NULL::VARCHAR AS remarks FROM {tables} UNION ALL SELECT redshift_database_name, schemaname, "
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
    {"information_schema", "tables",
     "SELECT {db} AS table_catalog, schema_name AS table_schema, table_name, CASE kind WHEN 'TABLE' THEN 'BASE TABLE' "
     "ELSE kind "
     "END AS table_type FROM {tables}"},
    {"information_schema", "schemata",
     "SELECT {db} AS catalog_name, schema_name, {user} AS schema_owner FROM {schemas}"},
    {"information_schema", "columns",
     "SELECT {db} AS table_catalog, schema_name AS table_schema, table_name, column_name, column_index::INTEGER AS "
     "ordinal_position, column_default, CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS is_nullable, shown_name AS "
     "data_type, "
     "length AS character_maximum_length, numeric_precision, numeric_scale FROM {columns}"},
    {"information_schema", "views",
     "SELECT {db} AS table_catalog, schema_name AS table_schema, view_name AS table_name, sql AS view_definition FROM "
     "duckdb_views() WHERE database_name = {db} AND NOT internal"},
};

string filled(string sql, const StatementContext& context) {
  sql = replace_all(std::move(sql), "{tables}", kTables);
  sql = replace_all(std::move(sql), "{schemas}", kSchemas);
  sql = replace_all(std::move(sql), "{columns}", kColumns);
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
    if (name == view.name) return "SELECT * FROM system.redshift.system_rows('" + name + "')";
  }
  return std::nullopt;
}

}  // namespace tarn::sql::engine

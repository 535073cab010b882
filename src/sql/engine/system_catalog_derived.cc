// System views that others have the rows of, and those of what this warehouse has none of (datashares, models, policies).
#include "base/text.h"
#include "sql/engine/system_catalog.h"

namespace tarn::sql::engine {
namespace {

using std::string;

#define NONE_OF(columns) "SELECT " columns " WHERE false"

constexpr SystemView kDerived[] = {
    {"pg_catalog", "stl_loaderror_detail",
     "SELECT userid, slice, session, query, filename, line_number, 0 AS field, colname, raw_field_value AS value, 0 AS "
     "is_null, "
     "type, col_length FROM {view stl_load_errors} v"},
    {"pg_catalog", "stl_wlm_query",
     "SELECT userid, xid, query AS task, query, 100 AS service_class, 1 AS slot_count, "
     "starttime AS "
     "service_class_start_time, starttime AS queue_start_time, starttime AS queue_end_time, 0::BIGINT AS "
     "total_queue_time, "
     "starttime AS exec_start_time, endtime AS exec_end_time, date_diff('microsecond', starttime, endtime) AS "
     "total_exec_time, "
     "endtime AS service_class_end_time, 'Completed' AS final_state, 'Normal' AS query_priority FROM {view stl_query} "
     "v"},
    {"pg_catalog", "sys_unload_detail",
     "SELECT userid AS user_id, query AS query_id, pid AS session_id, 0::BIGINT AS transaction_id, path AS file_name, start_time, "
     "end_time, line_count, transfer_size, file_format FROM {view stl_unload_log} v"},
    {"pg_catalog", "stv_wlm_query_state",
     "SELECT xid::INTEGER AS xid, query::INTEGER AS task, query, 100 AS service_class, 1 AS slot_count, starttime AS wlm_start_time, "
     "'Running' AS state, 0::BIGINT AS queue_time, date_diff('microsecond', starttime, current_localtimestamp()) AS exec_time, "
     "'Normal' AS query_priority FROM {view stv_inflight} v"},
    // What only a cluster's own drivers tell is empty.
    {"pg_catalog", "stl_connection_log",
     "SELECT event, recordtime, remotehost, '' AS remoteport, pid, dbname, username, 'password' AS authmethod, duration, '' AS "
     "sslversion, '' AS sslcipher, 0 AS mtu, '' AS sslcompression, '' AS sslexpansion, '' AS iamauthguid, application_name, '' AS "
     "os_version, '' AS driver_version, 'none' AS plugin_name, 0 AS protocol_version, pid AS sessionid, '' AS compression FROM "
     "system.redshift.system_rows('tarn_connections')"},
    {"pg_catalog", "sys_connection_log",
     "SELECT event, recordtime AS record_time, remotehost AS remote_host, remoteport AS remote_port, pid AS session_id, dbname AS "
     "database_name, username AS user_name, authmethod AS auth_method, duration, sslversion AS ssl_version, sslcipher AS ssl_cipher, "
     "mtu, sslcompression AS ssl_compression, sslexpansion AS ssl_expansion, iamauthguid AS iam_auth_guid, application_name, "
     "driver_version, os_version, plugin_name, protocol_version, '' AS global_session_id FROM {view stl_connection_log} v"},
    {"pg_catalog", "stl_sessions",
     "SELECT userid, starttime, recordtime AS endtime, pid AS process, username AS user_name, dbname AS db_name, 0 AS timeout_sec, 0 "
     "AS timed_out FROM system.redshift.system_rows('tarn_connections') WHERE event = 'disconnecting session'"},
    {"pg_catalog", "svl_mv_refresh_status",
     "SELECT r.db_name, r.userid, coalesce(r.schema_name, v.schema_name) AS schema_name, r.mv_name, 0::BIGINT AS xid, r.starttime, "
     "r.endtime, r.status FROM system.redshift.system_rows('tarn_refreshes') r LEFT JOIN (SELECT name, min(schema_name) AS schema_name "
     "FROM {own_db}.views WHERE kind = 'MATERIALIZED' GROUP BY name) v ON v.name = r.mv_name"},
    {"pg_catalog", "sys_mv_refresh_history",
     "SELECT r.userid AS user_id, r.pid AS session_id, 0::BIGINT AS transaction_id, r.db_name AS database_name, "
     "coalesce(r.schema_name, t.schema_name) AS schema_name, t.table_oid::BIGINT AS mv_id, r.mv_name, 'Manual' AS refresh_type, "
     "r.status, r.starttime AS start_time, r.endtime AS end_time, r.duration FROM system.redshift.system_rows('tarn_refreshes') r LEFT "
     "JOIN (SELECT table_name, min(schema_name) AS schema_name, min(table_oid) AS table_oid FROM {tables} GROUP BY table_name) t ON "
     "t.table_name = r.mv_name"},
    {"pg_catalog", "stl_ddltext",
     "SELECT userid, xid, pid, label, starttime, endtime, sequence, text FROM {view svl_statementtext} v WHERE type = "
     "'DDL'"},
    {"pg_catalog", "stl_utilitytext",
     "SELECT userid, xid, pid, label, starttime, endtime, sequence, text FROM {view svl_statementtext} v WHERE type = "
     "'UTILITY'"},
    {"pg_catalog", "stv_sessions",
     "SELECT starttime, process, user_name, db_name, timeout_sec FROM system.redshift.system_rows('tarn_sessions')"},
    {"pg_catalog", "pg_stat_activity",
     "SELECT 0 AS datid, s.db_name AS datname, s.process AS procpid, coalesce(i.id, 0) AS usesysid, s.user_name AS usename, "
     "s.application_name, s.client_addr, s.starttime AS backend_start, q.starttime AS query_start, false AS waiting, "
     "coalesce(q.text, '<IDLE>') AS current_query FROM system.redshift.system_rows('tarn_sessions') s LEFT JOIN {identities} i "
     "ON i.kind = 'user' AND i.name = s.user_name LEFT JOIN {view stv_inflight} q ON q.pid = s.process"},
    {"pg_catalog", "pg_get_session_roles", "SELECT name, roleid FROM system.redshift.system_rows('tarn_session_roles')"},
    {"pg_catalog", "pg_get_cols",
     "SELECT schema_name AS view_schema, table_name AS view_name, column_name AS col_name, shown AS col_type, column_index AS "
     "col_num, schema_name || '.' || table_name AS whole_name, CASE WHEN schema_name IN ({path}) THEN table_name END AS shown_name "
     "FROM {columns} ORDER BY schema_name, table_name, column_index"},
    // ASSUMED: what they show while nothing was taken from PUBLIC; GRANT ASSUMEROLE is refused.
    {"pg_catalog", "pg_get_iam_role_by_user",
     "SELECT name AS username, 'default' AS iam_role, 'All' AS cmd FROM {identities} WHERE kind = 'user'"},
    {"pg_catalog", "pg_get_grantee_by_iam_role",
     "SELECT 'public' AS grantee, 'p' AS grantee_type, 'All' AS cmd_type, arn FROM system.redshift.system_rows('tarn_iam_roles')"},
    {"pg_catalog", "stv_slices", "SELECT 0 AS node, 0 AS slice, 0 AS localslice, 'D' AS type"},
    {"pg_catalog", "svv_query_inflight",
     "SELECT userid, slice, query, pid, starttime, suspended, text, 0 AS sequence FROM {view stv_inflight} v"},
    {"pg_catalog", "svv_user_info",
     "SELECT usename AS user_name, usesysid AS user_id, usecreatedb AS createdb, usesuper AS superuser, usecatupd AS "
     "catalog_update, useconnlimit AS connection_limit, syslogaccess AS syslog_access, last_ddl_ts AS "
     "last_ddl_timestamp, "
     "sessiontimeout AS session_timeout, external_user_id FROM {view svl_user_info} v"},
    {"pg_catalog", "pg_user_info",
     "SELECT u.*, i.useconnlimit, i.syslogaccess, i.last_ddl_ts, i.sessiontimeout, i.external_user_id FROM {view pg_user} u JOIN "
     "{view svl_user_info} i ON i.usesysid = u.usesysid"},
    {"pg_catalog", "svl_stored_proc_call",
     "SELECT user_id AS userid, session_user_id AS session_userid, query_id AS query, 'default' AS label, "
     "transaction_id AS xid, "
     "session_id AS pid, database_name AS database, query_text AS querytxt, start_time AS starttime, end_time AS "
     "endtime, "
     "(status = 'failed')::INTEGER AS aborted, 0 AS from_sp_call FROM {view sys_procedure_call} v"},
    {"pg_catalog", "pg_shadow", "SELECT * FROM {view pg_user} v"},
    {"pg_catalog", "pg_external_schema",
     "SELECT esoid, databasename AS esdbname, eskind, esoptions FROM {view svv_external_schemas} v"},
    {"information_schema", "table_privileges",
     "SELECT NULL::VARCHAR AS grantor, identity_name AS grantee, {db} AS table_catalog, namespace_name AS "
     "table_schema, relation_name "
     "AS table_name, privilege_type, CASE WHEN admin_option THEN 'YES' ELSE 'NO' END AS is_grantable, 'NO' AS "
     "with_hierarchy FROM "
     "{view svv_relation_privileges} v"},
    {"information_schema", "routines",
     "SELECT {db} AS specific_catalog, schema_name AS specific_schema, function_name AS specific_name, {db} AS "
     "routine_catalog, "
     "schema_name AS routine_schema, function_name AS routine_name, CASE function_type WHEN 'STORED PROCEDURE' THEN "
     "'PROCEDURE' ELSE "
     "'FUNCTION' END AS routine_type, result_type AS data_type FROM {view svv_redshift_functions} v"},
    // What is refused here, so that there is none.
    {"pg_catalog", "svv_datashares",
     NONE_OF(
         "'' AS share_name, 0 AS share_id, 0 AS share_owner, '' AS source_database, '' AS consumer_database, '' AS "
         "share_type, "
         "NULL::TIMESTAMP AS createdate, false AS is_publicaccessible, '' AS share_acl, '' AS producer_account, '' AS "
         "producer_namespace, '' AS managed_by")},
    {"pg_catalog", "svv_datashare_objects",
     NONE_OF("'' AS share_type, '' AS share_name, '' AS object_type, '' AS object_name, '' AS producer_account, '' AS "
             "producer_namespace, false AS include_new")},
    {"pg_catalog", "svv_datashare_consumers",
     NONE_OF("'' AS share_name, '' AS consumer_account, '' AS consumer_namespace, NULL::TIMESTAMP AS share_date")},
    {"pg_catalog", "svv_masking_policy",
     NONE_OF("'' AS policy_database, '' AS policy_name, '' AS input_columns, '' AS policy_expression, '' AS "
             "policy_modified_by, "
             "NULL::TIMESTAMP AS policy_modified_time")},
    {"pg_catalog", "svv_rls_policy",
     NONE_OF("'' AS poldb, '' AS polname, '' AS polalias, '' AS polatts, '' AS polqual, false AS polenabled, '' AS "
             "polmodifiedby, "
             "NULL::TIMESTAMP AS polmodifiedtime")},
    {"pg_catalog", "svv_attached_masking_policy",
     NONE_OF("'' AS policy_name, '' AS schema_name, '' AS table_name, '' AS table_type, '' AS grantor, '' AS grantee, '' AS "
             "grantee_type, 0 AS priority, '' AS input_columns, '' AS output_columns")},
    {"pg_catalog", "svv_rls_attached_policy",
     NONE_OF("'' AS relschema, '' AS relname, '' AS relkind, '' AS polname, '' AS grantor, '' AS grantee, '' AS granteekind, false AS "
             "is_pol_on, false AS is_rls_on, '' AS rls_conjunction_type")},
    {"pg_catalog", "svv_rls_relation",
     NONE_OF("'' AS datname, '' AS relschema, '' AS relname, '' AS relkind, false AS is_rls_on, false AS is_rls_datashare_on, '' AS "
             "rls_conjunction_type, '' AS rls_datashare_conjunction_type")},
    {"pg_catalog", "svv_rls_applied_policy",
     NONE_OF("'' AS username, 0 AS query, 0::BIGINT AS xid, 0 AS pid, NULL::TIMESTAMP AS recordtime, '' AS command, '' AS datname, '' "
             "AS relschema, '' AS relname, '' AS polname, '' AS poldefault")},
    {"pg_catalog", "svv_ml_model_info",
     NONE_OF("'' AS database_name, '' AS schema_name, '' AS user_name, '' AS model_name, '' AS life_cycle, 0 AS "
             "is_refreshable, '' "
             "AS model_state")},
    {"pg_catalog", "svv_identity_providers",
     NONE_OF("0 AS uid, '' AS name, '' AS type, '' AS instanceid, '' AS namespc, '' AS params, false AS enabled")},
    {"pg_catalog", "svv_alter_table_recommendations",
     NONE_OF("'' AS type, '' AS database, 0 AS table_id, 0 AS group_id, '' AS ddl, '' AS auto_eligible")},
    {"pg_catalog", "pg_library", NONE_OF("'' AS name, 0 AS language_oid, 0 AS file_store_id, 0 AS owner")},
};

const SystemView* find_view(std::span<const SystemView> views, const string& schema, const string& name) {
  const auto found =
      std::ranges::find_if(views, [&](const SystemView& view) { return schema == view.schema && name == view.name; });
  return found != views.end() ? &*found : nullptr;
}

}  // namespace

std::optional<string> derived_view_sql(const string& schema, const string& name, const StatementContext& context) {
  const string where = schema.empty() ? "pg_catalog" : schema;
  const SystemView* found = find_view(kDerived, where, name);
  if (!found) found = find_view(pg_views(), where, name);
  if (found) {
    string sql = found->sql;
    constexpr std::string_view kMark = "{view ";
    for (size_t at = sql.find(kMark); at != string::npos; at = sql.find(kMark, at)) {
      const size_t end = sql.find('}', at);
      const string other = sql.substr(at + kMark.size(), end - at - kMark.size());
      sql.replace(at, end + 1 - at, "(" + system_view_sql("", other, context).value_or("") + ")");
    }
    return catalog_sql(std::move(sql), context);
  }
  return std::nullopt;
}

}  // namespace tarn::sql::engine

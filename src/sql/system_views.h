// System views whose rows only the server knows (ServerCallbacks::system_rows): their columns, in order, "name type". A value
// comes as text and is cast to the type.
#pragma once

namespace tarn::sql {

struct ServerView {
  const char* name;
  const char* columns;
};

// Everybody's memberships: user, "superuser" | "group" | "role" | "", name. No view: what has_table_privilege asks for.
constexpr const char* kMemberships = "memberships";

// Names and numbers of users, groups and roles: kind, name, id. Functions and procedures. Other views are made from these.
constexpr const char* kIdentities = "tarn_identities";
constexpr const char* kRoutines = "tarn_routines";
// Sessions: a view's columns and what only pg_stat_activity shows.
constexpr const char* kSessions = "tarn_sessions";
// Whose the statement is and where it runs: one row. The database roles that the session has besides the user's. The IAM roles
// of the namespace.
constexpr const char* kSessionFacts = "tarn_session";
constexpr const char* kSessionRoles = "tarn_session_roles";
constexpr const char* kIamRoles = "tarn_iam_roles";
// Who connected and left, or could not; what was refreshed. Views of the two are made from them.
constexpr const char* kConnections = "tarn_connections";
constexpr const char* kRefreshes = "tarn_refreshes";

// No views either: with the number of a session behind them they end what it runs, or itself. One row: "1", or "0" where there
// is none that the user may end.
constexpr const char* kCancelBackend = "tarn_cancel:";
constexpr const char* kTerminateBackend = "tarn_terminate:";

constexpr ServerView kServerViews[] = {
    {"svv_external_schemas",
     "esoid integer, eskind smallint, schemaname varchar, esowner integer, databasename varchar, esoptions varchar"},
    {"svv_external_databases", "eskind integer, databasename varchar, esoptions varchar, databasetype varchar"},
    {"svv_external_tables",
     "redshift_database_name varchar, schemaname varchar, tablename varchar, tabletype varchar, location varchar, "
     "input_format varchar, output_format varchar, serialization_lib varchar, serde_parameters varchar, compressed "
     "integer, "
     "parameters varchar"},
    {"svv_external_columns",
     "redshift_database_name varchar, schemaname varchar, tablename varchar, columnname varchar, external_type "
     "varchar, "
     "columnnum integer, part_key integer, is_nullable varchar"},
    {"svv_external_partitions",
     "schemaname varchar, tablename varchar, values varchar, location varchar, input_format varchar, output_format "
     "varchar, "
     "serialization_lib varchar, serde_parameters varchar, compressed integer, parameters varchar"},
    {"pg_user",
     "usename varchar, usesysid integer, usecreatedb boolean, usesuper boolean, usecatupd boolean, passwd varchar, "
     "valuntil timestamp, useconfig varchar"},
    {kIdentities, "kind varchar, name varchar, id integer"},
    {kSessions,
     "starttime timestamp, process integer, user_name varchar, db_name varchar, timeout_sec integer, application_name varchar, "
     "client_addr varchar"},
    {kSessionFacts, "account bigint, namespace_id varchar, arn varchar, default_role varchar"},
    {kSessionRoles, "name varchar, roleid integer"},
    {kIamRoles, "arn varchar, is_default boolean"},
    {kRoutines,
     "schema_name varchar, name varchar, signature varchar, kind varchar, owner varchar, definition varchar, result "
     "varchar, names varchar, modes varchar, types varchar, returns varchar, strict boolean, volatility varchar, language "
     "varchar"},
    {"pg_group", "groname varchar, grosysid integer, grolist varchar"},
    {"svv_user_grants",
     "user_id integer, user_name varchar, role_id integer, role_name varchar, admin_option boolean"},
    {"svv_role_grants", "role_id integer, role_name varchar, granted_role_id integer, granted_role_name varchar"},
    {"svv_system_privileges", "system_privilege varchar, identity_id integer, identity_name varchar, identity_type varchar"},
    {"svv_roles", "role_id integer, role_name varchar, role_owner varchar, external_id varchar"},
    {"sys_query_history",
     "user_id integer, query_id bigint, query_label varchar, transaction_id bigint, session_id integer, database_name "
     "varchar, "
     "query_type varchar, status varchar, result_cache_hit boolean, start_time timestamp, end_time timestamp, "
     "elapsed_time bigint, queue_time bigint, execution_time bigint, error_message varchar, returned_rows bigint, "
     "returned_bytes bigint, query_text varchar, redshift_version varchar, usage_limit varchar, compute_type varchar, "
     "compile_time bigint, planning_time bigint, lock_wait_time bigint"},
    {"sys_load_history",
     "user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name varchar, status "
     "varchar, "
     "table_name varchar, start_time timestamp, end_time timestamp, duration bigint, data_source varchar, "
     "file_format varchar, loaded_rows bigint, loaded_bytes bigint, source_file_count bigint, source_file_bytes "
     "bigint, "
     "file_count_scanned bigint, file_bytes_scanned bigint, error_count bigint, copy_job_id bigint"},
    {"sys_unload_history",
     "user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name varchar, status "
     "varchar, "
     "start_time timestamp, end_time timestamp, duration bigint, file_format varchar, compression_type varchar, "
     "unloaded_location varchar, unloaded_rows bigint, unloaded_files_count bigint, unloaded_files_size bigint, "
     "error_message varchar"},
    {"sys_query_detail",
     "user_id integer, query_id bigint, child_query_sequence integer, stream_id integer, segment_id integer, step_id "
     "integer, step_name varchar, table_id integer, table_name varchar, is_rrscan boolean, start_time timestamp, "
     "end_time timestamp, duration bigint, alert varchar, input_bytes bigint, input_rows bigint, output_bytes bigint, "
     "output_rows bigint"},
    {"sys_query_text",
     "user_id integer, query_id bigint, transaction_id bigint, session_id integer, start_time timestamp, sequence "
     "integer, text varchar"},
    {"sys_procedure_call",
     "user_id integer, query_id bigint, session_user_id integer, database_name varchar, session_id integer, "
     "transaction_id bigint, status varchar, start_time timestamp, end_time timestamp, procedure_name varchar, "
     "error_message varchar, query_text varchar"},
    {"sys_serverless_usage",
     "start_time timestamp, end_time timestamp, compute_seconds double, compute_capacity double, data_storage "
     "integer, cross_region_transferred_data integer, charged_seconds integer"},
    {"stl_query",
     "userid integer, query bigint, label varchar, xid bigint, pid integer, database varchar, querytxt varchar, "
     "starttime timestamp, endtime timestamp, aborted integer, insert_pristine integer, concurrency_scaling_status "
     "integer"},
    {"stl_querytext",
     "userid integer, xid bigint, pid integer, query bigint, sequence integer, text varchar"},
    {"svl_qlog",
     "userid integer, query bigint, xid bigint, pid integer, starttime timestamp, endtime timestamp, elapsed bigint, "
     "aborted integer, label varchar, substring varchar, source_query bigint, concurrency_scaling_status_txt varchar, "
     "from_sp_call integer"},
    {"svl_statementtext",
     "userid integer, xid bigint, pid integer, label varchar, starttime timestamp, endtime timestamp, sequence integer, "
     "type varchar, text varchar"},
    {"stv_recents",
     "userid integer, status varchar, starttime timestamp, duration bigint, user_name varchar, db_name varchar, query "
     "varchar, pid integer"},
    {"stv_inflight",
     "userid integer, slice integer, query bigint, label varchar, xid bigint, pid integer, starttime timestamp, text "
     "varchar, suspended integer, insert_pristine integer, concurrency_scaling_status integer"},
    {"svl_user_info",
     "usename varchar, usesysid integer, usecreatedb boolean, usesuper boolean, usecatupd boolean, useconnlimit varchar, "
     "syslogaccess varchar, last_ddl_ts timestamp, sessiontimeout integer, external_user_id varchar"},
    {kConnections,
     "event varchar, recordtime timestamp, remotehost varchar, pid integer, dbname varchar, username varchar, duration bigint, "
     "application_name varchar, userid integer, starttime timestamp"},
    {kRefreshes,
     "db_name varchar, userid integer, schema_name varchar, mv_name varchar, pid integer, starttime timestamp, endtime timestamp, "
     "duration bigint, status varchar"},
    {"stl_load_commits",
     "userid integer, query bigint, slice integer, name varchar, filename varchar, byte_offset integer, lines_scanned bigint, "
     "errors integer, curtime timestamp, status integer, file_format varchar, is_partial integer, start_offset bigint, "
     "copy_job_id bigint"},
    {"sys_load_detail",
     "user_id integer, query_id bigint, file_name varchar, bytes_scanned bigint, lines_scanned bigint, record_time timestamp, "
     "splits_scanned integer, start_time timestamp, end_time timestamp, file_etag varchar, file_last_modified timestamp"},
    {"stl_unload_log",
     "userid integer, query bigint, slice integer, pid integer, path varchar, start_time timestamp, end_time timestamp, "
     "line_count bigint, transfer_size bigint, file_format varchar"},
    {"sys_load_error_detail",
     "user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name varchar, table_id "
     "bigint, "
     "start_time timestamp, file_name varchar, line_number bigint, column_name varchar, column_type varchar, "
     "column_length varchar, position integer, error_code integer, error_message varchar"},
    {"stl_load_errors",
     "userid integer, slice integer, tbl integer, starttime timestamp, session integer, query bigint, filename "
     "varchar, "
     "line_number bigint, colname varchar, type varchar, col_length varchar, position integer, raw_line varchar, "
     "raw_field_value varchar, err_code integer, err_reason varchar, is_partial integer, start_offset bigint"},
};

}  // namespace tarn::sql

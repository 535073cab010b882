// pg_catalog's functions that tools (SQLAlchemy, dbt, psql, drivers) ask what there is: expressions over the system views.
#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/manifest.h"
#include "sql/engine/system_catalog.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ExpressionClass;
using duckdb::FunctionExpression;
using std::string;

// In the engine's words. The names of what a subquery reads begin with tarn_: an argument's column shall not be taken for one.
struct CatalogFunction {
  const char* name;
  int least, most;
  const char* sql;
};

#define SIZE "CASE WHEN $2 > 4 THEN '(' || ($2 - 4) || ')' ELSE '' END"
#define ARRAY "system.redshift.plain_array($1)"
#define DESCRIPTION(number)                                                                                    \
  "(SELECT tarn_text FROM (SELECT objoid AS tarn_oid, objsubid AS tarn_number, description AS tarn_text FROM " \
  "{pg_description}) WHERE tarn_oid = $1 AND tarn_number = " number " LIMIT 1)"

#define INDEX_DEFINITION                                                                                             \
  "(SELECT tarn_text FROM (SELECT i.indexdef AS tarn_text, c.oid AS tarn_oid FROM {pg_indexes} i JOIN {pg_class} c " \
  "ON "                                                                                                              \
  "c.relname = i.indexname AND c.relkind = 'i' JOIN {pg_namespace} n ON n.oid = c.relnamespace AND n.nspname = "     \
  "i.schemaname) WHERE tarn_oid = $1 LIMIT 1)"

// A fact of the session's, or NULL.
#define FACT(column) "(SELECT tarn_fact FROM (SELECT " column " AS tarn_fact FROM system.redshift.system_rows('tarn_session')))"
// A row as its text: "(a,b)".
#define ROWS_OF(text, from) "unnest((SELECT list(tarn_text) FROM (SELECT '(' || " text " || ')' AS tarn_text, * FROM " from ")"
#define IS_ROLE(role) "EXISTS (SELECT 1 FROM (SELECT role_name AS tarn_name FROM {svv_roles}) WHERE tarn_name = " role ")"

constexpr CatalogFunction kFunctions[] = {
    {"current_aws_account", 0, 0, FACT("account")},
    {"current_namespace", 0, 0, FACT("namespace_id")},
    {"current_session_arn", 0, 0, FACT("arn")},
    {"default_iam_role", 0, 0, FACT("default_role")},
    {"pg_get_session_roles", 0, 0, ROWS_OF("name || ',' || roleid", "{pg_get_session_roles}") "))"},
    {"pg_get_cols", 1, 1,
     ROWS_OF("view_schema || ',' || view_name || ',' || col_name || ',' || CASE WHEN col_type SIMILAR TO '[a-z]+' THEN col_type "
             "ELSE '\"' || col_type || '\"' END || ',' || col_num",
             "{pg_get_cols}") " WHERE $1 IN (whole_name, shown_name)))"},
    {"pg_get_iam_role_by_user", 1, 1,
     ROWS_OF("username || ',' || iam_role || ',' || cmd", "{pg_get_iam_role_by_user}") " WHERE $1 = username))"},
    {"pg_get_grantee_by_iam_role", 1, 1,
     ROWS_OF("grantee || ',' || grantee_type || ',' || cmd_type", "{pg_get_grantee_by_iam_role}") " WHERE $1 = arn))"},
    // AWS: ROLE_IS_MEMBER_OF: whoever may not see a role gets an error.
    {"role_is_member_of", 2, 2,
     "CASE WHEN NOT " IS_ROLE("$1") " THEN error('role \"' || $1 || '\" does not exist') WHEN NOT " IS_ROLE("$2")
     " THEN error('role \"' || $2 || '\" does not exist') ELSE EXISTS (SELECT 1 FROM (WITH RECURSIVE tarn_up(tarn_of, "
     "tarn_in) AS (SELECT role_name, granted_role_name FROM {svv_role_grants} UNION SELECT u.tarn_of, g.granted_role_name FROM "
     "{svv_role_grants} g JOIN tarn_up u ON u.tarn_in = g.role_name) SELECT tarn_of, tarn_in FROM tarn_up) WHERE tarn_of = $1 "
     "AND tarn_in = $2) END"},
    {"format_type", 2, 2,
     "CASE $1 WHEN 16 THEN 'boolean' WHEN 17 THEN 'bytea' WHEN 19 THEN 'name' WHEN 20 THEN 'bigint' WHEN 21 THEN "
     "'smallint' "
     "WHEN 23 THEN 'integer' WHEN 25 THEN 'text' WHEN 26 THEN 'oid' WHEN 700 THEN 'real' WHEN 701 THEN 'double "
     "precision' "
     "WHEN 1005 THEN 'smallint[]' WHEN 1042 THEN 'character' || " SIZE " WHEN 1043 THEN 'character varying' || " SIZE
     " WHEN 1082 THEN 'date' WHEN 1083 THEN 'time without time zone' WHEN 1188 THEN 'interval year to "
     "month' WHEN 1190 THEN 'interval day to second' WHEN 1114 THEN 'timestamp without time zone' WHEN "
     "1184 "
     "THEN 'timestamp with time zone' WHEN 1186 THEN 'interval' WHEN 1266 THEN 'time with time zone' WHEN 1700 THEN "
     "'numeric' || CASE WHEN $2 > 4 THEN '(' || (($2 - 4) // 65536) || ',' || (($2 - 4) % 65536) || ')' ELSE '' END "
     "WHEN 1790 THEN 'refcursor' WHEN 3000 THEN 'geometry' WHEN 3001 THEN 'geography' WHEN 4000 THEN 'super' WHEN 6551 "
     "THEN 'binary varying' || " SIZE " ELSE 'unknown' END"},
    {"format_encoding", 1, 1, "CASE WHEN $1 = 0 THEN 'none' ELSE {encodings}[$1] END"},
    {"pg_get_expr", 2, 3, "$1"},
    {"col_description", 2, 2, DESCRIPTION("$2")},
    {"obj_description", 1, 2, DESCRIPTION("0")},
    {"shobj_description", 2, 2, "CAST(NULL AS VARCHAR)"},
    {"pg_get_viewdef", 1, 2,
     "(SELECT tarn_text FROM (SELECT v.definition AS tarn_text, c.oid AS tarn_oid, v.viewname AS tarn_name, "
     "v.schemaname || "
     "'.' || v.viewname AS tarn_full FROM {pg_views} v JOIN {pg_class} c ON c.relname = v.viewname JOIN {pg_namespace} "
     "n ON "
     "n.oid = c.relnamespace AND n.nspname = v.schemaname) WHERE CAST(tarn_oid AS VARCHAR) = CAST($1 AS VARCHAR) OR "
     "tarn_name "
     "= CAST($1 AS VARCHAR) OR tarn_full = CAST($1 AS VARCHAR) LIMIT 1)"},
    {"pg_get_constraintdef", 1, 2,
     "(SELECT tarn_text FROM (SELECT oid AS tarn_oid, definition AS tarn_text FROM {constraints}) WHERE tarn_oid = "
     "$1)"},
    {"pg_get_indexdef", 1, 3,
     "CASE WHEN $2 = 0 THEN " INDEX_DEFINITION " ELSE (SELECT tarn_column FROM (SELECT attrelid AS tarn_oid, attnum AS "
     "tarn_number, attname AS tarn_column FROM {pg_attribute}) WHERE tarn_oid = $1 AND tarn_number = $2) END"},
    {"pg_get_userbyid", 1, 1,
     "coalesce((SELECT tarn_name FROM (SELECT usename AS tarn_name, usesysid AS tarn_id FROM {pg_user}) WHERE tarn_id "
     "= $1 "
     "LIMIT 1), CASE WHEN $1 = 1 THEN 'rdsdb' ELSE 'unknown (OID=' || $1 || ')' END)"},
    {"current_user_id", 0, 0,
     "(SELECT tarn_id FROM (SELECT usename AS tarn_name, usesysid AS tarn_id FROM {pg_user}) WHERE tarn_name = "
     "system.redshift.this_user() LIMIT 1)"},
    {"pg_table_is_visible", 1, 1,
     "coalesce((SELECT tarn_schema IN ({path}) FROM (SELECT table_oid AS tarn_oid, schema_name AS tarn_schema FROM "
     "{tables}) "
     "WHERE tarn_oid = CASE WHEN $1 BETWEEN 500000000 AND 999999999 THEN ($1 - 500000000) // 64 ELSE $1 END LIMIT 1), "
     "false)"},  // as its index
    {"pg_function_is_visible", 1, 1,
     "coalesce((SELECT tarn_schema IN ({path}) FROM (SELECT p.oid AS tarn_oid, n.nspname AS tarn_schema FROM {pg_proc} "
     "p JOIN "
     "{pg_namespace} n ON n.oid = p.pronamespace) WHERE tarn_oid = $1 LIMIT 1), false)"},
    {"pg_get_function_result", 1, 1,
     "(SELECT tarn_text FROM (SELECT oid AS tarn_oid, shown_result AS tarn_text FROM {routines}) WHERE tarn_oid = $1)"},
    {"pg_get_function_arguments", 1, 1,
     "(SELECT tarn_text FROM (SELECT oid AS tarn_oid, shown_arguments AS tarn_text FROM {routines}) WHERE tarn_oid = "
     "$1)"},
    {"pg_get_function_identity_arguments", 1, 1,
     "(SELECT tarn_text FROM (SELECT oid AS tarn_oid, shown_arguments AS tarn_text FROM {routines}) WHERE tarn_oid = "
     "$1)"},
    {"pg_get_functiondef", 1, 1,
     "(SELECT tarn_text FROM (SELECT oid AS tarn_oid, definition AS tarn_text FROM {routines}) WHERE tarn_oid = $1)"},
    {"pg_type_is_visible", 1, 1, "$1 IS NOT NULL"},
    {"pg_tablespace_location", 1, 1, "''"},
    {"pg_get_triggerdef", 1, 2, "CAST(NULL AS VARCHAR)"},
    {"pg_get_ruledef", 1, 2, "CAST(NULL AS VARCHAR)"},
    {"pg_char_to_encoding", 1, 1, "CASE lower($1) WHEN 'utf8' THEN 6 WHEN 'unicode' THEN 6 ELSE -1 END"},
    // What a table takes on the disk is not known.
    {"pg_table_size", 1, 1, "CAST(NULL AS BIGINT)"},
    {"pg_relation_size", 1, 2, "CAST(NULL AS BIGINT)"},
    {"pg_total_relation_size", 1, 1, "CAST(NULL AS BIGINT)"},
    {"pg_database_size", 1, 1, "CAST(NULL AS BIGINT)"},
    {"pg_size_pretty", 1, 1,
     "CASE WHEN $1 < 10240 THEN $1 || ' bytes' WHEN $1 < 10485760 THEN (($1 + 512) // 1024) || ' kB' WHEN $1 < "
     "10737418240 "
     "THEN (($1 + 524288) // 1048576) || ' MB' ELSE (($1 + 536870912) // 1073741824) || ' GB' END"},
    {"pg_encoding_to_char", 1, 1, "CASE WHEN $1 = 6 THEN 'UTF8' ELSE '' END"},
    {"array_to_string", 2, 2, "array_to_string(" ARRAY ", $2)"},
    {"string_to_array", 2, 2, "system.redshift.catalog_array(string_split($1, $2), '_text')"},
    {"_pg_expandarray", 1, 1,
     "unnest(CAST(list_zip(" ARRAY ", range(1, len(" ARRAY ") + 1)) AS STRUCT(x SMALLINT, n INTEGER)[]))"},
    {"generate_series", 2, 2, "unnest(generate_series(CAST($1 AS BIGINT), CAST($2 AS BIGINT)))"},
    {"unnest", 1, 1, "unnest(" ARRAY ")"},
    {"textin", 1, 1, "$1"},
    {"byteaout", 1, 1, "$1"},
    {"array_upper", 2, 2, "CASE WHEN $2 = 1 AND len(" ARRAY ") > 0 THEN CAST(len(" ARRAY ") AS INTEGER) END"},
    {"array_lower", 2, 2, "CASE WHEN $2 = 1 AND len(" ARRAY ") > 0 THEN 1 END"},
    {"tarn_regclass", 1, 1,
     "CASE replace($1, 'pg_catalog.', '') WHEN 'pg_type' THEN 1247 WHEN 'pg_attribute' THEN 1249 WHEN 'pg_proc' THEN "
     "1255 "
     "WHEN 'pg_class' THEN 1259 WHEN 'pg_database' THEN 1262 WHEN 'pg_attrdef' THEN 2604 WHEN 'pg_constraint' THEN "
     "2606 WHEN "
     "'pg_namespace' THEN 2615 WHEN 'pg_rewrite' THEN 2618 WHEN 'pg_trigger' THEN 2620 ELSE (SELECT tarn_oid FROM "
     "(SELECT table_oid AS tarn_oid, schema_name AS tarn_schema, table_name AS tarn_name FROM "
     "{tables}) "
     "WHERE CASE WHEN contains($1, '.') THEN tarn_schema || '.' || tarn_name = replace($1, '\"', '') ELSE tarn_name = "
     "replace($1, '\"', '') AND tarn_schema IN ({path}) END LIMIT 1) END"},
    {"tarn_regclass_name", 1, 1,
     "coalesce((SELECT tarn_name FROM (SELECT table_oid AS tarn_oid, table_name AS tarn_name FROM {tables}) WHERE "
     "tarn_oid = $1 "
     "LIMIT 1), CAST($1 AS VARCHAR))"},
    {"tarn_regtype", 1, 1,
     "(SELECT tarn_oid FROM (SELECT oid AS tarn_oid, typname AS tarn_name FROM {pg_type}) WHERE tarn_name = "
     "replace($1, 'pg_catalog.', '') LIMIT 1)"},
};

// {pg_class}: the view's query, as a table.
string with_views(string sql, const StatementContext& context) {
  static constexpr const char* kUsed[] = {"pg_description", "pg_views",   "pg_class", "pg_namespace", "pg_user",
                                          "pg_proc",        "pg_indexes", "pg_type",  "pg_attribute",
                                          "svv_roles",      "svv_role_grants",
                                          "pg_get_session_roles", "pg_get_cols", "pg_get_iam_role_by_user",
                                          "pg_get_grantee_by_iam_role"};
  for (const char* view : kUsed) {
    const string place = "{" + string(view) + "}";
    if (sql.find(place) == string::npos) continue;
    sql = replace_all(std::move(sql), place, "(" + system_view_sql("pg_catalog", view, context).value_or("") + ")");
  }
  return catalog_sql(std::move(sql), context);
}

}  // namespace

void fill_parameters(ParsedPtr& expression, const duckdb::vector<ParsedPtr>& arguments) {
  const auto deeper = [&](ParsedPtr& child) { fill_parameters(child, arguments); };
  if (expression->GetExpressionClass() == ExpressionClass::PARAMETER) {
    const auto index = parse_int(expression->Cast<duckdb::ParameterExpression>().identifier).value_or(1);
    expression = arguments[static_cast<size_t>(index) - 1]->Copy();
    return;
  }
  if (expression->GetExpressionClass() == ExpressionClass::SUBQUERY) {
    auto& subquery = *expression->Cast<duckdb::SubqueryExpression>().subquery->node;
    duckdb::ParsedExpressionIterator::EnumerateQueryNodeChildren(subquery, deeper);
  }
  duckdb::ParsedExpressionIterator::EnumerateChildren(*expression, deeper);
}

namespace {

ParsedPtr from_catalog(FunctionExpression& call, const StatementContext& context) {
  const string name = lower(call.function_name);
  const auto* found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                   [&](const CatalogFunction& function) { return name == function.name; });
  duckdb::Parser parser;
  parser.ParseQuery("SELECT " + with_views(found->sql, context));
  auto& select = parser.statements[0]->Cast<duckdb::SelectStatement>().node->Cast<duckdb::SelectNode>();
  ParsedPtr made = std::move(select.select_list[0]);
  while (static_cast<int>(call.children.size()) < found->most)
    call.children.push_back(literal(duckdb::Value::INTEGER(0)));
  fill_parameters(made, call.children);
  return made;
}

}  // namespace

std::span<const FunctionRule> catalog_rules() {
  static const auto kRules = [] {
    std::vector<FunctionRule> rules;
    for (const CatalogFunction& function : kFunctions)
      rules.push_back({function.name, FunctionRule::Kind::kTemplate, "", function.least, function.most, from_catalog});
    return rules;
  }();
  return kRules;
}

}  // namespace tarn::sql::engine

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
#define DESCRIPTION(number)                                                                                    \
  "(SELECT tarn_text FROM (SELECT objoid AS tarn_oid, objsubid AS tarn_number, description AS tarn_text FROM " \
  "{pg_description}) WHERE tarn_oid = $1 AND tarn_number = " number " LIMIT 1)"

constexpr CatalogFunction kFunctions[] = {
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
    {"pg_get_indexdef", 1, 3, "CAST(NULL AS VARCHAR)"},
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
     "WHERE tarn_oid = $1 LIMIT 1), false)"},
    {"pg_function_is_visible", 1, 1,
     "coalesce((SELECT tarn_schema IN ({path}) FROM (SELECT p.oid AS tarn_oid, n.nspname AS tarn_schema FROM {pg_proc} "
     "p JOIN "
     "{pg_namespace} n ON n.oid = p.pronamespace) WHERE tarn_oid = $1 LIMIT 1), false)"},
    {"pg_encoding_to_char", 1, 1, "CASE WHEN $1 = 6 THEN 'UTF8' ELSE '' END"},
    {"array_to_string", 2, 2, "array_to_string($1, $2)"},
    {"array_upper", 2, 2, "CASE WHEN $2 = 1 AND len($1) > 0 THEN CAST(len($1) AS INTEGER) END"},
    {"array_lower", 2, 2, "CASE WHEN $2 = 1 AND len($1) > 0 THEN 1 END"},
    {"tarn_regclass", 1, 1,
     "(SELECT tarn_oid FROM (SELECT table_oid AS tarn_oid, schema_name AS tarn_schema, table_name AS tarn_name FROM "
     "{tables}) "
     "WHERE CASE WHEN contains($1, '.') THEN tarn_schema || '.' || tarn_name = replace($1, '\"', '') ELSE tarn_name = "
     "replace($1, '\"', '') AND tarn_schema IN ({path}) END LIMIT 1)"},
    {"tarn_regclass_name", 1, 1,
     "coalesce((SELECT tarn_name FROM (SELECT table_oid AS tarn_oid, table_name AS tarn_name FROM {tables}) WHERE "
     "tarn_oid = $1 "
     "LIMIT 1), CAST($1 AS VARCHAR))"},
};

// {pg_class}: the view's query, as a table.
string with_views(string sql, const StatementContext& context) {
  static constexpr const char* kUsed[] = {"pg_description", "pg_views", "pg_class",
                                          "pg_namespace",   "pg_user",  "pg_proc"};
  for (const char* view : kUsed) {
    const string place = "{" + string(view) + "}";
    if (sql.find(place) == string::npos) continue;
    sql = replace_all(std::move(sql), place, "(" + system_view_sql("pg_catalog", view, context).value_or("") + ")");
  }
  return catalog_sql(std::move(sql), context);
}

void fill(ParsedPtr& expression, const duckdb::vector<ParsedPtr>& arguments) {
  const auto deeper = [&](ParsedPtr& child) { fill(child, arguments); };
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

ParsedPtr from_catalog(FunctionExpression& call, const StatementContext& context) {
  const string name = lower(call.function_name);
  const auto* found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                   [&](const CatalogFunction& function) { return name == function.name; });
  duckdb::Parser parser;
  parser.ParseQuery("SELECT " + with_views(found->sql, context));
  auto& select = parser.statements[0]->Cast<duckdb::SelectStatement>().node->Cast<duckdb::SelectNode>();
  ParsedPtr made = std::move(select.select_list[0]);
  fill(made, call.children);
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

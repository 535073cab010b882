#include "sql/engine/manifest.h"

#include <algorithm>
#include <unordered_map>

#include "base/time.h"

namespace tarn::sql::engine {

using duckdb::ExpressionType;
using duckdb::FunctionExpression;
using duckdb::LogicalType;
using duckdb::Value;
using std::string;

namespace {

using Kind = FunctionRule::Kind;

ParsedPtr native(const char* name, duckdb::vector<ParsedPtr> arguments) {
  return duckdb::make_uniq<FunctionExpression>(name, std::move(arguments));
}

ParsedPtr one_case(ParsedPtr when, ParsedPtr then, ParsedPtr otherwise) {
  auto result = duckdb::make_uniq<duckdb::CaseExpression>();
  duckdb::CaseCheck check;
  check.when_expr = std::move(when);
  check.then_expr = std::move(then);
  result->case_checks.push_back(std::move(check));
  result->else_expr = std::move(otherwise);
  return result;
}

ParsedPtr is_null(ParsedPtr value, bool negated) {
  return duckdb::make_uniq<duckdb::OperatorExpression>(
      negated ? ExpressionType::OPERATOR_IS_NOT_NULL : ExpressionType::OPERATOR_IS_NULL, std::move(value));
}

ParsedPtr nothing() {
  return literal(Value(LogicalType::SQLNULL));
}

// sum over integers is BIGINT, never wider.
ParsedPtr make_sum(FunctionExpression& call, const StatementContext&) {
  call.function_name = "sum";
  call.children[0] = own_call("number_of", list(std::move(call.children[0])));
  return own_call("narrow_sum", list(call.Copy()));
}

ParsedPtr make_avg(FunctionExpression& call, const StatementContext&) {
  call.function_name = "sum";
  call.children[0] = own_call("number_of", list(std::move(call.children[0])));
  ParsedPtr sum = call.Copy();
  call.function_name = "count";
  return own_call("average", list(std::move(sum), call.Copy()));
}

ParsedPtr make_coalesce(FunctionExpression& call, const StatementContext&) {
  return duckdb::make_uniq<duckdb::OperatorExpression>(ExpressionType::OPERATOR_COALESCE, std::move(call.children));
}

ParsedPtr make_nvl2(FunctionExpression& call, const StatementContext&) {
  return one_case(is_null(std::move(call.children[0]), true), std::move(call.children[1]), std::move(call.children[2]));
}

ParsedPtr make_nullif(FunctionExpression& call, const StatementContext&) {
  ParsedPtr value = call.children[0]->Copy();
  return one_case(own_call("eq", std::move(call.children)), nothing(), std::move(value));
}

// DECODE(x, a, r, b, s, otherwise): NULL matches NULL.
ParsedPtr make_decode(FunctionExpression& call, const StatementContext&) {
  auto result = duckdb::make_uniq<duckdb::CaseExpression>();
  size_t i = 1;
  for (; i + 1 < call.children.size(); i += 2) {
    ParsedPtr both = duckdb::make_uniq<duckdb::ConjunctionExpression>(ExpressionType::CONJUNCTION_AND,
                                                                      is_null(call.children[0]->Copy(), false),
                                                                      is_null(call.children[i]->Copy(), false));
    duckdb::CaseCheck check;
    check.when_expr = duckdb::make_uniq<duckdb::ConjunctionExpression>(
        ExpressionType::CONJUNCTION_OR, own_call("eq", list(call.children[0]->Copy(), std::move(call.children[i]))),
        std::move(both));
    check.then_expr = std::move(call.children[i + 1]);
    result->case_checks.push_back(std::move(check));
  }
  result->else_expr = i < call.children.size() ? std::move(call.children[i]) : nothing();
  return result;
}

ParsedPtr make_listagg(FunctionExpression& call, const StatementContext&) {
  auto copy = duckdb::unique_ptr_cast<duckdb::ParsedExpression, FunctionExpression>(call.Copy());
  copy->function_name = "string_agg";
  copy->children[0] = own_call("as_text", list(std::move(copy->children[0])));
  if (copy->children.size() == 1) copy->children.push_back(literal(Value("")));
  return copy;
}

ParsedPtr now_timestamp(FunctionExpression&, const StatementContext& context) {
  return literal(Value::TIMESTAMP(duckdb::timestamp_t(context.now.micros)));
}
ParsedPtr now_timestamptz(FunctionExpression&, const StatementContext& context) {
  return literal(Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(context.now.micros)));
}
ParsedPtr now_date(FunctionExpression&, const StatementContext& context) {
  return literal(Value::DATE(duckdb::Timestamp::GetDate(duckdb::timestamp_t(context.now.micros))));
}
ParsedPtr now_time(FunctionExpression&, const StatementContext& context) {
  return literal(Value::TIME(duckdb::Timestamp::GetTime(duckdb::timestamp_t(context.now.micros))));
}
ParsedPtr this_user(FunctionExpression&, const StatementContext& context) {
  return literal(Value(context.user));
}
ParsedPtr this_database(FunctionExpression&, const StatementContext& context) {
  return literal(Value(context.database));
}
ParsedPtr this_schema(FunctionExpression&, const StatementContext& context) {
  return literal(Value(context.search_path.empty() ? "public" : context.search_path[0]));
}
ParsedPtr this_version(FunctionExpression&, const StatementContext&) {
  return literal(Value("PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2, Redshift 1.0"));
}
ParsedPtr this_backend(FunctionExpression&, const StatementContext&) {
  return literal(Value::INTEGER(1));
}
ParsedPtr always_true(FunctionExpression&, const StatementContext&) {
  return literal(Value::BOOLEAN(true));
}

// The first argument is a date part, written as a word or a string.
ParsedPtr part_first(FunctionExpression& call, const char* own) {
  auto& first = call.children[0];
  if (first->GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF) {
    first = literal(Value(first->Cast<duckdb::ColumnRefExpression>().GetColumnName()));
  }
  return own_call(own, std::move(call.children));
}
ParsedPtr make_dateadd(FunctionExpression& call, const StatementContext&) {
  return part_first(call, "date_add");
}
ParsedPtr make_datediff(FunctionExpression& call, const StatementContext&) {
  return part_first(call, "date_diff");
}
ParsedPtr make_datepart(FunctionExpression& call, const StatementContext&) {
  return part_first(call, "date_part");
}
ParsedPtr make_datetrunc(FunctionExpression& call, const StatementContext&) {
  return part_first(call, "date_trunc");
}

// strpos(text, part) is native; CHARINDEX(part, text) has it the other way round.
ParsedPtr make_charindex(FunctionExpression& call, const StatementContext&) {
  return own_call("strpos", list(std::move(call.children[1]), std::move(call.children[0])));
}

ParsedPtr make_like(FunctionExpression& call, const StatementContext&) {
  const bool negated = call.function_name.starts_with("!") || call.function_name.starts_with("not_");
  const bool any_case =
      call.function_name.find('*') != string::npos || call.function_name.find("ilike") != string::npos;
  ParsedPtr like = own_call(any_case ? "ilike" : "like", std::move(call.children));
  if (!negated) return like;
  return duckdb::make_uniq<duckdb::OperatorExpression>(ExpressionType::OPERATOR_NOT, std::move(like));
}

ParsedPtr make_minus(FunctionExpression& call, const StatementContext&) {
  if (call.children.size() == 1) return native("-", std::move(call.children));
  return own_call("sub", std::move(call.children));
}
ParsedPtr make_plus(FunctionExpression& call, const StatementContext&) {
  if (call.children.size() == 1) return std::move(call.children[0]);
  return own_call("add", std::move(call.children));
}

const FunctionRule kRules[] = {
    // operators, as the parser names them
    {"+", Kind::kTemplate, "", 1, 2, make_plus},
    {"-", Kind::kTemplate, "", 1, 2, make_minus},
    {"*", Kind::kOwn, "mul", 2, 2},
    {"/", Kind::kOwn, "div", 2, 2},
    {"%", Kind::kOwn, "mod", 2, 2},
    {"^", Kind::kNative, "pow", 2, 2},
    {"@", Kind::kNative, "abs", 1, 1},
    {"&", Kind::kNative, "&", 2, 2},
    {"|", Kind::kNative, "|", 2, 2},
    {"<<", Kind::kNative, "<<", 2, 2},
    {">>", Kind::kNative, ">>", 2, 2},
    {"||", Kind::kOwn, "concat", 2, 2},
    {"~~", Kind::kTemplate, "", 2, 2, make_like},
    {"!~~", Kind::kTemplate, "", 2, 2, make_like},
    {"~~*", Kind::kTemplate, "", 2, 2, make_like},
    {"!~~*", Kind::kTemplate, "", 2, 2, make_like},
    {"like_escape", Kind::kTemplate, "", 3, 3, make_like},
    {"not_like_escape", Kind::kTemplate, "", 3, 3, make_like},
    {"ilike_escape", Kind::kTemplate, "", 3, 3, make_like},
    {"not_ilike_escape", Kind::kTemplate, "", 3, 3, make_like},
    {"regexp_full_match", Kind::kOwn, "matches", 2, 2},  // what the parser makes of ~ and SIMILAR TO
    // the parser's own words
    {"to_years", Kind::kNative, "to_years", 1, 1},
    {"to_months", Kind::kNative, "to_months", 1, 1},
    {"to_weeks", Kind::kNative, "to_weeks", 1, 1},
    {"to_days", Kind::kNative, "to_days", 1, 1},
    {"to_hours", Kind::kNative, "to_hours", 1, 1},
    {"to_minutes", Kind::kNative, "to_minutes", 1, 1},
    {"to_seconds", Kind::kNative, "to_seconds", 1, 1},
    // conditional
    {"nvl", Kind::kTemplate, "", 1, -1, make_coalesce},
    {"nvl2", Kind::kTemplate, "", 3, 3, make_nvl2},
    {"nullif", Kind::kTemplate, "", 2, 2, make_nullif},
    {"decode", Kind::kTemplate, "", 3, -1, make_decode},
    {"greatest", Kind::kNative, "greatest", 1, -1},
    {"least", Kind::kNative, "least", 1, -1},
    // aggregates
    {"count", Kind::kNative, "count", 0, 1},
    {"count_star", Kind::kNative, "count_star", 0, 0},
    {"sum", Kind::kTemplate, "", 1, 1, make_sum},
    {"avg", Kind::kTemplate, "", 1, 1, make_avg},
    {"min", Kind::kNative, "min", 1, 1},
    {"max", Kind::kNative, "max", 1, 1},
    {"median", Kind::kNative, "median", 1, 1},
    {"stddev", Kind::kNative, "stddev_samp", 1, 1},
    {"stddev_samp", Kind::kNative, "stddev_samp", 1, 1},
    {"stddev_pop", Kind::kNative, "stddev_pop", 1, 1},
    {"variance", Kind::kNative, "var_samp", 1, 1},
    {"var_samp", Kind::kNative, "var_samp", 1, 1},
    {"var_pop", Kind::kNative, "var_pop", 1, 1},
    {"bool_and", Kind::kNative, "bool_and", 1, 1},
    {"bool_or", Kind::kNative, "bool_or", 1, 1},
    {"bit_and", Kind::kNative, "bit_and", 1, 1},
    {"bit_or", Kind::kNative, "bit_or", 1, 1},
    {"any_value", Kind::kNative, "any_value", 1, 1},
    {"listagg", Kind::kTemplate, "", 1, 2, make_listagg},
    {"approx_count_distinct", Kind::kNative, "approx_count_distinct", 1, 1},
    {"quantile_cont", Kind::kNative, "quantile_cont", 1, 2},  // PERCENTILE_CONT(f) WITHIN GROUP, parsed
    {"quantile_disc", Kind::kNative, "quantile_disc", 1, 2},
    // numbers
    {"abs", Kind::kNative, "abs", 1, 1},
    {"ceil", Kind::kNative, "ceil", 1, 1},
    {"ceiling", Kind::kNative, "ceil", 1, 1},
    {"floor", Kind::kNative, "floor", 1, 1},
    {"round", Kind::kOwn, "round", 1, 2},
    {"trunc", Kind::kOwn, "trunc", 1, 2},
    {"sqrt", Kind::kNative, "sqrt", 1, 1},
    {"cbrt", Kind::kNative, "cbrt", 1, 1},
    {"exp", Kind::kNative, "exp", 1, 1},
    {"ln", Kind::kNative, "ln", 1, 1},
    {"dlog1", Kind::kNative, "ln", 1, 1},
    {"log", Kind::kNative, "log10", 1, 1},
    {"dlog10", Kind::kNative, "log10", 1, 1},
    {"pow", Kind::kNative, "pow", 2, 2},
    {"power", Kind::kNative, "pow", 2, 2},
    {"dexp", Kind::kNative, "exp", 1, 1},
    {"mod", Kind::kOwn, "mod", 2, 2},
    {"sign", Kind::kNative, "sign", 1, 1},
    {"sin", Kind::kNative, "sin", 1, 1},
    {"cos", Kind::kNative, "cos", 1, 1},
    {"tan", Kind::kNative, "tan", 1, 1},
    {"cot", Kind::kNative, "cot", 1, 1},
    {"asin", Kind::kNative, "asin", 1, 1},
    {"acos", Kind::kNative, "acos", 1, 1},
    {"atan", Kind::kNative, "atan", 1, 1},
    {"atan2", Kind::kNative, "atan2", 2, 2},
    {"degrees", Kind::kNative, "degrees", 1, 1},
    {"radians", Kind::kNative, "radians", 1, 1},
    {"pi", Kind::kNative, "pi", 0, 0},
    {"random", Kind::kNative, "random", 0, 0},
    {"to_hex", Kind::kOwn, "to_hex", 1, 1},
    // text; the `own` ones take values of any type where Redshift casts implicitly
    {"concat", Kind::kOwn, "concat", 2, 2},
    {"upper", Kind::kOwn, "upper", 1, 1},
    {"lower", Kind::kOwn, "lower", 1, 1},
    {"initcap", Kind::kOwn, "initcap", 1, 1},
    {"len", Kind::kOwn, "length", 1, 1},
    {"length", Kind::kOwn, "length", 1, 1},
    {"char_length", Kind::kOwn, "length", 1, 1},
    {"character_length", Kind::kOwn, "length", 1, 1},
    {"textlen", Kind::kOwn, "length", 1, 1},
    {"octet_length", Kind::kOwn, "octet_length", 1, 1},
    {"substring", Kind::kOwn, "substring", 2, 3},
    {"substr", Kind::kOwn, "substring", 2, 3},
    {"left", Kind::kOwn, "left", 2, 2},
    {"right", Kind::kOwn, "right", 2, 2},
    {"trim", Kind::kOwn, "btrim", 1, 2},
    {"btrim", Kind::kOwn, "btrim", 1, 2},
    {"ltrim", Kind::kOwn, "ltrim", 1, 2},
    {"rtrim", Kind::kOwn, "rtrim", 1, 2},
    {"lpad", Kind::kOwn, "lpad", 2, 3},
    {"rpad", Kind::kOwn, "rpad", 2, 3},
    {"replace", Kind::kOwn, "replace", 3, 3},
    {"translate", Kind::kOwn, "translate", 3, 3},
    {"reverse", Kind::kOwn, "reverse", 1, 1},
    {"repeat", Kind::kOwn, "repeat", 2, 2},
    {"replicate", Kind::kOwn, "repeat", 2, 2},
    {"position", Kind::kOwn, "strpos", 2, 2},
    {"strpos", Kind::kOwn, "strpos", 2, 2},
    {"charindex", Kind::kTemplate, "", 2, 2, make_charindex},
    {"split_part", Kind::kOwn, "split_part", 3, 3},
    {"ascii", Kind::kOwn, "ascii", 1, 1},
    {"chr", Kind::kNative, "chr", 1, 1},
    {"md5", Kind::kOwn, "md5", 1, 1},
    {"sha2", Kind::kOwn, "sha2", 2, 2},
    {"sha1", Kind::kOwn, "sha1", 1, 1},
    {"sha", Kind::kOwn, "sha1", 1, 1},
    {"func_sha1", Kind::kOwn, "sha1", 1, 1},
    {"strtol", Kind::kOwn, "strtol", 2, 2},
    {"quote_ident", Kind::kOwn, "quote_ident", 1, 1},
    {"quote_literal", Kind::kOwn, "quote_literal", 1, 1},
    {"regexp_count", Kind::kOwn, "regexp_count", 2, 4},
    {"regexp_instr", Kind::kOwn, "regexp_instr", 2, 4},
    {"regexp_replace", Kind::kOwn, "regexp_replace", 2, 5},
    {"regexp_substr", Kind::kOwn, "regexp_substr", 2, 5},
    // dates
    {"getdate", Kind::kTemplate, "", 0, 0, now_timestamp},
    {"sysdate", Kind::kTemplate, "", 0, 0, now_timestamp},
    {"now", Kind::kTemplate, "", 0, 0, now_timestamptz},
    {"utcnow", Kind::kTemplate, "", 0, 0, now_timestamp},
    {"current_timestamp", Kind::kTemplate, "", 0, 0, now_timestamptz},
    {"localtimestamp", Kind::kTemplate, "", 0, 0, now_timestamp},
    {"current_date", Kind::kTemplate, "", 0, 0, now_date},
    {"current_time", Kind::kTemplate, "", 0, 0, now_time},
    {"localtime", Kind::kTemplate, "", 0, 0, now_time},
    {"dateadd", Kind::kTemplate, "", 3, 3, make_dateadd},
    {"date_add", Kind::kTemplate, "", 3, 3, make_dateadd},
    {"datediff", Kind::kTemplate, "", 3, 3, make_datediff},
    {"date_diff", Kind::kTemplate, "", 3, 3, make_datediff},
    {"date_part", Kind::kTemplate, "", 2, 2, make_datepart},
    {"pgdate_part", Kind::kTemplate, "", 2, 2, make_datepart},
    {"extract", Kind::kTemplate, "", 2, 2, make_datepart},
    {"date_trunc", Kind::kTemplate, "", 2, 2, make_datetrunc},
    {"date_part_year", Kind::kOwn, "date_part_year", 1, 1},
    {"add_months", Kind::kOwn, "add_months", 2, 2},
    {"months_between", Kind::kOwn, "months_between", 2, 2},
    {"last_day", Kind::kOwn, "last_day", 1, 1},
    {"next_day", Kind::kOwn, "next_day", 2, 2},
    {"to_char", Kind::kOwn, "to_char", 2, 2},
    {"to_date", Kind::kOwn, "to_date", 1, 3},
    {"to_timestamp", Kind::kOwn, "to_timestamp", 2, 3},
    {"to_number", Kind::kOwn, "to_number", 2, 2},
    {"convert_timezone", Kind::kOwn, "convert_timezone", 2, 3},
    {"timezone", Kind::kNative, "timezone", 2, 2},
    {"date_cmp", Kind::kOwn, "date_cmp", 2, 2},
    {"timestamp_cmp", Kind::kOwn, "date_cmp", 2, 2},
    // SUPER
    {"json_parse", Kind::kOwn, "json_parse", 1, 1},
    {"can_json_parse", Kind::kOwn, "is_valid_json", 1, 1},
    {"json_serialize", Kind::kOwn, "json_serialize", 1, 1},
    {"json_typeof", Kind::kOwn, "json_typeof", 1, 1},
    {"is_valid_json", Kind::kOwn, "is_valid_json", 1, 1},
    {"is_valid_json_array", Kind::kOwn, "is_valid_json_array", 1, 1},
    {"json_extract_path_text", Kind::kOwn, "json_extract_path_text", 2, -1},
    {"json_extract_array_element_text", Kind::kOwn, "json_extract_array_element_text", 2, 3},
    {"json_array_length", Kind::kOwn, "json_array_length", 1, 2},
    {"get_array_length", Kind::kOwn, "json_array_length", 1, 1},
    {kArrayFunction, Kind::kOwn, "array", 0, -1},
    {"array_concat", Kind::kOwn, "array_concat", 2, 2},
    {"array_flatten", Kind::kOwn, "array_flatten", 1, 1},
    {"split_to_array", Kind::kOwn, "split_to_array", 1, 2},
    {"is_array", Kind::kOwn, "is_array", 1, 1},
    {"is_object", Kind::kOwn, "is_object", 1, 1},
    {"is_scalar", Kind::kOwn, "is_scalar", 1, 1},
    {"is_varchar", Kind::kOwn, "is_varchar", 1, 1},
    {"is_integer", Kind::kOwn, "is_integer", 1, 1},
    {"array_extract", Kind::kOwn, "super_at", 2, 2},
    {"struct_extract", Kind::kOwn, "super_at", 2, 2},
    // session
    {"current_user", Kind::kTemplate, "", 0, 0, this_user},
    {"session_user", Kind::kTemplate, "", 0, 0, this_user},
    {"user", Kind::kTemplate, "", 0, 0, this_user},
    {"current_database", Kind::kTemplate, "", 0, 0, this_database},
    {"current_schema", Kind::kTemplate, "", 0, 0, this_schema},
    {"version", Kind::kTemplate, "", 0, 0, this_version},
    {"pg_backend_pid", Kind::kTemplate, "", 0, 0, this_backend},
    {"pg_table_is_visible", Kind::kTemplate, "", 1, 1, always_true},
    {"pg_get_userbyid", Kind::kTemplate, "", 1, 1, this_user},
    {"has_table_privilege", Kind::kOwn, "has_table_privilege", 2, 3},
    {"has_column_privilege", Kind::kOwn, "has_column_privilege", 3, 4},
    {"has_schema_privilege", Kind::kOwn, "has_schema_privilege", 2, 3},
    {"has_database_privilege", Kind::kOwn, "has_database_privilege", 2, 3},
    {"has_function_privilege", Kind::kOwn, "has_function_privilege", 2, 3},
    {"user_is_member_of", Kind::kOwn, "user_is_member_of", 1, 2},
    // geometry
    {"st_makepoint", Kind::kOwn, "st_makepoint", 2, 2, nullptr, true},
    {"st_point", Kind::kOwn, "st_makepoint", 2, 2, nullptr, true},
    {"st_geomfromtext", Kind::kOwn, "st_geomfromtext", 1, 2, nullptr, true},
    {"st_geomfromwkb", Kind::kOwn, "st_geomfromwkb", 1, 2, nullptr, true},
    {"st_geomfromgeojson", Kind::kNative, "st_geomfromgeojson", 1, 1, nullptr, true},
    {"st_astext", Kind::kOwn, "st_astext", 1, 1, nullptr, true},
    {"st_aswkb", Kind::kOwn, "st_asbinary", 1, 1, nullptr, true},
    {"st_asbinary", Kind::kOwn, "st_asbinary", 1, 1, nullptr, true},
    {"st_ashexwkb", Kind::kNative, "st_ashexwkb", 1, 1, nullptr, true},
    {"st_asgeojson", Kind::kOwn, "st_asgeojson", 1, 1, nullptr, true},
    {"st_setsrid", Kind::kOwn, "st_setsrid", 2, 2, nullptr, true},
    {"st_srid", Kind::kOwn, "st_srid", 1, 1, nullptr, true},
    {"st_x", Kind::kNative, "st_x", 1, 1, nullptr, true},
    {"st_y", Kind::kNative, "st_y", 1, 1, nullptr, true},
    {"st_xmin", Kind::kNative, "st_xmin", 1, 1, nullptr, true},
    {"st_xmax", Kind::kNative, "st_xmax", 1, 1, nullptr, true},
    {"st_ymin", Kind::kNative, "st_ymin", 1, 1, nullptr, true},
    {"st_ymax", Kind::kNative, "st_ymax", 1, 1, nullptr, true},
    {"st_intersects", Kind::kOwn, "st_intersects", 2, 2, nullptr, true},
    {"st_contains", Kind::kOwn, "st_contains", 2, 2, nullptr, true},
    {"st_within", Kind::kOwn, "st_within", 2, 2, nullptr, true},
    {"st_covers", Kind::kOwn, "st_covers", 2, 2, nullptr, true},
    {"st_coveredby", Kind::kOwn, "st_coveredby", 2, 2, nullptr, true},
    {"st_disjoint", Kind::kOwn, "st_disjoint", 2, 2, nullptr, true},
    {"st_touches", Kind::kNative, "st_touches", 2, 2, nullptr, true},
    {"st_crosses", Kind::kNative, "st_crosses", 2, 2, nullptr, true},
    {"st_overlaps", Kind::kNative, "st_overlaps", 2, 2, nullptr, true},
    {"st_equals", Kind::kNative, "st_equals", 2, 2, nullptr, true},
    {"st_distance", Kind::kNative, "st_distance", 2, 2, nullptr, true},
    {"st_dwithin", Kind::kNative, "st_dwithin", 3, 3, nullptr, true},
    {"st_area", Kind::kNative, "st_area", 1, 1, nullptr, true},
    {"st_length", Kind::kNative, "st_length", 1, 1, nullptr, true},
    {"st_perimeter", Kind::kNative, "st_perimeter", 1, 1, nullptr, true},
    {"st_centroid", Kind::kNative, "st_centroid", 1, 1, nullptr, true},
    {"st_envelope", Kind::kNative, "st_envelope", 1, 1, nullptr, true},
    {"st_buffer", Kind::kNative, "st_buffer", 2, 2, nullptr, true},
    {"st_convexhull", Kind::kNative, "st_convexhull", 1, 1, nullptr, true},
    {"st_simplify", Kind::kNative, "st_simplify", 2, 2, nullptr, true},
    {"st_union", Kind::kNative, "st_union", 2, 2, nullptr, true},
    {"st_intersection", Kind::kNative, "st_intersection", 2, 2, nullptr, true},
    {"st_npoints", Kind::kNative, "st_npoints", 1, 1, nullptr, true},
    {"st_isvalid", Kind::kNative, "st_isvalid", 1, 1, nullptr, true},
    {"st_isempty", Kind::kNative, "st_isempty", 1, 1, nullptr, true},
    {"st_geometrytype", Kind::kOwn, "st_geometrytype", 1, 1, nullptr, true},
    {"st_makeline", Kind::kNative, "st_makeline", 2, 2, nullptr, true},
    {"st_makepolygon", Kind::kNative, "st_makepolygon", 1, 1, nullptr, true},
};

struct WindowRule {
  const char *name, *native;
};
constexpr WindowRule kWindows[] = {
    {"row_number", "row_number"},
    {"rank", "rank"},
    {"dense_rank", "dense_rank"},
    {"percent_rank", "percent_rank"},
    {"cume_dist", "cume_dist"},
    {"ntile", "ntile"},
    {"lag", "lag"},
    {"lead", "lead"},
    {"first_value", "first_value"},
    {"last_value", "last_value"},
    {"nth_value", "nth_value"},
    {"ratio_to_report", "sum"},
    {"sum", "sum"},
    {"avg", "avg"},
    {"count", "count"},
    {"count_star", "count_star"},
    {"min", "min"},
    {"max", "max"},
    {"median", "median"},
    {"stddev", "stddev_samp"},
    {"stddev_samp", "stddev_samp"},
    {"stddev_pop", "stddev_pop"},
    {"variance", "var_samp"},
    {"var_samp", "var_samp"},
    {"var_pop", "var_pop"},
    {"listagg", "string_agg"},
    {"bool_and", "bool_and"},
    {"bool_or", "bool_or"},
    {"quantile_cont", "quantile_cont"},
    {"quantile_disc", "quantile_disc"},
    {"any_value", "any_value"},
};

}  // namespace

// AWS: SQL functions of Amazon S3 Select, and the operators.
constexpr const char* kSelectFunctions[] = {"+",
                                            "-",
                                            "*",
                                            "/",
                                            "%",
                                            "||",
                                            "~~",
                                            "!~~",
                                            "like_escape",
                                            "not_like_escape",
                                            "count",
                                            "count_star",
                                            "sum",
                                            "avg",
                                            "min",
                                            "max",
                                            "nullif",
                                            "char_length",
                                            "lower",
                                            "character_length",
                                            "upper",
                                            "substring",
                                            "trim",
                                            "ltrim",
                                            "rtrim",
                                            "btrim",
                                            "date_add",
                                            "date_diff",
                                            "date_part",
                                            "extract",
                                            "to_timestamp",
                                            "to_string",
                                            "utcnow",
                                            "struct_extract",
                                            "array_extract"};

const FunctionRule* find_function(Dialect dialect, const string& name) {
  if (dialect == Dialect::kS3Select && std::none_of(std::begin(kSelectFunctions), std::end(kSelectFunctions),
                                                    [&](const char* known) { return name == known; })) {
    return nullptr;
  }
  static const auto kByName = [] {
    std::unordered_map<string, const FunctionRule*> rules;
    for (const FunctionRule& rule : kRules) rules[rule.name] = &rule;
    return rules;
  }();
  const auto found = kByName.find(name);
  return found == kByName.end() ? nullptr : found->second;
}

string window_function(const string& name) {
  for (const WindowRule& rule : kWindows) {
    if (name == rule.name) return rule.native;
  }
  return "";
}

}  // namespace tarn::sql::engine

#include "sql/engine/manifest.h"

#include <algorithm>
#include <unordered_map>


namespace tarn::sql::engine {

using duckdb::ExpressionType;
using duckdb::FunctionExpression;
using duckdb::LogicalType;
using duckdb::Value;
using std::string;

namespace {

using Kind = FunctionRule::Kind;

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
  call.catalog = "system";
  call.schema = "redshift";  // of intervals too (fn_intervals.cc)
  call.function_name = "sum";
  call.children[0] = own_call("number_of", list(std::move(call.children[0])));
  return own_call("narrow_sum", list(call.Copy()));
}

ParsedPtr make_avg(FunctionExpression& call, const StatementContext&) {
  call.catalog = "system";
  call.schema = "redshift";
  call.function_name = "sum";
  call.children[0] = own_call("number_of", list(std::move(call.children[0])));
  ParsedPtr sum = call.Copy();
  call.catalog = call.schema = "";
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

// PERCENTILE_CONT(f) WITHIN GROUP (ORDER BY x): the binder puts x and f together.
ParsedPtr make_percentile(FunctionExpression& call, const StatementContext&) {
  auto& value = call.order_bys && !call.order_bys->orders.empty() ? call.order_bys->orders[0].expression : call.children[0];
  value = own_call("continuous_of", list(std::move(value)));
  return own_call("settled", list(call.Copy()));
}

// AWS: LISTAGG leaves out empty texts as it does NULLs; its result has 65535 bytes at most.
ParsedPtr make_listagg(FunctionExpression& call, const StatementContext&) {
  call.children[0] = own_call("listed_text", list(std::move(call.children[0])));
  if (call.distinct && call.order_bys) {  // ordered by the values, joined as texts
    ParsedPtr separator = call.children.size() > 1 ? std::move(call.children[1]) : literal(Value(""));
    call.children.resize(1);
    call.function_name = "list";
    call.filter = is_null(call.children[0]->Copy(), true);
    return own_call("listed", list(own_call("joined_texts", list(call.Copy(), std::move(separator)))));
  }
  auto copy = duckdb::unique_ptr_cast<duckdb::ParsedExpression, FunctionExpression>(call.Copy());
  copy->function_name = "string_agg";
  copy->children[0] = own_call("as_text", list(std::move(copy->children[0])));
  if (copy->children.size() == 1) copy->children.push_back(literal(Value("")));
  return own_call("listed", list(std::move(copy)));
}

ParsedPtr this_version(FunctionExpression&, const StatementContext&) {
  return literal(Value("PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2, Redshift 1.0"));
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
// EXTRACT comes from the parser with a schema.
ParsedPtr make_datepart(FunctionExpression& call, const StatementContext&) {
  return part_first(call, call.schema.empty() ? "date_part" : "extract");
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
  if (call.children.size() == 1) return own_call("negate", std::move(call.children));
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
    {"row", Kind::kNative, "row", 1, -1},  // (a, b) IN (SELECT ..)
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
    {"isnull", Kind::kTemplate, "", 2, 2, make_coalesce},
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
    {"bool_and", Kind::kNative, "bool_and", 1, 1},
    {"bool_or", Kind::kNative, "bool_or", 1, 1},
    {"any_value", Kind::kNative, "any_value", 1, 1},
    {"listagg", Kind::kTemplate, "", 1, 2, make_listagg},
    {"approx_count_distinct", Kind::kNative, "approx_count_distinct", 1, 1},
    {"quantile_cont", Kind::kTemplate, "", 1, 2, make_percentile},  // PERCENTILE_CONT(f) WITHIN GROUP, parsed
    {"quantile_disc", Kind::kNative, "quantile_disc", 1, 2},
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
    {"strtol", Kind::kOwn, "strtol", 2, 2},
    {"quote_ident", Kind::kOwn, "quote_ident", 1, 1},
    {"quote_literal", Kind::kOwn, "quote_literal", 1, 1},
    // dates
    {"getdate", Kind::kOwn, "getdate", 0, 0},
    {"sysdate", Kind::kOwn, "getdate", 0, 0},
    {"now", Kind::kOwn, "now", 0, 0},
    {"utcnow", Kind::kOwn, "getdate", 0, 0},
    {"current_timestamp", Kind::kOwn, "now", 0, 0},
    {"localtimestamp", Kind::kOwn, "getdate", 0, 0},
    {"current_date", Kind::kOwn, "today", 0, 0},
    {"current_time", Kind::kOwn, "time_now", 0, 0},
    {"localtime", Kind::kOwn, "time_now", 0, 0},
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
    {"convert_timezone", Kind::kOwn, "convert_timezone", 2, 3},
    {"timezone", Kind::kOwn, "timezone", 2, 2},
    // SUPER
    {"json_parse", Kind::kOwn, "json_parse", 1, 1},
    {"json_serialize", Kind::kOwn, "json_serialize", 1, 1},
    {"is_valid_json", Kind::kOwn, "is_valid_json", 1, 1},
    {"is_valid_json_array", Kind::kOwn, "is_valid_json_array", 1, 1},
    {"json_extract_path_text", Kind::kOwn, "json_extract_path_text", 2, -1},
    {"json_extract_array_element_text", Kind::kOwn, "json_extract_array_element_text", 2, 3},
    {"json_array_length", Kind::kOwn, "json_array_length", 1, 2},
    {"array_extract", Kind::kOwn, "super_at", 2, 2},
    {"struct_extract", Kind::kOwn, "super_at", 2, 2},
    // session
    {"current_user", Kind::kOwn, "this_user", 0, 0},
    {"session_user", Kind::kOwn, "this_user", 0, 0},
    {"user", Kind::kOwn, "this_user", 0, 0},
    {"current_database", Kind::kOwn, "this_database", 0, 0},
    {"current_schema", Kind::kOwn, "this_schema", 0, 0},
    {"version", Kind::kTemplate, "", 0, 0, this_version},
    {"has_table_privilege", Kind::kOwn, "has_table_privilege", 2, 3},
    {"has_column_privilege", Kind::kOwn, "has_column_privilege", 3, 4},
    {"has_schema_privilege", Kind::kOwn, "has_schema_privilege", 2, 3},
    {"has_database_privilege", Kind::kOwn, "has_database_privilege", 2, 3},
    {"has_function_privilege", Kind::kOwn, "has_function_privilege", 2, 3},
    {"user_is_member_of", Kind::kOwn, "user_is_member_of", 1, 2},
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
    {"bit_and", "bit_and"},
    {"bit_or", "bit_or"},
    {"quantile_cont", "quantile_cont"},
    {"percentile_cont", "quantile_cont"},
    {"percentile_disc", "quantile_disc"},
    {"percentile_cont_desc", "quantile_cont"},
    {"percentile_disc_desc", "quantile_disc"},
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
    for (const FunctionRule& rule : redshift_rules()) rules[rule.name] = &rule;
    for (const FunctionRule& rule : catalog_rules()) rules[rule.name] = &rule;
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

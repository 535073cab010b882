// Functions of arrays and maps. https://trino.io/docs/current/functions/array.html, .../map.html
#include "sql/engine/trino_manifest.h"

namespace tarn::sql::engine::trino {
namespace {

#define TARN_TEXTS(x) "list_transform(" x ", lambda tarn_x: c_cast(tarn_x, NULL::VARCHAR))"
#define TARN_HAS_NULL(x) "len(list_filter(" x ", lambda tarn_x: tarn_x IS NULL)) > 0"

constexpr Signature kNested[] = {
    {"array_distinct", "array(T)", "array(T)", "t_array_distinct($1)"},
    {"array_intersect", "array(T), array(T)", "array(T)", "t_array_intersect($1, $2)"},
    {"array_union", "array(T), array(T)", "array(T)", "t_array_distinct(list_concat($1, $2))"},
    {"array_except", "array(T), array(T)", "array(T)", "t_array_except($1, $2)"},
    {"arrays_overlap", "array(T), array(T)", "boolean", "t_arrays_overlap($1, $2)"},
    {"array_join", "array(T), varchar", "varchar",
     "t_join(" TARN_TEXTS("$1") ", $2)"},
    {"array_join", "array(T), varchar, varchar", "varchar",
     "t_join(list_transform($1, lambda tarn_x: coalesce(c_cast(tarn_x, NULL::VARCHAR), $3)), $2)"},
    {"array_max", "array(T)", "T", "CASE WHEN " TARN_HAS_NULL("$1") " THEN NULL ELSE list_aggregate($1, 'max') END"},
    {"array_min", "array(T)", "T", "CASE WHEN " TARN_HAS_NULL("$1") " THEN NULL ELSE list_aggregate($1, 'min') END"},
    {"array_position", "array(T), T", "bigint",
     "CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL ELSE CAST(coalesce(list_position($1, $2), 0) AS BIGINT) END"},
    {"array_position", "array(T), T, bigint", "bigint", "t_array_position($1, $2, $3)"},
    {"array_remove", "array(T), T", "array(T)",
     "CASE WHEN $2 IS NULL THEN NULL ELSE list_filter($1, lambda tarn_x: tarn_x IS DISTINCT FROM $2) END"},
    {"array_sort", "array(T)", "array(T)", "list_sort($1, 'ASC', 'NULLS LAST')"},
    {"array_first", "array(T)", "T", "list_extract($1, 1)"},
    {"array_last", "array(T)", "T", "list_extract($1, -1)"},
    {"cardinality", "array(T)", "bigint", "CAST(len($1) AS BIGINT)"},
    {"cardinality", "map(K, V)", "bigint", "CAST(cardinality($1) AS BIGINT)"},
    {"combinations", "array(T), bigint", "array(array(T))", "t_combinations($1, $2)"},
    {"ngrams", "array(T), bigint", "array(array(T))", "t_ngrams($1, $2)"},
    {"contains", "array(T), T", "boolean",
     "CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL WHEN list_contains($1, $2) THEN true WHEN " TARN_HAS_NULL(
         "$1") " THEN NULL ELSE false END"},
    {"contains_sequence", "array(T), array(T)", "boolean", "t_contains_sequence($1, $2)"},
    {"flatten", "array(array(T))", "array(T)", "flatten($1)"},
    {"repeat", "T, bigint", "array(T)", "t_repeat($1, $2)"},
    {"reverse", "array(T)", "array(T)", "$1[:-:-1]"},
    {"sequence", "bigint, bigint", "array(bigint)", "t_sequence($1, $2, CASE WHEN $1 <= $2 THEN 1 ELSE -1 END)"},
    {"sequence", "bigint, bigint, bigint", "array(bigint)", "t_sequence($1, $2, $3)"},
    {"sequence", "date, date", "array(date)",
     "t_date_sequence($1, $2, to_days(CASE WHEN $1 <= $2 THEN 1 ELSE -1 END))"},
    {"sequence", "date, date, interval", "array(date)", "t_date_sequence($1, $2, $3)"},
    {"sequence", "timestamp, timestamp, interval", "array(timestamp)", "t_timestamp_sequence($1, $2, $3)"},
    {"shuffle", "array(T)", "array(T)", "t_shuffle($1)"},
    {"slice", "array(T), bigint, bigint", "array(T)", "t_slice($1, $2, $3)"},
    {"trim_array", "array(T), bigint", "array(T)", "t_trim_array($1, $2)"},
    {"zip", "array(A), array(B)", "array(row(A, B))", "t_zip($1, $2)"},
    {"zip", "array(A), array(B), array(C)", "array(row(A, B, C))", "t_zip($1, $2, $3)"},
    {"zip", "array(A), array(B), array(C), array(D)", "array(row(A, B, C, D))", "t_zip($1, $2, $3, $4)"},
    {"zip", "array(A), array(B), array(C), array(D), array(E)", "array(row(A, B, C, D, E))",
     "t_zip($1, $2, $3, $4, $5)"},
    {"map", "", "map(unknown, unknown)", "map([], [])"},
    {"map", "array(K), array(V)", "map(K, V)", "t_map($1, $2)"},
    {"map_concat", "map(K, V), map(K, V)...", "map(K, V)", "t_map_concat"},
    {"map_entries", "map(K, V)", "array(row(K, V))", "t_zip(map_keys($1), map_values($1))"},
    {"map_from_entries", "array(row)", "map(K, V)", "t_map_from_entries($1)"},
    {"multimap_from_entries", "array(row)", "map(K, array(V))", "t_multimap_of_entries($1)"},
    {"map_keys", "map(K, V)", "array(K)", "map_keys($1)"},
    {"map_values", "map(K, V)", "array(V)", "map_values($1)"},
};

// What the lambda's parameters are: fields of the one parameter that the engine's has.
constexpr LambdaFunction kLambdas[] = {
    {"transform", 2, 1, "", "list_transform($1, $2)", "array(U)", "array(T), function(T, U)"},
    {"filter", 2, 1, "", "list_filter($1, $2)", "array(T)", "array(T), function(T, boolean)"},
    {"any_match", 2, 1, "", "t_any_match(list_transform($1, $2))", "boolean", "array(T), function(T, boolean)"},
    {"all_match", 2, 1, "", "t_all_match(list_transform($1, $2))", "boolean", "array(T), function(T, boolean)"},
    {"none_match", 2, 1, "", "NOT t_any_match(list_transform($1, $2))", "boolean", "array(T), function(T, boolean)"},
    {"reduce", 4, 2, "s,x",
     "CASE WHEN $1 IS NULL THEN NULL ELSE list_extract(list_transform([struct_extract(list_reduce(list_transform($1, "
     "lambda tarn_e: struct_pack(s := t_null_of($2), x := tarn_e)), $3, struct_pack(s := $2, x := list_extract($1, "
     "0))), 's')], $4), 1) END",
     "R", "array(T), S, function(S, T, S), function(S, R)"},
    {"reduce", 4, 3, "", ""},
    // An aggregate over the rows' list; rows of NULL do not count.
    {"reduce_agg", 4, 2, "s,x",
     "CASE WHEN agg_count($1) = 0 THEN NULL ELSE struct_extract(list_reduce(list_transform(list_filter(agg_list($1), "
     "lambda tarn_n: tarn_n IS NOT NULL), lambda tarn_e: struct_pack(s := t_null_of($2), x := tarn_e)), $3, "
     "struct_pack(s := $2, x := list_extract(agg_list($1), 0))), 's') END",
     "S", "T, S, function(S, T, S), function(S, S, S)"},
    {"reduce_agg", 4, 3, "s,x", ""},  // partial states are not combined here
    // Each pair is compared once; what came of it sorts.
    {"array_sort", 2, 1, "field_0,field_1", "t_sorted_by($1, list_transform(t_pairs($1), $2))", "array(T)",
     "array(T), function(T, T, integer)"},
    {"zip_with", 3, 2, "field_0,field_1", "list_transform(t_zip($1, $2), $3)", "array(R)",
     "array(T), array(U), function(T, U, R)"},
    {"transform_values", 2, 1, "key,value",
     "CASE WHEN $1 IS NULL THEN NULL ELSE map(map_keys($1), list_transform(map_entries($1), $2)) END", "map(K, W)",
     "map(K, V), function(K, V, W)"},
    {"transform_keys", 2, 1, "key,value",
     "CASE WHEN $1 IS NULL THEN NULL ELSE t_map(list_transform(map_entries($1), $2), map_values($1)) END", "map(L, V)",
     "map(K, V), function(K, V, L)"},
    {"map_filter", 2, 1, "key,value",
     "CASE WHEN $1 IS NULL THEN NULL ELSE map_from_entries(list_filter(map_entries($1), $2)) END", "map(K, V)",
     "map(K, V), function(K, V, boolean)"},
    {"map_zip_with", 3, 2, "field_0,field_1,field_2",
     "CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL ELSE map(list_transform(t_zip_maps($1, $2), lambda tarn_e: "
     "tarn_e.field_0), list_transform(t_zip_maps($1, $2), $3)) END",
     "map(K, W)", "map(K, V), map(K, U), function(K, V, U, W)"},
    {"regexp_replace", 3, 2, "", "t_regexp_joined($1, $2, list_transform(t_regexp_groups($1, $2), $3))", "varchar",
     "varchar, varchar, function(array(varchar), varchar)"},
};

}  // namespace

Table nested_signatures() {
  return {kNested, std::size(kNested)};
}

std::vector<LambdaFunction> lambda_functions() {
  return {std::begin(kLambdas), std::end(kLambdas)};
}

}  // namespace tarn::sql::engine::trino

// Aggregates and windows, what is refused, and how names are found. https://trino.io/docs/current/functions/aggregate.html
#include "sql/engine/trino_manifest.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "sql/engine/trino_match.h"

namespace tarn::sql::engine::trino {

using std::string;

namespace {

constexpr Aggregate kAggregates[] = {
    {"count", 1, 1, "bigint", "T", "agg_count($1)"},
    {"sum", 1, 1, "T", "number", "c__narrow(agg_sum(c__number($1, 'sum')))"},
    {"avg", 1, 1, "double", "number",
     "c__average(agg_sum(c__number($1, 'avg')), agg_count($1), agg_avg(c__number($1, 'avg')), agg_any_value($1))"},
    {"min", 1, 2, "T", "T[, bigint]", "agg_min($1)|agg_min($1, c__checked($2, 'bigint', 'min'))"},
    {"max", 1, 2, "T", "T[, bigint]", "agg_max($1)|agg_max($1, c__checked($2, 'bigint', 'max'))"},
    {"min_by", 2, 3, "T", "T, K[, bigint]", "agg_arg_min_null($1, $2)|agg_arg_min($1, $2, $3)"},
    {"max_by", 2, 3, "T", "T, K[, bigint]", "agg_arg_max_null($1, $2)|agg_arg_max($1, $2, $3)"},
    {"arbitrary", 1, 1, "T", "T", "agg_any_value($1)"},
    {"any_value", 1, 1, "T", "T", "agg_any_value($1)"},
    {"array_agg", 1, 1, "array(T)", "T", "agg_list($1)"},
    {"set_agg", 1, 1, "array(T)", "T", "t_array_distinct(agg_list($1))"},
    {"set_union", 1, 1, "array(T)", "array(T)", "t_array_distinct(flatten(agg_list(c__checked($1, 'array', 'set_union'))))"},
    {"approx_distinct", 1, 2, "bigint", "T[, double]",
     "coalesce(t_sketch_cardinality(aggt_hll(CASE WHEN $1 IS NULL THEN NULL ELSE hash($1) END)), 0)"},
    {"approx_percentile", 2, 4, "T", "T[, double], double or array(double)[, double]",
     "agg_quantile_disc($1, c__percentile($2))|t_weighted_percentile(agg_list(struct_pack(x := $1, w := CAST($2 AS "
     "DOUBLE))), $3)|t_weighted_percentile(agg_list(struct_pack(x := $1, w := CAST($2 AS DOUBLE))), $3)"},
    {"bool_and", 1, 1, "boolean", "boolean", "agg_bool_and(c__checked($1, 'boolean', 'bool_and'))"},
    {"every", 1, 1, "boolean", "boolean", "agg_bool_and(c__checked($1, 'boolean', 'every'))"},
    {"bool_or", 1, 1, "boolean", "boolean", "agg_bool_or(c__checked($1, 'boolean', 'bool_or'))"},
    {"count_if", 1, 1, "bigint", "boolean", "CAST(coalesce(agg_count_if(c__checked($1, 'boolean', 'count_if')), 0) AS BIGINT)"},
    {"bitwise_and_agg", 1, 1, "bigint", "bigint", "agg_bit_and(CAST(c__checked($1, 'bigint', 'bitwise_and_agg') AS BIGINT))"},
    {"bitwise_or_agg", 1, 1, "bigint", "bigint", "agg_bit_or(CAST(c__checked($1, 'bigint', 'bitwise_or_agg') AS BIGINT))"},
    {"bitwise_xor_agg", 1, 1, "bigint", "bigint", "agg_bit_xor(CAST(c__checked($1, 'bigint', 'bitwise_xor_agg') AS BIGINT))"},
    {"checksum", 1, 1, "varbinary", "T", "t_checksum(agg_sum(t_value_hash($1)))"},
    {"histogram", 1, 1, "map(K, bigint)", "K", "c__bigint_values(agg_histogram($1))"},
    {"map_agg", 2, 2, "map(K, V)", "K, V", "t_map_of_entries(agg_list(struct_pack(key := $1, value := $2)))"},
    {"multimap_agg", 2, 2, "map(K, array(V))", "K, V",
     "t_multimap_of_pairs(agg_list(struct_pack(key := $1, value := $2)))"},
    {"map_union", 1, 1, "map(K, V)", "map(K, V)", "t_map_union(agg_list(c__checked($1, 'map', 'map_union')))"},
    {"geometric_mean", 1, 1, "double", "double", "agg_geomean(CAST(c__number($1, 'geometric_mean') AS DOUBLE))"},
    {"corr", 2, 2, "double", "double, double", "agg_corr(c__number($1, 'corr'), c__number($2, 'corr'))"},
    {"covar_pop", 2, 2, "double", "double, double", "agg_covar_pop(c__number($1, 'covar_pop'), c__number($2, 'covar_pop'))"},
    {"covar_samp", 2, 2, "double", "double, double", "agg_covar_samp(c__number($1, 'covar_samp'), c__number($2, 'covar_samp'))"},
    {"regr_slope", 2, 2, "double", "double, double", "agg_regr_slope(c__number($1, 'regr_slope'), c__number($2, 'regr_slope'))"},
    {"regr_intercept", 2, 2, "double", "double, double",
     "agg_regr_intercept(c__number($1, 'regr_intercept'), c__number($2, 'regr_intercept'))"},
    {"stddev", 1, 1, "double", "double", "agg_stddev_samp(c__number($1, 'stddev'))"},
    {"stddev_samp", 1, 1, "double", "double", "agg_stddev_samp(c__number($1, 'stddev_samp'))"},
    {"stddev_pop", 1, 1, "double", "double", "agg_stddev_pop(c__number($1, 'stddev_pop'))"},
    {"variance", 1, 1, "double", "double", "agg_var_samp(c__number($1, 'variance'))"},
    {"var_samp", 1, 1, "double", "double", "agg_var_samp(c__number($1, 'var_samp'))"},
    {"var_pop", 1, 1, "double", "double", "agg_var_pop(c__number($1, 'var_pop'))"},
    {"skewness", 1, 1, "double", "double",
     "agg_skewness(c__number($1, 'skewness')) * (agg_count($1) - 2) / sqrt(CAST(agg_count($1) * (agg_count($1) - 1) AS DOUBLE))"},
    {"kurtosis", 1, 1, "double", "double", "agg_kurtosis(c__number($1, 'kurtosis'))"},
    {"entropy", 1, 1, "double", "bigint", "t_entropy(agg_list(CAST(c__number($1, 'entropy') AS DOUBLE)))"},
    {"listagg", 1, 2, "varchar", "varchar, varchar", "agg_string_agg(c__text($1), '')|agg_string_agg(c__text($1), $2)"},
    {"numeric_histogram", 2, 3, "map(double, double)", "bigint, double[, double]",
     "t_numeric_histogram($1, agg_list(struct_pack(x := CAST($2 AS DOUBLE), w := "
     "1.0::DOUBLE)))|t_numeric_histogram($1, "
     "agg_list(struct_pack(x := CAST($2 AS DOUBLE), w := CAST($3 AS DOUBLE))))"},
    {"geometry_union_agg", 1, 1, "geometry", "geometry", "agg_st_union_agg($1)"},
    {"convex_hull_agg", 1, 1, "geometry", "geometry", "st_convexhull(agg_st_union_agg($1))"},
    {"approx_most_frequent", 3, 3, "map(K, bigint)", "bigint, K, bigint",
     "t_most_frequent($1, c__bigint_values(agg_histogram($2)))"},
    {"approx_set", 1, 2, "hyperloglog", "T[, double]",
     "aggt_hll(CASE WHEN $1 IS NULL THEN NULL ELSE hash($1) END)"},
    {"merge", 1, 1, "T", "hyperloglog, tdigest or qdigest", "t_merged(agg_list($1))"},
    {"make_set_digest", 1, 1, "setdigest", "T", "t_set_digest(agg_list(t_set_hash($1)))"},
    {"merge_set_digest", 1, 1, "setdigest", "setdigest", "t_merged(agg_list($1))"},
    {"tdigest_agg", 1, 2, "tdigest", "double[, double]",
     "t_tdigest(agg_list(struct_pack(x := CAST($1 AS DOUBLE), w := 1.0::DOUBLE)))|t_tdigest(agg_list(struct_pack(x := "
     "CAST($1 AS DOUBLE), w := CAST($2 AS DOUBLE))))"},
    {"qdigest_agg", 1, 3, "qdigest(T)", "T[, bigint[, double]]",
     "t_qdigest(agg_list(struct_pack(x := $1, w := 1.0::DOUBLE)))|t_qdigest(agg_list(struct_pack(x := $1, w := CAST($2 "
     "AS DOUBLE))))"},
};

constexpr WindowFunction kWindows[] = {
    {"row_number", 0, 0, "bigint", ""},      {"rank", 0, 0, "bigint", ""},
    {"dense_rank", 0, 0, "bigint", ""},      {"percent_rank", 0, 0, "double", ""},
    {"cume_dist", 0, 0, "double", ""},       {"ntile", 1, 1, "bigint", "bigint"},
    {"first_value", 1, 1, "T", "T"},         {"last_value", 1, 1, "T", "T"},
    {"nth_value", 2, 2, "T", "T, bigint"},   {"lag", 1, 3, "T", "T[, bigint[, T]]"},
    {"lead", 1, 3, "T", "T[, bigint[, T]]"},
};

// Athena documents them, or Trino does for Athena; the engine has nothing behind them.
constexpr const char* kRefused[] = {"color",
                                    "render",
                                    "bar",
                                    "rgb",
                                    "classify",
                                    "features",
                                    "regress",
                                    "learn_classifier",
                                    "learn_libsvm_classifier",
                                    "learn_libsvm_regressor",
                                    "learn_regressor",
                                    "spooky_hash_v2_64",
                                    "st_geomfromkml",
                                    "spooky_hash_v2_32",
                                    "geometry_from_hadoop_shape",
                                    "flatten_geometry_collections",
                                    "spatial_partitions",
                                    "spatial_partitioning",
                                    "mmh3"};

template <class T>
std::map<string, const T*> by_name(const T* first, size_t size) {
  std::map<string, const T*> found;
  for (size_t i = 0; i < size; ++i) found[first[i].name] = &first[i];
  return found;
}

const std::multimap<string, const Signature*>& all_signatures() {
  static const auto kAll = [] {
    std::multimap<string, const Signature*> all;
    for (const Table& table :
         {text_signatures(), number_signatures(), date_signatures(), nested_signatures(), geometry_signatures(),
          sketch_signatures()}) {
      for (size_t i = 0; i < table.size; ++i) all.emplace(table.signatures[i].name, &table.signatures[i]);
    }
    return all;
  }();
  return kAll;
}

const std::vector<Special>& all_specials() {
  static const auto kAll = [] {
    auto all = specials();
    for (Special& more : nested_specials()) all.push_back(more);
    for (Special& more : cast_specials()) all.push_back(more);
    for (Special& more : aggregate_specials()) all.push_back(more);
    for (Special& more : json_specials()) all.push_back(more);
    for (Special& more : match_specials()) all.push_back(more);
    return all;
  }();
  return kAll;
}

const std::vector<LambdaFunction>& all_lambdas() {
  static const auto kAll = lambda_functions();
  return kAll;
}

}  // namespace

std::vector<const Signature*> signatures(const string& name) {
  std::vector<const Signature*> found;
  const auto [from, to] = all_signatures().equal_range(name);
  for (auto at = from; at != to; ++at) found.push_back(at->second);
  return found;
}

const Special* special(const string& name) {
  static const auto kNames = by_name(all_specials().data(), all_specials().size());
  const auto found = kNames.find(name);
  return found == kNames.end() ? nullptr : found->second;
}

const Aggregate* aggregate(const string& name) {
  static const auto kNames = by_name(kAggregates, std::size(kAggregates));
  const auto found = kNames.find(name);
  return found == kNames.end() ? nullptr : found->second;
}

const WindowFunction* window_function(const string& name) {
  static const auto kNames = by_name(kWindows, std::size(kWindows));
  const auto found = kNames.find(name);
  return found == kNames.end() ? nullptr : found->second;
}

const LambdaFunction* lambda_function(const string& name, size_t argument) {
  for (const LambdaFunction& rule : all_lambdas()) {
    if (name == rule.name && rule.lambda == static_cast<int>(argument)) return &rule;
  }
  return nullptr;
}

bool is_refused(const string& name) {
  return std::any_of(std::begin(kRefused), std::end(kRefused), [&](const char* refused) { return name == refused; });
}

bool is_known(const string& name) {
  return special(name) || aggregate(name) || window_function(name) || !signatures(name).empty() || is_refused(name) ||
         std::any_of(all_lambdas().begin(), all_lambdas().end(), [&](const auto& rule) { return name == rule.name; });
}

std::vector<Documented> documented_functions() {
  static const std::set<string> kRandom = {"random", "rand", "uuid", "shuffle", "now"};
  std::vector<Documented> all;
  const auto add = [&](const char* name, const char* returns, const char* parameters, const char* kind) {
    const string shown = name;
    if (!*returns || shown[0] == '_' || shown[0] == '$' || shown.find(' ') != string::npos) return;
    all.push_back({shown, replace_all(returns, "zoned", "timestamp with time zone"),
                   replace_all(parameters, "zoned", "timestamp with time zone"), kind, !kRandom.contains(shown)});
  };
  for (const auto& [name, rule] : all_signatures()) add(rule->name, rule->returns, rule->parameters, "scalar");
  for (const Special& rule : all_specials()) add(rule.name, rule.returns, rule.parameters, "scalar");
  for (const LambdaFunction& rule : all_lambdas()) add(rule.name, rule.returns, rule.parameters, "scalar");
  for (const Aggregate& rule : kAggregates) add(rule.name, rule.returns, rule.parameters, "aggregate");
  for (const WindowFunction& rule : kWindows) add(rule.name, rule.returns, rule.parameters, "window");
  return all;
}

}  // namespace tarn::sql::engine::trino

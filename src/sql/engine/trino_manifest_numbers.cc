// Functions of numbers and bits. https://trino.io/docs/current/functions/math.html
#include "sql/engine/trino_manifest.h"

namespace tarn::sql::engine::trino {
namespace {

#define TARN_SAME(name)                                                                                   \
  {name, "tinyint", "tinyint", "$1"}, {name, "smallint", "smallint", "$1"}, {name, "integer", "integer", "$1"}, \
      {name, "bigint", "bigint", "$1"}
#define TARN_DOUBLE(name) {name, "double", "double", name "($1)"}
// NaN outside of where the function is defined.
#define TARN_WITHIN(name, where) \
  {name, "double", "double", "CASE WHEN $1 IS NULL THEN NULL WHEN " where " THEN " name "($1) ELSE 'NaN'::DOUBLE END"}
#define TARN_LOGARITHM(name)                                                                  \
  {name, "double", "double",                                                                  \
   "CASE WHEN $1 IS NULL THEN NULL WHEN $1 > 0 THEN " name                                    \
   "($1) WHEN $1 = 0 THEN '-Infinity'::DOUBLE ELSE 'NaN'::DOUBLE END"}

#define TARN_RANDOM(name, type, sql)                                                                                    \
  {name, type, type,                                                                                                    \
   "CAST(floor(random() * CASE WHEN $1 <= 0 THEN error('bound must be positive') ELSE $1 END) AS " sql ")"},            \
      {name, type ", " type, type,                                                                                      \
       "CAST($1 + floor(random() * (CASE WHEN $2 <= $1 THEN error('start value must be less than stop value') "         \
       "ELSE $2::DOUBLE END - $1)) AS " sql ")"}
#define TARN_SHIFT(name, how)                                                                             \
  {name, "tinyint, bigint", "tinyint", "CAST(t_shift('" how "', $1, $2, 8) AS TINYINT)"},                 \
      {name, "smallint, bigint", "smallint", "CAST(t_shift('" how "', $1, $2, 16) AS SMALLINT)"},         \
      {name, "integer, bigint", "integer", "CAST(t_shift('" how "', $1, $2, 32) AS INTEGER)"},            \
      {name, "bigint, bigint", "bigint", "t_shift('" how "', $1, $2, 64)"}

constexpr Signature kNumbers[] = {
    {"abs", "tinyint", "tinyint", "abs($1)"},
    {"abs", "smallint", "smallint", "abs($1)"},
    {"abs", "integer", "integer", "abs($1)"},
    {"abs", "bigint", "bigint", "abs($1)"},
    {"abs", "real", "real", "abs($1)"},
    {"abs", "double", "double", "abs($1)"},
    {"abs", "decimal", "decimal", "abs($1)"},
    TARN_SAME("ceil"),
    {"ceil", "real", "real", "ceil($1)"},
    {"ceil", "double", "double", "ceil($1)"},
    {"ceil", "decimal", "decimal", "ceil($1)"},
    TARN_SAME("ceiling"),
    {"ceiling", "real", "real", "ceil($1)"},
    {"ceiling", "double", "double", "ceil($1)"},
    {"ceiling", "decimal", "decimal", "ceil($1)"},
    TARN_SAME("floor"),
    {"floor", "real", "real", "floor($1)"},
    {"floor", "double", "double", "floor($1)"},
    {"floor", "decimal", "decimal", "floor($1)"},
    TARN_SAME("round"),
    {"round", "real", "real", "round($1)"},
    {"round", "double", "double", "round($1)"},
    {"round", "decimal", "decimal", "round($1)"},
    {"round", "tinyint, bigint", "tinyint", "CAST(t_rounded($1, $2, 0::TINYINT) AS TINYINT)"},
    {"round", "smallint, bigint", "smallint", "CAST(t_rounded($1, $2, 0::SMALLINT) AS SMALLINT)"},
    {"round", "integer, bigint", "integer", "CAST(t_rounded($1, $2, 0::INTEGER) AS INTEGER)"},
    {"round", "bigint, bigint", "bigint", "t_rounded($1, $2, 0::BIGINT)"},
    {"round", "real, integer", "real", "CAST(round($1, $2) AS REAL)"},
    {"round", "double, integer", "double", "round($1, $2)"},
    {"round", "decimal, integer", "decimal", "t_decimal_round($1, $2)"},
    {"truncate", "real", "real", "CAST(trunc($1) AS REAL)"},
    {"truncate", "double", "double", "trunc($1)"},
    {"truncate", "decimal", "decimal", "trunc($1)"},
    {"truncate", "double, integer", "double", "trunc($1 * power(10, $2)) / power(10, $2)"},
    {"truncate", "decimal, integer", "decimal", "t_decimal_truncate($1, $2)"},
    {"sign", "tinyint", "tinyint", "CAST(sign($1) AS TINYINT)"},
    {"sign", "smallint", "smallint", "CAST(sign($1) AS SMALLINT)"},
    {"sign", "integer", "integer", "CAST(sign($1) AS INTEGER)"},
    {"sign", "bigint", "bigint", "CAST(sign($1) AS BIGINT)"},
    {"sign", "real", "real", "CASE WHEN isnan($1) OR $1 = 0 THEN $1 ELSE CAST(sign($1) AS REAL) END"},
    {"sign", "double", "double", "CASE WHEN isnan($1) OR $1 = 0 THEN $1 ELSE CAST(sign($1) AS DOUBLE) END"},
    {"sign", "decimal", "decimal(1,0)", "CAST(sign($1) AS DECIMAL(1, 0))"},
    TARN_WITHIN("sqrt", "$1 >= 0"),
    {"cbrt", "double", "double", "t_cbrt($1)"},
    TARN_DOUBLE("exp"),
    TARN_LOGARITHM("ln"),
    TARN_LOGARITHM("log2"),
    TARN_LOGARITHM("log10"),
    {"log", "double, double", "double", "c_ln($2) / c_ln($1)"},
    {"power", "double, double", "double", "pow($1, $2)"},
    {"pow", "double, double", "double", "pow($1, $2)"},
    {"mod", "tinyint, tinyint", "tinyint", "t_modulus($1, $2)"},
    {"mod", "smallint, smallint", "smallint", "t_modulus($1, $2)"},
    {"mod", "integer, integer", "integer", "t_modulus($1, $2)"},
    {"mod", "bigint, bigint", "bigint", "t_modulus($1, $2)"},
    {"mod", "double, double", "double", "t_modulus($1, $2)"},
    {"mod", "decimal, decimal", "decimal", "c__modulus($1, $2)"},
    TARN_DOUBLE("sin"),
    TARN_DOUBLE("cos"),
    TARN_DOUBLE("tan"),
    TARN_WITHIN("asin", "$1 BETWEEN -1 AND 1"),
    TARN_WITHIN("acos", "$1 BETWEEN -1 AND 1"),
    TARN_DOUBLE("atan"),
    {"atan2", "double, double", "double", "atan2($1, $2)"},
    TARN_DOUBLE("sinh"),
    TARN_DOUBLE("cosh"),
    TARN_DOUBLE("tanh"),
    TARN_DOUBLE("degrees"),
    TARN_DOUBLE("radians"),
    {"pi", "", "double", "pi()"},
    {"e", "", "double", "2.718281828459045::DOUBLE"},
    {"nan", "", "double", "'NaN'::DOUBLE"},
    {"infinity", "", "double", "'Infinity'::DOUBLE"},
    {"is_nan", "double", "boolean", "isnan($1)"},
    {"is_finite", "double", "boolean", "isfinite($1)"},
    {"is_infinite", "double", "boolean", "isinf($1)"},
    {"random", "", "double", "random()"},
    {"rand", "", "double", "random()"},
    TARN_RANDOM("random", "tinyint", "TINYINT"),
    TARN_RANDOM("random", "smallint", "SMALLINT"),
    TARN_RANDOM("random", "integer", "INTEGER"),
    TARN_RANDOM("random", "bigint", "BIGINT"),
    TARN_RANDOM("rand", "tinyint", "TINYINT"),
    TARN_RANDOM("rand", "smallint", "SMALLINT"),
    TARN_RANDOM("rand", "integer", "INTEGER"),
    TARN_RANDOM("rand", "bigint", "BIGINT"),
    {"width_bucket", "double, double, double, bigint", "bigint", "t_width_bucket($1, $2, $3, $4)"},
    {"width_bucket", "double, array(double)", "bigint",
     "t_bin_of($1, $2)"},
    {"to_base", "bigint, bigint", "varchar", "t_to_base($1, $2)"},
    {"from_base", "varchar, bigint", "bigint", "t_from_base($1, $2)"},
    {"bit_count", "bigint, bigint", "bigint", "t_bit_count($1, $2)"},
    {"bitwise_and", "bigint, bigint", "bigint", "$1 & $2"},
    {"bitwise_or", "bigint, bigint", "bigint", "$1 | $2"},
    {"bitwise_xor", "bigint, bigint", "bigint", "xor($1, $2)"},
    {"bitwise_not", "bigint", "bigint", "~$1"},
    TARN_SHIFT("bitwise_left_shift", "left"),
    TARN_SHIFT("bitwise_right_shift", "right"),
    TARN_SHIFT("bitwise_right_shift_arithmetic", "arithmetic"),
    {"normal_cdf", "double, double, double", "double",
     "CASE WHEN $2 > 0 AND NOT isnan($2) THEN 0.5 * (1 + t_erf(($3 - $1) / ($2 * sqrt(2.0::DOUBLE)))) WHEN $2 IS NOT NULL "
     "THEN error('standardDeviation must be > 0') END"},
    {"inverse_normal_cdf", "double, double, double", "double",
     "CASE WHEN $2 > 0 AND NOT isnan($2) THEN $1 + $2 * t_inverse_normal($3) WHEN $2 IS NOT NULL THEN "
     "error('sd must be > 0') END"},
    {"beta_cdf", "double, double, double", "double", "t_beta_cdf($1, $2, $3)"},
    // Student's distribution, of so many degrees of freedom
    {"t_cdf", "double, double", "double",
     "CASE WHEN $2 < 0 THEN 0.5::DOUBLE * t_beta_cdf($1 / 2, 0.5::DOUBLE, $1 / ($1 + $2 * $2)) ELSE 1 - 0.5::DOUBLE * "
     "t_beta_cdf($1 / 2, 0.5::DOUBLE, $1 / ($1 + $2 * $2)) END"},
    {"t_pdf", "double, double", "double",
     "exp(lgamma(($1 + 1) / 2) - lgamma($1 / 2)) / sqrt($1 * pi()) * pow(1 + $2 * $2 / $1, -($1 + 1) / 2)"},
    {"inverse_beta_cdf", "double, double, double", "double", "t_inverse_beta_cdf($1, $2, $3)"},
    {"wilson_interval_lower", "bigint, bigint, double", "double", "t_wilson($1, $2, $3, -1)"},
    {"wilson_interval_upper", "bigint, bigint, double", "double", "t_wilson($1, $2, $3, 1)"},
    {"cosine_similarity", "map(varchar, double), map(varchar, double)", "double", "t_cosine_similarity($1, $2)"},
};

}  // namespace

Table number_signatures() {
  return {kNumbers, std::size(kNumbers)};
}

}  // namespace tarn::sql::engine::trino

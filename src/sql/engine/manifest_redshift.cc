// Redshift's functions by the groups of its reference, and those that are refused.
#include "sql/engine/manifest.h"

#include "base/time.h"
#include "sql/engine/spatial_join_predicate.h"

namespace tarn::sql::engine {
namespace {

using duckdb::FunctionExpression;
using duckdb::Value;
using Kind = FunctionRule::Kind;

// Aggregates of numbers: SUPER and text give theirs.
template <const char* const* native>
ParsedPtr make_of_numbers(FunctionExpression& call, const StatementContext&) {
  call.function_name = *native;
  call.children[0] = own_call("number_of", list(std::move(call.children[0])));
  return call.Copy();
}
constexpr const char* kStddevSample = "stddev_samp";
constexpr const char* kStddevAll = "stddev_pop";
constexpr const char* kVarianceSample = "var_samp";
constexpr const char* kVarianceAll = "var_pop";

ParsedPtr make_median(FunctionExpression& call, const StatementContext&) {
  call.children[0] = own_call("continuous_of", list(std::move(call.children[0])));
  return own_call("settled", list(call.Copy()));
}

ParsedPtr make_collate(FunctionExpression& call, const StatementContext&) {
  const auto& name = call.children[1];
  const bool plain = name->GetExpressionClass() == duckdb::ExpressionClass::CONSTANT;
  const std::string how = plain ? name->Cast<duckdb::ConstantExpression>().value.ToString() : "";
  const bool any_case = how == "case_insensitive" || how == "ci";
  if (!any_case && how != "case_sensitive" && how != "cs") {
    throw duckdb::InvalidInputException("The collation must be 'case_sensitive' or 'case_insensitive'.");
  }
  if (!any_case) return std::move(call.children[0]);
  return own_call("any_case", list(std::move(call.children[0])));
}

ParsedPtr time_of_day(FunctionExpression&, const StatementContext& context) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const CivilTime at = civil(context.now);
  char text[64];
  std::snprintf(text, sizeof text, "%s %s %02d %02d:%02d:%02d.%06d %04d UTC", kDays[at.weekday], kMonths[at.month - 1],
                at.day, at.hour, at.minute, at.second, static_cast<int>(at.micros), at.year);
  return literal(Value(text));
}

ParsedPtr is_finite(FunctionExpression& call, const StatementContext&) {
  return duckdb::make_uniq<duckdb::OperatorExpression>(duckdb::ExpressionType::OPERATOR_IS_NOT_NULL,
                                                       std::move(call.children[0]));
}

ParsedPtr search_path(FunctionExpression& call, const StatementContext& context) {
  const auto& implicit = call.children[0];
  const std::string written = implicit->ToString();  // false, or CAST('f' AS BOOLEAN)
  const bool system = written != "false" && written.find("'f'") == std::string::npos;
  duckdb::vector<ParsedPtr> names;
  if (system) names.push_back(literal(Value("pg_catalog")));
  for (const std::string& schema : context.search_path) names.push_back(literal(Value(schema)));
  ParsedPtr all = duckdb::make_uniq<FunctionExpression>("list_value", std::move(names));
  return own_call("catalog_array", list(std::move(all), literal(Value("_name"))));
}

// AWS: HAS_ASSUMEROLE_PRIVILEGE([user,] role, command). All may use the namespace's roles: GRANT ASSUMEROLE is refused.
ParsedPtr has_assumerole(FunctionExpression& call, const StatementContext&) {
  duckdb::Parser parser;
  parser.ParseQuery(
      "SELECT $1 IN (SELECT arn FROM system.redshift.system_rows('tarn_iam_roles')) AND CASE WHEN upper($2) IN ('COPY', 'UNLOAD', "
      "'EXTERNAL FUNCTION', 'CREATE MODEL') THEN true ELSE error('unrecognized command type: \"' || $2 || '\"') END");
  auto& select = parser.statements[0]->Cast<duckdb::SelectStatement>().node->Cast<duckdb::SelectNode>();
  ParsedPtr made = std::move(select.select_list[0]);
  call.children.erase(call.children.begin(), call.children.end() - 2);
  fill_parameters(made, call.children);
  return made;
}

ParsedPtr zero(FunctionExpression&, const StatementContext&) {
  return literal(Value::INTEGER(0));
}

// ST_Collect(g) is an aggregate, ST_Collect(a, b) is not.
ParsedPtr make_collect(FunctionExpression& call, const StatementContext&) {
  if (call.children.size() == 2) {  // AWS: a NULL beside a geometry is as if it were not there
    ParsedPtr first = call.children[0]->Copy(), second = call.children[1]->Copy();
    return duckdb::make_uniq<duckdb::OperatorExpression>(
        duckdb::ExpressionType::OPERATOR_COALESCE,
        list(own_call("st_collect", std::move(call.children)), own_call("to_geometry", list(std::move(first))),
             own_call("to_geometry", list(std::move(second)))));
  }
  ParsedPtr shape = own_call("to_geometry", list(std::move(call.children[0])));
  call.function_name = "list";
  call.children[0] = std::move(shape);
  call.filter = duckdb::make_uniq<duckdb::OperatorExpression>(duckdb::ExpressionType::OPERATOR_IS_NOT_NULL,
                                                              call.children[0]->Copy());
  return own_call("st_collected", list(call.Copy()));
}

// The predicates of two geometries: what both sides say of their SRID alike needs no saying.
ParsedPtr make_predicate(FunctionExpression& call, const StatementContext&) {
  const auto srid_of = [](const duckdb::ParsedExpression& e) -> std::string {
    if (e.GetExpressionClass() != duckdb::ExpressionClass::FUNCTION) return "";
    const auto& set = e.Cast<FunctionExpression>();
    if (set.function_name != "st_setsrid" || set.schema != "redshift") return "";
    return set.children[1]->ToString();
  };
  const std::string srid = srid_of(*call.children[0]);
  std::string name = call.function_name;
  if (!srid.empty() && srid == srid_of(*call.children[1])) {
    name += kAnySrid;
    for (auto& child : call.children) {
      ParsedPtr inner = std::move(child->Cast<FunctionExpression>().children[0]);
      child = std::move(inner);
    }
  }
  return own_call(name.c_str(), std::move(call.children));
}

constexpr FunctionRule own(const char* name, int least, int most) {
  return {name, Kind::kOwn, name, least, most};
}
constexpr FunctionRule own_as(const char* name, const char* target, int least, int most) {
  return {name, Kind::kOwn, target, least, most};
}
constexpr FunctionRule native(const char* name, const char* target, int least, int most) {
  return {name, Kind::kNative, target, least, most};
}
constexpr FunctionRule shape(const char* name, int least, int most) {
  return {name, Kind::kOwn, name, least, most, nullptr, true};
}
constexpr FunctionRule shape_as(const char* name, const char* target, int least, int most) {
  return {name, Kind::kOwn, target, least, most, nullptr, true};
}
constexpr FunctionRule made(const char* name, int least, int most,
                            ParsedPtr (*make)(FunctionExpression&, const StatementContext&), bool geometry = false) {
  return {name, Kind::kTemplate, "", least, most, make, geometry};
}
constexpr FunctionRule refused(const char* name) {
  return {name, Kind::kRefused, "", 0, -1};
}

const FunctionRule kRules[] = {
    // operators
    native("&", "&", 2, 2), native("|", "|", 2, 2), native("<<", "<<", 2, 2), native(">>", ">>", 2, 2),
    own_as("<^>", "xor", 2, 2),  // see tokens_redshift.cc
     native("~", "~", 1, 1), own_as("|/", "sqrt", 1, 1), own_as("||/", "cbrt", 1, 1),
    // aggregates
    made("median", 1, 1, make_median), made("stddev", 1, 1, make_of_numbers<&kStddevSample>),
    made("stddev_samp", 1, 1, make_of_numbers<&kStddevSample>), made("stddev_pop", 1, 1, make_of_numbers<&kStddevAll>),
    made("variance", 1, 1, make_of_numbers<&kVarianceSample>), made("var_samp", 1, 1, make_of_numbers<&kVarianceSample>),
    made("var_pop", 1, 1, make_of_numbers<&kVarianceAll>), native("bit_and", "bit_and", 1, 1),
    native("bit_or", "bit_or", 1, 1),
    // math
    own("abs", 1, 1), own("ceil", 1, 1), own_as("ceiling", "ceil", 1, 1), own("floor", 1, 1), own("round", 1, 2),
    own("trunc", 1, 2), own("sqrt", 1, 1), own("cbrt", 1, 1), own("exp", 1, 1), own_as("dexp", "exp", 1, 1),
    own("ln", 1, 1), own_as("dlog1", "ln", 1, 1), own("log", 1, 2), own_as("dlog10", "log", 1, 1), own("pow", 2, 2),
    own_as("power", "pow", 2, 2), own_as("dpow", "pow", 2, 2), own("mod", 2, 2), own("sign", 1, 1), own("sin", 1, 1),
    own("cos", 1, 1), own("tan", 1, 1), own("cot", 1, 1), own("asin", 1, 1), own("acos", 1, 1), own("atan", 1, 1),
    own("atan2", 2, 2), own("sinh", 1, 1), own("cosh", 1, 1), own("tanh", 1, 1), own("degrees", 1, 1),
    own("radians", 1, 1), native("pi", "pi", 0, 0), native("random", "random", 0, 0), own("to_number", 2, 2),
    own_as("dsqrt", "sqrt", 1, 1), own_as("dround", "round", 1, 1), own_as("dtrunc", "trunc", 1, 1),
    // text
    own("chr", 1, 1), own("soundex", 1, 1), own("difference", 2, 2), own("octetindex", 2, 2), own("bpcharcmp", 2, 2),
    own_as("bttext_pattern_cmp", "bpcharcmp", 2, 2), own("text_to_int_alt", 1, 2),
    own("text_to_numeric_alt", 1, 4), own("similar_pattern", 1, 2),
    made("collate_", 2, 2, make_collate), own("regexp_count", 2, 4), own("regexp_instr", 2, 6),
    own("regexp_replace", 2, 5), own("regexp_substr", 2, 5),
    // hashes
    own("md5", 1, 1), own("sha1", 1, 1), own_as("sha", "sha1", 1, 1), own_as("func_sha1", "sha1", 1, 1),
    own("sha2", 2, 2), own("fnv_hash", 1, 2), own("murmur3_32_hash", 1, 2), own("checksum", 1, 1), own("crc32", 1, 1),
    own("tarn_level", 1, 1),  // see tokens_redshift_hierarchy.cc
    own("farmfingerprint64", 1, 1),
    // VARBYTE
    own("to_varbyte", 2, 2), own("from_varbyte", 2, 2), own("from_hex", 1, 1), own("to_hex", 1, 1), own("getbit", 2, 2),
    own("get_bit", 2, 2), own("get_byte", 2, 2), own("set_bit", 3, 3), own("set_byte", 3, 3),
    // dates
    own("date_cmp", 2, 2), own_as("date_cmp_timestamp", "date_cmp", 2, 2),
    own_as("date_cmp_timestamptz", "date_cmp", 2, 2), own_as("timestamp_cmp", "date_cmp", 2, 2),
    own_as("timestamp_cmp_date", "date_cmp", 2, 2), own_as("timestamp_cmp_timestamptz", "date_cmp", 2, 2),
    own_as("timestamptz_cmp", "date_cmp", 2, 2), own_as("timestamptz_cmp_date", "date_cmp", 2, 2),
    own_as("timestamptz_cmp_timestamp", "date_cmp", 2, 2), own("interval_cmp", 2, 2),
    made("timeofday", 0, 0, time_of_day), made("isfinite", 1, 1, is_finite), native("age", "age", 1, 2),
    own_as("tarn_interval_y2m", "interval_y2m", 1, 1), own_as("tarn_interval_d2s", "interval_d2s", 1, 1),
    // SUPER: arrays, objects, what a value is
    own_as(kArrayFunction, "array", 0, -1), own("array_concat", 2, 2), own("array_contains", 2, 3),
    own("array_distinct", 1, 1), own("array_except", 2, 3), own("array_flatten", 1, 1), own("array_intersection", 2, 3),
    own("array_position", 2, 3), own("array_positions", 2, 2), own("array_sort", 1, 3), own("array_union", 2, 3),
    own("arrays_overlap", 2, 2), own("subarray", 2, 3), own("split_to_array", 1, 2), own("get_array_length", 1, 1),
    own("object", 0, -1), own("object_transform", 1, -1), own("lower_attribute_names", 1, 1),
    own("upper_attribute_names", 1, 1), own("json_typeof", 1, 1), own("json_size", 1, 1), own_as("size", "json_size", 1, 1),
    own("json_serialize_to_varbyte", 1, 1), own_as("can_json_parse", "is_valid_json", 1, 1), own("is_array", 1, 1),
    own("is_object", 1, 1), own("is_scalar", 1, 1), own("is_varchar", 1, 1), own("is_char", 1, 1),
    own("is_boolean", 1, 1), own("is_smallint", 1, 1), own("is_integer", 1, 1), own("is_bigint", 1, 1),
    own("is_decimal", 1, 1), own("is_float", 1, 1), own("decimal_precision", 1, 1), own("decimal_scale", 1, 1),
    // session
    made("has_assumerole_privilege", 2, 3, has_assumerole), made("current_schemas", 1, 1, search_path), made("slice_num", 0, 0, zero),
    // geometry
    shape("st_makepoint", 2, 4), shape_as("st_point", "st_makepoint", 2, 2), shape("st_geomfromtext", 1, 2),
    shape_as("st_geomfromewkt", "st_geomfromtext", 1, 1), shape("st_geomfromwkb", 1, 2),
    shape_as("st_geomfromewkb", "st_geomfromwkb", 1, 1), shape("st_geomfromgeojson", 1, 1),
    shape("st_geogfromtext", 1, 1), shape("st_geogfromwkb", 1, 1),
    shape("st_astext", 1, 2), shape_as("st_aswkt", "st_astext", 1, 2), shape("st_asewkt", 1, 2), shape("st_ashexwkb", 1, 1),
    shape("st_ashexewkb", 1, 1), shape("st_asbinary", 1, 1), shape_as("st_aswkb", "st_asbinary", 1, 1),
    shape("st_asewkb", 1, 1), shape("st_asgeojson", 1, 2), shape("st_setsrid", 2, 2), shape("st_srid", 1, 1),
    shape("st_x", 1, 1), shape("st_y", 1, 1), shape("st_z", 1, 1), shape("st_m", 1, 1), shape("st_xmin", 1, 1),
    shape("st_xmax", 1, 1), shape("st_ymin", 1, 1), shape("st_ymax", 1, 1), shape("st_zmin", 1, 1), shape("st_zmax", 1, 1),
    shape("st_mmin", 1, 1), shape("st_mmax", 1, 1), made("st_intersects", 2, 2, make_predicate, true),
    made("st_contains", 2, 2, make_predicate, true), made("st_within", 2, 2, make_predicate, true),
    made("st_covers", 2, 2, make_predicate, true), made("st_coveredby", 2, 2, make_predicate, true),
    made("st_disjoint", 2, 2, make_predicate, true), shape("st_touches", 2, 2), shape("st_crosses", 2, 2),
    shape("st_overlaps", 2, 2), shape("st_equals", 2, 2), shape("st_containsproperly", 2, 2), shape("st_distance", 2, 2),
    shape("st_distancesphere", 2, 3), shape("st_dwithin", 3, 3), shape("st_area", 1, 1), shape("st_length", 1, 1),
    shape_as("st_length2d", "st_length", 1, 1), shape("st_lengthsphere", 1, 2), shape("st_perimeter", 1, 1),
    shape_as("st_perimeter2d", "st_perimeter", 1, 1), shape("st_azimuth", 2, 2), shape("st_angle", 3, 4),
    shape("st_centroid", 1, 1), shape("st_envelope", 1, 1), shape("st_boundary", 1, 1), shape("st_buffer", 2, 3),
    shape("st_convexhull", 1, 1), shape("st_simplify", 2, 2), shape("st_union", 2, 2), shape("st_intersection", 2, 2),
    shape("st_reverse", 1, 1), shape("st_multi", 1, 1), shape("st_force2d", 1, 1), shape("st_force3d", 1, 1),
    shape("st_force3dz", 1, 1), shape("st_force3dm", 1, 1), shape("st_force4d", 1, 1), shape("st_exteriorring", 1, 1),
    shape("st_interiorringn", 2, 2), shape("st_startpoint", 1, 1), shape("st_endpoint", 1, 1), shape("st_pointn", 2, 2),
    shape("st_lineinterpolatepoint", 2, 2), shape("st_linefrommultipoint", 1, 1), shape("st_makeline", 2, 2),
    shape("st_makepolygon", 1, 1), shape_as("st_polygon", "st_makepolygon", 2, 2), shape("st_makeenvelope", 4, 5),
    shape("st_addpoint", 2, 3), shape("st_setpoint", 3, 3), shape("st_removepoint", 2, 2), shape("st_geometryn", 2, 2),
    shape("st_points", 1, 1), made("st_collect", 1, 2, make_collect, true), shape("st_dimension", 1, 1),
    shape("st_ndims", 1, 1), shape("st_npoints", 1, 1), shape("st_numpoints", 1, 1), shape("st_nrings", 1, 1),
    shape("st_numgeometries", 1, 1), shape("st_numinteriorrings", 1, 1), shape("st_memsize", 1, 1),
    shape("st_isclosed", 1, 1), shape("st_iscollection", 1, 1), shape("st_isempty", 1, 1), shape("st_ispolygonccw", 1, 1),
    shape("st_ispolygoncw", 1, 1), shape("st_isring", 1, 1), shape("st_issimple", 1, 1), shape("st_isvalid", 1, 1),
    shape("st_geomfromgeohash", 1, 2), shape("st_geometrytype", 1, 1), shape("geometrytype", 1, 1), shape("st_geohash", 1, 2),
    shape("st_transform", 2, 2),
    shape("addbbox", 1, 1), shape_as("dropbbox", "addbbox", 1, 1), shape("supportsbbox", 1, 1),
    // what Redshift has and this engine does not
    refused("hll"), refused("hll_create_sketch"), refused("hll_cardinality"), refused("hll_combine"),
    refused("hll_combine_sketches"), refused("explain_model"), 
    refused("st_geomfromgeosquare"), refused("st_geosquare"), refused("h3_fromlonglat"),
    refused("h3_frompoint"), refused("h3_polyfill"), refused("h3_boundary"), refused("h3_center"), refused("h3_isvalid"),
    refused("h3_resolution"), refused("h3_tochildren"), refused("h3_toparent"), refused("change_query_priority"),
    refused("change_session_priority"), refused("change_user_priority"), refused("current_setting"), refused("set_config"),
    own("pg_cancel_backend", 1, 1), own("pg_terminate_backend", 1, 1), refused("reboot_cluster"),
    refused("last_user_query_id"),
    refused("pg_last_copy_count"),
    refused("pg_last_copy_id"), refused("pg_last_query_id"), refused("pg_last_unload_count"), refused("pg_last_unload_id"),
    refused("to_ascii"),
};

}  // namespace

std::span<const FunctionRule> redshift_rules() {
  return kRules;
}

}  // namespace tarn::sql::engine

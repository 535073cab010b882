// Geospatial functions, over the spatial extension. https://docs.aws.amazon.com/athena/latest/ug/geospatial-functions-list-v3.html
#include "sql/engine/trino_manifest.h"

namespace tarn::sql::engine::trino {
namespace {

#define TARN_PARTS(x) "list_transform(st_dump(" x "), lambda tarn_part: tarn_part.geom)"
// Of two places on a sphere of the Earth's mean radius, in km.
#define TARN_RADIANS_APART "radians($2 - $4)"

constexpr Signature kGeometries[] = {
    {"st_symdifference", "geometry, geometry", "geometry", "st_union(st_difference($1, $2), st_difference($2, $1))"},
    {"st_linestring", "array(geometry)", "geometry", "st_makeline($1)"},
    {"st_multipoint", "array(geometry)", "geometry", "st_multi(st_collect($1))"},
    {"st_coorddim", "geometry", "tinyint", "CAST(CASE WHEN st_hasz($1) THEN 3 ELSE 2 END AS TINYINT)"},
    {"st_envelopeaspts", "geometry", "array(geometry)",
     "CASE WHEN NOT st_isempty($1) THEN [st_point(st_xmin($1), st_ymin($1)), st_point(st_xmax($1), st_ymax($1))] END"},
    {"st_geometries", "geometry", "array(geometry)", TARN_PARTS("$1")},
    {"st_geometryn", "geometry, bigint", "geometry", "list_extract(" TARN_PARTS("$1") ", $2)"},
    {"st_interiorringn", "geometry, bigint", "geometry", "st_interiorringn($1, $2)"},
    {"st_interiorrings", "geometry", "array(geometry)",
     "list_transform(range(1, CAST(st_numinteriorrings($1) AS BIGINT) + 1), lambda tarn_n: st_interiorringn($1, tarn_n))"},
    {"st_points", "geometry", "array(geometry)", TARN_PARTS("st_points($1)")},
    {"geometry_union", "array(geometry)", "geometry", "list_aggregate($1, 'st_union_agg')"},
    {"simplify_geometry", "geometry, double", "geometry", "st_simplifypreservetopology($1, $2)"},
    {"line_locate_point", "geometry, geometry", "double", "st_linelocatepoint($1, $2)"},
    {"line_interpolate_point", "geometry, double", "geometry", "st_lineinterpolatepoint($1, $2)"},
    {"line_interpolate_points", "geometry, double", "array(geometry)", TARN_PARTS("st_lineinterpolatepoints($1, $2, true)")},
    {"great_circle_distance", "double, double, double, double", "double",
     "atan2(sqrt(pow(cos(radians($3)) * sin(" TARN_RADIANS_APART "), 2) + pow(cos(radians($1)) * sin(radians($3)) - "
     "sin(radians($1)) * cos(radians($3)) * cos(" TARN_RADIANS_APART "), 2)), sin(radians($1)) * sin(radians($3)) + "
     "cos(radians($1)) * cos(radians($3)) * cos(" TARN_RADIANS_APART ")) * 6371.01::DOUBLE"},
    {"st_point", "double, double", "geometry", "st_point($1, $2)"},
    {"st_geometryfromtext", "varchar", "geometry", "st_geomfromtext($1)"},
    {"st_polygon", "varchar", "geometry", "st_geomfromtext($1)"},
    {"st_linefromtext", "varchar", "geometry", "st_geomfromtext($1)"},
    {"st_geomfrombinary", "varbinary", "geometry", "st_geomfromwkb($1)"},
    {"st_astext", "geometry", "varchar", "st_astext($1)"},
    {"st_asbinary", "geometry", "varbinary", "st_aswkb($1)::BLOB"},
    {"st_x", "geometry", "double", "st_x($1)"},
    {"st_y", "geometry", "double", "st_y($1)"},
    {"st_xmin", "geometry", "double", "st_xmin($1)"},
    {"st_xmax", "geometry", "double", "st_xmax($1)"},
    {"st_ymin", "geometry", "double", "st_ymin($1)"},
    {"st_ymax", "geometry", "double", "st_ymax($1)"},
    {"st_area", "geometry", "double", "st_area($1)"},
    {"st_length", "geometry", "double", "st_length($1)"},
    {"st_centroid", "geometry", "geometry", "st_centroid($1)"},
    {"st_envelope", "geometry", "geometry", "st_envelope($1)"},
    {"st_boundary", "geometry", "geometry", "st_boundary($1)"},
    {"st_exteriorring", "geometry", "geometry", "st_exteriorring($1)"},
    {"st_convexhull", "geometry", "geometry", "st_convexhull($1)"},
    {"st_buffer", "geometry, double", "geometry", "st_buffer($1, $2)"},
    {"st_difference", "geometry, geometry", "geometry", "st_difference($1, $2)"},
    {"st_intersection", "geometry, geometry", "geometry", "st_intersection($1, $2)"},
    {"st_union", "geometry, geometry", "geometry", "st_union($1, $2)"},
    {"st_distance", "geometry, geometry", "double", "st_distance($1, $2)"},
    {"st_contains", "geometry, geometry", "boolean", "st_contains($1, $2)"},
    {"st_crosses", "geometry, geometry", "boolean", "st_crosses($1, $2)"},
    {"st_disjoint", "geometry, geometry", "boolean", "st_disjoint($1, $2)"},
    {"st_equals", "geometry, geometry", "boolean", "st_equals($1, $2)"},
    {"st_intersects", "geometry, geometry", "boolean", "st_intersects($1, $2)"},
    {"st_overlaps", "geometry, geometry", "boolean", "st_overlaps($1, $2)"},
    {"st_touches", "geometry, geometry", "boolean", "st_touches($1, $2)"},
    {"st_within", "geometry, geometry", "boolean", "st_within($1, $2)"},
    {"st_relate", "geometry, geometry, varchar", "boolean", "t_relate(st_aswkb($1)::BLOB, st_aswkb($2)::BLOB, $3)"},
    {"geometry_invalid_reason", "geometry", "varchar", "t_invalid_reason(st_aswkb($1)::BLOB)"},
    {"st_isvalid", "geometry", "boolean", "st_isvalid($1)"},
    {"st_issimple", "geometry", "boolean", "st_issimple($1)"},
    {"st_isclosed", "geometry", "boolean", "st_isclosed($1)"},
    {"st_isring", "geometry", "boolean", "st_isring($1)"},
    {"st_isempty", "geometry", "boolean", "st_isempty($1)"},
    {"st_dimension", "geometry", "tinyint", "CAST(st_dimension($1) AS TINYINT)"},
    {"st_numpoints", "geometry", "bigint", "CAST(st_npoints($1) AS BIGINT)"},
    {"st_numgeometries", "geometry", "integer", "CAST(st_numgeometries($1) AS INTEGER)"},
    {"st_numinteriorring", "geometry", "bigint", "CAST(st_numinteriorrings($1) AS BIGINT)"},
    {"st_startpoint", "geometry", "geometry", "st_startpoint($1)"},
    {"st_endpoint", "geometry", "geometry", "st_endpoint($1)"},
    {"st_pointn", "geometry, bigint", "geometry", "st_pointn($1, CAST($2 AS INTEGER))"},
    {"st_geometrytype", "geometry", "varchar", "t_geometry_type(CAST(st_geometrytype($1) AS VARCHAR))"},
};

}  // namespace

Table geometry_signatures() {
  return {kGeometries, std::size(kGeometries)};
}

}  // namespace tarn::sql::engine::trino

// Sets and distributions kept as summaries, addresses of the Internet, Bing tiles, geographies.
#include "sql/engine/trino_manifest.h"

namespace tarn::sql::engine::trino {
namespace {

#define TARN_PLANE(x) "c__as_geometry(" x ")"
#define TARN_COVERING                                                                                     \
  "list_filter(t_tiles_covering(st_xmin($1), st_ymin($1), st_xmax($1), st_ymax($1), $2), lambda tarn_t: " \
  "st_intersects($1, st_geomfromtext(t_tile_polygon(tarn_t))))"

constexpr Signature kSketches[] = {
    {"cardinality", "hyperloglog", "bigint", "t_sketch_cardinality($1)"},
    {"cardinality", "setdigest", "bigint", "t_sketch_cardinality($1)"},
    {"empty_approx_set", "", "hyperloglog", "t_empty_set()"},
    {"intersection_cardinality", "setdigest, setdigest", "bigint", "t_set_intersection($1, $2)"},
    {"jaccard_index", "setdigest, setdigest", "double", "t_jaccard_index($1, $2)"},
    {"hash_counts", "setdigest", "map(bigint, smallint)", "t_hash_counts($1)"},
    {"value_at_quantile", "tdigest, double", "double", "t_value_at_quantile($1, $2)"},
    {"value_at_quantile", "qdigest, double", "T", "t_value_at_quantile($1, $2)"},
    {"values_at_quantiles", "tdigest, array(double)", "array(double)", "t_values_at_quantiles($1, $2)"},
    {"values_at_quantiles", "qdigest, array(double)", "array(T)", "t_values_at_quantiles($1, $2)"},
    {"quantile_at_value", "tdigest, double", "double", "t_quantile_at_value($1, $2)"},
    {"quantile_at_value", "qdigest, double", "double", "t_quantile_at_value($1, $2)"},
    {"contains", "varchar, ipaddress", "boolean", "t_in_network($1, $2)"},
    {"bing_tile", "bigint, bigint, bigint", "bingtile", "t_tile($1, $2, $3)"},
    {"bing_tile", "varchar", "bingtile", "t_quadkey_tile($1)"},
    {"bing_tile_at", "double, double, bigint", "bingtile", "t_tile_at($1, $2, $3)"},
    {"bing_tiles_around", "double, double, bigint", "array(bingtile)", "t_tiles_around($1, $2, $3)"},
    {"bing_tiles_around", "double, double, bigint, double", "array(bingtile)", "t_tiles_within($1, $2, $3, $4)"},
    {"bing_tile_coordinates", "bingtile", "row(x integer, y integer)", "t_tile_place($1)"},
    {"bing_tile_polygon", "bingtile", "geometry", "st_geomfromtext(t_tile_polygon($1))"},
    {"bing_tile_quadkey", "bingtile", "varchar", "t_tile_quadkey($1)"},
    {"bing_tile_zoom_level", "bingtile", "tinyint", "t_tile_zoom($1)"},
    {"geometry_to_bing_tiles", "geometry, bigint", "array(bingtile)", TARN_COVERING},
    {"geometry_to_dissolved_bing_tiles", "geometry, bigint", "array(bingtile)", "t_tiles_dissolved(" TARN_COVERING ")"},
    {"to_spherical_geography", "geometry", "sphericalgeography", "c__as_opaque($1, 'SphericalGeography')"},
    {"from_geojson_geometry", "varchar", "sphericalgeography",
     "c__as_opaque(st_geomfromgeojson($1), 'SphericalGeography')"},
    {"to_geojson_geometry", "sphericalgeography", "varchar", "CAST(st_asgeojson(" TARN_PLANE("$1") ") AS VARCHAR)"},
    {"to_geometry", "sphericalgeography", "geometry", TARN_PLANE("$1")},
    {"st_astext", "sphericalgeography", "varchar", "st_astext(" TARN_PLANE("$1") ")"},
    {"st_asbinary", "sphericalgeography", "varbinary", "st_aswkb(" TARN_PLANE("$1") ")::BLOB"},
    {"st_x", "sphericalgeography", "double", "st_x(" TARN_PLANE("$1") ")"},
    {"st_y", "sphericalgeography", "double", "st_y(" TARN_PLANE("$1") ")"},
    {"st_distance", "sphericalgeography, sphericalgeography", "double",
     "t_sphere_distance(st_x(" TARN_PLANE("$1") "), st_y(" TARN_PLANE("$1") "), st_x(" TARN_PLANE(
         "$2") "), st_y(" TARN_PLANE("$2") "))"},
    {"st_length", "sphericalgeography", "double", "t_sphere_length(st_aswkb(" TARN_PLANE("$1") ")::BLOB)"},
    {"st_area", "sphericalgeography", "double", "t_sphere_area(st_aswkb(" TARN_PLANE("$1") ")::BLOB)"},
    {"geometry_nearest_points", "geometry, geometry", "row(geometry, geometry)",
     "struct_pack(field_0 := st_startpoint(st_shortestline($1, $2)), field_1 := st_endpoint(st_shortestline($1, $2)))"},
};

}  // namespace

Table sketch_signatures() {
  return {kSketches, std::size(kSketches)};
}

}  // namespace tarn::sql::engine::trino

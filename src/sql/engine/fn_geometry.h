// What the files of spatial functions share: arguments as geometries, SRIDs, bytes in and out.
#pragma once

#include "sql/engine/functions.h"
#include "sql/engine/geometry_value.h"

namespace tarn::sql::engine {

duckdb::LogicalType geometry_type();
// The value taken apart. Throws for bytes that are none.
GeometryValue opened(const duckdb::string_t& bytes);

using Bound = duckdb::unique_ptr<duckdb::Expression>;
// Any argument as a geometry: text is WKT, EWKT or hexadecimal EWKB.
Bound as_geometry(duckdb::ClientContext& context, Bound value);
Bound as_real(duckdb::ClientContext& context, Bound value);
Bound as_whole(duckdb::ClientContext& context, Bound value);
Bound with_srid(duckdb::ClientContext& context, Bound value, Bound srid);
Bound srid_from(duckdb::ClientContext& context, const duckdb::Expression& value);
// WKB bytes as a geometry of that SRID.
Bound geometry_from_bytes(duckdb::ClientContext& context, Bound wkb, Bound srid);

// Of arguments of st_distance, st_area ..: what it is on the plane, or on the spheroid where they are geographies.
Bound measured(duckdb::ClientContext& context, const std::string& name, const duckdb::vector<Bound>& list, Bound planar);

void add_geometry_parts(Registry& registry);  // fn_geometry_parts.cc
void add_geography(Registry& registry);       // fn_geography.cc

}  // namespace tarn::sql::engine

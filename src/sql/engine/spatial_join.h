// Joins by place (ST_Intersects, ST_Contains, ST_Within, ST_Covers, ST_CoveredBy of one side's geometry and the other's), run over
// an index of the smaller side's boxes and prepared geometries, whatever the way the join was written: what counts is the
// planned join. Also the predicates themselves as scalar functions, which keep the prepared form of what repeats.
#pragma once

#include "sql/engine/functions.h"

namespace tarn::sql::engine {

void add_spatial_join(duckdb::DatabaseInstance& database);
// REQUIRES: the spatial extension is loaded.
void add_spatial_predicates(Registry& registry);

}  // namespace tarn::sql::engine

// ColumnMetadata as the Data API words it.
#pragma once

#include "gen/redshift_data/shapes.h"
#include "sql/engine_client.h"

namespace tarn::redshift_data {

ColumnMetadata metadata_of(const sql::ResultColumn& column);

}  // namespace tarn::redshift_data

// Hive's type names, as the Glue catalog has them, to the engine's types.
#pragma once

#include <string>

#include "sql/engine/duckdb.pch.h"
#include "sql/engine_client.h"

namespace tarn::sql::engine {

// For Redshift nested types and "super" are SUPER (JSON text); for the others they are lists, structs and maps.
// Throws by raise_sql 0A000 for a type that is none.
duckdb::LogicalType hive_type(const std::string& name, Dialect dialect);

}  // namespace tarn::sql::engine

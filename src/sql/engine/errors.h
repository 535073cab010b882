// From DuckDB's errors to the dialect's: SQLSTATE, position and words.
#pragma once

#include <string>

#include "sql/engine/duckdb.pch.h"
#include "sql/engine_client.h"
#include "sql/sql_error.h"

namespace tarn::sql::engine {

// Throws an error that to_error gives back with that SQLSTATE and message, from anywhere inside a statement.
[[noreturn]] void raise_sql(const char* sqlstate, const std::string& message,
                            duckdb::optional_idx position = duckdb::optional_idx());

// The engine's name of a type as Redshift shows it.
std::string shown_type(std::string name);

Error to_error(const duckdb::ErrorData& error, Dialect dialect);

}  // namespace tarn::sql::engine

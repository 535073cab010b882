// From DuckDB's types and vectors to result columns and spooled cells.
#pragma once

#include <vector>

#include "sql/engine/duckdb.pch.h"
#include "sql/spool.h"

namespace tarn::sql::engine {

bool is_super(const duckdb::LogicalType& type);     // JSON text
bool is_geometry(const duckdb::LogicalType& type);  // spatial's
bool is_nested(const duckdb::LogicalType& type);    // LIST, STRUCT, MAP, ARRAY

ResultColumn describe(const std::string& name, const duckdb::LogicalType& type, Dialect dialect);
CellKind cell_kind(const duckdb::LogicalType& type);

// Any values as text: nested ones as JSON, geometry as hexadecimal WKB. `text` is VARCHAR, or JSON for nested values.
void print(duckdb::ClientContext& context, duckdb::Vector& values, duckdb::Vector& text, duckdb::idx_t rows);

// Texts of decimals all of whose digits stand behind the point: ".5" becomes "0.5".
void zero_before_point(duckdb::Vector& text, duckdb::idx_t rows);

// The rows of the chunk, as cells of the writer's columns.
void encode(duckdb::ClientContext& context, duckdb::DataChunk& chunk, SpoolWriter& writer);

}  // namespace tarn::sql::engine

// What is known of a bound plan's columns beyond the engine's types.
#pragma once

#include <string>
#include <vector>

#include "sql/engine/duckdb.pch.h"
#include "sql/engine_client.h"

namespace tarn::sql::engine {

// A column as the plan knows it.
struct PlannedColumn {
  int length = 0;                      // bytes; 0: not known
  bool padded = false;                 // CHAR
  bool interval = false;               // printed by the plan itself
  char interval_kind = 0;              // 'y': of years and months, 'd': of days and times, 0: of all
  bool geography = false;              // of a geometry
  bool nullable = true;
  std::string catalog, schema, table;  // of the column that it is, unchanged; empty otherwise
  std::string column;
  int32_t table_number = 0;
  int16_t column_number = 0;
};

// Of "character varying(10)" and "character(10)": the length. False for other declarations.
bool declared_length(const std::string& declared, PlannedColumn& column);

// How a column of the type is declared, as far as the type does not say it: "character varying(10)", "interval day to second".
std::string declared_text(const duckdb::LogicalType& type, const PlannedColumn& column);

// What is known of the columns that a bound plan gives.
std::vector<PlannedColumn> planned_columns(duckdb::LogicalOperator& plan);

// Puts what is known of a planned column into a result's. `uses`: tables that the statement itself names; a column of
// another (one behind a view) has no source.
void apply(const PlannedColumn& planned, const StatementContext& context, const std::vector<TableUse>& uses,
           ResultColumn& column);

}  // namespace tarn::sql::engine

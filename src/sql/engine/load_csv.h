// COPY of plain delimited text through DuckDB's own reader: in parallel, a column at a time. What this way cannot read exactly as
// the row parser does is left to that: options it does not know, mixed line ends, and any record that is refused.
#pragma once

#include "sql/engine/functions.h"
#include "sql/engine/load_values.h"

namespace tarn::sql::engine {

// The INSERT that loads the request's objects into the table (named in full). nullopt: the row parser must.
// `columns`: in the order of the file's fields. The objects are read through once, at memory speed. Throws where one cannot be
// read.
std::optional<std::string> csv_insert(duckdb::ClientContext& context, const LoadRequest& request,
                                      const std::string& table, const std::vector<LoadColumn>& columns);

// AWS: COPY cuts what a decimal has behind its column's scale, unless ROUNDEC. What is no plain number stays as it is.
std::string_view cut_decimals(std::string_view text, int scale);

void add_load(Registry& registry);

}  // namespace tarn::sql::engine

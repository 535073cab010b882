// Reading tables of federated schemas (sql/federated.h): the columns that a statement uses, and the rows that its simple
// conditions leave, are what the server is asked for.
#pragma once

#include <memory>

#include "sql/engine/catalog.h"

namespace tarn::sql::engine {

duckdb::TableFunction federated_scan(std::shared_ptr<const TableSnapshot> table,
                                     duckdb::unique_ptr<duckdb::FunctionData>& bind_data);

}  // namespace tarn::sql::engine

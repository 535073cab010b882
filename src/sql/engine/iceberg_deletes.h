// Which rows of an Iceberg table's data files are gone: those that position deletes name, and those that equality deletes match.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "sql/engine/iceberg_scan.h"

namespace tarn::sql::engine {

using Positions = std::vector<int64_t>;  // sorted
// By the data files' paths.
using Deleted = std::unordered_map<std::string, std::shared_ptr<const Positions>>;

// Reads the delete files; of equality deletes also the columns of the data files that they are about.
Deleted deleted_rows(duckdb::ClientContext& context, const IcebergVersion& version, const iceberg::LiveFiles& live);

[[noreturn]] void raise_iceberg(duckdb::ClientContext& context, const char* code, std::string message);

}  // namespace tarn::sql::engine

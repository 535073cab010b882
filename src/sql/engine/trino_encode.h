// Results of Athena's queries: every value that is no integer or boolean is spooled as the text that Athena prints.
#pragma once

#include <optional>

#include "sql/engine/trino.h"
#include "sql/spool.h"

namespace tarn::sql::engine::trino {

CellKind cell_kind(const duckdb::LogicalType& type);
void encode(duckdb::ClientContext& context, duckdb::DataChunk& chunk, SpoolWriter& writer);

// Microseconds; nullopt: a zone with a name, whose offset changes.
std::optional<int64_t> zone_offset(uint64_t key);
BoundPtr zoned_as_text(duckdb::ClientContext& context, BoundPtr value);

}  // namespace tarn::sql::engine::trino

// Result objects as Athena writes them: CSV with every value quoted, text with a value a line, and their .metadata.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "blob/blobs.h"
#include "services/athena/records.h"
#include "sql/spool.h"

namespace tarn::athena {

// What the engine says of a column, as ColumnInfo says it.
ColumnRecord column_of(const sql::ResultColumn& column);

// The spool as CSV: a header, then the rows; NULL is nothing at all between commas, '' is "".
Result<StagedBody> csv_of(Blobs& blobs, const sql::SpoolReader& rows);

// The .metadata object: a protocol buffer, as Athena's drivers read it.
std::string metadata_of(std::string_view id, const std::vector<ColumnRecord>& columns, int64_t update_count);

// One record of such a CSV at `at`, which it moves behind it; nullopt at the end. A value is absent where it is NULL.
std::optional<std::vector<std::optional<std::string>>> csv_record(std::string_view text, size_t& at);

// The value as Athena prints it.
std::string text_of(const sql::Cell& cell, const sql::ResultColumn& column);

}  // namespace tarn::athena

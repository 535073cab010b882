// What a Parquet file's footer says of its columns' values. The form is Apache Parquet's "File Format". Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "sql/iceberg.h"

namespace tarn::lake {

// The column chunks of all row groups. `metadata`: the footer without its length and magic. nullopt: it is damaged.
std::optional<std::vector<sql::iceberg::ColumnChunk>> column_chunks(std::string_view metadata);

}  // namespace tarn::lake

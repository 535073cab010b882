// Rows of one spool into another.
#pragma once

#include "sql/spool.h"

namespace tarn::sql {

// REQUIRES: `first + count` <= from.rows(), and the writer has the same columns.
Status copy_rows(const SpoolReader& from, uint64_t first, uint64_t count, SpoolWriter& to);

}  // namespace tarn::sql

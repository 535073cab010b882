// Rows of information_schema's views, from the Glue catalog as the caller sees it.
#pragma once

#include <string>

#include "door/call.h"
#include "sql/engine_client.h"

namespace tarn::athena {

// `view`: "tables", "columns", "schemata", "views"; none for others. ERRORS: Glue's.
Result<sql::Rows> information_rows(Door& door, const Caller& as, const std::string& view);

}  // namespace tarn::athena

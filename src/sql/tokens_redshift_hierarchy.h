// CONNECT BY as a recursive query. Pure.
#pragma once

#include <optional>
#include <string>

#include "sql/lex.h"

namespace tarn::sql {

// The statement with each SELECT .. START WITH .. CONNECT BY .. written as WITH RECURSIVE; nullopt: it has none.
// ERRORS: SqlError 0A000 for what is not supported of it (a join), 42601.
Result<std::optional<std::string>> without_connect_by(const StatementText& statement);

}  // namespace tarn::sql

// The tokens of Athena's statements, which are Hive's or Trino's.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/lex.h"

namespace tarn::sql::athena {

// Back-quoted names are names; in Hive's statements strings have backslash escapes. ERRORS: SqlError, as lex().
Result<std::vector<Token>> tokens_of(std::string_view text);

}  // namespace tarn::sql::athena

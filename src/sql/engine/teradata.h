// Texts as numbers, the way Teradata reads them. AWS: TEXT_TO_INT_ALT, TEXT_TO_NUMERIC_ALT.
#pragma once

#include "sql/engine/functions.h"

namespace tarn::sql::engine {

void add_teradata(Registry& registry);

}  // namespace tarn::sql::engine

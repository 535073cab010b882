#include "sql/engine/functions.h"

namespace tarn::sql::engine {

void add_patterns(Registry&) {}

}  // namespace tarn::sql::engine

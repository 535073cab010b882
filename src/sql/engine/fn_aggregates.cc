#include "sql/engine/functions.h"

namespace tarn::sql::engine {

void add_aggregates(Registry&) {}

}  // namespace tarn::sql::engine

#include "sql/engine/functions.h"

namespace tarn::sql::engine {

void add_dates(Registry&) {}

}  // namespace tarn::sql::engine

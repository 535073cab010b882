#include "sql/engine/functions.h"

namespace tarn::sql::engine {

void add_geometry(Registry&) {}

}  // namespace tarn::sql::engine

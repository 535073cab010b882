#include "sql/engine/functions.h"

namespace tarn::sql::engine {

void add_texts(Registry&) {}

}  // namespace tarn::sql::engine

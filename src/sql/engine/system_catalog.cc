#include "sql/engine/system_catalog.h"

namespace tarn::sql::engine {

std::optional<std::string> system_view_sql(const std::string&, const std::string&, const StatementContext&) {
  return std::nullopt;
}

}  // namespace tarn::sql::engine

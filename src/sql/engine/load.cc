#include "sql/engine/errors.h"
#include "sql/engine/session.h"

namespace tarn::sql::engine {

Result<LoadOutcome> Session::load(const LoadRequest&) {
  return Failure(sql_error("0A000", "COPY is not supported."));
}

}  // namespace tarn::sql::engine

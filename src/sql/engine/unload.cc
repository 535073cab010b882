#include "sql/engine/errors.h"
#include "sql/engine/session.h"

namespace tarn::sql::engine {

Result<Outcome> Session::unload(const UnloadRequest&) {
  return Failure(sql_error("0A000", "UNLOAD is not supported."));
}

}  // namespace tarn::sql::engine

#include "sql/engine/errors.h"
#include "sql/engine/session.h"

namespace tarn::sql::engine {

Result<SelectOutcome> Session::select(SelectRequest, int) {
  return Failure(sql_error("0A000", "S3 Select is not supported."));
}

}  // namespace tarn::sql::engine

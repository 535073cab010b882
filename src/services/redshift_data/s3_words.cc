#include "services/redshift_data/s3_words.h"

#include <fmt/format.h>

#include "sql/sql_error.h"

namespace tarn::redshift_data {

Error s3_worded(const Error& error) {
  if (error.code == "SqlError") return error;
  Error made{400, "SqlError",
             fmt::format("S3ServiceException:{},Status {},Error {},Path {}", error.message, error.status, error.code,
                         sql::error_member(error, "path"))};
  made.members.emplace_back("sqlstate", error.status == 403 ? sql::kInsufficientPrivilege : sql::kInternalError);
  return made;
}

}  // namespace tarn::redshift_data

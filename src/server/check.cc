#include "server/check.h"

#include "services/s3/segments.h"

namespace tarn {

Result<CheckReport> check_data(const std::string& directory) { return check_directory(directory, s3::each_segment); }

}  // namespace tarn

// Verifying a data directory with what the services' records say of it.
#pragma once

#include <string>

#include "base/result.h"
#include "blob/backup.h"

namespace tarn {

// REQUIRES: no server uses the directory. ERRORS: as check_directory().
Result<CheckReport> check_data(const std::string& directory);

}  // namespace tarn

// Deployment packages: what is in a zip, and unpacking it where a sandbox can see it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tarn::lambda {

// How large the files of a zip are. ERRORS: InvalidParameterValueException: it is no zip.
Result<uint64_t> unzipped_size(std::string_view zip);

// Unpacks into a folder that is not there yet; it appears whole or not at all. Names that lead out of it are refused.
// Everybody may read what is in it, as in AWS's environments.
Status unzip(std::string_view zip, const std::string& folder);

}  // namespace tarn::lambda

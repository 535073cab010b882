// Bucket policies: what S3 asks of one beyond what every policy must be, and whether it is public. Pure.
#pragma once

#include <string_view>

#include "base/result.h"

namespace tarn::s3 {

// ERRORS: MalformedPolicy, PolicyTooLarge (400), in S3's words.
Status check_bucket_policy(std::string_view document, std::string_view bucket);

// Whether it grants anything to everyone. AWS: S3 User Guide, "Blocking public access", "The meaning of public".
// REQUIRES: check_bucket_policy().
bool is_public_policy(std::string_view document);

}  // namespace tarn::s3

// The policy of a form that uploads: what its signer lets whoever has the form do. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace tarn::s3 {

// Names in lower case; without the file.
using FormValues = std::map<std::string, std::string>;

// AWS: Amazon S3 API Reference, "POST policy". `values` has "bucket" beside the form's fields.
// ERRORS: AccessDenied (403), EntityTooSmall, EntityTooLarge, InvalidPolicyDocument (400), in S3's words.
Status check_form_policy(std::string_view policy, const FormValues& values, uint64_t file_size, Time now);

}  // namespace tarn::s3

// Errors of S3 as Spectrum, COPY and UNLOAD word them.
#pragma once

#include <utility>

#include "base/result.h"

namespace tarn::redshift_data {

// AWS: such errors name the S3 error that was met. The denial's own sentence says what is missing.
Error s3_worded(const Error& error);

template <class T>
Result<T> in_s3_words(Result<T> result) {
  if (result) return result;
  return Failure(s3_worded(result.error()));
}

}  // namespace tarn::redshift_data

// Every piece of bytes that S3's records hold: what `tarn check` counts references against.
#pragma once

#include <functional>

#include "base/result.h"
#include "blob/blobs.h"

namespace tarn::s3 {

// Of all objects and all parts of unfinished uploads, of every account.
Status each_segment(Transaction& tx, const std::function<void(const Segment&)>& found);

}  // namespace tarn::s3

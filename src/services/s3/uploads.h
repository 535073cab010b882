// What the handlers of multipart uploads share with those of buckets and copies.
#pragma once

#include <string>

#include "base/result.h"
#include "door/call.h"
#include "services/s3/access.h"
#include "services/s3/records.h"
#include "services/s3/s3.h"

namespace tarn::s3 {

// Whoever adds a part locks the upload shared; whoever ends it, exclusively. ERRORS: NoSuchUpload.
Result<UploadRecord> find_upload(Call& call, const FoundBucket& bucket, const std::string& key, const std::string& id,
                                 Lock lock);

// Puts a part in place of the one of that number, whose bytes it releases.
// REQUIRES: its segments are adopted or retained. ERRORS: InvalidArgument: the number is not of 1 to 10,000.
Status place_part(S3& s3, Call& call, const std::string& upload_id, int32_t number, const PartRecord& part);

// Erases an upload with its parts and releases their bytes.
Status discard_upload(S3& s3, Call& call, const UploadKey& key);

}  // namespace tarn::s3

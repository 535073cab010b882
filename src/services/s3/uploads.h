// What the handlers of multipart uploads share with those of buckets and copies.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "door/call.h"
#include "services/s3/access.h"
#include "services/s3/records.h"
#include "services/s3/s3.h"

namespace tarn::s3 {

// Ids sort by when they were made, as ListMultipartUploads wants the uploads of one key; `order` is one of the store's ids,
// as versions of objects have.
std::string new_upload_id(uint64_t order);
uint64_t order_of_upload(std::string_view id);

// Whoever adds a part locks the upload shared; whoever ends it, exclusively. ERRORS: NoSuchUpload.
Result<UploadRecord> find_upload(Call& call, const FoundBucket& bucket, const std::string& key, const std::string& id,
                                 Lock lock);

// Puts a part in place of the one of that number, whose bytes it releases.
// REQUIRES: its segments are adopted or retained. ERRORS: InvalidArgument: the number is not of 1 to 10,000.
Status place_part(S3& s3, Call& call, const std::string& upload_id, int32_t number, const PartRecord& part);

// Erases an upload with its parts and releases their bytes.
Status discard_upload(S3& s3, Call& call, const UploadKey& key);

}  // namespace tarn::s3

// SelectObjectContent: SQL over one object, by the engine.
#include "gen/s3/handlers.h"
#include "services/s3/access.h"
#include "services/s3/errors.h"
#include "services/s3/s3.h"

namespace tarn::s3 {

Result<std::vector<Need>> select_object_content_rights(S3&, Call& call, const SelectObjectContentRequest& in) {
  return rights_to_read(call, TRY(find_bucket(call, in)), *in.key, "s3:GetObject");
}

Result<WithEvents<SelectObjectContentOutput>> select_object_content(S3&, Call&, const SelectObjectContentRequest&) {
  return not_implemented("SelectObjectContent");
}

}  // namespace tarn::s3

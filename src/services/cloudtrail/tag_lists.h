// Tags as CloudTrail's lists of pairs.
#pragma once

#include "base/result.h"
#include "door/tags.h"
#include "gen/cloudtrail/handlers.h"

namespace tarn::cloudtrail {

// ERRORS: TagsLimitExceededException.
Result<tarn::Tags> tags_of_list(const wire::List<Tag>& list, tarn::Tags old = {});

}  // namespace tarn::cloudtrail
